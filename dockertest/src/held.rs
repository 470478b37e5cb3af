//! Locks on files that are free as soon as they are given back.
//!
//! The kernel frees such a lock by itself when the last descriptor of the open file is closed. A child that another thread
//! has just forked has that descriptor, too, until it runs its own program: who only closes the file can find it locked.

use std::fs::{File, TryLockError};
use std::io;

/// A file that is locked as long as this lives. Not for locks that a child is meant to share.
#[derive(Debug)]
pub(crate) struct Held(File);

impl Held {
    /// Takes over a file that was locked.
    pub(crate) fn new(locked: File) -> Held {
        Held(locked)
    }

    /// Locks the file; nothing if somebody else has done so.
    pub(crate) fn take(file: File) -> io::Result<Option<Held>> {
        match file.try_lock() {
            Ok(()) => Ok(Some(Held(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    pub(crate) fn file(&self) -> &File {
        &self.0
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Where that fails, it is free when the file is closed.
        let _ = self.0.unlock();
    }
}

/// Whether somebody has locked the file. Looking leaves no lock.
pub(crate) fn is_locked(file: File) -> io::Result<bool> {
    match file.try_lock_shared() {
        Ok(()) => {
            drop(Held(file));
            Ok(false)
        }
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_free_though_somebody_shares_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let open = || File::create(folder.path().join("lock")).unwrap();
        let held = Held::take(open()).unwrap().unwrap();
        // As a child has it that was forked a moment ago.
        let shared = held.file().try_clone().unwrap();
        assert!(is_locked(open()).unwrap() && Held::take(open()).unwrap().is_none());
        drop(held);
        assert!(!is_locked(open()).unwrap());
        let again = Held::take(open()).unwrap();
        assert!(again.is_some() && is_locked(open()).unwrap());
        drop(shared);
    }
}
