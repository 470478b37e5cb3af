//! An engine of our own: started, stopped, configured anew, and gone without a trace.
//!
//! Needs the feature `api`.
//!
//! A subtest that needs one asks its context ([`Context::own_engine`](crate::subtest::Context::own_engine)). Whoever
//! embeds the library starts a [`Daemon`]. The engine of the system is never touched.
//!
//! It needs root, `unshare`, and the engine's program (`dockerd`). The first process of the namespaces must be a program
//! of ours, since it is what looks after the engine when everybody else has been killed: a host has that part, the
//! hidden command [`FIRST_PROCESS`]; another program gets it by calling [`first_process()`].

mod cgroups;
mod failure;
mod folder;
mod inside;
mod options;
mod order;
mod own;
mod ping;
mod running;

pub use failure::DaemonFailure;
pub use folder::sweep;
pub use inside::{FIRST_PROCESS, first_process};
pub use options::DaemonOptions;
pub use own::OwnEngine;
pub use ping::ping;
pub use running::Daemon;

pub use crate::engine::search_path::search_path;
