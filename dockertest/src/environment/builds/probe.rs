//! Asks an engine's programs which version they are.

use std::path::Path;
use std::process::{Command, Stdio};

use super::{BuildFailure, Flavor};
use crate::engine::daemon::search_path;

/// The version of the engine in a root file system. Only root can go into another one than this.
pub(super) fn version_in_root(folder: &Path, flavor: Flavor) -> Result<String, BuildFailure> {
    if folder == Path::new("/") {
        let mut command = Command::new(engine(flavor));
        command.env("PATH", search_path());
        return ask(command, folder, flavor);
    }
    if !nix::unistd::geteuid().is_root() {
        return Err(BuildFailure::NotRoot { folder: folder.to_owned() });
    }
    let mut command = Command::new("chroot");
    command.arg(folder).arg(engine(flavor)).env("PATH", search_path());
    ask(command, folder, flavor)
}

/// The version of the engine whose programs are in a folder.
pub(super) fn version_in_path(folder: &Path, flavor: Flavor) -> Result<String, BuildFailure> {
    let is_there = |flavor: Flavor| folder.join(engine(flavor)).exists();
    let other = if flavor == Flavor::Docker { Flavor::Podman } else { Flavor::Docker };
    if !is_there(flavor) && is_there(other) {
        let reason = format!("it is not there, but `{}` is: this is {other}", engine(other));
        return Err(no_engine(folder, flavor, reason));
    }
    ask(Command::new(folder.join(engine(flavor))), folder, flavor)
}

/// The program whose version counts.
const fn engine(flavor: Flavor) -> &'static str {
    match flavor {
        Flavor::Docker => "dockerd",
        Flavor::Podman => "podman",
    }
}

fn no_engine(folder: &Path, flavor: Flavor, reason: String) -> BuildFailure {
    BuildFailure::NoEngine { folder: folder.to_owned(), program: engine(flavor).to_owned(), reason }
}

fn ask(mut command: Command, folder: &Path, flavor: Flavor) -> Result<String, BuildFailure> {
    let no_engine = |reason: String| no_engine(folder, flavor, reason);
    let output =
        command.arg("--version").stdin(Stdio::null()).output().map_err(|error| no_engine(error.to_string()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    match version_of(&said) {
        Some(version) if output.status.success() => Ok(version),
        _ => {
            let why = String::from_utf8_lossy(&output.stderr);
            let why = why.lines().last().unwrap_or_else(|| said.trim()).to_owned();
            Err(no_engine(format!("`--version` ended with {}: {why}", output.status)))
        }
    }
}

/// The version in what `--version` prints: `Docker version 28.5.2+dfsg4, build …`, `podman version 5.4.2`.
fn version_of(said: &str) -> Option<String> {
    let after = said.split_once("version ")?.1;
    let version = after.split([',', '+', '-', ' ', '\n']).next()?;
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Docker version 28.5.2+dfsg4, build 3ef3c07c88\n", Some("28.5.2"))]
    #[case("podman version 5.4.2\n", Some("5.4.2"))]
    #[case("podman version 6.0.0-dev\n", Some("6.0.0"))]
    #[case("Segmentation fault", None)]
    #[case("version unknown", None)]
    fn a_version_is_read(#[case] said: &str, #[case] expected: Option<&str>) {
        assert_eq!(version_of(said).as_deref(), expected);
    }
}
