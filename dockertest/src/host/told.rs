//! How much of what a host says is handed on: one that speaks without end must fill neither the journal nor our memory.

use super::conversation::{Fault, Task};
use super::protocol::HostMessage;
use crate::outcome::Level;

/// How many bytes of messages are handed on of each sort, in a step.
pub(super) const MAX_STEP_BYTES: usize = 8 << 20;

/// How many bytes of messages a list may have.
pub(super) const MAX_LIST_BYTES: usize = 64 << 20;

/// What an event takes in a journal besides what its message says.
const EVENT_BYTES: usize = 64;

/// What has been handed on, in bytes.
#[derive(Debug)]
pub(super) struct Told {
    task: Task,
    log: usize,
    phases: usize,
    keyvals: usize,
    subsubtests: usize,
    list: usize,
}

impl Told {
    pub(super) fn new(task: Task) -> Told {
        Told { task, log: 0, phases: 0, keyvals: 0, subsubtests: 0, list: 0 }
    }

    /// Whether a message, whose line has that many bytes, is handed on.
    ///
    /// Logs, phases and keyvals are cut: a subtest with a million iterations is not wrong. What became of sub-subtests is
    /// a result, and so is a list; neither can be cut.
    ///
    /// # Errors
    /// More than can be kept, of what cannot be cut.
    pub(super) fn take(&mut self, message: &HostMessage, bytes: usize) -> Result<bool, Fault> {
        let bytes = bytes.saturating_add(EVENT_BYTES);
        let fits = |sum: &mut usize, limit: usize| {
            // Beyond the limit it stays there, so that what is smaller does not come out of order.
            *sum = sum.saturating_add(bytes);
            *sum <= limit
        };
        if self.task == Task::List {
            return if fits(&mut self.list, MAX_LIST_BYTES) { Ok(true) } else { Err(Fault::EndlessList) };
        }
        match message {
            HostMessage::Log { level: Level::Debug, .. } => Ok(false),
            HostMessage::Log { .. } => Ok(fits(&mut self.log, MAX_STEP_BYTES)),
            HostMessage::Phase { .. } => Ok(fits(&mut self.phases, MAX_STEP_BYTES)),
            HostMessage::Keyvals { .. } => Ok(fits(&mut self.keyvals, MAX_STEP_BYTES)),
            HostMessage::SubsubtestStarted { .. } | HostMessage::SubsubtestEnded { .. } => {
                if fits(&mut self.subsubtests, MAX_STEP_BYTES) { Ok(true) } else { Err(Fault::EndlessSubsubtests) }
            }
            _ => Ok(true),
        }
    }

    /// What is missing, for people.
    pub(super) fn missing(&self) -> Vec<String> {
        let limit = MAX_STEP_BYTES >> 20;
        let mut missing = Vec::new();
        if self.log > MAX_STEP_BYTES {
            missing.push("the log is too long to be kept here; all of it is in the files of its levels".to_owned());
        }
        for (what, bytes) in [("phases", self.phases), ("keyvals", self.keyvals)] {
            if bytes > MAX_STEP_BYTES {
                missing.push(format!("there are too many {what} to be kept: those beyond {limit} MiB are left out"));
            }
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Phase;

    fn phase() -> HostMessage {
        HostMessage::Phase { subsubtest: None, phase: Phase::RunOnce, iteration: None }
    }

    #[test]
    fn even_empty_messages_count() {
        let mut told = Told::new(Task::Run);
        let taken = (0..1_000_000).take_while(|_| told.take(&phase(), 0).unwrap()).count();
        assert_eq!(taken, MAX_STEP_BYTES / EVENT_BYTES);
        assert!(!told.take(&phase(), 0).unwrap());
        // Each sort for itself.
        let log = HostMessage::Log { subsubtest: None, level: Level::Info, text: String::new() };
        assert!(told.take(&log, 9).unwrap());
        let text = "there are too many phases to be kept: those beyond 8 MiB are left out";
        assert_eq!(told.missing(), [text]);
    }

    #[test]
    fn results_are_never_cut() {
        let mut told = Told::new(Task::Run);
        let started = HostMessage::SubsubtestStarted { subsubtest: "one".to_owned() };
        assert!(told.take(&started, 100).unwrap());
        assert_eq!(told.take(&started, MAX_STEP_BYTES), Err(Fault::EndlessSubsubtests));
        let mut told = Told::new(Task::List);
        assert!(told.take(&started, MAX_STEP_BYTES).unwrap());
        assert_eq!(told.take(&started, MAX_LIST_BYTES), Err(Fault::EndlessList));
    }
}
