//! A container that is not there, one that runs, and one that was killed.

use std::time::Duration;

use dockertest::engine::{Container, Logs};
use dockertest::prelude::*;

use super::{Options, Start, started};
use crate::life::{self, Watch};

/// What the container does: tells that it has started, and then nothing.
const SCRIPT: &str = "echo STARTED: $(date); while :; do sleep 0.1; done";

/// What each start is told with.
const STARTED: &str = "STARTED";

/// How long it may take until what the container writes can be read.
const LOG_LIMIT: Duration = Duration::from_secs(10);

/// How long the client of a container that has ended may take to end.
const CLIENT_LIMIT: Duration = Duration::from_secs(20);

#[derive(Default)]
pub(super) struct Simple;

impl SubSubtest<Start> for Simple {
    fn run_once(&mut self, start: &mut Start, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let name = ctx.container_name(options.container_name_prefix.as_deref().unwrap_or("test"));
        is_missing(ctx, &options, &name)?;

        let mut words = life::run_words(ctx, &life::words(ctx, "run_options_csv")?, &name);
        words.extend([ctx.image()?, "bash".to_owned(), "-c".to_owned(), SCRIPT.to_owned()]);
        let mut client = ctx.docker(words).spawn()?;
        let first = client.wait_for(STARTED, options.docker_run_timeout)?;
        check!(client.stdout_so_far().starts_with(STARTED), "the container's first words are `{STARTED}`: `{first}`");
        let container = Container::find(ctx, &name)?;
        let mut watch = Watch::begin(ctx, &name)?;

        is_left_alone(ctx, &options, &container, &mut watch)?;
        kill(ctx, &options, &name)?;
        let seen = ctx.docker(["wait", &name]).timeout(options.docker_run_timeout).must_pass()?.prints("137\n")?;
        seen.check(container.state()?.running == Some(false), "the container does not run after it was killed")?;
        client.wait(CLIENT_LIMIT)?.must_fail(137)?;
        watch.settle(ctx)?;

        let before = started(&container)?;
        let seen = ctx.docker(["start", &name]).timeout(options.docker_start_timeout).run()?;
        let state = container.state()?;
        let seen = life::printed_name(ctx, seen, &name)?;
        seen.check(state.running == Some(true), "the container runs when the command is back")?;
        seen.check(state.started_at.as_ref() != Some(&before), "it has been started once more")?;
        seen.check_eq(Container::find(ctx, &name)?.id(), container.id(), "the id of the container of that name")?;
        watch.happened(ctx, &seen, &["start"])?;
        has_both_runs(ctx, &container)?;
        kill(ctx, &options, &name)?;
        start.is_alone(&seen)
    }
}

/// There is no such container, and none comes about.
fn is_missing(ctx: &Context, options: &Options, name: &str) -> Outcome {
    let seen = ctx.docker(["start", name]).timeout(options.docker_start_timeout).run()?;
    life::refused_missing(ctx, seen.clone(), name)?;
    let text = format!("{}{}", seen.stdout_text(), seen.stderr_text());
    seen.check(text.contains(&options.missing_msg), format!("the output has `{}`", options.missing_msg))?;
    seen.check(ctx.api()?.container(name)?.is_none(), "no container has come about")
}

/// To start what runs is no mistake, and does nothing.
fn is_left_alone(ctx: &Context, options: &Options, container: &Container, watch: &mut Watch) -> Outcome {
    let before = life::known(container)?;
    let seen = ctx.docker(["start", container.name()]).timeout(options.docker_start_timeout).run()?;
    let seen = super::left_alone(ctx, seen, container.name())?;
    life::unchanged(&seen, "what the engine knows about a container that runs", &before, &life::known(container)?)?;
    watch.happened(ctx, &seen, &[])
}

fn kill(ctx: &Context, options: &Options, name: &str) -> Outcome {
    ctx.docker(["kill", name]).timeout(options.docker_run_timeout).must_pass()?.prints(&format!("{name}\n"))?;
    Ok(())
}

/// The log has what the container wrote in both of its runs.
fn has_both_runs(ctx: &Context, container: &Container) -> Outcome {
    let count = |text: &str| text.lines().filter(|line| line.starts_with(STARTED)).count();
    let logs = container.logs_when(|logs: &Logs| count(&logs.stdout_text()) >= 2, LOG_LIMIT)?;
    let seen = ctx.docker(["logs", container.name()]).must_pass()?;
    seen.check_eq(count(&logs.stdout_text()), 2, "how often the container has told that it has started")?;
    seen.check_eq(seen.stdout_text(), container.logs()?.stdout_text(), "the container's log")
}
