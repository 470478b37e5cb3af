//! What a command did.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;

/// How much of an output is shown in a log or a failure.
const SHOWN_BYTES: usize = 4096;

/// What a command did until it ended, or until it was killed because its limit was over.
///
/// Usually made by [`Command::run`](super::Command::run). By hand, to try a check without an engine:
///
/// ```
/// use dockertest::engine::Completed;
///
/// let seen = Completed::new("docker version", 0, "Client:\n Version: 20.10.24\n", "");
/// assert!(seen.must_pass()?.stdout_text().contains("20.10.24"));
/// # Ok::<(), dockertest::engine::CommandFailure>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Completed {
    /// The command as it can be pasted into a shell.
    pub command: String,
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output, at most the first 16 MiB of it. In a terminal, both outputs.
    pub stdout: Vec<u8>,
    /// Its standard error, at most the first 16 MiB of it.
    pub stderr: Vec<u8>,
    /// The files in the step's folder that hold the outputs that are longer than that, in whole.
    pub files: Vec<PathBuf>,
    /// How many bytes are in no file either, because they were more than 2 GiB or the disk was full.
    pub dropped_bytes: u64,
    /// How long it took.
    pub duration: Duration,
}

impl Completed {
    /// A command that has ended with this exit status and these outputs.
    ///
    /// ```
    /// # use dockertest::engine::Completed;
    /// let seen = Completed::new("docker rm x", 1, "", "Error: No such container: x\n");
    /// assert!(seen.must_fail(1).is_ok());
    /// ```
    #[must_use]
    pub fn new(
        command: impl Into<String>,
        exit_status: u8,
        stdout: impl Into<Vec<u8>>,
        stderr: impl Into<Vec<u8>>,
    ) -> Self {
        Completed {
            command: command.into(),
            status: ExitStatus::from_raw(i32::from(exit_status) << 8),
            stdout: stdout.into(),
            stderr: stderr.into(),
            files: Vec::new(),
            dropped_bytes: 0,
            duration: Duration::ZERO,
        }
    }

    /// Standard output as text; bytes that are no UTF-8 are replaced.
    ///
    /// ```
    /// # use dockertest::engine::Completed;
    /// let seen = Completed::new("docker version", 0, b"20.10\xff\n", "");
    /// assert_eq!(seen.stdout_text(), "20.10\u{fffd}\n");
    /// ```
    #[must_use]
    pub fn stdout_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stdout)
    }

    /// Standard error as text; bytes that are no UTF-8 are replaced.
    ///
    /// ```
    /// # use dockertest::engine::Completed;
    /// let seen = Completed::new("docker info", 0, "", "WARNING: no swap limit support\n");
    /// assert!(seen.stderr_text().starts_with("WARNING"));
    /// ```
    #[must_use]
    pub fn stderr_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stderr)
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
        for file in &self.files {
            let _ = write!(text, "\nmore of it: {}", file.display());
        }
        if self.dropped_bytes > 0 {
            let _ = write!(text, "\n{} more bytes were dropped", self.dropped_bytes);
        }
        text
    }
}

/// The beginning of an output, as text.
pub(super) fn shown(bytes: &[u8]) -> String {
    let cut = &bytes[..bytes.len().min(SHOWN_BYTES)];
    let text = String::from_utf8_lossy(cut).trim_end().to_owned();
    if cut.len() == bytes.len() { text } else { format!("{text}\n[{} more bytes]", bytes.len() - cut.len()) }
}
