//! What outlives a process of a step: values that are kept, and where it goes on after a reboot.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::host::protocol::Mode;
use crate::subtest::failure::RebootWish;
use crate::subtest::{Context, Failure, Outcome};

/// Why and where a subtest is entered again after a reboot that it asked for.
///
/// ```
/// use dockertest::subtest::Resumed;
///
/// fn greeting(resumed: Option<&Resumed>) -> &'static str {
///     match resumed {
///         None => "first part",
///         Some(Resumed { rebooted: true, .. }) => "second part",
///         Some(Resumed { rebooted: false, .. }) => "somebody was faster than the reboot",
///     }
/// }
/// assert_eq!(greeting(None), "first part");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resumed {
    /// The word that it gave to [`Context::request_reboot`].
    pub at: String,
    /// Whether the machine has been rebooted since. It has not when somebody resumed the run by hand.
    pub rebooted: bool,
}

impl Context {
    /// Keeps a value for a later process of this step: for [`cleanup`](crate::subtest::Subtest::cleanup) after this
    /// process was killed, or for after a reboot. It is on the disk when this returns.
    ///
    /// # Errors
    /// `ERROR` when it cannot be written.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let container = ctx.unique_name("test");
    /// ctx.keep("container", &container)?; // first, so that nothing is made that nobody knows of
    /// ctx.docker(["create", "--name", &container, "busybox"]).must_pass()?;
    /// # Ok(()) }
    /// ```
    pub fn keep(&mut self, key: &str, value: &impl Serialize) -> Outcome {
        Ok(self.shared.state.keep(&self.state_key(key), value)?)
    }

    /// A value that this process or an earlier one of this step kept.
    ///
    /// # Errors
    /// `ERROR` when it cannot be read, or is of another type.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// if let Some(container) = ctx.kept::<String>("container")? {
    ///     ctx.docker(["rm", "--force", &container]).must_pass()?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn kept<T: DeserializeOwned>(&self, key: &str) -> Outcome<Option<T>> {
        Ok(self.shared.state.kept(&self.state_key(key))?)
    }

    fn state_key(&self, key: &str) -> String {
        match &self.subsubtest {
            Some(child) => format!("{child}/{key}"),
            None => key.to_owned(),
        }
    }

    /// Ends this process of the step with the wish for a reboot, to be entered again afterwards with
    /// [`resumed`](Self::resumed). Guards and `cleanup` do not run before the reboot. A sub-subtest cannot ask for it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn run_once(ctx: &mut Context) -> Outcome {
    /// if ctx.resumed().is_none() {
    ///     return Err(ctx.request_reboot("after", "the new kernel parameter needs a reboot"));
    /// }
    /// # Ok(()) }
    /// ```
    pub fn request_reboot(&self, resume_at: impl Into<String>, reason: impl Into<String>) -> Failure {
        Failure::reboot(RebootWish { resume_at: resume_at.into(), reason: reason.into() })
    }

    /// Where this process was entered again after a reboot, or nothing in the first process of the step.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// match ctx.resumed() {
    ///     None => ctx.info("before the reboot"),
    ///     Some(resumed) => ctx.info(format!("entered again at `{}`", resumed.at)),
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn resumed(&self) -> Option<Resumed> {
        match &self.shared.request.mode {
            Mode::Resume { resume_at, rebooted } => Some(Resumed { at: resume_at.clone(), rebooted: *rebooted }),
            Mode::Full | Mode::Cleanup { .. } => None,
        }
    }
}
