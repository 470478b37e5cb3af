//! A suite of a report, and the tests that it becomes.

use jiff::tz::TimeZone;

use super::case::Case;
use super::ours;
use super::xml::Element;
use crate::load::test::{Content, Line, Test, Who};
use crate::load::times::{microseconds, seconds, time_us};
use crate::outcome::Ending;
use crate::verdict::Verdict;

/// A `testsuite`.
#[derive(Debug)]
pub(super) struct Suite {
    pub(super) name: String,
    /// How long it took, in seconds, as it says.
    pub(super) seconds: Option<f64>,
    /// When it began, as it says.
    pub(super) started_us: Option<i64>,
    pub(super) properties: Vec<(String, String)>,
    pub(super) cases: Vec<Case>,
    pub(super) output: Vec<(String, String)>,
    /// What was found in the suites within.
    pub(super) counts: Counts,
    /// How many tests, and how many of them did not pass, it says that it has.
    said: Counts,
    /// The names of the suites around it.
    around: Vec<String>,
}

/// What a suite has from those around it.
#[derive(Debug, Default)]
pub(super) struct Within {
    around: Vec<String>,
    started_us: Option<i64>,
}

/// How many tests there are, and how many of them did not pass.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Counts {
    tests: u64,
    failed: u64,
}

impl Counts {
    pub(super) const fn add(&mut self, other: Counts) {
        self.tests += other.tests;
        self.failed += other.failed;
    }
}

impl Suite {
    pub(super) fn new(element: &Element, within: &Within, zone: &TimeZone) -> Suite {
        let count = |name: &str| element.get(name).and_then(|count| count.trim().parse().ok()).unwrap_or(0_u64);
        Suite {
            name: element.get("name").unwrap_or_default().to_owned(),
            seconds: element.get("time").and_then(seconds),
            started_us: element.get("timestamp").and_then(|time| time_us(time, zone)).or(within.started_us),
            properties: Vec::new(),
            cases: Vec::new(),
            output: Vec::new(),
            counts: Counts::default(),
            said: Counts { tests: count("tests"), failed: count("failures").saturating_add(count("errors")) },
            around: within.around.clone(),
        }
    }

    /// What suites in it have from it.
    pub(super) fn within(&self) -> Within {
        let around = self.around.iter().chain([&self.name]).filter(|name| !name.is_empty()).cloned().collect();
        Within { around, started_us: self.started_us }
    }

    /// Its end: its cases become tests. Gives back what it has, with all in it.
    pub(super) fn close(mut self, content: &mut Content) -> Counts {
        let first = content.tests.len();
        if let Some(step) = ours::step(&mut self, content) {
            content.tests.push(step);
            // Of what was written here everything is known: a case may fail in a step that does not, and be the step itself.
            self.counts.add(self.said);
            return self.counts;
        }
        self.foreign(content);
        for test in &content.tests[first..] {
            let did_fail = test.ending.as_ref().is_some_and(|ending| !ending.verdict.is_passed());
            self.counts.add(Counts { tests: 1, failed: u64::from(did_fail) });
        }
        self.check(content);
        self.counts
    }

    fn foreign(&mut self, content: &mut Content) {
        let mut clock = self.started_us;
        let suites = self.around.iter().chain([&self.name]).filter(|name| !name.is_empty());
        let suites = suites.cloned().collect::<Vec<_>>().join("::");
        let cases = std::mem::take(&mut self.cases);
        // A test of others in a run that was loaded before is a suite of ours, which says what its case cannot.
        let warned = self.properties.iter().any(|(name, value)| name == "verdict" && value == Verdict::Warn.as_str());
        let is_warned = warned && cases.len() == 1;
        for case in cases {
            let id = id(&case, &suites);
            let mut test = Test::new(Who::Foreign(id));
            let mut ending = case.ending();
            if is_warned && ending.verdict == Verdict::Good {
                ending.verdict = Verdict::Warn;
            }
            // What was skipped has said nothing about itself.
            test.was_run = ending.verdict != Verdict::TestNa;
            test.started_us = case.started_us.or(clock);
            test.ended_us = test.started_us.map(|start| start.saturating_add(microseconds(ending.seconds)));
            clock = clock.and(test.ended_us);
            test.ending = Some(ending);
            test.output = case.output();
            content.notes.extend(case.note.iter().map(|note| format!("{}: {note}", case.name)));
            test.facts.extend(case.properties);
            content.tests.push(test);
        }
        let properties: Vec<String> = self.properties.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        let properties = Line::output(&format!("properties of {suites}"), &properties.join("\n"));
        let outputs = self.output.iter().filter_map(|(name, text)| Line::output(&format!("{name} of {suites}"), text));
        content.output.extend(properties.into_iter().chain(outputs).map(|line| line.text));
    }

    /// A suite that says of more than it has is not to be trusted; one that says of a failure and shows none is no pass.
    fn check(&mut self, content: &mut Content) {
        let (said, found) = (self.said, self.counts);
        if said.failed > 0 && found.failed == 0 {
            let name = if self.name.is_empty() { "the report" } else { &self.name };
            let reason = format!("it says that {} of its tests failed, and shows none of them", said.failed);
            let mut test = Test::new(Who::NoTest(name.to_owned()));
            test.ending = Some(Ending::new(Verdict::Error, reason));
            test.started_us = self.started_us;
            test.ended_us = self.started_us;
            content.tests.push(test);
            self.counts.failed = 1;
        } else if said.tests > found.tests {
            let name = if self.name.is_empty() { String::new() } else { format!("{}: ", self.name) };
            content.notes.push(format!("{name}it says that it has {} tests, but has {}", said.tests, found.tests));
        }
    }
}

/// The name of a test: unlike those of all others in the report, and the same each time.
fn id(case: &Case, suites: &str) -> String {
    let class = if case.class.is_empty() { suites } else { &case.class };
    match (class, case.name.as_str()) {
        ("", "") => "(a test without a name)".to_owned(),
        ("", name) => name.to_owned(),
        (class, "") => class.to_owned(),
        (class, name) if class == name => name.to_owned(),
        (class, name) => format!("{class}::{name}"),
    }
}
