//! What can go wrong with an engine of our own.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// An engine of our own that is not there, or not as it should be.
///
/// ```
/// use dockertest::engine::daemon::DaemonFailure;
///
/// let failure = DaemonFailure::Ended { how: "exit status: 1".to_owned(), log: "unknown storage driver".to_owned() };
/// assert_eq!(failure.to_string(), "the engine that was started ended (exit status: 1)");
/// assert_eq!(failure.log(), Some("unknown storage driver"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DaemonFailure {
    /// Its folder cannot be made or written.
    #[error("cannot prepare an engine of our own")]
    Folder(#[source] io::Error),
    /// There can be no folder for its data where it is to be.
    #[error("cannot make a folder for the engine's data in {}", folder.display())]
    Data {
        /// Where it is to be.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The log cannot be written.
    #[error("cannot write the engine's log to {}", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The program that makes the namespaces cannot be started.
    #[error("cannot start the program that makes the namespaces of an engine of our own")]
    Start(#[source] io::Error),
    /// The program that makes the namespaces is not of the same build as this one, and they do not understand each other.
    #[error(
        "`{}` (version {version}) is of another build than `{}` (version {}), and they do not understand each other: \
         install both together, or build both",
        program.display(), this.display(), env!("CARGO_PKG_VERSION")
    )]
    OtherBuild {
        /// That program.
        program: PathBuf,
        /// Its version, as far as it is known.
        version: String,
        /// This program.
        this: PathBuf,
    },
    /// It has ended, and all that was in its namespaces with it.
    #[error("the engine that was started ended ({how})")]
    Ended {
        /// Its exit status.
        how: String,
        /// The end of its log.
        log: String,
    },
    /// It does not answer.
    #[error("the engine that was started did not answer within {} s: {reason}", limit.as_secs_f64())]
    Silent {
        /// How long it was waited for.
        limit: Duration,
        /// What was seen.
        reason: String,
        /// The end of its log.
        log: String,
    },
    /// It did not do what it was told.
    #[error("the engine of our own was told to {order}: {answer}")]
    Refused {
        /// What it was told.
        order: &'static str,
        /// What became of it.
        answer: String,
        /// The end of its log.
        log: String,
    },
    /// Somebody wanted to stop before it was there.
    #[error("the engine of our own was given up: {0}")]
    GivenUp(String),
    /// It is gone, but not all that belongs to it.
    #[error("the engine of our own left something behind: {0}")]
    Left(String),
}

impl DaemonFailure {
    /// The last lines of what the engine said, if it got as far as that.
    ///
    /// ```
    /// # use dockertest::engine::daemon::DaemonFailure;
    /// let failure = DaemonFailure::Start(std::io::ErrorKind::NotFound.into());
    /// assert_eq!(failure.log(), None);
    /// ```
    #[must_use]
    pub fn log(&self) -> Option<&str> {
        match self {
            DaemonFailure::Ended { log, .. }
            | DaemonFailure::Silent { log, .. }
            | DaemonFailure::Refused { log, .. } => Some(log),
            DaemonFailure::Folder(_)
            | DaemonFailure::Log { .. }
            | DaemonFailure::Start(_)
            | DaemonFailure::OtherBuild { .. }
            | DaemonFailure::Data { .. }
            | DaemonFailure::GivenUp(_)
            | DaemonFailure::Left(_) => None,
        }
    }
}
