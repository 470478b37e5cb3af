//! What `dockertest env` takes.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::{Engine, Sources};

pub(super) const EXAMPLES: &str = "\
Examples:
  dockertest env shell
      Open a shell in a fresh capsule: an engine of its own, with at most the test image in it. All is
      gone at the end.
  dockertest env shell -- docker version
      Run one command in a fresh capsule; the exit status is that of the command.
  dockertest env shell --share . -- sh -c 'docker info > info.txt'
      Keep what is written to this folder.
  dockertest env shell --engine docker-28.5 -- docker version
      The same with a build that was added by `dockertest engines add`.
  dockertest env provision
      Make a capsule that stays, and print its name.
  dockertest env exec dockertest-capsule-4711 -- docker ps
      Run a command in it.
  dockertest env dispose dockertest-capsule-4711
      Remove it.

It needs root.";

#[derive(Debug, Subcommand)]
pub(crate) enum EnvCommand {
    /// Run a shell, or a command, in a fresh capsule.
    Shell(Shell),
    /// Make capsules that stay, and print their names.
    Provision(Provision),
    /// Show the capsules that there are.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Run a command in a capsule that is there.
    Exec(Exec),
    /// Remove capsules with all that is in them.
    Dispose(Dispose),
    /// Remove what was left by programs that were killed: capsules, their data in the folder of `capsule_data`, and instances of
    /// callouts of this folder; and prepared images that nobody has used for 30 days.
    Prune {
        #[command(flatten)]
        sources: Sources,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Shell {
    /// A folder that is the same in the capsule: what is written there stays. May be repeated.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::AnyPath)]
    pub(crate) share: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) engine: Engine,
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// The command [default: $SHELL, else /bin/sh].
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct Provision {
    /// How many.
    #[arg(default_value = "1")]
    pub(crate) count: NonZeroUsize,
    #[command(flatten)]
    pub(crate) engine: Engine,
    #[command(flatten)]
    pub(crate) sources: Sources,
}

#[derive(Debug, Args)]
pub(crate) struct Exec {
    /// The capsule; what stands behind `dockertest-capsule-` in its name is enough.
    pub(crate) id: String,
    /// A folder that is the same in the capsule: what is written there stays. May be repeated.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::AnyPath)]
    pub(crate) share: Vec<PathBuf>,
    /// The command.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct Dispose {
    /// The capsules; what stands behind `dockertest-capsule-` in their names is enough.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub(crate) id: Vec<String>,
    /// All capsules that were made to stay.
    #[arg(long)]
    pub(crate) all: bool,
}
