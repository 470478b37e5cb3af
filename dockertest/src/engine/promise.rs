//! Checks of what a command did that show the command when they fail.

use std::fmt::Display;

use crate::engine::Completed;
use crate::outcome::Evidence;
use crate::subtest::{CheckFailed, Outcome};

impl Completed {
    /// Fails unless a promise holds; the failure shows the command and what it did.
    ///
    /// # Errors
    /// `FAIL`.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let seen = ctx.docker(["ps", "--all"]).must_pass()?;
    /// seen.check(seen.stdout.starts_with(b"CONTAINER ID"), "the table begins with its header")?;
    /// # Ok(()) }
    /// ```
    pub fn check(&self, holds: bool, promise: impl Display) -> Outcome {
        if holds {
            return Ok(());
        }
        let evidence = Evidence {
            command: Some(self.command.clone()),
            expected: Some(promise.to_string()),
            seen: Some(self.describe()),
            ..Evidence::default()
        };
        Err(CheckFailed::new(format!("does not hold: {promise}"), evidence).into())
    }

    /// Fails unless what was seen reads as what is expected; the failure shows the command and both.
    ///
    /// # Errors
    /// `FAIL`.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let seen = ctx.docker(["run", "--rm", "busybox", "echo", "hello"]).must_pass()?;
    /// seen.check_eq(seen.stdout_text(), "hello\n", "what the container printed")?;
    /// # Ok(()) }
    /// ```
    pub fn check_eq(&self, seen: impl Display, expected: impl Display, what: impl Display) -> Outcome {
        let (seen, expected) = (seen.to_string(), expected.to_string());
        if seen == expected {
            return Ok(());
        }
        Err(CheckFailed::unequal(what, expected, seen).of_command(&self.command).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    #[test]
    fn a_broken_promise_is_shown_with_its_command() {
        let seen = Completed::new("docker ps", 0, "one\n", "");
        assert!(seen.check(true, "x").is_ok() && seen.check_eq(1, 1, "x").is_ok());
        let failure = seen.check_eq(seen.stdout_text(), "two\n", "the name").unwrap_err();
        assert_eq!(
            (failure.verdict(), failure.evidence().unwrap().command.as_deref()),
            (Verdict::Fail, Some("docker ps"))
        );
        assert_eq!(failure.reason(), "the name: expected `two\n`, seen `one\n`");
        let (long, other) = (format!("{{{}}}", "1,".repeat(600)), "{}");
        let failure = seen.check_eq(&long, other, "the data").unwrap_err();
        assert_eq!(failure.reason(), "the data: what was seen is not what is expected");
        assert_eq!(failure.evidence().unwrap().seen.as_ref(), Some(&long));
        let failure = seen.check(false, "there are two").unwrap_err();
        assert!(failure.evidence().unwrap().seen.as_deref().unwrap().contains("stdout: one"));
    }
}
