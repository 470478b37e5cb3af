//! Podman's API, served by a process of ours.

use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tempfile::TempDir;

use super::keep::KEEP;
use crate::engine::daemon::ping;
use crate::host::HostProgram;

/// How long podman may take until it answers; measured 0.1 s.
const LIMIT: Duration = Duration::from_secs(30);

/// How often a service that is starting is asked whether it is there.
const TICK: Duration = Duration::from_millis(5);

/// Short, since the path of a socket may have 108 bytes at most.
const PARENT: &str = "/tmp";

/// Names the address of a service that is there for all who ask, as in a capsule.
pub(crate) const SERVICE_VARIABLE: &str = "DOCKERTEST_PODMAN_SERVICE";

/// How the names of the services' folders begin.
const PREFIX: &str = "dockertest-podman-";

/// `podman system service`, for as long as this value lives. It ends also when this program is killed: then the process
/// that keeps it reads the end of its standard input.
#[derive(Debug)]
pub(in crate::engine) struct Service {
    keeper: Child,
    /// What the keeper sees the end of.
    life: Option<ChildStdin>,
    socket: PathBuf,
    _folder: TempDir,
}

impl Service {
    /// Starts it with these words of a command line (podman and its options), and waits until it answers. `keeper` is a
    /// program that has the part [`keep`](super::keep()); `log` gets what podman says.
    pub(in crate::engine) fn start(
        keeper: &HostProgram,
        words: &[String],
        log: Option<&Path>,
    ) -> Result<Service, String> {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(PARENT);
        let folder = folder.map_err(|error| format!("cannot make a folder in `{PARENT}`: {error}"))?;
        let socket = folder.path().join("podman.sock");
        let mut command = Command::new(&keeper.path);
        command.args(&keeper.arguments).arg(KEEP).arg(folder.path()).args(words);
        command.args(["system", "service", "--time", "0"]).arg(format!("unix://{}", socket.display()));
        // Ctrl-C is for the run, which ends this one when it is over.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log_file(log));
        let mut keeper = command.spawn().map_err(|error| format!("cannot run {command:?}: {error}"))?;
        let life = keeper.stdin.take();
        let service = Service { keeper, life, socket, _folder: folder };
        service.wait_until_it_answers(log)?;
        Ok(service)
    }

    /// Where it listens.
    pub(in crate::engine) fn address(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// Whether an address is one of such a service, which another process of the run may have started: podman itself is
    /// the same for all of them.
    pub(in crate::engine) fn is_address(address: &str) -> bool {
        address.strip_prefix("unix://").and_then(|path| Path::new(path).parent()).is_some_and(|folder| {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            folder.parent() == Some(Path::new(PARENT)) && name.starts_with(PREFIX)
        })
    }

    fn wait_until_it_answers(&self, log: Option<&Path>) -> Result<(), String> {
        let pidfd = pidfd_open(Pid::from_child(&self.keeper), PidfdFlags::empty());
        let pidfd = pidfd.map_err(|error| format!("cannot look after podman's service: {error}"))?;
        let deadline = Instant::now() + LIMIT;
        let tick = PollTimeout::try_from(TICK).unwrap_or(PollTimeout::MAX);
        loop {
            let Err(problem) = ping(&self.socket) else { return Ok(()) };
            let ended = poll(&mut [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)], tick).is_ok_and(|ready| ready > 0);
            let what = match (ended, Instant::now() >= deadline) {
                (true, _) => "podman's service ended before it answered".to_owned(),
                (_, true) => format!("podman's service does not answer within {} s: {problem}", LIMIT.as_secs()),
                _ => continue,
            };
            return Err(format!("{what}{}", last_line(log)));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.life.take());
        // The keeper waits for podman some seconds at most.
        let _ = self.keeper.wait();
    }
}

fn log_file(log: Option<&Path>) -> Stdio {
    let file = log.and_then(|path| File::options().create(true).append(true).open(path).ok());
    file.map_or_else(Stdio::null, Stdio::from)
}

fn last_line(log: Option<&Path>) -> String {
    let text = log.and_then(|path| fs::read(path).ok()).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines().rfind(|line| !line.trim().is_empty()).map_or(String::new(), |line| format!(": {line}"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("unix:///tmp/dockertest-podman-AbC123/podman.sock", true)]
    #[case("unix:///tmp/dockertest-engine-1/docker.sock", false)]
    #[case("unix:///run/dockertest-podman-AbC123/podman.sock", false)]
    #[case("unix:///run/podman/podman.sock", false)]
    #[case("tcp://localhost", false)]
    fn a_service_of_ours_is_known_by_its_address(#[case] address: &str, #[case] expected: bool) {
        assert_eq!(Service::is_address(address), expected);
    }
}
