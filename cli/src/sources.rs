//! Where the configuration is.

use std::path::{Path, PathBuf};

use dockertest::config::{Layers, LoadFailure, Problem as Mistake, Source};
use dockertest::run::SetupFailure;
use dockertest::version::ApiVersion;

use crate::args::Sources;
use crate::screen::{Problem, Screen};

const DEFAULTS_FOLDER: &str = "config_defaults";
const CUSTOM_FOLDER: &str = "config_custom";

/// The file in which the documentation says what version it was written for.
const DOCUMENTATION_VERSION: &str = "docs/VERSION";

/// The folders that are used: those named on the command line, else those of the working folder. Whatever bears the name
/// there is taken, so that reading refuses a file or a broken link, which would else be left out in silence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Folders {
    /// The shipped configuration, or nothing for the files that are compiled in.
    pub(crate) defaults: Option<PathBuf>,
    /// The user's own.
    pub(crate) custom: Option<PathBuf>,
}

impl Folders {
    /// Those of the working folder.
    pub(crate) fn here() -> Self {
        let here = |name: &str| Some(PathBuf::from(name)).filter(|folder| folder.symlink_metadata().is_ok());
        Folders { defaults: here(DEFAULTS_FOLDER), custom: here(CUSTOM_FOLDER) }
    }

    pub(crate) fn find(sources: &Sources) -> Self {
        let here = Folders::here();
        Folders {
            defaults: sources.config_defaults.clone().or(here.defaults),
            custom: sources.config_custom.clone().or(here.custom),
        }
    }
}

/// All layers, not yet read.
pub(crate) fn layers(folders: &Folders, set: &[String]) -> Layers {
    let shipped = match &folders.defaults {
        Some(folder) => Source::Folder(folder.clone()),
        None => Source::BuiltIn(subtests::CONFIG_DEFAULTS),
    };
    let mut layers = Layers::new().defaults(shipped);
    if let Some(folder) = &folders.custom {
        layers = layers.custom(Source::Folder(folder.clone()));
    }
    for argument in set {
        layers = layers.set(argument);
    }
    layers
}

/// Says why there is no runner.
pub(crate) fn not_set_up(failure: SetupFailure) -> Problem {
    match failure {
        SetupFailure::Configuration(failure) => explain(&failure),
        other => other.into(),
    }
}

/// Everything that is wrong with the configuration.
pub(crate) fn explain(failure: &LoadFailure) -> Problem {
    let shown: Vec<String> = failure.problems.iter().map(Mistake::render).collect();
    Problem::new(format!("the configuration cannot be used; nothing has run\n\n{}", shown.join("\n\n")))
}

/// The working folder.
pub(crate) fn here() -> Result<PathBuf, Problem> {
    std::env::current_dir().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Problem::new("the working folder has been removed: go to one that is there (`cd`) and try again")
        }
        _ => Problem::new(format!("cannot tell which the working folder is: {error}")),
    })
}

/// The path from the root, so that it stays right when the run is resumed from another folder.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The version that the documentation in the working folder was written for, if there is one.
pub(crate) fn documentation_version(screen: &Screen) -> Option<ApiVersion> {
    let text = std::fs::read_to_string(DOCUMENTATION_VERSION).ok()?;
    let version = text.trim().parse();
    version.map_err(|bad| screen.warning(format!("{DOCUMENTATION_VERSION}: {bad}"))).ok()
}
