//! Adding a run that was loaded from reports.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::Builder;

use super::failure::RepositoryFailure;
use super::index;
use super::store;
use super::summary::Gathering;
use crate::load::LoadedRun;

/// What became of a run that was to be added.
///
/// ```
/// use dockertest::load::{Options, Report, load};
/// use dockertest::repository::{Added, Repository};
///
/// # let folder = tempfile::tempdir()?;
/// let report = [Report::new("report.xml", r#"<testsuite name="pytest"><testcase name="a"/></testsuite>"#)];
/// let run = load(&report, &Options::default())?;
/// let repository = Repository::create(&folder.path().join(".dockertest"))?;
/// assert_eq!(repository.add(&run)?, Added::New);
/// // The same reports make the same run, whenever they are loaded and whatever their files are called.
/// let again = load(&report, &Options::default())?;
/// assert_eq!(repository.add(&again)?, Added::Known { run: run.name().to_owned() });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Added {
    /// It is kept now.
    New,
    /// A run of the same reports had been kept before, so nothing has changed.
    Known {
        /// Its name.
        run: String,
    },
}

/// Keeps the journal of a run, as a whole or not at all, and its line.
pub(super) fn add(repository: &Path, run: &LoadedRun) -> Result<Added, RepositoryFailure> {
    // Held until its line is there, so that of two processes with the same reports one finds the other's run.
    let lock = index::lock(repository)?;
    let known = index::present(repository)?.loaded_from(run.digest());
    let is_complete = known.as_ref().and_then(|known| known.loaded.as_ref()).is_some_and(|loaded| loaded.complete);
    let former = match known {
        Some(known) if is_complete || !run.is_complete() => return Ok(Added::Known { run: known.run }),
        // More is said about the same reports now: so they take its place.
        known => known.map(|known| store::journal(repository, &known.run)),
    };
    let mut text = Vec::new();
    for record in run.records() {
        // Records always have JSON.
        serde_json::to_writer(&mut text, record).unwrap_or_default();
        text.push(b'\n');
    }
    let journal = store::journal(repository, &store::key(run.name()));
    let is_free = former.as_ref() != Some(&journal);
    match write(&journal, &text, is_free) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Ok(Added::Known { run: run.name().to_owned() });
        }
        result => result.map_err(RepositoryFailure::io("keep the journal of the run as", &journal))?,
    }
    // Should this fail, the next command takes the journal in.
    if let Some(summary) = Gathering::of(run.records()).summary(Path::new("")) {
        index::write_line(repository, &summary, text.len() as u64, &lock)?;
    }
    match former.filter(|_| is_free).map(|former| (fs::remove_file(&former), former)) {
        Some((Err(error), former)) if error.kind() != io::ErrorKind::NotFound => {
            Err(RepositoryFailure::io("remove", &former)(error))
        }
        _ => Ok(Added::New),
    }
}

/// Writes a file, if it is to be so only if it is not there yet; nobody ever sees a part of it.
fn write(path: &Path, text: &[u8], only_new: bool) -> io::Result<()> {
    let readable_by_all = Permissions::from_mode(0o644);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = Builder::new().prefix(".").permissions(readable_by_all).tempfile_in(folder)?;
    file.write_all(text)?;
    file.as_file().sync_all()?;
    let named = if only_new { file.persist_noclobber(path) } else { file.persist(path) };
    named.map(drop).map_err(|failure| failure.error)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_written_once_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.jsonl");
        // What another process with the same number, in a container of its own, is writing.
        let of_another = folder.path().join(format!(".x.{}", std::process::id()));
        fs::write(&of_another, "half").unwrap();
        write(&path, b"one", true).unwrap();
        assert_eq!(write(&path, b"two", true).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!((fs::read(&path).unwrap(), fs::read(&of_another).unwrap()), (b"one".to_vec(), b"half".to_vec()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        write(&path, b"three", false).unwrap();
        assert_eq!((fs::read(&path).unwrap(), fs::read_dir(folder.path()).unwrap().count()), (b"three".to_vec(), 2));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o400, 0o400);
    }
}
