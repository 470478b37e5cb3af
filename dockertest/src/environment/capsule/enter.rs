//! The way into a capsule: a process that joins its namespaces, has a program run in them, passes signals on to it and ends
//! as it ends.

// Whoever started this process reads it.
#![expect(clippy::print_stderr)]

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use nix::sched::{CloneFlags, setns};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::chdir;
use rustix::fs::CWD;
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};

use super::escort;
use crate::engine::daemon::folder::Folder;
use crate::engine::daemon::fork::Alone;
use crate::engine::daemon::hierarchies::join_of_room;
use crate::engine::daemon::plan::{DIALECT, Entrance, Spoken};

/// The word by which a program is started to run another one in a capsule.
pub const ENTER: &str = "enter";

/// Exit status: the program could not be started, as of a shell.
const CANNOT_RUN: u8 = 126;
const NOT_FOUND: u8 = 127;
/// Exit status: the capsule could not be entered.
pub(super) const NO_WAY_IN: u8 = 125;

/// What names another engine than the one in the capsule.
const OTHER_ENGINES: [&str; 6] = [
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "CONTAINER_HOST",
    "CONTAINER_CONNECTION",
];

/// Runs a program in a capsule. `arguments` are what comes after the word [`ENTER`] on the command line:
/// `FOLDER [--share FOLDER]... [--need PATH]... -- PROGRAM ARGUMENT...`, where the first folder is that of the capsule.
/// What is shared is the same here and there; what is needed is brought in only where nothing of that path is seen.
///
/// A host that is made with [`host::serve::main`](crate::host::serve::main) has this part already. It forks, so it must be
/// called before a thread is started.
pub fn enter(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.collect();
    let Some(visit) = Visit::parse(&arguments) else {
        eprintln!("usage: {ENTER} FOLDER [--share FOLDER]... [--need PATH]... -- PROGRAM ARGUMENT...");
        return ExitCode::from(NO_WAY_IN);
    };
    // Looked at before this process is where it does not see itself any more.
    let alone = Alone::look().map_err(|error| error.to_string());
    match alone.and_then(|alone| visit.run(&visit.go_in()?, alone)) {
        Ok(status) => status,
        Err(problem) => {
            eprintln!("cannot enter the capsule {}: {problem}", visit.folder.display());
            ExitCode::from(NO_WAY_IN)
        }
    }
}

/// What is to be done in which capsule.
#[derive(Debug, PartialEq, Eq)]
struct Visit<'a> {
    folder: &'a Path,
    shared: Vec<&'a Path>,
    needed: Vec<&'a Path>,
    program: &'a OsStr,
    arguments: &'a [OsString],
}

/// A folder of this machine, on its way into the capsule.
struct Carried<'a> {
    path: &'a Path,
    tree: OwnedFd,
    identity: (u64, u64),
}

impl<'a> Visit<'a> {
    fn parse(arguments: &'a [OsString]) -> Option<Self> {
        let (folder, mut rest) = arguments.split_first()?;
        let (mut shared, mut needed) = (Vec::new(), Vec::new());
        while let [option, path, after @ ..] = rest
            && let Some(list) = match option.to_str() {
                Some("--share") => Some(&mut shared),
                Some("--need") => Some(&mut needed),
                _ => None,
            }
        {
            list.push(Path::new(path));
            rest = after;
        }
        match rest {
            [separator, program, arguments @ ..] if separator == "--" => {
                Some(Visit { folder: Path::new(folder), shared, needed, program, arguments })
            }
            _ => None,
        }
    }

    /// Joins the namespaces, with the folders that are shared, and stays in the working folder if that is seen inside.
    /// Gives the variables of the capsule.
    fn go_in(&self) -> Result<BTreeMap<String, String>, String> {
        let cannot = |what: &str, error: &dyn std::fmt::Display| format!("cannot {what}: {error}");
        let text = fs::read_to_string(Folder::existing(self.folder).entrance())
            .map_err(|error| format!("it is not there ({error})"))?;
        if let Some(other) = Spoken::other(&text) {
            let made_by = if other.is_empty() { "another build" } else { &other };
            return Err(format!("it was made by {made_by} of the program, not by {DIALECT}: make a new one"));
        }
        let entrance: Entrance = serde_json::from_str(&text).map_err(|error| cannot("read where it is", &error))?;
        let first = entrance.open()?;
        let working = std::env::current_dir().ok();
        let carry = |paths: &[&'a Path]| paths.iter().map(|path| Carried::take(path)).collect::<Result<Vec<_>, _>>();
        let (shared, needed) = (carry(&self.shared)?, carry(&self.needed)?);
        let all = CloneFlags::CLONE_NEWNS
            | CloneFlags::CLONE_NEWNET
            | CloneFlags::CLONE_NEWPID
            | CloneFlags::CLONE_NEWIPC
            | CloneFlags::CLONE_NEWUTS
            | CloneFlags::CLONE_NEWCGROUP;
        setns(first.as_fd(), all).map_err(|error| cannot("join its namespaces", &error))?;
        let missing = needed.into_iter().filter(|one| !one.path.exists());
        for one in shared.into_iter().chain(missing) {
            one.put().map_err(|error| cannot("bring in a folder", &error))?;
        }
        // Joining has led to the root.
        if let Some(folder) = working.filter(|folder| folder.is_dir()) {
            chdir(&folder).map_err(|error| cannot("enter the working folder", &error))?;
        }
        Ok(entrance.variables)
    }

    /// Only what is forked now is in the process namespace.
    fn run(&self, variables: &BTreeMap<String, String>, alone: Alone) -> Result<ExitCode, String> {
        escort::run(alone, |signals| self.become_program(variables, signals))
    }

    fn become_program(&self, variables: &BTreeMap<String, String>, signals: SigSet) -> ExitCode {
        let prepared = set_pdeathsig(Signal::SIGKILL)
            .map_err(io::Error::from)
            .and_then(|()| join_of_room(Path::new("/sys/fs/cgroup")))
            .and_then(|()| Ok(signals.thread_set_mask()?));
        if let Err(error) = prepared {
            eprintln!("cannot enter the capsule {}: {error}", self.folder.display());
            return ExitCode::from(NO_WAY_IN);
        }
        let mut command = Command::new(self.program);
        for name in OTHER_ENGINES {
            command.env_remove(name);
        }
        // Nor does a context that somebody chose lead anywhere else, whichever folder of settings (`--config`) it is in.
        command.env("DOCKER_CONTEXT", "default");
        let error = command.args(self.arguments).envs(variables).exec();
        eprintln!("cannot start `{}` in the capsule: {error}", Path::new(self.program).display());
        ExitCode::from(if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { CANNOT_RUN })
    }
}

impl<'a> Carried<'a> {
    fn take(path: &'a Path) -> Result<Self, String> {
        let cannot = |error: &dyn std::fmt::Display| format!("cannot share {}: {error}", path.display());
        if !path.is_absolute() {
            return Err(cannot(&"its path does not begin at the root"));
        }
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
        let tree = open_tree(CWD, path, flags).map_err(|error| cannot(&error))?;
        let identity = identity(path).map_err(|error| cannot(&error))?;
        Ok(Carried { path, tree, identity })
    }

    /// Mounts it where it was, in the namespace that this process is in now; nothing if somebody has done so before.
    fn put(self) -> io::Result<()> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", self.path.display()));
        if identity(self.path).is_ok_and(|seen| seen == self.identity) {
            return Ok(());
        }
        if self.tree.as_fd().try_clone_to_owned().map(fs::File::from).and_then(|tree| tree.metadata())?.is_dir() {
            fs::create_dir_all(self.path).map_err(named)?;
        } else if !self.path.exists() {
            self.path.parent().map_or(Ok(()), fs::create_dir_all).map_err(named)?;
            fs::write(self.path, "").map_err(named)?;
        }
        move_mount(
            &self.tree,
            "",
            CWD,
            self.path,
            MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_SYMLINKS,
        )
        .map_err(|error| named(error.into()))
    }
}

/// What a path leads to.
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::metadata(path).map(|data| (data.dev(), data.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_program_comes_after_the_separator() {
        let words = words("/tmp/c --share /a --need /b --share /c -- run --share");
        let visit = Visit::parse(&words).unwrap();
        assert_eq!(visit.shared, [Path::new("/a"), Path::new("/c")]);
        assert_eq!(visit.needed, [Path::new("/b")]);
        assert_eq!((visit.program, visit.arguments), (OsStr::new("run"), &words[9..]));
    }

    #[test]
    fn without_a_separator_nothing_is_run() {
        assert_eq!(Visit::parse(&words("/tmp/c run")), None);
        assert_eq!(Visit::parse(&words("/tmp/c --")), None);
        assert_eq!(Visit::parse(&[]), None);
    }
}
