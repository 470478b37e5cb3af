//! What tells one state of a plug-in from another without reading it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::host::HostProgram;

/// How long ago a file must have been changed, so that its next change is sure to have another time. Clocks of file
/// systems tick every few milliseconds.
const TICK: Duration = Duration::from_millis(100);

/// The same where a file system counts whole seconds, or two.
const COARSE_TICK: Duration = Duration::from_secs(3);

/// A file's state, as far as the file system tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileIdentity {
    path: String,
    device: u64,
    inode: u64,
    size: u64,
    mode: u32,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileIdentity {
    fn of(path: &Path) -> Option<FileIdentity> {
        let metadata = fs::metadata(path).ok()?;
        Some(FileIdentity {
            path: path.to_str()?.to_owned(),
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            mode: metadata.mode(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    fn is_settled(&self, now: Duration) -> bool {
        let (seconds, nanoseconds) = self.changed;
        let (Ok(seconds), Ok(subsec)) = (u64::try_from(seconds), u32::try_from(nanoseconds)) else { return false };
        let tick = if nanoseconds == 0 { COARSE_TICK } else { TICK };
        Duration::new(seconds, subsec) + tick <= now
    }
}

/// The state of all that a plug-in's list comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    /// The plug-in.
    file: FileIdentity,
    /// The program that loads it, if it is a library.
    loader: Option<FileIdentity>,
    /// How it is started.
    arguments: Vec<String>,
}

impl Identity {
    /// Nothing if it cannot be told.
    pub(super) fn of(program: &HostProgram) -> Option<Identity> {
        let shown = program.shown();
        let is_loaded = shown != program.path;
        let words = program.arguments.iter().map(|word| word.to_str().map(str::to_owned));
        Some(Identity {
            file: FileIdentity::of(shown)?,
            loader: if is_loaded { Some(FileIdentity::of(&program.path)?) } else { None },
            arguments: words.collect::<Option<_>>()?,
        })
    }

    /// Whether every later change will be seen: a file that was changed just now may be changed again at what its file
    /// system takes for the same time.
    pub(super) fn is_settled(&self) -> bool {
        let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) else { return false };
        self.file.is_settled(now) && self.loader.as_ref().is_none_or(|loader| loader.is_settled(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_settles_after_its_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "1").unwrap();
        let mut file = FileIdentity::of(&path).unwrap();
        file.changed = (1000, 5);
        assert!(!file.is_settled(Duration::new(1000, 6)));
        assert!(file.is_settled(Duration::new(1000, 5) + TICK));
        file.changed = (1000, 0);
        assert!(!file.is_settled(Duration::new(1001, 0)));
        assert!(file.is_settled(Duration::new(1003, 0)));
        // A clock that was set back.
        assert!(!file.is_settled(Duration::from_secs(10)));
    }

    #[test]
    fn whatever_is_done_to_a_file_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let program = HostProgram::new(&path);
        assert_eq!(Identity::of(&program), None);
        fs::write(&path, "1").unwrap();
        let first = Identity::of(&program).unwrap();
        assert_eq!(Identity::of(&program), Some(first.clone()));
        // Of the same size, at the same time, in place of the other.
        fs::write(folder.path().join("b"), "2").unwrap();
        let other = fs::File::options().write(true).open(folder.path().join("b")).unwrap();
        other.set_modified(fs::metadata(&path).unwrap().modified().unwrap()).unwrap();
        fs::rename(folder.path().join("b"), &path).unwrap();
        assert_ne!(Identity::of(&program), Some(first));
    }

    #[test]
    fn another_loader_is_another_list() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["loader", "other", "a.so"] {
            fs::write(path(name), "1").unwrap();
        }
        let of = |name: &str| Identity::of(&HostProgram::plugin(&HostProgram::new(path(name)), path("a.so"))).unwrap();
        assert_eq!(of("loader"), of("loader"));
        assert_ne!(of("loader"), of("other"));
    }
}
