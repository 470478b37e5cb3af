//! The tree that a person watches: what starts, what it says, how it ends, and at the end how it all went.
//!
//! Each depth is four blanks, and the columns of a line end at tab stops of four. Text of strangers cannot break a
//! line or drive the terminal. Colours are added only in [`Style::Coloured`]; the text is the same without them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style as Paint};

use super::results::Totals;
use super::state::{RunState, Standing, StepState};
use super::under_test::UnderTest;
use super::{text, time};
use crate::journal::{Event, Iteration, Logged, PhaseStarted, Record, RunStarted, Sink, SubsubtestEnded};
use crate::name::{Kind, StepId};
use crate::outcome::{Ending, Evidence, Level, Phase};
use crate::verdict::Verdict;

/// How many lines of each part of an evidence are shown; all of them are in `results.json`.
const SHOWN_LINES: usize = 40;

/// Where the reason of a step begins: below the name of the step.
const TEXT_COLUMN: usize = 16;

/// The width of the names of the parts of an evidence.
const LABEL_WIDTH: usize = 15;

/// How a report for people may look.
///
/// ```
/// use std::io::IsTerminal;
///
/// use dockertest::report::Style;
///
/// let style = if std::io::stdout().is_terminal() { Style::Coloured } else { Style::Plain };
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Style {
    /// Text only, the same bytes everywhere.
    Plain,
    /// With colours, for a terminal.
    Coloured,
}

/// Writes the tree of a run, record by record.
///
/// ```
/// use dockertest::journal;
/// use dockertest::report::{Console, Style};
///
/// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
/// let mut console = Console::new(Vec::new(), Style::Plain, "results/default".as_ref());
/// for record in &journal::read(&results.join(journal::FILE_NAME))?.records {
///     console.show(record)?;
/// }
/// let tree = String::from_utf8(console.into_inner())?;
/// assert!(tree.ends_with("2 steps in 2.1 s: 1 GOOD, 1 FAIL; results in results/default\n"), "{tree}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Console<W> {
    out: W,
    results: PathBuf,
    state: RunState,
    page: Page,
    /// The command that runs a step again; nothing: `dockertest run` does.
    again: Option<String>,
    /// What is to be shown of steps that run beside others, once they have ended.
    held: BTreeMap<StepId, String>,
    /// Whether the first line waits for the engine's.
    holds_start: bool,
}

impl Console<Vec<u8>> {
    /// What was written since the last time.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }
}

impl<W: Write> Console<W> {
    /// A tree on `out`; `results` is the results folder as the person knows it.
    pub fn new(out: W, style: Style, results: &Path) -> Console<W> {
        let page = Page { style, text: String::new() };
        Console {
            out,
            results: results.to_owned(),
            state: RunState::default(),
            page,
            again: None,
            held: BTreeMap::new(),
            holds_start: false,
        }
    }

    /// What is shown as the command that runs a step again, where that is not `dockertest run`; then it is not said
    /// either that `dockertest resume` goes on.
    ///
    /// ```
    /// use dockertest::journal;
    /// use dockertest::report::{Console, Style};
    ///
    /// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
    /// let mut console = Console::new(Vec::new(), Style::Plain, results).run_again_by("make check");
    /// for record in &journal::read(&results.join(journal::FILE_NAME))?.records {
    ///     console.show(record)?;
    /// }
    /// let tree = String::from_utf8(console.into_inner())?;
    /// assert!(tree.contains("again:         make check\n"), "{tree}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn run_again_by(mut self, command: impl Into<String>) -> Console<W> {
        self.again = Some(command.into());
        self
    }

    /// Shows what a record adds to the tree.
    ///
    /// # Errors
    /// What `out` cannot do.
    pub fn show(&mut self, record: &Record) -> io::Result<()> {
        let ended = self.step_of(record).is_some_and(|step| step.ending.is_some());
        self.state.record(record);
        self.begin(&record.event);
        if !ended || matches!(record.event, Event::Logged(_)) {
            self.write_event(&record.event);
        }
        let text = std::mem::take(&mut self.page.text);
        match record.event.step().filter(|_| !ended && self.is_beside_others(record)) {
            // Steps that run side by side are not mixed: each is shown when it has ended.
            Some(step) if !matches!(record.event, Event::StepEnded(_)) => {
                self.held.entry(step).or_default().push_str(&text);
                return Ok(());
            }
            Some(step) => self.out.write_all(self.held.remove(&step).unwrap_or_default().as_bytes())?,
            None if matches!(record.event, Event::RunInterrupted(_) | Event::RunEnded(_)) => {
                let held = std::mem::take(&mut self.held);
                held.values().try_for_each(|held| self.out.write_all(held.as_bytes()))?;
            }
            None => {}
        }
        self.out.write_all(text.as_bytes())
    }

    fn is_beside_others(&self, record: &Record) -> bool {
        self.step_of(record).is_some_and(|step| step.worker.is_some())
    }

    /// The first line says which engine is under test, if that is known before anything else happens.
    fn begin(&mut self, event: &Event) {
        let start = |page: &mut Page| page.row(0, "START", Paint::new(), &["----", "----"]);
        match event {
            Event::RunStarted(_) => self.holds_start = true,
            Event::Planned(_) | Event::InstanceProvisioned(_) => {}
            Event::Engine(facts) => {
                let text = UnderTest::new(facts, self.state.provider.as_deref()).line();
                if std::mem::take(&mut self.holds_start) {
                    self.page.text.push_str(&visible(&text));
                    self.page.text.push('\n');
                    start(&mut self.page);
                } else {
                    self.page.said(1, "", Level::Info, &text);
                }
            }
            _ if std::mem::take(&mut self.holds_start) => start(&mut self.page),
            _ => {}
        }
    }

    /// Takes in a record without showing anything.
    ///
    /// After a resume, only what is new is shown:
    ///
    /// ```
    /// use dockertest::journal;
    /// use dockertest::report::{Console, Style};
    ///
    /// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
    /// let records = journal::read(&results.join(journal::FILE_NAME))?.records;
    /// let (past, news) = records.split_at(records.len() - 1);
    /// let mut console = Console::new(Vec::new(), Style::Plain, results);
    /// past.iter().for_each(|record| console.skip(record));
    /// news.iter().try_for_each(|record| console.show(record))?;
    /// assert!(console.into_inner().starts_with(b"END FAIL    ----    ----\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn skip(&mut self, record: &Record) {
        self.state.record(record);
    }

    /// Gives back what was written to.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn step_of(&self, record: &Record) -> Option<&StepState> {
        record.event.step().and_then(|id| self.state.step(id))
    }

    fn write_event(&mut self, event: &Event) {
        let step = event.step().and_then(|id| self.state.step(id));
        let page = &mut self.page;
        // A run that is not of `dockertest run` is none for `dockertest resume`, either.
        let is_loaded = self.state.beginning.as_ref().is_some_and(|run| run.loaded.is_some());
        let can_be_resumed = self.again.is_none() && !is_loaded;
        match (event, step) {
            (Event::RunResumed(_), _) => page.resumed(&self.state),
            (Event::RunEnded(ended), _) => {
                page.row(0, &format!("END {}", ended.verdict), colour(ended.verdict), &["----", "----"]);
                page.summary(&self.state, &self.results, can_be_resumed);
            }
            (Event::RunInterrupted(interrupted), _) => {
                page.said(1, "", Level::Warning, &format!("interrupted: {}", interrupted.reason));
                page.summary(&self.state, &self.results, can_be_resumed);
            }
            (Event::Logged(logged), _) => page.logged(logged),
            (Event::StepStarted(_), Some(step)) => page.step_started(step),
            // What runs after every subtest would drown the subtests: of it only what is said, and what is not well.
            (Event::PhaseStarted(_), Some(step)) if step.planned.kind == Kind::Intratest => {}
            (Event::SubsubtestEnded(ended), Some(step))
                if step.planned.kind == Kind::Intratest && ended.ending.verdict == Verdict::Good => {}
            (Event::PhaseStarted(phase), Some(_)) => page.phase(phase),
            (Event::SubsubtestEnded(ended), Some(_)) => page.subsubtest_ended(ended),
            (Event::RebootRequested(wish), Some(_)) => {
                let text = format!("asks for a reboot, then goes on at `{}`: {}", wish.resume_at, wish.reason);
                page.said(2, "", Level::Warning, &text);
            }
            (Event::StepEnded(ended), Some(step)) => {
                let again = || self.again.clone().or_else(|| again(step, self.state.beginning.as_ref()));
                page.step_ended(step, &ended.ending, again);
            }
            (
                Event::RunStarted(_)
                | Event::Planned(_)
                | Event::Engine(_)
                | Event::InstanceProvisioned(_)
                | Event::InstanceDisposed(_)
                | Event::Keyvals(_)
                | Event::SubsubtestStarted(_)
                | Event::StepStarted(_)
                | Event::PhaseStarted(_)
                | Event::SubsubtestEnded(_)
                | Event::RebootRequested(_)
                | Event::StepEnded(_),
                _,
            ) => {}
        }
    }
}

impl<W: Write + Send> Sink for Console<W> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.show(record)
    }

    fn past(&mut self, record: &Record) -> io::Result<()> {
        self.skip(record);
        Ok(())
    }

    fn idle(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The command that runs a step alone, with the plug-ins and options that the run was given. Secrets are masked in it.
/// There is none for a test of another program.
pub(super) fn again(step: &StepState, run: Option<&RunStarted>) -> Option<String> {
    let name = step.planned.id();
    let mut command = format!("dockertest run --args={}", name.subtest()?);
    let Some(RunStarted { invocation, .. }) = run else { return Some(command) };
    let mut add = |option: &str, argument: &str| {
        let quoted = shlex::try_quote(argument).unwrap_or_else(|_| argument.into());
        command.push_str(&format!(" {option} {quoted}"));
    };
    for plugin in &invocation.plugins {
        add("--plugin", &plugin.to_string_lossy());
    }
    for argument in &invocation.set {
        add("--set", argument);
    }
    Some(command)
}

/// Lines that wait to be written.
#[derive(Debug)]
struct Page {
    style: Style,
    text: String,
}

impl Page {
    fn step_started(&mut self, step: &StepState) {
        self.row(1, "START", Paint::new(), &[&visible(&step.planned.label())]);
        if step.attempts > 1 {
            self.said(2, "", Level::Info, &format!("entered again: attempt {}", step.attempts));
        }
    }

    fn step_ended(&mut self, step: &StepState, ending: &Ending, again: impl FnOnce() -> Option<String>) {
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

    fn subsubtest_ended(&mut self, ended: &SubsubtestEnded) {
        let SubsubtestEnded { subsubtest, ending, .. } = ended;
        self.row(
            2,
            ending.verdict.as_str(),
            colour(ending.verdict),
            &["----", &format!("SubSubtest {}", visible(subsubtest))],
        );
        self.explain(ending);
    }

    fn phase(&mut self, entered: &PhaseStarted) {
        let who = who(entered.subsubtest.as_deref());
        self.said(2, &who, Level::Info, &phase_text(entered.phase, entered.iteration));
    }

    fn logged(&mut self, logged: &Logged) {
        if logged.level == Level::Debug {
            return;
        }
        let depth = if logged.step.is_some() { 2 } else { 1 };
        self.said(depth, &who(logged.subsubtest.as_deref()), logged.level, &logged.text);
    }

    /// A line of a running test; further lines of the text are put below the first.
    fn said(&mut self, depth: usize, who: &str, level: Level, text: &str) {
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
        for line in text::lines(&ending.reason) {
            self.blanks(TEXT_COLUMN);
            self.text.push_str(&visible(line));
            self.end_line();
        }
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
        let more = text::lines(value).count().saturating_sub(SHOWN_LINES);
        if more > 0 {
            self.blanks(TEXT_COLUMN + LABEL_WIDTH);
            let _ = write!(self.text, "... {more} more lines, in `{}`", super::RESULTS_NAME);
            self.end_line();
        }
    }

    fn resumed(&mut self, state: &RunState) {
        let (done, total) = (state.endings().count(), state.steps.len());
        self.said(1, "", Level::Info, &format!("resumed: {done} of {total} steps are done"));
    }

    /// All that did not pass once more, and the figures.
    fn summary(&mut self, state: &RunState, results: &Path, can_be_resumed: bool) {
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
    fn row(&mut self, depth: usize, code: &str, paint: Paint, columns: &[&str]) {
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
pub(super) fn phase_text(phase: Phase, iteration: Option<Iteration>) -> String {
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

fn visible(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    text::push_line(&mut shown, line, "\t");
    shown
}

fn colour(verdict: Verdict) -> Paint {
    match verdict {
        Verdict::Good => AnsiColor::Green.on_default(),
        Verdict::TestNa => AnsiColor::Cyan.on_default(),
        Verdict::Warn => AnsiColor::Yellow.on_default(),
        Verdict::Fail | Verdict::Error | Verdict::Abort => AnsiColor::Red.on_default().bold(),
    }
}
