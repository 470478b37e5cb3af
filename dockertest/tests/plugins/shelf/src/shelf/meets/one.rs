//! Waits for the other.

use dockertest::prelude::*;

#[derive(Default)]
struct One;

impl Subtest for One {
    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        super::meet(ctx, "one", "other")
    }

    fn needs_engine(&self) -> bool {
        false
    }
}

dockertest::subtest!(One, "Waits for the other.");
