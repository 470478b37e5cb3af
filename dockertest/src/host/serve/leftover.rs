//! Children that a subtest left running.

use std::fs;
use std::process;

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

/// Whether this process has children, as cheaply as can be: the kernel lists them for each thread. Where it does not,
/// the answer is that it may.
fn has_children() -> bool {
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return true };
    threads.flatten().any(|thread| fs::read(thread.path().join("children")).is_ok_and(|children| !children.is_empty()))
}
