//! An instruction fails.

use dockertest::engine::Object;
use dockertest::prelude::*;

use super::Build;
use super::checks::as_configured;
use super::order::{Before, Built, More, Order};
use super::transcript::Builder;

/// The instructions up to the one that fails, with `FROM`.
const STEPS: usize = 5;

/// A build whose fourth instruction after `FROM` fails; quiet, or with `--force-rm`.
#[derive(Default)]
pub(super) struct Bad<const QUIET: bool, const FORCE_RM: bool>;

impl<const QUIET: bool, const FORCE_RM: bool> SubSubtest<Build> for Bad<QUIET, FORCE_RM> {
    fn run_once(&mut self, build: &mut Build, ctx: &mut Context) -> Outcome {
        let order = Order::of_section(ctx)?;
        let before = Before::note(ctx)?;
        let mut built = order.build(build, ctx)?;
        let base = ctx.image()?;
        let more = before.more(ctx, &base, &[&built.seen])?;
        if build.builder == Builder::Podman {
            before.own_unnamed(ctx)?;
        }
        // It is promised by its name only if that is given.
        ctx.own(Object::Image(built.name.clone()));
        built.seen = built.seen.must_fail(1)?;
        let seen = &built.seen;
        seen.check(built.image.is_none(), format!("there is no image {} of a build that failed", built.name))?;
        self.says(&built)?;
        self.leaves(ctx, &built, &more)?;
        as_configured(ctx, &order.options.postproc_cmd_csv, &built, &more)
    }
}

impl<const QUIET: bool, const FORCE_RM: bool> Bad<QUIET, FORCE_RM> {
    /// What happened until then is told, but by a quiet build not on standard output; and why it ended.
    fn says(&self, built: &Built) -> Outcome {
        let seen = &built.seen;
        let complaint = match built.builder {
            Builder::Classic => "The command '/bin/sh -c /bin/false' returned a non-zero code: 1",
            Builder::BuildKit => "exit code: 1",
            Builder::Podman => "exit status 1",
        };
        seen.check(seen.stderr_text().contains(complaint), format!("standard error says `{complaint}`"))?;
        seen.check(seen.stderr_text().contains("/bin/false"), "standard error names the instruction that failed")?;
        if QUIET {
            let told = if built.builder == Builder::Podman { String::new() } else { seen.stdout_text().into_owned() };
            seen.check_eq(told, "", "standard output of a quiet build that fails")?;
            let text = format!("{}{}", seen.stdout_text(), seen.stderr_text());
            return seen.check(!text.lines().any(|line| line.trim() == "foobar"), "nothing runs after the failure");
        }
        if built.builder == Builder::Classic {
            seen.check_eq(built.builder.complaints(seen).join("\n"), complaint, "standard error")?;
        }
        built.must_print(&["Schazam!"])?;
        seen.check(built.transcript.built.is_none(), "no id of an image is told")?;
        seen.check(built.transcript.tagged.is_empty(), "no name of an image is told")?;
        if built.builder == Builder::Podman { Ok(()) } else { built.must_announce_steps(STEPS) }
    }

    fn leaves(&self, ctx: &Context, built: &Built, more: &More) -> Outcome {
        match built.builder {
            Builder::Podman => return Ok(()),
            Builder::BuildKit => return built.must_have_left(more, 0, 0),
            Builder::Classic => built.must_have_left(more, usize::from(!FORCE_RM), 1)?,
        }
        let [id] = more.containers.as_slice() else { return Ok(()) };
        let Some(container) = ctx.api()?.container(id)? else {
            return built.seen.check(false, "the container of the failed instruction is there");
        };
        let words = container.config.and_then(|config| config.cmd).unwrap_or_default();
        built.seen.check_eq(words.join(" "), "/bin/sh -c /bin/false", "the command of the container that is kept")?;
        let status = container.state.and_then(|state| state.exit_code).unwrap_or_default();
        built.seen.check_eq(status, 1, "its exit status")?;
        if QUIET {
            return Ok(());
        }
        let last = built.transcript.containers.last().cloned().unwrap_or_default();
        built.seen.check(!last.is_empty() && id.starts_with(&last), "it is the one that is announced last")
    }
}
