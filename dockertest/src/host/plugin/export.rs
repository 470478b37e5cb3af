//! The plug-in's side: what [`plugin!`](crate::plugin!) calls.

#![expect(unsafe_code, reason = "the functions and bytes of a C interface")]

use std::io::{self, BufReader, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::errno::Errno;

use super::abi::Host;
use crate::host::serve;

/// Well.
const DONE: i32 = 0;
/// The host could not be told everything.
const HOST_GONE: i32 = 1;
/// Our own code panicked. The panic has been told on standard error.
const PANICKED: i32 = 2;

/// Writes the list of all subtests that are linked in.
#[must_use]
pub fn list(program: &str, host: &Host) -> i32 {
    guarded(|| serve::list(program, Pipe::of(host)))
}

/// Runs one of them.
///
/// # Safety
/// `name` has `name_length` bytes, which stay until this returns.
#[must_use]
pub unsafe fn run(program: &str, host: &Host, name: *const u8, name_length: usize) -> i32 {
    // SAFETY: as our own caller says.
    let name = unsafe { std::slice::from_raw_parts(name, name_length) };
    let name = String::from_utf8_lossy(name).into_owned();
    guarded(|| serve::run(program, &name, BufReader::new(Pipe::of(host)), Pipe::of(host)))
}

/// No panic may cross the border.
fn guarded(act: impl FnOnce() -> io::Result<()>) -> i32 {
    match catch_unwind(AssertUnwindSafe(act)) {
        Ok(Ok(())) => DONE,
        Ok(Err(_)) => HOST_GONE,
        Err(_) => PANICKED,
    }
}

/// The host's functions as streams.
struct Pipe {
    context: *mut std::ffi::c_void,
    write: extern "C" fn(*mut std::ffi::c_void, *const u8, usize) -> i32,
    read: extern "C" fn(*mut std::ffi::c_void, *mut u8, usize) -> isize,
}

// SAFETY: the interface says that any thread may use the functions with this context, until the process ends.
unsafe impl Send for Pipe {}

impl Pipe {
    fn of(host: &Host) -> Pipe {
        Pipe { context: host.context, write: host.write, read: host.read }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match (self.write)(self.context, bytes.as_ptr(), bytes.len()) {
            0 => Ok(bytes.len()),
            error => Err(Errno::from_raw(error).into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = (self.read)(self.context, buffer.as_mut_ptr(), buffer.len());
        usize::try_from(got).map_err(|_| Errno::from_raw(i32::try_from(-got).unwrap_or(0)).into())
    }
}
