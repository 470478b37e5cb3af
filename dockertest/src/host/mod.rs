//! Processes that hold subtests, and the protocol that they speak.
//!
//! The runner's side: a [`HostProgram`] lists its subtests; a [`StepProcess`] runs one of them, and whatever becomes
//! of it is a [`StepEnd`]; a [`CancelToken`] stops it; [`sweep`] finds what a runner that was cut off left behind.
//!
//! Any program that keeps the [`protocol`] is a host. This one is a line of shell:
//!
//! ```
//! use std::time::Duration;
//!
//! use dockertest::host::HostProgram;
//!
//! let script = r#"echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}
//! {"subtest":{"name":"docker_cli/version","summary":"Checks `docker version`"}}
//! {"listed":{"subtests":1}}'"#;
//! let host = HostProgram::new("/bin/sh").arguments(["-c", script]);
//!
//! let listing = host.list(Duration::from_secs(30))?;
//! assert_eq!(listing.hello.program, "my-subtests 1.0");
//! assert_eq!(listing.subtests[0].name.as_str(), "docker_cli/version");
//! # Ok::<(), dockertest::host::ListFailure>(())
//! ```

mod cancel;
#[cfg(feature = "api")]
mod channel;
#[cfg(feature = "runner")]
mod check;
#[cfg(feature = "api")]
mod conversation;
#[cfg(feature = "runner")]
pub(crate) mod discovery;
#[cfg(feature = "api")]
mod ending;
mod environment;
#[cfg(feature = "api")]
mod lines;
#[cfg(feature = "api")]
mod logs;
mod mark;
pub mod plugin;
#[cfg(feature = "api")]
mod process;
#[cfg(feature = "api")]
mod program;
pub mod protocol;
pub mod serve;
mod signals;
#[cfg(feature = "api")]
mod supervise;
#[cfg(feature = "runner")]
mod sweep;
#[cfg(feature = "api")]
mod told;
mod tree;

pub use cancel::{CancelLevel, CancelToken};
#[cfg(feature = "runner")]
pub use check::{Finding, HostCheck, HostReport, Outcome};
#[cfg(feature = "api")]
pub use conversation::{Conversation, Fault, LastWord, Task};
#[cfg(feature = "runner")]
pub use discovery::{BrokenPlugin, NoPlugin, Plugins};
#[cfg(feature = "api")]
pub(crate) use environment::environment;
#[cfg(feature = "api")]
pub use lines::{Line, LineReader};
#[cfg(feature = "api")]
pub use process::{SpawnFailure, Step, StepEnd, StepProcess};
#[cfg(feature = "api")]
pub use program::{HostProgram, ListFailure, Listing};
pub use signals::stop_signals;
#[cfg(feature = "runner")]
pub(crate) use sweep::kill_with_variable;
#[cfg(feature = "runner")]
pub use sweep::sweep;
#[cfg(feature = "runner")]
pub(crate) use sweep::sweep_step;
pub use tree::ProcessDescription;
pub(crate) use tree::kill_group;
