//! A container whose command takes long.

use dockertest::engine::{Condition, Container};
use dockertest::prelude::*;

use super::{Options, Start, command, left_alone, run_detached, started};
use crate::life::{self, Watch};

/// A container that was killed is started again.
#[derive(Default)]
pub(super) struct LongTermApp {
    container: Option<Container>,
}

impl SubSubtest<Start> for LongTermApp {
    fn initialize(&mut self, _: &mut Start, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let container = run_detached(ctx, &options)?;
        container.kill("KILL")?;
        container.wait_exit(options.docker_run_timeout)?;
        self.container = Some(container);
        Ok(())
    }

    fn run_once(&mut self, start: &mut Start, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let Some(container) = self.container.take() else { return Ok(()) };
        let before = started(&container)?;
        let mut watch = Watch::begin(ctx, container.name())?;
        let seen = if options.attaches() {
            attached(ctx, &options, &container, &mut watch)?
        } else {
            let seen = command(ctx, &options, container.id()).run()?;
            let state = container.state()?;
            let seen = life::printed_name(ctx, seen, container.id())?;
            seen.check(state.running == Some(true), "the container runs when the command is back")?;
            watch.happened(ctx, &seen, &["start"])?;
            seen
        };
        seen.check(started(&container)? != before, "the container has been started once more")?;
        if !options.attaches() {
            let listed = ctx.docker(["ps", "--quiet", "--no-trunc", "--filter", &format!("id={}", container.id())]);
            listed.must_pass()?.prints(&format!("{}\n", container.id()))?;
        }
        start.is_alone(&seen)
    }
}

/// With `--attach` the command is not back before the container has ended.
fn attached(ctx: &Context, options: &Options, container: &Container, watch: &mut Watch) -> Outcome<Completed> {
    let limit = options.docker_start_timeout;
    // Subscribed before the command, so that the start cannot be missed.
    let mut events = ctx.api()?.events(&[("type", "container"), ("container", container.name())])?;
    let mut client = command(ctx, options, container.id()).spawn()?;
    events.until(|event| event.action == "start", limit)?;
    check!(container.state()?.running == Some(true), "the container runs");
    check!(client.is_running(), "the command is not back while the container runs");
    container.kill("KILL")?;
    ctx.api()?.wait(container.id(), Condition::NotRunning, limit)?;
    let seen = client.wait(options.dkrcmd_waittime)?.must_fail(137)?;
    watch.happened(ctx, &seen, &["start", "kill 9", "die"])?;
    Ok(seen)
}

/// A container that runs is left alone.
#[derive(Default)]
pub(super) struct RerunLongTermApp {
    container: Option<Container>,
}

impl SubSubtest<Start> for RerunLongTermApp {
    fn initialize(&mut self, _: &mut Start, ctx: &mut Context) -> Outcome {
        self.container = Some(run_detached(ctx, &ctx.config()?)?);
        Ok(())
    }

    fn run_once(&mut self, start: &mut Start, ctx: &mut Context) -> Outcome {
        let mut options: Options = ctx.config()?;
        let Some(container) = self.container.take() else { return Ok(()) };
        // With them the command would wait for the end of the container.
        (options.docker_attach, options.docker_interactive) = (false, false);
        let before = life::known(&container)?;
        let mut watch = Watch::begin(ctx, container.name())?;
        let seen = command(ctx, &options, container.id()).run()?;
        let seen = match options.docker_expected_result.as_str() {
            "PASS" => left_alone(ctx, seen, container.id())?,
            "FAIL" => seen.must_fail_any()?,
            other => return Err(life::bad_option("docker_expected_result", other, "it is PASS or FAIL")),
        };
        life::unchanged(
            &seen,
            "what the engine knows about a container that runs",
            &before,
            &life::known(&container)?,
        )?;
        watch.happened(ctx, &seen, &[])?;
        start.is_alone(&seen)
    }
}
