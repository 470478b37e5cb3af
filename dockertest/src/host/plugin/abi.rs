//! What crosses the border between a plug-in and its host, as in `dockertest/include/dockertest.h`.
//!
//! A library exports three symbols: [`RECORD_SYMBOL`], [`LIST_SYMBOL`] and [`RUN_SYMBOL`].

use std::ffi::c_void;

use crate::version::API_VERSION;

/// The number of this interface: of what the two functions take and do. A host does not call functions of another one.
pub const ABI: u32 = 1;

/// The first bytes of a record.
pub const MAGIC: [u8; 8] = *b"DKTPLUG\0";

/// The name under which a library exports its [`Record`].
pub const RECORD_SYMBOL: &str = "dockertest_plugin";

/// The name under which a library exports its [`ListFunction`].
pub const LIST_SYMBOL: &str = "dockertest_plugin_list";

/// The name under which a library exports its [`RunFunction`].
pub const RUN_SYMBOL: &str = "dockertest_plugin_run";

/// How many bytes a record has for the name and version of a library, with the NUL byte at its end.
pub const PROGRAM_BYTES: usize = 64;

/// What a library says of itself without any of its code being run. Only ever gets longer, so that it can be read
/// whatever the numbers in it are.
///
/// ```
/// use dockertest::host::plugin::abi::{ABI, Record};
///
/// const RECORD: Record = Record::new("acme-subtests", "1.0.0");
/// assert_eq!(RECORD.abi, ABI);
/// assert!(RECORD.program.starts_with(b"acme-subtests 1.0.0\0"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Record {
    /// [`MAGIC`].
    pub magic: [u8; 8],
    /// The length of the record in bytes.
    pub size: u32,
    /// [`ABI`].
    pub abi: u32,
    /// The API version that the subtests were written for: its major number.
    pub api_major: u32,
    /// Its minor number.
    pub api_minor: u32,
    /// Its revision.
    pub api_patch: u32,
    /// Name and version for people: UTF-8, with a NUL byte at the end.
    pub program: [u8; PROGRAM_BYTES],
}

impl Record {
    /// The length of a record of this version.
    #[expect(clippy::cast_possible_truncation, reason = "far below")]
    pub const SIZE: u32 = size_of::<Record>() as u32;

    /// The record of a library that is compiled with this version. What is too long of the name is cut off.
    #[must_use]
    pub const fn new(name: &str, version: &str) -> Record {
        let (name, version) = (name.as_bytes(), version.as_bytes());
        let mut program = [0; PROGRAM_BYTES];
        let mut at = 0;
        // The last byte stays NUL.
        while at < name.len() && at < PROGRAM_BYTES - 1 {
            program[at] = name[at];
            at += 1;
        }
        if at < PROGRAM_BYTES - 1 {
            program[at] = b' ';
            at += 1;
        }
        let mut from = 0;
        while from < version.len() && at < PROGRAM_BYTES - 1 {
            program[at] = version[from];
            at += 1;
            from += 1;
        }
        Record {
            magic: MAGIC,
            size: Record::SIZE,
            abi: ABI,
            api_major: API_VERSION.major as u32,
            api_minor: API_VERSION.minor as u32,
            api_patch: API_VERSION.revision as u32,
            program,
        }
    }
}

/// What a host gives to a library. It and its functions are there until the process ends, and may be used by any thread.
///
/// ```
/// use std::ffi::c_void;
///
/// use dockertest::host::plugin::abi::{ABI, Host};
///
/// extern "C" fn write(context: *mut c_void, bytes: *const u8, length: usize) -> i32 {
///     // SAFETY: the context is the vector below, and the library says that the bytes are there.
///     unsafe { (*context.cast::<Vec<u8>>()).extend_from_slice(std::slice::from_raw_parts(bytes, length)) };
///     0
/// }
///
/// extern "C" fn read(_: *mut c_void, _: *mut u8, _: usize) -> isize {
///     0 // nothing more comes
/// }
///
/// let mut said = Vec::<u8>::new();
/// let host = Host { size: size_of::<Host>() as u32, abi: ABI, context: (&raw mut said).cast(), write, read };
///
/// // What a library does with it:
/// let line = "{\"listed\":{\"subtests\":0}}\n";
/// assert_eq!((host.write)(host.context, line.as_ptr(), line.len()), 0);
/// assert_eq!(said, line.as_bytes());
/// ```
#[derive(Debug)]
#[repr(C)]
pub struct Host {
    /// The length of this in bytes; only ever grows.
    pub size: u32,
    /// [`ABI`].
    pub abi: u32,
    /// To be given to the functions.
    pub context: *mut c_void,
    /// Writes that many bytes for the runner: lines of the protocol. Gives 0, or an `errno`.
    pub write: extern "C" fn(context: *mut c_void, bytes: *const u8, length: usize) -> i32,
    /// Reads what the runner says, up to that many bytes; waits until there is something. Gives how many there were, 0
    /// at the end, or an `errno` times -1.
    pub read: extern "C" fn(context: *mut c_void, buffer: *mut u8, capacity: usize) -> isize,
}

/// Writes the library's list, as `HOST list` does. Gives 0, or anything else when it could not.
///
/// ```
/// use dockertest::host::plugin::abi::{Host, ListFunction};
///
/// unsafe extern "C" fn cannot(_: *const Host) -> i32 {
///     3 // the list is an error, which says so
/// }
/// const LIST: ListFunction = cannot;
/// ```
pub type ListFunction = unsafe extern "C" fn(host: *const Host) -> i32;

/// Runs a subtest, as `HOST run NAME` does. The name is UTF-8, without a NUL byte. Gives 0, or anything else when it could
/// not.
///
/// ```
/// use dockertest::host::plugin::abi::{Host, RunFunction};
///
/// unsafe extern "C" fn cannot(_: *const Host, _: *const u8, _: usize) -> i32 {
///     3 // the step ends as ERROR, with that number
/// }
/// const RUN: RunFunction = cannot;
/// ```
pub type RunFunction = unsafe extern "C" fn(host: *const Host, name: *const u8, name_length: usize) -> i32;
