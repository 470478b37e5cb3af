//! Each stream of a container is a stream of the client.

use dockertest::prelude::*;
use serde::Deserialize;

use super::{Options, Run, RunSimple, ran};

/// The options of the section `[docker_cli/run_simple/run_streams]`, beside those of all.
#[derive(Debug, Deserialize)]
struct OfStreams {
    on_stdout: String,
    on_stderr: String,
}

#[derive(Default)]
pub(super) struct Streams;

impl SubSubtest<RunSimple> for Streams {
    fn run_once(&mut self, parent: &mut RunSimple, ctx: &mut Context) -> Outcome {
        let (options, words): (Options, OfStreams) = (ctx.config()?, ctx.config()?);
        let run = Run::new(&options, &parent.image, ctx)?;
        let mut events = ran::watch(ctx, &[&run])?;
        let seen = run.command(ctx).timeout(options.docker_timeout).must_fail(options.exit_status)?;
        seen.check_eq(seen.stdout_text(), format!("{}\n", words.on_stdout), "standard output")?;
        seen.check_eq(seen.said().join("\n"), words.on_stderr, "standard error")?;
        ran::is_kept_or_removed(ctx, &run, &seen)?;
        let told = ran::told(&mut events, &run)?;
        ran::once(&run, &told, &seen, options.exit_status)?;
        Ok(())
    }
}
