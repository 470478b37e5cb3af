//! Standard output that waits for its reader only until somebody wants to stop at once.
//!
//! A reader may pause for as long as it likes (a pager, a terminal that was stopped), and the run waits for it. It must
//! not keep the user from stopping the run.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

use dockertest::host::{CancelLevel, CancelToken};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// What a pipe that says it takes more takes without blocking (`PIPE_BUF`).
const PIECE_BYTES: usize = 4096;

/// Standard output, without a buffer.
pub(crate) struct Patient {
    stdout: File,
    cancel: CancelToken,
}

impl Patient {
    pub(crate) fn stdout(cancel: &CancelToken) -> io::Result<Patient> {
        let stdout = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        Ok(Patient { stdout, cancel: cancel.clone() })
    }

    /// Waits until something can be written; false: nobody has read before somebody wanted to stop at once.
    fn takes_more(&self) -> io::Result<bool> {
        let mut sources = vec![PollFd::new(self.stdout.as_fd(), PollFlags::POLLOUT)];
        let now = self.cancel.above(CancelLevel::Graceful);
        sources.extend(now.map(|now| PollFd::new(now, PollFlags::POLLIN)));
        loop {
            match poll(&mut sources, PollTimeout::NONE) {
                // An error of the output counts too: the write will tell it.
                Ok(_) => return Ok(sources[0].any().unwrap_or(true)),
                Err(Errno::EINTR) => {}
                Err(problem) => return Err(problem.into()),
            }
        }
    }
}

impl Write for Patient {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        if !self.takes_more()? {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, "nobody reads it"));
        }
        self.stdout.write(&text[..text.len().min(PIECE_BYTES)])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
