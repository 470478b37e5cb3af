//! What can go wrong, and the exit status that tells it.

use std::fmt;

/// The end of a command that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The command line was not understood.
    Usage(String),
    /// Something that is needed is not there; nothing has been run.
    Setup(String),
    /// A build, a check or a test failed.
    Failed(String),
    /// A signal (its number) ended the command.
    Interrupted(i32),
}

impl Failure {
    pub(crate) fn usage(text: impl Into<String>) -> Failure {
        Failure::Usage(text.into())
    }

    pub(crate) fn setup(text: impl Into<String>) -> Failure {
        Failure::Setup(text.into())
    }

    pub(crate) fn failed(text: impl Into<String>) -> Failure {
        Failure::Failed(text.into())
    }

    /// The exit status of the program: 2 when nothing has been run, 128 + number after a signal, else 1.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Failure::Usage(_) | Failure::Setup(_) => 2,
            Failure::Failed(_) => 1,
            Failure::Interrupted(signal) => u8::try_from(128 + signal).unwrap_or(255),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(text) => write!(f, "xtask: {text}\n\n`cargo xtask help` lists the commands"),
            Failure::Setup(text) | Failure::Failed(text) => write!(f, "xtask: {text}"),
            Failure::Interrupted(signal) => write!(f, "xtask: interrupted by signal {signal}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Failure;

    #[test]
    fn status_tells_apart_set_up_failure_and_signal() {
        assert_eq!(Failure::setup("no engine").status(), 2);
        assert_eq!(Failure::failed("a test failed").status(), 1);
        assert_eq!(Failure::Interrupted(15).status(), 143);
    }
}
