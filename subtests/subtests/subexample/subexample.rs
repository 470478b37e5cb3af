//! A template for a subtest with sub-subtests: one in this file, one in a file of its own beside it.

mod two;

use dockertest::prelude::*;

/// The parent: what its sub-subtests have in common.
#[derive(Default)]
pub(crate) struct Subexample {
    text: String,
}

impl Subexample {
    /// Something that every sub-subtest can do through its parent.
    fn announce(&self, ctx: &Context, text: &str) {
        ctx.info(format!("{} {text}", self.text));
    }
}

impl Subtest for Subexample {
    fn needs_engine(&self) -> bool {
        false
    }

    fn initialize(&mut self, _ctx: &mut Context) -> Outcome {
        self.text = "The parent says:".to_owned();
        Ok(())
    }
}

#[derive(Default)]
struct One {
    text: String,
}

impl SubSubtest<Subexample> for One {
    fn initialize(&mut self, _parent: &mut Subexample, ctx: &mut Context) -> Outcome {
        ctx.debug("keeps a text of its own");
        self.text = "one is running".to_owned();
        Ok(())
    }

    fn run_once(&mut self, parent: &mut Subexample, ctx: &mut Context) -> Outcome {
        parent.announce(ctx, &self.text);
        Ok(())
    }

    fn postprocess(&mut self, _parent: &mut Subexample, _ctx: &mut Context) -> Outcome {
        check!(!self.text.is_empty(), "what `initialize` kept is still there");
        Ok(())
    }

    fn cleanup(&mut self, _parent: &mut Subexample, ctx: &mut Context) -> Outcome {
        ctx.debug("one cleans up");
        Ok(())
    }
}

dockertest::subtest!(
    Subexample,
    "A template with two sub-subtests; needs no engine.",
    sequential { one: One, two: two::Two }
);
