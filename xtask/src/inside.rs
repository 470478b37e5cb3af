//! The first process in the namespaces of an engine of our own: it prepares them, starts the engine, and takes
//! everything down when the engine ends or when the process that wanted it is gone.
//!
//! Its standard input is a pipe that the other end only ever closes. So it does not matter how the other end dies: by
//! returning, by a signal, by SIGKILL.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getpid};

use crate::cgroups;
use crate::engine::{CONFIGURATION, DATA, LOCK, SOCKET};
use crate::failure::Failure;
use crate::paths;

/// The word by which this program is started again for this part.
pub(crate) const COMMAND: &str = "__inside";

/// Runs the engine in the prepared folder until standard input is closed.
pub(crate) fn main(folder: &str) -> Result<ExitCode, Failure> {
    // A stop below kills every process in sight, so make sure that only our own are.
    if getpid() != Pid::from_raw(1) {
        return Err(Failure::usage(format!("`{COMMAND}` is for this program's own use")));
    }
    let folder = Path::new(folder);
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    // Held until the end: a folder that nobody has locked is a left-over.
    let lock = File::open(folder.join(LOCK)).and_then(|file| file.lock_shared().map(|()| file));
    let outcome = prepare(folder).and_then(|()| start(folder, &name)).map(|engine| supervise(&engine));
    take_down(folder, &name);
    drop(lock);
    match outcome? {
        End::Asked => Ok(ExitCode::SUCCESS),
        End::OfItself => Err(Failure::setup("the engine ended of itself")),
    }
}

/// Own `/run` and data folder, both in memory and gone with the namespace; the loopback interface.
fn prepare(folder: &Path) -> Result<(), Failure> {
    let in_memory = |place: &Path, mode: &str| {
        mount(Some("tmpfs"), place, Some("tmpfs"), MsFlags::empty(), Some(mode))
            .map_err(|error| Failure::setup(format!("cannot mount a tmpfs on {}: {error}", place.display())))
    };
    in_memory(Path::new("/run"), "mode=755")?;
    in_memory(&folder.join(DATA), "mode=711")?;
    fs::DirBuilder::new()
        .mode(0o755)
        .create("/run/lock")
        .map_err(|error| Failure::setup(format!("cannot create /run/lock: {error}")))?;
    let up = Command::new("busybox")
        .args(["ip", "link", "set", "lo", "up"])
        .env("PATH", paths::search_path())
        .stdin(Stdio::null())
        .status();
    match up {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::setup(format!("cannot bring up the loopback interface ({status})"))),
        Err(error) => Err(Failure::setup(format!("cannot start busybox: {error}"))),
    }
}

fn start(folder: &Path, name: &str) -> Result<Child, Failure> {
    Command::new("dockerd")
        .env("PATH", paths::search_path())
        .env_remove("DOCKER_HOST")
        .arg(format!("--host=unix://{}", folder.join(SOCKET).display()))
        .arg("--host=unix:///run/docker.sock")
        .arg(format!("--data-root={}", folder.join(DATA).display()))
        .arg(format!("--config-file={}", folder.join(CONFIGURATION).display()))
        .args(["--exec-root=/run/docker", "--pidfile=/run/docker.pid"])
        // Half of the start-up time of an engine goes into rules that nobody needs in a network of its own.
        .args(["--iptables=false", "--ip6tables=false"])
        .args([format!("--cgroup-parent=/{name}"), "--exec-opt=native.cgroupdriver=cgroupfs".to_owned()])
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| Failure::setup(format!("cannot start dockerd: {error}")))
}

/// Why the engine is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Asked,
    OfItself,
}

/// Collects the ended processes until none is left. All are killed when standard input closes or the engine ends.
fn supervise(engine: &Child) -> End {
    let asked = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&asked);
    thread::spawn(move || {
        // Nothing is ever sent: this returns when the other end is closed.
        drop(std::io::stdin().read_to_end(&mut Vec::new()));
        set.store(true, Ordering::SeqCst);
        kill_all();
    });
    let engine = Pid::from_raw(i32::try_from(engine.id()).unwrap_or(0));
    loop {
        match waitpid(None, None) {
            Ok(status) if status.pid() == Some(engine) => kill_all(),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => break,
        }
    }
    if asked.load(Ordering::SeqCst) { End::Asked } else { End::OfItself }
}

/// Kills every process of the namespace but this one, its first, which the kernel spares.
fn kill_all() {
    let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
}

/// Removes what the end of the namespaces does not: cgroups and the folder.
fn take_down(folder: &Path, name: &str) {
    for group in cgroups::remove(name) {
        eprintln!("xtask: cannot remove the cgroup {}", group.display());
    }
    // Nothing may be mounted there yet; what matters is that the folder can go.
    let _ = umount2(&folder.join(DATA), MntFlags::MNT_DETACH);
    if let Err(error) = fs::remove_dir_all(folder) {
        eprintln!("xtask: cannot remove {}: {error}", folder.display());
    }
}
