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

/// How often an output is read before something else is looked at: all that a pipe can hold (1 MiB), 64 KiB at a time.
const READS_AT_ONCE: usize = 16;

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
    /// Whether the group has been killed.
    ended: bool,
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
        Ok(Running {
            child,
            pidfd,
            stdin: pipe.map(|pipe| (pipe, stdin)),
            outputs: [stdout, stderr],
            start,
            ended: false,
        })
    }

    fn until_end(&mut self, deadline: Option<Instant>, cancel: Option<&CancelToken>) -> Result<Completed, Stopped> {
        loop {
            if let Some(reason) = cancel.and_then(CancelToken::reason) {
                return Err(Stopped::Cancelled(reason));
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                let status = self.end().unwrap_or(ExitStatus::from_raw(libc_sigkill()));
                return Err(Stopped::TimedOut(Box::new(self.completed(status))));
            }
            self.wait(left, cancel).map_err(Stopped::Lost)?;
            self.serve().map_err(Stopped::Lost)?;
            if self.has_ended() {
                self.drain().map_err(Stopped::Lost)?;
                let status = self.end().map_err(Stopped::Lost)?;
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

    fn has_ended(&self) -> bool {
        poll(&mut [PollFd::new(self.pidfd.as_fd(), PollFlags::POLLIN)], PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
    }

    /// Kills the whole group, then reaps the process: until it is reaped, the group's number is nobody else's.
    fn end(&mut self) -> io::Result<ExitStatus> {
        if !std::mem::replace(&mut self.ended, true) {
            // Nobody is left to be killed when this fails.
            let _ = i32::try_from(self.child.id()).map(|group| killpg(Pid::from_raw(group), Signal::SIGKILL));
        }
        self.child.wait()
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // The process has been killed, so this does not wait; it only removes the zombie.
        let _ = self.end();
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

    /// Reads what is there, but not on and on from somebody who writes as fast as this reads.
    fn read_available(&mut self) -> io::Result<()> {
        let mut buffer = [0; 64 * 1024];
        for _ in 0..READS_AT_ONCE {
            let Some(pipe) = &mut self.pipe else { break };
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

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).into()
    }

    #[test]
    fn somebody_who_writes_on_and_on_is_left_for_a_while() {
        let endless = std::fs::File::open("/dev/zero").unwrap();
        let mut reader = Reader { pipe: Some(Box::new(endless)), kept: Vec::new(), dropped: 0 };
        reader.read_available().unwrap();
        assert_eq!(reader.kept.len(), 1 << 20);
    }

    #[test]
    fn an_endless_output_does_not_hide_the_limit() {
        let began = Instant::now();
        let script = "for n in 1 2 3 4; do cat /dev/zero & done; wait";
        let seen = run(&shell(script), b"", Duration::from_millis(300), None);
        let Err(Stopped::TimedOut(so_far)) = seen else { panic!("{seen:?}") };
        assert!(so_far.stdout.len() <= KEPT_BYTES);
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    }

    #[test]
    fn an_endless_output_of_a_grandchild_does_not_hide_the_end() {
        let began = Instant::now();
        let script = "for n in 1 2 3 4; do cat /dev/zero & done; exit 3";
        let seen = run(&shell(script), b"", Duration::from_secs(60), None).unwrap();
        assert_eq!(seen.status.code(), Some(3));
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    }

    #[test]
    fn a_wish_to_stop_comes_before_what_the_command_says() {
        let cancel = CancelToken::new().unwrap();
        cancel.cancel("enough");
        let seen = run(&shell("exit 1"), b"", Duration::from_secs(60), Some(&cancel));
        assert!(matches!(&seen, Err(Stopped::Cancelled(reason)) if reason == "enough"), "{seen:?}");
    }

    #[test]
    fn what_a_command_left_in_its_group_is_gone() {
        let seen = run(&shell("sleep 1000 >/dev/null 2>&1 & echo $!"), b"", Duration::from_secs(60), None).unwrap();
        let sleeper = seen.stdout_text().trim().parse().unwrap();
        let is_there =
            || std::fs::read_to_string(format!("/proc/{sleeper}/stat")).is_ok_and(|stat| !stat.contains(") Z"));
        let pid: i32 = sleeper;
        if is_there()
            && let Some(pidfd) = rustix::process::Pid::from_raw(pid)
                .and_then(|pid| rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok())
        {
            poll_some(&mut [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)], Some(Duration::from_secs(10))).unwrap();
        }
        assert!(!is_there(), "{pid} is left");
    }
}
