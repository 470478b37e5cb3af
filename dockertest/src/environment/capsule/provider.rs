//! The provider whose instances are capsules.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::images::ImagesFailure;
use super::once::Once;
use super::options::CapsuleOptions;
use super::planning::{obstacle, sees};
use super::running::Capsule;
use crate::config::Configuration;
use crate::engine::daemon::DaemonFailure;
use crate::engine::objects::test_image_of;
use crate::environment::{DisposeFailure, Instance, Provider, ProvisionFailure};
use crate::host::{CancelToken, HostProgram};

/// Why there are no capsules when somebody wants to stop.
const INTERRUPTED: &str = "interrupted while capsules were made";

/// Makes capsules, each for one step.
///
/// ```no_run
/// use dockertest::environment::capsule::{CapsuleOptions, CapsuleProvider};
/// use dockertest::host::HostProgram;
///
/// let host = HostProgram::new("/usr/local/bin/dockertest-host");
/// let provider = CapsuleProvider::new(host, CapsuleOptions::new());
/// if let Some(obstacle) = provider.obstacle() {
///     eprintln!("no capsules here: {obstacle}");
/// }
/// ```
#[derive(Debug, Clone)]
pub struct CapsuleProvider {
    host: HostProgram,
    options: CapsuleOptions,
    /// Why the test image is not in them, if it was to be.
    without_image: Option<String>,
}

impl CapsuleProvider {
    /// `host` is a program that [`host::serve::main`](crate::host::serve::main) makes a host.
    #[must_use]
    pub fn new(host: HostProgram, options: CapsuleOptions) -> Self {
        CapsuleProvider { host, options, without_image: None }
    }

    /// Capsules like this, with the test image that the configuration names in it from the beginning, if that can be made
    /// here and the engine takes it; else [`without_image`](Self::without_image) says why not.
    ///
    /// # Errors
    /// The folder that it would be kept in cannot be filled, or somebody wants to stop.
    pub(in crate::environment) fn prepared(
        host: HostProgram,
        options: CapsuleOptions,
        configuration: &Configuration,
        (cancel, tried): (&CancelToken, &Once),
    ) -> Result<Self, ImagesFailure> {
        if obstacle(&options).is_some() {
            return Ok(CapsuleProvider::new(host, options));
        }
        let image = test_image_of(&configuration.defaults());
        let (options, without_image) = match options.clone().with_test_image_once(&host, &image, cancel, tried) {
            Ok(prepared) => (prepared, None),
            Err(failure) if failure.leaves_capsules() => (options, Some(crate::with_causes(&failure))),
            Err(failure) => return Err(failure),
        };
        Ok(CapsuleProvider { without_image, ..CapsuleProvider::new(host, options) })
    }

    /// Why the test image is not in its capsules, if it was to be.
    ///
    /// ```
    /// use dockertest::environment::capsule::{CapsuleOptions, CapsuleProvider};
    /// use dockertest::host::HostProgram;
    ///
    /// let provider = CapsuleProvider::new(HostProgram::new("dockertest-host"), CapsuleOptions::new());
    /// assert_eq!(provider.without_image(), None); // it was not to be
    /// ```
    #[must_use]
    pub fn without_image(&self) -> Option<&str> {
        self.without_image.as_deref()
    }

    /// What its capsules are like.
    #[must_use]
    pub fn options(&self) -> &CapsuleOptions {
        &self.options
    }

    /// Whether a program of this machine is seen in its capsules. What is below `/tmp` or mounted elsewhere than with `/` is
    /// not.
    ///
    /// ```
    /// use dockertest::environment::capsule::{CapsuleOptions, CapsuleProvider};
    /// use dockertest::host::HostProgram;
    ///
    /// let provider = CapsuleProvider::new(HostProgram::new("dockertest-host"), CapsuleOptions::new());
    /// assert!(!provider.sees("/proc/self/fd".as_ref()));
    /// assert!(provider.sees("/no/such/program".as_ref())); // nobody knows
    /// ```
    #[must_use]
    pub fn sees(&self, program: &Path) -> bool {
        sees(&self.options, program)
    }

    /// Why there can be no capsule here, and what to do; nothing if there can be.
    #[must_use]
    pub fn obstacle(&self) -> Option<String> {
        obstacle(&self.options)
    }
}

impl Provider for CapsuleProvider {
    fn name(&self) -> &'static str {
        "capsule"
    }

    fn is_for_one_step(&self) -> bool {
        true
    }

    fn provision(&self, count: NonZeroUsize, cancel: &CancelToken) -> Result<Vec<Box<dyn Instance>>, ProvisionFailure> {
        if let Some(obstacle) = self.obstacle() {
            return Err(ProvisionFailure::new(obstacle, Vec::new()));
        }
        let mut made: Vec<Box<dyn Instance>> = Vec::with_capacity(count.get());
        for _ in 0..count.get() {
            if cancel.is_cancelled() {
                return Err(ProvisionFailure::new(INTERRUPTED, dispose_all(made)));
            }
            match Capsule::start_unless(&self.host, &self.options, cancel) {
                Ok(capsule) => made.push(Box::new(CapsuleInstance::of(capsule))),
                Err(DaemonFailure::GivenUp(_)) => {
                    return Err(ProvisionFailure::new(INTERRUPTED, dispose_all(made)));
                }
                // The machine does not bear more; what is there is used.
                Err(_) if !made.is_empty() => break,
                Err(failure) => return Err(ProvisionFailure::new(not_made(&failure), dispose_all(made))),
            }
        }
        Ok(made)
    }
}

fn dispose_all(made: Vec<Box<dyn Instance>>) -> Vec<String> {
    let dispose = |instance: Box<dyn Instance>| {
        let id = instance.id().to_owned();
        instance.dispose().err().map(|_| id)
    };
    made.into_iter().filter_map(dispose).collect()
}

/// Why a capsule could not be made, with the causes and with what its engine said last.
///
/// ```
/// use dockertest::engine::daemon::DaemonFailure;
/// use dockertest::environment::capsule::not_made;
///
/// let failure = DaemonFailure::Start(std::io::ErrorKind::NotFound.into());
/// assert!(not_made(&failure).starts_with("cannot make a capsule: "));
/// ```
#[must_use]
pub fn not_made(failure: &DaemonFailure) -> String {
    let log = failure.log().map_or_else(String::new, |log| format!("; its log ends with\n{log}"));
    format!("cannot make a capsule: {}{log}", crate::with_causes(failure))
}

/// A capsule, of which several threads may ask how it is.
#[derive(Debug)]
struct CapsuleInstance {
    id: String,
    capsule: Mutex<Capsule>,
}

impl CapsuleInstance {
    fn of(capsule: Capsule) -> Self {
        CapsuleInstance { id: capsule.id().to_owned(), capsule: Mutex::new(capsule) }
    }
}

impl Instance for CapsuleInstance {
    fn id(&self) -> &str {
        &self.id
    }

    fn host(&self, program: &HostProgram, folder: &Path) -> HostProgram {
        let capsule = self.capsule.lock().unwrap_or_else(PoisonError::into_inner);
        capsule.program(program, &[folder])
    }

    fn problem(&self) -> Option<String> {
        self.capsule.lock().unwrap_or_else(PoisonError::into_inner).problem()
    }

    fn dispose(self: Box<Self>) -> Result<(), DisposeFailure> {
        let CapsuleInstance { id, capsule } = *self;
        let capsule = capsule.into_inner().unwrap_or_else(PoisonError::into_inner);
        capsule.dispose().map_err(|failure| DisposeFailure::new(id, failure.to_string()))
    }
}
