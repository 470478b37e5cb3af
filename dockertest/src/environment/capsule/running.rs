//! A capsule, seen from outside.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::enter::ENTER;
use super::options::{CapsuleOptions, DataRoot};
use super::planning::{DOCKER_DATA, PODMAN_DATA, plan};
use super::standing::StandingCapsule;
use crate::engine::daemon::folder::{self, CAPSULE, Folder};
use crate::engine::daemon::launched::{Launched, Manner};
use crate::engine::daemon::order::Order;
use crate::engine::daemon::plan::Plan;
use crate::engine::daemon::{DaemonFailure, ping};
use crate::host::{CancelToken, HostProgram};

/// The socket of an engine with a daemon, inside.
pub(super) const SOCKET: &str = "/run/docker.sock";

/// Where engines and subtests write, each place a file system of its own.
const WRITTEN: [&str; 5] = [DOCKER_DATA, PODMAN_DATA, "/", "/run", "/tmp"];

/// How long the processes of a capsule may take to go when its engine has died, since before that was asked: one that hangs
/// has been waited for during most of it, only one that refuses to answer costs all of it. Measured 0.02 s.
const DEATH: Duration = Duration::from_secs(6);

/// Less is none. What is written to memory is written in pages.
const SPACE_BYTES: u64 = 64 << 10;

/// An engine of our own with all that belongs to it: a root that forgets what is written, and mount, network, process,
/// ipc, uts and cgroup namespaces. Programs that are run in it find the engine where they find that of a machine.
///
/// It goes with all that is in it when this value is dropped, and also when this program dies in whatever way.
///
/// ```no_run
/// use dockertest::environment::capsule::{Capsule, CapsuleOptions};
/// use dockertest::host::HostProgram;
///
/// let host = HostProgram::new("/usr/local/bin/dockertest-host");
/// let capsule = Capsule::start(&host, &CapsuleOptions::new())?;
/// let docker = capsule.program(&HostProgram::new("docker"), &[]);
/// std::process::Command::new(docker.path).args(docker.arguments).arg("version").status()?;
/// capsule.dispose()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Capsule {
    launched: Launched,
    id: String,
    door: HostProgram,
    has_daemon: bool,
}

impl Capsule {
    /// Makes a capsule and waits until its engine answers. `host` is a program that
    /// [`host::serve::main`](crate::host::serve::main) makes a host: it makes the namespaces, and it is how programs get
    /// in.
    ///
    /// # Errors
    /// When it does not come up; then nothing of it is left.
    pub fn start(host: &HostProgram, options: &CapsuleOptions) -> Result<Capsule, DaemonFailure> {
        Capsule::make(host, options, false, None)
    }

    /// The same, but given up when somebody wants to stop before it is there.
    ///
    /// # Errors
    /// When it does not come up, or is given up; then nothing of it is left.
    ///
    /// ```
    /// # use dockertest::engine::daemon::DaemonFailure;
    /// # use dockertest::environment::capsule::{Capsule, CapsuleOptions};
    /// # use dockertest::host::{CancelToken, HostProgram};
    /// # let host = HostProgram::new("/usr/local/bin/dockertest-host");
    /// let cancel = CancelToken::new()?;
    /// cancel.cancel("SIGINT");
    /// let given_up = Capsule::start_unless(&host, &CapsuleOptions::new(), &cancel);
    /// assert!(matches!(given_up, Err(DaemonFailure::GivenUp(reason)) if reason == "SIGINT"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn start_unless(
        host: &HostProgram,
        options: &CapsuleOptions,
        cancel: &CancelToken,
    ) -> Result<Capsule, DaemonFailure> {
        let mut capsule = Capsule::start_cut_off(host, options, cancel)?;
        capsule.launched.is_not_cut_off();
        match cancel.reason() {
            Some(reason) => Err(DaemonFailure::GivenUp(reason)),
            None => Ok(capsule),
        }
    }

    /// The same, and it is taken down at once when somebody wants to stop later.
    pub(super) fn start_cut_off(
        host: &HostProgram,
        options: &CapsuleOptions,
        cancel: &CancelToken,
    ) -> Result<Capsule, DaemonFailure> {
        let given_up = |failure| cancel.reason().map_or(failure, DaemonFailure::GivenUp);
        if let Some(reason) = cancel.reason() {
            return Err(DaemonFailure::GivenUp(reason));
        }
        Capsule::make(host, options, false, Some(cancel)).map_err(given_up)
    }

    /// Makes a capsule that stays when this process ends, until somebody [disposes of](StandingCapsule::dispose) it.
    ///
    /// # Errors
    /// When it does not come up; then nothing of it is left.
    ///
    /// ```no_run
    /// # use dockertest::environment::capsule::{Capsule, CapsuleOptions, StandingCapsule};
    /// # use dockertest::host::HostProgram;
    /// # let host = HostProgram::new("/usr/local/bin/dockertest-host");
    /// let standing = Capsule::leave(&host, &CapsuleOptions::new())?;
    /// println!("{} was made", standing.id());
    /// standing.dispose()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn leave(host: &HostProgram, options: &CapsuleOptions) -> Result<StandingCapsule, DaemonFailure> {
        let capsule = Capsule::make(host, options, true, None)?;
        let standing = StandingCapsule::at(capsule.folder());
        capsule.launched.leave();
        standing.ok_or_else(|| DaemonFailure::Left("the capsule that was made cannot be found".to_owned()))
    }

    fn make(
        host: &HostProgram,
        options: &CapsuleOptions,
        stays: bool,
        cancel: Option<&CancelToken>,
    ) -> Result<Capsule, DaemonFailure> {
        drop(folder::sweep());
        let (folder, locks) = if let DataRoot::Disk { folder: Some(disk), .. } = &options.data_root {
            drop(folder::sweep_in(disk));
            Folder::create_with_data_below(disk, CAPSULE)?
        } else {
            let (folder, lock) = Folder::create(CAPSULE).map_err(DaemonFailure::Folder)?;
            (folder, vec![lock])
        };
        let (id, plan) = (folder.name(), Plan { stays, ..plan(options, &folder) });
        let launched = Launched::launch(folder, locks, host, &plan, Manner { cancel, ..Manner::default() })?;
        let mut capsule = Capsule { launched, id, door: host.clone(), has_daemon: plan.engine.is_some() };
        if capsule.has_daemon {
            let socket = capsule.seen(SOCKET);
            capsule.launched.wait_until_it_answers(&socket)?;
        }
        Ok(capsule)
    }

    /// Its name, which is also the name of its machine inside.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The folder that it has on this machine: its log, and where its namespaces are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.launched.folder.path()
    }

    /// The process that is the first in it, as it is seen from here.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.launched.entrance.pid
    }

    /// A path of the capsule's, as it is reached from here.
    #[must_use]
    pub fn seen(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        PathBuf::from(format!("/proc/{}/root", self.pid())).join(path.strip_prefix("/").unwrap_or(path))
    }

    /// How a program is started in the capsule. It inherits standard input, output and error, the environment (without
    /// what names another engine) and the working folder, and ends with the status of the program. The folders of `shared`
    /// are there under the same path, and what is written there is written here. The program, and files that are named
    /// among its arguments, are brought in where they are not seen.
    #[must_use]
    pub fn program(&self, program: &HostProgram, shared: &[&Path]) -> HostProgram {
        enter_command(&self.door, self.folder(), program, shared)
    }

    /// Why nothing can be run in it any more, if so.
    #[must_use]
    pub fn problem(&mut self) -> Option<String> {
        let death = Instant::now() + DEATH;
        let mut is_gone = self.launched.ends_within(Duration::ZERO);
        let mut silence = None;
        if self.has_daemon && !is_gone {
            silence = ping(&self.seen(SOCKET)).err();
        }
        if silence.is_some() {
            // Where the engine has died, the rest is dying now.
            is_gone = self.launched.ends_within(death.saturating_duration_since(Instant::now()));
        }
        if is_gone {
            let log = self.launched.last_words();
            return Some(format!("the capsule {} is gone; its log ends with\n{log}", self.id));
        }
        if let Some(reason) = silence {
            return Some(format!("the engine of the capsule {} does not answer: {reason}", self.id));
        }
        // The engine answers as long as it need not write anything.
        let full = WRITTEN.iter().find(|place| is_full(&self.seen(place)))?;
        Some(format!("nothing more can be written to {full} in the capsule {}: no space is left there", self.id))
    }

    /// Terminates the engine, which then has written all that it keeps, and waits until it has ended.
    pub(super) fn stop_engine(&mut self) -> Result<(), DaemonFailure> {
        self.launched.order(Order::Stop)
    }

    /// The last lines of what the engine has said.
    pub fn log_end(&mut self) -> String {
        self.launched.log_end()
    }

    /// Ends it with all that is in it, and sees that nothing is left.
    ///
    /// # Errors
    /// When something is.
    pub fn dispose(mut self) -> Result<(), DaemonFailure> {
        match self.launched.take_down() {
            left if left.is_empty() => Ok(()),
            left => Err(DaemonFailure::Left(left.join("; "))),
        }
    }
}

/// Whether the file system at a path has no space left for root, which an engine is: what is kept for root alone counts
/// as free. One that has no limit says that it has no blocks at all.
fn is_full(path: &Path) -> bool {
    nix::sys::statvfs::statvfs(path).is_ok_and(|space| {
        space.blocks() > 0 && space.blocks_free().saturating_mul(space.fragment_size()) < SPACE_BYTES
    })
}

/// How a program is started in the capsule that has this folder.
pub(super) fn enter_command(door: &HostProgram, folder: &Path, program: &HostProgram, shared: &[&Path]) -> HostProgram {
    let mut arguments = door.arguments.clone();
    arguments.extend([OsString::from(ENTER), folder.into()]);
    for folder in shared {
        arguments.extend([OsString::from("--share"), OsString::from(folder)]);
    }
    // A program below `/tmp`, say, would not be seen inside, nor a plug-in that it is to load.
    let words = std::iter::once(program.path.as_os_str()).chain(program.arguments.iter().map(OsString::as_os_str));
    // What the kernel shows is another thing inside.
    let is_of_kernel = |path: &Path| ["/proc", "/sys", "/dev"].iter().any(|view| path.starts_with(view));
    for path in words.map(Path::new).filter(|path| path.is_absolute() && path.is_file() && !is_of_kernel(path)) {
        arguments.extend([OsString::from("--need"), OsString::from(path)]);
    }
    arguments.extend([OsString::from("--"), program.path.clone().into()]);
    arguments.extend(program.arguments.iter().cloned());
    HostProgram { path: door.path.clone(), arguments }
}
