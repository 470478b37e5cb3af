//! A sub-subtest in a file of its own.

use dockertest::prelude::*;

use super::Subexample;

#[derive(Default)]
pub(crate) struct Two;

impl SubSubtest<Subexample> for Two {
    fn run_once(&mut self, parent: &mut Subexample, ctx: &mut Context) -> Outcome {
        parent.announce(ctx, "two is running");
        Ok(())
    }
}
