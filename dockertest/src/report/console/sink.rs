//! The sink that shows records as they come.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anstyle::Style as Paint;

use super::page::{Page, colour, visible};
use crate::journal::{Event, Record, RunStarted, Sink};
use crate::name::{Kind, StepId};
use crate::outcome::Level;
use crate::report::state::{RunState, StepState};
use crate::report::under_test::UnderTest;
use crate::verdict::Verdict;

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
    pub(in crate::report) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }
}

impl<W: Write> Console<W> {
    /// A tree on `out`; `results` is the results folder as the person knows it.
    pub fn new(out: W, style: Style, results: &Path) -> Console<W> {
        let page = Page { style, text: String::new(), is_loaded: false };
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
        self.page.is_loaded = self.state.beginning.as_ref().is_some_and(|run| run.loaded.is_some());
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
        let can_be_resumed = self.again.is_none() && !page.is_loaded;
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
pub(in crate::report) fn again(step: &StepState, run: Option<&RunStarted>) -> Option<String> {
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
