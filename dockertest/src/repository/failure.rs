//! Why a repository of runs cannot be used.

use std::io;
use std::path::{Path, PathBuf};

/// A repository that cannot be used.
///
/// ```
/// use dockertest::repository::{Repository, RepositoryFailure};
///
/// # let folder = tempfile::tempdir()?;
/// let failure = Repository::open(&folder.path().join("none")).unwrap_err();
/// assert!(matches!(failure, RepositoryFailure::None { .. }));
/// assert!(failure.to_string().contains("is no repository of runs"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryFailure {
    /// There is none.
    #[error("`{}` is no repository of runs (there is no folder `runs` in it): `dockertest run` makes one", path.display())]
    None {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot {what} `{}`: {source}{}", path.display(), advice(source))]
    Io {
        /// What was to be done.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl RepositoryFailure {
    /// Tells what was to be done when the system refused.
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RepositoryFailure {
        let path = path.to_owned();
        move |source| RepositoryFailure::Io { what, path, source }
    }
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            "; name a repository that you may write to (`--repository DIR`)"
        }
        io::ErrorKind::StorageFull => "; free space there, or name another repository (`--repository DIR`)",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => "; name another repository (`--repository DIR`)",
        _ => "",
    }
}
