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
//! | [`environment`] | who brings another place to run subtests in |
//! | [`run`], [`journal`], [`report`], [`repository`], [`load`], [`host`] | who embeds the runner or reads its results |
//! | [`faults`] | who tries whether tests notice what they should |
//! | [`harness`](mod@harness) | who runs subtests by `cargo test` |
//!
//! # Features
//!
//! Who writes subtests that only run commands needs neither feature, and compiles a fraction of the crates.
//!
//! | feature | what needs it |
//! | --- | --- |
//! | none | [`config`], [`version`], [`subtest`](mod@subtest), commands and checks of [`engine`], [`host::serve`], [`host::protocol`], the events of [`journal`] |
//! | `api` (on by default) | what looks at the engine through its API, or makes something there: [`engine::Api`], containers and images as fixtures, [`engine::inventory`], engines of our own ([`engine::daemon`]); [`host::HostProgram`] and the reading of what a host says |
//! | `runner` (on by default, brings `api`) | [`run`], [`environment`], [`report`], [`repository`], [`load`], reading and writing a [`journal`], the matrix of [`faults`], [`host::Plugins`] |
//! | `harness` (brings `runner`) | [`harness!`], subtests as tests of `cargo test` |

// What only a part needs that is left out stays unused in it; with all parts, the compiler looks for what nobody needs.
#![cfg_attr(not(feature = "runner"), allow(dead_code, reason = "used by the features that are left out"))]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod causes;
mod claim;
pub mod config;
pub mod engine;
#[cfg(feature = "runner")]
pub mod environment;
pub mod faults;
#[cfg(feature = "harness")]
pub mod harness;
mod held;
pub mod host;
pub mod journal;
#[cfg(feature = "runner")]
pub mod load;
pub mod name;
pub mod outcome;
pub mod prelude;
#[cfg(feature = "runner")]
pub mod report;
#[cfg(feature = "runner")]
pub mod repository;
#[cfg(feature = "runner")]
pub mod run;
pub mod subtest;
#[cfg(feature = "runner")]
mod user_folders;
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
    #[doc = include_str!("../../docs/src/embedding.md")]
    struct Embedding;
    #[doc = include_str!("../../README.md")]
    struct Readme;
}
