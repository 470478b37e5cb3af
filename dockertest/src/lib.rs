//! dockertest checks that a container engine does what its command line promises, on any number of clean engines
//! side by side, and never loses a result.

pub mod config;
pub mod engine;
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
