//! `docker stop`: a container gets SIGTERM, the time that it may take, and then SIGKILL.
//!
//! A container is run in the background by `docker run`, under a name of its own. When it is ready, `docker stop` is
//! told its name.
//!
//! * `nice` obeys SIGTERM: it tells so, and ends by itself.
//! * `force` tells that it ignores SIGTERM, and has to be killed when the time is over.
//! * `stopped` has ended already; to stop it is no mistake and changes nothing.
//! * `zerotime` would obey, but gets no time.
//!
//! The command must end with status 0, print the name and nothing else, and take as long as it should, within two
//! seconds. When it is back the container must not run any more. The engine's own events must tell the signals that were
//! sent, in their order. The `docker run` of the container must end by itself, with the container's status and output.
//! Another container that runs meanwhile must be as it was. A name that no container has is refused, with status 1.
//!
//! # Engines
//! Podman ends with status 125 when there is no such container, and tells of a kill in a warning. Its events are other
//! ones, and are not looked at.

use std::time::Duration;

use dockertest::config::types;
use dockertest::engine::{Container, Sign};
use dockertest::prelude::*;
use serde::Deserialize;

use crate::life::{self, Alone, Fate, Watch};

/// How far a duration may be off.
const TOLERANCE: Duration = Duration::from_secs(2);

/// How long the client of a container that has ended may take to end.
const CLIENT_LIMIT: Duration = Duration::from_secs(20);

/// The options of `[docker_cli/stop]` and the sections below it.
#[derive(Debug, Deserialize)]
struct Options {
    top_name_prefix: Option<String>,
    stop_name_prefix: Option<String>,
    exec_cmd: String,
    #[serde(with = "types::seconds")]
    stop_duration: Duration,
    check_stdout: Option<String>,
    #[serde(with = "types::flag")]
    check_output_inverted: bool,
    docker_exit_code: i32,
}

#[derive(Default)]
struct Stop(Alone);

impl Subtest for Stop {
    fn needs_engine(&self) -> bool {
        true
    }

    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        self.0.begin(ctx)
    }

    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        self.0.refuses_nobody(ctx, "stop")
    }
}

/// One sub-subtest.
struct Case {
    fate: Fate,
    subject: Option<Subject>,
}

/// The container and the client that waits for it.
struct Subject {
    options: Options,
    name: String,
    client: Running,
    watch: Watch,
    container: Container,
}

fn case(fate: Fate) -> Case {
    Case { fate, subject: None }
}

macro_rules! cases {
    ($($name:ident: $fate:expr),*) => {$(
        struct $name(Case);

        impl Default for $name {
            fn default() -> Self {
                $name(case($fate))
            }
        }

        impl SubSubtest<Stop> for $name {
            fn initialize(&mut self, _: &mut Stop, ctx: &mut Context) -> Outcome {
                self.0.begin(ctx)
            }

            fn run_once(&mut self, stop: &mut Stop, ctx: &mut Context) -> Outcome {
                self.0.stop(stop, ctx)
            }
        }
    )*};
}

cases!(Nice: Fate::Obeys, Force: Fate::Killed, Stopped: Fate::HasEnded, Zerotime: Fate::Killed);

impl Case {
    /// Runs the container and waits until it is ready.
    fn begin(&mut self, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let prefix = options.stop_name_prefix.as_ref().or(options.top_name_prefix.as_ref());
        let name = ctx.container_name(prefix.map_or("test", String::as_str));
        let mut words = life::run_words(ctx, &life::words(ctx, "run_options_csv")?, &name);
        words.extend([ctx.image()?, "bash".to_owned(), "-c".to_owned(), life::script(&options.exec_cmd)]);
        let mut client = ctx.docker(words).spawn()?;
        client.wait_ready()?;
        let container = Container::find(ctx, &name)?;
        if self.fate == Fate::HasEnded {
            container.wait_exit(CLIENT_LIMIT)?;
        }
        let watch = Watch::begin(ctx, &name)?;
        self.subject = Some(Subject { options, name, client, watch, container });
        Ok(())
    }

    /// Stops it, and checks what came of that.
    fn stop(&mut self, stop: &mut Stop, ctx: &mut Context) -> Outcome {
        let Some(subject) = self.subject.take() else { return Ok(()) };
        let Subject { options, name, client, mut watch, container } = subject;
        let before = if self.fate == Fate::HasEnded { Some(life::known(&container)?) } else { None };
        let mut words = vec!["stop".to_owned()];
        words.extend(life::words(ctx, "stop_options_csv")?);
        words.push(name.clone());
        let seen = ctx.docker(words).run()?;
        let after = ctx.api()?.container(&name)?;
        let seen = life::printed_name(ctx, seen, &name)?;
        let runs = after.and_then(|found| found.state).and_then(|state| state.running).unwrap_or(false);
        seen.check(!runs, "the container does not run any more when the command is back")?;
        if let Some(before) = before {
            let what = "what the engine knows about a container that has ended";
            life::unchanged(&seen, what, &before, &life::known(&container)?)?;
        }
        life::took(&seen, options.stop_duration, TOLERANCE)?;
        match self.fate {
            Fate::Obeys => watch.happened(ctx, &seen, &["kill 15", "die", "stop"])?,
            Fate::Killed => watch.happened(ctx, &seen, &["kill 15", "kill 9", "die", "stop"])?,
            Fate::HasEnded => {}
        }
        stop.0.is_alone(&seen)?;
        let client = client.wait(CLIENT_LIMIT)?;
        Self::ended(ctx, &client, &options, &name)
    }

    /// The client of the container has ended by itself, and told all that the container wrote.
    fn ended(ctx: &Context, client: &Completed, options: &Options, name: &str) -> Outcome {
        let status = options.docker_exit_code;
        let client = if status == 0 { client.clone().must_pass()? } else { client.clone().must_fail(status)? };
        let client = client.clean_but(&[Sign::Unprintable])?;
        let text = client.stdout_text().into_owned();
        let count = |wanted: &str| text.lines().filter(|line| line.trim_end() == wanted).count();
        client.check_eq(count("READY"), 1, "how often the container told that it is ready")?;
        let text_of = options.check_stdout.as_deref().unwrap_or_default();
        if !text_of.is_empty() {
            let expected = usize::from(!options.check_output_inverted);
            client.check_eq(count(text_of), expected, format!("how often the container wrote `{text_of}`"))?;
        }
        let removes = life::words(ctx, "run_options_csv")?.iter().any(|word| word == "--rm");
        let is_there = ctx.api()?.container(name)?.is_some();
        client.check_eq(is_there, !removes, "whether the container is there after the end of `docker run`")
    }
}

dockertest::subtest!(
    Stop,
    "A container gets SIGTERM, the time that it may take, and then SIGKILL.",
    sequential { nice: Nice, force: Force, stopped: Stopped, zerotime: Zerotime }
);
