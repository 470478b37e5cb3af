//! The callout that says how many instances there should be.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use super::call::{Call, Tell};
use crate::environment::settings::number_of_jobs;
use crate::host::CancelToken;

/// The callout `test_run_concurrency` did not say how many.
///
/// ```
/// use std::time::Duration;
///
/// use dockertest::environment::concurrency;
/// use dockertest::host::CancelToken;
///
/// let limit = Duration::from_secs(60);
/// let failure = concurrency("echo no idea >&2; exit 3", "/".as_ref(), limit, &CancelToken::new()?, &|_| {}).unwrap_err();
/// assert_eq!(failure.to_string(), "`test_run_concurrency` ended with status 3\n    no idea");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConcurrencyFailure {
    text: String,
}

impl fmt::Display for ConcurrencyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for ConcurrencyFailure {}

/// Calls `test_run_concurrency` in the folder of the project: the first line that it prints is a number from 1, or `auto`
/// or 0 for no limit. Other lines do not count. What it says on standard error is told.
///
/// # Errors
/// It fails, takes too long, or prints something else.
///
/// ```
/// use std::time::Duration;
///
/// use dockertest::environment::concurrency;
/// use dockertest::host::CancelToken;
///
/// let jobs = concurrency("echo 3", "/".as_ref(), Duration::from_secs(60), &CancelToken::new()?, &|_| {})?;
/// assert_eq!(jobs.map(usize::from), Some(3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn concurrency(
    callout: &str,
    folder: &Path,
    limit: Duration,
    cancel: &CancelToken,
    tell: Tell<'_>,
) -> Result<Option<NonZeroUsize>, ConcurrencyFailure> {
    let failed = |text: String| ConcurrencyFailure { text };
    let name = "test_run_concurrency";
    let call =
        Call { name, text: callout.to_owned(), folder, variables: Vec::new(), limit, cancel: Some(cancel), tell };
    let printed = call.printed().map_err(|failure| failed(failure.to_string()))?;
    let printed = String::from_utf8_lossy(&printed);
    let first = printed.lines().map(str::trim).find(|line| !line.is_empty());
    let expected = "expected a whole number from 1, `auto` or 0";
    let Some(line) = first else { return Err(failed(format!("`{name}` printed nothing; {expected}"))) };
    number_of_jobs(line).ok_or_else(|| {
        let shown: String = line.chars().take(80).collect();
        failed(format!("`{name}` printed `{}`; {expected}", shown.escape_debug()))
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn ask(callout: &str) -> Result<Option<usize>, String> {
        let asked =
            concurrency(callout, Path::new("/"), Duration::from_secs(60), &CancelToken::new().unwrap(), &|_| {});
        asked.map(|jobs| jobs.map(usize::from)).map_err(|failure| failure.to_string())
    }

    #[rstest]
    #[case::number("echo 3", Some(3))]
    #[case::first_line_that_is_not_empty("echo; echo ' 2 '; echo 7", Some(2))]
    #[case::zero("echo 0", None)]
    #[case::auto("echo auto", None)]
    fn the_first_line_counts(#[case] callout: &str, #[case] expected: Option<usize>) {
        assert_eq!(ask(callout), Ok(expected));
    }

    /// The status and standard error are told.
    #[rstest]
    #[case::fails("echo 3; echo why >&2; exit 4", "`test_run_concurrency` ended with status 4\n    why")]
    #[case::nothing("true", "`test_run_concurrency` printed nothing; expected a whole number")]
    #[case::words("echo many", "`test_run_concurrency` printed `many`; expected a whole number")]
    #[case::negative("echo -1", "`test_run_concurrency` printed `-1`; expected")]
    fn anything_else_is_told(#[case] callout: &str, #[case] expected: &str) {
        let failure = ask(callout).unwrap_err();
        assert!(failure.starts_with(expected), "{failure}");
    }
}
