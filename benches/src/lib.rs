//! Measuring whole processes on a noisy machine: candidates take turns, and what counts is the median of the
//! ratios within each round. A mean, or two series one after the other, would mostly show what else the machine did.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod bare;
pub mod check;
pub mod configurations;
pub mod journals;
pub mod machine;
pub mod measure;
pub mod peers;
pub mod setting;
pub mod stamps;
pub mod stats;
pub mod table;

/// The environment variable by which the host of this crate pretends to hold another number of subtests.
pub const COUNT_VARIABLE: &str = "DOCKERTEST_BENCH_COUNT";

/// The host of this crate, started by a script (`#!`) whose name begins so, pretends to hold one subtest of that name.
pub const PLUGIN_PREFIX: &str = "plug_";

/// The subtests of the host of this crate that take long enough to get a new engine ready meanwhile.
pub const PAUSES: [&str; 8] = ["pause0", "pause1", "pause2", "pause3", "pause4", "pause5", "pause6", "pause7"];

/// The name of a subtest that the host pretends to hold.
#[must_use]
pub fn counted_name(number: u32) -> String {
    format!("c{number:05}")
}

/// The name of a subtest that the host holds, for a number below 1000.
#[must_use]
pub fn noop_name(number: u32) -> String {
    format!("t{number:03}")
}
