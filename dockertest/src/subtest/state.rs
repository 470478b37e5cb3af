//! What a step keeps for a later process of the same step: for its clean-up after it was killed, and for after a
//! reboot.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const FILE: &str = "state.json";

/// What could not be kept or found again.
///
/// ```
/// use dockertest::subtest::{Failure, StateFailure};
///
/// let source = serde_json::from_str::<u32>("\"test-version\"").unwrap_err();
/// let failure = StateFailure::Value { key: "container".to_owned(), source };
/// assert_eq!(failure.to_string(), "the kept value `container` is not what it is read as");
/// assert!(Failure::from(failure).to_string().starts_with("ERROR: "));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateFailure {
    /// The file cannot be written.
    #[error("cannot keep the step's state in `{path}`")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be read.
    #[error("cannot read the step's state in `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A value does not have the type that is asked for.
    #[error("the kept value `{key}` is not what it is read as")]
    Value {
        /// The value's name.
        key: String,
        /// Why.
        source: serde_json::Error,
    },
}

/// Values by name, in a file of the step's folder. Each change is durable when `keep` returns.
#[derive(Debug)]
pub(crate) struct State {
    path: PathBuf,
}

impl State {
    pub(crate) fn in_folder(output: &Path) -> Self {
        State { path: output.join(FILE) }
    }

    pub(crate) fn keep(&self, key: &str, value: &impl Serialize) -> Result<(), StateFailure> {
        let value =
            serde_json::to_value(value).map_err(|source| StateFailure::Value { key: key.to_owned(), source })?;
        let mut values = self.read()?;
        values.insert(key.to_owned(), value);
        self.write(&values).map_err(|source| StateFailure::Write { path: self.path.clone(), source })
    }

    pub(crate) fn kept<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StateFailure> {
        let Some(value) = self.read()?.remove(key) else { return Ok(None) };
        let value = serde_json::from_value(value);
        value.map(Some).map_err(|source| StateFailure::Value { key: key.to_owned(), source })
    }

    fn read(&self) -> Result<BTreeMap<String, Value>, StateFailure> {
        let failed = |source| StateFailure::Read { path: self.path.clone(), source };
        match fs::read(&self.path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| failed(error.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(failed(error)),
        }
    }

    /// Old or new, never half of it: a new file takes the old one's place when it is on the disk.
    fn write(&self, values: &BTreeMap<String, Value>) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut file, values)?;
        file.flush()?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        File::open(folder)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_again_by_a_later_process() {
        let folder = tempfile::tempdir().unwrap();
        State::in_folder(folder.path()).keep("containers", &["a", "b"]).unwrap();
        State::in_folder(folder.path()).keep("count", &2).unwrap();
        let later = State::in_folder(folder.path());
        assert_eq!(later.kept::<Vec<String>>("containers").unwrap().unwrap(), ["a", "b"]);
        assert_eq!(later.kept::<u32>("nothing").unwrap(), None);
        assert!(later.kept::<String>("count").unwrap_err().to_string().contains("`count`"));
    }
}
