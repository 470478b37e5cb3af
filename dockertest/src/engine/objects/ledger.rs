//! The list of what a step makes, written before it is made.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

const FILE: &str = "objects.jsonl";

/// Something in the engine, by a name or id.
///
/// ```
/// use dockertest::engine::Object;
/// assert_eq!(Object::Container("test-kill-5f3a09c1".to_owned()).to_string(), "container test-kill-5f3a09c1");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Object {
    /// A container.
    Container(String),
    /// An image; a name without a tag stands for all tags of that name.
    Image(String),
    /// A volume.
    Volume(String),
    /// A network.
    Network(String),
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (what, name) = match self {
            Object::Container(name) => ("container", name),
            Object::Image(name) => ("image", name),
            Object::Volume(name) => ("volume", name),
            Object::Network(name) => ("network", name),
        };
        write!(f, "{what} {name}")
    }
}

/// A line of the list: what is made, where, since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Entry {
    pub(crate) object: Object,
    /// The engine's address.
    pub(crate) engine: String,
    /// When the line was written, in seconds since 1970. What is older is somebody else's, unless it `exists`.
    pub(crate) since: u64,
    /// Whether it was there already when the line was written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) exists: bool,
    /// Whether it has been removed since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) removed: bool,
}

/// The list in a file of the step's folder, one line each. It survives the death of the process and of the runner, for a
/// written line is the kernel's.
///
/// It does not survive a power cut, and need not: to wait for the disk would cost a millisecond or more for each object.
/// The engine's own records may be lost in the same way; what it still knows bears our labels, by which `resume` and the
/// next run find it. Only something that has no label and was made within the last seconds stays, as a name that was
/// given to an image of others: that is the price.
#[derive(Debug)]
pub(crate) struct Ledger {
    path: PathBuf,
}

impl Ledger {
    pub(crate) fn in_folder(output: &Path) -> Ledger {
        Ledger { path: output.join(FILE) }
    }

    pub(crate) fn add(&self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        OpenOptions::new().create(true).append(true).open(&self.path)?.write_all(&line)
    }

    /// What is not removed yet, the last one first. A line that was cut off is left out: its object was not made.
    pub(crate) fn left(&self) -> io::Result<Vec<Entry>> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut left: Vec<Entry> = Vec::new();
        for entry in text.lines().filter_map(|line| serde_json::from_str::<Entry>(line).ok()) {
            left.retain(|earlier| earlier.object != entry.object || earlier.engine != entry.engine);
            if !entry.removed {
                left.push(entry);
            }
        }
        left.reverse();
        Ok(left)
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(object: Object) -> Entry {
        Entry { object, engine: "unix:///e".to_owned(), since: 1, exists: false, removed: false }
    }

    #[test]
    fn what_is_left_comes_last_first_and_without_what_was_removed_or_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::in_folder(folder.path());
        assert_eq!(ledger.left().unwrap(), []);
        let [a, b, c] = ["a", "b", "c"].map(|name| entry(Object::Container(name.to_owned())));
        for entry in [&a, &b, &c, &Entry { removed: true, ..b.clone() }] {
            ledger.add(entry).unwrap();
        }
        let mut file = OpenOptions::new().append(true).open(&ledger.path).unwrap();
        file.write_all(br#"{"object":{"contai"#).unwrap();
        assert_eq!(ledger.left().unwrap(), [c, a]);
    }
}
