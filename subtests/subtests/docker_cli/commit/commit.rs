//! `docker commit`: a container becomes an image that has its changes and its command, and the container stays as it is.
//!
//! A container of the test image writes a random text into a file, and prints it. The command under test makes an image
//! of it. It must print the id of the image and nothing else. Then the engine's API must know the new name as an image of
//! this id: with author and message, with the command and the variables of the container, with the layers of the test
//! image and exactly one more, in which the file has the text. All that the engine tells of the container must be as before.
//!
//! | sub-subtest | what it does |
//! | --- | --- |
//! | `good` | commits a container that has ended, and reads the file in a container of the new image |
//! | `check_default_cmd` | runs the new image without a command: it must do what the container did |
//! | `change_default_cmd` | gives the image another command and a port with `--change`; they must be in it |
//! | `running` | commits a container that runs: it must go on running, as the same process |
//! | `unknown_container` | a container that is not there: refused, named, and nothing comes about |
//!
//! # Options
//! `docker_data_prepare_cmd` is what the container does, with `%s` for the text; `commit_changed_files` are the files
//! that must have it then, read with `docker_read_file_cmd`. `commit_run_params` is a JSON object as the option `--run` of
//! 2014 took it, which is gone; it is given with `--change`.
//!
//! # Engines
//! Podman prints the id without `sha256:`, and how far it is on standard error. It keeps a message only in docker's
//! format, so it gets `--format docker`. What is refused ends docker's client with status 1 and podman's with 125.

mod case;
mod changes;
mod committed;
mod source;
mod unknown;

use std::time::Duration;

use dockertest::config::types;
use dockertest::prelude::*;
use serde::Deserialize;

use case::{Case, ChangeDefaultCmd, CheckDefaultCmd, ReadFiles, StillRuns};
use unknown::UnknownContainer;

/// How long a container of a test may take; it has next to nothing to do.
const CONTAINER_LIMIT: Duration = Duration::from_secs(60);

/// The options of `[docker_cli/commit]` and the sections below it.
#[derive(Debug, Deserialize)]
struct Options {
    #[serde(with = "types::seconds")]
    docker_commit_timeout: Duration,
    docker_data_prepare_cmd: String,
    docker_read_file_cmd: String,
    commit_author: String,
    commit_message: String,
    commit_changed_files: String,
    commit_run_params: String,
    check_results_contain: String,
    commit_repo_name_prefix: String,
}

#[derive(Default)]
struct Commit;

impl Subtest for Commit {
    fn needs_engine(&self) -> bool {
        true
    }
}

/// Runs the command under test, without looking at how it ends.
fn commit(ctx: &Context, options: &Options, changes: &[String], container: &str, name: &str) -> Outcome<Completed> {
    let mut words = vec!["commit".to_owned()];
    if is_podman(ctx) {
        words.extend(["--format", "docker"].map(str::to_owned));
    }
    words.extend(["-a", &options.commit_author, "-m", &options.commit_message].map(str::to_owned));
    words.extend(changes.iter().map(|change| format!("--change={change}")));
    words.extend([container.to_owned(), name.to_owned()]);
    Ok(ctx.docker(words).timeout(options.docker_commit_timeout).run()?)
}

/// The words of an option, in which `%s` stands for something.
fn words(ctx: &Context, option: &str, value: &str, something: &str) -> Outcome<Vec<String>> {
    let text = value.replace("%s", something);
    shlex::split(&text).ok_or_else(|| {
        let problem = format!("the option `{option}` of [{}] has an open quote: `{value}`", ctx.name());
        Failure::new(dockertest::verdict::Verdict::Error, problem)
    })
}

fn is_podman(ctx: &Context) -> bool {
    ctx.engine().is_some_and(|engine| engine.flavor == "podman")
}

dockertest::subtest!(
    Commit,
    "`docker commit` makes an image of a container, with its changes and its command.",
    sequential {
        good: Case<ReadFiles>,
        check_default_cmd: Case<CheckDefaultCmd>,
        change_default_cmd: Case<ChangeDefaultCmd>,
        running: Case<StillRuns>,
        unknown_container: UnknownContainer,
    }
);
