//! Engines of our own, each in namespaces of its own with a root that forgets what is written to it.
//!
//! It needs root. What is seen in a capsule: all programs and files of this machine's root file system, an empty `/tmp`
//! and `/run`, an engine with nothing in it, and a network that leads nowhere. What is written to the folders that are
//! shared with it is written here; all else is gone with it.

mod enter;
mod escort;
mod images;
mod limits;
mod once;
mod options;
mod planning;
mod provider;
mod running;
mod standing;
mod templates;

pub use enter::{ENTER, enter};
pub use images::ImagesFailure;
pub(in crate::environment) use images::remove_prepared;
pub(in crate::environment) use once::Once;
pub use options::{CapsuleOptions, DataRoot, EngineKind};
pub use provider::{CapsuleProvider, not_made};
pub use running::Capsule;
pub use standing::{StandingCapsule, prune};
