//! How a step, a sub-subtest or a whole run ended, in one word.
//!
//! ```
//! use dockertest::verdict::Verdict;
//!
//! let line = "GOOD docker/subtests/docker_cli/version.test_1-of-1"; // as the status log begins one
//! let verdict: Verdict = line.split(' ').next().unwrap_or_default().parse()?;
//! assert!(verdict.is_passed());
//! # Ok::<(), dockertest::verdict::UnknownVerdict>(())
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How a step or sub-subtest ended.
///
/// The words are those of Autotest's status log; what each means is decided by who is to blame:
///
/// | verdict | meaning |
/// | --- | --- |
/// | [`Good`](Verdict::Good) | the engine kept its promise |
/// | [`TestNa`](Verdict::TestNa) | the test does not apply here; the reason says why |
/// | [`Warn`](Verdict::Warn) | kept, but somebody should look (also: a known failure) |
/// | [`Fail`](Verdict::Fail) | the engine broke its promise |
/// | [`Error`](Verdict::Error) | the test could not do its job |
/// | [`Abort`](Verdict::Abort) | the host or the runner died, or time ran out |
///
/// Verdicts are ordered from best to worst, so the worst of several is their maximum:
///
/// ```
/// use dockertest::verdict::Verdict;
///
/// let worst = [Verdict::Good, Verdict::Fail, Verdict::TestNa].into_iter().max();
/// assert_eq!(worst, Some(Verdict::Fail));
/// assert_eq!(Verdict::TestNa.to_string(), "TEST_NA");
/// assert_eq!("ABORT".parse(), Ok(Verdict::Abort));
/// ```
// The words are Autotest's, and who maps them to other words has to think of each: so this is not `#[non_exhaustive]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// The engine kept its promise.
    Good,
    /// The test does not apply here.
    TestNa,
    /// Kept, but somebody should look.
    Warn,
    /// The engine broke its promise.
    Fail,
    /// The test could not do its job.
    Error,
    /// The host or the runner died, or time ran out.
    Abort,
}

impl Verdict {
    /// All verdicts, from best to worst.
    ///
    /// ```
    /// # use dockertest::verdict::Verdict;
    /// let words: Vec<&str> = Verdict::ALL.iter().map(|verdict| verdict.as_str()).collect();
    /// assert_eq!(words.join(" < "), "GOOD < TEST_NA < WARN < FAIL < ERROR < ABORT");
    /// ```
    pub const ALL: [Verdict; 6] =
        [Verdict::Good, Verdict::TestNa, Verdict::Warn, Verdict::Fail, Verdict::Error, Verdict::Abort];

    /// The word used in the status log, for example `TEST_NA`.
    ///
    /// ```
    /// # use dockertest::verdict::Verdict;
    /// assert_eq!(Verdict::TestNa.as_str(), "TEST_NA");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Good => "GOOD",
            Verdict::TestNa => "TEST_NA",
            Verdict::Warn => "WARN",
            Verdict::Fail => "FAIL",
            Verdict::Error => "ERROR",
            Verdict::Abort => "ABORT",
        }
    }

    /// Whether a run with this verdict still counts as passed: `GOOD`, `WARN` and `TEST_NA`.
    ///
    /// ```
    /// # use dockertest::verdict::Verdict;
    /// assert!(Verdict::Warn.is_passed() && Verdict::TestNa.is_passed());
    /// assert!(!Verdict::Error.is_passed());
    /// ```
    #[must_use]
    pub const fn is_passed(self) -> bool {
        matches!(self, Verdict::Good | Verdict::TestNa | Verdict::Warn)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is none of the six verdicts.
///
/// ```
/// use dockertest::verdict::Verdict;
///
/// let unknown = "good".parse::<Verdict>().unwrap_err(); // only capitals
/// assert_eq!(
///     unknown.to_string(),
///     "`good` is not a verdict (expected GOOD, TEST_NA, WARN, FAIL, ERROR or ABORT)"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a verdict (expected GOOD, TEST_NA, WARN, FAIL, ERROR or ABORT)")]
pub struct UnknownVerdict(String);

impl FromStr for Verdict {
    type Err = UnknownVerdict;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == word).ok_or_else(|| UnknownVerdict(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_reads_back_from_its_word_and_its_json() {
        for verdict in Verdict::ALL {
            assert_eq!(verdict.as_str().parse(), Ok(verdict));
            assert_eq!(serde_json::to_string(&verdict).unwrap(), format!("\"{verdict}\""));
        }
        assert!("good".parse::<Verdict>().is_err());
    }
}
