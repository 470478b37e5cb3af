//! Wants the machine to be rebooted.

use dockertest::prelude::*;

#[derive(Default)]
struct Reboots;

impl Subtest for Reboots {
    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        Err(ctx.request_reboot("after", "the shelf is screwed to the kernel"))
    }

    fn needs_engine(&self) -> bool {
        false
    }
}

dockertest::subtest!(Reboots, "Wants the machine to be rebooted.");
