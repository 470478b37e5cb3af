//! Reports: projections of a journal.
//!
//! Needs the feature `runner`.
//!
//! Every report is a pure function of the records. [`RunState`] folds the records into what is known so far, and each
//! report is written from that: [`status`] (Autotest's status log), [`keyval`] files, [`Results`] (`results.json`),
//! the [`Console`] tree, and the other formats of [`Format`]. The same code runs live, as a sink of the journal, and later on a journal that is read back,
//! so the bytes are the same.
//!
//! Reports never look at anything but records: not at the clock, the time zone or the machine that they are made on.
//!
//! Making a report again from the journal of a results folder:
//!
//! ```
//! use dockertest::report::{Format, write};
//!
//! # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
//! let mut tree = Vec::new();
//! write(results, Format::Console, &mut tree)?;
//! let tree = String::from_utf8(tree)?;
//! assert!(tree.contains("GOOD    docker/subtests/subexample.test_2-of-2"));
//! assert!(tree.contains("FAIL    docker_cli/version: the client's version is not the one that its file has"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cases;
mod comparison;
mod console;
mod explain;
mod files;
mod html;
mod junit;
pub mod keyval;
mod lines;
mod progress;
mod projection;
mod results;
#[cfg(test)]
pub(crate) mod scenarios;
#[cfg(test)]
mod schema_tests;
mod state;
pub mod status;
mod stream;
#[cfg(test)]
mod stream_tests;
pub mod subunit;
mod tap;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod under_test;
mod write;

pub use comparison::{ComparedCell, ComparedEngine, ComparedRow, Comparison};
pub use console::{Console, Style};
pub use files::files;
pub(crate) use junit::VERDICT;
pub use progress::{Progress, RunningStep};
pub use projection::{create, live, live_into};
pub use results::{EngineResult, HostResult, Results, StepResult, SubsubtestResult, Totals};
pub use state::{RunState, Standing, StepState, SubsubtestState};
pub(crate) use stream::{ENGINE, ENGINE_DATA, MARK, SUBSUBTEST};
#[cfg(feature = "harness")]
pub(crate) use text::first_line;
pub(crate) use time::seconds_of;
pub use time::{local_time, utc_time};
pub(crate) use under_test::WHOSE;
pub use write::{Format, ReportFailure, RunnerIs, UnknownFormat, write, write_knowing, write_of};

/// The name of the status log within a results folder, and within a step's folder.
pub const STATUS_NAME: &str = "status";

/// The name of the results for programs within a results folder.
pub const RESULTS_NAME: &str = "results.json";
