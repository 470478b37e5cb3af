//! `cargo xtask bench`: builds what is measured as it is installed, and has it measured.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::child::{self, cargo};
use crate::failure::Failure;
use crate::{paths, release, setup};

const BENCH: &str = "dockertest-bench";
const HOST: &str = "noop-host";
const STATIC_HOST: &str = "noop-host-static";
/// What is measured with the bundled subtests against an engine.
const WITH_ENGINE: [&str; 3] = ["P13", "P14", "environments-suite"];

/// Builds, measures, and prints the table; the arguments are for `dockertest-bench`.
pub(crate) fn bench(arguments: &[&str]) -> Result<ExitCode, Failure> {
    let folder = if arguments.contains(&"--check") { build_for_check()? } else { build()? };
    let work = paths::target().join("bench/work");
    let mut command = Command::new(folder.join(BENCH));
    command.args(arguments).arg("--programs").arg(&folder).arg("--work").arg(work);
    command.current_dir(paths::root());
    if !needs_an_engine(arguments) {
        return child::run(&mut command).map(child::exit_code);
    }
    setup::with_engine(|engine| {
        command.env("PATH", paths::search_path()).env("DOCKER_HOST", &engine.address);
        child::run(&mut command).map(child::exit_code)
    })
}

/// Whether the bundled subtests are measured: when they are named, or when nothing is.
fn needs_an_engine(arguments: &[&str]) -> bool {
    let mut numbers = arguments.iter().filter(|argument| !argument.starts_with("--")).peekable();
    let everything = numbers.peek().is_none() && !arguments.contains(&"--check");
    everything || numbers.any(|number| WITH_ENGINE.contains(number))
}

/// The programs as the tests build them: after those there is nothing left to build, and ratios are enough.
fn build_for_check() -> Result<PathBuf, Failure> {
    child::must_succeed(cargo().args(["build", "--workspace", "--bins"]), "build the programs")?;
    Ok(paths::target().join("debug"))
}

/// Builds for release and puts everything into one folder.
fn build() -> Result<PathBuf, Failure> {
    let folder = paths::target().join("bench");
    let suite = release::build()?;
    fs::create_dir_all(&folder)
        .map_err(|error| Failure::setup(format!("cannot create {}: {error}", folder.display())))?;
    for program in release::PROGRAMS {
        release::replace(&suite.join(program), &folder.join(program))?;
    }
    child::must_succeed(
        cargo().args(["build", "--release", "--package", "benches", "--bins"]),
        "build the measuring programs",
    )?;
    let release = paths::target().join("release");
    for program in [BENCH, HOST] {
        release::replace(&release.join(program), &folder.join(program))?;
    }
    release::build_static_host("benches", HOST)?;
    release::replace(&release.join(HOST), &folder.join(STATIC_HOST))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::needs_an_engine;

    #[rstest]
    #[case::everything(&["--quick"], true)]
    #[case::named(&["P1", "P13"], true)]
    #[case::others(&["P1"], false)]
    #[case::ratios(&["--check"], false)]
    fn an_engine_is_started_only_for_what_needs_one(#[case] arguments: &[&str], #[case] expected: bool) {
        assert_eq!(needs_an_engine(arguments), expected);
    }
}
