//! What a subtest's module starts with: `use dockertest::prelude::*;`

pub use crate::engine::{Command, CommandFailure, Completed};
pub use crate::subtest::{Attention, CheckFailed, Context, Failure, NotApplicable, Outcome, SubSubtest, Subtest};
pub use crate::{check, check_eq};
