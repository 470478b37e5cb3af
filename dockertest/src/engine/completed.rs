//! What a command did.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::engine::CommandFailure;

/// How much of an output is shown in a log or a failure.
const SHOWN_BYTES: usize = 4096;

/// What a command did until it ended, or until it was killed because its limit was over.
///
/// Usually made by [`Command::run`](super::Command::run). By hand, to try a check without an engine:
///
/// ```
/// use std::os::unix::process::ExitStatusExt;
/// use std::process::ExitStatus;
/// use std::time::Duration;
/// use dockertest::engine::Completed;
///
/// let seen = Completed {
///     command: "docker version".to_owned(),
///     status: ExitStatus::from_raw(0),
///     stdout: b"Client:\n Version: 20.10.24\n".to_vec(),
///     stderr: Vec::new(),
///     dropped_bytes: 0,
///     duration: Duration::from_millis(40),
/// };
/// assert!(seen.must_pass()?.stdout_text().contains("20.10.24"));
/// # Ok::<(), dockertest::engine::CommandFailure>(())
/// ```
#[derive(Debug, Clone)]
pub struct Completed {
    /// The command as it can be pasted into a shell.
    pub command: String,
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output, at most 16 MiB of it.
    pub stdout: Vec<u8>,
    /// Its standard error, at most 16 MiB of it.
    pub stderr: Vec<u8>,
    /// How many bytes of both outputs were dropped because they were more than that.
    pub dropped_bytes: u64,
    /// How long it took.
    pub duration: Duration,
}

impl Completed {
    /// Standard output as text; bytes that are no UTF-8 are replaced.
    ///
    /// ```
    /// # use std::os::unix::process::ExitStatusExt;
    /// # use std::process::ExitStatus;
    /// # use dockertest::engine::Completed;
    /// # let docker = |code: i32, stdout: &[u8], stderr: &[u8]| Completed {
    /// #     command: "docker version".to_owned(),
    /// #     status: ExitStatus::from_raw(code << 8),
    /// #     stdout: stdout.to_vec(),
    /// #     stderr: stderr.to_vec(),
    /// #     dropped_bytes: 0,
    /// #     duration: std::time::Duration::ZERO,
    /// # };
    /// let seen = docker(0, b"20.10\xff\n", b"");
    /// assert_eq!(seen.stdout_text(), "20.10\u{fffd}\n");
    /// ```
    #[must_use]
    pub fn stdout_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stdout)
    }

    /// Standard error as text; bytes that are no UTF-8 are replaced.
    ///
    /// ```
    /// # use std::os::unix::process::ExitStatusExt;
    /// # use std::process::ExitStatus;
    /// # use dockertest::engine::Completed;
    /// # let docker = |code: i32, stdout: &[u8], stderr: &[u8]| Completed {
    /// #     command: "docker version".to_owned(),
    /// #     status: ExitStatus::from_raw(code << 8),
    /// #     stdout: stdout.to_vec(),
    /// #     stderr: stderr.to_vec(),
    /// #     dropped_bytes: 0,
    /// #     duration: std::time::Duration::ZERO,
    /// # };
    /// let seen = docker(0, b"", b"WARNING: no swap limit support\n");
    /// assert!(seen.stderr_text().starts_with("WARNING"));
    /// ```
    #[must_use]
    pub fn stderr_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stderr)
    }

    /// Fails unless the status is 0 and there is no sign of a crash.
    ///
    /// # Errors
    /// `FAIL` with both outputs; `ERROR` when the reason is that no engine answers.
    ///
    /// ```
    /// # use std::os::unix::process::ExitStatusExt;
    /// # use std::process::ExitStatus;
    /// # use dockertest::engine::Completed;
    /// # let docker = |code: i32, stdout: &[u8], stderr: &[u8]| Completed {
    /// #     command: "docker version".to_owned(),
    /// #     status: ExitStatus::from_raw(code << 8),
    /// #     stdout: stdout.to_vec(),
    /// #     stderr: stderr.to_vec(),
    /// #     dropped_bytes: 0,
    /// #     duration: std::time::Duration::ZERO,
    /// # };
    /// use dockertest::verdict::Verdict;
    ///
    /// let failure = docker(1, b"", b"unknown flag: --formta").must_pass().unwrap_err();
    /// assert_eq!(failure.to_string(), "`docker version` ended with exit status 1, expected exit status 0");
    /// assert_eq!(failure.verdict(), Verdict::Fail);
    ///
    /// let down = docker(1, b"", b"Cannot connect to the Docker daemon at unix:///var/run/docker.sock.");
    /// assert_eq!(down.must_pass().unwrap_err().verdict(), Verdict::Error);
    ///
    /// // The status alone does not make it right:
    /// let crashed = docker(0, b"", b"panic: runtime error: index out of range").must_pass();
    /// assert_eq!(crashed.unwrap_err().verdict(), Verdict::Fail);
    /// ```
    pub fn must_pass(self) -> Result<Self, CommandFailure> {
        self.must_end_with(0)
    }

    /// Fails unless the status is this one and there is no sign of a crash.
    ///
    /// # Errors
    /// As for [`must_pass`](Self::must_pass), also `ERROR` when it failed because no engine answers.
    ///
    /// ```
    /// # use std::os::unix::process::ExitStatusExt;
    /// # use std::process::ExitStatus;
    /// # use dockertest::engine::Completed;
    /// # let docker = |code: i32, stdout: &[u8], stderr: &[u8]| Completed {
    /// #     command: "docker version".to_owned(),
    /// #     status: ExitStatus::from_raw(code << 8),
    /// #     stdout: stdout.to_vec(),
    /// #     stderr: stderr.to_vec(),
    /// #     dropped_bytes: 0,
    /// #     duration: std::time::Duration::ZERO,
    /// # };
    /// assert!(docker(125, b"", b"unknown flag: --formta").must_fail(125).is_ok());
    /// assert!(docker(0, b"", b"").must_fail(125).is_err());
    /// ```
    pub fn must_fail(self, status: i32) -> Result<Self, CommandFailure> {
        self.must_end_with(status)
    }

    fn must_end_with(self, expected: i32) -> Result<Self, CommandFailure> {
        if let Some(line) = self.crash_line() {
            return Err(CommandFailure::Crashed { line, completed: Box::new(self) });
        }
        if self.status.success() && expected == 0 {
            return Ok(self);
        }
        // A command that must fail proves nothing when it did not get as far as the engine.
        match self.unreachable_line() {
            Some(line) => Err(CommandFailure::Unreachable { line, completed: Box::new(self) }),
            None if self.status.code() == Some(expected) => Ok(self),
            None => Err(CommandFailure::WrongStatus { expected, completed: Box::new(self) }),
        }
    }

    /// A line by which a Go program says that it crashed, or its logger that it gave up.
    fn crash_line(&self) -> Option<String> {
        let is_crash = |line: &str| {
            let fatal =
                line.split_once("FATA[").is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()));
            line.trim_start().starts_with("panic: ") || line.starts_with("fatal error: ") || fatal
        };
        [&self.stderr, &self.stdout].into_iter().find_map(|bytes| {
            let text = String::from_utf8_lossy(bytes);
            text.lines().find(|line| is_crash(line)).map(str::to_owned)
        })
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

    /// How it ended, in words.
    #[must_use]
    pub(crate) fn ending(&self) -> String {
        match (self.status.code(), self.status.signal()) {
            (Some(code), _) => format!("exit status {code}"),
            (None, Some(number)) => match Signal::try_from(number) {
                Ok(signal) => format!("killed by {signal}"),
                Err(_) => format!("killed by signal {number}"),
            },
            (None, None) => "no exit status".to_owned(),
        }
    }

    /// How it ended, as what a sentence says of the command.
    #[must_use]
    pub(crate) fn ended(&self) -> String {
        let ending = self.ending();
        if self.status.signal().is_some() { format!("was {ending}") } else { format!("ended with {ending}") }
    }

    /// The ending and both outputs, for a log.
    #[must_use]
    pub(crate) fn describe(&self) -> String {
        let mut text = format!("{} after {:.3} s", self.ending(), self.duration.as_secs_f64());
        for (name, bytes) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !bytes.is_empty() {
                let _ = write!(text, "\n{name}: {}", shown(bytes));
            }
        }
        if self.dropped_bytes > 0 {
            let _ = write!(text, "\n{} more bytes were dropped", self.dropped_bytes);
        }
        text
    }
}

/// The beginning of an output, as text.
fn shown(bytes: &[u8]) -> String {
    let cut = &bytes[..bytes.len().min(SHOWN_BYTES)];
    let text = String::from_utf8_lossy(cut).trim_end().to_owned();
    if cut.len() == bytes.len() { text } else { format!("{text}\n[{} more bytes]", bytes.len() - cut.len()) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::verdict::Verdict;

    fn ended(status: i32, stderr: &str) -> Completed {
        Completed {
            command: "docker version".to_owned(),
            status: ExitStatus::from_raw(status << 8),
            stdout: Vec::new(),
            stderr: stderr.as_bytes().to_vec(),
            dropped_bytes: 0,
            duration: Duration::ZERO,
        }
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
    }

    #[test]
    fn an_output_that_only_speaks_of_a_daemon_is_none_of_that() {
        ended(0, DOWN).must_pass().unwrap();
        ended(1, "Error: No such container: x").must_fail(1).unwrap();
        assert_eq!(ended(2, "").must_fail(1).unwrap_err().verdict(), Verdict::Fail);
    }
}
