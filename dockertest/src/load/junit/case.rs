//! A case of a report, and what its elements mean.

use jiff::tz::TimeZone;

use super::xml::Element;
use crate::load::test::{Line, shortened};
use crate::load::times::{seconds, time_us};
use crate::outcome::{Ending, Level};
use crate::verdict::Verdict;

/// A `testcase`.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) class: String,
    pub(super) name: String,
    /// How long it took, in seconds; nothing where that is not told.
    pub(super) seconds: Option<f64>,
    pub(super) started_us: Option<i64>,
    pub(super) properties: Vec<(String, String)>,
    /// What is odd about it.
    pub(super) note: Option<String>,
    outcomes: Vec<Outcome>,
    outputs: Vec<(String, String)>,
    /// Whether an attribute says that it was not run.
    is_off: bool,
}

/// An element that says how a case ended.
#[derive(Debug)]
struct Outcome {
    means: Means,
    kind: String,
    said: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Means {
    Failure,
    Error,
    Skipped,
    /// An attempt that failed before one that passed.
    Flaky,
    /// An attempt that failed, after the first one, of a case that failed.
    Again,
}

impl Case {
    pub(super) fn new(element: &Element, zone: &TimeZone) -> Case {
        let get = |name: &str| element.get(name).unwrap_or_default();
        let time = element.get("time").filter(|time| !time.trim().is_empty());
        let seconds = time.and_then(seconds);
        let note = time.filter(|_| seconds.is_none()).map(|time| format!("`{}` is no duration", time.escape_debug()));
        let is_off = matches!(get("status"), "notrun" | "disabled" | "skipped") || get("result") == "suppressed";
        Case {
            class: get("classname").to_owned(),
            name: get("name").to_owned(),
            seconds,
            started_us: element.get("timestamp").and_then(|time| time_us(time, zone)),
            properties: Vec::new(),
            note,
            outcomes: Vec::new(),
            outputs: Vec::new(),
            is_off,
        }
    }

    /// Takes in an element of the case. What says nothing that is known here is passed over.
    pub(super) fn take(&mut self, element: &Element, text: String) {
        let means = match element.name.as_str() {
            "failure" => Means::Failure,
            "error" => Means::Error,
            "skipped" | "disabled" => Means::Skipped,
            "flakyFailure" | "flakyError" => Means::Flaky,
            "rerunFailure" | "rerunError" => Means::Again,
            "system-out" | "system-err" => return self.outputs.push((element.name.clone(), text)),
            _ => return,
        };
        let kind = element.get("type").unwrap_or_default().to_owned();
        let said = said(element.get("message").unwrap_or_default(), &text, &kind);
        self.outcomes.push(Outcome { means, kind, said });
    }

    /// How it ended, by the worst that is said of it.
    pub(super) fn ending(&self) -> Ending {
        let failed = |means: Means| matches!(means, Means::Failure | Means::Error);
        let mut ending = if self.outcomes.iter().any(|outcome| failed(outcome.means)) {
            let worst = self.outcomes.iter().filter_map(Outcome::failure).max().unwrap_or(Verdict::Fail);
            Ending::new(worst, self.reasons(failed))
        } else if let Some(skipped) = self.outcomes.iter().find(|outcome| outcome.means == Means::Skipped) {
            skipped.skipped()
        } else if self.count(Means::Flaky) > 0 {
            let (failed, said) = (self.count(Means::Flaky), self.reasons(|means| means == Means::Flaky));
            let attempts =
                if failed == 1 { "a failed attempt".to_owned() } else { format!("{failed} failed attempts") };
            Ending::new(Verdict::Warn, format!("flaky: passed after {attempts}\n{said}").trim_end())
        } else if self.is_off {
            Ending::new(Verdict::TestNa, "not run")
        } else {
            Ending::new(Verdict::Good, "")
        };
        ending.seconds = self.seconds.unwrap_or(0.0);
        ending
    }

    /// What it has written, and what is known of attempts that failed again.
    pub(super) fn output(&self) -> Vec<Line> {
        let outputs = self.outputs.iter().filter_map(|(name, text)| Line::output(name, text));
        let again = self.outcomes.iter().filter(|outcome| outcome.means == Means::Again);
        let again = again.filter_map(|outcome| Line::output("run again, and failed", &outcome.said));
        outputs.chain(again.map(|line| Line { level: Level::Warning, ..line })).collect()
    }

    /// What it has logged, if it is one of ours.
    pub(super) fn log(&self) -> Vec<Line> {
        let outputs = self.outputs.iter().filter(|(name, _)| name == "system-out");
        outputs.flat_map(|(_, text)| Line::of_log(&shortened(text))).collect()
    }

    fn count(&self, means: Means) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.means == means).count()
    }

    fn reasons(&self, of: impl Fn(Means) -> bool) -> String {
        let said: Vec<&str> =
            self.outcomes.iter().filter(|outcome| of(outcome.means)).map(|outcome| outcome.said.as_str()).collect();
        shortened(&said.join("\n"))
    }
}

impl Outcome {
    fn failure(&self) -> Option<Verdict> {
        match self.means {
            Means::Error if self.kind == Verdict::Abort.as_str() => Some(Verdict::Abort),
            Means::Error => Some(Verdict::Error),
            Means::Failure => Some(Verdict::Fail),
            Means::Skipped | Means::Flaky | Means::Again => None,
        }
    }

    /// pytest tells a failure that was expected as one that was skipped, and says so.
    fn skipped(&self) -> Ending {
        let said = self.said.as_str();
        if self.kind != "pytest.xfail" {
            return Ending::new(Verdict::TestNa, if said.is_empty() { "skipped" } else { said });
        }
        let mut ending = Ending::new(Verdict::Warn, "failed, as was expected");
        ending.known_failure = Some(if said.is_empty() { "expected".to_owned() } else { said.to_owned() });
        ending
    }
}

/// Message and text without saying anything twice; the first line is the one that is shown alone.
fn said(message: &str, text: &str, kind: &str) -> String {
    let (message, text) = (message.trim(), shortened(text.trim()));
    if message.is_empty() && text.is_empty() {
        return kind.trim().to_owned();
    }
    if text.starts_with(message) {
        return text;
    }
    if message.ends_with(&text) { shortened(message) } else { format!("{}\n{text}", shortened(message)) }
}
