//! Where results go and are looked for, and where runs are recorded.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};

/// Where results go, and are looked for, when nobody says.
pub(crate) const DEFAULT_RESULTS: &str = "results/default";

/// Which run a command is about.
#[derive(Debug, Args)]
pub(crate) struct Results {
    /// Folder with the results of the run [default: results/default].
    #[arg(value_name = "RESULTS", value_hint = ValueHint::DirPath)]
    folder: Option<PathBuf>,
    /// The same folder, named as for `run`.
    #[arg(long = "results", value_name = "DIR", conflicts_with = "folder", value_hint = ValueHint::DirPath)]
    option: Option<PathBuf>,
}

impl Results {
    /// The folder, however it was named.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.as_deref().or(self.option.as_deref()).unwrap_or(Path::new(DEFAULT_RESULTS))
    }
}

/// Where runs are recorded.
#[derive(Debug, Args)]
pub(crate) struct Kept {
    /// Folder of the repository of runs [default: $DOCKERTEST_REPOSITORY, the option `repository`, or .dockertest here or
    /// in the nearest folder above].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) repository: Option<PathBuf>,
}
