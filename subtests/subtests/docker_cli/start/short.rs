//! A container whose command ends by itself.

use dockertest::engine::{Container, Sign};
use dockertest::prelude::*;

use super::{Options, Start, command, run_detached, started};
use crate::life::Watch;

/// What the container with another status does, and its status.
const SCRIPT: &str = "echo to stdout; echo to stderr >&2; exit 7";
const STATUS: i32 = 7;

#[derive(Default)]
pub(super) struct ShortTermApp {
    container: Option<Container>,
}

impl SubSubtest<Start> for ShortTermApp {
    fn initialize(&mut self, _: &mut Start, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let container = run_detached(ctx, &options)?;
        container.wait_exit(options.docker_run_timeout)?;
        self.container = Some(container);
        Ok(())
    }

    fn run_once(&mut self, start: &mut Start, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let Some(container) = self.container.take() else { return Ok(()) };
        let (before, logs) = (started(&container)?, container.logs()?);
        let mut watch = Watch::begin(ctx, container.name())?;
        let seen = command(ctx, &options, container.id()).run()?;
        let state = container.state()?;
        let seen = seen.must_pass()?.clean_but(&[Sign::Unprintable])?;
        seen.check(state.started_at.as_ref() != Some(&before), "the container has been started once more")?;
        if options.attaches() {
            seen.check(state.running == Some(false), "the container has ended when the command is back")?;
            let later = container.logs()?;
            let of_this_run = |all: &[u8], earlier: &[u8]| {
                String::from_utf8_lossy(all.get(earlier.len()..).unwrap_or_default()).into_owned()
            };
            let (stdout, stderr) = (of_this_run(&later.stdout, &logs.stdout), of_this_run(&later.stderr, &logs.stderr));
            seen.check_eq(seen.stdout_text(), stdout, "what the container wrote in this run")?;
            seen.check_eq(seen.stderr_text(), stderr, "what the container wrote on standard error in this run")?;
            seen.check_eq(state.exit_code.unwrap_or(-1), 0, "the container's exit status")?;
        } else {
            seen.clone().prints(&format!("{}\n", container.id()))?;
            if options.check_if_cmd_finished {
                container.wait_exit(options.docker_run_timeout)?;
            }
        }
        // Without the wait it may still run; then its end is no part of what is compared.
        match options.attaches() || options.check_if_cmd_finished {
            true => watch.happened(ctx, &seen, &["start", "die"])?,
            false => watch.happened_at_most(ctx, &seen, &["start", "die"])?,
        }
        start.is_alone(&seen)?;
        tells_the_status(ctx, &options)
    }
}

/// With `--attach` the command tells what the container writes, and its exit status.
fn tells_the_status(ctx: &mut Context, options: &Options) -> Outcome {
    let name = ctx.container_name("status");
    let container = ctx.container().name(name).command(["sh", "-c", SCRIPT]).create()?;
    let mut watch = Watch::begin(ctx, container.name())?;
    // By the short name of the option; the long one is tried above.
    let seen = ctx.docker(["start", "-a", container.name()]).timeout(options.dkrcmd_waittime).run()?;
    let state = container.state()?;
    let seen = seen.must_fail(STATUS)?;
    seen.check_eq(seen.stdout_text(), "to stdout\n", "what the container wrote")?;
    seen.check_eq(seen.said().join("\n"), "to stderr", "what the container wrote on standard error")?;
    seen.check(state.running == Some(false), "the container has ended when the command is back")?;
    seen.check_eq(state.exit_code.unwrap_or(-1), STATUS, "the container's exit status")?;
    watch.happened(ctx, &seen, &["start", "die"])
}
