//! Why there is no run, or no end of one.

use std::io;
use std::path::PathBuf;

use crate::config::{LoadFailure, ReadFailure};
use crate::environment::ProvisionFailure;
use crate::journal::WriteFailure;

use super::catalog::CatalogFailure;
use super::folder::FolderFailure;
use super::plan::PlanFailure;

/// Why a run cannot be set up. Nothing has run.
///
/// ```
/// use dockertest::host::HostProgram;
/// use dockertest::run::{Runner, SetupFailure};
///
/// let failure = Runner::builder().host(HostProgram::new("/no/such/host")).build().unwrap_err();
/// assert!(matches!(failure, SetupFailure::Hosts(_)));
/// assert!(failure.to_string().starts_with("cannot start the host `/no/such/host`"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupFailure {
    /// The configuration is wrong.
    #[error(transparent)]
    Configuration(LoadFailure),
    /// Hosts do not list their subtests.
    #[error(transparent)]
    Hosts(#[from] CatalogFailure),
    /// There is no instance in which hosts could be asked for their subtests.
    #[error("hosts cannot be asked for their subtests, because there is no instance: {0}")]
    Instance(#[from] ProvisionFailure),
    /// The section `Control` cannot be read.
    #[error(transparent)]
    Control(#[from] ReadFailure),
    /// The file of known failures cannot be read.
    #[error(transparent)]
    KnownFailures(LoadFailure),
}

/// Why a run did not get to its end, and is not merely interrupted.
///
/// A results folder in which somebody has put a journal meanwhile:
///
/// ```
/// use dockertest::journal::WriteFailure;
/// use dockertest::run::RunFailure;
///
/// let failure = WriteFailure::Exists { path: "results/default/journal.jsonl".into() };
/// let failure = RunFailure::Journal { failure, step: None };
/// assert!(failure.to_string().starts_with("the journal `results/default/journal.jsonl` exists already"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunFailure {
    /// What was asked for cannot be planned. Nothing has run.
    #[error(transparent)]
    Plan(#[from] PlanFailure),
    /// What was asked for is not to be run.
    #[error("the arguments ask for a plan only (`!!!`): use `Runner::plan`, or leave that word out")]
    DryRun,
    /// The results folder cannot be used. Nothing has run.
    #[error(transparent)]
    Folder(#[from] FolderFailure),
    /// The folder in which subtests keep what they prepare once cannot be made. Nothing has run.
    #[error(
        "cannot make the folder `{}`, in which subtests keep what they prepare once: {source}; start dockertest in a \
         folder that you may write to", path.display()
    )]
    State {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file of the run cannot be made or removed.
    #[error("cannot make or remove `{}`: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The system has no thread or descriptor left for the run. Nothing has run.
    #[error("cannot start {what}: {source}; the limits of this process are reached (`ulimit -u`, `ulimit -n`)")]
    Start {
        /// What it was for.
        what: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The thread of the run has panicked, which is a mistake in this library. The run can be resumed.
    #[error("the run has stopped unexpectedly: {0}; it can be resumed")]
    Panicked(String),
    /// The journal cannot be written. A run does not go on without one.
    #[error("{failure}{}", Stopped(step.as_deref()))]
    Journal {
        /// What the journal said.
        failure: WriteFailure,
        /// The folder of the step that was stopped for it, if one was.
        step: Option<String>,
    },
}

impl RunFailure {
    /// Whether nothing has run, so that mending what is wrong and starting again is all there is to do.
    ///
    /// ```
    /// use dockertest::run::RunFailure;
    ///
    /// assert!(RunFailure::DryRun.is_before_the_run());
    /// ```
    #[must_use]
    pub fn is_before_the_run(&self) -> bool {
        !matches!(self, RunFailure::Journal { .. } | RunFailure::Panicked(_))
    }
}

struct Stopped<'a>(Option<&'a str>);

impl std::fmt::Display for Stopped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.map_or(Ok(()), |step| write!(f, "\nthe run was stopped in {step}, which has no verdict"))
    }
}
