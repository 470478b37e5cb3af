//! The repository of runs: what earlier runs found out, and how long it took.
//!
//! Needs the feature `runner`.
//!
//! A repository is a folder, by convention `.dockertest`. Journals are the truth in it; a run that is
//! [recorded](Repository::recorder) has its journal there from its first record on, so whatever kills its process loses
//! nothing. An index, which is made of the journals and can be made again at any time, answers what is asked often
//! without opening them. Any number of processes may use a repository at the same time.
//!
//! ```
//! use dockertest::host::HostProgram;
//! use dockertest::repository::Repository;
//! use dockertest::run::Runner;
//!
//! # let script = r#"hello='{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}'
//! # case $0 in
//! #     list) printf '%s\n' "$hello" '{"subtest":{"name":"example"}}' '{"listed":{"subtests":1}}';;
//! #     run) read request; printf '%s\n' "$hello" '{"ended":{"verdict":"FAIL","reason":"","seconds":0.1}}';;
//! # esac"#;
//! # let host = HostProgram::new("/bin/sh").arguments(["-c", script]);
//! # let folder = tempfile::tempdir()?;
//! # let (path, results) = (folder.path().join(".dockertest"), folder.path().join("results"));
//! let repository = Repository::create(&path)?;
//! let runner = Runner::builder()
//!     .host(host)
//!     .results(&results)
//!     .state(path.join("state"))
//!     .sink(Box::new(repository.recorder(&results)))
//! #   .without_engine()
//!     .build()?;
//! runner.start().wait()?;
//!
//! let repository = Repository::open(&path)?; // sees what has happened since
//! assert_eq!(repository.failing(), ["example"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod add;
mod failing;
mod failure;
mod find;
mod history;
mod index;
mod line;
mod recorder;
mod stats;
mod store;
mod summary;
#[cfg(test)]
mod tests;
mod whole;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::journal::{self, Event, Record};
use crate::load::LoadedRun;
use crate::name::TestId;
use crate::report::RunState;

use index::Index;
use summary::Gathering;

pub use add::Added;
pub use failing::FailingStep;
pub use failure::RepositoryFailure;
pub use find::{FOLDER, find};
pub use history::Moment;
pub use recorder::{Recorder, Told};
pub use stats::{Stats, Unsteady};
pub use summary::{RunIs, RunSummary, StepSummary};

/// What keeps a repository out of version control.
const IGNORE: &str = ".gitignore";

/// The runs of a repository, as they were when it was opened.
///
/// ```
/// use dockertest::repository::Repository;
///
/// # let folder = tempfile::tempdir()?;
/// let repository = Repository::create(&folder.path().join(".dockertest"))?;
/// assert!(repository.runs().is_empty());
/// assert!(repository.durations().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Repository {
    path: PathBuf,
    index: Index,
    notes: Vec<String>,
}

impl Repository {
    /// Opens a repository that is there. Runs whose processes were killed are taken in, and an index that is missing or
    /// damaged is made again: [`notes`](Repository::notes) tells.
    ///
    /// # Errors
    /// There is none, or the system refuses.
    pub fn open(path: &Path) -> Result<Repository, RepositoryFailure> {
        if !find::is_repository(path) {
            return Err(RepositoryFailure::None { path: path.to_owned() });
        }
        let mut notes = Vec::new();
        let index = index::load(path, &mut notes)?;
        Ok(Repository { path: path.to_owned(), index, notes })
    }

    /// Opens a repository, which is made if it is not there.
    ///
    /// # Errors
    /// The system refuses.
    ///
    /// ```
    /// use dockertest::repository::Repository;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let path = folder.path().join(".dockertest");
    /// Repository::create(&path)?;
    /// assert_eq!(Repository::open(&path)?.path(), path);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create(path: &Path) -> Result<Repository, RepositoryFailure> {
        let path = std::path::absolute(path).map_err(RepositoryFailure::io("use the repository", path))?;
        let runs = path.join(store::RUNS);
        fs::create_dir_all(&runs).map_err(RepositoryFailure::io("make the repository of runs", &runs))?;
        let ignore = path.join(IGNORE);
        match fs::File::create_new(&ignore).and_then(|mut file| io::Write::write_all(&mut file, b"*\n")) {
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                Err(RepositoryFailure::io("write", &ignore)(source))
            }
            _ => Repository::open(&path),
        }
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was found and mended when it was opened, in words.
    ///
    /// ```
    /// # use dockertest::repository::Repository;
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join(".dockertest");
    /// # Repository::create(&path)?;
    /// std::fs::write(path.join("index-1"), "what a dying disk leaves\n")?;
    /// let repository = Repository::open(&path)?;
    /// assert!(repository.notes()[0].contains("was damaged in line 1: it was made again"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Has a run recorded: a [`Sink`](crate::journal::Sink) for its runner. `results` is its results folder.
    #[must_use]
    pub fn recorder(&self, results: &Path) -> Recorder {
        Recorder::new(&self.path, results)
    }

    /// Keeps a run that was made of reports. It is kept wholly or not at all, and what was made of the same
    /// reports is kept once only.
    ///
    /// # Errors
    /// The system refuses.
    ///
    /// ```
    /// use dockertest::load::{Options, Report, load};
    /// # use dockertest::repository::Repository;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let repository = Repository::create(&folder.path().join(".dockertest"))?;
    /// let report = Report::new("report.xml", r#"<testsuite name="pytest"><testcase name="a"/></testsuite>"#);
    /// let run = load(&[report], &Options::default())?;
    /// repository.add(&run)?;
    ///
    /// let repository = Repository::open(repository.path())?;
    /// let kept = repository.run(run.name()).expect("it was added");
    /// assert_eq!(kept.loaded.expect("it was loaded").tool, "pytest");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add(&self, run: &LoadedRun) -> Result<Added, RepositoryFailure> {
        add::add(&self.path, run)
    }

    /// All runs, oldest first.
    #[must_use]
    pub fn runs(&self) -> Vec<RunSummary> {
        self.index.rows.iter().filter_map(|row| row.summary(&self.index.text)).collect()
    }

    /// The run that began last, of those that have stopped and can be read.
    #[must_use]
    pub fn last(&self) -> Option<RunSummary> {
        self.index.last_row()?.summary(&self.index.text)
    }

    /// The run of this name, or whose name alone begins so.
    ///
    /// ```
    /// # use dockertest::repository::Repository;
    /// # let folder = tempfile::tempdir()?;
    /// # let repository = Repository::create(&folder.path().join(".dockertest"))?;
    /// assert!(repository.run("20261121t0005").is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn run(&self, name: &str) -> Option<RunSummary> {
        let Index { text, rows } = &self.index;
        let begins = |row: &&line::Row| row.run(text).starts_with(name);
        let row = self.index.row(name).or_else(|| {
            let mut found = rows.iter().filter(begins);
            found.next().filter(|_| found.next().is_none())
        })?;
        row.summary(text)
    }

    /// What a run says about each of its subtests, in order of its plan. Empty if there is no such run.
    #[must_use]
    pub fn steps(&self, run: &str) -> Vec<StepSummary> {
        let Some(row) = self.index.row(run) else { return Vec::new() };
        row.words(&self.index.text).map(|word| word.summary(row.started_us)).collect()
    }

    /// Where the results of a run are now: they may have been kept aside by another run. Nothing if they are gone.
    ///
    /// ```
    /// # use dockertest::repository::Repository;
    /// # let folder = tempfile::tempdir()?;
    /// # let repository = Repository::create(&folder.path().join(".dockertest"))?;
    /// for run in repository.runs() {
    ///     println!("{} {:?}", run.run, repository.results(&run));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn results(&self, run: &RunSummary) -> Option<PathBuf> {
        store::results(&self.path, &run.run, &run.results)
    }

    /// The records of a run.
    ///
    /// # Errors
    /// Its journal is not there any more, or cannot be read.
    ///
    /// ```
    /// # use dockertest::repository::Repository;
    /// # let folder = tempfile::tempdir()?;
    /// # let repository = Repository::create(&folder.path().join(".dockertest"))?;
    /// assert!(repository.records("20261121t000500-9f86d081").is_err()); // there is no such run
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn records(&self, run: &str) -> Result<Vec<Record>, journal::ReadFailure> {
        Ok(journal::read(&store::journal(&self.path, &store::key(run)))?.records)
    }

    /// The records of a run, and at their end, before that of the run, one for each step whose end nobody has told: one
    /// that was cut off is an `ABORT`. So they tell of as many steps as [`RunSummary::totals`] counts.
    ///
    /// # Errors
    /// Its journal is not there any more, or cannot be read.
    ///
    /// ```
    /// # use dockertest::repository::Repository;
    /// # let folder = tempfile::tempdir()?;
    /// # let repository = Repository::create(&folder.path().join(".dockertest"))?;
    /// if let Some(last) = repository.last() {
    ///     assert!(repository.records_with_ends(&last.run)?.len() >= repository.records(&last.run)?.len());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn records_with_ends(&self, run: &str) -> Result<Vec<Record>, journal::ReadFailure> {
        let mut records = self.records(run)?;
        let goes_on = self.index.row(run).is_some_and(|row| row.state == RunIs::Running);
        let Some(last) = records.last().cloned().filter(|_| !goes_on) else { return Ok(records) };
        let ends = Gathering::of(&records).missing_ends().into_iter().map(Event::StepEnded);
        let ends: Vec<Record> = ends.map(|event| Record { event, ..last }).collect();
        let has_end = matches!(last.event, Event::RunEnded(_) | Event::RunInterrupted(_));
        let place = records.len() - usize::from(has_end);
        records.splice(place..place, ends);
        Ok(records)
    }

    /// What the records of a run say.
    ///
    /// # Errors
    /// Its journal is not there any more, or cannot be read.
    ///
    /// ```
    /// # use dockertest::repository::Repository;
    /// # let folder = tempfile::tempdir()?;
    /// # let repository = Repository::create(&folder.path().join(".dockertest"))?;
    /// if let Some(last) = repository.last() {
    ///     println!("{}", repository.state(&last.run)?.verdict());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn state(&self, run: &str) -> Result<RunState, journal::ReadFailure> {
        let mut state = RunState::of(&self.records(run)?);
        if self.index.row(run).is_none_or(|row| row.state != RunIs::Running) {
            state.note_cut();
        }
        Ok(state)
    }

    /// How long a step usually takes, by name of its subtest: the median of the last five that were run to their end.
    #[must_use]
    pub fn durations(&self) -> BTreeMap<String, Duration> {
        let subtest = |(id, duration): (TestId, _)| id.subtest().map(|name| (name.to_string(), duration));
        self.usual_durations().into_iter().filter_map(subtest).collect()
    }

    /// The same for tests of other programs, too.
    ///
    /// ```
    /// # use dockertest::repository::Repository;
    /// # let folder = tempfile::tempdir()?;
    /// # let repository = Repository::create(&folder.path().join(".dockertest"))?;
    /// for (test, duration) in repository.usual_durations() {
    ///     println!("{test}: {:.3} s", duration.as_secs_f64());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn usual_durations(&self) -> BTreeMap<TestId, Duration> {
        history::durations(&self.index)
    }

    /// The engine that [`failing`](Repository::failing) is about, as `docker 20.10.24`: the one that was tested last. Runs
    /// of a [comparison](crate::run::Runner::in_matrix) of engines count for that only where there are no others.
    ///
    /// ```
    /// # use dockertest::repository::Repository;
    /// # let folder = tempfile::tempdir()?;
    /// # let repository = Repository::create(&folder.path().join(".dockertest"))?;
    /// assert_eq!(repository.current_engine(), None); // nothing has been tested
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn current_engine(&self) -> Option<String> {
        self.index.last_of_an_engine().map(|row| line::plain(row.engine(&self.index.text)))
    }

    /// The names of the subtests that fail, sorted: those of which the last word is not that they pass, on the
    /// [current engine](Repository::current_engine). Runs of a few subtests say nothing about the others; a run that was
    /// not finished says what fails, but not that something passes. Tests of other programs are not among them: nobody
    /// here can run those.
    #[must_use]
    pub fn failing(&self) -> Vec<String> {
        let current = self.failing_steps().into_iter().filter(|step| step.is_current);
        let mut names: Vec<String> = current.filter_map(|step| step.name.subtest().map(ToString::to_string)).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The same with what is known of each, for every engine that was tested, and of tests of other programs.
    ///
    /// ```
    /// # use dockertest::repository::Repository;
    /// # let folder = tempfile::tempdir()?;
    /// # let repository = Repository::create(&folder.path().join(".dockertest"))?;
    /// for step in repository.failing_steps() {
    ///     println!("{} {} on {} since run {}", step.verdict, step.name, step.engine, step.run);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn failing_steps(&self) -> Vec<FailingStep> {
        failing::failing(&self.index)
    }

    /// What became of a subtest, a sub-subtest or a test of another program in each run that had it, oldest first.
    ///
    /// ```
    /// # use dockertest::repository::Repository;
    /// # let folder = tempfile::tempdir()?;
    /// # let repository = Repository::create(&folder.path().join(".dockertest"))?;
    /// for moment in repository.history("docker_cli/kill/sigstop") {
    ///     println!("{} {} {:.3}", moment.run, moment.verdict, moment.seconds);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn history(&self, name: &str) -> Vec<Moment> {
        history::history(&self.index, name)
    }

    /// Figures about all runs.
    ///
    /// ```
    /// # use dockertest::repository::Repository;
    /// # let folder = tempfile::tempdir()?;
    /// # let repository = Repository::create(&folder.path().join(".dockertest"))?;
    /// assert_eq!(repository.stats().runs, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        stats::stats(&self.index, &self.path)
    }

    /// Removes the journals of complete runs but for the last `count` runs; gives back how many. What the index has of
    /// them stays, and so do results folders.
    ///
    /// # Errors
    /// The system refuses.
    ///
    /// ```
    /// # use dockertest::repository::Repository;
    /// # let folder = tempfile::tempdir()?;
    /// # let repository = Repository::create(&folder.path().join(".dockertest"))?;
    /// assert_eq!(repository.keep_journals(1000)?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn keep_journals(&self, count: usize) -> Result<usize, RepositoryFailure> {
        index::archive(&self.path, count)
    }
}
