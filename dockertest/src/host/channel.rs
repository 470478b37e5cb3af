//! A host process with its pipes and its process descriptor: starting it, writing and reading without waiting.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustix::process::{PidfdFlags, pidfd_open};

use super::mark::Mark;

/// How long processes may take to be gone that their host has killed, and how often is looked.
const DYING: Duration = Duration::from_millis(200);
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// A running host.
#[derive(Debug)]
pub(super) struct Channel {
    child: Child,
    /// The process's id, which is also its group's.
    pub(super) group: i32,
    pub(super) mark: Mark,
    pub(super) pidfd: OwnedFd,
    /// Nothing when it is closed, at either end.
    pub(super) stdin: Option<ChildStdin>,
    pub(super) stdout: Option<ChildStdout>,
    pub(super) stderr: Option<ChildStderr>,
    outbox: Vec<u8>,
    written: usize,
}

/// What came of an attempt to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Got {
    Bytes(usize),
    /// Nothing is there now.
    Nothing,
    /// Nothing will come any more.
    End,
}

impl Channel {
    /// Starts a host in a process group of its own.
    ///
    /// `Command` starts it by `posix_spawn` as long as there is no `pre_exec`, which is what makes it cheap.
    pub(super) fn spawn(command: &mut Command, mark: Mark) -> io::Result<Channel> {
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = mark.carried(|| command.spawn())?;
        let group = i32::try_from(child.id()).map_err(io::Error::other)?;
        let mut child = Unwatched(Some(child));
        let pid = rustix::process::Pid::from_raw(group).ok_or(ErrorKind::InvalidData)?;
        let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
        let child = child.release()?;
        Channel { child, group, mark, pidfd, stdin: None, stdout: None, stderr: None, outbox: Vec::new(), written: 0 }
            .with_pipes()
    }

    fn with_pipes(mut self) -> io::Result<Channel> {
        self.stdin = self.child.stdin.take();
        self.stdout = self.child.stdout.take();
        self.stderr = self.child.stderr.take();
        set_nonblocking(self.stdin.as_ref())?;
        set_nonblocking(self.stdout.as_ref())?;
        set_nonblocking(self.stderr.as_ref())?;
        Ok(self)
    }

    /// Queues bytes for the host's standard input.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.outbox.extend_from_slice(bytes);
    }

    /// Whether bytes wait to be written, and can be.
    pub(super) fn wants_to_write(&self) -> bool {
        self.stdin.is_some() && self.written < self.outbox.len()
    }

    /// Writes as much as the pipe takes now. A host that closed its standard input is not written to any more.
    pub(super) fn write(&mut self) {
        while let Some(stdin) = self.stdin.as_mut()
            && self.written < self.outbox.len()
        {
            match stdin.write(&self.outbox[self.written..]) {
                Ok(bytes) => self.written += bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => self.stdin = None,
            }
        }
        self.outbox.clear();
        self.written = 0;
    }

    /// Reads once from standard output.
    pub(super) fn read_stdout(&mut self, buffer: &mut [u8]) -> Got {
        read(&mut self.stdout, buffer)
    }

    /// Reads once from standard error.
    pub(super) fn read_stderr(&mut self, buffer: &mut [u8]) -> Got {
        read(&mut self.stderr, buffer)
    }

    fn group_lives(&self) -> bool {
        // Not being allowed to signal a process also means that there is one.
        kill(Pid::from_raw(-self.group), None) != Err(Errno::ESRCH)
    }

    /// Waits until its group is empty, for a moment at most: what the host has killed before it exited may still be
    /// dying, and nothing tells when it is gone. Says whether somebody is left. Ask when the host itself has been reaped.
    pub(super) fn group_stays(&self) -> bool {
        let until = Instant::now() + DYING;
        while self.group_lives() {
            if Instant::now() >= until {
                return true;
            }
            // Its processes are not our children, and the kernel tells of the end of a group nobody.
            thread::sleep(LOOK_AGAIN);
        }
        false
    }

    /// Reaps the host if it has ended.
    pub(super) fn try_reap(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Kills the host alone and reaps it: for one that has not been given anything to do.
    pub(super) fn kill_and_reap(&mut self) {
        kill_and_reap(&mut self.child);
    }
}

/// A child that is killed if nobody takes it over.
struct Unwatched(Option<Child>);

impl Unwatched {
    fn release(&mut self) -> io::Result<Child> {
        self.0.take().ok_or_else(|| ErrorKind::NotFound.into())
    }
}

impl Drop for Unwatched {
    fn drop(&mut self) {
        if let Some(child) = self.0.as_mut() {
            kill_and_reap(child);
        }
    }
}

fn kill_and_reap(child: &mut Child) {
    if child.kill().is_ok() && child.wait().is_err() {
        // Only if somebody else reaped it, and then it is gone as well.
    }
}

fn set_nonblocking(pipe: Option<&impl AsFd>) -> io::Result<()> {
    if let Some(pipe) = pipe {
        fcntl(pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    }
    Ok(())
}

fn read(pipe: &mut Option<impl Read>, buffer: &mut [u8]) -> Got {
    let Some(source) = pipe else { return Got::End };
    loop {
        return match source.read(buffer) {
            Ok(0) => {
                *pipe = None;
                Got::End
            }
            Ok(bytes) => Got::Bytes(bytes),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => Got::Nothing,
            Err(_) => {
                *pipe = None;
                Got::End
            }
        };
    }
}

/// Signals by number, as a person writes them.
pub(super) fn signal_name(number: i32) -> String {
    Signal::try_from(number).map_or_else(|_| format!("signal {number}"), |signal| format!("{signal}"))
}
