//! Looks whether the shelf is there.

use dockertest::prelude::*;

#[derive(Default)]
struct Ready;

impl Subtest for Ready {
    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        check!(ctx.section().get("shelf") != Some("gone"), "the shelf is there");
        Ok(())
    }

    fn needs_engine(&self) -> bool {
        false
    }
}

dockertest::subtest!(Ready, "Looks whether the shelf is there.");
