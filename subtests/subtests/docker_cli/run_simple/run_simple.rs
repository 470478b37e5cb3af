//! `docker run`: the exit status comes back, and a signal gets through.
//!
//! `run_true` and `run_false` run a command of the test image that does nothing but end with a status. The client must
//! end with the same one and print nothing. By the engine's events exactly one container came about under the name that
//! was asked for, was started, ended with that status, and was removed again (`--rm`). Then the same is run without
//! `--rm`: the container must be there with the image and the words that it was given, its status must be the client's,
//! and it must not run.
//!
//! `run_signal` runs a script in the background that prints a secret word and then waits for a signal; when it comes, the
//! script writes the time into a file of a folder that it shares with this machine. `wait_start` seconds after the secret
//! word the client must still run, with nothing else printed. Then the **client** gets the signal (`listen_signal`). It
//! must end with status 0, having printed the secret word and nothing else; the time in the file must be that at which the
//! signal was sent; by its events the container got that signal and no other one.
//!
//! `run_streams` runs a command that writes one line to its standard output and another one to its standard error. The
//! client must print each on the stream that it was written to, and nothing else.
//!
//! The test image must have `/bin/bash`, `/bin/true`, `/bin/false` and `/bin/date`. The time within a container must be
//! that of this machine.
//!
//! # Engines
//! Options of 2014 (`--foreground`, `--tty --attach=stdout`) are gone or have no effect; `--rm` is what is left of them.
//! Podman does not tell of signals in its events.

mod ran;
mod signal;
mod status;
mod streams;

use std::time::Duration;

use dockertest::config::types;
use dockertest::prelude::*;
use dockertest::verdict::Verdict;
use serde::Deserialize;

/// The options of a section such as `[docker_cli/run_simple/run_true]`.
#[derive(Debug, Clone, Deserialize)]
struct Options {
    #[serde(with = "types::list")]
    run_options_csv: Vec<String>,
    #[serde(with = "types::list")]
    bash_cmd: Vec<String>,
    cmd: String,
    exit_status: i32,
    #[serde(with = "types::seconds")]
    docker_timeout: Duration,
}

/// What its sub-subtests have in common.
#[derive(Default)]
struct RunSimple {
    image: String,
}

impl Subtest for RunSimple {
    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        self.image = ctx.image()?;
        Ok(())
    }
}

/// A container that is run through the command line.
#[derive(Debug, Clone)]
struct Run {
    /// Before the image, without the name and the labels.
    options: Vec<String>,
    name: String,
    image: String,
    /// Behind the image.
    command: Vec<String>,
}

impl Run {
    /// As the options say, with a name of its own.
    fn new(options: &Options, image: &str, ctx: &mut Context) -> Outcome<Run> {
        let mut words = Vec::new();
        for item in &options.run_options_csv {
            words.extend(split("run_options_csv", item)?);
        }
        let mut command = options.bash_cmd.clone();
        command.extend(split("cmd", &options.cmd)?);
        Ok(Run { options: words, name: ctx.container_name("run"), image: image.to_owned(), command })
    }

    /// The same under another name, with another option at the end.
    fn again(&self, option: &str, ctx: &mut Context) -> Run {
        let mut again = Run { name: ctx.container_name("run"), ..self.clone() };
        again.options.push(option.to_owned());
        again
    }

    /// Whether the container is to be removed when it ends.
    fn removes_itself(&self) -> bool {
        self.options.iter().rfind(|option| option.starts_with("--rm")).is_some_and(|option| option != "--rm=false")
    }

    fn command(&self, ctx: &Context) -> Command {
        let mut words = vec!["run".to_owned(), format!("--name={}", self.name)];
        words.extend(ctx.labels());
        words.extend(self.options.iter().cloned());
        words.push(self.image.clone());
        words.extend(self.command.iter().cloned());
        ctx.docker(words)
    }
}

/// The words of a value, as they are typed into a shell.
fn split(option: &str, value: &str) -> Outcome<Vec<String>> {
    let open = || Failure::new(Verdict::Error, format!("the option `{option}` has an open quote: {value}"));
    shlex::split(value).ok_or_else(open)
}

dockertest::subtest!(
    RunSimple,
    "The exit status of a container comes back to `docker run`, and a signal to the client gets through.",
    sequential {
        run_true: status::ExitStatus,
        run_false: status::ExitStatus,
        run_signal: signal::RunSignal,
        run_streams: streams::Streams,
    }
);
