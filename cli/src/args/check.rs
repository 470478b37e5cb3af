//! What the commands take that try subtests and hosts: do they notice what they should, do they keep the protocol?

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{Sources, Suite};

pub(super) const FAULTS_EXAMPLES: &str = "\
Each subtest is run on the plain engine, where it must end GOOD, and under each of its faults, where it must end FAIL.

Examples:
  dockertest faults
      Try all faults of all subtests.
  dockertest faults --args=docker_cli/kill --fault=sends_nothing
      Try one fault of one subtest.
  dockertest faults --list
      Show all faults and the promises that they break.

Exit status:
  0    every subtest is GOOD, and every fault is caught
  1    some subtest is not GOOD, or some fault is not caught
  2    usage, configuration or set-up error: nothing was tried
  130  interrupted by SIGINT (Ctrl-C): `--resume` takes up what has been tried
  143  interrupted by SIGTERM: the same";

pub(super) const HOST_CHECK_EXAMPLES: &str = "\
Examples:
  dockertest host-check ./my-host.py
      Try every rule of the protocol with the first subtest of a host.
  dockertest host-check ./my-host.py --subtest my/slow_one
      Use a subtest that takes a while, so that it can be stopped in its midst.

Exit status:
  0    no rule is broken
  1    some rule is broken
  2    usage, configuration or set-up error: nothing was tried";

#[derive(Debug, Args)]
pub(crate) struct Faults {
    /// The subtests or sub-subtests to try, separated by commas [default: all that have faults].
    #[arg(long, value_name = "NAMES")]
    pub(crate) args: Vec<String>,
    /// The faults to try, separated by commas [default: all].
    #[arg(long, value_name = "NAMES")]
    pub(crate) fault: Vec<String>,
    /// Folder for the results, with a folder for each subtest and fault.
    #[arg(long, value_name = "DIR", default_value = "results/faults", value_hint = ValueHint::DirPath)]
    pub(crate) results: PathBuf,
    /// Take over what has been tried already.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Show what there is to try, and try nothing.
    #[arg(long)]
    pub(crate) list: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) suite: Suite,
}

#[derive(Debug, Args)]
pub(crate) struct CheckHost {
    /// The host: an executable, or a plug-in library.
    #[arg(value_name = "PROGRAM", value_hint = ValueHint::FilePath)]
    pub(crate) program: PathBuf,
    /// The subtest to run [default: its first one].
    #[arg(long, value_name = "NAME")]
    pub(crate) subtest: Option<String>,
    /// How long the list, and the subtest, may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) sources: Sources,
}
