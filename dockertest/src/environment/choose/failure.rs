//! Why nothing could be chosen.

use std::path::PathBuf;

use crate::environment::capsule::ImagesFailure;
use crate::environment::{BuildFailure, ConcurrencyFailure, Flavor, SettingsFailure};

/// Why steps cannot run where they are wanted to.
///
/// ```
/// use dockertest::environment::ChoiceFailure;
///
/// let failure = ChoiceFailure::NoCapsule("a capsule needs root".to_owned());
/// assert_eq!(failure.to_string(), "there can be no capsule here: a capsule needs root");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChoiceFailure {
    /// The section `[environment]` cannot be read, or its options do not fit together.
    #[error(transparent)]
    Settings(#[from] SettingsFailure),
    /// The build of an engine that it names is not there.
    #[error(transparent)]
    Build(#[from] BuildFailure),
    /// It names a build of one kind of engine, and `docker_path` the command line of another.
    #[error(
        "the engine {engine} is {flavor}, but `docker_path` names `{path}`: set `docker_path = {}`, or choose it by \
         `--engine {engine}`", client.display()
    )]
    OtherClient {
        /// The build.
        engine: String,
        /// What it is.
        flavor: Flavor,
        /// Its command line, as it is named in a capsule.
        client: PathBuf,
        /// What `docker_path` is.
        path: String,
    },
    /// Capsules are wanted, and there can be none.
    #[error("there can be no capsule here: {0}")]
    NoCapsule(String),
    /// The test image cannot be brought into capsules.
    #[error(transparent)]
    Images(ImagesFailure),
    /// Somebody wanted to stop before it was known.
    #[error("interrupted while a capsule was made: {0}")]
    Interrupted(String),
    /// Nobody knows how many steps are to run at a time.
    #[error(transparent)]
    Concurrency(#[from] ConcurrencyFailure),
}

impl From<ImagesFailure> for ChoiceFailure {
    fn from(failure: ImagesFailure) -> Self {
        match failure {
            ImagesFailure::Interrupted(reason) => ChoiceFailure::Interrupted(reason),
            other => ChoiceFailure::Images(other),
        }
    }
}
