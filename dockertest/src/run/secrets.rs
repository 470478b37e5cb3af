//! The true values of `--set` arguments that have a secret in them.
//!
//! The journal and the reports have them masked. To plan the same run again, a resume needs them, so they lie in a
//! file of the results folder that only its owner can read, for as long as the run is not complete.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::config::{MASK, is_secret};

/// The file's name within the results folder.
pub(super) const FILE_NAME: &str = "secrets.json";

/// The arguments with the values of secret options masked: `password=x` reads `password=********`.
pub(crate) fn mask(set: &[String]) -> Vec<String> {
    let mask = |argument: &String| match argument.split_once('=') {
        Some((option, _)) if is_secret(option_name(option)) => format!("{option}={MASK}"),
        _ => argument.clone(),
    };
    set.iter().map(mask).collect()
}

/// `password` of `docker_cli/login.password`.
fn option_name(option: &str) -> &str {
    option.rsplit('.').next().unwrap_or(option).trim()
}

/// Keeps the arguments, if any of them has a secret.
///
/// # Errors
/// The file cannot be written.
pub(super) fn keep(results: &Path, set: &[String]) -> io::Result<()> {
    if mask(set) == set {
        return Ok(());
    }
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(results.join(FILE_NAME))?;
    file.write_all(&serde_json::to_vec(set)?)?;
    file.sync_data()
}

/// The arguments as they were typed: those that were kept, or else the masked ones, which then have no secrets.
///
/// # Errors
/// The file is there but cannot be read.
pub(super) fn recall(results: &Path, masked: &[String]) -> io::Result<Vec<String>> {
    match fs::read(results.join(FILE_NAME)) {
        Ok(text) => Ok(serde_json::from_slice(&text)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(masked.to_vec()),
        Err(error) => Err(error),
    }
}

/// Removes the file. It is no failure that there is none.
///
/// # Errors
/// The file is there but cannot be removed.
pub(crate) fn forget(results: &Path) -> io::Result<()> {
    match fs::remove_file(results.join(FILE_NAME)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn secrets_are_masked_in_the_journal_and_kept_for_a_resume() {
        let folder = tempfile::tempdir().unwrap();
        let set: Vec<String> = ["docker_cli/login.password=a=b", "iterations=3"].map(str::to_owned).into();
        let masked = mask(&set);
        assert_eq!(masked, ["docker_cli/login.password=********", "iterations=3"]);
        keep(folder.path(), &set).unwrap();
        let mode = fs::metadata(folder.path().join(FILE_NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(recall(folder.path(), &masked).unwrap(), set);
        forget(folder.path()).unwrap();
        forget(folder.path()).unwrap();
        assert_eq!(recall(folder.path(), &masked).unwrap(), masked);
    }

    #[test]
    fn nothing_is_written_without_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        keep(folder.path(), &["iterations=3".to_owned()]).unwrap();
        assert!(!folder.path().join(FILE_NAME).exists());
    }
}
