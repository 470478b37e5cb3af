//! What capsules are compared to: the least launcher of the same namespaces, in C, and an engine that is just started in
//! a network namespace of its own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use dockertest::engine::daemon::{ping, search_path};
use tempfile::TempDir;

/// The name of the launcher's group and host.
const YARDSTICK: &str = "dockertest-yardstick";
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Half of the start-up time of an engine.
pub(super) const WITHOUT_RULES: [&str; 2] = ["--iptables=false", "--ip6tables=false"];

/// What keeps an engine away from that of the machine, which would lose its bridge, its rules and its key otherwise.
/// Its data is in memory, as that of a capsule, where the usual place need not exist.
const APART: &str = "mount -t tmpfs -o mode=755 tmpfs /run && \
                     if [ -d /etc/docker ]; then mount -t tmpfs tmpfs /etc/docker; fi && exec \"$@\"";
const DATA: &str = "--data-root=/run/dockertest-data";

/// An engine that somebody else than we has made. It goes when this is dropped.
#[derive(Debug)]
pub(super) struct Rival {
    process: Child,
    folder: TempDir,
    socket: PathBuf,
}

impl Rival {
    /// The engine in the launcher, when it answers.
    pub(super) fn launched(launcher: &Path, disk: &Path) -> io::Result<Rival> {
        let folder = tempfile::tempdir_in("/tmp")?;
        let mut command = Command::new(launcher);
        command.arg(YARDSTICK).arg(folder.path()).args(["dockerd", "--host=unix:///run/share/s"]);
        command.args(["--host=unix:///run/docker.sock", "--exec-opt=native.cgroupdriver=cgroupfs"]).args(WITHOUT_RULES);
        Rival::start(command, folder, disk)
    }

    /// An engine in namespaces made by `unshare`, when it answers.
    pub(super) fn plain(options: &[&str], disk: &Path) -> io::Result<Rival> {
        let folder = tempfile::tempdir_in("/tmp")?;
        let mut command = Command::new("unshare");
        command.args(["--net", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"]);
        command.args(["/bin/sh", "-c", APART, "plain", "dockerd", DATA]);
        command.arg(format!("--host=unix://{}", folder.path().join("s").display())).args(options);
        Rival::start(command, folder, disk)
    }

    fn start(mut command: Command, folder: TempDir, disk: &Path) -> io::Result<Rival> {
        let log = fs::File::create(disk.join("rival.log"))?;
        command.env("PATH", search_path()).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let process = command.spawn()?;
        let mut rival = Rival { process, socket: folder.path().join("s"), folder };
        rival.wait()?;
        Ok(rival)
    }

    fn wait(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while let Err(reason) = ping(&self.socket) {
            if Instant::now() >= deadline || self.process.try_wait()?.is_some() {
                return Err(io::Error::other(format!("the engine beside capsules: {reason}")));
            }
            // A socket that is not there yet can only be tried again.
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Loads images.
    pub(super) fn load(&self, archive: &Path) -> io::Result<()> {
        let mut command = Command::new("docker");
        command.arg(format!("--host=unix://{}", self.socket.display())).args(["load", "--quiet", "--input"]);
        let output = command.arg(archive).env("PATH", search_path()).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() { Ok(()) } else { Err(io::Error::other(format!("docker load: {said}"))) }
    }

    /// Kills it, and waits until nothing is left.
    pub(super) fn end(mut self) -> io::Result<()> {
        self.kill()?;
        remove_groups()?;
        fs::remove_dir_all(self.folder.path())
    }

    fn kill(&mut self) -> io::Result<()> {
        self.process.kill()?;
        self.process.wait().map(drop)
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        // It has ended already, as a rule.
        drop(self.kill());
        drop(remove_groups());
    }
}

/// The launcher, compiled.
pub(super) fn compile(folder: &Path) -> io::Result<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/measure/environments/launcher.c");
    let launcher = folder.join("launcher");
    let done = Command::new("cc").args(["-O2", "-o"]).arg(&launcher).arg(source).status()?;
    if done.success() { Ok(launcher) } else { Err(io::Error::other("cc failed")) }
}

/// The kernel keeps groups busy for a moment.
fn remove_groups() -> io::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let groups: Vec<PathBuf> =
            fs::read_dir("/sys/fs/cgroup")?.flatten().map(|entry| entry.path().join(YARDSTICK)).collect();
        groups.iter().for_each(|group| remove_tree(group));
        if !groups.iter().any(|group| group.exists()) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(io::Error::other(format!("the cgroups {YARDSTICK} are left")));
        }
        // Nobody tells when a group may go.
        thread::sleep(Duration::from_millis(1));
    }
}

fn remove_tree(group: &Path) {
    for below in fs::read_dir(group).into_iter().flatten().flatten() {
        if below.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_tree(&below.path());
        }
    }
    // Busy ones are tried again.
    let _ = fs::remove_dir(group);
}
