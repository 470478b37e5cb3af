//! Children that a subtest left running.

use std::process;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, waitid};

use crate::host::protocol::HostMessage;
use crate::host::tree::{self, ChildrenOf, ProcessDescription};
use crate::outcome::Level;
use crate::subtest::Voice;
use crate::verdict::Verdict;

/// Programs of podman that end by themselves soon after their container, and what it has to tidy up until then would
/// otherwise stay.
const TIDYING_UP: [&str; 2] = ["conmon", "podman"];

/// How long they may take; measured 0.3 s at most on a machine with much to do.
const TIDYING_LIMIT: Duration = Duration::from_secs(5);

/// Kills what is left and makes it known: a step that was `GOOD` and left a process behind is `WARN`.
pub(super) fn kill_and_tell(voice: &Voice, last_word: &mut HostMessage) {
    if !has_children() {
        return;
    }
    await_tidying();
    let killed = kill();
    if killed.is_empty() {
        return;
    }
    let text = format!("left running, and killed: {}", tree::list_for_people(&killed));
    voice.say(&HostMessage::Log { subsubtest: None, level: Level::Warning, text: text.clone() });
    if let HostMessage::Ended(ending) = last_word
        && ending.verdict == Verdict::Good
    {
        ending.verdict = Verdict::Warn;
        ending.reason = text;
    }
}

/// Waits until podman's programs have ended, as long as nothing else is left.
fn await_tidying() {
    let deadline = Instant::now() + TIDYING_LIMIT;
    loop {
        let children = tree::children(i32::try_from(process::id()).unwrap_or(0));
        let tidies_up = |child: &tree::Process| TIDYING_UP.contains(&child.name().as_str());
        let left = deadline.saturating_duration_since(Instant::now());
        if children.is_empty() || left.is_zero() || !children.iter().all(tidies_up) {
            return;
        }
        // One of them may leave another one behind, so all are looked at again.
        children[0].await_end(left);
    }
}

/// Kills all children of this process, with their children.
pub(super) fn kill() -> Vec<ProcessDescription> {
    let us = ChildrenOf(i32::try_from(process::id()).unwrap_or(0));
    tree::kill(&us).into_iter().map(|(_, description)| description).collect()
}

/// Whether this process has children, as cheaply as can be. If it cannot be known, the answer is that it may.
///
/// The kernel would also list them in `/proc`, but a process that has looked at its own threads there takes long to be
/// reaped: its last thread tidies up the directory while the runner, woken by the end of the process, wants to do the
/// same and spins in the kernel until it has, for milliseconds when the processor is busy.
fn has_children() -> bool {
    let any_look_only = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT | WaitPidFlag::__WALL;
    waitid(Id::All, any_look_only) != Err(Errno::ECHILD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_seen_as_long_as_it_has_not_been_waited_for() {
        // Other tests of this process have children, so only the positive half can be told here.
        let mut child = process::Command::new("true").spawn().unwrap();
        assert!(has_children());
        child.wait().unwrap();
    }
}
