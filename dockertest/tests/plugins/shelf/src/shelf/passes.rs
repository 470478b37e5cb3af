//! Passes, and says something.

use dockertest::prelude::*;

#[derive(Default)]
struct Passes;

impl Subtest for Passes {
    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        println!("printed by a subtest, which is no output of a test");
        ctx.info(format!("the greeting is {:?}", ctx.section().get("greeting").unwrap_or_default()));
        Ok(())
    }

    fn needs_engine(&self) -> bool {
        false
    }
}

dockertest::subtest!(Passes, "Passes, and says something.");
