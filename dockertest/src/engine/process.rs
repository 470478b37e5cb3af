//! A process from start to end: both outputs read as they come, a limit, a wish to stop. Waits by `poll`, without
//! ticks.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{self, Child, ChildStdin, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::engine::command::Stopped;
use crate::engine::completed::Completed;
use crate::host::{CancelLevel, CancelToken};

/// How much of each output is kept.
const KEPT_BYTES: usize = 16 << 20;

/// How long outputs are still read after the process itself has ended, when a child of it keeps them open.
const DRAIN: Duration = Duration::from_millis(100);

/// Runs a program to its end.
pub(super) fn run(
    words: &[String],
    stdin: &[u8],
    limit: Duration,
    cancel: Option<&CancelToken>,
) -> Result<Completed, Stopped> {
    let start = Instant::now();
    let program = words.first().cloned().unwrap_or_default();
    let mut command = process::Command::new(&program);
    command.args(words.iter().skip(1)).process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.stdin(if stdin.is_empty() { Stdio::null() } else { Stdio::piped() });
    let child = command.spawn().map_err(|error| Stopped::NotStarted(program, error))?;
    let mut running = Running::new(child, stdin, start).map_err(Stopped::Lost)?;
    let deadline = Some(limit).filter(|limit| !limit.is_zero()).and_then(|limit| start.checked_add(limit));
    running.until_end(deadline, cancel)
}

/// A process and what it has printed. Dropping it kills the whole process group.
struct Running<'a> {
    child: Child,
    pidfd: rustix::fd::OwnedFd,
    stdin: Option<(ChildStdin, &'a [u8])>,
    outputs: [Reader; 2],
    start: Instant,
}

impl<'a> Running<'a> {
    fn new(mut child: Child, stdin: &'a [u8], start: Instant) -> io::Result<Self> {
        let pid = rustix::process::Pid::from_child(&child);
        let pidfd = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())?;
        let stdout = Reader::new(child.stdout.take())?;
        let stderr = Reader::new(child.stderr.take())?;
        let pipe = child.stdin.take();
        if let Some(pipe) = &pipe {
            set_nonblocking(pipe.as_fd())?;
        }
        Ok(Running { child, pidfd, stdin: pipe.map(|pipe| (pipe, stdin)), outputs: [stdout, stderr], start })
    }

    fn until_end(&mut self, deadline: Option<Instant>, cancel: Option<&CancelToken>) -> Result<Completed, Stopped> {
        loop {
            if let Some(reason) = cancel.and_then(CancelToken::reason) {
                return Err(Stopped::Cancelled(reason));
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                self.kill_all();
                let status = self.child.wait().unwrap_or(ExitStatus::from_raw(libc_sigkill()));
                return Err(Stopped::TimedOut(Box::new(self.completed(status))));
            }
            self.wait(left, cancel).map_err(Stopped::Lost)?;
            self.serve().map_err(Stopped::Lost)?;
            if let Some(status) = self.child.try_wait().map_err(Stopped::Lost)? {
                self.drain().map_err(Stopped::Lost)?;
                return Ok(self.completed(status));
            }
        }
    }

    /// Waits until something can be read or written, the process ends, or somebody wants to stop.
    fn wait(&self, left: Option<Duration>, cancel: Option<&CancelToken>) -> io::Result<()> {
        let mut waiting = vec![PollFd::new(self.pidfd.as_fd(), PollFlags::POLLIN)];
        let open = self.outputs.iter().filter_map(|output| output.pipe.as_ref());
        waiting.extend(open.map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)));
        waiting.extend(self.stdin.as_ref().map(|(pipe, _)| PollFd::new(pipe.as_fd(), PollFlags::POLLOUT)));
        let wish = cancel.and_then(|cancel| cancel.above(CancelLevel::None));
        waiting.extend(wish.map(|wish| PollFd::new(wish, PollFlags::POLLIN)));
        poll_some(&mut waiting, left)
    }

    /// Reads and writes what can be without waiting.
    fn serve(&mut self) -> io::Result<()> {
        for output in &mut self.outputs {
            output.read_available()?;
        }
        let Some((pipe, rest)) = &mut self.stdin else { return Ok(()) };
        match pipe.write(rest) {
            Ok(written) => *rest = &rest[written..],
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return Ok(()),
            // The process does not want to read the rest.
            Err(_) => *rest = &[],
        }
        if rest.is_empty() {
            self.stdin = None;
        }
        Ok(())
    }

    /// Reads what is left after the end of the process. A grandchild that keeps the pipe open is not waited for.
    fn drain(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + DRAIN;
        loop {
            for output in &mut self.outputs {
                output.read_available()?;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let open = self.outputs.iter().filter_map(|output| output.pipe.as_ref());
            let mut waiting: Vec<PollFd<'_>> = open.map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)).collect();
            if waiting.is_empty() || left.is_zero() {
                return Ok(());
            }
            poll_some(&mut waiting, Some(left))?;
        }
    }

    fn completed(&mut self, status: ExitStatus) -> Completed {
        let [stdout, stderr] = &mut self.outputs;
        Completed {
            command: String::new(),
            status,
            stdout: std::mem::take(&mut stdout.kept),
            stderr: std::mem::take(&mut stderr.kept),
            dropped_bytes: stdout.dropped + stderr.dropped,
            duration: self.start.elapsed(),
        }
    }

    fn kill_all(&self) {
        // Nobody is left to be killed when this fails.
        let _ = i32::try_from(self.child.id()).map(|group| killpg(Pid::from_raw(group), Signal::SIGKILL));
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.kill_all();
        // The process has been killed, so this does not wait; it only removes the zombie.
        let _ = self.child.wait();
    }
}

/// The wait status of a process that was killed.
const fn libc_sigkill() -> i32 {
    Signal::SIGKILL as i32
}

/// The reading end of an output.
struct Reader {
    pipe: Option<Box<dyn ReadFd>>,
    kept: Vec<u8>,
    dropped: u64,
}

trait ReadFd: Read + AsFd {}
impl<T: Read + AsFd> ReadFd for T {}

impl Reader {
    fn new(pipe: Option<impl ReadFd + 'static>) -> io::Result<Self> {
        if let Some(pipe) = &pipe {
            set_nonblocking(pipe.as_fd())?;
        }
        Ok(Reader { pipe: pipe.map(|pipe| Box::new(pipe) as Box<dyn ReadFd>), kept: Vec::new(), dropped: 0 })
    }

    fn read_available(&mut self) -> io::Result<()> {
        let mut buffer = [0; 64 * 1024];
        while let Some(pipe) = &mut self.pipe {
            match pipe.read(&mut buffer) {
                Ok(0) => self.pipe = None,
                Ok(count) => {
                    let kept = count.min(KEPT_BYTES.saturating_sub(self.kept.len()));
                    self.kept.extend_from_slice(&buffer[..kept]);
                    self.dropped += (count - kept) as u64;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn set_nonblocking(pipe: BorrowedFd<'_>) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(pipe, FcntlArg::F_GETFL)?);
    fcntl(pipe, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    debug_assert!(pipe.as_raw_fd() >= 0);
    Ok(())
}

fn poll_some(waiting: &mut [PollFd<'_>], left: Option<Duration>) -> io::Result<()> {
    // Rounded up, so that a limit is over when the wait is.
    let left = left.map(|left| left + Duration::from_micros(999));
    let timeout = left.map_or(PollTimeout::NONE, |left| PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX));
    match poll(waiting, timeout) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
