//! What is measured, one module a theme. Each gives back lines of the table.

pub(crate) mod config;
mod journal;
mod kill;
mod latency;
mod memory;
pub(crate) mod overhead;
pub(crate) mod slope;
mod startup;

use std::io;

use crate::peers;
use crate::setting::Setting;
use crate::table::Row;

/// A measurement: the numbers of its lines, and how to do it.
#[derive(Debug, Clone, Copy)]
pub struct Measurement {
    /// The numbers of the lines that it gives.
    pub numbers: &'static [&'static str],
    /// Does it.
    pub measure: fn(&Setting) -> io::Result<Vec<Row>>,
}

/// Everything that can be measured, in the order of the table.
pub const ALL: &[Measurement] = &[
    Measurement { numbers: &["P1", "P2", "P3", "P7"], measure: overhead::measure },
    Measurement { numbers: &["P4"], measure: slope::measure },
    Measurement { numbers: &["P5"], measure: startup::measure },
    Measurement { numbers: &["P6"], measure: config::measure },
    Measurement { numbers: &["P8", "P12"], measure: journal::measure },
    Measurement { numbers: &["P9"], measure: memory::measure },
    Measurement { numbers: &["P10"], measure: latency::measure },
    Measurement { numbers: &["P11"], measure: kill::measure },
    Measurement { numbers: &["peers"], measure: peers::measure },
];

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
pub(crate) fn per(seconds: f64, count: usize) -> f64 {
    seconds / count as f64
}
