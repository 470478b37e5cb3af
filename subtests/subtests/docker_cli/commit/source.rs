//! The container that is committed.

use dockertest::engine::Container;
use dockertest::engine::models::ContainerInspectResponse;
use dockertest::prelude::*;

use super::{CONTAINER_LIMIT, Options, words};

/// A variable that the container has and its image has not.
const VARIABLE: &str = "COMMITTED";

/// A container that wrote a text, as it was before the commit.
pub(super) struct Source {
    pub(super) container: Container,
    pub(super) text: String,
    /// The command that it was made with.
    pub(super) command: Vec<String>,
    pub(super) before: ContainerInspectResponse,
}

impl Source {
    /// Makes it, and waits until it has written the text; ends it unless it shall go on running.
    pub(super) fn new(ctx: &mut Context, options: &Options, runs: bool) -> Outcome<Source> {
        let text = ctx.unique_name("text").rsplit('-').next().unwrap_or_default().to_owned();
        let option = "docker_data_prepare_cmd";
        let mut command = words(ctx, option, &options.docker_data_prepare_cmd, &text)?;
        if runs {
            let sleeps = format!("{} && echo READY && exec sleep 86400", joined(&command));
            command = ["/bin/sh", "-c", &sleeps].map(str::to_owned).into();
        }
        let container = ctx.container().command(command.clone()).env(format!("{VARIABLE}={text}")).start()?;
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
        Ok(Source { container, text, command, before })
    }

    /// The variable that the image must have.
    pub(super) fn variable(&self) -> String {
        format!("{VARIABLE}={}", self.text)
    }

    /// Checks that all that the engine tells of the container is as it was.
    pub(super) fn must_be_unchanged(&self, seen: &Completed) -> Outcome {
        let after = self.container.inspect()?;
        if after == self.before {
            return Ok(());
        }
        let shown = |seen: &ContainerInspectResponse| format!("{seen:#?}");
        let (before, after) = (shown(&self.before), shown(&after));
        let changed = before.lines().zip(after.lines()).find(|(before, after)| before != after);
        let (expected, found) = changed.unwrap_or((before.as_str(), after.as_str()));
        seen.check_eq(found.trim(), expected.trim(), "what the engine tells of the container, which must be as before")
    }
}

/// Words as a shell reads them.
fn joined(words: &[String]) -> String {
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_default()
}
