//! Three processes for a program in a capsule: one outside, which was started and is waited for; an escort inside; and the
//! program, which is the escort's child.
//!
//! A process inside whose parent is outside passes to the first process of the *machine* when that parent is killed, and
//! the capsule cannot go before that one has reaped it: some look once in a second, and some never do. So the escort's own
//! parent is inside and ends at once, and the first process of the capsule reaps all that comes after it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::{set_dumpable, set_timerslack};
use nix::sys::signal::{SigSet, Signal, kill, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, dup2_stderr, dup2_stdin, dup2_stdout, getpid, setpgid};

use super::enter::NO_WAY_IN;
use crate::engine::daemon::fork::{Alone, fork};

/// The kernel's own timer slack.
const COMMON_SLACK_NS: u64 = 50_000;

/// How long the first process of a capsule may take to reap an escort (a test may have stopped it), and how often is looked.
/// Measured 0.1 ms.
const REAPED_WITHIN: Duration = Duration::from_millis(100);
const LOOK_AGAIN: Duration = Duration::from_micros(50);

/// What the escort is told when its parent is gone, so that the program never sees it. What comes after it are signals.
const GO: u8 = 0;

/// Runs a program in the process namespace that children of this process are in. `program` becomes it, with the signals that
/// were blocked before; what it gives back is that it could not. In each of the processes, this returns its exit status.
pub(super) fn run(alone: Alone, program: impl FnOnce(SigSet) -> ExitCode) -> Result<ExitCode, String> {
    let before = SigSet::thread_get_mask().map_err(|error| format!("cannot look at signals: {error}"))?;
    SigSet::all().thread_block().map_err(|error| format!("cannot block signals: {error}"))?;
    let (here, inside) = UnixStream::pair().map_err(|error| format!("cannot make a socket: {error}"))?;
    let fork = || fork(alone).map_err(|error| format!("cannot fork: {error}"));
    if let ForkResult::Parent { child } = fork()? {
        drop(inside);
        return wait_outside(child, &here);
    }
    drop(here);
    if let ForkResult::Parent { .. } = fork()? {
        // That leaves the escort to the capsule.
        return Ok(ExitCode::SUCCESS);
    }
    if (&inside).read_exact(&mut [GO]).is_err() {
        // The process outside has been killed.
        return Ok(ExitCode::SUCCESS);
    }
    match fork()? {
        ForkResult::Child => {
            drop(inside);
            Ok(program(before))
        }
        ForkResult::Parent { child } => {
            let mut outside = &inside;
            let end = accompany(child, outside).map_err(|error| format!("cannot watch the program: {error}"))?;
            // Nobody listens any more when the process outside has been killed.
            drop(outside.write_all(&[getpid().as_raw(), end].map(i32::to_ne_bytes).concat()));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Passes signals on to the escort until it tells how the program has ended, and ends like that.
fn wait_outside(parent_of_escort: Pid, mut inside: &UnixStream) -> Result<ExitCode, String> {
    let cannot = |error: Errno| format!("cannot wait for the program: {error}");
    match waitpid(parent_of_escort, None).map_err(cannot)? {
        WaitStatus::Exited(_, 0) => {}
        WaitStatus::Exited(..) => return Ok(ExitCode::from(NO_WAY_IN)),
        _ => return Ok(die_by(Signal::SIGKILL)),
    }
    if inside.write_all(&[GO]).is_err() {
        return Ok(die_by(Signal::SIGKILL));
    }
    let signals = SignalFd::with_flags(&SigSet::all(), SfdFlags::SFD_CLOEXEC).map_err(cannot)?;
    loop {
        let [is_told, is_signalled] = wait_for_one(inside, &signals).map_err(cannot)?;
        if is_signalled && let Ok(Some(news)) = signals.read_signal() {
            pass_on(inside, &news);
        }
        if is_told {
            return Ok(match told(inside) {
                Some(code) if code >= 0 => ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)),
                Some(signal) => die_by(Signal::try_from(-signal).unwrap_or(Signal::SIGKILL)),
                // All in there were killed.
                None => die_by(Signal::SIGKILL),
            });
        }
    }
}

fn pass_on(inside: &UnixStream, news: &nix::libc::signalfd_siginfo) {
    // What the terminal sends, all processes of the group get, also the program.
    let is_of_terminal = news.ssi_code == nix::libc::SI_KERNEL;
    let is_of_child = news.ssi_signo == Signal::SIGCHLD as u32;
    if let Ok(number) = u8::try_from(news.ssi_signo)
        && !is_of_child
        && !is_of_terminal
    {
        let mut inside = inside;
        // It may have ended just now.
        drop(inside.write_all(&[number]));
    }
}

/// How the program has ended. When this returns the escort is gone, so that it is never seen by who comes next, nor taken for
/// what the program left behind.
fn told(mut inside: &UnixStream) -> Option<i32> {
    let [mut escort, mut end] = [[0; size_of::<i32>()]; 2];
    inside.read_exact(&mut escort).and_then(|()| inside.read_exact(&mut end)).ok()?;
    // It closes its end when it ends.
    drop(inside.read_to_end(&mut Vec::new()));
    let escort = format!("/proc/{}", i32::from_ne_bytes(escort));
    let until = Instant::now() + REAPED_WITHIN;
    while Path::new(&escort).exists() && Instant::now() < until {
        // Only its parent, which is not this process, is told when it can be reaped, and nobody when it has been.
        thread::sleep(LOOK_AGAIN);
    }
    Some(i32::from_ne_bytes(end))
}

/// Hands signals to the program until it has ended, and kills it when the process outside is gone. Gives its exit status, or
/// the negative number of the signal that ended it.
fn accompany(program: Pid, outside: &UnixStream) -> io::Result<i32> {
    step_aside()?;
    let signals = SignalFd::with_flags(&SigSet::from_iter([Signal::SIGCHLD]), SfdFlags::SFD_CLOEXEC)?;
    let mut is_alone = false;
    loop {
        match waitpid(program, Some(WaitPidFlag::WNOHANG))? {
            WaitStatus::Exited(_, code) => return Ok(code),
            WaitStatus::Signaled(_, signal, _) => return Ok(-(signal as i32)),
            _ => {}
        }
        let [is_told, is_signalled] = if is_alone { [false, true] } else { wait_for_one(outside, &signals)? };
        if is_told {
            let mut number = [0];
            let mut outside = outside;
            is_alone = outside.read(&mut number).unwrap_or(0) == 0;
            let signal = if is_alone { Ok(Signal::SIGKILL) } else { Signal::try_from(i32::from(number[0])) };
            if let Ok(signal) = signal {
                // It has not been reaped, so its number is its own.
                let _ = kill(program, signal);
            }
        }
        if is_signalled {
            let _ = signals.read_signal();
        }
    }
}

/// The escort keeps no pipe open, gets nothing from the terminal, and is no process of the step: it goes of itself.
fn step_aside() -> io::Result<()> {
    let nothing = File::options().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&nothing)?;
    dup2_stdout(&nothing)?;
    dup2_stderr(&nothing)?;
    setpgid(Pid::from_raw(0), Pid::from_raw(0))?;
    Ok(set_timerslack(COMMON_SLACK_NS)?)
}

/// Waits until something can be read of one or the other.
fn wait_for_one(socket: &UnixStream, signals: &SignalFd) -> nix::Result<[bool; 2]> {
    let mut both = [PollFd::new(socket.as_fd(), PollFlags::POLLIN), PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
    match poll(&mut both, PollTimeout::NONE) {
        Ok(_) | Err(Errno::EINTR) => Ok(both.each_ref().map(|one| one.any().unwrap_or_default())),
        Err(error) => Err(error),
    }
}

/// Ends by the same signal, without a second core dump.
fn die_by(signal: Signal) -> ExitCode {
    let _ = set_dumpable(false);
    // It is pending, as all are blocked, and strikes when it is let through.
    let _ = raise(signal);
    let _ = SigSet::from_iter([signal]).thread_unblock();
    let number = u8::try_from(signal as i32).unwrap_or_default();
    ExitCode::from(128_u8.saturating_add(number))
}
