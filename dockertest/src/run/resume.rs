//! Going on with a run that was cut off: read the journal, take what is not done from the plan, go on.

use std::path::Path;
use std::time::Instant;
use std::{fs, io};

use crate::host::{CancelToken, sweep};
use crate::journal::{self, Event, Invocation, Reading, Sink, Writer};
use crate::name::SubtestName;
use crate::report::{RunState, files};

use super::begin::{Begin, make_state_folder};
use super::catalog::Catalog;
use super::drive::{close, journal_failure, runner_warning, tidy_up};
use super::events::{Feed, Told};
use super::failure::RunFailure;
use super::folder::{FolderFailure, ResultsFolder};
use super::handle::on_own_thread;
use super::outcome::Outcome;
use super::progress::{BrokenJournal, Progress, StepState};
use super::runner::Runner;
use super::{secrets, session};

/// Why a run cannot be resumed. Nothing has been changed.
///
/// ```
/// use dockertest::run::{ResumeFailure, Resumption};
///
/// # let results = tempfile::tempdir()?;
/// let failure = Resumption::open(results.path()).unwrap_err();
/// assert!(matches!(failure, ResumeFailure::Folder(_)));
/// assert!(failure.to_string().ends_with("holds no run (there is no `journal.jsonl` in it)"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResumeFailure {
    /// The results folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderFailure),
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] journal::ReadFailure),
    /// The journal does not tell what was to be done.
    #[error(transparent)]
    Broken(#[from] BrokenJournal),
    /// The secrets of the invocation cannot be read.
    #[error("cannot read the secrets that were kept for a resume: {0}")]
    Secrets(#[source] io::Error),
    /// Steps that are still to be run are held by no host any more.
    #[error(
        "the run cannot go on as it was planned, because no host holds {}: bring them back, or start a new run in \
         another folder with `--results`",
        List(missing)
    )]
    Missing {
        /// Their names.
        missing: Vec<SubtestName>,
    },
    /// The run itself failed.
    #[error(transparent)]
    Run(#[from] RunFailure),
}

struct List<'a>(&'a [SubtestName]);

impl std::fmt::Display for List<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.0.iter().map(|name| format!("`{name}`")).collect();
        f.write_str(&names.join(", "))
    }
}

/// A run that was found in a results folder, locked for this process.
///
/// To go on with it, load the configuration as its [`invocation`](Resumption::invocation) says, make a [`Runner`] from
/// that, and hand it over to [`Runner::resume`].
///
/// ```no_run
/// use dockertest::config::{Layers, Source};
/// use dockertest::host::{CancelToken, HostProgram};
/// use dockertest::run::{Resumption, Runner};
///
/// let resumption = Resumption::open("results/default".as_ref())?;
/// let invocation = resumption.invocation().clone();
/// let mut layers = Layers::new().defaults(Source::Folder("config_defaults".into()));
/// for argument in &invocation.set {
///     layers = layers.set(argument);
/// }
/// let host = HostProgram::new("target/debug/dockertest-host");
/// let runner = Runner::builder().layers(layers).host(host).args(invocation.args).build()?;
/// let outcome = runner.resume(resumption, &CancelToken::new()?)?;
/// println!("{}", outcome.verdict());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Resumption {
    folder: ResultsFolder,
    reading: Reading,
    progress: Progress,
    invocation: Invocation,
}

impl Resumption {
    /// Reads the run in a results folder.
    ///
    /// # Errors
    /// The folder is in use, holds no run, or its journal is damaged.
    pub fn open(results: &Path) -> Result<Resumption, ResumeFailure> {
        let folder = ResultsFolder::open(results)?;
        let reading = journal::read(&folder.journal())?;
        let progress = Progress::of(&reading)?;
        let mut invocation = progress.started.invocation.clone();
        invocation.set = secrets::recall(folder.path(), &invocation.set).map_err(ResumeFailure::Secrets)?;
        Ok(Resumption { folder, reading, progress, invocation })
    }

    /// The results folder, as an absolute path.
    #[must_use]
    pub fn results(&self) -> &Path {
        self.folder.path()
    }

    /// What was asked for when the run began, with the true values of secrets. A complete run has forgotten
    /// them: they are masked then.
    #[must_use]
    pub fn invocation(&self) -> &Invocation {
        &self.invocation
    }

    /// Where its steps were run, as [`Provider::name`](crate::environment::Provider::name) says; nothing if none has been.
    ///
    /// ```
    /// # use dockertest::run::Resumption;
    /// # let folder = tempfile::tempdir()?;
    /// # let results = folder.path();
    /// # let example = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example/journal.jsonl");
    /// # std::fs::copy(example, results.join("journal.jsonl"))?;
    /// assert_eq!(Resumption::open(results)?.provider(), Some("shared"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        self.progress.provider.as_deref()
    }

    /// How the run ended, if it is complete: then there is nothing to go on with, and [`Resumption::conclude`] is all
    /// that is left to do.
    ///
    /// ```
    /// # use dockertest::run::{EXIT_FAILED, Resumption};
    /// # let folder = tempfile::tempdir()?;
    /// # let results = folder.path();
    /// # let example = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example/journal.jsonl");
    /// # std::fs::copy(example, results.join("journal.jsonl"))?;
    /// let resumption = Resumption::open(results)?;
    /// assert_eq!(resumption.outcome().map(|outcome| outcome.exit_status()), Some(EXIT_FAILED));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.progress.ended.as_ref()?;
        Some(Outcome {
            planned: self.progress.plan.steps.len(),
            counts: self.progress.counts,
            steps: RunState::of(&self.reading.records).steps,
            ..Outcome::of(self.folder.path().to_owned())
        })
    }

    /// Does for a complete run what its last process may not have come to before it was killed: reports, and tidying up.
    /// Gives back how the run ended, or nothing if it is not complete. No runner is needed for that.
    ///
    /// # Errors
    /// Something cannot be written.
    ///
    /// ```
    /// use dockertest::run::Resumption;
    /// use dockertest::verdict::Verdict;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let results = folder.path();
    /// # let example = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example/journal.jsonl");
    /// # std::fs::copy(example, results.join("journal.jsonl"))?;
    /// let resumption = Resumption::open(results)?;
    /// let outcome = resumption.conclude()?.expect("the run is complete");
    /// assert_eq!((outcome.planned, outcome.verdict()), (2, Verdict::Fail));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn conclude(self) -> Result<Option<Outcome>, RunFailure> {
        let outcome = self.outcome();
        let sinks = vec![files(self.folder.path())];
        outcome.map(|outcome| self.make_sure(outcome, sinks)).transpose()
    }

    fn make_sure(self, outcome: Outcome, sinks: Vec<Box<dyn Sink>>) -> Result<Outcome, RunFailure> {
        let journal = Writer::reopen(&self.folder.journal(), &self.reading, sinks).map_err(journal_failure)?;
        let report_failure = close(journal)?;
        tidy_up(self.folder.path())?;
        Ok(Outcome { report_failure, ..outcome })
    }

    /// Subtests that are still to be run and that no host holds.
    fn missing(&self, catalog: &Catalog) -> Vec<SubtestName> {
        let steps = self.progress.plan.steps.iter().zip(&self.progress.states);
        let open = steps.filter(|(step, state)| **state != StepState::Ended && step.preset.is_none());
        let mut missing: Vec<_> =
            open.filter(|(step, _)| catalog.get(&step.name).is_none()).map(|(step, _)| step.name.clone()).collect();
        missing.sort();
        missing.dedup();
        missing
    }
}

impl Runner {
    /// Goes on with a run: ends what is left of its processes, cleans up after the step that was cut off, and runs the
    /// steps that have not ended. If the run is complete, says so, and only makes sure of its reports. A resume that is
    /// cut off can be resumed. It retries and isolates as the run did; what this runner was told of that counts where the run
    /// was told nothing.
    ///
    /// # Errors
    /// The plan can no longer be carried out, or something cannot be written.
    pub fn resume(self, resumption: Resumption, cancel: &CancelToken) -> Result<Outcome, ResumeFailure> {
        on_own_thread(|| self.go_on(resumption, cancel))
    }

    fn go_on(mut self, resumption: Resumption, cancel: &CancelToken) -> Result<Outcome, ResumeFailure> {
        let complete = resumption.outcome();
        let missing = resumption.missing(&self.catalog);
        if complete.is_none() && !missing.is_empty() {
            return Err(ResumeFailure::Missing { missing });
        }
        let Invocation { retries, isolated, .. } = resumption.invocation;
        self.options.invocation.retries = retries.or(self.options.invocation.retries);
        if isolated {
            self = self.isolated();
        }
        let feed = Feed::default();
        let Told { sinks, callers } = Told::begin(&feed, &mut self.watching, &resumption.folder)?;
        let outcome = match complete {
            Some(outcome) => resumption.make_sure(outcome, sinks),
            None => self.resume_in(resumption, sinks, cancel),
        };
        Ok(callers.conclude(outcome, &feed)?)
    }

    fn resume_in(
        self,
        resumption: Resumption,
        sinks: Vec<Box<dyn Sink>>,
        cancel: &CancelToken,
    ) -> Result<Outcome, RunFailure> {
        let state = make_state_folder(&self.options.state)?;
        let Resumption { folder, reading, progress, invocation: _ } = resumption;
        let left_over = sweep(&progress.started.run);
        let session = session::current();
        let journal = Writer::reopen(&folder.journal(), &reading, sinks).map_err(journal_failure)?;
        drop(reading);
        let told =
            left_over.iter().map(|process| runner_warning(format!("killed what was left of the run: {process}")));
        let ticket = journal.commit(std::iter::once(Event::RunResumed(session.clone())).chain(told).collect());
        let begin = Begin {
            why_cut_off: progress.why_cut_off(&session),
            sysinfo: (progress.session.boot_id != session.boot_id).then(|| next_boot_folder(folder.path())),
            run: progress.started.run,
            plan: progress.plan,
            states: progress.states,
            session,
            began: Instant::now(),
            worked: progress.worked,
            counts: progress.counts,
            instances: progress.instances.into_iter().collect(),
            state,
            ticket,
        };
        self.drive(begin, folder, journal, cancel)
    }
}

/// `sysinfo/boot.N` with the first N that is free.
fn next_boot_folder(results: &Path) -> std::path::PathBuf {
    let sysinfo = results.join("sysinfo");
    let taken = |number: &u32| fs::exists(sysinfo.join(format!("boot.{number}"))).unwrap_or(false);
    let number = (1..).find(|number| !taken(number)).unwrap_or(u32::MAX);
    sysinfo.join(format!("boot.{number}"))
}
