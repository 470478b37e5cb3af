//! How long callouts may take.

use std::time::Duration;

/// How long each callout may take; zero: as long as it likes.
///
/// ```
/// use dockertest::environment::CalloutLimits;
///
/// assert_eq!(CalloutLimits::default().provision.as_secs(), 600);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CalloutLimits {
    /// One call of `instance_provision`.
    pub provision: Duration,
    /// A call of `instance_execute` that lists subtests. Steps have limits of their own, which count the callout, too.
    pub execute: Duration,
    /// One call of `instance_dispose`.
    pub dispose: Duration,
    /// The call of `test_run_concurrency`.
    pub concurrency: Duration,
}

impl Default for CalloutLimits {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        CalloutLimits { provision: minutes(10), execute: minutes(2), dispose: minutes(2), concurrency: minutes(1) }
    }
}
