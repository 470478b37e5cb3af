//! TAP, the Test Anything Protocol, version 14 (<https://testanything.org/tap-version-14-specification.html>).
//!
//! A test point for each step, in the order in which they ended; the sub-subtests of a step are a subtest of TAP before
//! it. A `TEST_NA` is a skip, and a failure that is known is a to-do, as TAP means these words.

use std::io::{self, Write};

use super::projection::{Projection, ended_by};
use super::state::{RunState, StepState};
use super::text::{first_line, push_line};
use super::{RunnerIs, Standing, explain};
use crate::journal::{Event, Record};
use crate::outcome::Ending;
use crate::verdict::Verdict;

/// How far a level is indented.
const INDENT: &str = "    ";

#[derive(Default)]
pub(super) struct Tap {
    state: RunState,
    /// Test points so far.
    points: usize,
    has_plan: bool,
}

impl Projection for Tap {
    fn record(&mut self, record: &Record, out: &mut dyn Write) -> io::Result<()> {
        let mut text = String::new();
        if let Some(step) = ended_by(&mut self.state, record) {
            self.points += 1;
            push_step(&mut text, self.points, step);
        }
        if matches!(record.event, Event::Planned(_)) && !self.has_plan {
            self.has_plan = true;
            let skip = if self.state.steps.is_empty() { " # SKIP nothing was planned" } else { "" };
            text.push_str(&format!("TAP version 14\n1..{}{skip}\n", self.state.steps.len()));
        }
        if let (Event::Engine(_), Some(line)) = (&record.event, self.state.engine_under_test()) {
            text.push_str(&format!("# {}\n", description(&line)));
        }
        out.write_all(text.as_bytes())
    }

    fn finish(&mut self, runner: RunnerIs, out: &mut dyn Write) -> io::Result<()> {
        let why = match &self.state.standing {
            Standing::Interrupted { reason } => reason,
            Standing::Running if runner == RunnerIs::Gone => "the run was cut off",
            Standing::Running | Standing::Ended { .. } => return Ok(()),
        };
        writeln!(out, "Bail out! {}", description(why))
    }
}

fn push_step(text: &mut String, number: usize, step: &StepState) {
    let name = step.planned.title();
    if !step.subsubtests.is_empty() {
        text.push_str(&format!("# Subtest: {}\n", description(name)));
        let cut_off = Ending::new(Verdict::Abort, "did not come to its end");
        for (number, child) in (1..).zip(&step.subsubtests) {
            let name = format!("{name}/{}", child.name);
            push_point(text, INDENT, number, &name, child.ending.as_ref().unwrap_or(&cut_off));
        }
        text.push_str(&format!("{INDENT}1..{}\n", step.subsubtests.len()));
    }
    if let Some(ending) = &step.ending {
        push_point(text, "", number, name, ending);
    }
}

fn push_point(text: &mut String, indent: &str, number: usize, name: &str, ending: &Ending) {
    let directive = match (ending.verdict, &ending.known_failure) {
        (Verdict::TestNa, _) => format!(" # SKIP {}", description(first_line(&ending.reason))),
        (Verdict::Warn, Some(known)) => format!(" # TODO {}", description(first_line(known))),
        _ => String::new(),
    };
    let is_known = directive.starts_with(" # TODO");
    let word = if ending.verdict.is_passed() && !is_known { "ok" } else { "not ok" };
    text.push_str(&format!("{indent}{word} {number} - {}{directive}\n", description(name)));
    if !matches!(ending.verdict, Verdict::Good | Verdict::TestNa) {
        push_diagnostics(text, indent, ending);
    }
}

/// A block of YAML, in which no text can break anything.
fn push_diagnostics(text: &mut String, indent: &str, ending: &Ending) {
    text.push_str(&format!("{indent}  ---\n"));
    let mut line = |name: &str, value: &str| {
        text.push_str(&format!("{indent}  {name}: {}\n", quoted(value)));
    };
    line("verdict", ending.verdict.as_str());
    line("message", &ending.reason);
    for (name, value) in explain::parts(ending) {
        line(&name.replace(' ', "_"), &value);
    }
    text.push_str(&format!("{indent}  ...\n"));
}

/// A text as JSON, which is YAML, too, once that is escaped which YAML breaks lines at, or does not allow.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    for c in serde_json::Value::from(text).to_string().chars() {
        match c {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted
}

/// Text of which nothing means anything to TAP, in one line.
fn description(text: &str) -> String {
    let mut line = String::new();
    push_line(&mut line, &text.replace('\n', " ").replace('\\', "\\\\").replace('#', "\\#"), " ");
    line
}
