//! Which program holds the bundled subtests.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use dockertest::config::{Configuration, Layers};
use dockertest::host::{HostProgram, Plugins};
use dockertest::run::Catalog;

use crate::screen::{Problem, Screen};
use crate::sources;

/// Names another host program than the one beside this program.
const HOST_VARIABLE: &str = "DOCKERTEST_HOST";

/// The name of the small program that is started once for each step.
const HOST_PROGRAM: &str = "dockertest-host";

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
    door()
}

/// The program that makes capsules and leads into them. A host that somebody else wrote need not be able to.
pub(crate) fn door() -> Result<HostProgram, Problem> {
    let this = this_program()?;
    let beside = this.path.with_file_name(HOST_PROGRAM);
    if beside.is_file() { Ok(HostProgram::new(beside)) } else { Ok(this) }
}

/// This program as a host. It is the one that loads plug-in libraries, too: the host of the bundled subtests is linked
/// statically where it is installed, and such a program cannot load any.
fn this_program() -> Result<HostProgram, Problem> {
    let path = std::env::current_exe()
        .map_err(|error| Problem::new(format!("cannot find out where this program is: {error}")))?;
    Ok(HostProgram::new(path).arguments([HOST_COMMAND]))
}

/// One plug-in or host, named by itself.
pub(crate) fn single(path: &Path) -> Result<HostProgram, Problem> {
    let found = Plugins::new(this_program()?).named(path, "PROGRAM").find()?;
    let [program] = &found[..] else {
        return Err(Problem::new(format!("`{}` is a folder; name one host", path.display())));
    };
    Ok(program.clone())
}

/// Where plug-ins are looked for.
pub(crate) fn plugins(named: &[PathBuf]) -> Result<Plugins, Problem> {
    let search = Plugins::new(this_program()?);
    Ok(named.iter().fold(search, |search, path| search.named(path, "--plugin")).of_user())
}

/// What the bundled subtests' host and the plug-ins hold, and the configuration with what they bring. A plug-in that
/// cannot be used is told, and left out.
pub(crate) fn gather(layers: &Layers, named: &[PathBuf], screen: &Screen) -> Result<(Catalog, Configuration), Problem> {
    let gathered = Catalog::with_configuration(&[program()?], plugins(named)?, layers);
    let (catalog, configuration) = gathered.map_err(sources::not_set_up)?;
    tell_broken(&catalog, screen);
    Ok((catalog, configuration))
}

/// Says which plug-ins are left out.
pub(crate) fn tell_broken(catalog: &Catalog, screen: &Screen) {
    for broken in catalog.broken() {
        screen.problem(&Problem::new(broken.to_string()));
    }
}
