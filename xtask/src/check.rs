//! `cargo xtask check`, `ci`, `fmt` and `docs`: all that must hold before a change lands, besides the tests.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use crate::child::{self, cargo};
use crate::failure::Failure;
use crate::{api, bench, book, changelog, paths, test};

/// What to do with a file that is not formatted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Formatting {
    /// Complain.
    Check,
    /// Mend it.
    Write,
}

type Check = (&'static str, fn() -> Result<(), Failure>);

const CHECKS: &[Check] = &[
    ("formatting", || format(Formatting::Check)),
    ("clippy", clippy),
    ("features", features),
    ("api", api::check),
    ("changelog", changelog::check),
    ("rustdoc", rustdoc),
    ("book", book::build),
];

/// Runs every check, also after one has failed, and names those that failed.
pub(crate) fn check() -> Result<(), Failure> {
    let mut failed = Vec::new();
    for (name, run) in CHECKS {
        let begin = Instant::now();
        let outcome = match run() {
            Ok(()) => "well",
            Err(failure @ Failure::Interrupted(_)) => return Err(failure),
            Err(failure) => {
                eprintln!("{failure}");
                failed.push(*name);
                "FAILED"
            }
        };
        eprintln!("xtask: {name}: {outcome} ({:.1} s)", begin.elapsed().as_secs_f64());
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::failed(format!("failed: {}", failed.join(", ")))) }
}

/// Runs the checks, the ratios of the benchmarks, and the tests, in this order so that the counts of the tests are the
/// last line.
pub(crate) fn ci() -> Result<ExitCode, Failure> {
    let parts: [fn() -> Result<ExitCode, Failure>; 2] =
        [|| check().map(|()| ExitCode::SUCCESS), || bench::bench(&["--check"])];
    let mut is_well = true;
    for part in parts {
        is_well &= match part() {
            Ok(code) => code == ExitCode::SUCCESS,
            Err(failure @ Failure::Interrupted(_)) => return Err(failure),
            Err(failure) => {
                eprintln!("{failure}");
                false
            }
        };
    }
    let tests = test::all(&[])?;
    Ok(if is_well { tests } else { ExitCode::FAILURE })
}

/// Formats, or checks, every Rust file of the repository: also those that `cargo fmt` does not see because a build
/// script finds them.
pub(crate) fn format(formatting: Formatting) -> Result<(), Failure> {
    let files = rust_files()?;
    let mut command = Command::new("rustfmt");
    command.current_dir(paths::root()).args(["--edition", "2024"]);
    if formatting == Formatting::Check {
        command.arg("--check");
    }
    child::must_succeed(command.args(files), "find every file formatted; `cargo xtask fmt` formats them")
}

/// Every Rust file that git knows or would add.
fn rust_files() -> Result<Vec<PathBuf>, Failure> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.rs"])
        .current_dir(paths::root())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Failure::setup(format!("cannot start git: {error}")))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Failure::setup(format!("cannot list the files of the repository: {text}")));
    }
    let names = output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    // A file that was removed and not yet committed is still listed.
    let files = names.map(|name| paths::root().join(OsStr::from_bytes(name))).filter(|file| file.exists());
    Ok(files.collect())
}

fn clippy() -> Result<(), Failure> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    child::must_succeed(cargo().args(arguments), "pass clippy")
}

/// Every choice of the library's features, as somebody would make it who depends on it.
const FEATURES: [&str; 5] = ["", "api", "runner", "api,runner", "harness"];

/// The library with each choice of its features: what is left out must not be needed by what stays.
fn features() -> Result<(), Failure> {
    FEATURES.iter().try_for_each(|features| {
        let library = ["clippy", "--quiet", "--package", "dockertest", "--lib", "--no-default-features"];
        let what = format!("pass clippy with the features `{features}`");
        child::must_succeed(cargo().args(library).args(["--features", features, "--", "--deny", "warnings"]), &what)
    })
}

/// rustdoc and the book.
pub(crate) fn docs() -> Result<(), Failure> {
    rustdoc()?;
    book::build()
}

fn rustdoc() -> Result<(), Failure> {
    let mut command = cargo();
    command.args(["doc", "--workspace", "--no-deps", "--quiet"]).env("RUSTDOCFLAGS", "-D warnings");
    child::must_succeed(&mut command, "make the API documentation")
}

#[cfg(test)]
mod tests {
    use super::rust_files;

    #[test]
    fn lists_the_files_of_every_crate() {
        let files = rust_files().unwrap();
        for file in ["xtask/src/check.rs", "dockertest/src/lib.rs", "cli/src/main.rs"] {
            assert!(files.contains(&crate::paths::root().join(file)), "{file}");
        }
    }
}
