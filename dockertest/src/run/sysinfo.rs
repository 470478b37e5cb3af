//! What the host is, as files in `sysinfo/` of the results: copies of what the kernel tells, no command is run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use nix::sys::statvfs::statvfs;
use nix::sys::utsname::uname;

use crate::journal::EngineFacts;

/// Files that are copied, and the names of their copies.
const COPIES: [(&str, &str); 12] = [
    ("/etc/os-release", "os-release"),
    ("/proc/cgroups", "cgroups"),
    ("/proc/cmdline", "cmdline"),
    ("/proc/cpuinfo", "cpuinfo"),
    ("/proc/loadavg", "loadavg"),
    ("/proc/meminfo", "meminfo"),
    ("/proc/modules", "modules"),
    ("/proc/mounts", "mounts"),
    ("/proc/partitions", "partitions"),
    ("/proc/self/cgroup", "cgroup"),
    ("/proc/self/limits", "limits"),
    ("/proc/version", "version"),
];

/// The files of `sysinfo/` in the making, on a thread of its own, so that no step waits for them.
#[derive(Debug)]
pub(super) struct Collection {
    folder: PathBuf,
    thread: Option<JoinHandle<io::Result<()>>>,
    problem: Option<io::Error>,
}

impl Collection {
    /// Begins to write the facts about the host into `new`; nothing: they are in `results` already.
    pub(super) fn begin(results: &Path, new: Option<PathBuf>) -> Collection {
        let Some(folder) = new else {
            return Collection { folder: results.join("sysinfo"), thread: None, problem: None };
        };
        let target = folder.clone();
        match std::thread::Builder::new().name("sysinfo".to_owned()).spawn(move || write_all(&target)) {
            Ok(thread) => Collection { folder, thread: Some(thread), problem: None },
            Err(problem) => Collection { folder, thread: None, problem: Some(problem) },
        }
    }

    /// Writes what the engine said about itself.
    pub(super) fn add_engine(&mut self, facts: &EngineFacts) {
        if let Err(problem) = write_engine(&self.folder, facts) {
            self.problem.get_or_insert(problem);
        }
    }

    /// Waits until everything is written. What cannot be read is left out; what cannot be written is told.
    pub(super) fn finish(&mut self) -> Result<(), String> {
        if let Some(Err(problem)) = self.thread.take().and_then(|thread| thread.join().ok()) {
            self.problem.get_or_insert(problem);
        }
        match self.problem.take() {
            Some(problem) => Err(format!("cannot write `{}`: {problem}", self.folder.display())),
            None => Ok(()),
        }
    }
}

fn write_all(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (source, name) in COPIES {
        if let Ok(text) = fs::read(source) {
            fs::write(folder.join(name), text)?;
        }
    }
    fs::write(folder.join("uname"), uname_line())?;
    fs::write(folder.join("cgroup_version"), format!("{}\n", cgroup_version()))?;
    fs::write(folder.join("df"), df())
}

/// Writes what the engine said about itself, as `engine`.
fn write_engine(folder: &Path, facts: &EngineFacts) -> io::Result<()> {
    let mut text = String::new();
    let own = [
        ("address", &facts.address),
        ("flavor", &facts.flavor),
        ("version", &facts.version),
        ("api-version", &facts.api_version),
    ];
    let problem = facts.problem.as_ref().map(|problem| ("problem", problem));
    let more = facts.facts.iter().map(|(name, value)| (name.as_str(), value));
    for (name, value) in own.into_iter().chain(problem).chain(more) {
        let _ = writeln!(text, "{name}={}", value.replace('\n', "\\n"));
    }
    fs::create_dir_all(folder)?;
    fs::write(folder.join("engine"), text)
}

/// The facts that go into the keyval file of every step.
pub(super) fn keyvals() -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let mut put = |name: &str, value: String| drop(values.insert(format!("sysinfo-{name}"), value));
    if let Ok(line) = fs::read_to_string("/proc/cmdline") {
        put("cmdline", line.trim().to_owned());
    }
    if let Some(total_kb) = memory_total_kb() {
        put("memtotal-in-kb", total_kb.to_string());
        put("phys-mbytes", (total_kb / 1024).to_string());
    }
    put("uname", uname_line().trim().to_owned());
    values
}

fn memory_total_kb() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// System, release, version and machine; not the host's name.
fn uname_line() -> String {
    let Ok(names) = uname() else { return String::new() };
    let parts = [names.sysname(), names.release(), names.version(), names.machine()];
    let mut line = parts.map(|part| part.to_string_lossy()).join(" ");
    line.push('\n');
    line
}

/// `2` where the unified hierarchy is at the usual place, else `1`, or `none`.
fn cgroup_version() -> &'static str {
    let root = Path::new("/sys/fs/cgroup");
    match (root.join("cgroup.controllers").exists(), fs::read_dir(root).is_ok_and(|mut dir| dir.next().is_some())) {
        (true, _) => "2",
        (false, true) => "1",
        (false, false) => "none",
    }
}

/// Size and free space of what is mounted from a device or in memory, in 1024-byte blocks.
fn df() -> String {
    let mut text = "device type 1k-blocks available mounted-on\n".to_owned();
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    for line in mounts.lines() {
        let mut fields = line.split(' ');
        let (Some(device), Some(place), Some(kind)) = (fields.next(), fields.next(), fields.next()) else { continue };
        if !answers_at_once(device, kind) {
            continue;
        }
        if let Ok(stat) = statvfs(place.replace("\\040", " ").as_str()) {
            let (unit, size, free) = (stat.fragment_size(), stat.blocks(), stat.blocks_available());
            let _ = writeln!(text, "{device} {kind} {} {} {place}", size * unit / 1024, free * unit / 1024);
        }
    }
    text
}

/// Whether a file system is of this machine and has a size. Asking another one can block: a server that is gone, a
/// process that does not serve any more, a mount that is only made when somebody asks.
fn answers_at_once(device: &str, kind: &str) -> bool {
    let is_of_others = device.starts_with("//") || kind == "autofs" || kind == "fuse" || kind.starts_with("fuse.");
    let has_size = device.starts_with('/') || kind == "tmpfs" || kind == "overlay";
    has_size && !is_of_others
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::disk("/dev/vda1", "ext4", true)]
    #[case::disk_in_user_space("/dev/sdb1", "fuseblk", true)]
    #[case::memory("none", "tmpfs", true)]
    #[case::windows_share("//server/share", "cifs", false)]
    #[case::network("server:/export", "nfs4", false)]
    #[case::user_space("/home/me/vault", "fuse.gocryptfs", false)]
    #[case::on_demand("/etc/auto.misc", "autofs", false)]
    #[case::kernel("proc", "proc", false)]
    fn only_what_answers_at_once_is_asked(#[case] device: &str, #[case] kind: &str, #[case] asked: bool) {
        assert_eq!(answers_at_once(device, kind), asked);
    }

    #[test]
    fn the_folder_tells_what_the_host_is() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("sysinfo");
        Collection::begin(folder.path(), Some(target)).finish().unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join("sysinfo").join(name)).unwrap();
        assert!(read("uname").starts_with("Linux "));
        assert!(read("meminfo").contains("MemTotal:"));
        assert!(read("df").lines().count() >= 1);
        assert!(["1\n", "2\n", "none\n"].contains(&read("cgroup_version").as_str()));
    }

    #[test]
    fn the_engine_is_told_line_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let facts = EngineFacts { flavor: "docker".into(), version: "20.10.24".into(), ..EngineFacts::default() };
        write_engine(folder.path(), &facts).unwrap();
        let text = fs::read_to_string(folder.path().join("engine")).unwrap();
        assert_eq!(text, "address=\nflavor=docker\nversion=20.10.24\napi-version=\n");
    }

    #[test]
    fn keyvals_have_no_host_name() {
        let values = keyvals();
        assert!(values["sysinfo-uname"].starts_with("Linux "));
        assert!(values["sysinfo-memtotal-in-kb"].parse::<u64>().unwrap() > 0);
    }
}
