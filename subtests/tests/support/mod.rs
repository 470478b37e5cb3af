//! What the tests share that start engines.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dockertest::host::HostProgram;

/// The host program of the bundled subtests.
pub(crate) fn host() -> HostProgram {
    HostProgram::new(env!("CARGO_BIN_EXE_dockertest-host"))
}

pub(crate) fn kill(pid: u32, signal: &str) {
    assert!(Command::new("kill").args([format!("-{signal}"), pid.to_string()]).status().unwrap().success());
}

/// What an engine or a capsule leaves that is not taken down: its folder and cgroups.
pub(crate) fn remains(folder: &Path) -> Vec<PathBuf> {
    let name = folder.file_name().unwrap();
    let hierarchies = fs::read_dir("/sys/fs/cgroup").unwrap().flatten().map(|entry| entry.path().join(name));
    let groups = hierarchies.chain([Path::new("/sys/fs/cgroup").join(name)]);
    groups.chain([folder.to_owned()]).filter(|path| path.exists()).collect()
}
