//! How a command must end, as the configuration says it.

use crate::config::Section;
use crate::engine::{CommandFailure, Completed};
use crate::subtest::{Failure, Outcome};
use crate::verdict::Verdict;

/// The option that says it in a word, and the one that says it in a number.
const WORD: &str = "docker_expected_result";
const NUMBER: &str = "docker_expected_exit_status";

/// How a command must end.
///
/// ```
/// use dockertest::engine::{Completed, Expected};
///
/// let refused = Completed::new("docker tag -f a b", 125, "", "unknown shorthand flag: 'f' in -f");
/// assert!(refused.clone().must_end(Expected::Failure).is_ok());
/// assert!(refused.clone().must_end(Expected::Status(125)).is_ok());
/// assert!(refused.must_end(Expected::SUCCESS).is_err());
/// ```
// A status or any other than 0: there is no third way of ending by oneself, so this is not `#[non_exhaustive]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// With this status.
    Status(i32),
    /// With any status but 0.
    Failure,
}

impl Expected {
    /// With status 0.
    pub const SUCCESS: Expected = Expected::Status(0);

    /// What the options say: `docker_expected_exit_status` (a number) or else `docker_expected_result` (`PASS` or
    /// `FAIL`). Nothing if neither is set.
    ///
    /// # Errors
    /// `ERROR` when an option has another value.
    ///
    /// ```
    /// use dockertest::config::Layers;
    /// use dockertest::engine::Expected;
    ///
    /// let section = Layers::new().set("docker_expected_result=FAIL").load()?.defaults();
    /// assert_eq!(Expected::of(&section).unwrap(), Some(Expected::Failure));
    /// let section = Layers::new().set("docker_expected_exit_status=1").load()?.defaults();
    /// assert_eq!(Expected::of(&section).unwrap(), Some(Expected::Status(1)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(section: &Section) -> Outcome<Option<Expected>> {
        let given = |option| section.get(option).map(str::trim).filter(|value| !value.is_empty());
        if let Some(number) = given(NUMBER) {
            let status = number.parse().ok().filter(|status| (0..256).contains(status));
            return status
                .map(|status| Some(Expected::Status(status)))
                .ok_or_else(|| wrong(NUMBER, number, "0 to 255"));
        }
        match given(WORD) {
            None => Ok(None),
            Some("PASS") => Ok(Some(Expected::SUCCESS)),
            Some("FAIL") => Ok(Some(Expected::Failure)),
            Some(word) => Err(wrong(WORD, word, "`PASS` or `FAIL`")),
        }
    }

    /// Whether the command must do what it was told.
    ///
    /// ```
    /// # use dockertest::engine::Expected;
    /// assert!(Expected::SUCCESS.is_success() && !Expected::Status(1).is_success() && !Expected::Failure.is_success());
    /// ```
    #[must_use]
    pub fn is_success(self) -> bool {
        self == Expected::SUCCESS
    }
}

impl Completed {
    /// Fails unless it ended in this way, without a sign of a crash.
    ///
    /// # Errors
    /// As for [`must_pass`](Self::must_pass) and [`must_fail`](Self::must_fail).
    ///
    /// ```
    /// # use dockertest::engine::{Completed, Expected};
    /// assert!(Completed::new("docker rmi x", 1, "", "No such image: x").must_end(Expected::Failure).is_ok());
    /// assert!(Completed::new("docker rmi x", 0, "", "No such image: x").must_end(Expected::Failure).is_err());
    /// ```
    pub fn must_end(self, expected: Expected) -> Result<Self, CommandFailure> {
        match expected {
            Expected::Status(status) => self.must_fail(status),
            Expected::Failure => self.must_fail_any(),
        }
    }
}

fn wrong(option: &str, value: &str, expected: &str) -> Failure {
    Failure::new(Verdict::Error, format!("the option `{option}` is `{value}`, expected {expected}"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::config::Layers;

    #[rstest]
    #[case("docker_expected_result=maybe", "the option `docker_expected_result` is `maybe`, expected `PASS` or `FAIL`")]
    #[case("docker_expected_exit_status=x", "the option `docker_expected_exit_status` is `x`, expected 0 to 255")]
    #[case("docker_expected_exit_status=256", "the option `docker_expected_exit_status` is `256`, expected 0 to 255")]
    fn other_values_are_refused(#[case] option: &str, #[case] text: &str) {
        let section = Layers::new().set(option).load().unwrap().defaults();
        let failure = Expected::of(&section).unwrap_err();
        assert_eq!((failure.verdict(), failure.reason()), (Verdict::Error, text));
    }

    #[test]
    fn the_number_goes_before_the_word() {
        let layers = Layers::new().set("docker_expected_result=FAIL").set("docker_expected_exit_status=0");
        let section = layers.load().unwrap().defaults();
        assert_eq!(Expected::of(&section).unwrap(), Some(Expected::SUCCESS));
        let none = Layers::new().set("docker_expected_result=").load().unwrap().defaults();
        assert_eq!(Expected::of(&none).unwrap(), None);
    }
}
