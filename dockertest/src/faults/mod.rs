//! Engines that break a promise on purpose, to try the subtests that are to notice it.
//!
//! A [`Fault`] is a small script beside its subtest, put around the real command line. A subtest that is worth
//! something is `GOOD` on the plain engine and `FAIL` under each of its faults; a [`Matrix`] of [`Trial`]s finds out.
//!
//! ```
//! use dockertest::faults::Fault;
//!
//! let lines = ["# Says that it killed, and sends nothing.", "# subsubtests: sigstop, random_num", "exit 0"];
//! let fault = Fault { name: "sends_nothing".to_owned(), script: lines.join("\n") };
//! assert_eq!(fault.promise(), "Says that it killed, and sends nothing.");
//! assert_eq!(fault.subsubtests(), ["sigstop", "random_num"]);
//! ```

mod fault;
#[cfg(feature = "runner")]
mod matrix;
#[cfg(feature = "runner")]
mod report;
#[cfg(feature = "runner")]
mod trial;
#[cfg(feature = "runner")]
mod wrapper;

pub use fault::{BadFault, Fault};
#[cfg(feature = "runner")]
pub use matrix::{Matrix, MatrixFailure, Stage, Stopped};
#[cfg(feature = "runner")]
pub use report::{FaultReport, heading, line};
#[cfg(feature = "runner")]
pub use trial::{Trial, TrialResult};
