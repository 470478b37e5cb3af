//! What `dockertest engines` and `dockertest matrix` take.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueHint};

use super::place::jobs;
use super::{Kept, Suite};

pub(super) const ENGINES_EXAMPLES: &str = "\
Examples:
  dockertest engines add docker-28.5 --suite sid
      Fetch the engine of another Debian release; nothing is installed.
  dockertest engines add podman-mine --path ~/podman/bin
      Use a build of your own.
  dockertest engines add docker-installed --root /
      Give the installed engine a name.";

pub(super) const MATRIX_EXAMPLES: &str = "\
Examples:
  dockertest matrix --engines docker-20.10,docker-28.5 --args=docker_cli/kill
      Run one subtest on two engines (`dockertest engines list` shows which there are).
  dockertest matrix --again
      Show the table of the last time once more.

Exit status:
  0    every step of every run ended GOOD, WARN or TEST_NA
  1    some step ended FAIL, ERROR or ABORT
  2    usage, configuration or set-up error: nothing was run
  5    a step waits for a reboot of this machine
  6    no capsule could be made, or something is left of one
  130  interrupted by SIGINT (Ctrl-C); what was run is compared
  143  ended by SIGTERM, the same";

#[derive(Debug, Subcommand)]
pub(crate) enum EnginesCommand {
    /// Add an engine: of another release, of a root file system, or of a folder with programs.
    Add(AddEngine),
    /// Show the engines that were added.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove an engine that was added. Folders that you gave stay as they are.
    Remove {
        /// Its name.
        name: String,
    },
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("from").required(true)))]
pub(crate) struct AddEngine {
    /// A name for it: a-z, 0-9, `.`, `-` and `_`.
    pub(crate) name: String,
    /// Take the packages of this release of the distribution.
    #[arg(long, value_name = "RELEASE", group = "from")]
    pub(crate) suite: Option<String>,
    /// Take a root file system; `/` is the engine that is installed.
    #[arg(long, value_name = "DIR", group = "from", value_hint = ValueHint::DirPath)]
    pub(crate) root: Option<PathBuf>,
    /// Take the programs in this folder, as a build of your own has them.
    #[arg(long, value_name = "DIR", group = "from", value_hint = ValueHint::DirPath)]
    pub(crate) path: Option<PathBuf>,
    /// docker or podman [default: what the name begins with].
    #[arg(long, value_name = "FLAVOR")]
    pub(crate) flavor: Option<String>,
    /// The archive with the packages [default: the one that this machine uses].
    #[arg(long, value_name = "URI", requires = "suite")]
    pub(crate) mirror: Option<String>,
    /// A package besides the engine's own. May be repeated.
    #[arg(long, value_name = "NAME", requires = "suite")]
    pub(crate) package: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Matrix {
    /// The engines to compare, separated by commas, as they were added [default: all].
    #[arg(long, value_name = "NAMES")]
    pub(crate) engines: Vec<String>,
    /// What to run on each, as for `run`.
    #[arg(long, value_name = "LIST")]
    pub(crate) args: Vec<String>,
    /// Folder for the results, with a folder for each engine.
    #[arg(long, value_name = "DIR", default_value = "results/matrix", value_hint = ValueHint::DirPath)]
    pub(crate) results: PathBuf,
    /// How many subtests run at a time; auto: as many as the machine bears [default: option jobs of [environment]].
    #[arg(long, short, value_name = "N", value_parser = jobs)]
    pub(crate) jobs: Option<String>,
    /// Run nothing, and keep nothing: compare again what has been run.
    #[arg(long)]
    pub(crate) again: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) kept: Kept,
    #[command(flatten)]
    pub(crate) suite: Suite,
}
