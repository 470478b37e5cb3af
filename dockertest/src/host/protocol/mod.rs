//! What a runner and a host say to each other: JSON, one message a line.
//!
//! `HOST list` writes [`HostMessage::Hello`], a [`HostMessage::Subtest`] for each subtest that it holds, a
//! [`HostMessage::Config`] for each file with defaults of theirs, and [`HostMessage::Listed`]. `HOST run NAME` reads one
//! [`RunnerMessage::Run`] from standard input, executes the subtest, and writes `Hello`, what happens, and one
//! [`HostMessage::Ended`] (or [`HostMessage::Reboot`]) as its last message. Standard input stays open for the life of the
//! step: [`RunnerMessage::Cancel`] asks the step to stop and clean up; the end of standard input means that the runner is
//! gone, and the host must end itself and all its children. The book's page on the protocol has the whole text with
//! examples.
//!
//! A message is an object with one key, the message's name:
//!
//! ```
//! use dockertest::host::protocol::HostMessage;
//!
//! let line = r#"{"log":{"level":"info","text":"client 20.10.24, server 20.10.24"}}"#;
//! let message: HostMessage = serde_json::from_str(line)?;
//! assert!(matches!(message, HostMessage::Log { .. }));
//! # Ok::<(), serde_json::Error>(())
//! ```

mod from_host;
mod from_runner;
mod request;
#[cfg(test)]
mod tests;

pub use from_host::{ConfigFile, Hello, HostMessage, SubtestInfo};
pub use from_runner::RunnerMessage;
pub use request::{Folders, History, Mode, RunRequest};

/// The number of this protocol. A host and a runner with different numbers do not talk.
pub const PROTOCOL: u32 = 1;

/// The longest line that either side accepts, in bytes, without its line end.
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// The environment variable that holds the run's name in every process of a step. A runner that was cut off finds
/// what is left of its steps by it.
pub const RUN_VARIABLE: &str = "DOCKERTEST_RUN";

/// The environment variable that holds the step's folder (see `PlannedStep::folder`) in every process of a step.
pub const STEP_VARIABLE: &str = "DOCKERTEST_STEP";
