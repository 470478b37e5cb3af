//! The process that makes the first process of the namespaces, and outlives it: it takes everything down when whoever
//! wanted it is gone, and removes what the end of the namespaces does not.
//!
//! Its standard input is the socket by which orders come to the first process. It looks only whether that is closed at
//! the other end, so it does not matter how the other end dies: by returning, by a signal, by SIGKILL. It does not
//! depend on the first process to notice, which a test may have stopped.

// Standard error is the engine's log.
#![expect(clippy::print_stderr)]

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::ExitCode;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::SigSet;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid};
use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::folder::Folder;
use super::fork::{Alone, fork};
use super::hierarchies::{self, Hierarchy};
use super::inside;
use super::plan::{DIALECT, Plan, Spoken};
use crate::claim;

/// The word by which a program is started to make the namespaces of an engine, and to be their first process.
pub const FIRST_PROCESS: &str = "engine-first-process";

/// What the log says of a plan that was not understood.
pub(super) const NO_PLAN: &str = "what was told is no plan";

/// Exit status: the engine could not be started, or ended of itself.
pub(super) const FAILED: u8 = 1;
/// Exit status: not called as it must be.
const USAGE: u8 = 2;

/// How long between two looks whether something is frozen that has to die, in milliseconds.
const LOOK_AGAIN: u16 = 20;

/// Makes the namespaces of an engine and runs it until standard input is closed. `arguments` are what comes after the
/// word [`FIRST_PROCESS`] on the command line.
///
/// A host that is made with [`host::serve::main`](crate::host::serve::main) has this part already. Any other program
/// calls it before it has started a thread, like this:
///
/// ```no_run
/// use dockertest::engine::daemon;
///
/// fn main() -> std::process::ExitCode {
///     let mut arguments = std::env::args_os().skip(1);
///     if arguments.next().is_some_and(|word| word == daemon::FIRST_PROCESS) {
///         return daemon::first_process(arguments);
///     }
///     // What the program does otherwise.
///     std::process::ExitCode::SUCCESS
/// }
/// ```
pub fn first_process(arguments: impl Iterator<Item = std::ffi::OsString>) -> ExitCode {
    let arguments: Vec<_> = arguments.collect();
    let [folder] = arguments.as_slice() else {
        eprintln!("`{FIRST_PROCESS}` is for this program's own use");
        return ExitCode::from(USAGE);
    };
    let folder = Folder::existing(Path::new(folder));
    let held = folder.lock().map_err(|error| format!("cannot lock {}: {error}", folder.path().display()));
    match held.and_then(|lock| keep(&folder, lock)) {
        Ok(status) => status,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(FAILED)
        }
    }
}

/// In the child, this returns when the engine has ended; in the parent, when nothing is left.
///
/// Both hold the lock until their end: a folder that nobody has locked is a left-over.
fn keep(folder: &Folder, mut lock: Vec<File>) -> Result<ExitCode, String> {
    let orders = io::stdin().as_fd().try_clone_to_owned().map_err(|error| format!("cannot be told: {error}"))?;
    let plan = read_plan(&orders)?;
    // What lies below the data of the engine has to stay, too. Whoever planned it holds it until all is up.
    let template = plan.room.as_ref().and_then(|room| room.template.as_ref()?.in_use.as_deref());
    lock.extend(template.and_then(claim::share));
    match split(folder, &plan) {
        Ok((ForkResult::Child, hierarchies)) => {
            let status = inside::run(folder, &plan, &hierarchies, orders);
            drop(lock);
            Ok(status)
        }
        Ok((ForkResult::Parent { child }, _)) => {
            let status = watch(folder, child, (!plan.stays).then_some(&orders)).unwrap_or_else(|problem| {
                // Who waits for it need not wait for the rest.
                eprintln!("{problem}");
                ExitCode::from(FAILED)
            });
            remove(folder);
            Ok(status)
        }
        Err(problem) => {
            remove(folder);
            Err(problem)
        }
    }
}

/// One line, which is all that comes until it has been answered.
fn read_plan(orders: &OwnedFd) -> Result<Plan, String> {
    let cannot = |error: io::Error| format!("cannot be told: {error}");
    let mut socket = orders.try_clone().map(File::from).map_err(cannot)?;
    let line = BufReader::new(&socket).lines().next().unwrap_or_else(|| Ok(String::new())).map_err(cannot)?;
    if let Some(other) = Spoken::other(&line) {
        // The other side says what to do.
        let answer = serde_json::to_string(&Spoken { dialect: Spoken::here() }).unwrap_or_default();
        writeln!(socket, "{answer}").map_err(cannot)?;
        return Err(format!("{NO_PLAN}: it is for another build ({other:?}, not {DIALECT:?})"));
    }
    serde_json::from_str(&line).map_err(|error| format!("{NO_PLAN}: {error}"))
}

/// Makes the process namespace and its first process. The other namespaces are that process's own, so that this one
/// stays in those that it has.
fn split(folder: &Folder, plan: &Plan) -> Result<(ForkResult, Vec<Hierarchy>), String> {
    let mut hierarchies = Vec::new();
    if let Some(room) = &plan.room {
        hierarchies = hierarchies::all().map_err(|error| format!("cannot look at the cgroups: {error}"))?;
        for hierarchy in &hierarchies {
            hierarchy.make(&folder.name(), room.limits).map_err(|error| format!("cannot make a cgroup: {error}"))?;
        }
    }
    unshare(CloneFlags::CLONE_NEWPID).map_err(|error| format!("cannot make a process namespace: {error}"))?;
    Ok((Alone::look().and_then(fork).map_err(|error| format!("cannot fork: {error}"))?, hierarchies))
}

/// Waits for the end of the first process, and brings it about when nobody is at the other end of the socket, if that
/// matters.
fn watch(folder: &Folder, child: Pid, orders: Option<&OwnedFd>) -> Result<ExitCode, String> {
    let failed = |error: io::Error| format!("cannot watch the first process: {error}");
    let pid =
        rustix::process::Pid::from_raw(child.as_raw()).ok_or_else(|| failed(io::ErrorKind::InvalidData.into()))?;
    // The kernel sends it to the whole group when the process that wanted all this is gone while one of the group, such as
    // an engine that a test has stopped, is stopped. This process is the one that has to clean up then.
    let hang_up = SigSet::from_iter([nix::sys::signal::Signal::SIGHUP]);
    hang_up.thread_block().map_err(|error| failed(error.into()))?;
    let first = pidfd_open(pid, PidfdFlags::empty()).map_err(|error| failed(error.into()))?;
    let mut is_ending = false;
    loop {
        let mut looked_at = vec![PollFd::new(first.as_fd(), PollFlags::POLLIN)];
        // When it is ending, the other end is closed, which would be news again and again.
        looked_at.extend(orders.filter(|_| !is_ending).map(|orders| PollFd::new(orders.as_fd(), PollFlags::empty())));
        let limit = if is_ending { PollTimeout::from(LOOK_AGAIN) } else { PollTimeout::NONE };
        match poll(&mut looked_at, limit) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(failed(error.into())),
        }
        let is_news = |place: usize| looked_at.get(place).and_then(PollFd::any).unwrap_or_default();
        if is_news(0) {
            break;
        }
        if is_ending || is_news(1) {
            is_ending = true;
            // All others of its namespace die with it; but none that is frozen.
            let _ = pidfd_send_signal(&first, Signal::KILL);
            folder.thaw();
        }
    }
    match waitpid(child, None) {
        Ok(WaitStatus::Exited(_, code)) => Ok(ExitCode::from(u8::try_from(code).unwrap_or(FAILED))),
        Ok(_) if is_ending => Ok(ExitCode::SUCCESS),
        Ok(WaitStatus::Signaled(_, signal, _)) => Err(format!("the first process was killed by {signal}")),
        Ok(other) => Err(format!("the first process: {other:?}")),
        Err(error) => Err(failed(error.into())),
    }
}

fn remove(folder: &Folder) {
    for problem in folder.remove() {
        eprintln!("{problem}");
    }
}
