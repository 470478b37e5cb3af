//! What is wrong with a plug-in.

use std::io;

use super::abi::{LIST_SYMBOL, RECORD_SYMBOL, RUN_SYMBOL};
use super::record::BadRecord;

/// Why a plug-in cannot be used. The texts go on from its name: who shows them says which file it is.
///
/// ```
/// use dockertest::host::plugin::PluginProblem;
///
/// assert_eq!(PluginProblem::Empty.to_string(), "it is empty");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PluginProblem {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[source] io::Error),
    /// The file has nothing in it.
    #[error("it is empty")]
    Empty,
    /// The file is something else.
    #[error(
        "it is no shared library, it begins with `{begins}`: a plug-in is a crate with `crate-type = [\"cdylib\"]`"
    )]
    NoLibrary {
        /// Its first bytes.
        begins: String,
    },
    /// The end of the file is missing.
    #[error("it is cut off: it has {size} bytes, expected {expected} or more; copy or build it again")]
    CutOff {
        /// How many bytes there are.
        size: u64,
        /// How many there must be for what the beginning names.
        expected: u64,
    },
    /// The library was built for another machine.
    #[error("it is for {machine}; this program is for {own}: build it for this machine")]
    OtherMachine {
        /// For what it is.
        machine: String,
        /// For what this program is.
        own: String,
    },
    /// The system does not load it.
    #[error("it cannot be loaded: {0}")]
    Load(String),
    /// It has no record.
    #[error("it is a library, but no plug-in: it exports no `{RECORD_SYMBOL}`; is `dockertest::plugin!();` in it?")]
    NoRecord,
    /// The record is where there is no memory.
    #[error("`{RECORD_SYMBOL}` leads to where it has no memory ({0}): it must be a constant, as dockertest.h says")]
    UnreadableRecord(#[source] io::Error),
    /// The record does not fit.
    #[error(transparent)]
    Record(#[from] BadRecord),
    /// It has a record, and not all functions.
    #[error("it exports no function `{name}`; a plug-in has `{LIST_SYMBOL}` and `{RUN_SYMBOL}`")]
    NoFunction {
        /// What is missing.
        name: &'static str,
    },
    /// It handed out memory that is not there.
    #[error("it wanted {length} bytes to be written, of which not all are in its memory: pointer or length is wrong")]
    BadAddress {
        /// How many bytes there should have been.
        length: usize,
    },
    /// A function says that it could not do its work.
    #[error("its function `{name}` gave {status}, expected 0")]
    Gave {
        /// The function.
        name: &'static str,
        /// What it gave.
        status: i32,
    },
}
