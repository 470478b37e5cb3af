//! Two processes out of one.

#![expect(unsafe_code, reason = "nothing else makes a process that is the first of a namespace and still this program")]

use std::io;

use nix::unistd::{ForkResult, fork as system_fork};

/// Says that this process has one thread only. Whoever has it starts none; what is forked has one, too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Alone(());

impl Alone {
    /// Looks.
    ///
    /// # Errors
    /// When there is another thread, whose locks the child of a fork would find taken for ever.
    pub(crate) fn look() -> io::Result<Alone> {
        match std::fs::read_dir("/proc/self/task")?.count() {
            1 => Ok(Alone(())),
            threads => Err(io::Error::other(format!("a process with {threads} threads does not fork"))),
        }
    }
}

/// Forks.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn fork(_alone: Alone) -> io::Result<ForkResult> {
    // SAFETY: there is no other thread, so the child has all that this process has, in a consistent state.
    Ok(unsafe { system_fork() }?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_process_with_threads_does_not_fork() {
        // Tests run on threads of their own.
        assert!(super::Alone::look().unwrap_err().to_string().contains("does not fork"));
    }
}
