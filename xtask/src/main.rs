//! Set-up, demo, tests and docs: `cargo xtask ...`.
//!
//! The program brings a machine from a fresh clone to a result: it installs what is missing from the distribution, makes
//! sure that a container engine answers, builds, and runs. It knows nothing about subtests; that is `dockertest`'s work.

// This is a program for a terminal; what it prints is its output.
#![allow(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod api;
mod bench;
mod book;
mod changelog;
mod check;
mod child;
mod counts;
mod demo;
mod engine;
mod failure;
mod links;
mod packages;
mod paths;
mod release;
mod setup;
mod test;

use std::ffi::OsString;
use std::process::ExitCode;

use dockertest::engine::daemon;
use failure::Failure;

const HELP: &str = "\
Set-up, demo, tests and docs of dockertest.

Usage: cargo xtask <COMMAND>

Commands:
  demo                  Set up, build, and run `dockertest run --args=example,docker_cli/version`
  test [-- FILTER...]   Set up, and run every test: unit, doc, end-to-end against a real engine
  engine -- COMMAND...  Set up, and run a command with DOCKER_HOST set to the engine, as in `-- docker ps`
  torture               The long versions of the torture and fuzz tests; the whole suite again and again on busy processors
  check                 Formatting, clippy (with every choice of features), the library's interface, the changelog,
                        rustdoc and the book, warnings denied
  api [--bless]         Compare what users of the library can name with dockertest/api.txt; with --bless, keep it there
  ci                    `check`, `bench --check` and `test`: what .ci/run does
  bench [--quick] [P1 P2 ...]
                        Build for release, measure how fast it is, print a table (see the book's page \"Benchmarks\")
  bench --check         Only ratios, with room for noise; fails when one is far too bad
  fmt [--check]         Format every Rust file of the repository
  docs                  Build rustdoc and the book
  install [--root DIR]  Build for release and copy the programs to DIR/bin (default: cargo's own folder)
  help                  This text

Set-up means: install what is missing from the distribution (as root, with apt-get), and make sure that a container
engine answers. That is the engine at DOCKER_HOST, or at /var/run/docker.sock; when there is none, one is started in
namespaces of its own and is gone without a trace at the end.

Environment:
  DOCKER_HOST               The engine to use, as for the docker program
  DOCKERTEST_TORTURE_KILLS  For `torture`: how often the runner and commands are killed (default 100)
  DOCKERTEST_TORTURE_MEGABYTES
                            For `torture`: how much a command prints that prints much (default 1000)
  DOCKERTEST_TORTURE_ROUNDS For `torture`: how often the suite is run while all processors are busy (default 20)
  DOCKERTEST_FUZZ_SECONDS   For `torture`: how long each fuzz test runs (default 60)

Exit status: 0 all well; 1 something failed; 2 wrong usage, or the set-up is not complete (nothing has been run);
130 or 143 interrupted. `demo` and `engine` end with the status of what they run.
";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    // The first process of an engine's namespaces: signals are not for it.
    if arguments.first().is_some_and(|word| word == daemon::FIRST_PROCESS) {
        return daemon::first_process(arguments.into_iter().skip(1));
    }
    let result = child::watch_signals().and_then(|()| dispatch(&arguments));
    match result {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.status())
        }
    }
}

/// Runs the command that the arguments name.
fn dispatch(arguments: &[OsString]) -> Result<ExitCode, Failure> {
    let words: Vec<&str> = arguments
        .iter()
        .map(|word| word.to_str().ok_or_else(|| Failure::usage(format!("not UTF-8: {}", word.display()))))
        .collect::<Result<_, _>>()?;
    match words.as_slice() {
        [] => {
            eprint!("{HELP}");
            Ok(ExitCode::from(2))
        }
        ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        ["demo"] => demo::demo(),
        ["test"] => test::all(&[]),
        ["test", "--", filters @ ..] => test::all(filters),
        ["engine", "--", program, rest @ ..] => demo::command_with_engine(program, rest),
        ["torture"] => test::torture(),
        ["api"] => api::compare(),
        ["api", "--bless"] => api::bless(),
        ["check"] => check::check().map(|()| ExitCode::SUCCESS),
        ["ci"] => check::ci(),
        ["bench", arguments @ ..] => bench::bench(arguments),
        ["fmt"] => check::format(check::Formatting::Write).map(|()| ExitCode::SUCCESS),
        ["fmt", "--check"] => check::format(check::Formatting::Check).map(|()| ExitCode::SUCCESS),
        ["docs"] => check::docs().map(|()| ExitCode::SUCCESS),
        ["install"] => release::install(None),
        ["install", "--root", folder] => release::install(Some(folder)),
        words => Err(Failure::usage(not_understood(words))),
    }
}

/// What was typed, and the line of the help that shows how the command is used, if there is such a command.
fn not_understood(words: &[&str]) -> String {
    let typed = format!("`{}` is not understood", words.join(" "));
    let described = |line: &&str| line.split_whitespace().next() == words.first().copied();
    let usage = HELP.lines().filter(|line| line.starts_with("  ")).find(described);
    usage.map_or(typed.clone(), |usage| format!("{typed}; its usage is:\n{usage}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_is_used_wrongly_is_shown_with_its_usage() {
        assert!(not_understood(&["engine", "docker"]).contains("engine -- COMMAND..."));
        assert_eq!(not_understood(&["tset"]), "`tset` is not understood");
    }
}
