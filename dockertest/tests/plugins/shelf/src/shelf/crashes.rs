//! Takes its process with it.

use dockertest::prelude::*;

#[derive(Default)]
struct Crashes;

impl Subtest for Crashes {
    fn run_once(&mut self, _: &mut Context) -> Outcome {
        std::process::abort()
    }

    fn needs_engine(&self) -> bool {
        false
    }
}

dockertest::subtest!(Crashes, "Takes its process with it.");
