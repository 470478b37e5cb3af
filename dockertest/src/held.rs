//! Locks on files that are free as soon as they are given back.
//!
//! The kernel frees such a lock by itself when the last descriptor of the open file is closed. A child that another thread
//! has just forked has that descriptor, too, until it runs its own program: who only closes the file can find it locked.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

/// A file that is locked as long as this lives. Not for locks that a child is meant to share.
#[derive(Debug)]
pub(crate) struct Held(File);

impl Held {
    /// Takes over a file that was locked.
    pub(crate) fn new(locked: File) -> Held {
        Held(locked)
    }

    /// Locks a file that is there; nothing if somebody else has done so.
    pub(crate) fn take(path: &Path) -> io::Result<Option<Held>> {
        // NFS locks for one alone only what is open for writing; where that is only read, it says "bad file descriptor".
        let file = File::options().read(true).write(true).open(path)?;
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

/// Whether somebody has locked the file, which is open for reading. Looking leaves no lock.
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
    use nix::fcntl::{FcntlArg, OFlag, fcntl};

    use super::*;
    use crate::claim;

    #[test]
    fn what_is_given_back_is_free_though_somebody_shares_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        File::create(&path).unwrap();
        let is_locked = || is_locked(File::open(&path).unwrap()).unwrap();
        let held = Held::take(&path).unwrap().unwrap();
        // As a child has it that was forked a moment ago.
        let shared = held.file().try_clone().unwrap();
        assert!(is_locked() && Held::take(&path).unwrap().is_none());
        drop(held);
        assert!(!is_locked());
        let again = Held::take(&path).unwrap();
        assert!(again.is_some() && is_locked());
        drop(shared);
    }

    /// As NFS wants it: who shares a lock can read the file, and who locks it alone can write it.
    #[test]
    fn what_is_locked_is_open_for_reading_and_writing() {
        let folder = tempfile::tempdir().unwrap();
        let is_open_for_both = |file: &File| {
            let flags = fcntl(file, FcntlArg::F_GETFL).unwrap();
            OFlag::from_bits_retain(flags) & OFlag::O_ACCMODE == OFlag::O_RDWR
        };
        let shared = claim::claim(folder.path()).unwrap();
        assert!(is_open_for_both(&shared));
        drop(Held::new(shared));
        assert!(is_open_for_both(claim::abandoned(folder.path()).unwrap().file()));
        assert!(is_open_for_both(Held::take(&folder.path().join(claim::LOCK)).unwrap().unwrap().file()));
    }
}
