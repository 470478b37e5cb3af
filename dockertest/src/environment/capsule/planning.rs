//! What options mean for the processes that make a capsule.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, StatxFlags, statx};

use super::options::{CapsuleOptions, DataRoot, EngineKind};
use super::running::SOCKET;
use crate::engine::daemon::MOUNTED_DISK;
use crate::engine::daemon::folder::Folder;
use crate::engine::daemon::plan::{Data, DataFrom, Disk, Helper, Limits, Plan, Program, Room, Spoken, Template};
use crate::engine::daemon::search_path;
use crate::engine::podman::SERVICE_VARIABLE;
use crate::engine::search_path::find_program;

/// What has nothing of this machine's in it.
const EMPTIED: [&str; 3] = ["/tmp", "/run", "/dev/shm"];

/// Where engines keep their data. No engine can keep it on an overlay, which the root is.
pub(super) const DOCKER_DATA: &str = "/var/lib/docker";
pub(super) const PODMAN_DATA: &str = "/var/lib/containers";

/// Settings of the engine are those of the options, and none of this machine's.
const DOCKER_SETTINGS: &str = "/run/dockertest/daemon.json";

const CONTAINERD_SETTINGS: &str = "/run/dockertest/containerd.toml";
const CONTAINERD_SOCKET: &str = "/run/dockertest/containerd.sock";
/// Plug-ins that need what is not there. Not all snapshotters: the engine asks for one.
const CONTAINERD: &str = r#"version = 2
root = "/var/lib/docker/containerd/daemon"
state = "/run/dockertest/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
address = "/run/dockertest/containerd.sock"
"#;

const PODMAN_SERVICE: &str = "/run/dockertest-podman.sock";

/// Podman asks for more open files and processes than some machines allow, and fails.
const CONTAINERS_CONF: &str = "/etc/containers/containers.conf";

/// The plan of a capsule with that folder.
pub(super) fn plan(options: &CapsuleOptions, folder: &Folder) -> Plan {
    let mut files = Vec::new();
    let (mut helpers, mut engine, mut variables) = (Vec::new(), None, options.variables.clone());
    match options.kind {
        EngineKind::Docker => {
            files.push((PathBuf::from(DOCKER_SETTINGS), "{}".to_owned()));
            let mut arguments = vec![format!("--host=unix://{SOCKET}"), format!("--config-file={DOCKER_SETTINGS}")];
            if options.containerd_first {
                files.push((PathBuf::from(CONTAINERD_SETTINGS), CONTAINERD.to_owned()));
                helpers.push(containerd(options));
                arguments.push(format!("--containerd={CONTAINERD_SOCKET}"));
            }
            arguments.push("--exec-opt=native.cgroupdriver=cgroupfs".to_owned());
            arguments.extend(options.engine_options.iter().cloned());
            engine = Some(Program { path: options.engine.clone(), arguments, variables: variables.clone() });
        }
        EngineKind::Podman => {
            files.push((PathBuf::from(CONTAINERS_CONF), containers_conf()));
            helpers.push(podman_service(options));
            variables.insert(SERVICE_VARIABLE.to_owned(), format!("unix://{PODMAN_SERVICE}"));
        }
    }
    // The user's own stand above ours.
    files.retain(|(path, _)| options.files.iter().all(|(other, _)| other != path));
    files.extend(options.files.iter().cloned());
    let limit = |number: u64| Some(number).filter(|number| *number > 0);
    let disk = match options.data_root {
        DataRoot::Disk { bytes, .. } if bytes > 0 => Some(Disk { folder: folder.data(), bytes }),
        _ => None,
    };
    let data = [DOCKER_DATA, PODMAN_DATA].map(|place| data(&options.data_root, place, folder));
    let template = options.template.clone().map(|folder| {
        let in_use = options.in_use.is_held().then(|| folder.parent().map(PathBuf::from)).flatten();
        Template { folder, in_use, place: PathBuf::from(options.kind.data()) }
    });
    let room = Room {
        lower: options.lower.clone(),
        scratch_bytes: options.scratch_bytes,
        disk,
        data: data.into(),
        files,
        template,
        limits: Limits { memory_bytes: limit(options.memory_bytes), processes: limit(options.processes) },
    };
    Plan { dialect: Spoken::here(), room: Some(room), helpers, engine, variables, stays: false }
}

fn containerd(options: &CapsuleOptions) -> Helper {
    let program = Program {
        path: PathBuf::from("containerd"),
        arguments: [format!("--config={CONTAINERD_SETTINGS}"), "--log-level=error".to_owned()].into(),
        variables: options.variables.clone(),
    };
    Helper { program, socket: PathBuf::from(CONTAINERD_SOCKET) }
}

/// Podman has no daemon: whoever asks by its API finds this service.
fn podman_service(options: &CapsuleOptions) -> Helper {
    let address = format!("unix://{PODMAN_SERVICE}");
    let program = Program {
        path: PathBuf::from("podman"),
        arguments: ["system", "service", "--time", "0", &address].map(str::to_owned).into(),
        variables: options.variables.clone(),
    };
    Helper { program, socket: PathBuf::from(PODMAN_SERVICE) }
}

fn data(root: &DataRoot, place: &str, folder: &Folder) -> Data {
    let name = data_name(place);
    let from = match root {
        DataRoot::Memory { bytes } => DataFrom::Memory { bytes: *bytes },
        DataRoot::Disk { bytes: 0, .. } => DataFrom::Disk { folder: folder.data().join(name) },
        DataRoot::Disk { .. } => DataFrom::Disk { folder: folder.inner().join(MOUNTED_DISK).join(name) },
        DataRoot::Folder(base) => DataFrom::Disk { folder: base.join(name) },
    };
    Data { place: PathBuf::from(place), from }
}

/// The name of an engine's data in a folder that was given for it.
pub(super) fn data_name(place: &str) -> String {
    place.trim_start_matches('/').replace('/', "-")
}

impl EngineKind {
    /// Where an engine of this kind keeps its data.
    pub(super) const fn data(self) -> &'static str {
        match self {
            EngineKind::Docker => DOCKER_DATA,
            EngineKind::Podman => PODMAN_DATA,
        }
    }

    /// Where it answers to who asks by its API, inside.
    pub(super) const fn socket(self) -> &'static str {
        match self {
            EngineKind::Docker => SOCKET,
            EngineKind::Podman => PODMAN_SERVICE,
        }
    }
}

/// The file of the engine's program, wherever below the root it lies, by the capsule's own `PATH` if it has one, and the files with a file system in them that lie
/// above it and may have another one. None if it is nowhere.
pub(super) fn engine_files(options: &CapsuleOptions) -> Vec<PathBuf> {
    let program = engine_program(options);
    let folders = if program.components().count() > 1 {
        vec![PathBuf::new()]
    } else {
        let own = options.variables.get("PATH").cloned();
        std::env::split_paths(&own.unwrap_or_else(search_path)).collect()
    };
    let mut files = Vec::new();
    for root in &options.lower {
        if root.is_file() {
            files.push(root.clone());
            continue;
        }
        let found = |folder: &PathBuf| root.join(folder.join(program).strip_prefix("/").ok()?).canonicalize().ok();
        if let Some(file) = folders.iter().filter_map(found).find(|file| file.is_file()) {
            files.push(file);
            break;
        }
    }
    files
}

/// Limits that are not above those of this process.
fn containers_conf() -> String {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let default = [("nofile", "Max open files"), ("nproc", "Max processes")].map(|(name, title)| {
        let hard = hard_limit(&limits, title).unwrap_or(1024);
        format!("\"{name}={hard}:{hard}\"")
    });
    format!("[containers]\ndefault_ulimits = [{}]\n", default.join(", "))
}

/// `Max open files            1024                 20000                files`
fn hard_limit(limits: &str, title: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix(title))?;
    match line.split_whitespace().nth(1)? {
        "unlimited" => Some(1 << 20),
        number => number.parse().ok(),
    }
}

/// Whether a program of this machine is seen in capsules like this. What lies below others than this machine's root is
/// not known here, and neither is a program that is nowhere: that is found out when it is started.
pub(super) fn sees(options: &CapsuleOptions, program: &Path) -> bool {
    let is_path = program.components().count() > 1;
    let found = if is_path { Some(program.to_owned()) } else { find_program(program) };
    let found = found.and_then(|file| file.canonicalize().ok());
    let (Some(file), [lower]) = (found, options.lower.as_slice()) else { return true };
    // Not its device: a part of a file system may be mounted elsewhere, and the files of an overlay may have those of its
    // layers.
    let mount = |path: &Path| statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID).map(|facts| facts.stx_mnt_id).ok();
    let is_emptied =
        |file: &Path| EMPTIED.iter().chain(&[DOCKER_DATA, PODMAN_DATA]).any(|place| file.starts_with(place));
    lower != Path::new("/") || (mount(&file) == mount(lower) && !is_emptied(&file))
}

/// Why there can be no capsule here, and what to do.
pub(super) fn obstacle(options: &CapsuleOptions) -> Option<String> {
    if !nix::unistd::geteuid().is_root() {
        return Some(
            "a capsule needs root: its engine makes mounts, networks and cgroups; run this command as root (`sudo`)"
                .to_owned(),
        );
    }
    if options.lower == [Path::new("/")] && engine_files(options).is_empty() {
        return Some(format!(
            "a capsule needs the engine's program `{}`, which is not in PATH; install it (`apt-get install docker.io`)",
            engine_program(options).display()
        ));
    }
    let missing = options.lower.iter().find(|layer| !layer.exists())?;
    Some(format!("a capsule needs `{}` below its root, which is not there", missing.display()))
}

fn engine_program(options: &CapsuleOptions) -> &Path {
    match options.kind {
        EngineKind::Docker => &options.engine,
        EngineKind::Podman => Path::new("podman"),
    }
}

#[cfg(test)]
mod tests {
    use nix::mount::{MsFlags, mount};
    use nix::sched::{CloneFlags, unshare};

    use super::*;

    #[test]
    fn what_is_not_on_the_root_is_not_seen() {
        let options = CapsuleOptions::new();
        let elsewhere = tempfile::NamedTempFile::new_in("/tmp").unwrap();
        assert!(!sees(&options, elsewhere.path()));
        let here = std::env::current_dir().unwrap();
        let up = "../".repeat(here.components().count());
        let relative = Path::new(&up).join(elsewhere.path().strip_prefix("/").unwrap());
        assert!(!sees(&options, &relative), "it begins in the working folder");
        assert!(!sees(&options, Path::new("/proc/self/exe").parent().unwrap()), "another file system");
        // Some machines have `/usr` on a file system of its own.
        let shell = Path::new("/bin/sh").canonicalize().unwrap();
        assert_eq!(sees(&options, Path::new("/bin/sh")), mount_point_of(&shell) == Path::new("/"));
        assert!(sees(&options, Path::new("/no/such/docker")), "nobody knows");
        assert!(sees(&options.lower(["/mnt/other"]), elsewhere.path()), "nobody knows");
    }

    /// The deepest mount point above a file, by what the kernel lists.
    fn mount_point_of(file: &Path) -> PathBuf {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let points = mounts.lines().filter_map(|line| line.split(' ').nth(4)).map(PathBuf::from);
        points.filter(|point| file.starts_with(point)).max_by_key(|point| point.components().count()).unwrap()
    }

    #[test]
    fn what_is_mounted_over_the_root_is_not_seen_though_it_is_of_its_file_system() {
        if !test_needs::root("can mount a file over another") {
            return;
        }
        // Only this thread sees the mount, and it is gone with it.
        let in_own_namespace = || {
            let (passwd, group) = (Path::new("/etc/passwd"), Path::new("/etc/group"));
            unshare(CloneFlags::CLONE_NEWNS).unwrap();
            mount::<str, str, str, str>(None, "/", None, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None).unwrap();
            mount::<Path, Path, str, str>(Some(passwd), group, None, MsFlags::MS_BIND, None).unwrap();
            let options = CapsuleOptions::new();
            assert!(sees(&options, passwd) && !sees(&options, group));
        };
        std::thread::spawn(in_own_namespace).join().unwrap();
    }

    #[test]
    fn whatever_may_hold_the_engine_is_looked_at() {
        let place = tempfile::tempdir().unwrap();
        let [image, upper, lower] = ["image", "upper", "lower"].map(|name| place.path().join(name));
        fs::write(&image, "").unwrap();
        for (folder, program) in [(&upper, "podman"), (&lower, "dockerd")] {
            fs::create_dir_all(folder.join("usr/bin")).unwrap();
            fs::write(folder.join("usr/bin").join(program), "").unwrap();
        }
        let options = CapsuleOptions::new().lower([&image, &upper, &lower]);
        assert_eq!(engine_files(&options), [image.clone(), lower.join("usr/bin/dockerd")]);
        assert_eq!(engine_files(&options.kind(EngineKind::Podman)), [image, upper.join("usr/bin/podman")]);
        assert!(engine_files(&CapsuleOptions::new().lower([&upper])).is_empty());
    }

    #[test]
    fn a_program_is_looked_for_where_the_capsule_does() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().canonicalize().unwrap().join("podman");
        fs::write(&own, "").unwrap();
        let options = CapsuleOptions::new().kind(EngineKind::Podman).lower(["/"]);
        let options = options.variable("PATH", format!("{}:/usr/bin", folder.path().display()));
        assert_eq!(engine_files(&options), [own]);
    }

    #[test]
    fn hard_limits_are_read() {
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files   1024   20000   files\nMax processes unlimited unlimited processes\n";
        assert_eq!(hard_limit(limits, "Max open files"), Some(20000));
        assert_eq!(hard_limit(limits, "Max processes"), Some(1 << 20));
        assert_eq!(hard_limit(limits, "Max locks"), None);
    }

    #[test]
    fn a_file_of_the_user_stands_above_ours() {
        let options = CapsuleOptions::new().kind(EngineKind::Podman).file(CONTAINERS_CONF, "[containers]\n");
        let plan = plan(&options, &Folder::existing(Path::new("/tmp/x")));
        let files = plan.room.unwrap().files;
        assert_eq!(files, [(PathBuf::from(CONTAINERS_CONF), "[containers]\n".to_owned())]);
        assert!(plan.engine.is_none());
        assert_eq!(plan.helpers[0].socket, PathBuf::from(PODMAN_SERVICE));
        assert_eq!(plan.variables[SERVICE_VARIABLE], format!("unix://{PODMAN_SERVICE}"));
    }

    #[test]
    fn all_data_on_a_disk_shares_one_limit() {
        let data_root = |bytes| DataRoot::Disk { folder: None, bytes };
        let room = |bytes| {
            let options = CapsuleOptions::new().data_root(data_root(bytes));
            plan(&options, &Folder::existing(Path::new("/tmp/x"))).room.unwrap()
        };
        let from = |room: &Room| room.data.iter().map(|data| data.from.clone()).collect::<Vec<_>>();
        let folders = |base: &str| {
            ["var-lib-docker", "var-lib-containers"].map(|name| DataFrom::Disk { folder: Path::new(base).join(name) })
        };
        let limited = room(1 << 20);
        assert_eq!(limited.disk, Some(Disk { folder: "/tmp/x/data".into(), bytes: 1 << 20 }));
        assert_eq!(from(&limited), folders("/tmp/x/inner/disk"));
        let unlimited = room(0);
        assert_eq!((unlimited.disk.clone(), from(&unlimited)), (None, folders("/tmp/x/data").to_vec()));
    }

    #[test]
    fn containerd_is_started_first_where_it_is_wanted() {
        let options = CapsuleOptions::new().containerd_first().engine_options(["--debug"]);
        let plan = plan(&options, &Folder::existing(Path::new("/tmp/x")));
        assert_eq!(plan.helpers.len(), 1);
        let arguments = plan.engine.unwrap().arguments;
        assert!(
            arguments.contains(&format!("--containerd={CONTAINERD_SOCKET}"))
                && arguments.ends_with(&["--debug".into()])
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let options = CapsuleOptions::new().lower(["/no/such/root"]);
        let obstacle = obstacle(&options).unwrap();
        assert!(obstacle.contains("/no/such/root") || obstacle.contains("needs root"), "{obstacle}");
    }
}
