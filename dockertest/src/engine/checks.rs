//! What a command's status and outputs must be.

use similar::TextDiff;

use crate::engine::CommandFailure;
use crate::engine::completed::Completed;

/// How docker's client begins to say that it cannot read its own configuration. It goes on without.
const CLOSED_HOME: &str = "WARNING: Error loading config file: ";

/// A sign in an output that something is wrong, for [`Completed::clean_but`].
///
/// ```
/// use dockertest::engine::{Completed, Sign};
///
/// let listed = Completed::new("docker ps -a", 0, "my-error-handler\n", "");
/// assert!(listed.clone().clean().is_err());
/// assert!(listed.clean_but(&[Sign::Error]).is_ok());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Sign {
    /// A Go program, or its logger, says that it gives up.
    #[error("a crash")]
    Crash,
    /// A line that explains how a command is used.
    #[error("a usage message")]
    Usage,
    /// The word "error", in any case.
    #[error("an error message")]
    Error,
    /// Anything but printable ASCII and white space.
    #[error("something unprintable")]
    Unprintable,
}

impl Sign {
    const ALL: [Sign; 4] = [Sign::Crash, Sign::Usage, Sign::Error, Sign::Unprintable];

    fn is_in(self, line: &str) -> bool {
        match self {
            Sign::Crash => is_crash(line),
            Sign::Usage => {
                let line = line.trim_start().to_lowercase();
                let usage = line.strip_prefix("usage:").map(str::trim_start);
                usage
                    .is_some_and(|usage| usage.is_empty() || usage.starts_with("docker") || usage.starts_with("podman"))
            }
            Sign::Error => line.to_lowercase().contains("error"),
            Sign::Unprintable => line.chars().any(|c| !(c == ' ' || c.is_ascii_graphic() || c.is_ascii_whitespace())),
        }
    }
}

impl Completed {
    /// Fails unless the status is 0 and standard error has no sign of a crash.
    ///
    /// Standard output is not searched: a table of containers shows what others have named and typed. What may stand
    /// there is up to [`prints`](Self::prints) and [`clean`](Self::clean).
    ///
    /// # Errors
    /// `FAIL` with both outputs; `ERROR` when the reason is that no engine answers.
    ///
    /// ```
    /// # use dockertest::engine::Completed;
    /// use dockertest::verdict::Verdict;
    ///
    /// let failure = Completed::new("docker version", 1, "", "unknown flag: --formta").must_pass().unwrap_err();
    /// assert_eq!(failure.to_string(), "`docker version` ended with exit status 1, expected exit status 0");
    /// assert_eq!(failure.verdict(), Verdict::Fail);
    ///
    /// let down = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock.";
    /// let down = Completed::new("docker version", 1, "", down);
    /// assert_eq!(down.must_pass().unwrap_err().verdict(), Verdict::Error);
    ///
    /// // The status alone does not make it right:
    /// let crashed = Completed::new("docker version", 0, "", "panic: runtime error: index out of range");
    /// assert_eq!(crashed.must_pass().unwrap_err().verdict(), Verdict::Fail);
    /// ```
    pub fn must_pass(self) -> Result<Self, CommandFailure> {
        self.must_end_with(Some(0))
    }

    /// Fails unless the status is this one and standard error has no sign of a crash.
    ///
    /// # Errors
    /// As for [`must_pass`](Self::must_pass), also `ERROR` when it failed because no engine answers.
    ///
    /// ```
    /// # use dockertest::engine::Completed;
    /// assert!(Completed::new("docker run", 125, "", "unknown flag: --formta").must_fail(125).is_ok());
    /// assert!(Completed::new("docker run", 0, "", "").must_fail(125).is_err());
    /// ```
    pub fn must_fail(self, status: i32) -> Result<Self, CommandFailure> {
        self.must_end_with(Some(status))
    }

    /// Fails unless the status is another one than 0 and standard error has no sign of a crash. For what engines agree to
    /// refuse, but not with which status.
    ///
    /// # Errors
    /// As for [`must_fail`](Self::must_fail).
    ///
    /// ```
    /// # use dockertest::engine::Completed;
    /// assert!(Completed::new("podman rm x", 125, "", "no container with name x").must_fail_any().is_ok());
    /// assert!(Completed::new("docker rm x", 0, "x", "").must_fail_any().is_err());
    /// ```
    pub fn must_fail_any(self) -> Result<Self, CommandFailure> {
        self.must_end_with(None)
    }

    /// Fails when an output tells of something wrong: a crash, a usage message, the word "error", characters that are
    /// not printable ASCII. Debug lines of the client (`docker_options = --debug`) do not count.
    ///
    /// # Errors
    /// `FAIL` with the line and what it is taken for.
    ///
    /// ```
    /// # use dockertest::engine::Completed;
    /// let failure = Completed::new("docker kill x", 0, "x\n", "Error: not really").clean().unwrap_err();
    /// assert_eq!(failure.to_string(), "`docker kill x` printed an error message: Error: not really");
    /// assert!(Completed::new("docker kill x", 0, "x\n", "").clean().is_ok());
    /// ```
    pub fn clean(self) -> Result<Self, CommandFailure> {
        self.clean_but(&[])
    }

    /// The same, but these signs are expected.
    ///
    /// # Errors
    /// As for [`clean`](Self::clean).
    ///
    /// ```
    /// # use dockertest::engine::{Completed, Sign};
    /// let shown = Completed::new("docker run --help", 0, "Usage:  docker run [OPTIONS] IMAGE", "");
    /// assert!(shown.clean_but(&[Sign::Usage]).is_ok());
    /// ```
    pub fn clean_but(self, expected: &[Sign]) -> Result<Self, CommandFailure> {
        let stdout = self.stdout_text().into_owned();
        let lines = stdout.lines().map(str::to_owned).chain(self.said());
        let looked_for = || Sign::ALL.into_iter().filter(|sign| !expected.contains(sign));
        let found = lines.into_iter().find_map(|line| Some((looked_for().find(|sign| sign.is_in(&line))?, line)));
        match found {
            Some((sign, line)) => Err(CommandFailure::Unclean { sign, line, completed: Box::new(self) }),
            None => Ok(self),
        }
    }

    /// Fails unless exactly this was printed on standard output, and nothing on standard error. Debug lines of the
    /// client (`docker_options = --debug`) do not count.
    ///
    /// # Errors
    /// `FAIL` with what was expected and seen, and the difference.
    ///
    /// ```
    /// # use dockertest::engine::Completed;
    /// assert!(Completed::new("docker kill x", 0, "x\n", "").prints("x\n").is_ok());
    /// let failure = Completed::new("docker kill x", 0, "x\ny\n", "").prints("x\n").unwrap_err();
    /// assert_eq!(failure.to_string(), "`docker kill x` printed something else on standard output than it must");
    /// assert!(failure.evidence().difference.unwrap().contains("+y"));
    /// ```
    pub fn prints(self, stdout: &str) -> Result<Self, CommandFailure> {
        let (seen, said) = (self.stdout_text().into_owned(), self.said().join("\n"));
        let (output, expected, seen) = match (seen == stdout, said.is_empty()) {
            (true, true) => return Ok(self),
            (false, _) => ("standard output", stdout.to_owned(), seen),
            (true, false) => ("standard error", String::new(), said),
        };
        Err(CommandFailure::WrongOutput { output, expected, seen, completed: Box::new(self) })
    }

    /// The lines of standard error, but for the debug lines of the client, and its complaint that it cannot read its
    /// configuration: that is about the home of whoever tests, not about the engine.
    ///
    /// ```
    /// # use dockertest::engine::Completed;
    /// let stderr = "time=\"2026-01-02T03:04:05Z\" level=debug msg=\"no error\"\nWARNING: no swap limit\n";
    /// assert_eq!(Completed::new("docker -D run", 0, "", stderr).said(), ["WARNING: no swap limit"]);
    /// ```
    #[must_use]
    pub fn said(&self) -> Vec<String> {
        let is_debug = |line: &str| line.starts_with("time=\"") && line.contains(" level=debug ");
        let is_of_home = |line: &str| line.starts_with(CLOSED_HOME);
        self.stderr_text().lines().filter(|line| !is_debug(line) && !is_of_home(line)).map(str::to_owned).collect()
    }

    /// `None` is any status but 0.
    fn must_end_with(self, expected: Option<i32>) -> Result<Self, CommandFailure> {
        if let Some(line) = self.crash_line() {
            return Err(CommandFailure::Crashed { line, completed: Box::new(self) });
        }
        if self.status.success() && expected == Some(0) {
            return Ok(self);
        }
        // A command that must fail proves nothing when it did not get as far as the engine.
        if let Some(line) = self.unreachable_line() {
            return Err(CommandFailure::Unreachable { line, completed: Box::new(self) });
        }
        match (expected, self.status.code()) {
            (Some(expected), seen) if seen == Some(expected) => Ok(self),
            (None, Some(1..)) => Ok(self),
            (Some(expected), _) => Err(CommandFailure::WrongStatus { expected, completed: Box::new(self) }),
            (None, _) => Err(CommandFailure::Passed { completed: Box::new(self) }),
        }
    }

    /// A line by which a Go program says that it crashed, or its logger that it gave up.
    fn crash_line(&self) -> Option<String> {
        self.stderr_text().lines().find(|line| is_crash(line)).map(str::to_owned)
    }

    /// A line by which a client says that no engine answers.
    fn unreachable_line(&self) -> Option<String> {
        const SIGNS: [&str; 8] = [
            "cannot connect to the docker daemon",
            "permission denied while trying to connect to the docker daemon",
            "permission denied while trying to connect to the docker api",
            "unable to connect to podman",
            "error during connect",
            "failed to connect to the docker api",
            "cannot connect to podman",
            "unable to resolve docker endpoint",
        ];
        let text = self.stderr_text();
        let says_so = |line: &&str| SIGNS.iter().any(|sign| line.to_lowercase().contains(sign));
        text.lines().find(says_so).map(|line| line.trim().to_owned())
    }
}

fn is_crash(line: &str) -> bool {
    let fatal = line.split_once("FATA[").is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()));
    line.trim_start().starts_with("panic: ") || line.starts_with("fatal error: ") || fatal
}

/// What is different, line by line, with a little of what is not.
pub(crate) fn difference(expected: &str, seen: &str) -> String {
    let diff = TextDiff::from_lines(expected, seen);
    diff.unified_diff().context_radius(2).header("expected", "seen").to_string()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::verdict::Verdict;

    fn ended(status: u8, stderr: &str) -> Completed {
        Completed::new("docker version", status, "", stderr)
    }

    const DOWN: &str =
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";
    const DENIED: &str = "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: dial unix: connect: permission denied";

    #[rstest]
    #[case::down(DOWN)]
    #[case::not_allowed(DENIED)]
    #[case::not_allowed_by_old_clients(&format!("Got {DENIED}"))]
    #[case::podman("Error: unable to connect to Podman socket: dial unix /run/podman/podman.sock: no such file")]
    fn an_engine_that_does_not_answer_proves_nothing(#[case] stderr: &str) {
        let passed = ended(1, stderr).must_pass().unwrap_err();
        assert_eq!(passed.verdict(), Verdict::Error, "{passed}");
        let failed = ended(1, stderr).must_fail(1).unwrap_err();
        assert_eq!(failed.verdict(), Verdict::Error, "a command that must fail did not get to the engine: {failed}");
        let failed = ended(1, stderr).must_fail_any().unwrap_err();
        assert_eq!(failed.verdict(), Verdict::Error, "{failed}");
    }

    #[test]
    fn an_output_that_only_speaks_of_a_daemon_is_none_of_that() {
        ended(0, DOWN).must_pass().unwrap();
        ended(1, "Error: No such container: x").must_fail(1).unwrap();
        assert_eq!(ended(2, "").must_fail(1).unwrap_err().verdict(), Verdict::Fail);
    }

    #[rstest]
    #[case::nothing("", "", None)]
    #[case::name("x\n", "", None)]
    #[case::panic("", "panic: runtime error: x\n", Some(Sign::Crash))]
    #[case::fatal("", "time=1 FATA[0001] gone\n", Some(Sign::Crash))]
    #[case::usage("Usage:  docker kill [OPTIONS] CONTAINER\n", "", Some(Sign::Usage))]
    #[case::usage_of_podman("", "USAGE: podman kill\n", Some(Sign::Usage))]
    #[case::usage_of_something("disk usage: low\n", "", None)]
    #[case::error("", "an ERROR\n", Some(Sign::Error))]
    #[case::error_in_debug("", "time=\"x\" level=debug msg=\"no error\"\n", None)]
    #[case::closed_home("", "WARNING: Error loading config file: /root/.docker/config.json: permission denied\n", None)]
    #[case::error_in_warning("", "time=\"x\" level=warning msg=\"error\"\n", Some(Sign::Error))]
    #[case::ellipsis("abc\u{2026}\n", "", Some(Sign::Unprintable))]
    #[case::control("a\u{1b}[0m\n", "", Some(Sign::Unprintable))]
    #[case::terminal_line("a\tb\r\n", "", None)]
    fn a_clean_output_has_no_sign(#[case] stdout: &str, #[case] stderr: &str, #[case] sign: Option<Sign>) {
        let seen = match Completed::new("docker kill x", 0, stdout, stderr).clean() {
            Ok(_) => None,
            Err(CommandFailure::Unclean { sign, .. }) => Some(sign),
            Err(other) => panic!("{other}"),
        };
        assert_eq!(seen, sign);
        let all = Completed::new("docker kill x", 0, stdout, stderr).clean_but(&Sign::ALL);
        assert!(all.is_ok());
    }

    #[rstest]
    #[case::right("x\n", "", None)]
    #[case::debug("x\n", "time=\"x\" level=debug msg=y\n", None)]
    #[case::more("x\ny\n", "", Some("standard output"))]
    #[case::no_line_end("x", "", Some("standard output"))]
    #[case::warning("x\n", "WARNING\n", Some("standard error"))]
    #[case::closed_home(
        "x\n",
        "WARNING: Error loading config file: /root/.docker/config.json: open /root/.docker/config.json: permission denied\n",
        None
    )]
    fn what_is_printed_is_compared_in_whole(#[case] stdout: &str, #[case] stderr: &str, #[case] wrong: Option<&str>) {
        let seen = match Completed::new("docker kill x", 0, stdout, stderr).prints("x\n") {
            Ok(_) => None,
            Err(CommandFailure::WrongOutput { output, .. }) => Some(output),
            Err(other) => panic!("{other}"),
        };
        assert_eq!(seen, wrong);
    }

    #[test]
    fn what_others_have_in_a_table_is_no_crash_of_the_client() {
        let rows = "CONTAINER ID   COMMAND\nabc   \"echo FATA[0000]\"\npanic: a name\n";
        Completed::new("docker ps", 0, rows, "").must_pass().unwrap();
        Completed::new("docker ps", 1, rows, "").must_fail(1).unwrap();
        let crashed = Completed::new("docker ps", 0, "", rows).must_pass().unwrap_err();
        assert!(matches!(crashed, CommandFailure::Crashed { .. }), "{crashed}");
        assert!(Completed::new("docker ps", 0, rows, "").clean().is_err());
    }

    #[rstest]
    #[case(0, false)]
    #[case(1, true)]
    #[case(125, true)]
    fn any_failure_is_any_status_but_0(#[case] status: u8, #[case] is_failure: bool) {
        assert_eq!(ended(status, "").must_fail_any().is_ok(), is_failure);
    }

    #[test]
    fn a_client_that_was_killed_did_not_fail_by_itself() {
        use std::os::unix::process::ExitStatusExt;
        let killed = Completed { status: std::process::ExitStatus::from_raw(9), ..ended(0, "") };
        assert_eq!(killed.must_fail_any().unwrap_err().verdict(), Verdict::Fail);
    }
}
