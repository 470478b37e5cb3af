//! Fails: a command's output is not what is expected of it.

use dockertest::prelude::*;

#[derive(Default)]
struct Fails;

impl Subtest for Fails {
    fn needs_engine(&self) -> bool {
        false
    }
}

/// What a command says is not what it should be.
#[derive(Default)]
struct Difference;

impl SubSubtest<Fails> for Difference {
    fn run_once(&mut self, _: &mut Fails, ctx: &mut Context) -> Outcome {
        let file = ctx.tmp().join("shelf");
        std::fs::write(&file, "books\nvases\n")?;
        ctx.docker([file.display().to_string()]).must_pass()?.prints("books\nplants\n")?;
        Ok(())
    }
}

/// A command fails.
#[derive(Default)]
struct Status;

impl SubSubtest<Fails> for Status {
    fn run_once(&mut self, _: &mut Fails, ctx: &mut Context) -> Outcome {
        ctx.docker(["/no/such/shelf"]).must_pass()?;
        Ok(())
    }
}

dockertest::subtest!(Fails, "Fails.", sequential { difference: Difference, status: Status });
