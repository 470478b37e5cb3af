//! The container that is committed.

use dockertest::engine::models::{ContainerCreateBody, ContainerInspectResponse, ImageSummary};
use dockertest::engine::{Api, ApiFailure, Container};
use dockertest::prelude::*;

use super::{CONTAINER_LIMIT, Options, words};
use crate::life;

/// A variable that the container has and its image has not.
const VARIABLE: &str = "COMMITTED";

/// A label that the container has, with the text: images that are made of it have it, too.
const LABEL: &str = "dockertest.commit";

/// A container that wrote a text, as it was before the commit.
pub(super) struct Source {
    pub(super) container: Container,
    pub(super) text: String,
    /// The command that it was made with.
    pub(super) command: Vec<String>,
    pub(super) before: ContainerInspectResponse,
    /// The same for comparing.
    known: String,
}

impl Source {
    /// Makes it, and waits until it has written the text; ends it unless it shall go on running.
    pub(super) fn new(ctx: &mut Context, options: &Options, runs: bool) -> Outcome<Source> {
        let text = ctx.unique_name("text").rsplit('-').next().unwrap_or_default().to_owned();
        removed_at_end(ctx, &text)?;
        let option = "docker_data_prepare_cmd";
        let mut command = words(ctx, option, &options.docker_data_prepare_cmd, &text)?;
        if runs {
            let sleeps = format!("{} && echo READY && exec sleep 86400", joined(&command));
            command = ["/bin/sh", "-c", &sleeps].map(str::to_owned).into();
        }
        let label = |body: &mut ContainerCreateBody| {
            body.labels.get_or_insert_default().insert(LABEL.to_owned(), text.clone());
        };
        let fixture = ctx.container().command(command.clone()).env(format!("{VARIABLE}={text}"));
        let container = fixture.with(|body, _| label(body)).start()?;
        if runs {
            container.wait_log("READY", CONTAINER_LIMIT)?;
        } else {
            let status = container.wait_exit(CONTAINER_LIMIT)?;
            if status != 0 {
                let reason = format!("`{option}` ends with status {status} in the test image: nothing to commit");
                return Err(NotApplicable::because(reason).into());
            }
        }
        let before = container.inspect()?;
        let known = life::known(&container)?;
        Ok(Source { container, text, command, before, known })
    }

    /// The variable that the image must have.
    pub(super) fn variable(&self) -> String {
        format!("{VARIABLE}={}", self.text)
    }

    /// Checks that so many images have been made of the container.
    pub(super) fn must_have_made(&self, ctx: &Context, count: usize, seen: &Completed) -> Outcome {
        let made = made_of(&*ctx.api()?, &self.text)?.len();
        seen.check_eq(made, count, "the number of images that are made of the container, with and without a name")
    }

    /// Checks that all that the engine tells of the container is as it was.
    pub(super) fn must_be_unchanged(&self, seen: &Completed) -> Outcome {
        let what = "what the engine tells of the container, which must be as before";
        life::unchanged(seen, what, &self.known, &life::known(&self.container)?)
    }
}

/// The ids of the images that are made of the container with this text.
fn made_of(api: &Api, text: &str) -> Result<Vec<String>, ApiFailure> {
    let is_made = |image: &ImageSummary| image.labels.get(LABEL).is_some_and(|label| label == text);
    Ok(api.images()?.into_iter().filter(is_made).map(|image| image.id).collect())
}

/// Promises that such images are removed, also those without a name, which are not wanted and may be there all the same.
fn removed_at_end(ctx: &mut Context, text: &str) -> Outcome {
    if !ctx.removes_after_test() {
        return Ok(());
    }
    let (api, text) = (ctx.api()?, text.to_owned());
    ctx.defer("remove the images that are made of the container", move || {
        for id in made_of(&api, &text)? {
            api.remove_image(&id, false)?;
        }
        Ok(())
    });
    Ok(())
}

/// Words as a shell reads them.
fn joined(words: &[String]) -> String {
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_default()
}
