//! The engine that demo and tests run against: one that answers already, or one of our own.
//!
//! An engine of our own lives in mount, network, pid, ipc and uts namespaces of its own. In the network namespace of the
//! host it would delete or re-address the bridge and the rules of another engine, whatever options it is given.

use std::fs::{self, DirBuilder, File};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::{cgroups, inside, paths};

/// What the folder of an engine of our own holds.
pub(crate) const SOCKET: &str = "docker.sock";
pub(crate) const DATA: &str = "data";
pub(crate) const CONFIGURATION: &str = "daemon.json";
pub(crate) const LOCK: &str = "lock";

/// Short, since the path of a socket may have 108 bytes at most.
const PARENT: &str = "/tmp";
const PREFIX: &str = "dockertest-engine-";
const SYSTEM_SOCKET: &str = "/var/run/docker.sock";
/// Measured 0.2 s; a loaded machine gets time.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Measured 0.02 s; cgroups may take five seconds.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// An engine that answers.
#[derive(Debug)]
pub(crate) struct Engine {
    /// What `DOCKER_HOST` must be.
    pub(crate) address: String,
    own: Option<Own>,
}

/// The processes and the folder of an engine of our own. They go when `launcher`'s standard input is closed, so also
/// when this program dies in whatever way.
#[derive(Debug)]
struct Own {
    launcher: Child,
    folder: PathBuf,
    log: File,
    /// Tells a later run that the folder is in use.
    _lock: File,
}

/// The engine that is there already, if one is.
pub(crate) fn existing() -> Result<Option<Engine>, Failure> {
    let configured = std::env::var("DOCKER_HOST").ok().filter(|address| !address.is_empty());
    let Some(address) = configured else {
        return match ping(Path::new(SYSTEM_SOCKET)) {
            Ok(()) => Ok(Some(Engine { address: format!("unix://{SYSTEM_SOCKET}"), own: None })),
            Err(_) => Ok(None),
        };
    };
    let answer = match address.strip_prefix("unix://") {
        Some(socket) => ping(Path::new(socket)),
        None => ask_client(&address),
    };
    match answer {
        Ok(()) => Ok(Some(Engine { address, own: None })),
        Err(reason) => Err(Failure::setup(format!(
            "no engine answers at DOCKER_HOST={address}: {reason}\n\
             start that engine, or unset DOCKER_HOST to have one started"
        ))),
    }
}

/// Why this process cannot start an engine, and what to do; none if it can.
pub(crate) fn obstacle() -> Option<String> {
    if nix::unistd::geteuid().is_root() {
        return None;
    }
    let advice = match ping(Path::new(SYSTEM_SOCKET)) {
        Err(reason) if reason.contains("Permission denied") => "join the group `docker`, or run this command as root",
        _ => "start one (`sudo systemctl start docker`), name one with DOCKER_HOST, or run this command as root",
    };
    Some(format!("no container engine answers at {SYSTEM_SOCKET}, and starting one needs root\n{advice}"))
}

/// Starts an engine of our own and waits until it answers.
pub(crate) fn start() -> Result<Engine, Failure> {
    sweep();
    let folder = Path::new(PARENT).join(format!("{PREFIX}{}", std::process::id()));
    let mut own = launch(folder.clone()).map_err(|error| {
        drop(fs::remove_dir_all(&folder));
        Failure::setup(format!("cannot start an engine in {}: {error}", folder.display()))
    })?;
    let begin = Instant::now();
    match own.wait_until_it_answers(begin + START_LIMIT) {
        Ok(()) => {
            eprintln!("xtask: started an engine of our own in {} ms", begin.elapsed().as_millis());
            let address = format!("unix://{}", folder.join(SOCKET).display());
            Ok(Engine { address, own: Some(own) })
        }
        Err(reason) => {
            let log = own.read_log();
            own.stop().ok();
            Err(Failure::setup(format!("the engine that was started {reason}; its log ends with\n{log}")))
        }
    }
}

impl Engine {
    /// Stops the engine if we started it, and waits until nothing of it is left.
    pub(crate) fn stop(self) -> Result<(), Failure> {
        self.own.map_or(Ok(()), Own::stop)
    }
}

/// Makes the folder and starts the first process in it.
fn launch(folder: PathBuf) -> std::io::Result<Own> {
    DirBuilder::new().mode(0o700).create(&folder)?;
    let lock = File::create_new(folder.join(LOCK))?;
    lock.lock_shared()?;
    DirBuilder::new().mode(0o711).create(folder.join(DATA))?;
    fs::write(folder.join(CONFIGURATION), "{}\n")?;
    let log = File::options().read(true).append(true).create_new(true).open(folder.join("log"))?;
    let launcher = Command::new("unshare")
        .args(["--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child=KILL", "--mount-proc", "--"])
        .arg(std::env::current_exe()?)
        .arg(inside::COMMAND)
        .arg(&folder)
        .env("PATH", paths::search_path())
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(log.try_clone()?)
        .stderr(log.try_clone()?)
        // Ctrl-C is not for the engine: it has to outlive what is cleaning up.
        .process_group(0)
        .spawn()?;
    Ok(Own { launcher, folder, log, _lock: lock })
}

impl Own {
    fn wait_until_it_answers(&mut self, deadline: Instant) -> Result<(), String> {
        let socket = self.folder.join(SOCKET);
        let mut pause = Duration::from_millis(5);
        loop {
            let Err(reason) = ping(&socket) else { return Ok(()) };
            if let Ok(Some(status)) = self.launcher.try_wait() {
                return Err(format!("ended ({status})"));
            }
            if Instant::now() >= deadline {
                return Err(format!("did not answer within {} s: {reason}", START_LIMIT.as_secs()));
            }
            // A socket that is not there yet can only be tried again.
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    /// The last lines of what the engine said. The file can be read through its descriptor when it is removed already.
    fn read_log(&mut self) -> String {
        let mut bytes = Vec::new();
        drop(self.log.rewind().and_then(|()| self.log.read_to_end(&mut bytes)));
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].iter().map(|line| format!("  {line}\n")).collect()
    }

    /// Closes the pipe, which ends everything inside, and sees that it did.
    fn stop(mut self) -> Result<(), Failure> {
        drop(self.launcher.stdin.take());
        if wait(&mut self.launcher, Instant::now() + STOP_LIMIT).is_none() {
            // Its child dies with it, and with that child the namespaces.
            drop(self.launcher.kill());
            drop(self.launcher.wait());
        }
        remove_remains(&self.folder);
        if self.folder.exists() {
            return Err(Failure::failed(format!("the engine left {} behind", self.folder.display())));
        }
        Ok(())
    }
}

/// Waits for the end of a process; none at the deadline.
fn wait(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    let mut pause = Duration::from_millis(2);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => {}
            Ok(None) | Err(_) => return None,
        }
        // The standard library has no wait with a deadline.
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// Removes what the engines of earlier runs left that were killed all at once, supervisor included.
fn sweep() {
    let Ok(entries) = fs::read_dir(PARENT) else { return };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry.metadata().is_ok_and(|data| data.is_dir() && data.uid() == nix::unistd::geteuid().as_raw());
        if is_ours && is_abandoned(&entry.path()) {
            eprintln!("xtask: removing what an earlier engine left in {}", entry.path().display());
            remove_remains(&entry.path());
        }
    }
}

/// Whether nobody holds the lock. A folder without a lock file is just being made or removed.
fn is_abandoned(folder: &Path) -> bool {
    File::open(folder.join(LOCK)).is_ok_and(|file| file.try_lock().is_ok())
}

fn remove_remains(folder: &Path) {
    if let Some(name) = folder.file_name() {
        for group in cgroups::remove(&name.to_string_lossy()) {
            eprintln!("xtask: cannot remove the cgroup {}", group.display());
        }
    }
    match fs::remove_dir_all(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => eprintln!("xtask: cannot remove {}: {error}", folder.display()),
    }
}

/// Asks the engine behind the socket whether it is there; the error says why not.
fn ping(socket: &Path) -> Result<(), String> {
    let ask = || -> std::io::Result<String> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.set_write_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.take(64 * 1024).read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned())
    };
    match ask() {
        Ok(line) if line.split(' ').nth(1) == Some("200") => Ok(()),
        Ok(line) => Err(format!("{} answers `{line}` to a ping", socket.display())),
        Err(error) => Err(format!("{}: {error}", socket.display())),
    }
}

/// Asks an engine that is not behind a local socket, through the client.
fn ask_client(address: &str) -> Result<(), String> {
    let output = Command::new("docker")
        .args(["--host", address, "version", "--format", "{{.Server.Version}}"])
        .env("PATH", paths::search_path())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot start the docker client: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()) }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;
    use std::path::Path;
    use std::thread;

    use rstest::rstest;

    use super::{LOCK, is_abandoned, ping};

    /// Answers one connection with the text and gives the result of a ping to it.
    fn ping_server_that_says(answer: &'static str) -> Result<(), String> {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let listener = UnixListener::bind(&socket).unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 256];
            let size = stream.read(&mut request).unwrap();
            assert!(request[..size].starts_with(b"GET /_ping HTTP/1.0\r\n"));
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let result = ping(&socket);
        server.join().unwrap();
        result
    }

    #[test]
    fn engine_that_says_ok_answers() {
        assert_eq!(ping_server_that_says("HTTP/1.0 200 OK\r\nApi-Version: 1.41\r\n\r\nOK"), Ok(()));
    }

    #[rstest]
    #[case::error_status("HTTP/1.0 503 Service Unavailable\r\n\r\n")]
    #[case::nothing("")]
    #[case::something_else("SSH-2.0-OpenSSH\r\n")]
    fn anything_else_is_no_engine(#[case] answer: &'static str) {
        assert!(ping_server_that_says(answer).unwrap_err().contains("to a ping"));
    }

    #[test]
    fn missing_socket_is_named() {
        assert!(ping(Path::new("/no/such.sock")).unwrap_err().starts_with("/no/such.sock: "));
    }

    #[test]
    fn folder_is_abandoned_when_nobody_holds_its_lock() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_abandoned(folder.path()), "just being made");
        fs::write(folder.path().join(LOCK), "").unwrap();
        assert!(is_abandoned(folder.path()));
        let lock = File::open(folder.path().join(LOCK)).unwrap();
        lock.lock_shared().unwrap();
        assert!(!is_abandoned(folder.path()));
    }
}
