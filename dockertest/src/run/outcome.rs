//! What came of a run, and the exit status that says so.

use std::path::PathBuf;

use nix::sys::signal::Signal;

use crate::journal::{FILE_NAME, WriteFailure};
use crate::report::StepState;
use crate::verdict::Verdict;

/// Every step ended as `GOOD`, `WARN` or `TEST_NA`.
pub const EXIT_PASSED: u8 = 0;
/// Some step ended as `FAIL`, `ERROR` or `ABORT`, or results could not be written.
pub const EXIT_FAILED: u8 = 1;
/// The command line, the configuration or the set-up is wrong. Nothing has run.
pub const EXIT_SETUP: u8 = 2;
/// A step waits for a reboot; `dockertest resume` goes on afterwards.
pub const EXIT_REBOOT: u8 = 5;
/// No instance could be made, or one is left over; all steps that ended have passed. `dockertest resume` goes on.
pub const EXIT_ENVIRONMENT: u8 = 6;
/// Interrupted by SIGINT; `dockertest resume` goes on.
pub const EXIT_INTERRUPTED: u8 = 130;
/// Interrupted by SIGTERM; `dockertest resume` goes on.
pub const EXIT_TERMINATED: u8 = 143;

/// The number of the signal SIGTERM.
const SIGTERM: i32 = Signal::SIGTERM as i32;

/// How many steps ended with each verdict.
///
/// ```
/// use dockertest::run::Counts;
/// use dockertest::verdict::Verdict;
///
/// let mut counts = Counts::default();
/// counts.add(Verdict::Good);
/// counts.add(Verdict::TestNa);
/// assert_eq!((counts.total(), counts.of(Verdict::Good)), (2, 1));
/// assert!(counts.worst().is_passed());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts([u32; Verdict::ALL.len()]);

impl Counts {
    /// Counts a step.
    pub fn add(&mut self, verdict: Verdict) {
        self.0[verdict as usize] += 1;
    }

    /// How many steps ended with this verdict.
    #[must_use]
    pub fn of(&self, verdict: Verdict) -> u32 {
        self.0[verdict as usize]
    }

    /// How many steps ended.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }

    /// The worst verdict of all; `GOOD` when no step has ended.
    #[must_use]
    pub fn worst(&self) -> Verdict {
        let seen = Verdict::ALL.into_iter().rev().find(|verdict| self.of(*verdict) > 0);
        seen.unwrap_or(Verdict::Good)
    }
}

/// Why a run is over, for now or for good.
///
/// ```
/// use dockertest::run::Stop;
///
/// let stop = Stop::Reboot { step: "example".to_owned(), reason: "new kernel".to_owned() };
/// let next = match stop {
///     Stop::Complete => "look at the results",
///     Stop::Reboot { .. } => "reboot, then dockertest resume",
///     _ => "dockertest resume",
/// };
/// assert_eq!(next, "reboot, then dockertest resume");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// Every step has ended.
    Complete,
    /// Somebody interrupted it; it can be resumed.
    Interrupted {
        /// Why, as the canceller said: `SIGINT`.
        reason: String,
        /// The signal that was behind it, if one was.
        signal: Option<i32>,
    },
    /// A step asked for a reboot; after that, the run can be resumed.
    Reboot {
        /// The step's name.
        step: String,
        /// Why, as the step said.
        reason: String,
    },
    /// There is no instance to run steps in; once there can be one, the run can be resumed.
    NoInstance {
        /// Why, as the provider said.
        reason: String,
    },
}

/// What came of a run, as data. All of it is told by the journal as well, and can be made from it again.
///
/// ```
/// use dockertest::run::{EXIT_FAILED, Resumption};
/// use dockertest::verdict::Verdict;
///
/// # let folder = tempfile::tempdir()?;
/// # let results = folder.path();
/// # let example = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example/journal.jsonl");
/// # std::fs::copy(example, results.join("journal.jsonl"))?;
/// let outcome = Resumption::open(results)?.outcome().expect("the run is complete");
/// assert_eq!((outcome.verdict(), outcome.exit_status()), (Verdict::Fail, EXIT_FAILED));
/// for step in &outcome.steps {
///     let ending = step.ending.as_ref().expect("the run is complete");
///     println!("{}: {} after {} s: {}", step.planned.name, ending.verdict, ending.seconds, ending.reason);
///     for child in &step.subsubtests {
///         println!("  {}: {:?}", child.name, child.ending.as_ref().map(|ending| ending.verdict));
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Outcome {
    /// The results folder.
    pub results: PathBuf,
    /// How many steps the plan has.
    pub planned: usize,
    /// How the steps ended that have ended, in this process or before.
    pub counts: Counts,
    /// What is known of each step of the plan and of its sub-subtests, in order.
    pub steps: Vec<StepState>,
    /// Why it is over.
    pub stop: Stop,
    /// The names of instances that are left over.
    pub left: Vec<String>,
    /// A report in the results folder that could not be written. The journal is complete.
    pub report_failure: Option<WriteFailure>,
    /// Why a callback of [`RunnerBuilder::on_event`](super::RunnerBuilder::on_event) has not seen everything.
    pub callback_failure: Option<String>,
}

impl Outcome {
    /// Nothing is known of it yet but its place.
    pub(super) fn of(results: PathBuf) -> Outcome {
        Outcome {
            results,
            planned: 0,
            counts: Counts::default(),
            steps: Vec::new(),
            stop: Stop::Complete,
            left: Vec::new(),
            report_failure: None,
            callback_failure: None,
        }
    }

    /// The journal of the run.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.results.join(FILE_NAME)
    }

    /// The worst verdict of the steps that have ended.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.counts.worst()
    }

    /// The exit status of a program whose run this was: one of the `EXIT_` constants.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match &self.stop {
            Stop::Interrupted { signal: Some(SIGTERM), .. } => EXIT_TERMINATED,
            Stop::Interrupted { .. } => EXIT_INTERRUPTED,
            Stop::Reboot { .. } => EXIT_REBOOT,
            _ if !self.verdict().is_passed() || self.report_failure.is_some() => EXIT_FAILED,
            Stop::NoInstance { .. } => EXIT_ENVIRONMENT,
            Stop::Complete if !self.left.is_empty() => EXIT_ENVIRONMENT,
            Stop::Complete => EXIT_PASSED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_know_the_worst() {
        let mut counts = Counts::default();
        assert_eq!(counts.worst(), Verdict::Good);
        for verdict in [Verdict::Warn, Verdict::Good, Verdict::Warn] {
            counts.add(verdict);
        }
        assert_eq!((counts.worst(), counts.total(), counts.of(Verdict::Warn)), (Verdict::Warn, 3, 2));
    }
}
