//! What can go wrong with builds.

use std::io;
use std::path::{Path, PathBuf};

use super::Flavor;
use crate::config::nearest;

/// Why there is no such build.
///
/// ```
/// use dockertest::environment::BuildFailure;
///
/// let failure = BuildFailure::Unknown { name: "docker-29".to_owned(), known: vec!["docker-28.5".to_owned()] };
/// assert_eq!(failure.to_string(), "there is no engine build `docker-29`; did you mean `docker-28.5`? (there is: docker-28.5)");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildFailure {
    /// The user has no folder for builds.
    #[error("there is no place for engine builds: set HOME or XDG_DATA_HOME")]
    NoPlace,
    /// A file or folder cannot be read or written.
    #[error("cannot read or write `{}`", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no folder.
    #[error("`{}` is not a folder", .0.display())]
    NoFolder(PathBuf),
    /// The name cannot be one.
    #[error("`{}` cannot be the name of an engine build; expected a-z, 0-9, `.`, `-` and `_`, 64 at most, first a letter or digit", .0.escape_debug())]
    Name(String),
    /// The name of a release cannot be one.
    #[error("`{}` is not the name of a release; expected a word like `trixie` or `trixie-backports`", .0.escape_debug())]
    Suite(String),
    /// The address of an archive cannot be one.
    #[error("`{}` is not the address of an archive; expected one like http://deb.debian.org/debian", .0.escape_debug())]
    Mirror(String),
    /// Nobody said what kind of engine it is.
    #[error("is `{0}` docker or podman? Say `--flavor`, or let the name begin with one of them")]
    Flavor(String),
    /// There is one of that name already.
    #[error("there is an engine build `{name}` already, in `{}`; remove it first: dockertest engines remove {name}", place.display())]
    Taken {
        /// The name.
        name: String,
        /// Where it is.
        place: PathBuf,
    },
    /// The name says another kind than was wanted.
    #[error(
        "`{name}` is no name for {flavor}: it begins with the other kind of engine; choose another name, or leave out `--flavor`"
    )]
    Disagree {
        /// The name.
        name: String,
        /// What was wanted.
        flavor: Flavor,
    },
    /// There is none of that name.
    #[error("there is no engine build `{name}`{}", advice(name, known))]
    Unknown {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// What is written down of it cannot be read.
    #[error("`{}` does not tell what the engine build is: {reason}; remove its folder and add it again", file.display())]
    Record {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// A program that is needed is not there, or failed.
    #[error("`{command}` {how}{advice}")]
    Program {
        /// The command as typed.
        command: String,
        /// What became of it, with the end of what it said.
        how: String,
        /// What to do.
        advice: String,
    },
    /// No archive is known.
    #[error("nobody says where the packages of `{suite}` are: apt's own sources name no archive; say `--mirror URI`")]
    NoArchive {
        /// The release.
        suite: String,
    },
    /// Only root can go into a root file system.
    #[error("only root can ask the engine in `{}` which version it is (`chroot`): run this command as root (`sudo`)", folder.display())]
    NotRoot {
        /// The root file system.
        folder: PathBuf,
    },
    /// There is no engine where there should be one.
    #[error("there is no engine in `{}`: `{program}`: {reason}", folder.display())]
    NoEngine {
        /// Where it should be.
        folder: PathBuf,
        /// Its program.
        program: String,
        /// What was seen.
        reason: String,
    },
}

impl BuildFailure {
    pub(super) fn file(path: &Path, source: io::Error) -> BuildFailure {
        BuildFailure::File { path: path.to_owned(), source }
    }
}

fn advice(name: &str, known: &[String]) -> String {
    if known.is_empty() {
        return "; there is none at all: dockertest engines add".to_owned();
    }
    let near = nearest(name, known.iter().map(String::as_str));
    let question = near.map(|known| format!("; did you mean `{known}`?")).unwrap_or_default();
    format!("{question} (there is: {})", known.join(", "))
}
