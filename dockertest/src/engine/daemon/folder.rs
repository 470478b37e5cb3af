//! The folder of an engine of our own: what it holds, how it is removed, and how one is found that nobody removed.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Map, Value, json};

use super::DaemonFailure;
use super::cgroups;
use crate::claim::{self, LOCK, claim};
use crate::held::Held;

/// What the folder holds.
const SOCKET: &str = "docker.sock";
const DATA: &str = "data";
const CONFIGURATION: &str = "daemon.json";
const LOG: &str = "log";
const INNER: &str = "inner";
const ENTRANCE: &str = "entrance";

/// Short, since the path of a socket may have 108 bytes at most.
const PARENT: &str = "/tmp";

/// What the folders are called, by what they are for.
pub(crate) const ENGINE: &str = "dockertest-engine-";
pub(crate) const CAPSULE: &str = "dockertest-capsule-";

/// How many names are tried for data in a folder that others use, too.
const MOST_TRIES: u32 = 1000;

/// How many names this process has given. None is given again: a journal tells instances apart by their names.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A folder for one engine. Its name is that of the engine's cgroups, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A new one. Whoever holds the file that comes with it says that the folder is in use.
    pub(crate) fn create(prefix: &str) -> io::Result<(Folder, File)> {
        Folder::create_in(Path::new(PARENT), prefix)
    }

    /// A new one, whose data is in one of the same name below another folder. The name may be taken there by a container
    /// that has a `/tmp` of its own: then it is the next one.
    pub(crate) fn create_with_data_below(disk: &Path, prefix: &str) -> Result<(Folder, Vec<File>), DaemonFailure> {
        Folder::create_in_with_data_below(Path::new(PARENT), disk, prefix)
    }

    fn create_in_with_data_below(
        parent: &Path,
        disk: &Path,
        prefix: &str,
    ) -> Result<(Folder, Vec<File>), DaemonFailure> {
        let mut tries = 0;
        loop {
            tries += 1;
            let (folder, lock) = Folder::create_in(parent, prefix).map_err(DaemonFailure::Folder)?;
            match folder.put_data_below(disk) {
                Ok(data_lock) => return Ok((folder, vec![lock, data_lock])),
                Err(source) => {
                    // Nothing was started: groups of that name are the other's.
                    drop(fs::remove_dir_all(&folder.0));
                    if source.kind() != ErrorKind::AlreadyExists || tries == MOST_TRIES {
                        return Err(DaemonFailure::Data { folder: disk.to_owned(), source });
                    }
                }
            }
        }
    }

    fn create_in(parent: &Path, prefix: &str) -> io::Result<(Folder, File)> {
        let folder = loop {
            let name = match NUMBER.fetch_add(1, Ordering::Relaxed) {
                0 => format!("{prefix}{}", process::id()),
                number => format!("{prefix}{}-{number}", process::id()),
            };
            let folder = Folder(parent.join(name));
            match DirBuilder::new().mode(0o700).create(&folder.0) {
                Ok(()) => break folder,
                // One of another pid namespace that has the same `/tmp`, or of a process that had this id.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        };
        let filled = folder.fill();
        if filled.is_err() {
            drop(fs::remove_dir_all(&folder.0));
        }
        filled.map(|lock| (folder, lock))
    }

    fn fill(&self) -> io::Result<File> {
        DirBuilder::new().mode(0o711).create(self.data())?;
        DirBuilder::new().mode(0o700).create(self.inner())?;
        claim(&self.0)
    }

    /// One that is there already.
    pub(crate) fn existing(path: &Path) -> Folder {
        Folder(path.to_owned())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.0.join(SOCKET)
    }

    /// Where the engine keeps its images and containers.
    pub(crate) fn data(&self) -> PathBuf {
        self.0.join(DATA)
    }

    pub(crate) fn configuration(&self) -> PathBuf {
        self.0.join(CONFIGURATION)
    }

    /// Where the root of a room is put together, in the mount namespace of the room.
    pub(crate) fn inner(&self) -> PathBuf {
        self.0.join(INNER)
    }

    /// Says where the namespaces are, for whoever wants to enter them.
    pub(crate) fn entrance(&self) -> PathBuf {
        self.0.join(ENTRANCE)
    }

    /// The log of an engine whose log nobody wants elsewhere.
    pub(crate) fn log(&self) -> PathBuf {
        self.0.join(LOG)
    }

    /// Says that the folder is in use, and where its data is, as long as the files are open.
    pub(crate) fn lock(&self) -> io::Result<Vec<File>> {
        let folders = [Some(self.clone()), self.elsewhere()].into_iter().flatten();
        let lock = |folder: Folder| {
            let lock = File::open(folder.0.join(LOCK))?;
            lock.lock_shared()?;
            Ok(lock)
        };
        folders.map(lock).collect()
    }

    /// Lets frozen processes of the engine's containers go on, so that they die when they are killed.
    pub(crate) fn thaw(&self) {
        cgroups::thaw(&self.name());
    }

    /// Has the data in a folder of the same name below this one, which goes with this folder. Whoever holds the file that
    /// comes with it says that it is in use.
    fn put_data_below(&self, parent: &Path) -> io::Result<File> {
        let other = Folder(parent.join(self.name()));
        // Only what was made here is known as ours.
        DirBuilder::new().mode(0o700).create(&other.0)?;
        let filled = other.fill().and_then(|lock| {
            fs::remove_dir(self.data())?;
            symlink(other.data(), self.data())?;
            Ok(lock)
        });
        if filled.is_err() {
            drop(fs::remove_dir_all(&other.0));
        }
        filled
    }

    /// The folder that the data was put below, if that is another one.
    fn elsewhere(&self) -> Option<Folder> {
        let other = fs::read_link(self.data()).ok()?.parent().map(Folder::existing)?;
        (other.name() == self.name()).then_some(other)
    }

    /// Its name, which is also that of the cgroups.
    pub(crate) fn name(&self) -> String {
        self.0.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// All settings of an engine in this folder: ours, unless these say otherwise.
    pub(crate) fn settings(&self, wanted: &Map<String, Value>) -> Map<String, Value> {
        let ours = json!({
            "hosts": [format!("unix://{}", self.socket().display()), "unix:///run/docker.sock"],
            "data-root": self.data(),
            "exec-root": "/run/docker",
            "pidfile": "/run/docker.pid",
            // Half of the start-up time of an engine goes into rules that nobody needs in a network of its own.
            "iptables": false,
            "ip6tables": false,
            "cgroup-parent": format!("/{}", self.name()),
            "exec-opts": ["native.cgroupdriver=cgroupfs"],
        });
        let Value::Object(mut settings) = ours else { return Map::new() };
        for (name, value) in wanted {
            let value = match (name.as_str(), value.as_str()) {
                ("data-root", Some(path)) => json!(self.data().join(path)),
                _ => value.clone(),
            };
            settings.insert(name.clone(), value);
        }
        settings
    }

    /// Removes what the end of the namespaces does not: cgroups and the folder. Says what could not be removed.
    pub(crate) fn remove(&self) -> Vec<String> {
        let cannot = |what: &Path| format!("cannot remove {}", what.display());
        let mut left: Vec<String> =
            cgroups::remove(&self.name()).iter().map(|group| format!("{}: it is busy", cannot(group))).collect();
        // The folder that knows of the other one goes last.
        for folder in [self.elsewhere(), Some(self.clone())].into_iter().flatten() {
            match fs::remove_dir_all(&folder.0) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => left.push(format!("{}: {error}", cannot(&folder.0))),
            }
        }
        left
    }

    /// The lock, if nobody holds it.
    fn abandoned(&self) -> Option<Held> {
        claim::abandoned(&self.0)
    }
}

/// Removes what engines left that were killed together with all that looked after them. Gives back the folders that
/// were found.
///
/// It is cheap when there is nothing to do, and done before each start.
///
/// ```no_run
/// for folder in dockertest::engine::daemon::sweep() {
///     println!("removed what an earlier engine left in {}", folder.display());
/// }
/// ```
pub fn sweep() -> Vec<PathBuf> {
    sweep_in(Path::new(PARENT))
}

/// The same for folders below another one: for data of engines that was put there, where nothing knows of it any more.
pub(crate) fn sweep_in(parent: &Path) -> Vec<PathBuf> {
    let remove = |folder: Folder| {
        let lock = folder.abandoned()?;
        // What cannot be removed is tried again the next time.
        drop(folder.remove());
        drop(lock);
        Some(folder.0)
    };
    let ours = [ENGINE, CAPSULE].into_iter().flat_map(|prefix| all_in(parent, prefix));
    ours.filter_map(|folder| remove(Folder(folder))).collect()
}

/// The folders of this user that are there, whether they are in use or not.
pub(crate) fn all(prefix: &str) -> Vec<PathBuf> {
    all_in(Path::new(PARENT), prefix)
}

fn all_in(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let is_ours = |entry: &fs::DirEntry| {
        entry.file_name().to_string_lossy().starts_with(prefix)
            && entry.metadata().is_ok_and(|data| data.is_dir() && data.uid() == nix::unistd::geteuid().as_raw())
    };
    entries.flatten().filter(is_ours).map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // A child that another test starts has all our files, and so their locks, until it runs its own program.

    /// The lock of a folder that nobody uses any more.
    fn await_abandoned(folder: &Folder) -> Held {
        let mut lock = None;
        test_needs::wait_until("nobody holds it", || {
            lock = folder.abandoned();
            lock.is_some()
        });
        lock.unwrap()
    }

    /// What a sweep finds, of what nobody uses any more.
    fn await_sweep(parent: &Path) -> Vec<PathBuf> {
        let mut swept = Vec::new();
        test_needs::wait_until("nobody holds it", || {
            swept = sweep_in(parent);
            !swept.is_empty()
        });
        swept
    }

    #[test]
    fn folder_is_abandoned_when_nobody_holds_its_lock() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::existing(place.path());
        assert!(folder.abandoned().is_none(), "just being made");
        fs::write(place.path().join(LOCK), "").unwrap();
        drop(await_abandoned(&folder));
        let lock = folder.lock().unwrap();
        assert!(folder.abandoned().is_none());
        drop(lock);
        drop(await_abandoned(&folder));
    }

    #[test]
    fn a_folder_is_made_for_each_engine_and_goes_without_a_trace() {
        let (first, first_lock) = Folder::create(ENGINE).unwrap();
        let (second, _lock) = Folder::create(ENGINE).unwrap();
        assert_ne!(first, second);
        assert!(first.abandoned().is_none() && first.data().is_dir());
        assert!(first.socket().as_os_str().len() < 108);
        drop(first_lock);
        assert_eq!(first.remove(), [""; 0]);
        let (third, _lock) = Folder::create(ENGINE).unwrap();
        assert_ne!(first, third, "a name is not given again");
        assert_eq!(third.remove(), [""; 0]);
        assert_eq!(second.remove(), [""; 0]);
        assert!(!first.path().exists() && !second.path().exists());
        assert_eq!(first.remove(), [""; 0], "a folder that is gone is no failure");
    }

    #[test]
    fn data_that_is_elsewhere_goes_with_its_folder() {
        let [place, disk] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let (folder, _lock) = Folder::create_in(place.path(), CAPSULE).unwrap();
        let data_lock = folder.put_data_below(disk.path()).unwrap();
        let elsewhere = disk.path().join(folder.name());
        fs::write(folder.data().join("image"), "x").unwrap();
        assert!(elsewhere.join("data/image").exists());
        assert!(folder.put_data_below(disk.path()).is_err(), "it is taken");
        assert!(elsewhere.join("data/image").exists());
        assert!(sweep_in(disk.path()).is_empty(), "it is in use");
        let held = folder.lock().unwrap();
        drop(data_lock);
        assert!(sweep_in(disk.path()).is_empty(), "it is still in use");
        drop(held);
        assert_eq!(folder.remove(), [""; 0]);
        assert!(!elsewhere.exists() && !folder.path().exists() && disk.path().exists());
        // What a power cut leaves, and an empty `/tmp` after it, is found there.
        let (folder, lock) = Folder::create_in(place.path(), CAPSULE).unwrap();
        drop((folder.put_data_below(disk.path()).unwrap(), lock));
        fs::remove_dir_all(folder.path()).unwrap();
        assert_eq!(await_sweep(disk.path()), [disk.path().join(folder.name())]);
    }

    #[test]
    fn a_name_that_is_taken_where_the_data_is_to_be_is_not_used() {
        let [place, disk] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        // Other tests take names, too.
        let next = NUMBER.load(Ordering::Relaxed).max(1);
        let taken: Vec<PathBuf> =
            (next..next + 500).map(|number| disk.path().join(format!("{CAPSULE}{}-{number}", process::id()))).collect();
        for taken in &taken {
            fs::create_dir(taken).unwrap();
        }
        let (folder, _locks) = Folder::create_in_with_data_below(place.path(), disk.path(), CAPSULE).unwrap();
        assert!(!taken.contains(&disk.path().join(folder.name())) && folder.data().is_dir(), "{folder:?}");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "of the others nothing is left");
        assert_eq!(folder.remove(), [""; 0]);
        assert!(taken.iter().all(|taken| taken.is_dir()), "what is not ours stays");
        let nowhere = Folder::create_in_with_data_below(place.path(), &disk.path().join("none"), CAPSULE);
        let is_told = |failure: DaemonFailure| matches!(failure, DaemonFailure::Data { source, .. } if source.kind() == ErrorKind::NotFound);
        assert!(nowhere.is_err_and(is_told));
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_swept_is_held_until_it_is_gone() {
        let place = tempfile::tempdir().unwrap();
        let (folder, lock) = Folder::create_in(place.path(), CAPSULE).unwrap();
        drop(lock);
        let sweeper = await_abandoned(&folder);
        assert!(folder.abandoned().is_none(), "another sweep leaves it alone");
        drop(sweeper);
        assert_eq!(await_sweep(place.path()), [folder.path()]);
        assert!(!folder.path().exists());
    }

    #[test]
    fn a_sweep_at_any_time_takes_no_folder_that_is_used() {
        const MAKERS: u32 = 3;
        let (place, making) = (tempfile::tempdir().unwrap(), AtomicU32::new(MAKERS));
        std::thread::scope(|scope| {
            for _ in 0..MAKERS {
                scope.spawn(|| {
                    for round in 0..100 {
                        let made = Folder::create_in(place.path(), CAPSULE);
                        let is_whole =
                            made.as_ref().is_ok_and(|(folder, _)| folder.data().is_dir() && folder.lock().is_ok());
                        if !is_whole {
                            making.fetch_sub(1, Ordering::SeqCst);
                            panic!("round {round}: {made:?}");
                        }
                        let (folder, lock) = made.unwrap();
                        // The others are left for the sweeps, as by a process that was killed.
                        if round % 2 == 0 {
                            folder.remove();
                        }
                        drop(lock);
                    }
                    making.fetch_sub(1, Ordering::SeqCst);
                });
            }
            for _ in 0..2 {
                scope.spawn(|| {
                    while making.load(Ordering::SeqCst) > 0 {
                        sweep_in(place.path());
                    }
                });
            }
        });
        let swept = || {
            sweep_in(place.path());
            fs::read_dir(place.path()).unwrap().count()
        };
        test_needs::wait_until_eq("nothing is left", swept, &0);
    }

    #[test]
    fn what_is_wanted_stands_above_ours() {
        let folder = Folder::existing(Path::new("/tmp/x"));
        let Value::Object(wanted) = json!({"iptables": true, "data-root": "deep", "debug": true}) else { panic!() };
        let settings = folder.settings(&wanted);
        assert_eq!(settings["iptables"], true);
        assert_eq!(settings["ip6tables"], false);
        assert_eq!(settings["data-root"], "/tmp/x/data/deep");
        assert_eq!(settings["cgroup-parent"], "/x");
    }
}
