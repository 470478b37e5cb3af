//! Is switched off by its own options.

use dockertest::prelude::*;

#[derive(Default)]
struct SwitchedOff;

impl Subtest for SwitchedOff {
    fn needs_engine(&self) -> bool {
        false
    }
}

dockertest::subtest!(SwitchedOff, "Is switched off by its own options.");
