//! Images that a container uses.

use std::time::Duration;

use dockertest::engine::{Container, OwnImage, Tags};
use dockertest::prelude::*;
use dockertest::verdict::Verdict;

use super::{Options, Rmi, is_podman, rmi};

/// How long the container may take; it has next to nothing to do.
const CONTAINER_LIMIT: Duration = Duration::from_secs(60);

/// By what the image is named that is to be removed.
pub(super) trait By: Default {
    fn which<'n>(&self, name: &'n str, id: &'n str) -> &'n str;

    /// What docker says, in small letters.
    const REFUSAL: &'static str;

    /// What docker says after that, if it may be forced.
    const FORCE: &'static str;
}

/// By a name and tag.
#[derive(Default)]
pub(super) struct ByTag;

impl By for ByTag {
    const REFUSAL: &'static str = "conflict: unable to remove repository reference";
    const FORCE: &'static str = "must force";

    fn which<'n>(&self, name: &'n str, _id: &'n str) -> &'n str {
        name
    }
}

/// By its full id.
#[derive(Default)]
pub(super) struct ById;

impl By for ById {
    const REFUSAL: &'static str = "conflict: unable to delete";
    const FORCE: &'static str = "must be forced";

    fn which<'n>(&self, _name: &'n str, id: &'n str) -> &'n str {
        id
    }
}

/// Removes an image that a container uses which does not run.
#[derive(Default)]
pub(super) struct Blocked<B> {
    by: B,
    made: Option<(OwnImage, Container, Tags)>,
}

impl<B: By> SubSubtest<Rmi> for Blocked<B> {
    fn initialize(&mut self, _rmi: &mut Rmi, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let text = ctx.unique_name("text").rsplit('-').next().unwrap_or_default().to_owned();
        let command = prepare(&options.docker_data_prepare_cmd, &text)?;
        let first = ctx.container().command(command.clone()).start()?;
        ended(&first)?;
        let prefix = &options.commit_repo_tag_name_prefix;
        let image = ctx.image_of(&first, prefix, &options.commit_author, &options.commit_message)?;
        let container = ctx.container().image(&image.name).command(command).start()?;
        ended(&container)?;
        let before = Tags::of(&*ctx.api()?, &image.id)?;
        self.made = Some((image, container, before));
        Ok(())
    }

    fn run_once(&mut self, _rmi: &mut Rmi, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let Some((image, container, before)) = self.made.take() else { return Ok(()) };
        let id = &image.id;
        let seen = rmi(ctx, &options, self.by.which(&image.name, id))?;
        if options.docker_rmi_force {
            return forced(ctx, seen, &image, &container);
        }
        let podman = is_podman(ctx);
        let seen = seen.must_fail(if podman { 2 } else { 1 })?;
        let said = seen.said().join("\n").to_lowercase();
        let reasons = if podman { ["image is in use by a container", ""] } else { [B::REFUSAL, B::FORCE] };
        let [reason, advice] = reasons;
        seen.check(said.contains(reason) && said.contains(advice), format!("standard error says `{reason}`"))?;
        let user = container.id().get(..12).unwrap_or_default();
        seen.check(said.contains(user), format!("standard error names the container `{user}`"))?;
        seen.check_eq(seen.stdout_text(), "", "standard output of a command that fails")?;
        let api = ctx.api()?;
        Tags::of(&api, id)?.must_be(&before, &seen)?;
        must_use(&container, id, &seen)
    }
}

/// What `--force` promises.
fn forced(ctx: &Context, seen: Completed, image: &OwnImage, container: &Container) -> Outcome {
    let OwnImage { name, id, .. } = image;
    let seen = seen.must_pass()?;
    let printed = seen.stdout_text().into_owned();
    seen.check(
        printed.starts_with(&super::untagged(ctx, name)?),
        format!("the first line tells that `{name}` is gone"),
    )?;
    seen.check_eq(seen.said().join("\n"), "", "standard error of a command that succeeds")?;
    let api = ctx.api()?;
    Tags::of(&api, id)?.must_be(&Tags::default(), &seen)?;
    seen.check(api.image(name)?.is_none(), format!("the name `{name}` is gone"))?;
    seen.check(api.image(id)?.is_none(), "the image itself is gone")?;
    seen.check_eq(container.exists()?, !is_podman(ctx), "whether the container is still there")
}

/// The words of the command that containers run, with a text in place of `%s`.
fn prepare(option: &str, text: &str) -> Outcome<Vec<String>> {
    shlex::split(&option.replace("%s", text)).ok_or_else(|| {
        let problem = format!("the option `docker_data_prepare_cmd` has an open quote: `{option}`");
        Failure::new(Verdict::Error, problem)
    })
}

/// Waits until a container has ended well.
fn ended(container: &Container) -> Outcome {
    match container.wait_exit(CONTAINER_LIMIT)? {
        0 => Ok(()),
        status => {
            let reason = format!("`docker_data_prepare_cmd` ends with status {status} in the test image");
            Err(NotApplicable::because(reason).into())
        }
    }
}

/// Checks that the container is there and still of its image.
fn must_use(container: &Container, id: &str, seen: &Completed) -> Outcome {
    let used = container.inspect()?.image.unwrap_or_default();
    seen.check_eq(used.trim_start_matches("sha256:"), id.trim_start_matches("sha256:"), "the image of the container")
}
