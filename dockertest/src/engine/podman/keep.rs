//! A process that keeps another one for as long as somebody holds its standard input open.

// Standard error is the service's log.
#![expect(clippy::print_stderr)]

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustix::process::{PidfdFlags, pidfd_open};

/// The word by which a host is started to keep another program.
pub const KEEP: &str = "keep";

/// How long the program may take to end after it was asked to.
const PATIENCE: Duration = Duration::from_secs(5);

/// Exit status: not called as it must be.
const USAGE: u8 = 2;
/// Exit status: the program ended of itself, or could not be started.
const FAILED: u8 = 1;

/// Runs a program until standard input is closed, however that came about; then ends the program and removes a folder.
/// `arguments` are what comes after the word [`KEEP`] on the command line: the folder, the program, its arguments.
///
/// A host that is made with [`host::serve::main`](crate::host::serve::main) has this part already.
///
/// ```no_run
/// use dockertest::engine::{KEEP, keep};
///
/// fn main() -> std::process::ExitCode {
///     let mut arguments = std::env::args_os().skip(1);
///     if arguments.next().is_some_and(|word| word == KEEP) {
///         return keep(arguments);
///     }
///     // What the program does otherwise.
///     std::process::ExitCode::SUCCESS
/// }
/// ```
pub fn keep(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<_> = arguments.collect();
    let [folder, program, words @ ..] = arguments.as_slice() else {
        eprintln!("`{KEEP}` is for this program's own use");
        return ExitCode::from(USAGE);
    };
    let started = Command::new(program).args(words).stdin(Stdio::null()).stdout(Stdio::null()).spawn();
    let status = match started {
        Ok(mut child) => {
            let of_itself = watch(&child);
            end(&mut child);
            match of_itself {
                Ok(false) => ExitCode::SUCCESS,
                Ok(true) => ExitCode::from(FAILED),
                Err(error) => {
                    eprintln!("cannot look after `{}`: {error}", program.display());
                    ExitCode::from(FAILED)
                }
            }
        }
        Err(error) => {
            eprintln!("cannot run `{}`: {error}", program.display());
            ExitCode::from(FAILED)
        }
    };
    // It may be gone already.
    let _ = fs::remove_dir_all(Path::new(folder));
    status
}

/// Waits until the program ends or nobody holds standard input any more; says whether it was the first.
fn watch(child: &Child) -> io::Result<bool> {
    let pidfd = pidfd_open(rustix::process::Pid::from_child(child), PidfdFlags::empty())?;
    let stdin = io::stdin();
    loop {
        let mut sources =
            [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN), PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
        match poll(&mut sources, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [ended, spoken] = sources.map(|source| source.any().unwrap_or(false));
        if ended {
            return Ok(true);
        }
        if spoken && stdin.lock().read(&mut [0; 64])? == 0 {
            return Ok(false);
        }
    }
}

/// Asks the program to end, and kills it when it does not.
fn end(child: &mut Child) {
    let Ok(pidfd) = pidfd_open(rustix::process::Pid::from_child(child), PidfdFlags::empty()) else { return };
    if let Ok(pid) = i32::try_from(child.id()) {
        // It may have ended meanwhile; it has not been reaped, so the number is still its own.
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
    }
    let patience = PollTimeout::try_from(PATIENCE).unwrap_or(PollTimeout::MAX);
    while poll(&mut [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)], patience) == Err(Errno::EINTR) {}
    let _ = child.kill();
    let _ = child.wait();
}
