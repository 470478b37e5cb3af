//! What came of the trials, as a table and as data.

use serde::Serialize;

use super::trial::TrialResult;
use crate::verdict::Verdict;

/// What came of all trials.
///
/// ```
/// use dockertest::faults::FaultReport;
///
/// let report = FaultReport::default();
/// assert!(report.is_right());
/// assert_eq!(report.caught_share(), "0 of 0 faults caught");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct FaultReport {
    /// The trials, in the order in which they were run.
    pub trials: Vec<TrialResult>,
    /// How many faults there are, also those that were not tried because the subtest is not `GOOD` without a fault.
    pub faults: usize,
    /// How many of them were caught.
    pub caught: usize,
    /// How many subtests were not `GOOD` without a fault.
    pub not_good: usize,
}

impl FaultReport {
    /// Adds how a trial ended.
    pub(super) fn add(&mut self, result: TrialResult) {
        match (result.is_right(), result.fault.is_some()) {
            (true, true) => self.caught += 1,
            (false, false) => self.not_good += 1,
            _ => {}
        }
        self.trials.push(result);
    }

    /// Whether every subtest is `GOOD` without a fault, and every fault was caught.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.caught == self.faults && self.not_good == 0
    }

    /// How many faults were caught, in words.
    #[must_use]
    pub fn caught_share(&self) -> String {
        let share = match self.faults {
            0 => String::new(),
            faults => format!(" ({} %)", self.caught * 100 / faults),
        };
        let good = match self.not_good {
            0 => String::new(),
            1 => "; one subtest is not GOOD without a fault".to_owned(),
            some => format!("; {some} subtests are not GOOD without a fault"),
        };
        format!("{} of {} faults caught{share}{good}", self.caught, self.faults)
    }
}

/// The heading of the table. The numbers are the widths of the first two columns.
///
/// ```
/// use dockertest::faults::heading;
/// assert!(heading((10, 10)).starts_with("subtest     fault       verdict   seconds  promise"));
/// ```
#[must_use]
pub fn heading((subtest, fault): (usize, usize)) -> String {
    format!("{:subtest$}  {:fault$}  verdict   seconds  promise that is broken\n", "subtest", "fault")
}

/// A line of the table, and two more with the reason and the results folder if the trial did not end as it should.
///
/// ```
/// use dockertest::faults::{FaultReport, line};
///
/// // docker_cli/kill  sends_nothing  FAIL         1.50  Says that it killed, and sends nothing.
/// fn show(report: &FaultReport) {
///     report.trials.iter().for_each(|trial| print!("{}", line(trial, (15, 13))));
/// }
/// ```
#[must_use]
pub fn line(result: &TrialResult, (subtest, fault): (usize, usize)) -> String {
    let name = result.fault.as_deref().unwrap_or("-");
    let verdict = match (result.is_right(), result.verdict) {
        (true, verdict) => verdict.to_string(),
        (false, Verdict::Good) => "GOOD !".to_owned(),
        (false, verdict) => format!("{verdict} !"),
    };
    let (seconds, promise) = (result.seconds, &result.promise);
    let line = format!("{:subtest$}  {name:fault$}  {verdict:8}  {seconds:7.2}  {promise}", result.subtest.as_str());
    let mut text = format!("{}\n", line.trim_end());
    if !result.is_right() {
        let reason = result.reason.lines().next().unwrap_or_default();
        text.push_str(&format!("    {reason}\n    {}\n", result.results.display()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(fault: Option<&str>, verdict: Verdict) -> TrialResult {
        TrialResult {
            subtest: "docker_cli/kill".parse().unwrap(),
            fault: fault.map(str::to_owned),
            promise: fault.map(|_| "Lies.".to_owned()).unwrap_or_default(),
            verdict,
            reason: "because\nof this".to_owned(),
            seconds: 1.5,
            results: "/r".into(),
        }
    }

    #[test]
    fn only_fail_catches_and_only_good_is_good() {
        let mut report = FaultReport { faults: 3, ..FaultReport::default() };
        report.add(result(None, Verdict::Good));
        report.add(result(Some("a"), Verdict::Fail));
        report.add(result(Some("b"), Verdict::Error));
        assert_eq!(report.caught_share(), "1 of 3 faults caught (33 %)");
        assert!(!report.is_right());
        report.add(result(Some("b"), Verdict::Fail));
        report.add(result(Some("c"), Verdict::Fail));
        assert!(report.is_right());
        report.add(result(None, Verdict::TestNa));
        assert!(!report.is_right());
    }

    #[test]
    fn a_line_says_more_when_it_is_wrong() {
        assert_eq!(line(&result(Some("a"), Verdict::Fail), (15, 1)), "docker_cli/kill  a  FAIL         1.50  Lies.\n");
        assert_eq!(
            line(&result(None, Verdict::TestNa), (15, 1)),
            "docker_cli/kill  -  TEST_NA !     1.50\n    because\n    /r\n"
        );
    }
}
