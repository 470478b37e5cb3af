//! What a subtest's module starts with: `use dockertest::prelude::*;`
//!
//! ```
//! use dockertest::prelude::*;
//!
//! fn initialize(ctx: &mut Context) -> Outcome {
//!     let flavor = ctx.engine().map_or("", |engine| &engine.flavor);
//!     if flavor != "docker" {
//!         return Err(NotApplicable::because(format!("only docker has this, seen `{flavor}`")).into());
//!     }
//!     ctx.docker(["info"]).must_pass()?;
//!     Ok(())
//! }
//! ```

pub use crate::engine::{Command, CommandFailure, Completed, Running};
pub use crate::subtest::{
    Attention, CheckFailed, Context, Failure, Feature, NotApplicable, Outcome, Requirement, SubSubtest, Subtest,
};
pub use crate::{check, check_eq};
