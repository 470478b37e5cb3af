//! What the engine tells of a container that was run.

use std::time::Duration;

use dockertest::engine::{Event, Events};
use dockertest::prelude::*;

use super::Run;

/// How long an event may take that is told about something that has happened.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is told of a container, of those that are looked at.
const TOLD: [&str; 5] = ["create", "start", "kill", "die", "destroy"];

/// What happens from now on to containers of these names.
pub(super) fn watch(ctx: &Context, runs: &[&Run]) -> Outcome<Events> {
    let names = runs.iter().map(|run| ("container", run.name.as_str()));
    let filters: Vec<_> = std::iter::once(("type", "container")).chain(names).collect();
    Ok(ctx.api()?.events(&filters)?)
}

/// Fails unless the container is there, or not, now that its client has ended.
pub(super) fn is_kept_or_removed(ctx: &Context, run: &Run, seen: &Completed) -> Outcome {
    let is_there = ctx.api()?.container(&run.name)?.is_some();
    match run.removes_itself() {
        true => seen.check(!is_there, "the container is removed when the client ends"),
        false => seen.check(is_there, "the container stays when the client ends"),
    }
}

/// What was told up to the last thing that happens to a container.
pub(super) fn told(events: &mut Events, last: &Run) -> Outcome<Vec<Event>> {
    let expected = if last.removes_itself() { "destroy" } else { "die" };
    events.until(|event| event.attribute("name") == last.name && action(event) == expected, PATIENCE)
}

/// Fails unless exactly one container of the name was created, started, ended with the status, and was removed, if it
/// was to be. Gives back the signals that it got.
pub(super) fn once(run: &Run, told: &[Event], seen: &Completed, status: i32) -> Outcome<Vec<String>> {
    let own = told.iter().filter(|event| event.attribute("name") == run.name && TOLD.contains(&action(event)));
    let (signals, told): (Vec<&Event>, Vec<&Event>) = own.partition(|event| action(event) == "kill");
    let actions: Vec<&str> = told.iter().map(|event| action(event)).collect();
    let expected: &[&str] =
        if run.removes_itself() { &["create", "start", "die", "destroy"] } else { &["create", "start", "die"] };
    seen.check_eq(actions.join(" "), expected.join(" "), "what happened to the container, by the engine's events")?;
    let one = told.windows(2).all(|pair| pair[0].id == pair[1].id);
    seen.check(one, "all that happened to one container")?;
    // Not every version of podman tells the status.
    for event in told.iter().filter(|event| action(event) == "die" && !exit_code(event).is_empty()) {
        seen.check_eq(exit_code(event), status, "the container's exit status, by the engine's events")?;
    }
    Ok(signals.into_iter().map(|event| event.attribute("signal").to_owned()).collect())
}

/// Podman's own names are those of its command line.
fn action(event: &Event) -> &str {
    match event.action.as_str() {
        "died" => "die",
        "remove" => "destroy",
        other => other,
    }
}

fn exit_code(event: &Event) -> &str {
    match event.attribute("exitCode") {
        "" => event.attribute("containerExitCode"),
        code => code,
    }
}
