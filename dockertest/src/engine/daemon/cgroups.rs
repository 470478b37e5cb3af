//! The cgroup folders that an engine leaves when it is killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// Where the hierarchies are: version 2 right here, each of version 1 in a folder below.
const ROOT: &str = "/sys/fs/cgroup";

/// How long the kernel may keep a group busy after its last process is gone (measured: some 5 to 10 ms).
const PATIENCE: Duration = Duration::from_secs(5);

/// Removes the groups of that name, with all below, from every hierarchy. Returns those that stayed.
pub(super) fn remove(name: &str) -> Vec<PathBuf> {
    remove_below(Path::new(ROOT), name, PATIENCE)
}

/// Thaws the groups of that name, with all below. A frozen process does not even die when it is killed.
pub(super) fn thaw(name: &str) {
    for group in find(Path::new(ROOT), name) {
        thaw_tree(&group);
    }
}

fn thaw_tree(folder: &Path) {
    // Only what freezes has one of these files: of version 1, of version 2.
    for (file, word) in [("freezer.state", "THAWED"), ("cgroup.freeze", "0")] {
        let file = folder.join(file);
        if file.is_file() {
            // What stays frozen stays there, and is reported in the end.
            drop(fs::write(file, word));
        }
    }
    for below in subfolders(folder) {
        thaw_tree(&below);
    }
}

fn remove_below(root: &Path, name: &str, patience: Duration) -> Vec<PathBuf> {
    let deadline = Instant::now() + patience;
    let mut pause = Duration::from_millis(1);
    loop {
        let groups = find(root, name);
        for group in &groups {
            thaw_tree(group);
            remove_tree(group);
        }
        let left: Vec<PathBuf> = groups.into_iter().filter(|group| group.is_dir()).collect();
        if left.is_empty() || Instant::now() >= deadline {
            return left;
        }
        // The kernel tells nobody when a group may go; see `PATIENCE`.
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

fn find(root: &Path, name: &str) -> Vec<PathBuf> {
    let hierarchies = subfolders(root).into_iter().map(|folder| folder.join(name));
    std::iter::once(root.join(name)).chain(hierarchies).filter(|group| group.is_dir()).collect()
}

/// Removes the folders of the tree from its leaves up; a group's files go with it and cannot be removed.
fn remove_tree(folder: &Path) {
    for below in subfolders(folder) {
        remove_tree(&below);
    }
    // Busy groups are tried again, and reported in the end.
    drop(fs::remove_dir(folder));
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let is_folder = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    entries.flatten().filter(is_folder).map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::{remove_below, thaw_tree};

    #[test]
    fn thaws_what_is_frozen_and_writes_nothing_elsewhere() {
        let root = tempfile::tempdir().unwrap();
        let container = root.path().join("ours/container");
        fs::create_dir_all(&container).unwrap();
        fs::write(container.join("freezer.state"), "FROZEN").unwrap();
        thaw_tree(root.path());
        assert_eq!(fs::read_to_string(container.join("freezer.state")).unwrap(), "THAWED");
        assert!(!container.join("cgroup.freeze").exists() && !root.path().join("freezer.state").exists());
    }

    #[test]
    fn removes_the_named_groups_of_every_hierarchy_and_no_other() {
        let root = tempfile::tempdir().unwrap();
        for group in ["ours/container/deep", "cpu/ours/container", "cpu/others", "others"] {
            fs::create_dir_all(root.path().join(group)).unwrap();
        }
        assert!(remove_below(root.path(), "ours", Duration::ZERO).is_empty());
        assert!(!root.path().join("ours").exists() && !root.path().join("cpu/ours").exists());
        assert!(root.path().join("cpu/others").exists() && root.path().join("others").exists());
    }

    #[test]
    fn names_what_it_cannot_remove() {
        let root = tempfile::tempdir().unwrap();
        let busy = root.path().join("cpu/ours");
        fs::create_dir_all(&busy).unwrap();
        // A file stands for a process: the folder cannot be removed.
        fs::write(busy.join("tasks"), "1").unwrap();
        assert_eq!(remove_below(root.path(), "ours", Duration::ZERO), [busy]);
    }
}
