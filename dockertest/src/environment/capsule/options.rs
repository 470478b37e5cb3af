//! What a capsule is to be like.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::held::Held;

/// Where the engine in a capsule keeps its images and containers.
///
/// ```
/// use dockertest::environment::capsule::DataRoot;
///
/// assert_eq!(DataRoot::default(), DataRoot::Memory { bytes: 4 << 30 });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DataRoot {
    /// In memory, at most so much. What is there counts as memory of the capsule, too.
    Memory {
        /// How much.
        bytes: u64,
    },
    /// On the disk that has this folder, in one of its own, which goes with the capsule.
    Disk {
        /// The folder; nothing: `/tmp`.
        folder: Option<PathBuf>,
        /// How much at most, in a file system of its own in a file, for which `mke2fs` is needed; 0: as much as that disk has.
        bytes: u64,
    },
    /// In this folder, where it stays when the capsule is gone.
    Folder(PathBuf),
}

/// How much data an engine may have if nobody says.
pub(super) const DATA_BYTES: u64 = 4 << 30;

impl Default for DataRoot {
    fn default() -> Self {
        DataRoot::Memory { bytes: DATA_BYTES }
    }
}

/// Which kind of engine is in a capsule.
///
/// ```
/// use dockertest::environment::capsule::EngineKind;
///
/// assert_eq!(EngineKind::of_command("/usr/bin/podman".as_ref()), EngineKind::Podman);
/// assert_eq!(EngineKind::of_command("docker".as_ref()), EngineKind::Docker);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum EngineKind {
    /// A daemon, which is started.
    #[default]
    Docker,
    /// No daemon: each command of `podman` is the engine.
    Podman,
}

impl EngineKind {
    /// The kind that a command line program (`docker_path`) is for.
    #[must_use]
    pub fn of_command(docker_path: &Path) -> Self {
        let name = docker_path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("podman") { EngineKind::Podman } else { EngineKind::Docker }
    }
}

/// What a capsule is to be like. As it comes it has this machine's root, `dockerd` without rules in the packet filter, and
/// limits that leave the machine alive.
///
/// ```
/// use dockertest::environment::capsule::CapsuleOptions;
///
/// let options = CapsuleOptions::new()
///     .lower(["/mnt/docker28", "/"])
///     .engine_options(["--iptables=false", "--ip6tables=false"])
///     .file("/etc/containers/registries.conf", "[[registry]]\nlocation = \"localhost:5000\"\ninsecure = true\n")
///     .variable("PODMAN_IGNORE_CGROUPSV1_WARNING", "1");
/// assert_eq!(options.lower.len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CapsuleOptions {
    /// What lies below the root of the capsule, the uppermost first; only `/` as it comes: folders, and files with a file
    /// system in them. A folder of this machine's root file system cannot be stacked upon `/`; a file, or a folder of
    /// another file system, can.
    pub lower: Vec<PathBuf>,
    /// What kind of engine it is.
    pub kind: EngineKind,
    /// The engine's program; a name without a slash is searched for.
    pub engine: PathBuf,
    /// What the engine is started with, besides the address of its socket.
    pub engine_options: Vec<String>,
    /// Whether `containerd` is started before the engine: some engines wait a second for one that they start themselves.
    pub containerd_first: bool,
    /// Variables of the environment of the engine and of all that is run in the capsule.
    pub variables: BTreeMap<String, String>,
    /// Files that are there, whatever lies below: the path and what is in it.
    pub files: Vec<(PathBuf, String)>,
    /// Where the engine keeps its data.
    pub data_root: DataRoot,
    /// How much all in the capsule together may use, data in memory included; 0: as much as there is.
    pub memory_bytes: u64,
    /// How many processes and threads there may be in it; 0: as many as the machine bears.
    pub processes: u64,
    /// How much may be written to the root, to `/tmp` and to `/run`, each.
    pub scratch_bytes: u64,
    /// The data folder of an engine that was stopped, whose images are to be there from the beginning.
    pub template: Option<PathBuf>,
    /// Keeps the template from being removed.
    pub(super) in_use: InUse,
}

/// A template of ours that is held. It says nothing of what a capsule is like.
#[derive(Debug, Clone, Default)]
pub(super) struct InUse(Option<Arc<Held>>);

impl InUse {
    /// Whether it is one of ours, which goes if nobody holds it.
    pub(super) fn is_held(&self) -> bool {
        self.0.is_some()
    }
}

impl PartialEq for InUse {
    fn eq(&self, _: &InUse) -> bool {
        true
    }
}

impl Eq for InUse {}

impl Default for CapsuleOptions {
    fn default() -> Self {
        CapsuleOptions::new()
    }
}

impl CapsuleOptions {
    /// `dockerd` of this machine.
    #[must_use]
    pub fn new() -> Self {
        CapsuleOptions {
            lower: vec![PathBuf::from("/")],
            kind: EngineKind::Docker,
            engine: PathBuf::from("dockerd"),
            // Half of the start-up time of an engine goes into rules that few need in a network of its own.
            engine_options: vec!["--iptables=false".to_owned(), "--ip6tables=false".to_owned()],
            containerd_first: false,
            variables: BTreeMap::new(),
            files: Vec::new(),
            data_root: DataRoot::default(),
            memory_bytes: 8 << 30,
            processes: 8192,
            scratch_bytes: 1 << 30,
            template: None,
            in_use: InUse::default(),
        }
    }

    /// The same with this kind of engine.
    #[must_use]
    pub fn kind(mut self, kind: EngineKind) -> Self {
        self.kind = kind;
        self
    }

    /// The same with these folders and file system images below its root, the uppermost first.
    #[must_use]
    pub fn lower<P: Into<PathBuf>>(mut self, folders: impl IntoIterator<Item = P>) -> Self {
        self.lower = folders.into_iter().map(Into::into).collect();
        self
    }

    /// The same with another program as engine.
    #[must_use]
    pub fn engine(mut self, program: impl Into<PathBuf>) -> Self {
        self.engine = program.into();
        self
    }

    /// The same with these options of the engine in place of those that it has.
    #[must_use]
    pub fn engine_options<S: Into<String>>(mut self, options: impl IntoIterator<Item = S>) -> Self {
        self.engine_options = options.into_iter().map(Into::into).collect();
        self
    }

    /// The same with `containerd` started first.
    #[must_use]
    pub fn containerd_first(mut self) -> Self {
        self.containerd_first = true;
        self
    }

    /// The same with a variable of the environment.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// The same with a file.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>, content: impl Into<String>) -> Self {
        self.files.push((path.into(), content.into()));
        self
    }

    /// The same with the data elsewhere.
    #[must_use]
    pub fn data_root(mut self, data_root: DataRoot) -> Self {
        self.data_root = data_root;
        self
    }

    /// The same with another limit of memory, in bytes.
    #[must_use]
    pub fn memory_bytes(mut self, bytes: u64) -> Self {
        self.memory_bytes = bytes;
        self
    }

    /// The same with another limit of processes and threads.
    #[must_use]
    pub fn processes(mut self, count: u64) -> Self {
        self.processes = count;
        self
    }

    /// The same with another limit of what is written to the root, to `/tmp` and to `/run`.
    #[must_use]
    pub fn scratch_bytes(mut self, bytes: u64) -> Self {
        self.scratch_bytes = bytes;
        self
    }

    /// The same with images that are there from the beginning.
    #[must_use]
    pub fn template(mut self, folder: impl Into<PathBuf>) -> Self {
        (self.template, self.in_use) = (Some(folder.into()), InUse::default());
        self
    }

    /// The same, and it stays as long as these options do.
    pub(super) fn held_template(mut self, folder: PathBuf, held: Held) -> Self {
        (self.template, self.in_use) = (Some(folder), InUse(Some(Arc::new(held))));
        self
    }
}
