//! What the commands take that tell of recorded runs, and of runs of other programs.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use dockertest::load::Form;

use super::Kept;

pub(super) const LAST_STATUS: &str = "\
Exit status:
  0    everything passed
  1    something did not pass, or the run is not complete
  2    there is no repository, or nothing in it";

pub(super) const FAILING_STATUS: &str = "\
Exit status:
  0    nothing fails
  1    something fails
  2    there is no repository, or nothing in it";

pub(super) const LOAD_EXAMPLES: &str = "\
Reports are JUnit XML (of pytest, cargo nextest, Maven, Gradle, GoogleTest, dockertest, …) or streams of
subunit version 2 (of stestr, testr, dockertest, …). All files of a command become one run, wholly or not
at all; the same files again change nothing. `last`, `failing`, `slowest`, `history`, `stats` and `runs`
tell of it as of any other.

Examples:
  dockertest load report.xml
      Take in what `pytest --junitxml=report.xml` has written.
  dockertest load target/surefire-reports/*.xml
      Take in many reports as one run.
  stestr last --subunit | dockertest load -
      Take in the last run of stestr.
  dockertest load --complete report.xml
      Take in a run of all tests: of those that are gone, nothing counts any more.

Exit status:
  0    everything in it passed
  1    something did not pass, or the run is not complete
  2    nothing was taken in";

/// How it is told what a repository of runs holds, and of which one.
#[derive(Debug, Args)]
pub(crate) struct Told {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
pub(crate) struct Last {
    /// Another run than the last one, by the beginning of its name.
    #[arg(long, value_name = "NAME")]
    pub(crate) run: Option<String>,
    /// Print JSON: the run's results.json.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
pub(crate) struct Failing {
    /// Also what fails on other engines than the one that was tested last (a matrix leaves that one as it was).
    #[arg(long)]
    pub(crate) all: bool,
    /// Print only names, one a line.
    #[arg(long, conflicts_with = "json")]
    pub(crate) list: bool,
    #[command(flatten)]
    pub(crate) told: Told,
}

#[derive(Debug, Args)]
pub(crate) struct Slowest {
    /// All subtests of the run, not only the ten that took longest.
    #[arg(long)]
    pub(crate) all: bool,
    /// Another run than the last one, by the beginning of its name.
    #[arg(long, value_name = "NAME")]
    pub(crate) run: Option<String>,
    #[command(flatten)]
    pub(crate) told: Told,
}

#[derive(Debug, Args)]
pub(crate) struct History {
    /// The subtest, sub-subtest, or test of another program.
    pub(crate) name: String,
    /// All runs, not only the last twenty.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) told: Told,
}

#[derive(Debug, Args)]
pub(crate) struct Stats {
    #[command(flatten)]
    pub(crate) told: Told,
}

#[derive(Debug, Args)]
pub(crate) struct Runs {
    /// All runs, not only the last twenty.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) told: Told,
}

#[derive(Debug, Args)]
pub(crate) struct Load {
    /// The reports; - is standard input.
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// The form of the reports: junit or subunit [default: each is recognized].
    #[arg(long, value_name = "FORM")]
    pub(crate) form: Option<Form>,
    /// Take in a stream of subunit that is damaged or was cut off, as far as it can be read.
    #[arg(long)]
    pub(crate) partial: bool,
    /// These are all tests that the programs have: what their earlier reports have, and these do not name any more, does not
    /// count as failing any more. Not of a run that was not complete.
    #[arg(long, conflicts_with = "partial")]
    pub(crate) complete: bool,
    /// Print JSON: the run as `runs --json` has it.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) kept: Kept,
}
