//! What is made in new namespaces and run there: the runner's side writes it, the first process reads it.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

/// What both sides have to agree on, since they are often two programs: the version, and a number that grows with every
/// change of what they tell each other.
pub(crate) const DIALECT: &str = concat!(env!("CARGO_PKG_VERSION"), "/4");

/// What every build says and understands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spoken {
    #[serde(default)]
    pub(crate) dialect: String,
}

impl Spoken {
    /// What this build speaks.
    pub(crate) fn here() -> String {
        DIALECT.to_owned()
    }

    /// What a line is spoken in, if it is not in ours; empty if it does not say.
    pub(crate) fn other(line: &str) -> Option<String> {
        let spoken: Spoken = serde_json::from_str(line).unwrap_or_default();
        (spoken.dialect != DIALECT).then_some(spoken.dialect)
    }
}

/// What the processes that make and keep the namespaces are told, in one line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) dialect: String,
    /// Nothing: this machine's root, with `/run` and the data folder in memory.
    pub(crate) room: Option<Room>,
    /// Programs that have to listen before the engine is started.
    pub(crate) helpers: Vec<Helper>,
    /// The engine. An engine that has no daemon is not started.
    pub(crate) engine: Option<Program>,
    /// What is in the environment of all that is run inside.
    pub(crate) variables: BTreeMap<String, String>,
    /// Whether all stays when the process is gone that wanted it.
    pub(crate) stays: bool,
}

/// A program with what it is started with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) variables: BTreeMap<String, String>,
}

/// A program that the engine needs, and the socket by which one sees that it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Helper {
    pub(crate) program: Program,
    pub(crate) socket: PathBuf,
}

/// A root of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Room {
    /// What lies below, the uppermost first.
    pub(crate) lower: Vec<PathBuf>,
    /// How much may be written to the root, to `/tmp` and to `/run`, each.
    pub(crate) scratch_bytes: u64,
    /// A file system of limited size on a disk, for data that is not in memory.
    pub(crate) disk: Option<Disk>,
    /// Where engines keep their data.
    pub(crate) data: Vec<Data>,
    /// Files that are there with this content, whatever lies below.
    pub(crate) files: Vec<(PathBuf, String)>,
    /// Images that are there from the beginning.
    pub(crate) template: Option<Template>,
    pub(crate) limits: Limits,
}

/// A file with a file system in it, made when it is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Disk {
    pub(crate) folder: PathBuf,
    pub(crate) bytes: u64,
}

/// A folder for the data of engines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Data {
    pub(crate) place: PathBuf,
    pub(crate) from: DataFrom,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DataFrom {
    Memory { bytes: u64 },
    Disk { folder: PathBuf },
}

/// The data folder of an engine that was stopped, and where its copy is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Template {
    pub(crate) folder: PathBuf,
    /// The folder with the lock that keeps it, if it goes without.
    pub(crate) in_use: Option<PathBuf>,
    pub(crate) place: PathBuf,
}

/// What all processes of the namespaces together may use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Limits {
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) processes: Option<u64>,
}

/// What is said when the namespaces are there and the engine has been started. It is also kept in the folder, for
/// whoever wants to enter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entrance {
    pub(crate) dialect: String,
    /// The first process, as it is seen from outside.
    pub(crate) pid: i32,
    /// Its process namespace: another process may have the same id later, but not the same namespace with it.
    pub(crate) namespace: PathBuf,
    /// The engine's program, if it has a daemon.
    pub(crate) engine: Option<PathBuf>,
    /// What is in the environment of all that is run inside.
    pub(crate) variables: BTreeMap<String, String>,
    /// Whether nobody needs to be there for it.
    pub(crate) stays: bool,
}

impl Entrance {
    /// What `/proc` shows of the namespace that the process has.
    pub(crate) fn namespace_of(process: &Path) -> io::Result<PathBuf> {
        std::fs::read_link(process.join("ns/pid"))
    }

    /// A descriptor of the first process, if it is still the one that was told of.
    pub(crate) fn open(&self) -> Result<OwnedFd, String> {
        let gone = || "it is gone".to_owned();
        let pid = Pid::from_raw(self.pid).ok_or_else(gone)?;
        let first = pidfd_open(pid, PidfdFlags::empty()).map_err(|_| gone())?;
        // The descriptor is open: if the namespace is the right one now, the descriptor is that of the right process.
        match Entrance::namespace_of(Path::new(&format!("/proc/{}", self.pid))) {
            Ok(namespace) if namespace == self.namespace => Ok(first),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err("it needs root".to_owned()),
            Ok(_) | Err(_) => Err(gone()),
        }
    }

    /// Kills the first process, and with it all others of its namespace.
    pub(crate) fn kill(&self) {
        if let Ok(first) = self.open() {
            // It may have ended just now.
            let _ = pidfd_send_signal(first, Signal::KILL);
        }
    }
}
