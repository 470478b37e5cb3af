//! The image that came about.

use dockertest::engine::models::ImageInspect;
use dockertest::engine::{Container, ImageName};
use dockertest::prelude::*;

use super::changes::Changes;
use super::source::Source;
use super::{CONTAINER_LIMIT, Options, is_podman};

/// The image that a commit made, by its name.
pub(super) struct Committed {
    name: String,
}

impl Committed {
    /// Looks the new name up, and checks all that the image must have of the container.
    pub(super) fn new(
        ctx: &Context,
        options: &Options,
        (source, changes): (&Source, &Changes),
        name: &str,
        seen: &Completed,
    ) -> Outcome<Committed> {
        let api = ctx.api()?;
        let image = api.image(name)?;
        seen.check(image.is_some(), format!("the engine has an image `{name}`"))?;
        let image = image.unwrap_or_default();
        printed(ctx, seen, image.id.as_deref().unwrap_or_default())?;
        let flavor = ctx.engine().map_or("", |engine| engine.flavor.as_str());
        let names = image.repo_tags.clone().unwrap_or_default().join(" ");
        seen.check_eq(names, ImageName::parse(name)?.local(flavor), "all names of the image")?;
        seen.check_eq(image.author.as_deref().unwrap_or_default(), &options.commit_author, "the author of the image")?;
        seen.check_eq(comment(ctx, &image)?, &options.commit_message, "the message of the image")?;
        configuration(source, changes, &image, seen)?;
        let base = source.before.image.as_deref().unwrap_or_default();
        let base = api.image(base)?.and_then(|image| image.root_fs?.layers).unwrap_or_default();
        let layers = image.root_fs.and_then(|root| root.layers).unwrap_or_default();
        let kept = layers.get(..base.len()).unwrap_or_default();
        seen.check_eq(kept.join(" "), base.join(" "), "the layers that the image has of the container's image")?;
        seen.check_eq(
            layers.len(),
            base.len() + 1,
            "the number of layers: those of the container's image and one more",
        )?;
        Ok(Committed { name: name.to_owned() })
    }

    /// Runs a command in a container of the image, or the image's own command, and gives what it printed.
    pub(super) fn run(&self, ctx: &mut Context, command: Option<Vec<String>>, seen: &Completed) -> Outcome<String> {
        let fixture = ctx.container().image(&self.name).with(|body, _| body.cmd = command);
        let container: Container = fixture.start()?;
        let status = container.wait_exit(CONTAINER_LIMIT)?;
        let logs = container.logs()?;
        seen.check_eq(logs.stderr_text(), "", "standard error of a container of the new image")?;
        seen.check_eq(status, 0, "the status of a container of the new image")?;
        Ok(logs.stdout_text())
    }
}

/// Checks that the command printed the id of the image, and nothing else.
fn printed(ctx: &Context, seen: &Completed, id: &str) -> Outcome {
    if is_podman(ctx) {
        let id = id.trim_start_matches("sha256:");
        return seen.check_eq(
            seen.stdout_text(),
            format!("{id}\n"),
            "standard output, which is the id of the new image",
        );
    }
    seen.clone().prints(&format!("{id}\n"))?;
    Ok(())
}

/// The message. Podman keeps it in the history only.
fn comment(ctx: &Context, image: &ImageInspect) -> Outcome<String> {
    let comment = image.comment.clone().unwrap_or_default();
    if !comment.is_empty() || !is_podman(ctx) {
        return Ok(comment);
    }
    let newest = ctx.api()?.history(image.id.as_deref().unwrap_or_default())?.into_iter().next();
    Ok(newest.map(|item| item.comment).unwrap_or_default())
}

/// Checks what containers of the image do by themselves.
fn configuration(source: &Source, changes: &Changes, image: &ImageInspect, seen: &Completed) -> Outcome {
    let config = image.config.clone().unwrap_or_default();
    let command = if changes.cmd.is_empty() { &source.command } else { &changes.cmd };
    let shown = |words: &[String]| format!("{words:?}");
    seen.check_eq(shown(&config.cmd.unwrap_or_default()), shown(command), "the command of the image")?;
    let variables = config.env.unwrap_or_default();
    let variable = source.variable();
    seen.check(variables.contains(&variable), format!("the image has the container's variable `{variable}`"))?;
    let labels = source.before.config.as_ref().and_then(|config| config.labels.clone()).unwrap_or_default();
    let kept = config.labels.unwrap_or_default();
    let are_kept = labels.iter().all(|(name, value)| kept.get(name) == Some(value));
    seen.check(are_kept, "the image has the labels of the container")?;
    let mut ports = config.exposed_ports.unwrap_or_default();
    ports.sort();
    let mut expected = changes.ports();
    expected.sort();
    seen.check_eq(ports.join(" "), expected.join(" "), "the ports of the image")
}
