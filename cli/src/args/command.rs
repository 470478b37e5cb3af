//! The program and its commands.

use std::ffi::OsString;

use clap::{Parser, Subcommand, ValueEnum};

use super::check::{CheckHost, FAULTS_EXAMPLES, Faults, HOST_CHECK_EXAMPLES};
use super::engines::{ENGINES_EXAMPLES, EnginesCommand, MATRIX_EXAMPLES, Matrix};
use super::env;
use super::help::{Completions, Help};
use super::new::{NEW_EXAMPLES, New};
use super::run::{RUN_EXAMPLES, Resume, Run};
use super::runs::{FAILING_STATUS, Failing, History, LAST_STATUS, LOAD_EXAMPLES, Last, Load, Runs, Slowest, Stats};
use super::show::{List, Report, ShowConfig};

const EXAMPLES: &str = "\
Examples:
  dockertest run                                     run all subtests
  dockertest run --args=example,docker_cli/version   run these two
  dockertest run --set docker_path=/usr/bin/podman   test another engine
  dockertest run --env shared                        on the engine that is there, not on new ones
  dockertest resume                                  go on after an interruption, a crash, a reboot
  dockertest list                                    show what can be run
  dockertest config docker_cli/version --origin      show a section's values, and where each was set
  dockertest failing                                 show what fails, by all runs up to now

Exit status:
  0    every step ended GOOD, WARN or TEST_NA
  1    some step ended FAIL, ERROR or ABORT, or results could not be written
  2    usage, configuration or set-up error: no step has run
  5    a step waits for a reboot: `dockertest resume` goes on
  6    no instance could be made, or one is left: `dockertest resume` goes on, if it had begun
  130  interrupted by SIGINT (Ctrl-C): `dockertest resume` goes on
  143  interrupted by SIGTERM: `dockertest resume` goes on

`dockertest X` with an X that is not listed here runs the program `dockertest-X`.";

/// Check that a container engine keeps what its command line promises.
#[derive(Debug, Parser)]
#[command(
    name = "dockertest",
    version,
    after_help = EXAMPLES,
    max_term_width = 110,
    arg_required_else_help = true,
    allow_external_subcommands = true,
    // Ours takes options, and knows what a wrong name was meant to be.
    disable_help_subcommand = true,
    subcommand_help_heading = "Commands"
)]
pub(crate) struct Arguments {
    /// When to use colour.
    #[arg(long, value_enum, default_value_t, global = true, value_name = "WHEN")]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to use colour on the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run subtests and keep their results.
    #[command(after_help = RUN_EXAMPLES)]
    Run(Run),
    /// Go on with a run that was cut off, interrupted, or waits for a reboot.
    Resume(Resume),
    /// Show what can be run.
    List(List),
    /// Show the effective configuration, secrets masked.
    Config(ShowConfig),
    /// Make a report of a run again from its journal.
    Report(Report),
    /// Show the last run: what did not pass, and what has changed.
    #[command(after_help = LAST_STATUS)]
    Last(Last),
    /// Show which subtests fail, by the last word about each of them.
    #[command(after_help = FAILING_STATUS)]
    Failing(Failing),
    /// Show which subtests of a run took longest.
    Slowest(Slowest),
    /// Show what became of a subtest in each run.
    History(History),
    /// Show figures about all runs.
    Stats(Stats),
    /// Show all runs that are kept.
    Runs(Runs),
    /// Take in reports of other runs, also of other programs, as a run.
    #[command(after_help = LOAD_EXAMPLES)]
    Load(Load),
    /// Try whether subtests notice promises that are broken on purpose.
    #[command(after_help = FAULTS_EXAMPLES)]
    Faults(Faults),
    /// Try whether a program keeps the rules of the protocol, and so is a host.
    #[command(after_help = HOST_CHECK_EXAMPLES)]
    HostCheck(CheckHost),
    /// Prepare other engines to test, without touching the one that is installed.
    #[command(subcommand, after_help = ENGINES_EXAMPLES)]
    Engines(EnginesCommand),
    /// Make clean engines by hand, look into them, remove them.
    #[command(subcommand, after_help = env::EXAMPLES)]
    Env(env::EnvCommand),
    /// Run the suite on many engines, each in capsules of its own, and compare.
    #[command(after_help = MATRIX_EXAMPLES)]
    Matrix(Matrix),
    /// Write a subtest to begin with: module, options, a fault, a test.
    #[command(after_help = NEW_EXAMPLES)]
    New(New),
    /// Print a completion script for a shell.
    #[command(after_help = "Example:\n  dockertest completions bash > /etc/bash_completion.d/dockertest")]
    Completions(Completions),
    /// Show what a command is for and what it takes.
    Help(Help),
    #[command(external_subcommand)]
    External(Vec<OsString>),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_table_is_consistent() {
        Arguments::command().debug_assert();
    }
}
