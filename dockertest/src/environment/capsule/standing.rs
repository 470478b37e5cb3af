//! The capsules that there are on this machine, whoever made them.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::options::{CapsuleOptions, DataRoot};
use super::running::enter_command;
use super::templates::Templates;
use crate::engine::daemon::DaemonFailure;
use crate::engine::daemon::folder::{self, CAPSULE, Folder, all};
use crate::engine::daemon::plan::Entrance;
use crate::host::HostProgram;

/// Measured 0.02 s; cgroups may take five seconds.
const END_LIMIT: Duration = Duration::from_secs(20);

/// A capsule that is there.
///
/// ```
/// use dockertest::environment::capsule::StandingCapsule;
///
/// for capsule in StandingCapsule::all() {
///     println!("{} has the process {}", capsule.id(), capsule.pid());
/// }
/// ```
#[derive(Debug, Clone)]
pub struct StandingCapsule {
    folder: Folder,
    entrance: Entrance,
    made: SystemTime,
}

impl StandingCapsule {
    /// All capsules of this machine that this user made, the oldest first.
    #[must_use]
    pub fn all() -> Vec<StandingCapsule> {
        let mut found: Vec<_> = all(CAPSULE).iter().filter_map(|folder| StandingCapsule::at(folder)).collect();
        found.sort_by_key(|capsule| (capsule.made, capsule.id()));
        found
    }

    /// The one of that name; what stands behind `dockertest-capsule-` is enough.
    #[must_use]
    pub fn named(id: &str) -> Option<StandingCapsule> {
        StandingCapsule::all().into_iter().find(|capsule| {
            let own = capsule.id();
            own == id || own.strip_prefix(CAPSULE) == Some(id)
        })
    }

    pub(super) fn at(folder: &Path) -> Option<StandingCapsule> {
        let folder = Folder::existing(folder);
        let (text, data) = (fs::read(folder.entrance()).ok()?, fs::metadata(folder.entrance()).ok()?);
        let entrance: Entrance = serde_json::from_slice(&text).ok()?;
        entrance.open().ok()?;
        Some(StandingCapsule { folder, entrance, made: data.modified().ok()? })
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> String {
        self.folder.name()
    }

    /// The folder that it has on this machine.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process that is the first in it, as it is seen from here.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.entrance.pid
    }

    /// When it was made.
    #[must_use]
    pub fn made(&self) -> SystemTime {
        self.made
    }

    /// The program of its engine, if that has a daemon.
    #[must_use]
    pub fn engine(&self) -> Option<&Path> {
        self.entrance.engine.as_deref()
    }

    /// Whether it stays until somebody disposes of it. One that does not goes with the process that made it.
    #[must_use]
    pub fn stays(&self) -> bool {
        self.entrance.stays
    }

    /// How a program is started in it; see [`Capsule::program`](super::Capsule::program).
    #[must_use]
    pub fn program(&self, host: &HostProgram, program: &HostProgram, shared: &[&Path]) -> HostProgram {
        enter_command(host, self.folder(), program, shared)
    }

    /// Ends it with all that is in it, and waits until nothing is left.
    ///
    /// # Errors
    /// When something is.
    pub fn dispose(&self) -> Result<(), DaemonFailure> {
        self.entrance.kill();
        let deadline = Instant::now() + END_LIMIT;
        // What looks after it removes the folder last.
        while self.folder().exists() {
            if Instant::now() >= deadline {
                let left = format!("{} is still there", self.folder().display());
                return Err(DaemonFailure::Left(left));
            }
            // Nobody tells when a folder is gone.
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

/// Removes what capsules, and other engines of our own, left that were killed together with all that looked after them, also
/// where capsules like these have their data. Gives back the folders that were found. It is done before each start, too.
///
/// Prepared images go, too: those that nobody finished, and those that nobody has used for 30 days.
///
/// ```no_run
/// use dockertest::environment::capsule::{CapsuleOptions, prune};
///
/// for folder in prune(&CapsuleOptions::new()) {
///     println!("removed {}", folder.display());
/// }
/// ```
#[must_use]
pub fn prune(options: &CapsuleOptions) -> Vec<PathBuf> {
    let mut removed = folder::sweep();
    if let DataRoot::Disk { folder: Some(disk), .. } = &options.data_root {
        removed.extend(folder::sweep_in(disk));
    }
    removed.extend(Templates::of_user().map(|templates| templates.prune()).unwrap_or_default());
    removed
}
