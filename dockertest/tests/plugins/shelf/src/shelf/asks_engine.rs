//! Needs an engine that answers.

use dockertest::prelude::*;

#[derive(Default)]
struct AsksEngine;

impl Subtest for AsksEngine {
    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        ctx.docker(["version", "--format", "{{.Server.Version}}"]).must_pass()?;
        Ok(())
    }
}

dockertest::subtest!(AsksEngine, "Needs an engine that answers.");
