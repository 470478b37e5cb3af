//! Lists of plug-ins from earlier times, so that a plug-in is started only when it, or its loader, has changed. Of one
//! that took too long it is kept that it did: it would do so each time.
//!
//! A cache may always be wrong: somebody else's, of another version, cut off, read-only, gone. Then it is as if there
//! were none.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::unistd::geteuid;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::identity::Identity;
use crate::host::protocol::PROTOCOL;
use crate::host::{HostProgram, Listing};
use crate::version::API_VERSION;

/// The number of the files' format; another one is passed over.
const FORMAT: u32 = 2;

/// The largest file that is read.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// What is known of a plug-in: the second line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Known {
    /// Its list.
    Listing(Listing),
    /// It did not end within this time.
    TooSlow { limit: Duration },
}

/// The first line of a file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format: u32,
    /// The versions of whoever wrote it: what they took for a correct list.
    protocol: u32,
    api: String,
    identity: Identity,
    /// Of the second line.
    sha256: String,
}

impl Head {
    fn new(identity: &Identity, known: &[u8]) -> Head {
        let identity = identity.clone();
        Head { format: FORMAT, protocol: PROTOCOL, api: API_VERSION.to_string(), identity, sha256: hex(known) }
    }
}

/// A folder with a file for each plug-in.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    folder: PathBuf,
}

impl Cache {
    pub(super) fn new(folder: PathBuf) -> Cache {
        Cache { folder }
    }

    /// What is known of a plug-in in this state.
    pub(super) fn recall(&self, program: &HostProgram, identity: &Identity) -> Option<Known> {
        let bytes = read_own_file(&self.file(program))?;
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let (head, known) = (&bytes[..end], &bytes[end + 1..]);
        let head: Head = serde_json::from_slice(head).ok()?;
        (head == Head::new(identity, known)).then(|| serde_json::from_slice(known).ok()).flatten()
    }

    /// Keeps what is known of a plug-in in this state.
    pub(super) fn keep(&self, program: &HostProgram, identity: &Identity, known: &Known) {
        if self.try_keep(program, identity, known).is_err() {
            // The plug-in is asked again next time, that is all.
        }
    }

    fn try_keep(&self, program: &HostProgram, identity: &Identity, known: &Known) -> io::Result<()> {
        let known = serde_json::to_vec(known)?;
        let head = serde_json::to_vec(&Head::new(identity, &known))?;
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        // Whoever reads at the same time sees the old file or the new one, and of two writers the last one counts.
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&[&head[..], b"\n", &known].concat())?;
        file.persist(self.file(program))?;
        Ok(())
    }

    fn file(&self, program: &HostProgram) -> PathBuf {
        self.folder.join(format!("{}.json", hex(program.shown().as_os_str().as_encoded_bytes())))
    }
}

/// A regular file that belongs to us: from others we take no lists.
fn read_own_file(path: &Path) -> Option<Vec<u8>> {
    let file = OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path).ok()?;
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || metadata.uid() != geteuid().as_raw() || metadata.len() > MAX_FILE_BYTES {
        return None;
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).ok()? + 1);
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::host::protocol::{Hello, SubtestInfo};

    struct Bench {
        folder: tempfile::TempDir,
        cache: Cache,
        program: HostProgram,
        known: Known,
    }

    impl Bench {
        fn new() -> Bench {
            let folder = tempfile::tempdir().unwrap();
            let cache = Cache::new(folder.path().join("cache/plugins"));
            let program = folder.path().join("plug");
            fs::write(&program, "1").unwrap();
            let info: SubtestInfo = serde_json::from_str(r#"{"name":"outside/good"}"#).unwrap();
            let listing = Listing { hello: Hello::new("p"), subtests: vec![info], config: Vec::new() };
            Bench { program: HostProgram::new(program), cache, known: Known::Listing(listing), folder }
        }

        fn identity(&self) -> Identity {
            Identity::of(&self.program).unwrap()
        }

        fn keep(&self) {
            self.cache.keep(&self.program, &self.identity(), &self.known);
        }

        fn recall(&self) -> Option<Known> {
            self.cache.recall(&self.program, &self.identity())
        }

        fn file(&self) -> PathBuf {
            self.cache.file(&self.program)
        }
    }

    #[test]
    fn what_was_kept_is_recalled_until_the_plug_in_changes() {
        let bench = Bench::new();
        assert_eq!(bench.recall(), None);
        bench.keep();
        assert_eq!(bench.recall().as_ref(), Some(&bench.known));
        fs::write(&bench.program.path, "22").unwrap();
        assert_eq!(bench.recall(), None);
        bench.keep();
        assert_eq!(bench.recall().as_ref(), Some(&bench.known));
    }

    #[test]
    fn every_damage_is_seen() {
        let bench = Bench::new();
        bench.keep();
        let whole = fs::read(bench.file()).unwrap();
        for end in 0..whole.len() {
            fs::write(bench.file(), &whole[..end]).unwrap();
            assert_eq!(bench.recall(), None, "cut at {end}");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(bench.file(), &damaged).unwrap();
            assert_eq!(bench.recall(), None, "damaged at {at}");
        }
        fs::write(bench.file(), &whole).unwrap();
        assert_eq!(bench.recall().as_ref(), Some(&bench.known));
    }

    #[test]
    fn what_cannot_be_used_does_no_harm() {
        let bench = Bench::new();
        // A file in the folder's place.
        fs::create_dir(bench.folder.path().join("cache")).unwrap();
        fs::write(bench.folder.path().join("cache/plugins"), "").unwrap();
        bench.keep();
        assert_eq!(bench.recall(), None);
        fs::remove_file(bench.folder.path().join("cache/plugins")).unwrap();
        // A folder and a pipe in the file's place; the pipe has no writer.
        fs::create_dir_all(bench.file()).unwrap();
        bench.keep();
        assert_eq!(bench.recall(), None);
        fs::remove_dir(bench.file()).unwrap();
        nix::unistd::mkfifo(&bench.file(), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(bench.recall(), None);
        bench.keep();
        assert_eq!(bench.recall().as_ref(), Some(&bench.known));
    }

    #[test]
    fn a_file_of_somebody_else_is_not_believed() {
        if !test_needs::root("can give a file away") {
            return;
        }
        let bench = Bench::new();
        bench.keep();
        nix::unistd::chown(&bench.file(), Some(4711.into()), None).unwrap();
        assert_eq!(bench.recall(), None);
        bench.keep();
        assert_eq!(bench.recall().as_ref(), Some(&bench.known));
    }

    #[test]
    fn many_write_at_once_and_all_read_whole_lists() {
        let bench = Bench::new();
        bench.keep();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        bench.keep();
                        assert_eq!(bench.recall().as_ref(), Some(&bench.known));
                    }
                });
            }
        });
        let left = fs::read_dir(bench.file().parent().unwrap()).unwrap().count();
        assert_eq!(left, 1, "nothing but the file is left");
    }
}
