//! The journals of the repository.
//!
//! The journal of a run is one file with two names: in the results folder that the user asked for, and here. So it costs
//! no space, grows here as it is written there, and stays when results are moved or removed. Where two file systems keep
//! that from being, a symbolic link stands here until the run stops, and then a copy.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::held::{Held, is_locked};
use crate::journal::{FILE_NAME, beginning};
use crate::name::SubtestName;

/// The folder of journals within a repository.
pub(super) const RUNS: &str = "runs";

const EXTENSION: &str = ".jsonl";

/// How long a run waits for others that look at its journal, each for microseconds: one of them may be stopped right then.
const LOOKER_LIMIT: Duration = Duration::from_secs(1);

/// The name that a run has here: its own, if that is fit for a file's name.
pub(super) fn key(run: &str) -> String {
    match run.parse::<SubtestName>() {
        Ok(name) if name.parent().is_none() && run.len() < 128 => run.to_owned(),
        _ => {
            let fit = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
            let start: String = run.chars().take(64).map(fit).collect();
            format!("{start}-{:08x}", crc32fast::hash(run.as_bytes()))
        }
    }
}

/// The journal of a run.
pub(super) fn journal(repository: &Path, key: &str) -> PathBuf {
    repository.join(RUNS).join(format!("{key}{EXTENSION}"))
}

/// The names of all runs that have a journal here.
pub(super) fn keys(repository: &Path) -> io::Result<Vec<String>> {
    let mut keys = Vec::new();
    for entry in fs::read_dir(repository.join(RUNS))? {
        let name = entry?.file_name();
        let key = name.to_str().and_then(|name| name.strip_suffix(EXTENSION));
        keys.extend(key.filter(|key| !key.starts_with('.')).map(str::to_owned));
    }
    Ok(keys)
}

/// Has the repository know a journal that is being written, wherever it lies; marks it as such, for as long as that is
/// kept. Nothing if it is marked already.
pub(super) fn adopt(repository: &Path, key: &str, original: &Path) -> io::Result<Option<Held>> {
    adopt_while(repository, key, original, patience())
}

/// The same for a journal that the repository may know already: only marks it.
pub(super) fn mark(journal: &Path) -> io::Result<Option<Held>> {
    hold_while(journal, patience())
}

fn patience() -> impl FnMut() -> bool {
    let end = Instant::now() + LOOKER_LIMIT;
    move || {
        std::thread::sleep(Duration::from_millis(1));
        Instant::now() < end
    }
}

fn adopt_while(repository: &Path, key: &str, original: &Path, wait: impl FnMut() -> bool) -> io::Result<Option<Held>> {
    // First: who sees it here unmarked takes its run for cut off, and puts a copy in place of a symbolic link.
    let held = hold_while(original, wait);
    link(repository, key, original)?;
    held
}

fn link(repository: &Path, key: &str, original: &Path) -> io::Result<()> {
    let ours = journal(repository, key);
    if is_same(&ours, original) {
        return Ok(());
    }
    let temporary = temporary(repository, key);
    // Left by a process of the same number that was killed right here.
    let _ = fs::remove_file(&temporary);
    fs::hard_link(original, &temporary).or_else(|_| symlink(std::path::absolute(original)?, &temporary))?;
    fs::rename(&temporary, &ours).inspect_err(|_| drop(fs::remove_file(&temporary)))
}

/// Makes sure that the journal stays when the results go.
pub(super) fn keep(repository: &Path, key: &str) -> io::Result<()> {
    let ours = journal(repository, key);
    if !fs::symlink_metadata(&ours)?.is_symlink() {
        return Ok(());
    }
    let temporary = temporary(repository, key);
    let copied = fs::copy(&ours, &temporary).and_then(|_| fs::rename(&temporary, &ours));
    copied.inspect_err(|_| drop(fs::remove_file(&temporary)))
}

/// Marks a journal as being written by this process, for as long as that is kept; nothing if it is marked already. As
/// long as somebody looks at it, `wait` waits a little, or tells that this was enough: then it fails.
fn hold_while(journal: &Path, mut wait: impl FnMut() -> bool) -> io::Result<Option<Held>> {
    loop {
        match Held::take(journal)? {
            // Only looked at, for a moment: without a mark the run would be taken for cut off until it stops.
            None if !is_locked(File::open(journal)?)? => {}
            held => return Ok(held),
        }
        if !wait() {
            let why = format!(
                "another process looks at `{}` and does not end with that (`fuser` names it); until the run stops, the \
                 repository may take it for cut off",
                journal.display()
            );
            return Err(io::Error::new(io::ErrorKind::TimedOut, why));
        }
    }
}

/// Whether some process is writing the journal.
pub(super) fn is_held(journal: &Path) -> bool {
    File::open(journal).and_then(is_locked).unwrap_or(false)
}

/// How long the journal is; nothing if it is not there.
pub(super) fn length(journal: &Path) -> Option<u64> {
    fs::metadata(journal).ok().map(|facts| facts.len())
}

/// Whether the journal went with the results: the symbolic link that stands for it leads nowhere.
pub(super) fn is_gone(journal: &Path) -> bool {
    fs::metadata(journal).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Where the results of a run are now: where they were written, or beside it, where the next run has moved them.
pub(super) fn results(repository: &Path, key: &str, written: &Path) -> Option<PathBuf> {
    let ours = journal(repository, key);
    let is_it = |folder: &Path| {
        let theirs = folder.join(FILE_NAME);
        is_same(&ours, &theirs) || (is_alone(&ours) && begins_with_run(&theirs, key))
    };
    if is_it(written) {
        return Some(written.to_owned());
    }
    let name = written.file_name()?.to_str()?;
    let beside = fs::read_dir(written.parent()?).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let is_moved = |path: &PathBuf| {
        let number = path.file_name().and_then(|other| other.to_str()?.strip_prefix(name)?.strip_prefix('.'));
        number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    beside.filter(is_moved).find(|path| is_it(path))
}

/// Whether a file has no other name: it is a copy, or the last that is left.
fn is_alone(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|facts| facts.nlink() == 1)
}

/// Whether a journal is that of the run, by its first record.
fn begins_with_run(journal: &Path, key: &str) -> bool {
    beginning(journal).is_some_and(|run| self::key(&run.run) == key)
}

/// Within the same folder, so that it can be renamed; a name that is not listed.
fn temporary(repository: &Path, key: &str) -> PathBuf {
    repository.join(RUNS).join(format!(".{key}.{}", std::process::id()))
}

fn is_same(ours: &Path, original: &Path) -> bool {
    match (fs::metadata(ours), fs::metadata(original)) {
        (Ok(ours), Ok(original)) => (ours.dev(), ours.ino()) == (original.dev(), original.ino()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_strangers_become_names_of_files() {
        assert_eq!(key("20261121t000500-9f86d081"), "20261121t000500-9f86d081");
        for run in ["../../etc/passwd", "a\tb\n", "", ".hidden", &"x".repeat(4000)] {
            let name = key(run);
            assert!(name.parse::<SubtestName>().is_ok_and(|name| name.parent().is_none()), "{run:?}: {name}");
        }
        assert_ne!(key("a/b"), key("a.b/"));
    }

    #[test]
    fn a_journal_has_two_names_and_stays_when_one_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let repository = folder.path().join("r");
        fs::create_dir_all(repository.join(RUNS)).unwrap();
        let original = folder.path().join("journal.jsonl");
        fs::write(&original, "one\n").unwrap();
        adopt(&repository, "x", &original).unwrap();
        adopt(&repository, "x", &original).unwrap();
        fs::write(&original, "one\ntwo\n").unwrap();
        fs::remove_file(&original).unwrap();
        assert_eq!(fs::read_to_string(journal(&repository, "x")).unwrap(), "one\ntwo\n");
        assert_eq!(keys(&repository).unwrap(), ["x"]);
    }

    #[test]
    fn on_another_file_system_a_link_becomes_a_copy() {
        const MEMORY: &str = "/dev/shm";
        let folder = tempfile::tempdir().unwrap();
        let repository = folder.path();
        let here = fs::metadata(repository).unwrap().dev();
        let is_another = fs::metadata(MEMORY).is_ok_and(|memory| memory.dev() != here);
        let obstacle = || format!("{MEMORY} is no other file system than {}", repository.display());
        if !test_needs::is_met((!is_another).then(obstacle)) {
            return;
        }
        let elsewhere = tempfile::tempdir_in(MEMORY).unwrap();
        fs::create_dir_all(repository.join(RUNS)).unwrap();
        let original = elsewhere.path().join("journal.jsonl");
        fs::write(&original, "one\n").unwrap();
        adopt(repository, "x", &original).unwrap();
        keep(repository, "x").unwrap();
        drop(elsewhere);
        assert_eq!(fs::read_to_string(journal(repository, "x")).unwrap(), "one\n");
    }

    #[test]
    fn who_writes_a_journal_is_seen_until_it_stops() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.jsonl");
        fs::write(&journal, "").unwrap();
        assert!(!is_held(&journal));
        let held = hold_while(&journal, || false).unwrap();
        assert!(is_held(&journal));
        drop(held);
        assert!(!is_held(&journal));
    }

    #[test]
    fn a_journal_is_marked_before_the_repository_has_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(RUNS)).unwrap();
        let original = folder.path().join("journal.jsonl");
        fs::write(&original, "").unwrap();
        let ours = journal(folder.path(), "x");
        let looked_at = File::open(&original).unwrap();
        looked_at.try_lock_shared().unwrap();
        let mut looks = Some(Held::new(looked_at));
        let wait = || {
            assert!(!ours.exists());
            looks.take().is_some()
        };
        let held = adopt_while(folder.path(), "x", &original, wait).unwrap();
        assert!(held.is_some() && looks.is_none() && is_held(&ours));
        // A journal that cannot be marked is kept all the same.
        drop(held);
        let looks = File::open(&original).unwrap();
        looks.try_lock_shared().unwrap();
        let _looks = Held::new(looks);
        let failure = adopt_while(folder.path(), "y", &original, || false).unwrap_err();
        assert_eq!(failure.kind(), io::ErrorKind::TimedOut);
        assert!(journal(folder.path(), "y").exists());
    }

    #[test]
    fn who_looks_at_a_journal_does_not_keep_it_from_being_marked() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.jsonl");
        fs::write(&journal, "").unwrap();
        let look = || {
            let file = File::open(&journal).unwrap();
            file.try_lock_shared().unwrap();
            Held::new(file)
        };
        let mut looks = vec![look(), look()];
        let held = hold_while(&journal, || looks.pop().is_some()).unwrap();
        assert!(held.is_some() && looks.is_empty() && is_held(&journal));
        assert!(hold_while(&journal, || unreachable!("it is marked")).unwrap().is_none());
        drop(held);
        let _stopped = look();
        let failure = hold_while(&journal, || false).unwrap_err().to_string();
        assert!(failure.starts_with(&format!("another process looks at `{}`", journal.display())), "{failure}");
    }
}
