//! Fuzz targets: readers that must bear anything that a disk, a pipe or a person can hand them.
//!
//! Each target is a test in `tests/`, bounded under plain `cargo test`. `DOCKERTEST_FUZZ_SECONDS=600 cargo test -p fuzz`
//! lets each run for that long; `cargo bolero test -p fuzz TARGET` drives one by coverage.

use std::time::Duration;

/// The variable that says how long each target is to run, in seconds.
pub const SECONDS_VARIABLE: &str = "DOCKERTEST_FUZZ_SECONDS";

/// How long a target runs when nobody says so.
const SHORT: Duration = Duration::from_millis(500);

/// How long each target is to run.
#[must_use]
pub fn test_time() -> Duration {
    let asked = std::env::var(SECONDS_VARIABLE).ok().and_then(|seconds| seconds.parse().ok());
    asked.map_or(SHORT, Duration::from_secs)
}
