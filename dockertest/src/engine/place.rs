//! Where the engine's daemon lives: it may have other namespaces than this process.
//!
//! An address such as `127.0.0.1:5000` is one of the daemon's network, a process id that it tells is one of its own
//! table of processes, and what it mounts is seen in its mount namespace only. [`Place`] is the way there.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use nix::sched::{CloneFlags, setns};
use nix::sys::socket::{getsockopt, sockopt};

/// What an address of a socket of this machine begins with.
const UNIX: &str = "unix://";

/// Where the engine's daemon lives.
///
/// ```no_run
/// use dockertest::engine::Place;
///
/// let place = Place::of_address("unix:///var/run/docker.sock")?;
/// let layers = place.root().join("var/lib/docker/overlay2"); // as the daemon sees it
/// let first_process = std::fs::read_to_string(place.proc().join("1/comm"));
/// # Ok::<(), dockertest::engine::PlaceFailure>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pid: i32,
}

/// The engine's place cannot be found or entered.
///
/// ```
/// use dockertest::engine::Place;
///
/// let remote = Place::of_address("tcp://127.0.0.1:2375").unwrap_err();
/// assert_eq!(remote.to_string(), "the engine at `tcp://127.0.0.1:2375` is not behind a socket of this machine");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceFailure {
    /// Only a daemon of this machine has a place that can be entered.
    #[error("the engine at `{0}` is not behind a socket of this machine")]
    Remote(String),
    /// The daemon is in a process namespace that cannot be seen from here.
    #[error("the process of the engine at `{0}` cannot be seen from here: it is in an outer process namespace")]
    Hidden(String),
    /// The socket does not answer, or the namespace cannot be entered.
    #[error("cannot {what}{}", advice(source))]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
}

fn advice(error: &io::Error) -> &'static str {
    if error.kind() == io::ErrorKind::PermissionDenied { "; it needs root" } else { "" }
}

impl Place {
    /// The place of the daemon that holds the socket at an address (`unix:///path`): the process that listens there.
    ///
    /// # Errors
    /// When the address is no socket of this machine, nothing listens, or the daemon cannot be seen.
    ///
    /// ```
    /// use std::os::unix::net::UnixListener;
    /// use dockertest::engine::Place;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let socket = folder.path().join("engine.sock");
    /// let _engine = UnixListener::bind(&socket)?;
    /// let place = Place::of_address(&format!("unix://{}", socket.display()))?;
    /// assert_eq!(place.pid(), std::process::id() as i32);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of_address(address: &str) -> Result<Place, PlaceFailure> {
        let socket = address.strip_prefix(UNIX).ok_or_else(|| PlaceFailure::Remote(address.to_owned()))?;
        let failed = |source| PlaceFailure::Io { what: format!("ask whose socket `{socket}` is"), source };
        let stream = UnixStream::connect(socket).map_err(failed)?;
        let peer = getsockopt(&stream.as_fd(), sockopt::PeerCredentials).map_err(|error| failed(error.into()))?;
        match peer.pid() {
            0 => Err(PlaceFailure::Hidden(address.to_owned())),
            pid => Ok(Place { pid }),
        }
    }

    /// The process id of the daemon, as it is seen from here. With socket activation that is the service manager,
    /// which lives in the same place.
    ///
    /// ```no_run
    /// # use dockertest::engine::Place;
    /// let place = Place::of_address("unix:///var/run/docker.sock")?;
    /// println!("the daemon is process {}", place.pid());
    /// # Ok::<(), dockertest::engine::PlaceFailure>(())
    /// ```
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// The root folder as the daemon sees it: join a path of the daemon's without its leading slash.
    ///
    /// ```no_run
    /// # use dockertest::engine::Place;
    /// let place = Place::of_address("unix:///var/run/docker.sock")?;
    /// let volume = place.root().join("var/lib/docker/volumes/data/_data");
    /// # Ok::<(), dockertest::engine::PlaceFailure>(())
    /// ```
    #[must_use]
    pub fn root(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root", self.pid))
    }

    /// A path of the daemon's, such as a volume's mount point, as it is reached from here.
    ///
    /// ```no_run
    /// # use dockertest::engine::Place;
    /// let place = Place::of_address("unix:///var/run/docker.sock")?;
    /// let seen = std::fs::read_dir(place.path("/var/lib/docker/volumes/data/_data"));
    /// # Ok::<(), dockertest::engine::PlaceFailure>(())
    /// ```
    #[must_use]
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root().join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The daemon's `/proc`: process ids that the engine tells are names of folders in it.
    ///
    /// ```no_run
    /// # use dockertest::engine::Place;
    /// # let pid_in_inspect = 4711;
    /// let place = Place::of_address("unix:///var/run/docker.sock")?;
    /// let status = std::fs::read_to_string(place.proc().join(format!("{pid_in_inspect}/status")));
    /// # Ok::<(), dockertest::engine::PlaceFailure>(())
    /// ```
    #[must_use]
    pub fn proc(&self) -> PathBuf {
        self.root().join("proc")
    }

    /// Whether the daemon's network is the one of this process.
    ///
    /// # Errors
    /// When the namespaces cannot be looked at, which needs root for another user's daemon.
    ///
    /// ```no_run
    /// # use dockertest::engine::Place;
    /// let place = Place::of_address("unix:///var/run/docker.sock")?;
    /// if !place.shares_net()? {
    ///     println!("its 127.0.0.1 is not ours");
    /// }
    /// # Ok::<(), dockertest::engine::PlaceFailure>(())
    /// ```
    pub fn shares_net(&self) -> Result<bool, PlaceFailure> {
        let own = fs::read_link("/proc/self/ns/net").map_err(|source| self.net_failure(source))?;
        let its = fs::read_link(self.net()).map_err(|source| self.net_failure(source))?;
        Ok(own == its)
    }

    /// Does something in the daemon's network, on a thread of its own. Sockets that are made there stay there.
    ///
    /// # Errors
    /// When the network namespace cannot be entered.
    ///
    /// ```no_run
    /// use std::net::TcpStream;
    /// use dockertest::engine::Place;
    ///
    /// let place = Place::of_address("unix:///var/run/docker.sock")?;
    /// let connected = place.run_in_net(|| TcpStream::connect("127.0.0.1:5000"))?;
    /// # let _ = connected;
    /// # Ok::<(), dockertest::engine::PlaceFailure>(())
    /// ```
    pub fn run_in_net<T: Send>(&self, action: impl FnOnce() -> T + Send) -> Result<T, PlaceFailure> {
        if self.shares_net()? {
            return Ok(action());
        }
        let namespace = fs::File::open(self.net()).map_err(|source| self.net_failure(source))?;
        // A namespace is entered by one thread only, which ends with the action.
        let inside = || -> io::Result<T> {
            setns(&namespace, CloneFlags::CLONE_NEWNET)?;
            Ok(action())
        };
        let done = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("engine-net".to_owned()).spawn_scoped(scope, inside)?;
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        done.map_err(|source| self.net_failure(source))
    }

    fn net(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/ns/net", self.pid))
    }

    fn net_failure(&self, source: io::Error) -> PlaceFailure {
        PlaceFailure::Io { what: format!("enter the network of the engine's process {}", self.pid), source }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    fn own_place() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let _listener = UnixListener::bind(&socket).unwrap();
        Place::of_address(&format!("unix://{}", socket.display())).unwrap()
    }

    #[test]
    fn a_place_of_this_process_is_this_process() {
        let place = own_place();
        assert!(place.shares_net().unwrap());
        assert_eq!(place.run_in_net(std::process::id).unwrap(), std::process::id());
        let own = fs::read_to_string(place.proc().join("self/comm")).unwrap();
        assert_eq!(own, fs::read_to_string("/proc/self/comm").unwrap());
        assert_eq!(place.path("/etc/x"), place.root().join("etc/x"));
    }

    #[test]
    fn nothing_listens_is_an_io_failure_that_names_the_socket() {
        let failure = Place::of_address("unix:///nonexistent/s").unwrap_err();
        assert_eq!(failure.to_string(), "cannot ask whose socket `/nonexistent/s` is");
    }
}
