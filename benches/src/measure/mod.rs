//! What is measured, one module a theme. Each gives back lines of the table.

mod cli_only;
pub(crate) mod config;
mod environments;
mod journal;
mod kill;
mod latency;
mod memory;
pub(crate) mod overhead;
mod plugins;
mod repository;
pub(crate) mod slope;
mod startup;
mod suite;

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
    pub measure: fn(&Setting) -> io::Result<Figures>,
}

/// What came of a measurement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// Lines of the table.
    pub rows: Vec<Row>,
    /// A table of its own, to be shown below.
    pub details: Option<String>,
}

impl Measurement {
    /// Whether it is done only when it is named: it takes minutes.
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.numbers.contains(&environments::suite::NUMBER)
    }
}

impl From<Vec<Row>> for Figures {
    fn from(rows: Vec<Row>) -> Self {
        Figures { rows, details: None }
    }
}

/// Everything that can be measured, in the order of the table.
pub const ALL: &[Measurement] = &[
    Measurement {
        numbers: &["P1", "P2", "P3", "P7"],
        measure: |setting| overhead::measure(setting).map(Figures::from),
    },
    Measurement { numbers: &["P4"], measure: |setting| slope::measure(setting).map(Figures::from) },
    Measurement { numbers: &["P5"], measure: |setting| startup::measure(setting).map(Figures::from) },
    Measurement { numbers: &["P6"], measure: |setting| config::measure(setting).map(Figures::from) },
    Measurement { numbers: &["P8", "P12"], measure: |setting| journal::measure(setting).map(Figures::from) },
    Measurement { numbers: &["P9"], measure: |setting| memory::measure(setting).map(Figures::from) },
    Measurement { numbers: &["P10"], measure: |setting| latency::measure(setting).map(Figures::from) },
    Measurement { numbers: &["P11"], measure: |setting| kill::measure(setting).map(Figures::from) },
    Measurement { numbers: &["P13"], measure: suite::measure },
    Measurement { numbers: &["P14"], measure: cli_only::measure },
    Measurement { numbers: &["P15"], measure: |setting| plugins::measure(setting).map(Figures::from) },
    Measurement { numbers: &["P16"], measure: |setting| repository::measure(setting).map(Figures::from) },
    Measurement { numbers: &["environments"], measure: |setting| environments::measure(setting).map(Figures::from) },
    Measurement { numbers: &[environments::suite::NUMBER], measure: environments::suite::measure },
    Measurement { numbers: &["peers"], measure: |setting| peers::measure(setting).map(Figures::from) },
];

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
pub(crate) fn per(seconds: f64, count: usize) -> f64 {
    seconds / count as f64
}
