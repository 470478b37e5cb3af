//! Looks whether the machine is one of ours.

use dockertest::prelude::*;

#[derive(Default)]
struct AcmeReady;

impl Subtest for AcmeReady {
    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        println!("printed by a plug-in, which is no line of the protocol");
        ctx.info("ready");
        Ok(())
    }

    fn needs_engine(&self) -> bool {
        false
    }
}

dockertest::subtest!(AcmeReady, "Looks whether the machine is one of ours.");
