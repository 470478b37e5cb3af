//! dockertest checks that a container engine does what its command line promises, on any number of clean engines
//! side by side, and never loses a result.
//!
//! A test is a struct that runs commands of the engine and checks what they did; the type of an error decides the verdict:
//!
//! ```
//! use dockertest::prelude::*;
//!
//! #[derive(Default)]
//! struct Version;
//!
//! impl Subtest for Version {
//!     fn run_once(&mut self, ctx: &mut Context) -> Outcome {
//!         let seen = ctx.docker(["version", "--format", "{{.Server.Version}}"]).must_pass()?; // FAIL if not
//!         let shown = seen.stdout_text().trim().split('.').count();
//!         check!(shown >= 2, "the server's version has at least two parts");
//!         Ok(())
//!     }
//! }
//! dockertest::subtest!(Version, "Checks that the server's version is shown.");
//! ```
//!
//! | where to start | for whom |
//! | --- | --- |
//! | [`subtest`](mod@subtest), [`engine`], [`prelude`] | who writes tests |
//! | [`config`], [`version`] | who reads options |
//! | [`run`], [`journal`], [`report`], [`host`] | who embeds the runner or reads its results |
//! | [`faults`] | who tries whether tests notice what they should |

mod causes;
pub mod config;
pub mod engine;
pub mod faults;
pub mod host;
pub mod journal;
pub mod name;
pub mod outcome;
pub mod prelude;
pub mod report;
pub mod run;
pub mod subtest;
pub mod verdict;
pub mod version;

pub use causes::with_causes;

/// For the macros of this crate.
#[doc(hidden)]
pub use inventory;

/// The examples of the book and of the README are compiled as tests.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../../docs/src/writing-a-subtest.md")]
    struct WritingASubtest;
    #[doc = include_str!("../../README.md")]
    struct Readme;
}
