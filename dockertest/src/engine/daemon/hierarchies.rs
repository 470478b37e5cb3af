//! The cgroup hierarchies of this machine, and a group of our own in each.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::plan::Limits;

/// The group within ours that holds the processes, in a hierarchy of version 2: one that hands controllers on may not
/// hold any itself.
const LEAF: &str = "init";

/// Where a process is put.
const MEMBERS: &str = "cgroup.procs";

/// A hierarchy, as it is mounted here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hierarchy {
    /// What it controls, as it is named when it is mounted; nothing for version 2.
    pub(super) controllers: Option<String>,
    pub(super) place: PathBuf,
}

/// All of version 1; that of version 2 only where there is no other, since a second one beside them confuses engines.
pub(super) fn all() -> io::Result<Vec<Hierarchy>> {
    let found = parse(&fs::read_to_string("/proc/self/cgroup")?, &fs::read_to_string("/proc/self/mountinfo")?);
    if found.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "no cgroup hierarchy is mounted"));
    }
    Ok(found)
}

/// `9:name=systemd:/group` in one file, `… / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd` in the other.
fn parse(groups: &str, mounts: &str) -> Vec<Hierarchy> {
    let places: Vec<(&str, &str, Vec<&str>)> = mounts
        .lines()
        .filter_map(|line| {
            let (before, after) = line.split_once(" - ")?;
            let mut after = after.split(' ');
            let (kind, options) = (after.next()?, after.nth(1)?);
            Some((kind, before.split(' ').nth(4)?, options.split(',').collect()))
        })
        .collect();
    let of_line = |line: &str| {
        let controllers = line.split(':').nth(1).filter(|controllers| !controllers.is_empty())?;
        let holds = |options: &[&str]| controllers.split(',').all(|controller| options.contains(&controller));
        let (_, place, _) = places.iter().find(|(kind, _, options)| *kind == "cgroup" && holds(options))?;
        Some(Hierarchy { controllers: Some(controllers.to_owned()), place: PathBuf::from(place) })
    };
    let first: Vec<Hierarchy> = groups.lines().filter_map(of_line).collect();
    if !first.is_empty() {
        return first;
    }
    let second = places.iter().find(|(kind, _, _)| *kind == "cgroup2");
    second.map(|(_, place, _)| Hierarchy { controllers: None, place: PathBuf::from(place) }).into_iter().collect()
}

impl Hierarchy {
    /// What its folder is called where all are mounted side by side.
    pub(super) fn folder(&self) -> Option<&str> {
        let controllers = self.controllers.as_deref()?;
        Some(controllers.strip_prefix("name=").unwrap_or(controllers))
    }

    /// What `mount` is told.
    pub(super) fn options(&self) -> Option<String> {
        let controllers = self.controllers.as_deref()?;
        Some(if controllers.starts_with("name=") { format!("none,{controllers}") } else { controllers.to_owned() })
    }

    fn has(&self, controller: &str) -> bool {
        self.controllers.as_deref().is_none_or(|controllers| controllers.split(',').any(|one| one == controller))
    }

    /// Makes a group at the top, with its limits.
    pub(super) fn make(&self, name: &str, limits: Limits) -> io::Result<()> {
        let group = self.place.join(name);
        match fs::create_dir(&group) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(of(&group, &error)),
            Ok(()) | Err(_) => {}
        }
        let put =
            |file: &str, value: &str| fs::write(group.join(file), value).map_err(|error| of(&group.join(file), &error));
        let is_second = self.controllers.is_none();
        if is_second {
            fs::create_dir(group.join(LEAF)).map_err(|error| of(&group, &error))?;
        } else if self.has("cpuset") {
            // A group without processors takes no process.
            for file in ["cpuset.cpus", "cpuset.mems"] {
                let above = self.place.join(file);
                put(file, fs::read_to_string(&above).map_err(|error| of(&above, &error))?.trim())?;
            }
            put("cgroup.clone_children", "1")?;
        }
        if let Some(bytes) = limits.memory_bytes.filter(|_| self.has("memory")) {
            put(if is_second { "memory.max" } else { "memory.limit_in_bytes" }, &bytes.to_string())?;
        }
        if let Some(count) = limits.processes.filter(|_| self.has("pids")) {
            put("pids.max", &count.to_string())?;
        }
        Ok(())
    }

    /// Puts this process into the group.
    pub(super) fn join(&self, name: &str) -> io::Result<()> {
        let members = self.place.join(name).join(MEMBERS);
        fs::write(&members, "0").map_err(|error| of(&members, &error))
    }

    /// What has to be done in a hierarchy of version 2 when this process is in the group and its root is the group: the
    /// group hands on all that it has, so it must hold no process itself.
    pub(super) fn hand_on(&self, root: &Path) -> io::Result<()> {
        if self.controllers.is_some() {
            return Ok(());
        }
        fs::write(root.join(LEAF).join(MEMBERS), "0")?;
        let has = fs::read_to_string(root.join("cgroup.controllers"))?;
        let wanted: Vec<String> = has.split_whitespace().map(|controller| format!("+{controller}")).collect();
        fs::write(root.join("cgroup.subtree_control"), wanted.join(" "))
    }
}

/// Puts this process, which is in the mount namespace of a room already, into the groups of the room.
pub(crate) fn join_of_room(root: &Path) -> io::Result<()> {
    let leaf = root.join(LEAF).join(MEMBERS);
    if root.join(MEMBERS).exists() {
        let members = if leaf.exists() { leaf } else { root.join(MEMBERS) };
        return fs::write(members, "0");
    }
    for folder in fs::read_dir(root)?.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        let members = folder.path().join(MEMBERS);
        fs::write(&members, "0").map_err(|error| of(&members, &error))?;
    }
    Ok(())
}

fn of(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
        30 22 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
        31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n\
        32 30 0:28 / /sys/fs/cgroup/systemd rw,relatime shared:9 - cgroup cgroup rw,xattr,name=systemd\n\
        33 30 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

    #[test]
    fn hierarchies_of_version_1_are_found_where_they_are_mounted() {
        let found = parse("9:name=systemd:/\n4:cpu,cpuacct:/deep/er\n5:pids:/\n0::/\n", MOUNTS);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!((found[0].folder(), found[0].options().as_deref()), (Some("systemd"), Some("none,name=systemd")));
        assert_eq!(found[1].place, Path::new("/sys/fs/cgroup/cpu,cpuacct"));
        assert!(found[1].has("cpu") && !found[1].has("memory"));
    }

    #[test]
    fn without_version_1_there_is_one_hierarchy() {
        let mounts = "31 30 0:27 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n";
        let found = parse("0::/user.slice\n", mounts);
        assert_eq!(found, [Hierarchy { controllers: None, place: "/sys/fs/cgroup".into() }]);
        assert!(parse("", "").is_empty());
    }
}
