//! Comes after the one that waits.

use dockertest::prelude::*;

#[derive(Default)]
struct Watches;

impl Subtest for Watches {
    fn needs_engine(&self) -> bool {
        false
    }
}

dockertest::subtest!(Watches, "Comes after the one that waits.");
