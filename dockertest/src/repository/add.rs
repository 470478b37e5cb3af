//! Adding a run that was loaded from reports.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::failure::RepositoryFailure;
use super::index::{self, Index};
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
/// let report = Report::new("report.xml", r#"<testsuite timestamp="2026-11-21T00:05:00"><testcase name="a"/></testsuite>"#);
/// let run = load(&[report], &Options::default())?;
/// let repository = Repository::create(&folder.path().join(".dockertest"))?;
/// assert_eq!(repository.add(&run)?, Added::New);
/// assert_eq!(repository.add(&run)?, Added::Known); // the same reports make the same run
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Added {
    /// It is kept now.
    New,
    /// It had been kept before, so nothing has changed.
    Known,
}

/// Keeps the journal of a run, as a whole or not at all, and its line.
pub(super) fn add(repository: &Path, index: &Index, run: &LoadedRun) -> Result<Added, RepositoryFailure> {
    let key = store::key(run.name());
    if index.row(&key).is_some() {
        return Ok(Added::Known);
    }
    let mut text = Vec::new();
    for record in run.records() {
        // Records always have JSON.
        serde_json::to_writer(&mut text, record).unwrap_or_default();
        text.push(b'\n');
    }
    let journal = store::journal(repository, &key);
    match write_once(&store::temporary(repository, &key), &journal, &text) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(Added::Known),
        result => result.map_err(RepositoryFailure::io("keep the journal of the run as", &journal))?,
    }
    // Should this fail, the next command takes the journal in.
    if let Some(summary) = Gathering::of(run.records()).summary(Path::new("")) {
        index::record(repository, &summary, text.len() as u64)?;
    }
    Ok(Added::New)
}

/// Writes a file that is not there yet; nobody ever sees a part of it.
fn write_once(temporary: &Path, path: &Path, text: &[u8]) -> io::Result<()> {
    // Left by a process of the same number that was killed right here.
    let _ = fs::remove_file(temporary);
    let written = File::create_new(temporary).and_then(|mut file| {
        file.write_all(text)?;
        file.sync_all()
    });
    // A link, unlike another name, never takes the place of a file that is there. Some file systems have none.
    let linked = written.and_then(|()| match fs::hard_link(temporary, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists && !path.try_exists()? => {
            fs::rename(temporary, path)
        }
        linked => linked,
    });
    let _ = fs::remove_file(temporary);
    linked
}
