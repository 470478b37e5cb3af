//! Why a phase did not succeed. The type of an error decides the verdict, so `?` always yields the right one.

use std::error::Error;
use std::fmt;

use crate::causes::with_causes;
use crate::engine::{CommandFailure, difference};
use crate::outcome::Evidence;
use crate::verdict::Verdict;

/// How many bytes a value may have that stands in a reason, which is a line in reports.
const SHORT: usize = 200;

/// What a phase of a subtest returns.
///
/// ```
/// use dockertest::prelude::*;
///
/// fn first_word(output: &str) -> Outcome<&str> {
///     output.split_whitespace().next().ok_or_else(|| Attention::because("nothing was printed").into())
/// }
/// assert_eq!(first_word("Client: Docker")?, "Client:");
/// # Ok::<(), Failure>(())
/// ```
pub type Outcome<T = ()> = Result<T, Failure>;

/// A phase that did not succeed: the verdict that it leads to, and why.
///
/// It is made by `?` from any error, as `anyhow::Error` is, and like it does not implement [`Error`] itself:
///
/// | error | verdict |
/// | --- | --- |
/// | [`CheckFailed`] | `FAIL`: the engine broke its promise |
/// | [`CommandFailure`] | by what happened: see [`CommandFailure::verdict`] |
/// | [`NotApplicable`] | `TEST_NA` |
/// | [`Attention`] | `WARN` |
/// | [`Cancelled`] | `ABORT` |
/// | any other error | `ERROR`: the test could not do its job |
///
/// ```
/// use dockertest::prelude::*;
/// use dockertest::verdict::Verdict;
///
/// fn phase() -> Outcome {
///     let number: u32 = "12x".parse()?; // not the engine's fault
///     check!(number > 10, "the number is large");
///     Ok(())
/// }
/// assert_eq!(phase().unwrap_err().verdict(), Verdict::Error);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Failure(Box<Inner>);

#[derive(Debug, Clone, PartialEq)]
struct Inner {
    verdict: Verdict,
    reason: String,
    evidence: Option<Box<Evidence>>,
    reboot: Option<RebootWish>,
}

/// A wish for a reboot on its way out of a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RebootWish {
    pub(crate) resume_at: String,
    pub(crate) reason: String,
}

impl Failure {
    /// A failure with a verdict of the caller's choice. Prefer an error type that says it.
    ///
    /// ```
    /// # use dockertest::subtest::Failure;
    /// # use dockertest::verdict::Verdict;
    /// let failure = Failure::new(Verdict::Warn, "the container stopped late");
    /// assert_eq!(failure.to_string(), "WARN: the container stopped late");
    /// ```
    #[must_use]
    pub fn new(verdict: Verdict, reason: impl Into<String>) -> Self {
        Failure(Box::new(Inner { verdict, reason: reason.into(), evidence: None, reboot: None }))
    }

    pub(crate) fn reboot(wish: RebootWish) -> Self {
        let reason = wish.reason.clone();
        let mut failure = Failure::new(Verdict::Abort, reason);
        failure.0.reboot = Some(wish);
        failure
    }

    /// The verdict that it leads to.
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// # use dockertest::verdict::Verdict;
    /// let failure = Failure::from(NotApplicable::because("cgroup v1 is not mounted"));
    /// assert_eq!(failure.verdict(), Verdict::TestNa);
    /// ```
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.0.verdict
    }

    /// Why, in words; may have several lines.
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// let failure = Failure::from("x".parse::<u32>().unwrap_err());
    /// assert_eq!(failure.reason(), "invalid digit found in string");
    /// ```
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// The check that did not hold, if it was one.
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// # fn phase() -> Outcome {
    /// #     check_eq!("19.03", "20.10.24", "the server's version");
    /// #     Ok(())
    /// # }
    /// let failure = phase().unwrap_err(); // check_eq!("19.03", "20.10.24", "the server's version")
    /// assert_eq!(failure.evidence().unwrap().seen.as_deref(), Some("19.03"));
    /// assert_eq!(Failure::from(std::fmt::Error).evidence(), None);
    /// ```
    #[must_use]
    pub fn evidence(&self) -> Option<&Evidence> {
        self.0.evidence.as_deref()
    }

    pub(crate) fn reboot_wish(&self) -> Option<&RebootWish> {
        self.0.reboot.as_ref()
    }

    /// The same failure with its reason put behind what was being done: `context: reason`.
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// fn exit_status(text: &str) -> Outcome<i32> {
    ///     text.trim().parse().map_err(|error| Failure::from(error).context("what `docker wait` printed"))
    /// }
    /// let failure = exit_status("137x").unwrap_err();
    /// assert_eq!(failure.reason(), "what `docker wait` printed: invalid digit found in string");
    /// ```
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.0.reason = format!("{context}: {}", self.0.reason);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.verdict, self.0.reason)
    }
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let error: &(dyn Error + 'static) = &error;
        let reason = with_causes(error);
        let (verdict, evidence) = if let Some(failed) = error.downcast_ref::<CheckFailed>() {
            (Verdict::Fail, Some(failed.evidence.clone()))
        } else if let Some(failed) = error.downcast_ref::<CommandFailure>() {
            (failed.verdict(), Some(Box::new(failed.evidence())))
        } else if let Some((verdict, evidence)) = of_api(error) {
            (verdict, Some(Box::new(evidence)))
        } else if error.is::<NotApplicable>() {
            (Verdict::TestNa, None)
        } else if error.is::<Attention>() {
            (Verdict::Warn, None)
        } else if error.is::<Cancelled>() {
            (Verdict::Abort, None)
        } else {
            (Verdict::Error, None)
        };
        Failure(Box::new(Inner { verdict, reason, evidence, reboot: None }))
    }
}

#[cfg(feature = "api")]
fn of_api(error: &(dyn Error + 'static)) -> Option<(Verdict, Evidence)> {
    let failed = error.downcast_ref::<crate::engine::ApiFailure>()?;
    Some((failed.verdict(), failed.evidence()))
}

/// Nobody can have asked the API.
#[cfg(not(feature = "api"))]
fn of_api(_error: &(dyn Error + 'static)) -> Option<(Verdict, Evidence)> {
    None
}

/// The engine broke a promise: `FAIL`.
///
/// Usually made by [`check!`](crate::check), [`check_eq!`](crate::check_eq) or the checks of [`crate::engine`].
///
/// ```
/// use dockertest::outcome::Evidence;
/// use dockertest::prelude::*;
///
/// let evidence = Evidence {
///     command: Some("docker ps --quiet".to_owned()),
///     expected: Some("no container".to_owned()),
///     seen: Some("4c01db0b339c".to_owned()),
///     ..Evidence::default()
/// };
/// let failure = Failure::from(CheckFailed::new("a container is left", evidence));
/// assert_eq!(failure.to_string(), "FAIL: a container is left");
/// assert_eq!(failure.evidence().unwrap().seen.as_deref(), Some("4c01db0b339c"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct CheckFailed {
    reason: String,
    evidence: Box<Evidence>,
}

impl CheckFailed {
    /// A broken promise, described by what is shown for it.
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// let failed = CheckFailed::new("the container still runs", dockertest::outcome::Evidence::default());
    /// assert_eq!(failed.to_string(), "the container still runs");
    /// ```
    #[must_use]
    pub fn new(reason: impl Into<String>, evidence: Evidence) -> Self {
        CheckFailed { reason: reason.into(), evidence: Box::new(evidence) }
    }

    /// What was seen is not what was expected. The reason holds both if they are short; in any case both are shown.
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// let failed = CheckFailed::unequal("the exit status", "137", "0");
    /// assert_eq!(failed.to_string(), "the exit status: expected `137`, seen `0`");
    /// let failed = CheckFailed::unequal("the list", "one\ntwo\nthree\n", "one\nthree\n");
    /// assert_eq!(failed.to_string(), "the list: what was seen is not what is expected");
    /// assert!(Failure::from(failed).evidence().unwrap().difference.as_deref().unwrap().contains("-two"));
    /// ```
    #[must_use]
    pub fn unequal(what: impl fmt::Display, expected: impl Into<String>, seen: impl Into<String>) -> Self {
        let (expected, seen) = (expected.into(), seen.into());
        let is_short = |text: &str| text.len() <= SHORT && text.trim_end_matches('\n').lines().count() <= 1;
        let reason = if is_short(&expected) && is_short(&seen) {
            format!("{what}: expected `{expected}`, seen `{seen}`")
        } else {
            format!("{what}: what was seen is not what is expected")
        };
        let has_lines = expected.lines().count() > 1 && seen.lines().count() > 1;
        let difference = has_lines.then(|| difference(&expected, &seen));
        let evidence = Evidence { expected: Some(expected), seen: Some(seen), difference, ..Evidence::default() };
        CheckFailed::new(reason, evidence)
    }

    /// The same with the command that was checked.
    pub(crate) fn of_command(mut self, command: &str) -> Self {
        self.evidence.command = Some(command.to_owned());
        self
    }
}

/// The test does not apply here: `TEST_NA`. The text says why, and what was found.
///
/// ```
/// use dockertest::prelude::*;
///
/// fn initialize(has_selinux: bool) -> Outcome {
///     if !has_selinux {
///         return Err(NotApplicable::because("SELinux is not enabled on this machine").into());
///     }
///     Ok(())
/// }
/// assert_eq!(initialize(false).unwrap_err().to_string(), "TEST_NA: SELinux is not enabled on this machine");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotApplicable(String);

impl NotApplicable {
    /// Does not apply, for this reason.
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// let error = NotApplicable::because("the kernel has no user namespaces");
    /// assert_eq!(error.to_string(), "the kernel has no user namespaces");
    /// ```
    #[must_use]
    pub fn because(reason: impl Into<String>) -> Self {
        NotApplicable(reason.into())
    }
}

/// The promise was kept, but somebody should look: `WARN`.
///
/// ```
/// use dockertest::prelude::*;
///
/// fn postprocess(seconds: u32) -> Outcome {
///     if seconds > 10 {
///         return Err(Attention::because(format!("stopping took {seconds} s")).into());
///     }
///     Ok(())
/// }
/// assert_eq!(postprocess(12).unwrap_err().to_string(), "WARN: stopping took 12 s");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Attention(String);

impl Attention {
    /// Somebody should look, for this reason.
    ///
    /// ```
    /// # use dockertest::prelude::*;
    /// let error = Attention::because("the image was removed by somebody else");
    /// assert_eq!(error.to_string(), "the image was removed by somebody else");
    /// ```
    #[must_use]
    pub fn because(reason: impl Into<String>) -> Self {
        Attention(reason.into())
    }
}

/// The step was asked to stop: `ABORT`.
///
/// ```
/// use dockertest::subtest::{Cancelled, Failure};
///
/// let failure = Failure::from(Cancelled::new("interrupted by the user"));
/// assert_eq!(failure.to_string(), "ABORT: interrupted by the user");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
#[non_exhaustive]
pub struct Cancelled {
    /// Who asked, and why.
    pub reason: String,
}

impl Cancelled {
    /// Who asked, and why.
    pub fn new(reason: impl Into<String>) -> Cancelled {
        Cancelled { reason: reason.into() }
    }
}

/// Fails the phase with `FAIL` unless a condition holds.
///
/// The text names the promise. Format arguments may follow it.
///
/// ```
/// use dockertest::prelude::*;
///
/// fn phase(exit_status: i32) -> Outcome {
///     check!(exit_status == 0, "the exit status is 0, seen {exit_status}");
///     Ok(())
/// }
/// assert_eq!(phase(3).unwrap_err().to_string(), "FAIL: does not hold: the exit status is 0, seen 3");
/// ```
#[macro_export]
macro_rules! check {
    ($condition:expr, $($promise:tt)+) => {
        if !$condition {
            let promise = ::std::format!($($promise)+);
            return ::std::result::Result::Err($crate::subtest::CheckFailed::new(
                ::std::format!("does not hold: {promise}"),
                $crate::outcome::Evidence { expected: ::std::option::Option::Some(promise), ..::std::default::Default::default() },
            ).into());
        }
    };
}

/// Fails the phase with `FAIL` unless what was seen equals what is expected; both are shown.
///
/// ```
/// use dockertest::prelude::*;
///
/// fn phase(version: &str) -> Outcome {
///     check_eq!(version, "20.10.24", "the server's version");
///     Ok(())
/// }
/// let failure = phase("19.03").unwrap_err();
/// assert_eq!(failure.reason(), "the server's version: expected `20.10.24`, seen `19.03`");
/// ```
#[macro_export]
macro_rules! check_eq {
    ($seen:expr, $expected:expr, $($what:tt)+) => {
        // A `match` keeps temporaries of both expressions until the end, which a `let` would not.
        match (&$seen, &$expected) {
            (seen, expected) => if seen != expected {
                let seen = ::std::string::ToString::to_string(seen);
                let expected = ::std::string::ToString::to_string(expected);
                let what = ::std::format_args!($($what)+);
                return ::std::result::Result::Err($crate::subtest::CheckFailed::unequal(what, expected, seen).into());
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use std::io;

    use rstest::rstest;

    use super::*;

    fn judged<E: Error + 'static>(error: E) -> Verdict {
        Failure::from(error).verdict()
    }

    #[rstest]
    #[case(judged(CheckFailed::new("x", Evidence::default())), Verdict::Fail)]
    #[case(judged(NotApplicable::because("x")), Verdict::TestNa)]
    #[case(judged(Attention::because("x")), Verdict::Warn)]
    #[case(judged(Cancelled { reason: "x".into() }), Verdict::Abort)]
    #[case(judged(io::Error::other("x")), Verdict::Error)]
    fn the_type_of_an_error_decides_the_verdict(#[case] seen: Verdict, #[case] expected: Verdict) {
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_check_may_look_at_a_temporary() {
        fn phase(text: &[u8]) -> Outcome {
            check_eq!(String::from_utf8_lossy(text).trim(), "hello", "the greeting");
            Ok(())
        }
        assert!(phase(b"hello\n").is_ok());
        assert_eq!(phase(b"bye").unwrap_err().reason(), "the greeting: expected `hello`, seen `bye`");
    }

    #[test]
    fn the_reason_has_all_causes_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read the list")]
        struct Outer(#[source] io::Error);
        let failure = Failure::from(Outer(io::Error::other("disk on fire")));
        assert_eq!(failure.context("initialize").reason(), "initialize: cannot read the list: disk on fire");
    }
}
