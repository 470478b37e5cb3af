//! Release builds of the two programs, and installing them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::child::{self, cargo};
use crate::failure::Failure;
use crate::paths;

/// What a user runs, and the host of the bundled subtests that it looks for in its own folder.
pub(crate) const PROGRAMS: [&str; 2] = ["dockertest", "dockertest-host"];

/// Builds both programs for release and returns the folder that holds them.
pub(crate) fn build() -> Result<PathBuf, Failure> {
    program()?;
    build_static_host("subtests", PROGRAMS[1])?;
    Ok(paths::target().join("release"))
}

/// Builds what a user runs, and returns its path.
pub(crate) fn program() -> Result<PathBuf, Failure> {
    let arguments = ["build", "--release", "--package", "cli", "--bin", PROGRAMS[0]];
    child::must_succeed(cargo().args(arguments), "build the dockertest program")?;
    Ok(paths::target().join("release").join(PROGRAMS[0]))
}

/// Builds a host as it is installed. It is started once for every step; static and at a fixed address it starts in two
/// thirds of the time.
pub(crate) fn build_static_host(package: &str, host: &str) -> Result<(), Failure> {
    let arguments = ["rustc", "--release", "--package", package, "--bin", host];
    let for_rustc = ["--", "-C", "target-feature=+crt-static", "-C", "relocation-model=static"];
    child::must_succeed(cargo().args(arguments).args(for_rustc), &format!("build the host {host}"))?;
    // Older releases of the linker mold make static programs that crash when they start.
    let built = paths::target().join("release").join(host);
    let tried = Command::new(&built).arg("list").stdin(Stdio::null()).output();
    match tried {
        Ok(tried) if tried.status.success() => Ok(()),
        Ok(tried) => {
            let said = String::from_utf8_lossy(&tried.stderr);
            Err(does_not_start(&built, format!("{} {}", tried.status, said.trim()).trim_end()))
        }
        Err(error) => Err(does_not_start(&built, &error.to_string())),
    }
}

fn does_not_start(built: &Path, problem: &str) -> Failure {
    Failure::setup(format!(
        "{} was built and does not start: {problem}; it is static, and not every linker can do that. If it has died by a \
         signal, build it with the common one: without `linker` and `rustflags` in cargo's configuration, or with RUSTFLAGS= \
         before the command",
        built.display()
    ))
}

/// Builds both programs and copies them to `bin` below the root, by default where cargo installs.
pub(crate) fn install(root: Option<&str>) -> Result<ExitCode, Failure> {
    let destination = root.map(PathBuf::from).or_else(cargo_home).map(|root| root.join("bin")).ok_or_else(|| {
        Failure::usage(
            "neither CARGO_HOME nor HOME is set; name the folder, as in `cargo xtask install --root /usr/local`",
        )
    })?;
    fs::create_dir_all(&destination)
        .map_err(|error| Failure::setup(format!("cannot create {}: {error}", destination.display())))?;
    let built = build()?;
    for program in PROGRAMS {
        replace(&built.join(program), &destination.join(program))?;
        eprintln!("xtask: installed {}", destination.join(program).display());
    }
    Ok(ExitCode::SUCCESS)
}

fn cargo_home() -> Option<PathBuf> {
    let folder = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    folder("CARGO_HOME").or_else(|| folder("HOME").map(|home| home.join(".cargo")))
}

/// Copies beside the destination and renames, so that a running program is not disturbed and no half file is ever there.
pub(crate) fn replace(source: &Path, destination: &Path) -> Result<(), Failure> {
    let new = destination.with_extension(format!("new-{}", std::process::id()));
    let result = fs::copy(source, &new).and_then(|_| fs::rename(&new, destination));
    result.map_err(|error| {
        drop(fs::remove_file(&new));
        Failure::failed(format!("cannot copy {} to {}: {error}", source.display(), destination.display()))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::replace;

    #[test]
    fn replaces_the_whole_file_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (source, destination) = (folder.path().join("built"), folder.path().join("installed"));
        fs::write(&source, "new").unwrap();
        fs::write(&destination, "older and longer").unwrap();
        replace(&source, &destination).unwrap();
        assert_eq!(fs::read_to_string(&destination).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn missing_source_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let failure = replace(Path::new("/no/such/program"), &folder.path().join("installed")).unwrap_err();
        assert!(failure.to_string().contains("cannot copy /no/such/program to "), "{failure}");
    }
}
