//! `docker start`: starts a container that does not run, and nothing else.
//!
//! * `simple`: a name that no container has is refused. A container that runs is left alone, which is no mistake. One
//!   that was killed is started again: it is the same container, and its log has both runs.
//! * `short_term_app`: a container whose command has ended is started again. With `--attach` the command must print
//!   what the container writes in that run, no more and no less, be back only when it has ended, and have its exit status
//!   for its own; that is tried with another status than 0, too.
//! * `long_term_app`: a container whose command takes long was killed, and is started again. The command must be back at
//!   once, and the container run.
//! * `rerun_long_term_app`: a container whose command takes long is started while it runs, and left alone.
//!
//! Names, ids and outputs are compared as a whole. The engine's own events must tell of one start where there must be
//! one, and of nothing where nothing must happen. Another container, which waits to be started, must stay as it was.
//!
//! # Engines
//! Podman ends with status 125 when there is no such container, and prints nothing when one runs already. Its events are other ones, and are not looked at.

mod long;
mod short;
mod simple;

use std::time::Duration;

use dockertest::config::types;
use dockertest::engine::Container;
use dockertest::prelude::*;
use serde::Deserialize;

use crate::life;

/// The options of `[docker_cli/start]` and the sections below it.
#[derive(Debug, Deserialize)]
struct Options {
    #[serde(with = "types::seconds")]
    docker_start_timeout: Duration,
    #[serde(with = "types::seconds")]
    docker_run_timeout: Duration,
    #[serde(with = "types::flag")]
    docker_attach: bool,
    #[serde(with = "types::flag")]
    docker_interactive: bool,
    #[serde(with = "types::flag")]
    check_if_cmd_finished: bool,
    #[serde(with = "types::flag")]
    docker_start_force: bool,
    #[serde(with = "types::seconds")]
    dkrcmd_waittime: Duration,
    run_cmd: String,
    container_name_prefix: Option<String>,
    missing_msg: String,
    docker_expected_result: String,
}

impl Options {
    /// Whether `docker start` stays until the container ends: to give it an input is to attach to it.
    fn attaches(&self) -> bool {
        self.docker_attach || self.docker_interactive
    }
}

/// A container that nobody starts.
#[derive(Default)]
struct Start {
    waiting: Option<(Container, String)>,
}

impl Subtest for Start {
    fn needs_engine(&self) -> bool {
        true
    }

    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        let name = ctx.container_name("waiting");
        let container = ctx.container().name(name).create()?;
        self.waiting = Some((container.clone(), life::known(&container)?));
        Ok(())
    }
}

impl Start {
    /// The container that nobody speaks of was not started.
    fn is_alone(&self, seen: &Completed) -> Outcome {
        let Some((container, before)) = &self.waiting else { return Ok(()) };
        let what = format!("what the engine knows about container {}, which is not concerned", container.name());
        life::unchanged(seen, what, before, &life::known(container)?)
    }
}

/// A container that `docker run --detach` made, with the words of `run_cmd`.
fn run_detached(ctx: &mut Context, options: &Options) -> Outcome<Container> {
    if options.docker_start_force {
        return Err(
            NotApplicable::because("`docker_start_force` is set, and `docker start` has no --force any more").into()
        );
    }
    let name = ctx.container_name(options.container_name_prefix.as_deref().unwrap_or("test"));
    let mut words = life::run_words(ctx, &["--detach".to_owned()], &name);
    words.push(ctx.image()?);
    let command = shlex::split(&options.run_cmd);
    words.extend(command.ok_or_else(|| life::bad_option("run_cmd", &options.run_cmd, "it has an open quote"))?);
    let seen = ctx.docker(words).timeout(options.docker_run_timeout).must_pass()?;
    let container = Container::find(ctx, &name)?;
    seen.prints(&format!("{}\n", container.id()))?;
    Ok(container)
}

/// `docker start` as the options want it.
fn command(ctx: &Context, options: &Options, id: &str) -> Command {
    let mut words = vec!["start"];
    words.extend(options.docker_attach.then_some("--attach"));
    words.extend(options.docker_interactive.then_some("--interactive"));
    words.push(id);
    let limit = if options.attaches() { options.dkrcmd_waittime } else { options.docker_start_timeout };
    ctx.docker(words).timeout(limit)
}

/// The command was told to start what runs already; podman does not print its name then.
fn left_alone(ctx: &Context, seen: Completed, name: &str) -> Outcome<Completed> {
    if life::is_podman(ctx) && seen.stdout.is_empty() {
        return Ok(seen.must_pass()?.prints("")?);
    }
    life::printed_name(ctx, seen, name)
}

/// When a container was started last.
fn started(container: &Container) -> Outcome<String> {
    Ok(container.state()?.started_at.unwrap_or_default())
}

dockertest::subtest!(
    Start,
    "A container that does not run is started, and nothing else.",
    sequential {
        simple: simple::Simple,
        short_term_app: short::ShortTermApp,
        long_term_app: long::LongTermApp,
        rerun_long_term_app: long::RerunLongTermApp
    }
);
