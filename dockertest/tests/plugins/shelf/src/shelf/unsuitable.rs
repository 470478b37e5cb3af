//! Finds out while it runs that it does not apply.

use dockertest::prelude::*;

#[derive(Default)]
struct Unsuitable;

impl Subtest for Unsuitable {
    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        ctx.require(Requirement::Program("no-such-program"))
    }

    fn needs_engine(&self) -> bool {
        false
    }
}

dockertest::subtest!(Unsuitable, "Does not apply.");
