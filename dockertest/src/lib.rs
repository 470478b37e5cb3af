//! dockertest checks that a container engine does what its command line promises, on any number of clean engines
//! side by side, and never loses a result.

pub mod config;
pub mod host;
pub mod journal;
pub mod name;
pub mod outcome;
pub mod report;
pub mod run;
pub mod verdict;
pub mod version;
