//! Where a test writes: its results, numbered, and what its subtest keeps between runs.
//!
//! Several programs may run the same test at the same time, so numbers are given out under a lock, and who finds the
//! kept folder taken has one of his own.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::settings::RESULTS_VARIABLE;
use crate::held::Held;
use crate::name::SubtestName;
use crate::run::{ResultsFolder, is_in_use, remove_tree};

/// How many results of a test are kept: those of a few retries, for a look at what was different.
const KEPT: usize = 5;

/// Where a test writes, for as long as this lives.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) results: ResultsFolder,
    /// What the subtest prepares once.
    pub(super) state: PathBuf,
    /// Keeps others out of the folder that is kept.
    _state_lock: Option<Held>,
}

impl Place {
    /// A place for the test below this folder. Its results of long ago are removed.
    pub(super) fn take(root: &Path, name: &SubtestName) -> Result<Place, String> {
        let folder = root.join(name.as_str().replace('/', "."));
        let refused = |error: io::Error| {
            format!(
                "cannot write into `{}`: {error}; set `{RESULTS_VARIABLE}` to a folder that you may write to",
                folder.display()
            )
        };
        fs::create_dir_all(&folder).map_err(refused)?;
        let giving_out =
            lock_file(&folder.join("lock")).and_then(|file| file.lock().map(|()| file)).map_err(refused)?;
        let numbers = numbers(&folder).map_err(refused)?;
        let number = numbers.first().map_or(1, |highest| highest.saturating_add(1));
        let (results, _) = ResultsFolder::create(&folder.join(number.to_string())).map_err(|e| e.to_string())?;
        for old in numbers.into_iter().skip(KEPT - 1).map(|number| folder.join(number.to_string())) {
            // What cannot be removed, or is still in use, is there for the next time.
            if !is_in_use(&old) {
                let _ = remove_tree(&old);
            }
        }
        drop(giving_out);
        let state_lock = folder.join("state.lock");
        let state_lock = lock_file(&state_lock).and_then(|_| Held::take(&state_lock)).map_err(refused)?;
        let kept = if state_lock.is_some() { &folder } else { results.path() };
        Ok(Place { state: kept.join("state"), results, _state_lock: state_lock })
    }
}

/// The numbers that are given out already, the highest first.
fn numbers(folder: &Path) -> io::Result<Vec<u64>> {
    let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    let mut numbers: Vec<u64> = entries.iter().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    numbers.sort_unstable_by(|one, other| other.cmp(one));
    Ok(numbers)
}

fn lock_file(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(path)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::thread;

    use super::*;

    fn name() -> SubtestName {
        "docker_cli/kill".parse().unwrap()
    }

    #[test]
    fn the_newest_results_are_kept_and_those_in_use() {
        let root = tempfile::tempdir().unwrap();
        let first = Place::take(root.path(), &name()).unwrap();
        for _ in 0..KEPT + 2 {
            Place::take(root.path(), &name()).unwrap();
        }
        let highest = u64::try_from(KEPT + 3).unwrap();
        let folder = root.path().join("docker_cli.kill");
        assert_eq!(numbers(&folder).unwrap(), [highest, highest - 1, highest - 2, highest - 3, highest - 4, 1]);
        drop(first);
        Place::take(root.path(), &name()).unwrap();
        assert_eq!(numbers(&folder).unwrap().last(), Some(&(highest - 3)));
    }

    #[test]
    fn two_at_the_same_time_share_nothing() {
        let root = tempfile::tempdir().unwrap();
        let one = Place::take(root.path(), &name()).unwrap();
        let other = Place::take(root.path(), &name()).unwrap();
        assert_ne!(one.results.path(), other.results.path());
        assert_eq!(one.state, root.path().join("docker_cli.kill/state"));
        assert_eq!(other.state, other.results.path().join("state"));
        drop(one);
        let next = Place::take(root.path(), &name()).unwrap();
        assert_eq!(next.state, root.path().join("docker_cli.kill/state"));
    }

    #[test]
    fn many_at_the_same_time_have_a_folder_each() {
        let root = tempfile::tempdir().unwrap();
        let take = || Place::take(root.path(), &name()).unwrap();
        let places: Vec<Place> = thread::scope(|scope| {
            let threads: Vec<_> = (0..20).map(|_| scope.spawn(take)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let folders: BTreeSet<&Path> = places.iter().map(|place| place.results.path()).collect();
        assert_eq!(folders.len(), 20);
        assert!(folders.iter().all(|folder| folder.is_dir()));
    }

    #[test]
    fn a_folder_that_cannot_be_written_to_is_told_with_what_to_do() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("file"), "").unwrap();
        let problem = Place::take(&root.path().join("file"), &name()).unwrap_err();
        assert!(
            problem.contains("file/docker_cli.kill`: ") && problem.contains("set `DOCKERTEST_RESULTS`"),
            "{problem}"
        );
    }
}
