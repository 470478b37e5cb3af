//! Lines that wait to be written, and how each looks.

use std::fmt::Write as _;
use std::path::Path;

use anstyle::{AnsiColor, Style as Paint};

use super::Style;
use crate::journal::{Iteration, Logged, PhaseStarted, SubsubtestEnded};
use crate::outcome::{Ending, Evidence, Level, Phase};
use crate::report::RESULTS_NAME;
use crate::report::results::Totals;
use crate::report::state::{RunState, Standing, StepState};
use crate::report::{text, time};
use crate::verdict::Verdict;

/// How many lines of a reason and of each part of an evidence are shown; all of them are in `results.json`.
const SHOWN_LINES: usize = 40;

/// Where the reason of a step begins: below the name of the step.
const TEXT_COLUMN: usize = 16;

/// The width of the names of the parts of an evidence.
const LABEL_WIDTH: usize = 15;

/// Lines that wait to be written.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) style: Style,
    pub(super) text: String,
    /// Whether the run is one of reports, which has no results folder.
    pub(super) is_loaded: bool,
}

impl Page {
    pub(super) fn step_started(&mut self, step: &StepState) {
        self.row(1, "START", Paint::new(), &[&visible(&step.planned.label())]);
        if step.attempts > 1 {
            self.said(2, "", Level::Info, &format!("entered again: attempt {}", step.attempts));
        }
    }

    pub(super) fn step_ended(&mut self, step: &StepState, ending: &Ending, again: impl FnOnce() -> Option<String>) {
        let folder = &visible(&step.planned.label());
        if step.attempts == 0 {
            self.row(1, "START", Paint::new(), &[folder]);
        }
        self.row(2, ending.verdict.as_str(), colour(ending.verdict), &[folder]);
        self.explain(ending);
        if !ending.verdict.is_passed()
            && let Some(again) = again()
        {
            self.part("again", &again);
        }
        self.row(1, &format!("END {}", ending.verdict), colour(ending.verdict), &[folder]);
    }

    pub(super) fn subsubtest_ended(&mut self, ended: &SubsubtestEnded) {
        let SubsubtestEnded { subsubtest, ending, .. } = ended;
        self.row(
            2,
            ending.verdict.as_str(),
            colour(ending.verdict),
            &["----", &format!("SubSubtest {}", visible(subsubtest))],
        );
        self.explain(ending);
    }

    pub(super) fn phase(&mut self, entered: &PhaseStarted) {
        let who = who(entered.subsubtest.as_deref());
        self.said(2, &who, Level::Info, &phase_text(entered.phase, entered.iteration));
    }

    pub(super) fn logged(&mut self, logged: &Logged) {
        if logged.level == Level::Debug {
            return;
        }
        let depth = if logged.step.is_some() { 2 } else { 1 };
        self.said(depth, &who(logged.subsubtest.as_deref()), logged.level, &logged.text);
    }

    /// A line of a running test; further lines of the text are put below the first.
    pub(super) fn said(&mut self, depth: usize, who: &str, level: Level, text: &str) {
        let paint = match level {
            Level::Debug | Level::Info => Paint::new(),
            Level::Warning => AnsiColor::Yellow.on_default(),
            Level::Error => AnsiColor::Red.on_default(),
        };
        let mut lines = text::lines(text);
        let first = format!("{who}{level}: {}", visible(lines.next().unwrap_or("")));
        self.row(depth, "RUNNING", paint, &["----", &first]);
        for line in lines {
            self.blanks(depth * 4 + 16);
            self.text.push_str(&visible(line));
            self.end_line();
        }
    }

    /// Why something did not end well.
    fn explain(&mut self, ending: &Ending) {
        if ending.verdict == Verdict::Good {
            return;
        }
        for line in text::lines(&ending.reason).take(SHOWN_LINES) {
            self.blanks(TEXT_COLUMN);
            self.text.push_str(&visible(line));
            self.end_line();
        }
        self.more(TEXT_COLUMN, &ending.reason);
        if let Some(phase) = ending.phase {
            self.part("phase", &format!("{phase}()"));
        }
        if let Some(description) = &ending.known_failure {
            self.part("known failure", description);
        }
        if let Some(evidence) = &ending.evidence {
            let Evidence { command, expected, seen, difference, help } = evidence.as_ref();
            let parts = [("command", command), ("expected", expected), ("seen", seen), ("difference", difference)];
            for (name, value) in parts.into_iter().chain([("help", help)]) {
                value.as_deref().into_iter().for_each(|value| self.part(name, value));
            }
        }
    }

    /// A named part of an evidence, its lines below one another.
    fn part(&mut self, name: &str, value: &str) {
        let mut label = format!("{name}:");
        for line in text::lines(value).take(SHOWN_LINES) {
            self.blanks(TEXT_COLUMN);
            let paint = if label.is_empty() { Paint::new() } else { Paint::new().bold() };
            let padding = LABEL_WIDTH - label.len();
            self.painted(&label, paint);
            self.blanks(padding);
            self.text.push_str(&visible(line));
            self.end_line();
            label.clear();
        }
        self.more(TEXT_COLUMN + LABEL_WIDTH, value);
    }

    /// How much of a text is not shown, and where it is.
    fn more(&mut self, column: usize, text: &str) {
        let more = text::lines(text).count().saturating_sub(SHOWN_LINES);
        if more > 0 {
            let place = if self.is_loaded { "the report".to_owned() } else { format!("`{RESULTS_NAME}`") };
            self.blanks(column);
            let _ = write!(self.text, "... {more} more lines, in {place}");
            self.end_line();
        }
    }

    pub(super) fn resumed(&mut self, state: &RunState) {
        let (done, total) = (state.endings().count(), state.steps.len());
        self.said(1, "", Level::Info, &format!("resumed: {done} of {total} steps are done"));
    }

    /// All that did not pass once more, and the figures.
    pub(super) fn summary(&mut self, state: &RunState, results: &Path, can_be_resumed: bool) {
        self.end_line();
        for (step, ending) in state.endings().filter(|(_, ending)| !ending.verdict.is_passed()) {
            let reason = visible(text::first_line(&ending.reason));
            let name = visible(step.planned.title());
            let what = if reason.is_empty() { name } else { format!("{name}: {reason}") };
            self.row(0, ending.verdict.as_str(), colour(ending.verdict), &[&what]);
        }
        let _ = write!(self.text, "{}", figures(state));
        match state.beginning.as_ref().and_then(|run| run.loaded.as_ref()) {
            Some(loaded) => self.text.push_str(&format!("; {}", visible(&loaded.to_string()))),
            None => self.text.push_str(&format!("; results in {}", visible(&results.display().to_string()))),
        }
        if let Standing::Interrupted { .. } = state.standing
            && can_be_resumed
        {
            let _ = write!(self.text, "; `dockertest resume {}` goes on", visible(&results.display().to_string()));
        }
        self.end_line();
    }

    /// A row of the tree.
    pub(super) fn row(&mut self, depth: usize, code: &str, paint: Paint, columns: &[&str]) {
        self.blanks(depth * 4);
        self.painted(code, paint);
        let mut width = code.len();
        for column in columns {
            self.blanks(4 - width % 4);
            self.text.push_str(column);
            width = column.len();
        }
        self.end_line();
    }

    fn painted(&mut self, text: &str, paint: Paint) {
        let _ = match self.style {
            Style::Plain => write!(self.text, "{text}"),
            Style::Coloured => write!(self.text, "{paint}{text}{paint:#}"),
        };
    }

    fn blanks(&mut self, count: usize) {
        self.text.extend(std::iter::repeat_n(' ', count));
    }

    /// Ends the line, without blanks at its end.
    fn end_line(&mut self) {
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
    }
}

/// `2 of 4 steps in 3.1 s: 1 GOOD, 1 FAIL`.
fn figures(state: &RunState) -> String {
    let (done, total) = (state.endings().count(), state.steps.len());
    let totals = Totals::of(state);
    let counts = Verdict::ALL.into_iter().filter(|verdict| totals.count(*verdict) > 0);
    let counts: Vec<String> = counts.map(|verdict| format!("{} {verdict}", totals.count(verdict))).collect();
    let of = if done == total { String::new() } else { format!("{done} of ") };
    let steps = if total == 1 { "step" } else { "steps" };
    let colon = if counts.is_empty() { "" } else { ": " };
    format!("{of}{total} {steps} in {}{colon}{}", time::for_people(state.seconds()), counts.join(", "))
}

/// The phase as the tree shows it: the first iteration of `run_once` goes without saying.
pub(in crate::report) fn phase_text(phase: Phase, iteration: Option<Iteration>) -> String {
    match (phase, iteration) {
        (Phase::RunOnce, Some(Iteration { number, of })) if number > 1 => {
            format!("run_once() iteration {number} of {of}")
        }
        (Phase::PostprocessIteration, Some(Iteration { number, .. })) => {
            format!("postprocess_iteration(), iteration #{number}")
        }
        _ => format!("{phase}()"),
    }
}

fn who(subsubtest: Option<&str>) -> String {
    subsubtest.map(|name| format!("SubSubtest {} ", visible(name))).unwrap_or_default()
}

pub(super) fn visible(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    text::push_line(&mut shown, line, "\t");
    shown
}

pub(super) fn colour(verdict: Verdict) -> Paint {
    match verdict {
        Verdict::Good => AnsiColor::Green.on_default(),
        Verdict::TestNa => AnsiColor::Cyan.on_default(),
        Verdict::Warn => AnsiColor::Yellow.on_default(),
        Verdict::Fail | Verdict::Error | Verdict::Abort => AnsiColor::Red.on_default().bold(),
    }
}
