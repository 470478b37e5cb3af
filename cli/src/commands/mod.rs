//! One file a command.

pub(crate) mod completions;
pub(crate) mod config;
mod culprits;
pub(crate) mod engines;
pub(crate) mod env;
pub(crate) mod external;
pub(crate) mod faults;
pub(crate) mod help;
pub(crate) mod host_check;
pub(crate) mod list;
pub(crate) mod matrix;
pub(crate) mod new;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod runs;
mod wanted;
