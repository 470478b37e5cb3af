//! What is wrong with a plug-in.

use std::io;

use super::abi::{LIST_SYMBOL, RECORD_SYMBOL, RUN_SYMBOL};
use super::record::{BadRecord, called};
use crate::version::{API_VERSION, ApiVersion};

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
    /// Its subtests were written for another API.
    #[error(
        "{} was built for API version {}, which does not fit {API_VERSION}: adapt its subtests, and build it with dockertest \
         {}.{}", called(program), dotted(*api), API_VERSION.major, API_VERSION.minor
    )]
    OtherApi {
        /// What its record says: major number, minor number, revision.
        api: [u32; 3],
        /// The library's name and version.
        program: String,
    },
    /// What it says is not what its record says.
    #[error(
        "its record is for API version {}, its `hello` for {hello}: both must be the version that its subtests were \
         written for; build all of it anew", dotted(*record)
    )]
    TwoApis {
        /// What its record says: major number, minor number, revision.
        record: [u32; 3],
        /// What it says when it is called.
        hello: ApiVersion,
    },
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
    #[error(
        "its function `{name}` gave {status}, expected 0: look where it returns that (in `dockertest::plugin!()`, 1 stands \
         for a host that did not take what was written, 2 for a panic)"
    )]
    Gave {
        /// The function.
        name: &'static str,
        /// What it gave.
        status: i32,
    },
}

fn dotted([major, minor, revision]: [u32; 3]) -> String {
    format!("{major}.{minor}.{revision}")
}
