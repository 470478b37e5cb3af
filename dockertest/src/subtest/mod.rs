//! Writing subtests: the traits, the context, sub-subtests, registration.
//!
//! A subtest is a struct with an `impl` of [`Subtest`] in a module whose place is its name. It runs in a process of its
//! own, a [host](crate::host), and knows nothing of the runner: it gets a [`Context`], returns an [`Outcome`] from each
//! phase, and the type of an error decides the verdict.

mod caller;
mod context;
mod failure;
mod guards;
mod lifecycle;
mod panics;
mod registry;
mod secrets;
mod setup;
mod state;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod traits;
mod voice;

pub use caller::{Caller, Child, Order};
pub use context::{Context, Resumed};
pub use failure::{Attention, Cancelled, CheckFailed, Failure, NotApplicable, Outcome};
pub use registry::{Content, Folder, Registration, registered};
pub use setup::SetupFailure;
pub use state::StateFailure;
pub use traits::{SubSubtest, Subtest};

pub(crate) use context::Shared;
pub(crate) use lifecycle::{End, run};
pub(crate) use panics::remember_places;
pub(crate) use setup::BinFolder;
pub(crate) use voice::{Voice, fitting};
