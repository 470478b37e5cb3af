//! The engine that demo and tests run against: one that answers already, or one of our own.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use dockertest::engine::daemon::{self, Daemon, DaemonOptions, ping};
use dockertest::host::HostProgram;
use dockertest::with_causes;

use crate::failure::Failure;
use crate::paths;

const SYSTEM_SOCKET: &str = "/var/run/docker.sock";

/// An engine that answers.
#[derive(Debug)]
pub(crate) struct Engine {
    /// What `DOCKER_HOST` must be.
    pub(crate) address: String,
    own: Option<Daemon>,
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
    let cannot = |error: &dyn std::fmt::Display| Failure::setup(format!("cannot start an engine: {error}"));
    // By its name there may be another one by now: what builds the workspace also builds this program.
    let this_program = HostProgram::new("/proc/self/exe");
    for folder in daemon::sweep() {
        eprintln!("xtask: removed what an earlier engine left in {}", folder.display());
    }
    let begin = Instant::now();
    let own = Daemon::start(&this_program, &DaemonOptions::new()).map_err(|failure| {
        let log = failure.log().map_or_else(String::new, |log| format!("; its log ends with\n{log}"));
        cannot(&format!("{}{log}", with_causes(&failure)))
    })?;
    eprintln!("xtask: started an engine of our own in {} ms", begin.elapsed().as_millis());
    Ok(Engine { address: own.address(), own: Some(own) })
}

impl Engine {
    /// Stops the engine if we started it, and waits until nothing of it is left.
    pub(crate) fn stop(self) -> Result<(), Failure> {
        self.own.map_or(Ok(()), |own| own.end().map_err(|failure| Failure::failed(failure.to_string())))
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
