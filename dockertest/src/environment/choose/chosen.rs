//! What was chosen, and what is to be said of it.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::environment::capsule::CapsuleProvider;
use crate::environment::{EnvironmentSettings, Provider};
use crate::host::BrokenPlugin;

/// Where steps run, and how many at a time. [`Environment`](super::Environment) has an example.
#[derive(Debug)]
#[non_exhaustive]
pub struct Chosen {
    /// Who makes the instances.
    pub provider: Arc<dyn Provider>,
    /// How many steps run at a time.
    pub jobs: NonZeroUsize,
    /// The section of the configuration, with what the caller said in its place.
    pub settings: EnvironmentSettings,
    /// What a person should know of it.
    pub notes: Vec<EnvironmentNote>,
}

/// What a person should know of where steps run, and what keeps nothing from running.
///
/// ```
/// use dockertest::environment::EnvironmentNote;
///
/// let note = EnvironmentNote::NoCapsule { reason: "a capsule needs root".to_owned() };
/// assert_eq!(note.to_string(), "the engine that is configured is used, not a capsule: a capsule needs root");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnvironmentNote {
    /// With `auto`: there can be no capsule, so the engine that is configured is used.
    NoCapsule {
        /// Why, and what to do.
        reason: String,
    },
    /// More steps were to run at a time than the provider has instances.
    FewerJobs {
        /// How many were wanted.
        jobs: NonZeroUsize,
        /// How many there are.
        most: NonZeroUsize,
        /// The provider.
        provider: &'static str,
    },
    /// The test image could not be prepared, so capsules begin without it.
    NoImage {
        /// Why, and what to do.
        reason: String,
    },
    /// A plug-in that can be used here, but not in the instances.
    LeftOut(BrokenPlugin),
}

impl EnvironmentNote {
    /// That there is no test image in capsules that were to have it.
    ///
    /// ```
    /// use dockertest::environment::EnvironmentNote;
    /// use dockertest::environment::capsule::{CapsuleOptions, CapsuleProvider};
    /// use dockertest::host::HostProgram;
    ///
    /// let provider = CapsuleProvider::new(HostProgram::new("dockertest-host"), CapsuleOptions::new());
    /// assert_eq!(EnvironmentNote::of_image(&provider), None); // they were not to have it
    /// ```
    #[must_use]
    pub fn of_image(provider: &CapsuleProvider) -> Option<EnvironmentNote> {
        let reason = provider.without_image()?.to_owned();
        Some(EnvironmentNote::NoImage { reason })
    }
}

impl fmt::Display for EnvironmentNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EnvironmentNote::NoCapsule { reason } => {
                write!(f, "the engine that is configured is used, not a capsule: {reason}")
            }
            EnvironmentNote::NoImage { reason } => write!(
                f,
                "the test image could not be prepared, so every capsule begins without it, and each step that needs it has \
                 to load or pull it: {reason}"
            ),
            EnvironmentNote::FewerJobs { jobs, most, provider } => {
                write!(f, "{jobs} steps were to run at a time, but {provider} has only {most} at a time")
            }
            EnvironmentNote::LeftOut(broken) => broken.fmt(f),
        }
    }
}
