//! Processes that hold subtests, and the protocol that they speak.
//!
//! The runner's side: a [`HostProgram`] lists its subtests; a [`StepProcess`] runs one of them, and whatever becomes
//! of it is a [`StepEnd`]; a [`CancelToken`] stops it; [`sweep`] finds what a runner that was cut off left behind.

mod cancel;
mod channel;
mod conversation;
mod ending;
mod lines;
mod logs;
mod process;
mod program;
pub mod protocol;
pub mod serve;
mod supervise;
mod sweep;
mod tree;

pub use cancel::{CancelLevel, CancelToken};
pub use conversation::{Conversation, Fault, LastWord, Task};
pub use lines::{Line, LineReader};
pub use process::{SpawnFailure, Step, StepEnd, StepProcess};
pub use program::{HostProgram, ListFailure, Listing};
pub use sweep::sweep;
pub use tree::ProcessDescription;
