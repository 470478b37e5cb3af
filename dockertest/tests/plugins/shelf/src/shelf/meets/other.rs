//! Waits for the one.

use dockertest::prelude::*;

#[derive(Default)]
struct Other;

impl Subtest for Other {
    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        super::meet(ctx, "other", "one")
    }

    fn needs_engine(&self) -> bool {
        false
    }
}

dockertest::subtest!(Other, "Waits for the one.");
