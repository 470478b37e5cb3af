//! What is known of instances on disk, so that they are disposed of when the process that made them was killed.
//!
//! Each process that makes instances has a folder of its own below `.dockertest/callouts`, and holds a lock in it as long
//! as it lives. What a provisioning callout prints goes right into a file there, each line to the disk before the callout
//! goes on. The folder is removed with the last instance.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::call::{Tell, random};
use super::ids;
use crate::held::{Held, is_locked};

const LOCK: &str = "lock";
const HEAD: &str = "callout.json";
const DISPOSED: &str = "disposed";
const KEPT: &str = "kept";
/// Each call of `instance_provision` has a file, with a number behind.
const PRINTED: &str = "provision-";
/// A folder that is not complete: yet, or any more.
const NEW: &str = ".new-";

/// How to dispose of instances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Head {
    /// The callout; nothing if instances are kept.
    pub(super) dispose: Option<String>,
    /// Where it is run.
    pub(super) folder: PathBuf,
    /// How long it may take.
    pub(super) dispose_seconds: f64,
    /// How long a call of `instance_provision` may take.
    pub(super) provision_seconds: f64,
}

/// The folder of a process.
#[derive(Debug)]
pub(super) struct Record {
    path: PathBuf,
    /// Held as long as this lives.
    _lock: Held,
    calls: u32,
}

impl Record {
    /// Makes one of our own.
    pub(super) fn create(base: &Path, head: &Head) -> io::Result<Record> {
        fs::create_dir_all(base)?;
        let name = format!("{}-{:016x}", std::process::id(), random());
        let new = base.join(format!("{NEW}{name}"));
        fs::create_dir(&new)?;
        let lock = File::create(new.join(LOCK))?;
        lock.lock()?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(new.join(HEAD))?;
        file.write_all(&serde_json::to_vec(head)?)?;
        file.sync_all()?;
        let path = base.join(name);
        fs::rename(&new, &path)?;
        File::open(&path)?.sync_all()?;
        File::open(base)?.sync_all()?;
        Ok(Record { path, _lock: Held::new(lock), calls: 0 })
    }

    /// All that are left over by processes that are gone, and their heads. Those that somebody holds or keeps are not.
    pub(super) fn orphans(base: &Path, tell: Tell<'_>) -> io::Result<Vec<(Record, Head)>> {
        Record::unheld(base, false, tell)
    }

    /// All that processes that are gone have kept on purpose, and their heads.
    pub(super) fn kept(base: &Path, tell: Tell<'_>) -> io::Result<Vec<(Record, Head)>> {
        Record::unheld(base, true, tell)
    }

    fn unheld(base: &Path, kept: bool, tell: Tell<'_>) -> io::Result<Vec<(Record, Head)>> {
        let mut found = Vec::new();
        let folders = match fs::read_dir(base) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
            folders => folders?,
        };
        for folder in folders {
            let path = folder?.path();
            if let Some(maker) = maker_of_new(&path) {
                // Nothing was made by one that never got so far.
                if !kept && !Path::new("/proc").join(maker).exists() {
                    fs::remove_dir_all(&path)?;
                }
                continue;
            }
            let lock = Held::take(&path.join(LOCK));
            if path.join(KEPT).exists() != kept {
                continue;
            }
            let lock = match lock {
                Ok(Some(lock)) => lock,
                Ok(None) => continue,
                Err(error) => {
                    // Not of one that lives, nor of one that is incomplete.
                    if File::open(path.join(LOCK)).and_then(is_locked).is_ok_and(|is_locked| !is_locked) {
                        tell(&format!(
                            "cannot lock `{}`: {error}; instances that an earlier run left may still be there: dispose \
                             of them as the user who made them (`dockertest env prune`)",
                            path.join(LOCK).display()
                        ));
                    }
                    continue;
                }
            };
            if let Ok(Ok(head)) = fs::read(path.join(HEAD)).map(|text| serde_json::from_slice(&text)) {
                found.push((Record { path, _lock: lock, calls: 0 }, head));
            }
        }
        Ok(found)
    }

    /// What its processes carry in their environment.
    pub(super) fn mark(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A file for what the next call of `instance_provision` prints. Whoever writes to it has written to the disk. It is
    /// locked until the last one that writes is gone.
    pub(super) fn next_output(&mut self) -> io::Result<(File, PathBuf)> {
        self.calls += 1;
        let path = self.path.join(format!("{PRINTED}{}", self.calls));
        let mut options = OpenOptions::new();
        options.append(true).create_new(true).mode(0o600);
        let file = options.custom_flags(nix::fcntl::OFlag::O_DSYNC.bits()).open(&path)?;
        file.lock()?;
        File::open(&self.path)?.sync_all()?;
        Ok((file, path))
    }

    /// Waits until no call of `instance_provision` writes any more. Says whether that is so.
    pub(super) fn await_outputs(&self, limit: Duration) -> io::Result<bool> {
        for path in self.outputs()? {
            // A look is enough; NFS locks for one alone no file that is only read.
            let file = File::open(&path)?;
            if file.try_lock_shared().is_ok() {
                continue;
            }
            // Nothing else tells when a process ends that is not ours.
            let (tell, told) = mpsc::channel();
            thread::Builder::new().name("callout".to_owned()).spawn(move || tell.send(file.lock_shared()))?;
            let ended = if limit.is_zero() { told.recv().is_ok() } else { told.recv_timeout(limit).is_ok() };
            if !ended {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The ids of instances that are still there: those that were printed more often than they were disposed of, because
    /// an instance may come back under its name.
    pub(super) fn ids(&self) -> io::Result<Vec<String>> {
        let mut counts: BTreeMap<String, i64> = BTreeMap::new();
        for path in self.outputs()? {
            for id in ids::read(&fs::read(path)?, &BTreeSet::new()).ids {
                *counts.entry(id).or_default() += 1;
            }
        }
        let disposed = match fs::read_to_string(self.path.join(DISPOSED)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text?,
        };
        for id in disposed.lines() {
            *counts.entry(id.to_owned()).or_default() -= 1;
        }
        Ok(counts.into_iter().filter(|(_, count)| *count > 0).map(|(id, _)| id).collect())
    }

    /// Notes that instances are gone.
    pub(super) fn disposed(&self, ids: &[String]) -> io::Result<()> {
        let lines: String = ids.iter().map(|id| format!("{id}\n")).collect();
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(self.path.join(DISPOSED))?;
        file.write_all(lines.as_bytes())?;
        file.sync_all()
    }

    /// Notes that what is there is to stay when this process ends.
    pub(super) fn keep(&self) -> io::Result<()> {
        File::create(self.path.join(KEPT))?.sync_all()?;
        File::open(&self.path)?.sync_all()
    }

    /// Removes it, if no instance is left.
    pub(super) fn remove_if_empty(&self) -> io::Result<()> {
        if !self.ids()?.is_empty() {
            return Ok(());
        }
        // Under a name by which the rest is known, if this process is killed before all is gone.
        let going = self.path.with_file_name(format!("{NEW}{}-{}", std::process::id(), self.mark()));
        fs::rename(&self.path, &going)?;
        fs::remove_dir_all(&going)
    }

    fn outputs(&self) -> io::Result<Vec<PathBuf>> {
        let mut outputs = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(PRINTED) {
                outputs.push(entry.path());
            }
        }
        outputs.sort();
        Ok(outputs)
    }
}

/// The id of the process that is making a folder which is not complete.
fn maker_of_new(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.strip_prefix(NEW)?;
    name.split('-').next().map(str::to_owned)
}
