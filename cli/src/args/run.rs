//! What `dockertest run` and `dockertest resume` take.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, ValueHint};
use dockertest::journal;
use dockertest::report::{Format, UnknownFormat};

use super::{DEFAULT_RESULTS, Kept, Place, Results, Suite};

pub(super) const RUN_EXAMPLES: &str = "\
Examples:
  dockertest run --args=example,docker_cli/version
      Run two subtests.
  dockertest run --args=i=subexample,example --args=x=subexample/two
      Keep only what `i=` lists (of all subtests), drop what `x=` lists.
  dockertest run --args='docker_cli/version !!!'
      Say what would be run, and run nothing (the same as --dry-run).
  dockertest run --set docker_timeout=20 --set example.iterations=1
      Override an option of all sections, and one of a single section.

Press Ctrl-C once to stop after cleaning up; twice to stop now. Both can be resumed.";

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// What to run: names separated by commas; `i=NAMES` keeps only these, `x=NAMES` drops these, `!!!` runs nothing.
    /// May be repeated; blanks separate such lists within one.
    #[arg(long, value_name = "LIST")]
    pub(crate) args: Vec<String>,
    /// Folder for the results. A finished run found there is kept aside.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_RESULTS, value_hint = ValueHint::DirPath)]
    pub(crate) results: PathBuf,
    /// Write a report into a file while the run goes on: console, status, json, junit, tap, subunit, jsonl or html. May be
    /// repeated; the file - is standard output, in place of the tree.
    #[arg(long, value_name = "FORMAT=FILE")]
    pub(crate) report: Vec<LiveReport>,
    /// Write a stream of subunit, and nothing else, to standard output: the same as --report subunit=-.
    #[arg(long)]
    pub(crate) subunit: bool,
    /// Say what would be run, and run nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Run only what fails, by all runs up to now.
    #[arg(long)]
    pub(crate) failing: bool,
    /// Run only what this file names, one a line, planned in its order; - is standard input.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) load_list: Option<PathBuf>,
    /// Run the subtests in another order: the same number gives the same order.
    #[arg(long, value_name = "SEED")]
    pub(crate) shuffle: Option<u64>,
    /// Run a subtest that does not pass again, so many times at most. If it passes then, it is flaky, and says so.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) retries: u32,
    /// Run everything again and again until something fails, or so many times.
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) until_failure: Option<Option<u32>>,
    /// Run every subtest in an instance of its own, also where the environment uses instances again. Only groups stay
    /// together.
    #[arg(long)]
    pub(crate) isolated: bool,
    /// Run nothing but probes: find out which other subtests make those fail that fail. What is a matter of luck is tried
    /// more than once with a number.
    #[arg(long, value_name = "ROUNDS", num_args = 0..=1, require_equals = true)]
    #[arg(conflicts_with_all = ["failing", "until_failure", "retries", "isolated", "shuffle", "subunit", "report", "dry_run"])]
    pub(crate) analyze_isolation: Option<Option<NonZeroU32>>,
    #[command(flatten)]
    pub(crate) kept: Kept,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) suite: Suite,
    /// Names without `--args`, a common slip: taken only to say what to type.
    #[arg(hide = true)]
    pub(crate) names: Vec<String>,
}

/// A report that is written while a run goes on.
#[derive(Debug, Clone)]
pub(crate) struct LiveReport {
    pub(crate) format: Format,
    pub(crate) file: PathBuf,
}

impl FromStr for LiveReport {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((format, file)) = text.split_once('=').filter(|(_, file)| !file.is_empty()) else {
            return Err("expected FORMAT=FILE, for example junit=report.xml".to_owned());
        };
        let format = format.parse().map_err(|unknown: UnknownFormat| unknown.to_string())?;
        if Path::new(file).file_name().is_some_and(|name| name == journal::FILE_NAME) {
            return Err(format!("`{file}` is the name of a run's journal, which no report may take"));
        }
        Ok(LiveReport { format, file: file.into() })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Resume {
    #[command(flatten)]
    pub(crate) results: Results,
    /// Write a report into a file, of the whole run: console, status, json, junit, tap, subunit, jsonl or html. May be repeated;
    /// the file - is standard output, in place of the tree.
    #[arg(long, value_name = "FORMAT=FILE")]
    pub(crate) report: Vec<LiveReport>,
    /// Run a step that was cut off again, instead of leaving it at ABORT.
    #[arg(long)]
    pub(crate) retry_interrupted: bool,
    #[command(flatten)]
    pub(crate) kept: Kept,
    #[command(flatten)]
    pub(crate) place: Place,
}
