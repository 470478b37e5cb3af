//! A template: announces each phase and does nothing else. Copy it to begin a subtest of your own.
//!
//! Only the phases that are needed have to be written.

use std::fs;

use dockertest::prelude::*;
use serde::Deserialize;

/// The options of the section `[example]`.
#[derive(Debug, Deserialize)]
struct Options {
    /// What is said in each iteration.
    greeting: String,
}

#[derive(Default)]
struct Example {
    greeting: String,
}

impl Subtest for Example {
    fn needs_engine(&self) -> bool {
        false
    }

    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        self.greeting = ctx.config::<Options>()?.greeting;
        Ok(())
    }

    /// Static content is copied from `bindir`, where it is bundled, to `srcdir`, where it may be changed.
    fn setup(&mut self, ctx: &mut Context) -> Outcome {
        fs::copy(ctx.bindir()?.join("content/hello.txt"), ctx.srcdir().join("hello.txt"))?;
        Ok(())
    }

    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        let content = fs::read_to_string(ctx.srcdir().join("hello.txt"))?;
        check!(!content.is_empty(), "setup() has brought the static content");
        ctx.debug(format!("{}, {content}", self.greeting));
        Ok(())
    }

    fn postprocess_iteration(&mut self, ctx: &mut Context) -> Outcome {
        let number = ctx.iteration().map_or(0, |iteration| iteration.number);
        check!(number >= 1, "iterations are counted from 1");
        ctx.keyval("greeting", &self.greeting);
        Ok(())
    }

    fn postprocess(&mut self, ctx: &mut Context) -> Outcome {
        check!(ctx.iteration().is_none(), "all iterations are over");
        Ok(())
    }

    fn cleanup(&mut self, ctx: &mut Context) -> Outcome {
        ctx.debug("nothing to clean up");
        Ok(())
    }
}

dockertest::subtest!(Example, "A template that announces its phases; needs no engine.");
