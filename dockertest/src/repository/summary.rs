//! What the index keeps of a run: one line for the run, and a word for each of its subtests.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::journal::{Event, Loaded, PlannedStep, Record, StepEnded};
use crate::name::{Kind, StepId, TestId};
use crate::outcome::Ending;
use crate::report::Totals;
use crate::verdict::Verdict;

/// How far a run has come.
///
/// ```
/// use dockertest::repository::RunIs;
///
/// assert_eq!(RunIs::CutOff.as_str(), "cut off");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunIs {
    /// A process is at work on it.
    Running,
    /// Every step has ended.
    Complete,
    /// It was stopped; one of our own can be resumed.
    Interrupted,
    /// The process that ran it is gone without a word; one of our own can be resumed.
    CutOff,
    /// Its journal cannot be read.
    Unreadable,
}

impl RunIs {
    /// The words for it: `running`, `complete`, `interrupted`, `cut off`, `unreadable`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            RunIs::Running => "running",
            RunIs::Complete => "complete",
            RunIs::Interrupted => "interrupted",
            RunIs::CutOff => "cut off",
            RunIs::Unreadable => "unreadable",
        }
    }
}

impl std::fmt::Display for RunIs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// A run of the repository.
///
/// ```
/// use dockertest::repository::Repository;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join(".dockertest");
/// let repository = Repository::create(&path)?;
/// for run in repository.runs() {
///     println!("{} {} {} of {}", run.run, run.state, run.totals.total(), run.planned);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RunSummary {
    /// The run's name.
    pub run: String,
    /// How far it has come.
    pub state: RunIs,
    /// Why it is not complete, in words.
    pub reason: Option<String>,
    /// The worst verdict of the steps that have ended.
    pub verdict: Verdict,
    /// When it began, in microseconds since 1970-01-01 UTC.
    pub started_us: i64,
    /// How long it took, in seconds, without the time between sessions.
    pub seconds: f64,
    /// How far the local time zone was ahead of UTC, in seconds.
    pub utc_offset_seconds: i32,
    /// The engine under test, as `docker 20.10.24`; empty when none answered.
    pub engine: String,
    /// Where its results were written. They may be gone or have been moved.
    pub results: PathBuf,
    /// Every value of `--args`, as typed.
    pub args: Vec<String>,
    /// The name of its engine, if it is one of several runs that are compared with each other (`dockertest matrix`).
    pub matrix: Option<String>,
    /// How many steps were planned.
    pub planned: usize,
    /// How many steps ended with each verdict.
    pub totals: Totals,
    /// Where it is from, if this program did not run it itself.
    pub loaded: Option<Loaded>,
    /// Whether the repository has its journal still.
    pub has_journal: bool,
}

/// What a run says about a subtest: all of its steps that bear the name taken together.
///
/// ```
/// use dockertest::repository::Repository;
///
/// # let folder = tempfile::tempdir()?;
/// # let repository = Repository::create(&folder.path().join(".dockertest"))?;
/// if let Some(last) = repository.last() {
///     for step in repository.steps(&last.run) {
///         println!("{} {} {:.3}", step.name, step.verdict, step.seconds);
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StepSummary {
    /// The name of the subtest, or of a test of another program.
    pub name: TestId,
    /// When it runs.
    pub kind: Kind,
    /// Whether only some of its sub-subtests were to be run.
    pub is_partial: bool,
    /// The worst verdict.
    pub verdict: Verdict,
    /// How many steps of this name were started; 0 when it ended without being run.
    pub started: u32,
    /// How long a step took on average, in seconds.
    pub seconds: f64,
    /// When the last of them ended, in microseconds since 1970-01-01 UTC.
    pub ended_us: i64,
    /// Tests after it that did not pass, and so tell on it, with their verdict.
    pub told_on: Vec<(String, Verdict)>,
    /// Its sub-subtests by the last component of their names, with verdict and seconds.
    pub subsubtests: Vec<(String, Verdict, f64)>,
}

impl StepSummary {
    /// The verdict, and those of the tests that tell on it.
    ///
    /// ```
    /// # use dockertest::repository::StepSummary;
    /// # fn example(step: &StepSummary) {
    /// let fails = !step.verdict_with_told().is_passed(); // what it left behind counts, too
    /// # }
    /// ```
    #[must_use]
    pub fn verdict_with_told(&self) -> Verdict {
        self.told_on.iter().map(|(_, verdict)| *verdict).fold(self.verdict, Verdict::max)
    }
}

/// A run and its subtests.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Summary {
    pub(super) run: RunSummary,
    pub(super) steps: Vec<StepSummary>,
    /// Whether its intratests had no subtests to follow.
    pub(super) only_intratests: bool,
}

/// Why a run is cut off.
const GONE: &str = "the process that ran it is gone";

/// The same for one whose journal was in its results folder only.
const GONE_WITH_RESULTS: &str = "the process that ran it is gone, and its journal with its results";

impl Summary {
    /// That of a run that was said to go on, and of which nothing more is known.
    pub(super) fn cut_off(self) -> Summary {
        let reason = Some(GONE_WITH_RESULTS.to_owned());
        Summary { run: RunSummary { state: RunIs::CutOff, reason, ..self.run }, ..self }
    }
}

/// Folds the records of a run into its summary. It keeps less than the run's state does: a run of many thousand steps
/// has it beside everything else.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    run: Option<String>,
    utc_offset_seconds: i32,
    args: Vec<String>,
    /// Where results were written when it began.
    results: Option<PathBuf>,
    matrix: Option<String>,
    loaded: Option<Loaded>,
    steps: Vec<Step>,
    engine: String,
    standing: Standing,
    started_us: i64,
    last_us: i64,
    earlier_us: i64,
    session_started_us: i64,
}

#[derive(Debug, Default)]
enum Standing {
    #[default]
    Open,
    Interrupted(String),
    Ended(f64),
}

#[derive(Debug)]
struct Step {
    name: TestId,
    kind: Kind,
    is_partial: bool,
    attempts: u32,
    /// Whether it waits for a reboot that it asked for.
    waits: bool,
    ended: Option<(Verdict, f64, i64)>,
    children: Vec<(String, Verdict, f64)>,
}

impl Gathering {
    pub(super) fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Gathering {
        let mut gathering = Gathering::default();
        for record in records {
            gathering.take(record);
        }
        gathering
    }

    /// The run's name, once it has begun.
    pub(super) fn run(&self) -> Option<&str> {
        self.run.as_deref()
    }

    pub(super) fn take(&mut self, record: &Record) {
        let time_us = record.time_us;
        match &record.event {
            Event::RunStarted(started) if self.run.is_none() => {
                (self.started_us, self.session_started_us) = (time_us, time_us);
                self.run = Some(super::store::key(&started.run));
                self.utc_offset_seconds = started.session.utc_offset_seconds;
                self.args.clone_from(&started.invocation.args);
                self.results.clone_from(&started.invocation.results);
                self.matrix.clone_from(&started.invocation.matrix);
                self.loaded = started.loaded.as_deref().cloned();
            }
            Event::Planned(plan) if self.steps.is_empty() => {
                self.steps = plan.steps.iter().map(Step::new).collect();
            }
            Event::RunResumed(_) => {
                self.earlier_us = self.elapsed_us();
                self.session_started_us = time_us;
                self.standing = Standing::Open;
            }
            Event::Engine(facts) => self.engine = format!("{} {}", facts.flavor, facts.version).trim().to_owned(),
            Event::RunInterrupted(interrupted) => self.standing = Standing::Interrupted(interrupted.reason.clone()),
            Event::RunEnded(ended) => self.standing = Standing::Ended(ended.seconds),
            event => self.take_of_step(time_us, event),
        }
        self.last_us = time_us;
    }

    fn take_of_step(&mut self, time_us: i64, event: &Event) {
        let Some(step) = event.step().and_then(|id| self.steps.get_mut(id.index())) else { return };
        match event {
            Event::StepStarted(started) => {
                step.attempts = step.attempts.saturating_add(1).max(started.attempt);
                step.waits = false;
                step.children.clear();
            }
            Event::RebootRequested(_) => step.waits = true,
            Event::SubsubtestEnded(ended) => step.child_ended(&ended.subsubtest, &ended.ending),
            Event::StepEnded(ended) if step.ended.is_none() => {
                step.ended = Some((ended.ending.verdict, ended.ending.seconds, time_us));
            }
            _ => {}
        }
    }

    /// Saturates, because a clock can be set to anything.
    fn elapsed_us(&self) -> i64 {
        self.earlier_us.saturating_add(self.last_us.saturating_sub(self.session_started_us).max(0))
    }

    /// Where results were written when the run began, if its journal tells.
    pub(super) fn results(&self) -> Option<&Path> {
        self.results.as_deref()
    }

    /// The summary as things stand; a run without an end is taken to be cut off. Nothing for one that has not begun.
    pub(super) fn summary(&self, results: &Path) -> Option<Summary> {
        let (state, reason) = match &self.standing {
            Standing::Open => (RunIs::CutOff, Some(GONE.to_owned())),
            Standing::Interrupted(reason) => (RunIs::Interrupted, Some(reason.clone())),
            Standing::Ended(_) => (RunIs::Complete, None),
        };
        let seconds = match &self.standing {
            Standing::Ended(seconds) => *seconds,
            Standing::Open | Standing::Interrupted(_) => crate::report::seconds_of(self.elapsed_us()),
        };
        let endings: Vec<_> = self.steps.iter().map(|step| step.ending(&self.standing, self.last_us)).collect();
        let run = RunSummary {
            run: self.run.clone()?,
            state,
            reason,
            verdict: endings.iter().flatten().map(|(verdict, ..)| *verdict).max().unwrap_or(Verdict::Good),
            started_us: self.started_us,
            seconds,
            utc_offset_seconds: self.utc_offset_seconds,
            engine: self.engine.clone(),
            results: results.to_owned(),
            args: self.args.clone(),
            matrix: self.matrix.clone(),
            planned: self.steps.len(),
            totals: Totals::count_all(endings.iter().flatten().map(|(verdict, ..)| *verdict)),
            loaded: self.loaded.clone(),
            has_journal: true,
        };
        let only_intratests = self.steps.iter().all(|step| step.kind != Kind::Subtest);
        Some(Summary { run, steps: self.by_name(&endings), only_intratests })
    }

    /// The ends of steps that no record tells, though the run has stopped.
    pub(super) fn missing_ends(&self) -> Vec<StepEnded> {
        let ends = (0..).map(StepId).zip(&self.steps);
        ends.filter_map(|(id, step)| Some(StepEnded::new(id, step.missing_end(&self.standing)?))).collect()
    }

    /// One summary a name, in order of the plan. An intratest that did not pass tells on the subtest that it follows.
    fn by_name(&self, endings: &[Option<(Verdict, f64, i64)>]) -> Vec<StepSummary> {
        let mut found: Vec<StepSummary> = Vec::new();
        let mut places: HashMap<&TestId, usize> = HashMap::new();
        let mut subtest = None;
        for (step, ending) in self.steps.iter().zip(endings) {
            if step.kind == Kind::Subtest {
                subtest = None;
            }
            let Some((verdict, seconds, ended_us)) = *ending else { continue };
            let place = *places.entry(&step.name).or_insert_with(|| {
                found.push(StepSummary::first(step));
                found.len() - 1
            });
            found[place].add(step, verdict, seconds, ended_us);
            match step.kind {
                Kind::Subtest => subtest = Some(place),
                Kind::Intratest if !verdict.is_passed() => {
                    let told_on = subtest.and_then(|subtest: usize| found.get_mut(subtest));
                    told_on.into_iter().for_each(|subtest| subtest.told_on.push((step.name.to_string(), verdict)));
                }
                Kind::Intratest | Kind::Pretest | Kind::Posttest => {}
            }
        }
        found
    }
}

impl StepSummary {
    fn first(step: &Step) -> StepSummary {
        StepSummary {
            name: step.name.clone(),
            kind: step.kind,
            is_partial: true,
            verdict: Verdict::Good,
            started: 0,
            seconds: 0.0,
            ended_us: i64::MIN,
            told_on: Vec::new(),
            subsubtests: Vec::new(),
        }
    }

    fn add(&mut self, step: &Step, verdict: Verdict, seconds: f64, ended_us: i64) {
        self.verdict = self.verdict.max(verdict);
        self.ended_us = self.ended_us.max(ended_us);
        self.is_partial &= step.is_partial;
        if step.attempts > 0 {
            let before = f64::from(self.started);
            self.started += 1;
            self.seconds = (self.seconds * before + seconds) / f64::from(self.started);
        }
        self.subsubtests.extend(step.children.iter().cloned());
    }
}

impl Step {
    fn new(planned: &PlannedStep) -> Step {
        Step {
            name: planned.id(),
            kind: planned.kind,
            is_partial: planned.subsubtests.is_some(),
            attempts: 0,
            waits: false,
            ended: None,
            children: Vec::new(),
        }
    }

    /// The sub-subtest may end once in each iteration: then the worst counts.
    fn child_ended(&mut self, name: &str, ending: &Ending) {
        match self.children.iter_mut().find(|(known, ..)| known == name) {
            Some((_, verdict, seconds)) => {
                *verdict = (*verdict).max(ending.verdict);
                *seconds = seconds.max(ending.seconds);
            }
            None => self.children.push((name.to_owned(), ending.verdict, ending.seconds)),
        }
    }

    /// How it ended. One of which no end was told has failed, too, unless the run may still come to it.
    fn ending(&self, standing: &Standing, last_us: i64) -> Option<(Verdict, f64, i64)> {
        self.ended.or_else(|| self.missing_end(standing).map(|ending| (ending.verdict, 0.0, last_us)))
    }

    /// The end that nobody has told, of a run that has stopped.
    fn missing_end(&self, standing: &Standing) -> Option<Ending> {
        let was_begun = self.attempts > 0;
        match standing {
            _ if self.ended.is_some() => None,
            Standing::Ended(_) if was_begun => Some(Ending::new(Verdict::Abort, "did not come to its end")),
            Standing::Ended(_) => Some(Ending::new(Verdict::Error, "planned, and never run")),
            // It goes on where it stopped, or begins.
            _ if self.waits || !was_begun => None,
            Standing::Interrupted(reason) => Some(Ending::new(Verdict::Abort, format!("cut off: {reason}"))),
            Standing::Open => Some(Ending::new(Verdict::Abort, format!("cut off: {GONE}"))),
        }
    }
}
