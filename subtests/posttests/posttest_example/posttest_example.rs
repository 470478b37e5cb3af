//! A template for a posttest: it runs once, after everything else.

use dockertest::prelude::*;

#[derive(Default)]
struct Example;

impl Subtest for Example {
    fn needs_engine(&self) -> bool {
        false
    }

    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        ctx.info(format!("{} is running", ctx.name()));
        Ok(())
    }
}

dockertest::subtest!(Example, "A template that runs once, after everything else; needs no engine.");
