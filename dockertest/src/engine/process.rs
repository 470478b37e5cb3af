//! A process from start to end. A thread of its own reads both outputs as they come, so the process never waits for us;
//! it waits by `poll`, without ticks.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, Child, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::engine::completed::Completed;
use crate::engine::output::Output;
use crate::host::{CancelLevel, CancelToken, kill_group};

/// How often an output is read before something else is looked at: all that a pipe can hold (1 MiB), 64 KiB at a time.
const READS_AT_ONCE: usize = 16;

/// How long outputs are still read after the process itself has ended, when a child of it keeps them open.
const DRAIN: Duration = Duration::from_millis(100);

/// The size of a terminal, in lines and columns.
const TERMINAL_SIZE: (u16, u16) = (24, 80);

/// What is started, and how.
#[derive(Debug)]
pub(super) struct Launch<'a> {
    pub(super) words: &'a [String],
    pub(super) variables: &'a [(String, String)],
    pub(super) stdin: Input,
    pub(super) terminal: bool,
    /// Where an output goes that is too long for the memory.
    pub(super) folder: &'a Path,
    /// What tells the files of this command from those of others.
    pub(super) number: u32,
}

/// What a process gets to read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// Nothing.
    Empty,
    /// This, and then the end.
    Bytes(Vec<u8>),
    /// What is written later.
    Open,
}

/// Why something did not come to its end.
#[derive(Debug)]
pub(crate) enum Stopped {
    NotStarted(String, io::Error),
    TimedOut,
    Cancelled(String),
    Lost(io::Error),
}

/// A process and what it has printed. Dropping it kills it with all its descendants.
pub(super) struct Process {
    child: Child,
    pidfd: Arc<OwnedFd>,
    stdin: Option<File>,
    captured: Arc<Captured>,
    collector: Option<JoinHandle<()>>,
    start: Instant,
    status: Option<ExitStatus>,
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pid, status) = (self.child.id(), &self.status);
        f.debug_struct("Process").field("pid", &pid).field("status", status).finish_non_exhaustive()
    }
}

impl Process {
    pub(super) fn start(launch: Launch<'_>) -> Result<Process, Stopped> {
        let start = Instant::now();
        let program = launch.words.first().cloned().unwrap_or_default();
        let mut command = process::Command::new(&program);
        command.args(launch.words.iter().skip(1)).envs(launch.variables.iter().map(|(name, value)| (name, value)));
        let (child, terminal) = if launch.terminal {
            let (child, terminal) = in_terminal(command).map_err(|error| Stopped::NotStarted(program, error))?;
            (child, Some(terminal))
        } else {
            command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.stdin(if launch.stdin == Input::Empty { Stdio::null() } else { Stdio::piped() });
            (command.spawn().map_err(|error| Stopped::NotStarted(program, error))?, None)
        };
        Process::collecting(child, terminal, launch, start).map_err(Stopped::Lost)
    }

    fn collecting(
        mut child: Child,
        terminal: Option<OwnedFd>,
        launch: Launch<'_>,
        start: Instant,
    ) -> io::Result<Process> {
        let pid = rustix::process::Pid::from_child(&child);
        let pidfd = Arc::new(rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())?);
        let pipes = match &terminal {
            Some(terminal) => [Some(terminal.try_clone()?), None],
            None => [child.stdout.take().map(OwnedFd::from), child.stderr.take().map(OwnedFd::from)],
        };
        let stdin = terminal.or_else(|| child.stdin.take().map(OwnedFd::from)).map(File::from);
        for pipe in pipes.iter().flatten().map(AsFd::as_fd).chain(stdin.iter().map(AsFd::as_fd)) {
            set_nonblocking(pipe)?;
        }
        let path = |name: &str| launch.folder.join(format!("command-{}-{name}", launch.number));
        let captured = Arc::new(Captured::new([Output::new(path("stdout")), Output::new(path("stderr"))])?);
        let (feed, stdin) = match launch.stdin {
            Input::Bytes(bytes) => (stdin.map(|pipe| Feed { pipe, bytes, written: 0 }), None),
            Input::Empty | Input::Open => (None, stdin),
        };
        let pipes = pipes.map(|pipe| pipe.map(File::from));
        let collector = Collector { pidfd: Arc::clone(&pidfd), pipes, feed, captured: Arc::clone(&captured) };
        let collector = thread::Builder::new().name("outputs".to_owned()).spawn(|| collector.collect())?;
        Ok(Process { child, pidfd, stdin, captured, collector: Some(collector), start, status: None })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How long it has run, up to now or to its end: it may have ended long before anybody asks.
    pub(super) fn duration(&self) -> Duration {
        let end = self.captured.lock().end;
        end.map_or_else(|| self.start.elapsed(), |end| end.saturating_duration_since(self.start))
    }

    pub(super) fn captured(&self) -> &Captured {
        &self.captured
    }

    /// Looks at what was printed each time there is more, until `look` has found something, the process has ended
    /// (nothing then), or it is enough.
    pub(super) fn until<T>(
        &self,
        deadline: Option<Instant>,
        cancel: Option<&CancelToken>,
        mut look: impl FnMut(&Printed) -> io::Result<Option<T>>,
    ) -> Result<Option<T>, Stopped> {
        loop {
            if let Some(reason) = cancel.and_then(CancelToken::reason) {
                return Err(Stopped::Cancelled(reason));
            }
            self.captured.answer_bell();
            {
                let printed = self.captured.lock();
                if let Some(found) = look(&printed).map_err(Stopped::Lost)? {
                    return Ok(Some(found));
                }
                if printed.ended {
                    return Ok(None);
                }
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Err(Stopped::TimedOut);
            }
            let mut waiting = vec![PollFd::new(self.captured.bell.as_fd(), PollFlags::POLLIN)];
            let wish = cancel.and_then(|cancel| cancel.above(CancelLevel::None));
            waiting.extend(wish.map(|wish| PollFd::new(wish, PollFlags::POLLIN)));
            poll_some(&mut waiting, left).map_err(Stopped::Lost)?;
        }
    }

    /// Waits for its end; all that it printed has been read then.
    pub(super) fn until_end(&self, deadline: Option<Instant>, cancel: Option<&CancelToken>) -> Result<(), Stopped> {
        self.until(deadline, cancel, |_| Ok(None::<()>)).map(|_| ())
    }

    pub(super) fn is_running(&self) -> bool {
        self.status.is_none() && !is_readable(self.pidfd.as_fd())
    }

    /// Sends a signal to the process itself. It has not been reaped, so its number is nobody else's.
    pub(super) fn signal(&self, signal: Signal) -> Result<(), Errno> {
        let pid = i32::try_from(self.child.id()).map_err(|_| Errno::ESRCH)?;
        if self.status.is_some() { Err(Errno::ESRCH) } else { kill(Pid::from_raw(pid), signal) }
    }

    /// Gives it something to read; it may take its time until the deadline.
    pub(super) fn write(
        &mut self,
        mut bytes: &[u8],
        deadline: Option<Instant>,
        cancel: Option<&CancelToken>,
    ) -> Result<(), Stopped> {
        while !bytes.is_empty() {
            let Some(stdin) = &mut self.stdin else { return Err(Stopped::Lost(ErrorKind::BrokenPipe.into())) };
            match stdin.write(bytes) {
                Ok(written) => {
                    bytes = &bytes[written..];
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(Stopped::Lost(error)),
                Err(_) => {}
            }
            if let Some(reason) = cancel.and_then(CancelToken::reason) {
                return Err(Stopped::Cancelled(reason));
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Err(Stopped::TimedOut);
            }
            let mut waiting = vec![PollFd::new(stdin.as_fd(), PollFlags::POLLOUT)];
            let wish = cancel.and_then(|cancel| cancel.above(CancelLevel::None));
            waiting.extend(wish.map(|wish| PollFd::new(wish, PollFlags::POLLIN)));
            poll_some(&mut waiting, left).map_err(Stopped::Lost)?;
        }
        Ok(())
    }

    /// Nothing more to read for it.
    pub(super) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Ends it if it has not ended, and tells what it did.
    pub(super) fn finish(&mut self) -> io::Result<Completed> {
        let status = self.end()?;
        let duration = self.duration();
        let mut printed = self.captured.lock();
        let [stdout, stderr] = &mut printed.outputs;
        let files = [&*stdout, &*stderr].into_iter().filter_map(|output| output.file().map(Path::to_owned)).collect();
        Ok(Completed {
            command: String::new(),
            status,
            dropped_bytes: stdout.dropped() + stderr.dropped(),
            files,
            stdout: stdout.take_memory(),
            stderr: stderr.take_memory(),
            duration,
        })
    }

    /// Kills what is left of it and of its group, and reaps it: until then, the group's number is nobody else's.
    /// While the process lives, its descendants can be told by their parents, so those that left the group go too.
    pub(super) fn end(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        let group = i32::try_from(self.child.id()).unwrap_or(0);
        if self.is_running() {
            kill_group(group);
        }
        // Nobody is left to be killed when this fails.
        let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        self.stdin = None;
        if let Some(collector) = self.collector.take() {
            // It ends soon after the process has. It does not panic; if it did, what it had read is still there.
            let _ = collector.join();
        }
        let status = self.child.wait()?;
        self.status = Some(status);
        Ok(status)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Only a process that has just been killed is waited for, so this does not take long.
        let _ = self.end();
    }
}

/// Starts a program in a terminal of its own, which is its controlling one.
fn in_terminal(command: process::Command) -> io::Result<(Child, OwnedFd)> {
    let other = |error: pty_process::Error| match error {
        pty_process::Error::Io(error) => error,
        pty_process::Error::Rustix(error) => error.into(),
    };
    let (terminal, inner) = pty_process::blocking::open().map_err(other)?;
    let (lines, columns) = TERMINAL_SIZE;
    terminal.resize(pty_process::Size::new(lines, columns)).map_err(other)?;
    let child = pty_process::blocking::Command::from(command).spawn(inner).map_err(other)?;
    Ok((child, terminal.into()))
}

/// What a process has printed, and a bell that rings when there is more.
#[derive(Debug)]
pub(super) struct Captured {
    printed: Mutex<Printed>,
    bell: EventFd,
}

/// What a process has printed.
#[derive(Debug)]
pub(super) struct Printed {
    pub(super) outputs: [Output; 2],
    /// When the process ended; a little of what it printed may still be on its way then.
    end: Option<Instant>,
    /// Whether the process has ended and all that it printed is here.
    pub(super) ended: bool,
}

impl Captured {
    fn new(outputs: [Output; 2]) -> io::Result<Self> {
        let bell = EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?;
        Ok(Captured { printed: Mutex::new(Printed { outputs, end: None, ended: false }), bell })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Printed> {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        // It can only fail when it has been rung very often, and then it is heard anyway.
        let _ = self.bell.write(1);
    }

    fn answer_bell(&self) {
        // Nothing to read: it has not been rung.
        let _ = self.bell.read();
    }
}

/// What is left to be written to a process.
struct Feed {
    pipe: File,
    bytes: Vec<u8>,
    written: usize,
}

impl Feed {
    /// Writes what can be without waiting; says whether there is more.
    fn write(&mut self) -> bool {
        match self.pipe.write(&self.bytes[self.written..]) {
            Ok(count) => self.written += count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            // The process does not want to read the rest.
            Err(_) => return false,
        }
        self.written < self.bytes.len()
    }
}

/// Reads a process's outputs until it ends.
struct Collector {
    pidfd: Arc<OwnedFd>,
    pipes: [Option<File>; 2],
    feed: Option<Feed>,
    captured: Arc<Captured>,
}

impl Collector {
    fn collect(mut self) {
        // What goes wrong here shows as an output that ends too early, and the process has an end in any case.
        let done = self.until_end();
        debug_assert!(done.is_ok(), "{done:?}");
        self.captured.lock().ended = true;
        self.captured.ring();
    }

    fn until_end(&mut self) -> io::Result<()> {
        while !is_readable(self.pidfd.as_fd()) {
            let mut waiting = vec![PollFd::new(self.pidfd.as_fd(), PollFlags::POLLIN)];
            let open = self.pipes.iter().flatten();
            waiting.extend(open.map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)));
            waiting.extend(self.feed.as_ref().map(|feed| PollFd::new(feed.pipe.as_fd(), PollFlags::POLLOUT)));
            poll_some(&mut waiting, None)?;
            self.read_available()?;
            if self.feed.as_mut().is_some_and(|feed| !feed.write()) {
                self.feed = None;
            }
        }
        self.captured.lock().end = Some(Instant::now());
        self.drain()
    }

    /// Reads what is left after the end of the process. A grandchild that keeps the pipe open is not waited for.
    fn drain(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + DRAIN;
        loop {
            self.read_available()?;
            let left = deadline.saturating_duration_since(Instant::now());
            let open = self.pipes.iter().flatten();
            let mut waiting: Vec<PollFd<'_>> = open.map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)).collect();
            if waiting.is_empty() || left.is_zero() {
                return Ok(());
            }
            poll_some(&mut waiting, Some(left))?;
        }
    }

    /// Reads what is there, but not on and on from somebody who writes as fast as this reads.
    fn read_available(&mut self) -> io::Result<()> {
        let mut buffer = [0; 64 * 1024];
        let mut is_news = false;
        for (index, place) in self.pipes.iter_mut().enumerate() {
            for _ in 0..READS_AT_ONCE {
                let Some(pipe) = place else { break };
                match pipe.read(&mut buffer) {
                    Ok(0) => *place = None,
                    Ok(count) => {
                        is_news = true;
                        self.captured.lock().outputs[index].push(&buffer[..count]);
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    // So a terminal says that nobody is left on the other side.
                    Err(error) if error.raw_os_error() == Some(Errno::EIO as i32) => *place = None,
                    Err(error) => return Err(error),
                }
            }
        }
        if is_news {
            self.captured.ring();
        }
        Ok(())
    }
}

fn is_readable(fd: BorrowedFd<'_>) -> bool {
    poll(&mut [PollFd::new(fd, PollFlags::POLLIN)], PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
}

fn set_nonblocking(pipe: BorrowedFd<'_>) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(pipe, FcntlArg::F_GETFL)?);
    fcntl(pipe, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
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

#[cfg(test)]
#[path = "process_tests.rs"]
mod tests;
