//! Times at which host processes begin and end, written by themselves.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// The environment variable that names the file for the times; without it nothing is written.
pub const VARIABLE: &str = "DOCKERTEST_BENCH_STAMPS";

/// The first thing that a process does.
pub const BEGIN: &str = "begin";
/// The last thing that a process does.
pub const END: &str = "end";

/// Appends the time to the file, if one is named.
pub fn put(what: &str) {
    let Some(path) = std::env::var_os(VARIABLE) else { return };
    let line = format!("{what} {}\n", now().as_nanos());
    // Without its times the measurement says that there are none.
    let _ =
        OpenOptions::new().append(true).create(true).open(path).and_then(|mut file| file.write_all(line.as_bytes()));
}

/// The time since some fixed moment, the same for all processes.
#[must_use]
pub fn now() -> Duration {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from).unwrap_or_default()
}

/// The times of a kind, in order.
///
/// # Errors
/// The file cannot be read.
pub fn read(path: &Path, what: &str) -> io::Result<Vec<Duration>> {
    let text = fs::read_to_string(path)?;
    let times = text.lines().filter_map(|line| line.strip_prefix(what)?.trim().parse().ok().map(Duration::from_nanos));
    Ok(times.collect())
}
