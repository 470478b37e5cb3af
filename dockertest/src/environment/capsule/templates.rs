//! The folder with prepared data of engines: what is filled, what is used, and what goes.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::claim::{LOCK, abandoned, claim, share};
use crate::held::Held;
use crate::user_folders;

/// The beginning of a name of a folder that is being filled, or removed.
const MAKING: &str = ".making-";

/// How the names of all begin that were finished.
const KINDS: [&str; 2] = ["docker-", "podman-"];

/// How long one is kept that nobody uses.
const UNUSED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long a folder that nobody can hold is taken for one that is just being made.
const LOCKLESS: Duration = Duration::from_secs(24 * 60 * 60);

/// Names a template. Those of one build begin with the same words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// Of which engine it is, wherever that comes from.
    pub(super) build: String,
    /// What is wanted of it.
    pub(super) wanted: String,
    /// The programs and the image.
    pub(super) content: u64,
}

impl Key {
    pub(super) fn name(&self) -> String {
        format!("{}{:016x}", self.beginning(), self.content)
    }

    /// That of all that want the same of the same build, as it was before it changed.
    fn beginning(&self) -> String {
        format!("{}-{}-", self.build, self.wanted)
    }
}

/// Those of a user.
#[derive(Debug, Clone)]
pub(super) struct Templates {
    pub(super) folder: PathBuf,
}

impl Templates {
    /// Nothing without a home.
    pub(super) fn of_user() -> Option<Templates> {
        let folder = user_folders::templates(|name| std::env::var_os(name))?;
        Some(Templates { folder })
    }

    /// The one of that name, which stays at least as long as it is held.
    pub(super) fn found(&self, key: &Key) -> Option<(PathBuf, Held)> {
        let template = self.folder.join(key.name());
        let held = Held::new(share(&template)?);
        // Whoever removes those that nobody uses looks when one was used last. If that cannot be said, it is made again.
        drop(held.file().set_modified(SystemTime::now()));
        Some((template, held))
    }

    /// A folder to be filled; it goes with the value.
    pub(super) fn begin(&self) -> io::Result<(TempDir, Held)> {
        fs::create_dir_all(&self.folder)?;
        self.remove_unfinished();
        let making = tempfile::Builder::new().prefix(MAKING).tempdir_in(&self.folder)?;
        let held = Held::new(claim(making.path())?);
        Ok((making, held))
    }

    /// Puts one that was filled into its place, unless somebody else was first. Those of the same build as it was before go,
    /// unless a capsule uses them.
    pub(super) fn finish(&self, making: &TempDir, held: Held, key: &Key) -> io::Result<(PathBuf, Held)> {
        let template = self.folder.join(key.name());
        let put = || match fs::rename(making.path(), &template) {
            Ok(()) => Ok(None),
            Err(error) => self.found(key).map(Some).ok_or(error),
        };
        let found = put().or_else(|_| {
            // What is in the way may be going at this moment.
            wait_while_it_goes(&template);
            put()
        })?;
        let done = found.unwrap_or((template, held));
        let (beginning, name) = (key.beginning(), key.name());
        drop(self.remove_unused(|other| other.starts_with(&beginning) && *other != *name));
        Ok(done)
    }

    /// Removes those of a build, unless a capsule uses them.
    pub(super) fn remove_of(&self, build: &str) {
        let beginning = format!("{build}-");
        drop(self.remove_unused(|name| name.starts_with(&beginning)));
    }

    /// Removes what nobody has finished, and what nobody has used for long.
    pub(super) fn prune(&self) -> Vec<PathBuf> {
        let mut removed = self.remove_unfinished();
        let is_old = |name: &str| {
            let template = self.folder.join(name);
            KINDS.iter().any(|kind| name.starts_with(kind))
                && is_older(&template.join(LOCK), UNUSED).or_else(|| is_older(&template, UNUSED)) == Some(true)
        };
        removed.extend(self.remove_unused(is_old));
        removed
    }

    /// What somebody left who was killed.
    fn remove_unfinished(&self) -> Vec<PathBuf> {
        let is_left = |path: &PathBuf| match abandoned(path) {
            Some(held) => {
                // What cannot be removed is in nobody's way.
                let is_gone = fs::remove_dir_all(path).is_ok();
                drop(held);
                is_gone
            }
            // Killed before it was claimed, or in the midst of its removal.
            None => {
                !path.join(LOCK).exists() && is_older(path, LOCKLESS) == Some(true) && fs::remove_dir_all(path).is_ok()
            }
        };
        self.all().into_iter().filter(|path| name_of(path).starts_with(MAKING)).filter(is_left).collect()
    }

    fn remove_unused(&self, is_meant: impl Fn(&str) -> bool) -> Vec<PathBuf> {
        let meant = self.all().into_iter().filter(|path| !name_of(path).starts_with(MAKING) && is_meant(name_of(path)));
        meant.filter(|path| self.remove(path)).collect()
    }

    /// Removes one that nobody uses.
    fn remove(&self, template: &Path) -> bool {
        let held = abandoned(template);
        // One without the file is of an earlier version.
        if held.is_none() && template.join(LOCK).exists() {
            return false;
        }
        // Half of one must not be taken for a whole one.
        let going = self.folder.join(format!("{MAKING}{}", name_of(template)));
        let is_gone = fs::rename(template, &going).and_then(|()| fs::remove_dir_all(&going)).is_ok();
        drop(held);
        is_gone
    }

    fn all(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().map_while(Result::ok);
        let mut all: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
        all.sort();
        all
    }
}

/// Waits for who removes a template, if anybody does.
fn wait_while_it_goes(template: &Path) {
    let lock = File::open(template.join(LOCK)).and_then(|lock| lock.lock_shared().map(|()| lock));
    drop(lock.map(Held::new));
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(OsStr::to_str).unwrap_or_default()
}

/// Whether it was changed longer ago; a clock that was set back makes it young. Nothing if it is not there.
fn is_older(path: &Path, age: Duration) -> Option<bool> {
    let changed = fs::metadata(path).ok()?.modified().ok()?;
    Some(changed.elapsed().unwrap_or_default() > age)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;
    use std::thread;

    use super::*;

    fn key(content: u64) -> Key {
        Key { build: "docker-1".to_owned(), wanted: "7".to_owned(), content }
    }

    /// One that was made, and is used as long as it is held.
    fn made(templates: &Templates, key: &Key) -> Held {
        let (making, held) = templates.begin().unwrap();
        fs::write(making.path().join("data"), "x").unwrap();
        templates.finish(&making, held, key).unwrap().1
    }

    fn names(templates: &Templates) -> Vec<String> {
        templates.all().iter().map(|path| name_of(path).to_owned()).collect()
    }

    fn long_ago() -> SystemTime {
        SystemTime::now() - UNUSED - Duration::from_secs(60)
    }

    fn templates() -> (TempDir, Templates) {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("templates");
        (place, Templates { folder })
    }

    #[test]
    fn what_nobody_finished_goes_with_the_next_one_and_what_is_being_filled_stays() {
        let (_place, templates) = templates();
        let (filling, _held) = templates.begin().unwrap();
        let (killed, lock) = templates.begin().unwrap();
        let killed = killed.keep();
        drop(lock);
        let (_next, _next_held) = templates.begin().unwrap();
        assert!(filling.path().is_dir() && !killed.exists());
        // Killed before it was claimed.
        let unclaimed = templates.folder.join(".making-x");
        fs::create_dir(&unclaimed).unwrap();
        assert!(templates.prune().is_empty() && unclaimed.is_dir(), "it may just be being made");
        File::open(&unclaimed).unwrap().set_modified(long_ago()).unwrap();
        assert_eq!(templates.prune(), [unclaimed]);
    }

    #[test]
    fn the_first_one_to_be_finished_is_taken_by_all() {
        let (_place, templates) = templates();
        let (first, held) = templates.begin().unwrap();
        let (second, second_held) = templates.begin().unwrap();
        fs::write(first.path().join("data"), "first").unwrap();
        fs::write(second.path().join("data"), "second").unwrap();
        let (path, _held) = templates.finish(&first, held, &key(1)).unwrap();
        let (same, _same_held) = templates.finish(&second, second_held, &key(1)).unwrap();
        drop(second);
        assert_eq!(path, same);
        assert_eq!(fs::read_to_string(path.join("data")).unwrap(), "first");
        assert_eq!(names(&templates), [key(1).name()]);
    }

    #[test]
    fn the_place_of_one_that_is_just_being_removed_is_taken() {
        let (_place, templates) = templates();
        drop(made(&templates, &key(1)));
        let template = templates.folder.join(key(1).name());
        let lock = abandoned(&template).unwrap();
        let inode = format!(":{} ", lock.file().metadata().unwrap().ino());
        let (making, held) = templates.begin().unwrap();
        fs::write(making.path().join("data"), "new").unwrap();
        let (path, _held) = thread::scope(|scope| {
            let finishing = scope.spawn(|| templates.finish(&making, held, &key(1)));
            let is_waiting = |line: &str| line.contains("-> FLOCK") && line.contains(&inode);
            test_needs::wait_until("it waits for who removes the other", || {
                let locks = fs::read_to_string("/proc/locks").unwrap();
                finishing.is_finished() || locks.lines().any(is_waiting)
            });
            fs::remove_dir_all(&template).unwrap();
            drop(lock);
            finishing.join().unwrap().unwrap()
        });
        assert_eq!((&path, fs::read_to_string(path.join("data")).unwrap().as_str()), (&template, "new"));
    }

    #[test]
    fn those_of_a_build_before_it_changed_go_when_nobody_uses_them() {
        let (_place, templates) = templates();
        let in_use = made(&templates, &key(1));
        drop(made(&templates, &key(2)));
        let other = Key { wanted: "8".to_owned(), ..key(9) };
        drop(made(&templates, &other));
        drop(made(&templates, &key(3)));
        assert_eq!(names(&templates), [key(1).name(), key(3).name(), other.name()]);
        drop(in_use);
        drop(made(&templates, &key(4)));
        assert_eq!(names(&templates), [key(4).name(), other.name()]);
        let same_beginning = Key { build: "docker-12".to_owned(), ..key(1) };
        drop(made(&templates, &same_beginning));
        templates.remove_of("docker-1");
        assert_eq!(names(&templates), [same_beginning.name()]);
    }

    #[test]
    fn what_was_not_used_for_long_is_pruned() {
        let (_place, templates) = templates();
        for content in 1..=3 {
            let key = Key { build: format!("docker-{content}"), ..key(content) };
            made(&templates, &key).file().set_modified(long_ago()).unwrap();
        }
        let older = templates.folder.join("docker-0123456789abcdef");
        fs::create_dir(&older).unwrap();
        let [first, second, third] =
            [1, 2, 3].map(|content| Key { build: format!("docker-{content}"), ..key(content) });
        // To have found it is to use it.
        drop(templates.found(&first).unwrap());
        let in_use = Held::new(share(&templates.folder.join(second.name())).unwrap());
        assert_eq!(templates.prune(), [templates.folder.join(third.name())]);
        drop(in_use);
        File::open(&older).unwrap().set_modified(long_ago()).unwrap();
        assert_eq!(templates.prune(), [older, templates.folder.join(second.name())]);
        assert_eq!(names(&templates), [first.name()]);
    }
}
