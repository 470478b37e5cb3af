//! `docker events`: it reports the life of a container as it happens, and again afterwards.
//!
//! Before a short container is run, three clients begin to listen: one without filters (text), one for this container as
//! data (`--format '{{json .}}'`), and one for its end only (`--filter event=die`). At the same time the engine's API is
//! listened to. What the clients print about the container must be what the API told: the same events in the same order,
//! with the same times, ids and attributes, also those of networks that the container joins or leaves. Each action of
//! `expect_events` must be among them, in the order of a container's life; `die` tells the exit status.
//!
//! Then one more container of the same name is made and removed, which only a client that still listens can report.
//!
//! Afterwards the past is asked for with `--since` and `--until`: the same events and no others must come, as text and as
//! data, with filters for one action and for two; nothing for the time before; and the command must end by itself. Filters
//! and times that are none must be refused.
//!
//! What others do meanwhile is shown too, and must be readable: `unparseable_allowance` lines may not be, which are none
//! of this container's. Engines remember the last 256 events only, so that a very busy engine may have forgotten.
//!
//! Engines differ. Podman says `died` and `remove` for `die` and `destroy`, writes times in another form and attributes in
//! another order, ends a replay only with `--stream=false`, and takes filters and times that are none without a word. From
//! API 1.52 on, docker's data has no `status`, `id` and `from`; these are not looked at.

mod line;
mod listener;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dockertest::config::types;
use dockertest::engine::{Condition, Events as Stream};
use dockertest::prelude::*;
use serde::Deserialize;

use crate::life;
use line::{Told, action};
use listener::{Expected, Listener};

/// The order of a container's life.
const LIFE: [&str; 4] = ["create", "start", "die", "destroy"];

/// The options of the section `[docker_cli/events]`.
#[derive(Debug, Deserialize)]
struct Options {
    #[serde(with = "types::list")]
    run_args: Vec<String>,
    #[serde(with = "types::flag")]
    rm_after_run: bool,
    #[serde(with = "types::seconds")]
    wait_stop: Duration,
    #[serde(with = "types::list")]
    expect_events: Vec<String>,
    name_prefix: String,
    unparseable_allowance: usize,
    #[serde(with = "types::seconds")]
    docker_timeout: Duration,
}

#[derive(Default)]
struct Events;

impl Subtest for Events {
    fn needs_engine(&self) -> bool {
        true
    }

    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let (name, image) = (ctx.container_name(&options.name_prefix), ctx.image()?);
        let since = Moment::now();
        let mut told = ctx.api()?.events(&[])?;
        let mut all = Listener::start(ctx, &since, &[])?;
        let of_container = format!("container={name}");
        let mut data = Listener::start(ctx, &since, &["--filter", &of_container, "--format", "{{json .}}"])?;
        let event = format!("event={}", of_flavor(ctx, "die"));
        let mut ends = Listener::start(ctx, &since, &["--filter", &of_container, "--filter", &event])?;

        let (id, status) = live(ctx, &options, &name, &image)?;
        let expected = hear(ctx, &mut told, &id, &options)?;
        check_life(&expected, &options, status, &since)?;
        let (limit, allowance) = (options.wait_stop, options.unparseable_allowance);
        let (of_container, die) = (expected.of_container(&id), expected.of_container(&id).of_action(&["die"]));
        all.must_hear(&expected, &id, limit, allowance)?;
        data.must_hear_only(&of_container, limit)?;
        ends.must_hear_only(&die, limit)?;
        replay(ctx, &since, &name, &of_container)?;

        // Only who hears of one more container still listens.
        let name = if options.rm_after_run { name } else { ctx.container_name(&options.name_prefix) };
        let (other, more) = another(ctx, &mut told, &name, limit)?;
        all.must_hear(&more, &other, limit, allowance)?;
        let more = if options.rm_after_run { of_container.and(&more.of_container(&other)) } else { of_container };
        data.must_hear_only(&more, limit)?;
        ends.must_hear_only(&die, limit)?;
        for listener in [all, data, ends] {
            listener.end()?;
        }
        refused(ctx)
    }
}

/// Runs the container to its end, removes it if that is wanted, and gives its id and exit status.
fn live(ctx: &Context, options: &Options, name: &str, image: &str) -> Outcome<(String, i64)> {
    let filled = |word: &String| word.replace("${NAME}", name).replace("${IMAGE}", image);
    let mut words = vec!["run".to_owned()];
    words.extend(ctx.labels());
    for argument in options.run_args.iter().map(filled) {
        words.extend(shlex::split(&argument).unwrap_or_else(|| vec![argument]));
    }
    let seen = ctx.docker(words).must_pass()?;
    let id = seen.stdout_text().trim().to_owned();
    let is_id = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    seen.check(is_id, "the id of the container is printed and nothing else")?;
    let api = ctx.api()?;
    // It is removed below, so it must not be somebody else's.
    let labels = api.container(&id)?.and_then(|found| found.config).and_then(|config| config.labels);
    seen.check(life::is_of_step(ctx, labels.as_ref()), "the id that is printed is that of the container that was run")?;
    let status = api.wait(&id, Condition::NotRunning, options.docker_timeout)?;
    if options.rm_after_run {
        api.remove(&id)?;
    }
    Ok((id, status))
}

/// What the API tells of the container until its end or removal.
fn hear(ctx: &Context, told: &mut Stream, id: &str, options: &Options) -> Outcome<Expected> {
    hear_until(ctx, told, id, if options.rm_after_run { "destroy" } else { "die" }, options.wait_stop)
}

fn hear_until(ctx: &Context, told: &mut Stream, id: &str, last: &str, limit: Duration) -> Outcome<Expected> {
    let all = told.until(|event| event.id == id && action(&event.action) == last, limit)?;
    let ours: Vec<Told> = all.iter().map(Told::of_api).filter(|told| told.is_about(id)).collect();
    for told in &ours {
        ctx.debug(format!("the API told: {}", told.shown()));
    }
    Ok(Expected { told: ours, is_podman: is_podman(ctx) })
}

/// Makes a container that never runs, removes it, and gives its id and what the API told of it.
fn another(ctx: &mut Context, told: &mut Stream, name: &str, limit: Duration) -> Outcome<(String, Expected)> {
    let container = ctx.container().name(name).create()?;
    ctx.api()?.remove(container.id())?;
    let expected = hear_until(ctx, told, container.id(), "destroy", limit)?;
    Ok((container.id().to_owned(), expected))
}

/// Whether the engine itself told what it must: otherwise the clients could only repeat that.
fn check_life(expected: &Expected, options: &Options, status: i64, since: &Moment) -> Outcome {
    let actions: Vec<&str> = expected.told.iter().map(|told| told.action.as_str()).collect();
    for wanted in &options.expect_events {
        check!(actions.contains(&action(wanted).as_str()), "`{wanted}` is among the events: {}", actions.join(", "));
    }
    let life: Vec<&str> = actions.iter().copied().filter(|action| LIFE.contains(action)).collect();
    let order: Vec<&str> = LIFE.into_iter().filter(|action| life.contains(action)).collect();
    check_eq!(life.join(", "), order.join(", "), "the events of the container's life, in their order");
    let die = expected.told.iter().find(|told| told.action == "die");
    if let Some(die) = die.filter(|_| !expected.is_podman) {
        let is_told = die.attributes.split(", ").any(|pair| pair == format!("exitCode={status}"));
        check!(is_told, "`die` tells the exit status {status}: {}", die.attributes);
    }
    let times: Vec<i128> = expected.told.iter().map(|told| told.time).collect();
    let now = Moment::now();
    let is_right = times.is_sorted() && times.iter().all(|time| (since.0..=now.0).contains(time));
    check!(is_right, "the events have times of their order between {} and {}: {times:?}", since.text(), now.text());
    Ok(())
}

/// The past: the same again, and the end by itself.
fn replay(ctx: &Context, since: &Moment, name: &str, expected: &Expected) -> Outcome {
    let until = Moment::now();
    let of_container = format!("container={name}");
    let ask = |until: &Moment, more: &[&str]| {
        let (from, to) = (since.text(), until.text());
        let mut words = vec!["events", "--since", &from];
        // Podman's `--until` leaves out what happened a moment ago.
        words.extend(if is_podman(ctx) { vec!["--stream=false"] } else { vec!["--until", &to] });
        words.extend(["--filter", &of_container]);
        words.extend(more);
        Ok::<_, Failure>(ctx.docker(words).must_pass()?)
    };
    expected.check(&ask(&until, &[])?, Told::of_text)?;
    expected.check(&ask(&until, &["--format", "{{json .}}"])?, Told::of_json)?;
    let [create, die] = ["create", "die"].map(|action| format!("event={}", of_flavor(ctx, action)));
    expected.of_action(&["create"]).check(&ask(&until, &["--filter", &create])?, Told::of_text)?;
    let both = ask(&until, &["--filter", &create, "--filter", &die])?;
    expected.of_action(&["create", "die"]).check(&both, Told::of_text)?;
    if !is_podman(ctx) {
        let before = ask(since, &[])?;
        before.prints("")?;
    }
    Ok(())
}

/// What is no filter or no time is refused, and nothing is printed as if it were an event.
fn refused(ctx: &Context) -> Outcome {
    if is_podman(ctx) {
        ctx.info("podman takes filters and times that are none");
        return Ok(());
    }
    let limit = Duration::from_secs(30);
    for words in [["events", "--since", "nonsense", "--until", "0"], ["events", "--until", "0", "--filter", "nonsense"]]
    {
        let seen = ctx.docker(words).timeout(limit).must_fail_any()?;
        seen.check_eq(seen.stdout_text(), "", "standard output")?;
        seen.check(seen.stderr_text().contains("nonsense"), "the message names what is wrong")?;
    }
    Ok(())
}

fn is_podman(ctx: &Context) -> bool {
    ctx.engine().is_some_and(|engine| engine.flavor == "podman")
}

/// The engine's own name of an action.
fn of_flavor(ctx: &Context, action: &'static str) -> &'static str {
    match action {
        "die" if is_podman(ctx) => "died",
        "destroy" if is_podman(ctx) => "remove",
        other => other,
    }
}

/// Nanoseconds of the clock.
#[derive(Debug, Clone, Copy)]
struct Moment(i128);

impl Moment {
    fn now() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Moment(i128::from(now.as_secs()) * 1_000_000_000 + i128::from(now.subsec_nanos()))
    }

    /// As the engine takes it: seconds and nanoseconds.
    fn text(self) -> String {
        format!("{}.{:09}", self.0 / 1_000_000_000, self.0 % 1_000_000_000)
    }
}

dockertest::subtest!(Events, "`docker events` reports a container's life as it happens, and again afterwards.");
