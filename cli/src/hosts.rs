//! Which program holds the bundled subtests.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use dockertest::config::{Configuration, Layers};
use dockertest::engine::Inquiry;
use dockertest::host::{HostProgram, Plugins};
use dockertest::run::{Catalog, SetupFailure};

use crate::screen::{Problem, Screen};
use crate::sources;

/// Names another host program than the one beside this program.
const HOST_VARIABLE: &str = "DOCKERTEST_HOST";

/// The name of the small program that is started once for each step.
const HOST_PROGRAM: &str = "dockertest-host";

/// The log of a service of podman that is run for the time of a run, below its results folder.
const SERVICE_LOG: &str = "debug/podman-service.log";

/// The hidden command by which this program is a host itself.
const HOST_COMMAND: &str = "host";

/// Serves as a host, when this process was started as one.
pub(crate) fn serve_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != HOST_COMMAND {
        return None;
    }
    Some(subtests::host_main(arguments))
}

/// The host program: the one that `DOCKERTEST_HOST` names, else `dockertest-host` beside this program, else this
/// program itself (which takes a little longer to start, but cannot be missing).
pub(crate) fn program() -> Result<HostProgram, Problem> {
    if let Some(path) = std::env::var_os(HOST_VARIABLE).filter(|path| !path.is_empty()) {
        return Ok(HostProgram::new(path));
    }
    let this = std::env::current_exe()
        .map_err(|error| Problem::new(format!("cannot find out where this program is: {error}")))?;
    let beside = this.with_file_name(HOST_PROGRAM);
    if beside.is_file() {
        return Ok(HostProgram::new(beside));
    }
    Ok(HostProgram { path: this, arguments: vec![HOST_COMMAND.into()] })
}

/// How to ask the engine that the configuration names what it is. What a service of podman says is kept below `results`.
pub(crate) fn inquiry(configuration: &Configuration, results: &Path) -> Result<Inquiry, Problem> {
    let defaults = configuration.defaults();
    let path = defaults.get("docker_path").filter(|path| !path.is_empty()).unwrap_or("/usr/bin/docker");
    let options = defaults.get("docker_options").unwrap_or_default();
    Ok(Inquiry::new(path, options, program()?).log(results.join(SERVICE_LOG)))
}

/// What the bundled subtests' host and the plug-ins hold, and the configuration with what they bring. A plug-in that
/// cannot be used is told, and left out.
pub(crate) fn gather(
    layers: &Layers,
    plugins: &[PathBuf],
    screen: &Screen,
) -> Result<(Catalog, Configuration), Problem> {
    let host = program()?;
    let name = |search: Plugins, path: &PathBuf| search.named(path, "--plugin");
    let search = plugins.iter().fold(Plugins::new(host.clone()), name).of_user();
    let (catalog, configuration) = Catalog::with_configuration(&[host], search, layers).map_err(explain)?;
    for broken in catalog.broken() {
        screen.problem(&Problem::new(broken.to_string()));
    }
    Ok((catalog, configuration))
}

fn explain(failure: SetupFailure) -> Problem {
    match failure {
        SetupFailure::Configuration(failure) => sources::explain(&failure),
        failure => failure.into(),
    }
}
