//! `docker top` shows the processes of a container, all of them and no others.
//!
//! What is shown is compared with what the kernel says: the processes in the container's namespace, by `/proc` where the
//! engine lives, with their numbers, parents, owners and command lines. The columns are those that the engine's API
//! names for the same options of `ps`. Another container stands by, whose processes must not be shown, and looking at a
//! container must not disturb it.
//!
//! * `runsleep`: a container with one process, by its name and by its id, with the options of `top_options_csv`, with none,
//!   and with columns that were chosen.
//! * `loops`: a shell in a terminal that is typed into, alone, then with idle and busy loops in the background, then ended:
//!   then there is nothing to show, which is refused.
//! * `refused`: a container that is unknown, not started or ended, a command line without one, options that `ps` does not
//!   know or that leave out the column `PID`.
//!
//! It needs the test image with `bash` and `sleep`, and `ps` on the engine's machine.
//!
//! What differs between engines: podman takes names of columns in place of options of `ps` and counts processes as the
//! container does, so the test does not apply to it. With user namespaces the owner is shown as the engine's machine
//! knows it.

mod loops;
mod processes;
mod refused;
mod runsleep;
mod shown;

use std::time::Duration;

use dockertest::config::types;
use dockertest::engine::{Container, Life};
use dockertest::prelude::*;
use serde::Deserialize;

use crate::life::words_of;

/// The options of the section `[docker_cli/top]`.
#[derive(Debug, Deserialize)]
struct Options {
    #[serde(with = "types::list")]
    run_options_csv: Vec<String>,
    #[serde(with = "types::list")]
    top_options_csv: Vec<String>,
    container_name_prefix: String,
    idle_loops: usize,
    busy_loops: usize,
}

/// How long something may take that takes no time on a quiet machine.
const LIMIT: Duration = Duration::from_secs(30);

/// The parent: a container whose processes must not be shown.
#[derive(Default)]
pub(crate) struct Top {
    bystander: Option<(Container, Life)>,
}

impl Subtest for Top {
    fn needs_engine(&self) -> bool {
        true
    }

    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        if ctx.engine().is_some_and(|engine| engine.flavor == "podman") {
            let reason = "`top` of podman takes names of columns in place of options of `ps`";
            return Err(NotApplicable::because(reason).into());
        }
        let bystander = ctx.container().start()?;
        let life = bystander.life()?;
        self.bystander = Some((bystander, life));
        Ok(())
    }

    fn postprocess(&mut self, ctx: &mut Context) -> Outcome {
        match &self.bystander {
            Some((container, life)) => container.must_go_on(life, &ctx.docker(["top"]).typed()),
            None => Ok(()),
        }
    }
}

/// Runs a container in the background by the command line, and finds it.
fn run(ctx: &mut Context, options: &Options, command: &[&str]) -> Outcome<Container> {
    let (name, image) = (ctx.container_name(&options.container_name_prefix), ctx.image()?);
    let mut words = vec!["run".to_owned(), format!("--name={name}")];
    words.extend(ctx.labels());
    words.extend(words_of(&options.run_options_csv)?);
    words.push(image);
    words.extend(command.iter().map(|word| (*word).to_owned()));
    let started = ctx.docker(words).must_pass()?.clean()?;
    let container = Container::find(ctx, &name)?;
    Ok(started.prints(&format!("{}\n", container.id())).map(|_| container)?)
}

dockertest::subtest!(
    Top,
    "`docker top` shows the processes of a container, all of them and no others.",
    sequential { runsleep: runsleep::Runsleep, loops: loops::Loops, refused: refused::Refused }
);
