//! An engine of our own: started, stopped, configured anew, and gone without a trace.
//!
//! Needs the feature `api`.
//!
//! A subtest that needs one asks its context ([`Context::own_engine`](crate::subtest::Context::own_engine)). Whoever
//! embeds the library starts a [`Daemon`]. The engine of the system is never touched.
//!
//! It needs root and the engine's program (`dockerd`). The namespaces are made, and looked after when everybody else has
//! been killed, by a program of ours: a host has that part, the hidden command [`FIRST_PROCESS`]; another program gets it
//! by calling [`first_process()`].

mod cgroups;
mod cut_off;
mod failure;
pub(crate) mod folder;
pub(crate) mod fork;
pub(crate) mod hierarchies;
mod inside;
pub(crate) mod launched;
mod loopback;
mod options;
pub(crate) mod order;
mod outside;
mod own;
mod ping;
pub(crate) mod plan;
mod room;
mod running;
mod template;

pub use failure::DaemonFailure;
pub use folder::sweep;
pub use options::DaemonOptions;
pub use outside::{FIRST_PROCESS, first_process};
pub use own::OwnEngine;
pub use ping::ping;
pub use running::Daemon;

#[cfg(feature = "runner")]
pub(crate) use room::MOUNTED_DISK;

pub use crate::engine::search_path::search_path;
