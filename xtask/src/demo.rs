//! `cargo xtask demo`: the first run of a new user; and `cargo xtask engine`: any other command.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::child;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::{paths, release, setup};

/// Sets up, builds, and runs two subtests; ends with the status of the run.
pub(crate) fn demo() -> Result<ExitCode, Failure> {
    setup::with_engine(|engine| {
        let programs = release::build()?;
        let results = fresh_folder(&paths::root().join("results"));
        // It runs in the root, and shorter paths are easier to read.
        let shown = results.strip_prefix(paths::root()).unwrap_or(&results);
        let mut command = command(&programs, engine, shown);
        eprintln!("xtask: {} {}\n", command.get_program().display(), arguments(&command));
        child::run(&mut command).map(child::exit_code)
    })
}

/// Sets up and runs a command with the engine's address; ends with its status.
pub(crate) fn command_with_engine(program: &str, arguments: &[&str]) -> Result<ExitCode, Failure> {
    setup::with_engine(|engine| {
        let mut command = Command::new(program);
        command.args(arguments).env("PATH", paths::search_path()).env("DOCKER_HOST", &engine.address);
        child::run(&mut command).map(child::exit_code)
    })
}

fn command(programs: &Path, engine: &Engine, results: &Path) -> Command {
    let mut command = Command::new(programs.join("dockertest"));
    command.args(["run", "--args=example,docker_cli/version", "--results"]).arg(results);
    command.current_dir(paths::root()).env("PATH", paths::search_path()).env("DOCKER_HOST", &engine.address);
    command
}

fn arguments(command: &Command) -> String {
    command.get_args().map(|argument| argument.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The first of `demo-1`, `demo-2`, ... that is not there.
fn fresh_folder(parent: &Path) -> PathBuf {
    let mut number = 1_u32;
    loop {
        let folder = parent.join(format!("demo-{number}"));
        if !folder.exists() {
            return folder;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::fresh_folder;

    #[test]
    fn results_go_where_none_are() {
        let parent = tempfile::tempdir().unwrap();
        for number in [1, 2] {
            fs::create_dir(parent.path().join(format!("demo-{number}"))).unwrap();
        }
        assert_eq!(fresh_folder(parent.path()), parent.path().join("demo-3"));
    }
}
