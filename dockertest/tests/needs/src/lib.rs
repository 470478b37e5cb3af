//! What tests need of the machine, and what becomes of a test where it is not there.
//!
//! `cargo xtask test` installs what tests need: by it a test fails that misses anything. By `cargo test` such a test is
//! skipped. What truly cannot be had in a place, as a network, is never a failure, but a skip, too.
//!
//! A test that is skipped passes for Rust's test programs, so it is told here: `cargo xtask test` gathers what is told,
//! does not count such a test as passed, and lists it with the reason.

// Shown by a test program that was told to show what tests say.
#![allow(clippy::print_stderr)]

mod again;
mod packages;
mod run_by;
mod script;
mod wait;

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::panic::Location;
use std::path::{Path, PathBuf};

pub use again::{AGAIN, again, is_again};
pub use packages::{has_module, node_with, with_packages};
pub use run_by::{HANGS_UP, run_by};
pub use script::script;
pub use wait::{wait_at_most, wait_until, wait_until_eq};

/// `1` where whatever tests need has to be there. `cargo xtask test` sets it.
pub const REQUIRED: &str = "DOCKERTEST_REQUIRE_ENGINE";

/// The file that takes in which test was skipped, and why: a line for each. `cargo xtask test` sets it.
pub const SKIPPED: &str = "DOCKERTEST_SKIPPED";

/// Whether whatever tests need has to be there.
///
/// ```
/// # // Whatever the environment says.
/// println!("a missing tool is a failure: {}", test_needs::is_required());
/// ```
#[must_use]
pub fn is_required() -> bool {
    std::env::var_os(REQUIRED).is_some_and(|value| value == "1")
}

/// Whether a test may go on: nothing is in its way. Otherwise it fails, or is skipped where nothing is required.
///
/// ```
/// if !test_needs::is_met(None) {
///     return;
/// }
/// ```
///
/// # Panics
/// Something is in the way, and whatever tests need has to be there.
#[track_caller]
#[must_use]
pub fn is_met(obstacle: Option<String>) -> bool {
    let Some(obstacle) = obstacle else { return true };
    assert!(!is_required(), "{obstacle}: nothing that tests need may be missing where {REQUIRED}=1");
    skip(&obstacle);
    false
}

/// Whether the test runs as root.
///
/// ```no_run
/// if !test_needs::root("mounts a small file system") {
///     return;
/// }
/// ```
///
/// # Panics
/// It does not, and whatever tests need has to be there.
#[track_caller]
#[must_use]
pub fn root(purpose: &str) -> bool {
    let is_root = nix::unistd::geteuid().is_root();
    is_met((!is_root).then(|| format!("only root {purpose}")))
}

/// Whether a program can be found.
///
/// ```no_run
/// if !test_needs::program("valgrind") {
///     return;
/// }
/// ```
///
/// # Panics
/// It cannot, and whatever tests need has to be there.
#[track_caller]
#[must_use]
pub fn program(name: &str) -> bool {
    is_met(find(name).is_none().then(|| format!("there is no program `{name}`")))
}

/// Where a program is: in `PATH`, or where the system's administrator has programs.
///
/// ```
/// assert!(test_needs::find("sh").is_some());
/// assert!(test_needs::find("no-such-program").is_none());
/// ```
#[must_use]
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Whether an engine answers at `DOCKER_HOST`, or at the usual place.
///
/// ```no_run
/// if !test_needs::engine() {
///     return;
/// }
/// ```
///
/// # Panics
/// None does, and whatever tests need has to be there.
#[track_caller]
#[must_use]
pub fn engine() -> bool {
    let address = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
    let answers = address.strip_prefix("unix://").is_some_and(|socket| UnixStream::connect(socket).is_ok());
    is_met((!answers).then(|| format!("no engine answers at {address}")))
}

/// Tells that the test that calls this is skipped, and why: for what cannot be had here, and for what takes so long that
/// it is done only when somebody wants it. The test has to end without testing anything.
///
/// ```no_run
/// test_needs::skip("there is no network");
/// ```
///
/// # Panics
/// The file that takes it in cannot be written: a skip that nobody hears of would look like a test that has passed.
#[track_caller]
pub fn skip(reason: &str) {
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    eprintln!("skipped: {reason}");
    if let Some(file) = std::env::var_os(SKIPPED) {
        let line = format!("{}: {reason}\n", test(Location::caller()));
        let written = OpenOptions::new().create(true).append(true).open(&file);
        // In one piece, for others write there, too.
        let written = written.and_then(|mut file| file.write_all(line.as_bytes()));
        assert!(written.is_ok(), "cannot tell of a skipped test in {}: {written:?}", file.display());
    }
}

/// The test program and the test: its thread has its name, unless it is the only one.
fn test(place: &Location<'_>) -> String {
    let thread = std::thread::current();
    let name = thread.name().filter(|name| *name != "main").map(str::to_owned);
    let name = name.unwrap_or_else(|| format!("{}:{}", place.file(), place.line()));
    let program = std::env::current_exe().ok().as_deref().and_then(Path::file_stem).map(|stem| {
        let stem = stem.to_string_lossy();
        // Cargo adds a digest to the name.
        stem.rsplit_once('-').map_or_else(|| stem.clone().into_owned(), |(name, _)| name.to_owned())
    });
    program.map_or_else(|| name.clone(), |program| format!("{program}: {name}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::process::Output;

    use super::*;

    /// Runs the test below once more; gives back what was told of skipped tests.
    fn once_more(required: &str) -> (Output, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("skipped");
        let mut command = again("tests::what_is_missing_is_a_skip_that_is_told_or_a_failure");
        let output = command.env(REQUIRED, required).env(SKIPPED, &file).output().unwrap();
        (output, std::fs::read_to_string(file).unwrap_or_default())
    }

    #[test]
    fn what_is_missing_is_a_skip_that_is_told_or_a_failure() {
        if is_again() {
            assert!(!program("no such program"));
            return;
        }
        let (output, told) = once_more("0");
        assert!(output.status.success(), "{output:?}");
        let expected = "test_needs: tests::what_is_missing_is_a_skip_that_is_told_or_a_failure: there is no program \
                        `no such program`\n";
        assert_eq!(told, expected);
        let (output, told) = once_more("1");
        assert!(!output.status.success(), "{output:?}");
        assert_eq!(told, "");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("there is no program `no such program`: nothing that tests need"), "{said}");
    }
}
