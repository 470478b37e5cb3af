//! Where the repository is when nobody says.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

use super::store::RUNS;

/// The name of a repository's folder, by convention.
pub const FOLDER: &str = ".dockertest";

/// The repository of a folder: its own, or that of the nearest folder above that has one.
///
/// Above, only one counts that belongs to whoever asks, or to the user behind `sudo`: anybody can put one into `/tmp`.
///
/// ```
/// use dockertest::repository::{FOLDER, Repository, find};
///
/// # let folder = tempfile::tempdir()?;
/// # let project = folder.path();
/// Repository::create(&project.join(FOLDER))?;
/// let below = project.join("some/where");
/// assert_eq!(find(&below), Some(project.join(FOLDER)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn find(folder: &Path) -> Option<PathBuf> {
    let folder = std::path::absolute(folder).ok()?;
    let candidates = folder.ancestors().map(|above| (above == folder, above.join(FOLDER)));
    let mut ours = candidates.filter(|(is_own, path)| is_repository(path) && (*is_own || is_trusted(path)));
    ours.next().map(|(_, path)| path)
}

/// Whether runs are kept there. A folder that only has the state of subtests is none.
pub(super) fn is_repository(path: &Path) -> bool {
    path.join(RUNS).is_dir()
}

fn is_trusted(path: &Path) -> bool {
    let Ok(facts) = fs::metadata(path) else { return false };
    let behind_sudo = std::env::var("SUDO_UID").ok().and_then(|uid| uid.parse().ok());
    owner_is_trusted(facts.uid(), geteuid().as_raw(), behind_sudo)
}

fn owner_is_trusted(owner: u32, user: u32, behind_sudo: Option<u32>) -> bool {
    owner == user || (user == 0 && Some(owner) == behind_sudo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_one_counts_and_a_folder_of_state_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let (outer, inner) = (folder.path().join("a"), folder.path().join("a/b/c"));
        fs::create_dir_all(inner.join(".dockertest/state")).unwrap();
        fs::create_dir_all(outer.join(".dockertest/runs")).unwrap();
        assert_eq!(find(&inner), Some(outer.join(".dockertest")));
        fs::create_dir_all(inner.join(".dockertest/runs")).unwrap();
        assert_eq!(find(&inner), Some(inner.join(".dockertest")));
        assert_eq!(find(folder.path()), None);
    }

    #[test]
    fn one_of_somebody_else_is_passed_over() {
        assert!(owner_is_trusted(1000, 1000, None));
        assert!(!owner_is_trusted(1001, 1000, Some(1001)));
        assert!(owner_is_trusted(1000, 0, Some(1000)));
        assert!(!owner_is_trusted(1001, 0, Some(1000)));
        assert!(!owner_is_trusted(1000, 0, None));
    }
}
