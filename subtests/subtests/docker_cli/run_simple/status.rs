//! The exit status comes back.

use dockertest::engine::Container;
use dockertest::prelude::*;

use super::{Options, Run, RunSimple, ran};

/// A command that ends with a status; which one is up to the section.
#[derive(Default)]
pub(super) struct ExitStatus;

impl SubSubtest<RunSimple> for ExitStatus {
    fn run_once(&mut self, parent: &mut RunSimple, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let run = Run::new(&options, &parent.image, ctx)?;
        let kept = run.again("--rm=false", ctx);
        let mut events = ran::watch(ctx, &[&run, &kept])?;
        let first = ends_with(ctx, &run, &options)?;
        let second = ends_with(ctx, &kept, &options)?;
        let told = ran::told(&mut events, &kept)?;
        ran::once(&run, &told, &first, options.exit_status)?;
        ran::once(&kept, &told, &second, options.exit_status)?;
        is_left_as_it_ran(ctx, &kept, &second, options.exit_status)
    }
}

/// Runs it; it must end with the status and print nothing.
fn ends_with(ctx: &Context, run: &Run, options: &Options) -> Outcome<Completed> {
    let seen = run.command(ctx).timeout(options.docker_timeout).must_fail(options.exit_status)?.prints("")?;
    ran::is_kept_or_removed(ctx, run, &seen)?;
    Ok(seen)
}

/// What the engine knows about a container that has ended and is kept.
fn is_left_as_it_ran(ctx: &Context, run: &Run, seen: &Completed, status: i32) -> Outcome {
    let container = Container::find(ctx, &run.name)?;
    let found = container.inspect()?;
    let state = found.state.clone().unwrap_or_default();
    seen.check(state.running == Some(false), "the container has ended")?;
    seen.check_eq(state.exit_code.unwrap_or(-1), status, "the container's exit status")?;
    let config = found.config.clone().unwrap_or_default();
    seen.check_eq(config.cmd.unwrap_or_default().join("\n"), run.command.join("\n"), "the words it was given")?;
    let image = ctx.api()?.image(&run.image)?.and_then(|image| image.id).unwrap_or_default();
    let bare = |id: &str| id.trim_start_matches("sha256:").to_owned();
    seen.check_eq(bare(found.image.as_deref().unwrap_or_default()), bare(&image), "the image that it was made from")?;
    let logs = container.logs()?;
    seen.check_eq(format!("{}{}", logs.stdout_text(), logs.stderr_text()), "", "what the container wrote")
}
