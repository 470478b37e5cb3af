//! The folders that a subtest's static content goes through: from `bindir`, by `setup`, into `srcdir`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::host::protocol::RunRequest;
use crate::subtest::Outcome;
use crate::subtest::registry::{Content, Folder};
use crate::version::API_VERSION;

/// Within a subtest's state folder. No component of a name starts with a dot, so it is no other subtest's folder.
const SETUP_FOLDER: &str = ".setup";

/// A file or folder that `setup` needs and that cannot be used.
///
/// It reaches the results as the reason of an `ERROR`:
///
/// ```no_run
/// # use dockertest::prelude::*;
/// # fn phase(ctx: &mut Context) -> Outcome {
/// let folder = ctx.bindir()?; // ERROR: cannot make the folder `/state/.setup/0.9.0`: Permission denied (os error 13)
/// # let _ = folder;
/// # Ok(()) }
/// ```
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} `{path}`")]
pub struct SetupFailure {
    what: &'static str,
    path: PathBuf,
    source: io::Error,
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SetupFailure {
    move |source| SetupFailure { what, path: path.to_owned(), source }
}

/// The folder that `setup` fills, by the subtest's full name.
pub(crate) fn srcdir(request: &RunRequest) -> PathBuf {
    home(request).join("src")
}

fn home(request: &RunRequest) -> PathBuf {
    request.folders.state.join(&request.section.name).join(SETUP_FOLDER)
}

/// Calls `setup` with an empty `srcdir`, unless it has succeeded before for this version. Runs at the same time of
/// the same subtest take turns.
pub(crate) fn once_per_version(request: &RunRequest, setup: impl FnOnce() -> Outcome) -> Outcome {
    let (home, wanted) = (home(request), version(request));
    let record = home.join("version");
    let done = || fs::read_to_string(&record).is_ok_and(|recorded| recorded == wanted);
    if done() {
        return Ok(());
    }
    fs::create_dir_all(&home).map_err(failed("make the folder", &home))?;
    let lock = home.join("lock");
    let lock_file = File::create(&lock).map_err(failed("open", &lock))?;
    lock_file.lock().map_err(failed("lock", &lock))?;
    if done() {
        return Ok(());
    }
    let source = srcdir(request);
    match fs::remove_dir_all(&source) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("clear", &source)(error).into()),
        _ => {}
    }
    fs::create_dir_all(&source).map_err(failed("make the folder", &source))?;
    setup()?;
    Ok(fs::write(&record, wanted).map_err(failed("write", &record))?)
}

/// What `setup` depends on: the version that the configuration was written for, with its revision, and the program's.
fn version(request: &RunRequest) -> String {
    format!("{} {API_VERSION}\n", request.section.get("config_version").unwrap_or("-").trim())
}

/// Where the static content of a subtest is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BinFolder {
    folder: Folder,
    module: &'static str,
}

impl BinFolder {
    /// The folder of a subtest's module.
    pub(crate) fn of(folder: Folder, module: &'static str) -> Self {
        BinFolder { folder, module }
    }

    /// The source folder where it exists; otherwise the content is unpacked below `state`.
    pub(crate) fn find(&self, state: &Path) -> Outcome<PathBuf> {
        if let Some(source) = self.source() {
            return Ok(source);
        }
        let home = state.join(SETUP_FOLDER).join(API_VERSION.to_string());
        let folder = home.join(self.module.replace("::", "/"));
        fs::create_dir_all(&folder).map_err(failed("make the folder", &folder))?;
        let contents = inventory::iter::<Content>().filter(|content| content.module == self.module);
        for (name, bytes) in contents.flat_map(|content| content.files) {
            let path = folder.join(name);
            if fs::metadata(&path).is_ok_and(|found| found.len() == bytes.len() as u64) {
                continue;
            }
            let parent = path.parent().unwrap_or(&folder);
            fs::create_dir_all(parent).map_err(failed("make the folder", parent))?;
            fs::write(&path, bytes).map_err(failed("write", &path))?;
        }
        Ok(folder)
    }

    /// The module's folder in the source tree. What the compiler calls a file may be below the package, below the
    /// workspace, or absolute.
    fn source(&self) -> Option<PathBuf> {
        let package = Path::new(self.folder.package);
        let roots = package.ancestors().take(2).map(|root| root.join(self.folder.file));
        let file = roots.into_iter().find(|file| file.is_file())?;
        file.parent().map(Path::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subtest::Failure;
    use crate::subtest::testing::request;
    use crate::verdict::Verdict;

    /// Whether `setup` is called.
    fn is_called(request: &RunRequest, outcome: Outcome) -> bool {
        let mut called = false;
        let _ = once_per_version(request, || {
            called = true;
            outcome
        });
        called
    }

    #[test]
    fn setup_runs_once_per_version_and_again_when_the_state_is_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let mut request = request("a/x", folder.path());
        assert!(is_called(&request, Ok(())));
        assert!(!is_called(&request, Ok(())));
        request.section.settings.get_mut("config_version").unwrap().value = "0.9.1".to_owned();
        assert!(is_called(&request, Ok(())), "a revision counts too");
        fs::remove_dir_all(&request.folders.state).unwrap();
        assert!(is_called(&request, Ok(())));
    }

    #[test]
    fn a_setup_that_failed_is_tried_again_with_an_empty_folder() {
        let folder = tempfile::tempdir().unwrap();
        let request = request("x", folder.path());
        let failure = once_per_version(&request, || {
            fs::write(srcdir(&request).join("half"), "").unwrap();
            Err(Failure::new(Verdict::Error, "no"))
        });
        assert!(failure.is_err());
        once_per_version(&request, || {
            assert_eq!(fs::read_dir(srcdir(&request)).unwrap().count(), 0);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn subtests_with_the_same_last_name_do_not_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        assert_ne!(srcdir(&request("a/x", folder.path())), srcdir(&request("b/x", folder.path())));
    }
}
