//! What came of a run, and the exit status that says so.

use std::path::PathBuf;

use nix::sys::signal::Signal;

use crate::journal::WriteFailure;
use crate::verdict::Verdict;

/// Every step ended as `GOOD`, `WARN` or `TEST_NA`.
pub const EXIT_PASSED: u8 = 0;
/// Some step ended as `FAIL`, `ERROR` or `ABORT`, or results could not be written.
pub const EXIT_FAILED: u8 = 1;
/// The command line, the configuration or the set-up is wrong. Nothing has run.
pub const EXIT_SETUP: u8 = 2;
/// A step waits for a reboot; `dockertest resume` goes on afterwards.
pub const EXIT_REBOOT: u8 = 5;
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
///     Stop::Interrupted { .. } => "dockertest resume",
///     Stop::Reboot { .. } => "reboot, then dockertest resume",
/// };
/// assert_eq!(next, "reboot, then dockertest resume");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

/// What came of a run.
///
/// ```
/// use dockertest::run::{Counts, EXIT_FAILED, Outcome, Stop};
/// use dockertest::verdict::Verdict;
///
/// let mut counts = Counts::default();
/// counts.add(Verdict::Fail);
/// let outcome = Outcome { results: "results".into(), planned: 1, counts, stop: Stop::Complete, report_failure: None };
/// assert_eq!(outcome.verdict(), Verdict::Fail);
/// assert_eq!(outcome.exit_status(), EXIT_FAILED);
/// ```
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The results folder.
    pub results: PathBuf,
    /// How many steps the plan has.
    pub planned: usize,
    /// How the steps ended that have ended, in this process or before.
    pub counts: Counts,
    /// Why it is over.
    pub stop: Stop,
    /// A report in the results folder that could not be written. The journal is complete.
    pub report_failure: Option<WriteFailure>,
}

impl Outcome {
    /// The worst verdict of the steps that have ended.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.counts.worst()
    }

    /// The exit status of a program whose run this was: one of the `EXIT_` constants.
    ///
    /// ```
    /// use dockertest::run::{Counts, EXIT_TERMINATED, Outcome, Stop};
    ///
    /// let stop = Stop::Interrupted { reason: "SIGTERM".to_owned(), signal: Some(15) };
    /// let outcome =
    ///     Outcome { results: "results".into(), planned: 3, counts: Counts::default(), stop, report_failure: None };
    /// assert_eq!(outcome.exit_status(), EXIT_TERMINATED);
    /// ```
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match &self.stop {
            Stop::Interrupted { signal: Some(SIGTERM), .. } => EXIT_TERMINATED,
            Stop::Interrupted { .. } => EXIT_INTERRUPTED,
            Stop::Reboot { .. } => EXIT_REBOOT,
            Stop::Complete if self.verdict().is_passed() && self.report_failure.is_none() => EXIT_PASSED,
            Stop::Complete => EXIT_FAILED,
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
