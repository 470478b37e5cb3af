//! What has come of a command line, by what it says and by what the engine has afterwards.

use dockertest::engine::models::{ContainerInspectResponse, ContainerStateStatusEnum as Status};
use dockertest::engine::{Container, ImageName, Sign};
use dockertest::prelude::*;

use super::Position;
use super::item::Item;

/// The status of a client whose container has no such program.
const NO_PROGRAM: i64 = 127;

/// Fails unless it was refused, or whatever else it is to do.
pub(super) fn check(ctx: &Context, item: &Item, seen: Completed) -> Outcome {
    let invalid = item.invalid.join(" ");
    if !item.must_fail {
        seen.must_pass()?;
        return has_run(ctx, item);
    }
    let seen = match item.status {
        Some(status) => seen.must_fail(status)?,
        None => seen.must_fail_any()?,
    };
    let seen = seen.clean_but(&[Sign::Usage, Sign::Error])?;
    seen.check_eq(seen.stdout_text(), "", "what is printed on standard output")?;
    let said = seen.stderr_text().to_lowercase();
    let wanted = item.texts.join("` or `");
    let is_said = item.texts.is_empty() || item.texts.iter().any(|text| said.contains(text));
    seen.check(is_said, format!("standard error says of `{invalid}`: `{wanted}`"))?;
    let status = i64::from(seen.status.code().unwrap_or(-1));
    let found = ctx.api()?.container(&item.name)?;
    match (item.position, found) {
        (Position::Option | Position::Image, None) => no_image(ctx, item, &seen),
        (Position::Option | Position::Image, Some(_)) => {
            seen.check(false, format!("there is no container `{}`, since `{invalid}` was refused", item.name))
        }
        // Whether it is left is the engine's business; it has not run.
        (Position::Command, None) => {
            seen.check(status == NO_PROGRAM, format!("the container `{}` is there, since it has run", item.name))
        }
        (Position::Command, Some(found)) => is_refused_by_container(ctx, item, &seen, &found),
    }
}

/// Fails if the engine has an image of the name that was given.
fn no_image(ctx: &Context, item: &Item, seen: &Completed) -> Outcome {
    let Some(name) = item.invalid.last().filter(|_| item.position == Position::Image) else { return Ok(()) };
    // What is no name at all cannot be asked for.
    if ImageName::parse(name).is_err() {
        return Ok(());
    }
    seen.check(ctx.api()?.image(name)?.is_none(), format!("there is no image `{name}`"))
}

/// Fails unless the container has not run, or has refused its words by itself.
fn is_refused_by_container(ctx: &Context, item: &Item, seen: &Completed, found: &ContainerInspectResponse) -> Outcome {
    let state = found.state.clone().unwrap_or_default();
    let status = i64::from(seen.status.code().unwrap_or(-1));
    seen.check(state.running == Some(false), format!("the container `{}` does not run", item.name))?;
    let command = found.config.as_ref().and_then(|config| config.cmd.clone()).unwrap_or_default();
    seen.check_eq(command.join(" "), item.invalid.join(" "), "the words that the container was given")?;
    if state.status == Some(Status::CREATED) {
        seen.check_eq(status, NO_PROGRAM, "the client's status for a container that could not be started")?;
        // Docker notes the status in the container, podman does not.
        let noted = state.exit_code.filter(|noted| *noted != 0).unwrap_or(status);
        return seen.check_eq(noted, status, "the container's exit status, which is the client's");
    }
    seen.check_eq(state.exit_code.unwrap_or(-1), status, "the container's exit status, which is the client's")?;
    let wrote = Container::find(ctx, &item.name)?.logs()?;
    seen.check_eq(seen.said().join("\n"), wrote.stderr_text().trim_end(), "what the container wrote, on standard error")
}

/// Fails unless the container has run and ended with 0.
pub(super) fn has_run(ctx: &Context, item: &Item) -> Outcome {
    let container = Container::find(ctx, &item.name)?;
    let state = container.state()?;
    check_eq!(state.exit_code.unwrap_or(-1), 0, "the exit status of the container `{}`", item.name);
    let started = state.started_at.unwrap_or_default();
    check!(!started.is_empty() && !started.starts_with("0001"), "the container `{}` has run", item.name);
    let command = container.inspect()?.config.and_then(|config| config.cmd).unwrap_or_default();
    check_eq!(command.join(" "), item.invalid.join(" "), "the words that the container `{}` was given", item.name);
    Ok(())
}
