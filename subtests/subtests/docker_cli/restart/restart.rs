//! `docker restart`: a container is stopped as by `docker stop`, and started again.
//!
//! A container is run in the background by `docker run --detach`. When it has written what it must at its start,
//! `docker restart` is told its id; when it has written what it must after that, `docker stop` is.
//!
//! * `nice` obeys SIGTERM: it tells so, and ends by itself.
//! * `force` tells that it ignores SIGTERM, and has to be killed when the time is over.
//! * `stopped` has ended already by itself: it is started once more, and to stop it is no mistake.
//! * `zerotime` would obey, but gets no time, and so must not tell anything.
//!
//! The commands must end with status 0, print the id and nothing else, and take as long as they should, within three
//! seconds. What the container writes is compared line by line, in order. It must be the same container with a new
//! start, and run when `docker restart` is back (unless it ends by itself), but not when `docker stop` is. The engine's
//! own events must tell the signals that were sent, and one start. Another container that runs meanwhile must be as it
//! was. A name that no container has is refused, with status 1.
//!
//! # Engines
//! Podman ends with status 125 when there is no such container, and tells of a kill in a warning. Its events are other
//! ones, and are not looked at.

use std::time::Duration;

use dockertest::config::types;
use dockertest::engine::{Container, Logs};
use dockertest::prelude::*;
use serde::Deserialize;

use crate::life::{self, Alone, Fate, Watch};

/// How far a duration may be off.
const TOLERANCE: Duration = Duration::from_secs(3);

/// How long it may take until what the container writes can be read.
const LOG_LIMIT: Duration = Duration::from_secs(5);

/// How long a container that ends by itself may take.
const EXIT_LIMIT: Duration = Duration::from_secs(30);

/// How long `docker run` may take.
const RUN_LIMIT: Duration = Duration::from_secs(240);

/// The options of `[docker_cli/restart]` and the sections below it.
#[derive(Debug, Deserialize)]
struct Options {
    restart_name_prefix: Option<String>,
    exec_cmd: String,
    #[serde(with = "types::seconds")]
    restart_duration: Duration,
    #[serde(with = "types::seconds")]
    stop_duration: Duration,
    start_check: Option<String>,
    restart_check: Option<String>,
    stop_check: Option<String>,
    start_badcheck: Option<String>,
    restart_badcheck: Option<String>,
    stop_badcheck: Option<String>,
}

#[derive(Default)]
struct Restart(Alone);

impl Subtest for Restart {
    fn needs_engine(&self) -> bool {
        true
    }

    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        self.0.begin(ctx)
    }

    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        self.0.refuses_nobody(ctx, "restart")
    }
}

/// One sub-subtest.
struct Case {
    fate: Fate,
    subject: Option<Subject>,
}

/// The container that is restarted.
struct Subject {
    options: Options,
    container: Container,
    watch: Watch,
}

macro_rules! cases {
    ($($name:ident: $fate:expr),*) => {$(
        struct $name(Case);

        impl Default for $name {
            fn default() -> Self {
                $name(Case { fate: $fate, subject: None })
            }
        }

        impl SubSubtest<Restart> for $name {
            fn initialize(&mut self, _: &mut Restart, ctx: &mut Context) -> Outcome {
                self.0.begin(ctx)
            }

            fn run_once(&mut self, parent: &mut Restart, ctx: &mut Context) -> Outcome {
                self.0.restart(parent, ctx)?;
                self.0.stop(parent, ctx)
            }
        }
    )*};
}

cases!(Nice: Fate::Obeys, Force: Fate::Killed, Stopped: Fate::HasEnded, Zerotime: Fate::Killed);

impl Case {
    /// Runs the container and waits for its first words.
    fn begin(&mut self, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let name = ctx.container_name(options.restart_name_prefix.as_deref().unwrap_or("test"));
        let mut words = life::run_words(ctx, &life::words(ctx, "run_options_csv")?, &name);
        words.extend([ctx.image()?, "bash".to_owned(), "-c".to_owned(), life::script(&options.exec_cmd)]);
        let seen = ctx.docker(words).timeout(RUN_LIMIT).must_pass()?;
        let container = Container::find(ctx, &name)?;
        let seen = seen.prints(&format!("{}\n", container.id()))?;
        let mut subject = Subject { options, container, watch: Watch::begin(ctx, &name)? };
        subject.writes(&seen, subject.options.start_check.as_ref(), subject.options.start_badcheck.as_ref())?;
        if self.fate == Fate::HasEnded {
            subject.container.wait_exit(EXIT_LIMIT)?;
        }
        subject.watch.settle(ctx)?;
        self.subject = Some(subject);
        Ok(())
    }

    fn restart(&mut self, parent: &Restart, ctx: &Context) -> Outcome {
        let Some(subject) = &mut self.subject else { return Ok(()) };
        let before = subject.container.inspect()?;
        let seen = subject.command(ctx, "restart", "restart_options_csv")?;
        let after = subject.container.state()?;
        let seen = life::printed_name(ctx, seen, subject.container.id())?;
        let name = Container::find(ctx, subject.container.name())?;
        seen.check_eq(name.id(), subject.container.id(), "the id of the container of that name")?;
        let started_before = before.state.and_then(|state| state.started_at);
        seen.check(after.started_at != started_before, "the container has been started once more")?;
        if self.fate == Fate::HasEnded {
            subject.container.wait_exit(EXIT_LIMIT)?;
        } else {
            seen.check(after.running == Some(true), "the container runs when the command is back")?;
        }
        self.took(&seen, |options| options.restart_duration)?;
        let Some(subject) = &mut self.subject else { return Ok(()) };
        let happened: &[&str] = match self.fate {
            Fate::Obeys => &["kill 15", "die", "stop", "start", "restart"],
            Fate::Killed => &["kill 15", "kill 9", "die", "stop", "start", "restart"],
            Fate::HasEnded => &["start", "restart", "die"],
        };
        subject.watch.happened(ctx, &seen, happened)?;
        subject.writes(&seen, subject.options.restart_check.as_ref(), subject.options.restart_badcheck.as_ref())?;
        parent.0.is_alone(&seen)
    }

    fn stop(&mut self, parent: &Restart, ctx: &Context) -> Outcome {
        let Some(subject) = &mut self.subject else { return Ok(()) };
        let before = life::known(&subject.container)?;
        let seen = subject.command(ctx, "stop", "stop_options_csv")?;
        let after = subject.container.state()?;
        let seen = life::printed_name(ctx, seen, subject.container.id())?;
        seen.check(after.running == Some(false), "the container does not run any more when the command is back")?;
        self.took(&seen, |options| options.stop_duration)?;
        let Some(subject) = &mut self.subject else { return Ok(()) };
        match self.fate {
            Fate::Obeys => subject.watch.happened(ctx, &seen, &["kill 15", "die", "stop"])?,
            Fate::Killed => subject.watch.happened(ctx, &seen, &["kill 15", "kill 9", "die", "stop"])?,
            Fate::HasEnded => {
                let what = "what the engine knows about a container that has ended";
                life::unchanged(&seen, what, &before, &life::known(&subject.container)?)?;
            }
        }
        subject.writes(&seen, subject.options.stop_check.as_ref(), subject.options.stop_badcheck.as_ref())?;
        parent.0.is_alone(&seen)
    }

    /// What has ended already may be done with at once.
    fn took(&self, seen: &Completed, expected: impl FnOnce(&Options) -> Duration) -> Outcome {
        let Some(subject) = &self.subject else { return Ok(()) };
        let expected = expected(&subject.options);
        if self.fate == Fate::HasEnded {
            return life::took(seen, Duration::ZERO, expected + TOLERANCE);
        }
        life::took(seen, expected, TOLERANCE)
    }
}

impl Subject {
    fn command(&self, ctx: &Context, subcommand: &str, options: &str) -> Outcome<Completed> {
        let mut words = vec![subcommand.to_owned()];
        words.extend(life::words(ctx, options)?);
        words.push(self.container.id().to_owned());
        Ok(ctx.docker(words).run()?)
    }

    /// The container has written these lines, in this order, and none of the bad ones. The lines of an option are
    /// separated by `\n`, as a backslash and a letter.
    fn writes(&self, seen: &Completed, expected: Option<&String>, bad: Option<&String>) -> Outcome {
        let lines = |option: Option<&String>| {
            let text = option.map(String::as_str).unwrap_or_default();
            text.split("\\n").filter(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        let (expected, bad) = (lines(expected), lines(bad));
        let has_bad = |text: &str| text.lines().any(|line| bad.iter().any(|bad| line == bad));
        let is_enough = |logs: &Logs| {
            let text = logs.stdout_text();
            has_bad(&text) || life::lines_in_order(&text, &expected).is_ok()
        };
        let logs = self.container.logs_when(is_enough, LOG_LIMIT)?;
        let written = logs.stdout_text();
        seen.check(
            !has_bad(&written),
            format!("the container does not write {}; it wrote:\n{written}", bad.join(", ")),
        )?;
        // Each start and each signal is told once.
        for line in &expected {
            let count = |lines: &mut dyn Iterator<Item = &str>| lines.filter(|found| found == line).count();
            let wanted = count(&mut expected.iter().map(String::as_str));
            let what = format!("how often the container has written `{line}`; all that it wrote:\n{written}");
            seen.check_eq(count(&mut written.lines()), wanted, what)?;
        }
        let in_order = life::lines_in_order(&written, &expected);
        seen.check(in_order.is_ok(), format!("the container writes {}; it wrote:\n{written}", expected.join(", ")))
    }
}

dockertest::subtest!(
    Restart,
    "A container is stopped as by `docker stop`, and started again.",
    sequential { nice: Nice, force: Force, stopped: Stopped, zerotime: Zerotime }
);
