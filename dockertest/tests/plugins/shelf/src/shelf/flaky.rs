//! Fails for the first time, and passes from then on.

use dockertest::prelude::*;

#[derive(Default)]
struct Flaky;

impl Subtest for Flaky {
    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        // The source folder is kept from one run to the next.
        let mark = ctx.srcdir().join("ran");
        let was_there = mark.exists();
        std::fs::create_dir_all(ctx.srcdir())?;
        std::fs::write(mark, "")?;
        check!(was_there, "it has run before");
        Ok(())
    }

    fn needs_engine(&self) -> bool {
        false
    }
}

dockertest::subtest!(Flaky, "Fails for the first time.");
