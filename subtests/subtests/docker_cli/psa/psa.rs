//! `docker ps --all`: the table tells the truth before, during and after the life of a container.
//!
//! A container is run in the foreground. It shows that it can write, and ends when it gets SIGUSR1. Before it is there,
//! while it runs, when it has ended and when it has been removed, these tables are looked at: `docker ps --all --no-trunc`,
//! the same with `--size`, `docker ps --all` with its shortened columns, and `docker ps`, which must list the container
//! only as long as it runs.
//!
//! Each cell of the container's row is compared as a whole: id, image, command, how long ago it was created, its status
//! (`Up`, `Exited (0)`), ports, name and sizes; what is right is known from the engine's API and from the clock. Two more
//! containers, one created and one that ended with status 3, must be listed as such, and after the newer one. In every
//! table each container must be there once that the API lists before and after, and no other. That holds also when others
//! use the engine. The filters `name` and `status` and the option `--quiet` must give the id and nothing else. The run
//! itself must print what the container printed, and end with its status.
//!
//! Engines differ: podman writes commands without quotes, cuts them elsewhere, names images with their registry, and
//! lists the newest container last.

mod human;
mod listed;

use std::time::Duration;

use dockertest::config::types;
use dockertest::engine::models::ContainerInspectResponse;
use dockertest::engine::{Api, ImageName, Place};
use dockertest::prelude::*;
use serde::Deserialize;

use listed::{Known, Listed, State};

/// Shows that it can write, writes some bytes, and ends when it gets SIGUSR1.
const LOOP: &str = "head -c 12345 /dev/zero > ready || exit 9; trap ': > stop' USR1; echo READY; \
                    until [ -e stop ]; do sleep 0.1; done; rm stop; echo DONE";

/// The options of the section `[docker_cli/psa]`.
#[derive(Debug, Deserialize)]
struct Options {
    #[serde(with = "types::seconds")]
    wait_start: Duration,
    #[serde(with = "types::seconds")]
    wait_stop: Duration,
    #[serde(with = "types::seconds")]
    docker_timeout: Duration,
}

#[derive(Default)]
struct Psa;

impl Subtest for Psa {
    fn needs_engine(&self) -> bool {
        true
    }

    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let api = ctx.api()?;
        let neighbours = neighbours(ctx)?;
        let name = ctx.container_name("test");
        let before = Listed::ask(ctx, &["--all", "--no-trunc"])?;
        let (mut run, cidfile) = start(ctx, &name)?;
        run.wait_for("^READY$", options.docker_timeout + options.wait_start)?;
        let running = known(&api, &name, ctx)?;
        before.check_absent(&running)?;
        check_eq!(std::fs::read_to_string(cidfile)?.trim(), running.id, "what `--cidfile` wrote");
        check_tables(ctx, &running, &neighbours)?;
        quiet(ctx, &running, "running")?;
        let process = Place::of_address(api.address())?.proc().join(pid(&api, &name)?);
        check!(process.exists(), "the container's process is in {}", process.display());

        api.kill(&running.id, "USR1")?;
        let ended = run.wait(options.wait_stop)?.must_pass()?;
        ended.check_eq(ended.stdout_text(), "READY\nDONE\n", "what the container printed")?;
        ended.check_eq(ended.said().join("\n"), "", "standard error of the run")?;
        let exited = known(&api, &name, ctx)?;
        check!(matches!(exited.state, State::Exited(0, _)), "the engine knows that the container ended with status 0");
        check!(!process.exists(), "the container's process is gone");
        check_tables(ctx, &exited, &neighbours)?;
        quiet(ctx, &exited, "exited")?;

        api.remove(&running.id)?;
        for table in [&["--all", "--no-trunc", "--size"][..], &["--all"], &[]] {
            Listed::ask(ctx, table)?.check_absent(&running)?;
        }
        Ok(())
    }
}

/// Two that are older: created, and ended with status 3.
fn neighbours(ctx: &mut Context) -> Outcome<[Known; 2]> {
    let created = ctx.container().create()?;
    let ended = ctx.container().command(["sh", "-c", "exit 3"]).start()?;
    ended.wait_exit(Duration::from_secs(60))?;
    let api = ctx.api()?;
    Ok([known(&api, ended.name(), ctx)?, known(&api, created.name(), ctx)?])
}

fn start(ctx: &mut Context, name: &str) -> Outcome<(Running, std::path::PathBuf)> {
    let cidfile = ctx.tmp().join("cid");
    let image = ctx.image()?;
    let mut words = vec!["run".to_owned(), format!("--cidfile={}", cidfile.display()), format!("--name={name}")];
    words.push("--network=none".to_owned());
    words.extend(ctx.labels());
    words.extend([&image, "/bin/bash", "-c", LOOP].map(str::to_owned));
    Ok((ctx.docker(words).spawn()?, cidfile))
}

/// All tables while the container is as it is.
fn check_tables(ctx: &Context, container: &Known, neighbours: &[Known; 2]) -> Outcome {
    let is_podman = is_podman(ctx);
    for options in [&["--all", "--no-trunc", "--size"][..], &["--all", "--no-trunc"], &["--all"]] {
        let listed = Listed::ask(ctx, options)?;
        for known in [container].into_iter().chain(neighbours) {
            listed.check_row(known, is_podman)?;
        }
        listed.check_order(container, &neighbours[0], is_podman)?;
        listed.check_order(&neighbours[0], &neighbours[1], is_podman)?;
    }
    let listed = Listed::ask(ctx, &[])?;
    if matches!(container.state, State::Up(_)) {
        listed.check_row(container, is_podman)?;
    } else {
        listed.check_absent(container)?;
    }
    neighbours.iter().try_for_each(|known| listed.check_absent(known))
}

/// Only ids, only of the container that is asked for.
fn quiet(ctx: &Context, container: &Known, state: &str) -> Outcome {
    let by_name = format!("name=^{}$", container.name);
    let other = if state == "running" { "exited" } else { "running" };
    for (status, expected) in [(state, format!("{}\n", container.id)), (other, String::new())] {
        let by_status = format!("status={status}");
        let words = ["ps", "--all", "--quiet", "--no-trunc", "--filter", &by_name, "--filter", &by_status];
        let seen = ctx.docker(words).must_pass()?;
        seen.prints(&expected)?;
    }
    Ok(())
}

fn is_podman(ctx: &Context) -> bool {
    ctx.engine().is_some_and(|engine| engine.flavor == "podman")
}

fn inspect(api: &Api, name: &str) -> Outcome<ContainerInspectResponse> {
    let found = api.container_with_size(name)?;
    Ok(found.ok_or_else(|| CheckFailed::new(format!("the engine has no container `{name}`"), Default::default()))?)
}

fn pid(api: &Api, name: &str) -> Outcome<String> {
    Ok(inspect(api, name)?.state.and_then(|state| state.pid).unwrap_or_default().to_string())
}

/// The seconds of a time that the API tells.
fn seconds(time: Option<&str>) -> Outcome<u64> {
    let text = time.unwrap_or_default();
    let time: jiff::Timestamp =
        text.parse().map_err(|error| Failure::from(error).context(format!("the time `{text}`")))?;
    Ok(time.as_second().unsigned_abs())
}

/// What the engine's API knows.
fn known(api: &Api, name: &str, ctx: &Context) -> Outcome<Known> {
    let found = inspect(api, name)?;
    let config = found.config.unwrap_or_default();
    let state = found.state.unwrap_or_default();
    let image = config.image.unwrap_or_default();
    let image = if is_podman(ctx) { image } else { ImageName::parse(&image).map_or(image, |name| name.familiar()) };
    let status = state.status.map_or(String::new(), |status| status.to_string());
    let state = match status.as_str() {
        "running" => State::Up(seconds(state.started_at.as_deref())?),
        "exited" => State::Exited(state.exit_code.unwrap_or_default(), seconds(state.finished_at.as_deref())?),
        _ => State::Created,
    };
    let bytes = |size: Option<i64>| size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
    Ok(Known {
        id: found.id.unwrap_or_default(),
        name: name.to_owned(),
        image,
        words: found.path.into_iter().chain(found.args.unwrap_or_default()).collect(),
        created: seconds(found.created.as_deref())?,
        state,
        sizes: Some((bytes(found.size_rw), bytes(found.size_root_fs))),
    })
}

dockertest::subtest!(Psa, "The table of `docker ps --all` tells the truth of a container's life.");
