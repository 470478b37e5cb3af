//! Recording a run while it goes on.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::failure::RepositoryFailure;
use super::index;
use super::store;
use super::summary::{Gathering, RunIs};
use crate::held::Held;
use crate::journal::{Event, FILE_NAME, Record, Sink};

/// Records a run in a repository: a sink for its runner.
///
/// A repository that cannot be written costs a run nothing: the journal in its results folder is complete, and
/// [`Told`] says what was the matter.
///
/// ```
/// use dockertest::repository::Repository;
///
/// # let folder = tempfile::tempdir()?;
/// # let results = folder.path().join("results");
/// let repository = Repository::create(&folder.path().join(".dockertest"))?;
/// let recorder = repository.recorder(&results).keep_journals(1000);
/// let told = recorder.told();
/// // … RunnerBuilder::sink(Box::new(recorder)), and the run …
/// assert_eq!(told.problem(), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Recorder {
    repository: PathBuf,
    results: PathBuf,
    gathering: Gathering,
    /// How many journals are kept; nothing: all.
    count: Option<usize>,
    /// Tells other processes that the run goes on.
    held: Option<Held>,
    told: Told,
}

/// What kept a run from being recorded.
///
/// ```
/// use dockertest::repository::Told;
///
/// assert_eq!(Told::default().problem(), None);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Told(Arc<Mutex<Option<String>>>);

impl Told {
    /// The first problem, in words.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, result: Result<(), RepositoryFailure>) {
        if let Err(failure) = result {
            let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert_with(|| crate::with_causes(&failure));
        }
    }
}

impl Recorder {
    pub(super) fn new(repository: &Path, results: &Path) -> Recorder {
        Recorder {
            repository: repository.to_owned(),
            results: std::path::absolute(results).unwrap_or_else(|_| results.to_owned()),
            gathering: Gathering::default(),
            count: None,
            held: None,
            told: Told::default(),
        }
    }

    /// Has only so many journals kept, as [`Repository::keep_journals`](super::Repository::keep_journals) does; 0: all.
    #[must_use]
    pub fn keep_journals(self, count: usize) -> Recorder {
        Recorder { count: Some(count).filter(|count| *count > 0), ..self }
    }

    /// Where it tells what kept the run from being recorded.
    #[must_use]
    pub fn told(&self) -> Told {
        self.told.clone()
    }

    /// The run begins, or goes on: from now on the repository has its journal.
    fn begin(&mut self) -> Result<(), RepositoryFailure> {
        let Some(run) = self.gathering.run() else { return Ok(()) };
        let ours = store::journal(&self.repository, run);
        // Who has found it unmarked, and may still put a copy in place of a symbolic link, comes to its end first.
        let lock = index::lock(&self.repository);
        // Marked already by this process, it stays so.
        let held = store::adopt(&self.repository, run, &self.results.join(FILE_NAME))
            .map_err(RepositoryFailure::io("keep the journal of the run as", &ours))?;
        self.held = held.or(self.held.take());
        let Some(mut summary) = self.gathering.summary(&self.results) else { return Ok(()) };
        summary.run.state = RunIs::Running;
        summary.run.reason = None;
        index::write_line(&self.repository, &summary, store::length(&ours).unwrap_or(0), &lock?)
    }

    /// The run has stopped, for now or for good.
    fn stop(&mut self) -> Result<(), RepositoryFailure> {
        let Some(summary) = self.gathering.summary(&self.results) else { return Ok(()) };
        let ours = store::journal(&self.repository, &summary.run.run);
        let kept = store::keep(&self.repository, &summary.run.run);
        // What it has come to is known also where its journal is not, as when its results were removed meanwhile.
        index::record(&self.repository, &summary, store::length(&ours).unwrap_or(0))?;
        self.held = None;
        kept.map_err(RepositoryFailure::io("keep the journal of the run as", &ours))?;
        match self.count {
            Some(count) => index::archive(&self.repository, count).map(|_| ()),
            None => Ok(()),
        }
    }
}

impl Sink for Recorder {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.gathering.take(record);
        match &record.event {
            Event::Planned(_) | Event::RunResumed(_) => {
                let begun = self.begin();
                self.told.note(begun);
            }
            Event::RunInterrupted(_) | Event::RunEnded(_) => {
                let stopped = self.stop();
                self.told.note(stopped);
            }
            _ => {}
        }
        Ok(())
    }

    fn past(&mut self, record: &Record) -> io::Result<()> {
        self.gathering.take(record);
        // The repository knows the run, so it must be marked before its journal says more. Where that fails, it is tried
        // again as the run goes on, and told.
        if let Event::RunStarted(_) = record.event {
            self.held = store::mark(&self.results.join(FILE_NAME)).ok().flatten();
        }
        Ok(())
    }
}
