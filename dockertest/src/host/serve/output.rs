//! The way to the runner, kept for the protocol alone.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use nix::unistd::{dup, dup2_stdout};

use crate::host::protocol::HostMessage;
use crate::subtest::Voice;

/// The way to the runner. Clones share it; each message is written as a whole.
#[derive(Clone)]
pub(super) struct Output(Arc<Mutex<Box<dyn Write + Send>>>);

impl Output {
    /// Over anything that takes bytes.
    pub(super) fn over(to_runner: impl Write + Send + 'static) -> Output {
        Output(Arc::new(Mutex::new(Box::new(to_runner))))
    }

    /// Tells the runner something.
    pub(super) fn say(&self, message: &HostMessage) -> io::Result<()> {
        let mut line = Vec::with_capacity(256);
        write(&mut line, message)?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line)
    }

    /// A voice for the subtest. When the runner is gone there is nobody to tell; the watchdog ends the process then.
    pub(super) fn voice(&self) -> Voice {
        let output = self.clone();
        Voice::new(move |message| drop(output.say(message)))
    }
}

/// Takes standard output away from everybody else in this process: what is printed there from now on goes to standard
/// error, so that a forgotten `println!` does not break the protocol. Children do not inherit it.
pub(in crate::host) fn take_stdout() -> io::Result<File> {
    let to_runner = dup(io::stdout())?;
    nix::fcntl::fcntl(&to_runner, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC))?;
    dup2_stdout(io::stderr())?;
    Ok(File::from(to_runner))
}

/// Writes a message as a line.
pub(super) fn write(line: &mut Vec<u8>, message: &HostMessage) -> io::Result<()> {
    serde_json::to_writer(&mut *line, message)?;
    line.push(b'\n');
    Ok(())
}
