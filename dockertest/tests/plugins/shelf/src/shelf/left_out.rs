//! Is left out by the list of the user.

use dockertest::prelude::*;

#[derive(Default)]
struct LeftOut;

impl Subtest for LeftOut {
    fn needs_engine(&self) -> bool {
        false
    }
}

dockertest::subtest!(LeftOut, "Is left out by the list of the user.");
