//! What a provider and an instance must be able to do.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use crate::host::{CancelToken, HostProgram};

/// Makes instances.
///
/// ```
/// use std::num::NonZeroUsize;
///
/// use dockertest::environment::{Provider, Shared};
/// use dockertest::host::CancelToken;
///
/// let instances = Shared.provision(NonZeroUsize::MIN, &CancelToken::new()?)?;
/// assert_eq!(instances[0].id(), "shared");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Provider: fmt::Debug + Send + Sync {
    /// What users call it: `shared`, `capsule`, `callout`.
    fn name(&self) -> &'static str;

    /// How many instances there can be at a time; nothing: as many as the machine bears.
    fn at_most(&self) -> Option<NonZeroUsize> {
        None
    }

    /// Whether an instance is this machine as it is: nothing is made, nothing is taken down, and there is nothing to tell.
    fn is_here(&self) -> bool {
        false
    }

    /// Whether an instance is for one step only, so that every step finds a new engine.
    fn is_for_one_step(&self) -> bool {
        false
    }

    /// Makes that many instances. It may give back more, which are disposed of like the others, and fewer, if it told why
    /// by other means; never none.
    ///
    /// # Errors
    /// Nothing could be made, or somebody wants to stop. What was made until then is disposed of, or named in the failure.
    fn provision(&self, count: NonZeroUsize, cancel: &CancelToken) -> Result<Vec<Box<dyn Instance>>, ProvisionFailure>;

    /// Has hosts asked for their subtests in an instance, if they are not to be asked on this machine: `ask` gets an
    /// instance, and how long a host may take. It is one of `count` instances that are made at once, because steps will
    /// want them; they are what [`provision`](Provider::provision) gives back next.
    ///
    /// # Errors
    /// As [`provision`](Provider::provision).
    ///
    /// ```
    /// use dockertest::environment::{Provider, Shared};
    /// # use dockertest::host::CancelToken;
    ///
    /// # use std::num::NonZeroUsize;
    /// Shared.list(NonZeroUsize::MIN, &CancelToken::new()?, &mut |_, _| unreachable!("hosts are asked on this machine"))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn list(
        &self,
        _count: NonZeroUsize,
        _cancel: &CancelToken,
        _ask: &mut dyn FnMut(&dyn Instance, Duration),
    ) -> Result<(), ProvisionFailure> {
        Ok(())
    }

    /// Disposes of several of its instances, at once if it can. Says what is left.
    ///
    /// ```
    /// # use std::num::NonZeroUsize;
    /// use dockertest::environment::{Provider, Shared};
    /// # use dockertest::host::CancelToken;
    ///
    /// let instances = Shared.provision(NonZeroUsize::MIN, &CancelToken::new()?)?;
    /// assert_eq!(Shared.dispose(instances), []);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn dispose(&self, instances: Vec<Box<dyn Instance>>) -> Vec<DisposeFailure> {
        instances.into_iter().filter_map(|instance| instance.dispose().err()).collect()
    }

    /// Disposes of instances that an earlier process of the same run made and did not dispose of, because it was killed;
    /// says what is left. For providers whose instances do not end with the process that made them.
    ///
    /// ```
    /// use dockertest::environment::{Provider, Shared};
    ///
    /// assert_eq!(Shared.dispose_left(&["vm-1".to_owned()]), []);
    /// ```
    fn dispose_left(&self, _names: &[String]) -> Vec<DisposeFailure> {
        Vec::new()
    }
}

/// A place with an engine in it, in which one step runs at a time.
///
/// When it is dropped without being [disposed of](Instance::dispose), it is disposed of all the same, as well as that is
/// possible without telling anybody.
pub trait Instance: fmt::Debug + Send {
    /// Its name, which no other instance of this provider has at the same time. It is in the journal and in reports.
    fn id(&self) -> &str;

    /// How `program` is started in the instance. What is started inherits standard input, output and error, and ends
    /// with the status of the program.
    ///
    /// `folder` is the results folder of the run; it must be there under the same path, and what is written there must
    /// be here when the program has ended.
    fn host(&self, program: &HostProgram, folder: &Path) -> HostProgram;

    /// Why no step can be run in it any more, if so: its engine is gone, or does not answer.
    fn problem(&self) -> Option<String> {
        None
    }

    /// Takes it down with all that is in it, and waits until nothing is left.
    ///
    /// # Errors
    /// Something is left.
    fn dispose(self: Box<Self>) -> Result<(), DisposeFailure>;
}

/// Why there is no instance.
///
/// ```
/// use dockertest::environment::ProvisionFailure;
///
/// let failure = ProvisionFailure::new("`instance_provision` ended with status 3", vec!["vm-1".to_owned()]);
/// assert_eq!(failure.to_string(), "`instance_provision` ended with status 3; left: vm-1");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvisionFailure {
    reason: String,
    left: Vec<String>,
}

impl ProvisionFailure {
    /// Why, and the names of instances that were made and could not be disposed of.
    pub fn new(reason: impl Into<String>, left: Vec<String>) -> ProvisionFailure {
        ProvisionFailure { reason: reason.into(), left }
    }

    /// Why.
    ///
    /// ```
    /// use dockertest::environment::ProvisionFailure;
    ///
    /// let failure = ProvisionFailure::new("no disk", vec!["a".to_owned()]);
    /// assert_eq!((failure.reason(), failure.to_string().as_str()), ("no disk", "no disk; left: a"));
    /// ```
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The names of instances that were made and could not be disposed of.
    #[must_use]
    pub fn left(&self) -> &[String] {
        &self.left
    }
}

impl fmt::Display for ProvisionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        if self.left.is_empty() { Ok(()) } else { write!(f, "; left: {}", self.left.join(", ")) }
    }
}

impl std::error::Error for ProvisionFailure {}

/// What is left of an instance, in words.
///
/// ```
/// use dockertest::environment::DisposeFailure;
///
/// let failure = DisposeFailure::new("capsule-1", "its folder is busy");
/// assert_eq!(failure.to_string(), "the instance `capsule-1` is left: its folder is busy");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the instance `{instance}` is left: {reason}")]
pub struct DisposeFailure {
    instance: String,
    reason: String,
}

impl DisposeFailure {
    /// Which instance, and why.
    pub fn new(instance: impl Into<String>, reason: impl Into<String>) -> DisposeFailure {
        DisposeFailure { instance: instance.into(), reason: reason.into() }
    }

    /// The name of the instance.
    #[must_use]
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// Why it is left.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}
