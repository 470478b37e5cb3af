//! Children that a subtest left running.

use std::process;

use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, waitid};

use crate::host::protocol::HostMessage;
use crate::host::tree::{self, ChildrenOf, ProcessDescription};
use crate::outcome::Level;
use crate::subtest::Voice;
use crate::verdict::Verdict;

/// Kills what is left and makes it known: a step that was `GOOD` and left a process behind is `WARN`.
pub(super) fn kill_and_tell(voice: &Voice, last_word: &mut HostMessage) {
    if !has_children() {
        return;
    }
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
