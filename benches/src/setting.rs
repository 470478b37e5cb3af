//! Where the measured programs are and where they work.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dockertest::config::{Configuration, Layers, Source};
use tempfile::TempDir;

/// How thorough to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// All figures, with at least 7 rounds.
    Full,
    /// All figures, with fewer rounds and fewer subtests.
    Quick,
}

/// The programs under test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    /// `dockertest`.
    pub dockertest: PathBuf,
    /// The host of this crate, static.
    pub host: PathBuf,
    /// The same, dynamic.
    pub dynamic_host: PathBuf,
    /// The host of the bundled subtests, if it is there.
    pub suite_host: Option<PathBuf>,
}

impl Programs {
    /// The programs that are in a folder: `dockertest`, `noop-host`; `noop-host-static` and
    /// `dockertest-host` if they are there.
    ///
    /// # Errors
    /// One of them is not there.
    pub fn in_folder(folder: &Path) -> io::Result<Programs> {
        let find = |name: &str| -> io::Result<PathBuf> {
            let path = std::path::absolute(folder.join(name))?;
            let missing = |problem| io::Error::new(io::Error::kind(&problem), format!("{}: {problem}", path.display()));
            fs::metadata(&path).map_err(missing)?;
            Ok(path)
        };
        let dynamic_host = find("noop-host")?;
        // The build for tests has only that one.
        let host = find("noop-host-static").unwrap_or_else(|_| dynamic_host.clone());
        let suite_host = find("dockertest-host").ok();
        Ok(Programs { dockertest: find("dockertest")?, host, dynamic_host, suite_host })
    }
}

/// All that the measurements have in common.
#[derive(Debug)]
pub struct Setting {
    /// The programs under test.
    pub programs: Programs,
    /// How thorough to be.
    pub effort: Effort,
    /// The shipped configuration.
    pub configuration: Configuration,
    /// A folder on a real disk.
    pub disk: TempDir,
    /// A folder in memory, if the machine has one.
    pub memory: Option<TempDir>,
}

impl Setting {
    /// Makes the folders: `base` is on a real disk.
    ///
    /// # Errors
    /// A folder cannot be made, or the shipped configuration is not what it should be.
    pub fn new(programs: Programs, effort: Effort, base: &Path) -> io::Result<Setting> {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config_defaults");
        let configuration = Layers::new().defaults(Source::Folder(shipped)).load().map_err(io::Error::other)?;
        fs::create_dir_all(base)?;
        let disk = TempDir::with_prefix_in("dockertest-bench-", std::path::absolute(base)?)?;
        let memory = TempDir::with_prefix_in("dockertest-bench-", "/dev/shm").ok();
        Ok(Setting { programs, effort, configuration, disk, memory })
    }

    /// The number of rounds: at least 7, or 3 if it is to be quick.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.pick(9, 3)
    }

    /// One of two values, by the effort.
    pub fn pick<T>(&self, full: T, quick: T) -> T {
        if self.effort == Effort::Full { full } else { quick }
    }

    /// A call of `dockertest` from the disk's folder, with no engine to talk to and its output thrown away.
    #[must_use]
    pub fn dockertest(&self, host: &Path) -> Command {
        let mut command = Command::new(&self.programs.dockertest);
        command
            .current_dir(self.disk.path())
            .env("DOCKERTEST_HOST", host)
            .env("DOCKER_HOST", "unix:///nonexistent/dockertest-bench.sock")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// `dockertest run` of these subtests, into this folder, which is gone before.
    #[must_use]
    pub fn run(&self, host: &Path, results: &Path, names: &[String]) -> Command {
        let mut command = self.dockertest(host);
        command.arg("run").arg(format!("--args={}", names.join(","))).arg("--results").arg(results);
        command
    }
}

/// Runs a command that has to succeed, and says how long it took.
///
/// # Errors
/// It cannot be started, or does not succeed.
pub fn timed(command: &mut Command) -> io::Result<Duration> {
    let start = Instant::now();
    let status = command.status()?;
    let took = start.elapsed();
    if status.success() { Ok(took) } else { Err(io::Error::other(format!("{command:?}: {status}"))) }
}

/// Removes a folder that may be gone.
///
/// # Errors
/// It cannot be removed.
pub fn clear(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
