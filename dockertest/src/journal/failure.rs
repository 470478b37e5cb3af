//! Why a journal could not be written, in words that say what to do.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::errno::Errno;

/// The journal, or a report that is made along with it, could not be written.
///
/// It can be cloned, because everybody who waits for the same write gets it.
///
/// ```
/// use dockertest::journal::{WriteFailure, Writer};
///
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("journal.jsonl");
/// Writer::create(&path, Vec::new())?.close()?;
/// let failure = Writer::create(&path, Vec::new()).unwrap_err();
/// assert!(matches!(failure, WriteFailure::Exists { .. }));
/// assert!(failure.to_string().ends_with("it is never overwritten; name another results folder"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum WriteFailure {
    /// There is a journal already.
    #[error("the journal `{}` exists already: it is never overwritten; name another results folder", path.display())]
    Exists {
        /// The journal.
        path: PathBuf,
    },
    /// The file could not be created.
    #[error("cannot create the journal `{}`: {source}{}", path.display(), Advice(source))]
    Create {
        /// The journal.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// The file could not be opened again, or its torn end could not be cut off.
    #[error("cannot go on with the journal `{}`: {source}{}", path.display(), Advice(source))]
    Reopen {
        /// The journal.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// Records could not be written. Nothing is written after that.
    #[error(
        "cannot write the journal `{}`: {source}; {} not written{}; `dockertest resume {}` then goes on",
        path.display(), Lost(*records_lost), Advice(source), folder(path).display()
    )]
    Write {
        /// The journal.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
        /// How many records have been lost up to now.
        records_lost: u64,
    },
    /// A report that is written along with the journal failed. The journal itself is complete.
    #[error(
        "cannot write a report beside the journal `{}`: {source}{}; the journal is complete, so \
         `dockertest report {}` makes every report again",
        path.display(), Advice(source), folder(path).display()
    )]
    Report {
        /// The journal.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// The thread that writes has ended by a panic: a mistake in this program.
    #[error("the thread that writes the journal `{}` has ended unexpectedly: this is a mistake in dockertest", path.display())]
    Stopped {
        /// The journal.
        path: PathBuf,
    },
}

/// The folder that the journal lies in, as an argument of `dockertest resume`.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// `1 record was`, `2 records were`.
struct Lost(u64);

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            1 => f.write_str("1 record was"),
            count => write!(f, "{count} records were"),
        }
    }
}

/// What a person can do about an error of the system, with a leading semicolon, or nothing.
struct Advice<'a>(&'a io::Error);

impl std::fmt::Display for Advice<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match (self.0.kind(), self.0.raw_os_error().map(Errno::from_raw)) {
            (io::ErrorKind::StorageFull, _) => "; free space on that file system",
            (io::ErrorKind::QuotaExceeded, _) => "; free space or raise the disk quota",
            (io::ErrorKind::FileTooLarge, _) => "; raise the limit of file sizes (`ulimit -f`)",
            (io::ErrorKind::ReadOnlyFilesystem, _) => {
                "; mount that file system for writing, or name another results folder"
            }
            (io::ErrorKind::PermissionDenied, _) => "; check who owns the folder and may write to it",
            (io::ErrorKind::NotFound, _) => "; make the folder first",
            (_, Some(Errno::EIO)) => "; check the disk (`dmesg` shows what the kernel saw)",
            (_, Some(Errno::EMFILE | Errno::ENFILE)) => "; raise the limit of open files (`ulimit -n`)",
            _ => return Ok(()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn os(errno: Errno) -> Arc<io::Error> {
        Arc::new(io::Error::from_raw_os_error(errno as i32))
    }

    #[test]
    fn a_full_disk_says_what_is_lost_and_what_to_do() {
        let path = PathBuf::from("results/default/journal.jsonl");
        let failure = WriteFailure::Write { path, source: os(Errno::ENOSPC), records_lost: 1 };
        insta::assert_snapshot!(failure, @"cannot write the journal `results/default/journal.jsonl`: No space left on device (os error 28); 1 record was not written; free space on that file system; `dockertest resume results/default` then goes on");
    }

    #[test]
    fn a_read_only_folder_says_what_to_do() {
        let failure = WriteFailure::Create { path: "journal.jsonl".into(), source: os(Errno::EROFS) };
        insta::assert_snapshot!(failure, @"cannot create the journal `journal.jsonl`: Read-only file system (os error 30); mount that file system for writing, or name another results folder");
    }
}
