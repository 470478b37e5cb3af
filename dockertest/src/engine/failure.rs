//! What can go wrong with a command, and whose fault it is.

use std::io;
use std::path::Path;
use std::time::Duration;

use crate::engine::checks::{Sign, difference};
use crate::engine::completed::{Completed, shown};
use crate::outcome::Evidence;
use crate::verdict::Verdict;

/// A command that did not do what it must.
///
/// ```
/// use std::io;
/// use dockertest::engine::CommandFailure;
/// use dockertest::subtest::Failure;
/// use dockertest::verdict::Verdict;
///
/// let missing = CommandFailure::NotStarted {
///     program: "/usr/bin/docker".to_owned(),
///     command: "/usr/bin/docker version".to_owned(),
///     source: io::ErrorKind::NotFound.into(),
/// };
/// assert_eq!(missing.to_string(), "cannot run `/usr/bin/docker` (option `docker_path`)");
/// assert_eq!(Failure::from(missing).verdict(), Verdict::Error); // as `?` does
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandFailure {
    /// The configuration does not make a command.
    #[error("no command can be made: {0}")]
    Configuration(String),
    /// It could not be started.
    #[error("cannot run `{program}` (option `docker_path`)")]
    NotStarted {
        /// The program.
        program: String,
        /// The command as it can be pasted into a shell.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// It did not end within its limit, and was killed with all its children.
    #[error("`{command}` did not end within {} s", limit.as_secs_f64())]
    TimedOut {
        /// The command as it can be pasted into a shell.
        command: String,
        /// Its limit.
        limit: Duration,
        /// What it had printed.
        so_far: Box<Completed>,
    },
    /// The step was asked to stop while it ran.
    #[error("{reason} (while `{command}` was running)")]
    Cancelled {
        /// The command as it can be pasted into a shell.
        command: String,
        /// Why the step was asked to stop.
        reason: String,
    },
    /// It was started and then lost sight of.
    #[error("lost `{command}` while it was running")]
    Lost {
        /// The command as it can be pasted into a shell.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// It printed that it crashed, whatever its status.
    #[error("`{}` crashed: {line}", completed.command)]
    Crashed {
        /// The line that says so.
        line: String,
        /// What it did.
        completed: Box<Completed>,
    },
    /// It says that no engine answers.
    #[error("no engine answers: {line}")]
    Unreachable {
        /// The line that says so.
        line: String,
        /// What it did.
        completed: Box<Completed>,
    },
    /// It ended with status 0, or was killed, where it must fail by itself.
    #[error("`{}` {}, expected a failure", completed.command, completed.ended())]
    Passed {
        /// What it did.
        completed: Box<Completed>,
    },
    /// An output tells of something that is wrong.
    #[error("`{}` printed {sign}: {line}", completed.command)]
    Unclean {
        /// What it is taken for.
        sign: Sign,
        /// The line.
        line: String,
        /// What it did.
        completed: Box<Completed>,
    },
    /// An output is another one than it must be.
    #[error("`{}` printed something else on {output} than it must", completed.command)]
    WrongOutput {
        /// Which output.
        output: &'static str,
        /// What it must be.
        expected: String,
        /// What it is.
        seen: String,
        /// What it did.
        completed: Box<Completed>,
    },
    /// It ended with another status than it must.
    #[error("`{}` {}, expected exit status {expected}", completed.command, completed.ended())]
    WrongStatus {
        /// The status that it must end with.
        expected: i32,
        /// What it did.
        completed: Box<Completed>,
    },
}

impl CommandFailure {
    /// Whose fault it is: `FAIL` for a wrong status, a crash, and a limit that was exceeded; `ERROR` when the program
    /// or the engine is not there; `ABORT` when the step was asked to stop.
    ///
    /// ```
    /// # use dockertest::engine::CommandFailure;
    /// # use dockertest::verdict::Verdict;
    /// let command = "docker wait test".to_owned();
    /// let stopped = CommandFailure::Cancelled { command, reason: "interrupted".to_owned() };
    /// assert_eq!(stopped.verdict(), Verdict::Abort);
    /// assert_eq!(CommandFailure::Configuration("an open quote".to_owned()).verdict(), Verdict::Error);
    /// ```
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            CommandFailure::TimedOut { .. }
            | CommandFailure::Crashed { .. }
            | CommandFailure::Passed { .. }
            | CommandFailure::Unclean { .. }
            | CommandFailure::WrongOutput { .. }
            | CommandFailure::WrongStatus { .. } => Verdict::Fail,
            CommandFailure::Configuration(_)
            | CommandFailure::NotStarted { .. }
            | CommandFailure::Lost { .. }
            | CommandFailure::Unreachable { .. } => Verdict::Error,
            CommandFailure::Cancelled { .. } => Verdict::Abort,
        }
    }

    /// What is shown for it.
    ///
    /// ```
    /// # use dockertest::engine::CommandFailure;
    /// let missing = CommandFailure::NotStarted {
    ///     program: "docker".to_owned(),
    ///     command: "docker version".to_owned(),
    ///     source: std::io::ErrorKind::NotFound.into(),
    /// };
    /// let evidence = missing.evidence();
    /// assert_eq!(evidence.command.as_deref(), Some("docker version"));
    /// assert!(evidence.help.unwrap().contains("set `docker_path`"));
    /// ```
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        let of = |command: &str, expected: Option<String>, seen: Option<String>, help: Option<&str>| Evidence {
            command: Some(command.to_owned()),
            expected,
            seen,
            difference: None,
            help: help.map(str::to_owned),
        };
        match self {
            CommandFailure::Configuration(_) => Evidence::default(),
            CommandFailure::NotStarted { program, command, source } => {
                let help = match source.kind() {
                    _ if Path::new(program).is_dir() => "it is a folder; set `docker_path` to the program in it",
                    io::ErrorKind::NotFound => "install the engine's command line, or set `docker_path` to where it is",
                    io::ErrorKind::PermissionDenied => "make it executable, or set `docker_path` to another program",
                    _ => "try the command by hand",
                };
                of(command, Some("a program that can be run".to_owned()), Some(source.to_string()), Some(help))
            }
            CommandFailure::TimedOut { command, limit, so_far } => {
                let expected = format!("to end within {} s", limit.as_secs_f64());
                let help = "the limit is the option `docker_timeout`, unless the test sets one of its own";
                of(command, Some(expected), Some(format!("still running; {}", so_far.describe())), Some(help))
            }
            CommandFailure::Cancelled { command, .. } | CommandFailure::Lost { command, .. } => {
                of(command, None, None, None)
            }
            CommandFailure::Crashed { completed, .. } => {
                let expected = Some("no sign of a crash in the output".to_owned());
                of(&completed.command, expected, Some(completed.describe()), None)
            }
            CommandFailure::Unreachable { line, completed } => {
                let help = if line.to_lowercase().contains("permission denied") {
                    "run this as root, or as a user who may talk to the engine"
                } else {
                    "start the engine, or set DOCKER_HOST (or `docker_options`) to where it listens"
                };
                of(
                    &completed.command,
                    Some("an engine that answers".to_owned()),
                    Some(completed.describe()),
                    Some(help),
                )
            }
            CommandFailure::Passed { completed } => {
                let expected = Some("an exit status other than 0".to_owned());
                of(&completed.command, expected, Some(completed.describe()), None)
            }
            CommandFailure::Unclean { sign, completed, .. } => {
                let expected = Some(format!("outputs without {sign}"));
                of(&completed.command, expected, Some(completed.describe()), None)
            }
            CommandFailure::WrongOutput { expected, seen, completed, .. } => Evidence {
                difference: Some(difference(expected, seen)),
                ..of(&completed.command, Some(quoted(expected)), Some(quoted(seen)), None)
            },
            CommandFailure::WrongStatus { expected, completed } => {
                of(&completed.command, Some(format!("exit status {expected}")), Some(completed.describe()), None)
            }
        }
    }
}

/// An output as it is shown: what is empty can be seen to be empty.
fn quoted(output: &str) -> String {
    if output.trim().is_empty() { format!("{output:?}") } else { shown(output.as_bytes()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_in_the_place_of_a_program_is_told() {
        let failure = CommandFailure::NotStarted {
            program: "/tmp".to_owned(),
            command: "/tmp version".to_owned(),
            source: io::ErrorKind::PermissionDenied.into(),
        };
        let help = failure.evidence().help.unwrap();
        assert_eq!(help, "it is a folder; set `docker_path` to the program in it");
    }
}
