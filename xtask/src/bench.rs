//! `cargo xtask bench`: builds what is measured as it is installed, and has it measured.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::child::{self, cargo};
use crate::failure::Failure;
use crate::{paths, release};

const BENCH: &str = "dockertest-bench";
const HOST: &str = "noop-host";
const STATIC_HOST: &str = "noop-host-static";

/// Builds, measures, and prints the table; the arguments are for `dockertest-bench`.
pub(crate) fn bench(arguments: &[&str]) -> Result<ExitCode, Failure> {
    let folder = if arguments.contains(&"--check") { build_for_check()? } else { build()? };
    let work = paths::target().join("bench/work");
    let mut command = Command::new(folder.join(BENCH));
    command.args(arguments).arg("--programs").arg(&folder).arg("--work").arg(work);
    child::run(command.current_dir(paths::root())).map(child::exit_code)
}

/// The programs as the tests build them: after those there is nothing left to build, and ratios are enough.
fn build_for_check() -> Result<PathBuf, Failure> {
    child::must_succeed(cargo().args(["build", "--workspace", "--bins"]), "build the programs")?;
    Ok(paths::target().join("debug"))
}

/// Builds for release and puts everything into one folder.
fn build() -> Result<PathBuf, Failure> {
    let folder = paths::target().join("bench");
    let built = release::program()?;
    fs::create_dir_all(&folder)
        .map_err(|error| Failure::setup(format!("cannot create {}: {error}", folder.display())))?;
    release::replace(&built, &folder.join("dockertest"))?;
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
