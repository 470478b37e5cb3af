//! Writing subtests: the traits, the context, sub-subtests, registration.
//!
//! A subtest is a struct with an `impl` of [`Subtest`] in a module whose place is its name. It runs in a process of its
//! own, a [host](crate::host), and knows nothing of the runner: it gets a [`Context`], returns an [`Outcome`] from each
//! phase, and the type of an error decides the verdict.
//!
//! ```
//! use dockertest::prelude::*;
//!
//! #[derive(Default)]
//! struct Version {
//!     shown: String,
//! }
//!
//! impl Subtest for Version {
//!     fn run_once(&mut self, ctx: &mut Context) -> Outcome {
//!         let seen = ctx.docker(["version"]).must_pass()?;
//!         self.shown = seen.stdout_text().into_owned();
//!         Ok(())
//!     }
//!
//!     fn postprocess(&mut self, _ctx: &mut Context) -> Outcome {
//!         check!(self.shown.contains("Server"), "the server's version is shown");
//!         Ok(())
//!     }
//! }
//! dockertest::subtest!(Version, "Checks that `docker version` shows the server.");
//! ```

mod caller;
mod context;
mod failure;
mod guards;
pub(crate) mod lifecycle;
mod panics;
mod registry;
mod requirement;
mod secrets;
mod setup;
mod spent;
mod state;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod traits;
mod voice;

pub use caller::{Caller, Child, Order};
pub use context::{Context, Resumed};
pub use failure::{Attention, Cancelled, CheckFailed, Failure, NotApplicable, Outcome};
pub(crate) use registry::defaults;
pub use registry::{Content, Defaults, Faults, Folder, Registration, registered};
pub use requirement::{Feature, Requirement};
pub use setup::SetupFailure;
pub use state::StateFailure;
pub use traits::{SubSubtest, Subtest};

pub(crate) use context::Shared;
pub(crate) use lifecycle::{End, run};
pub(crate) use panics::remember_places;
pub(crate) use setup::BinFolder;
#[cfg(feature = "api")]
pub(crate) use spent::Spent;
pub(crate) use voice::{Voice, fitting};
