//! The host's side: a process of its own for each plug-in and task, because whatever is loaded may do anything.

#![expect(unsafe_code, reason = "loads libraries and calls their functions")]

use std::ffi::c_void;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW, Symbol};
use nix::errno::Errno;
use nix::libc;

use super::abi::{ABI, Host, LIST_SYMBOL, ListFunction, RECORD_SYMBOL, RUN_SYMBOL, Record, RunFunction};
use super::elf;
use super::pipe::ToRunner;
use super::problem::PluginProblem;
use super::record::Identity;
use crate::host::serve::take_stdout;
use crate::version::API_VERSION;

/// What a plug-in is loaded for.
#[derive(Debug, Clone, Copy)]
pub(in crate::host) enum Call<'a> {
    /// To list its subtests.
    List,
    /// To run the one of this name.
    Run(&'a str),
}

/// The same without the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    List,
    Run,
}

/// Loads a plug-in and has it list or run its subtests. What is wrong with it is told as the protocol has it.
///
/// # Errors
/// The runner cannot be told, or only by the end of this process and on standard error, because the plug-in has begun to
/// speak.
pub(in crate::host) fn load(file: &Path, call: Call<'_>) -> io::Result<()> {
    // Before anything of the library runs, so that what it prints cannot be taken for the protocol.
    let to_runner = Box::leak(Box::new(ToRunner::new(file.to_owned(), call.task(), take_stdout()?)));
    match serve(file, call, to_runner) {
        Ok(()) => Ok(()),
        Err(problem) => to_runner.tell(&problem),
    }
}

fn serve(file: &Path, call: Call<'_>, to_runner: &'static ToRunner) -> Result<(), PluginProblem> {
    elf::check(file)?;
    // SAFETY: initialisers of the library may do anything, which is why this process holds nothing but them.
    let library = unsafe { Library::open(Some(file), RTLD_NOW | RTLD_LOCAL) };
    let library = library.map_err(|error| PluginProblem::Load(crate::with_causes(&error)))?;
    let identity = Identity::read(&record(&library)?)?;
    if !identity.is_of(API_VERSION) {
        let problem = PluginProblem::OtherApi { api: identity.api, program: identity.program.clone() };
        match call {
            // Its names are wanted, so that they can be shown. If that does harm, this is known to be why.
            Call::List => drop(writeln!(io::stderr(), "{problem}")),
            Call::Run(_) => return Err(problem),
        }
    }
    to_runner.expect(identity);
    let host = Box::leak(Box::new(Host {
        size: u32::try_from(size_of::<Host>()).unwrap_or(u32::MAX),
        abi: ABI,
        context: std::ptr::from_ref(to_runner).cast_mut().cast(),
        write,
        read,
    }));
    // SAFETY: the record says that the functions are of this interface.
    let (list, run) =
        unsafe { (function::<ListFunction>(&library, LIST_SYMBOL)?, function::<RunFunction>(&library, RUN_SYMBOL)?) };
    // SAFETY: the host's functions, and the name for `run`, are there until the end of this process.
    let status = unsafe {
        match call {
            Call::List => list(host),
            Call::Run(name) => run(host, name.as_ptr(), name.len()),
        }
    };
    // Threads of the library may still run, up to the end of this process.
    std::mem::forget(library);
    match (to_runner.finish(), status) {
        (Some(length), _) => Err(PluginProblem::BadAddress { length }),
        (None, 0) => Ok(()),
        (None, status) => Err(PluginProblem::Gave { name: call.symbol(), status }),
    }
}

impl Call<'_> {
    fn task(self) -> Task {
        match self {
            Call::List => Task::List,
            Call::Run(_) => Task::Run,
        }
    }

    fn symbol(self) -> &'static str {
        match self {
            Call::List => LIST_SYMBOL,
            Call::Run(_) => RUN_SYMBOL,
        }
    }
}

/// The bytes of the record. Read like a file, so that a symbol that leads nowhere is an error and no crash.
fn record(library: &Library) -> Result<Vec<u8>, PluginProblem> {
    // SAFETY: only the address is used.
    let symbol: Symbol<*const c_void> =
        unsafe { library.get(RECORD_SYMBOL.as_bytes()) }.map_err(|_| PluginProblem::NoRecord)?;
    let address = symbol.as_raw_ptr() as u64;
    let mut bytes = vec![0; Record::SIZE as usize];
    let memory = File::open("/proc/self/mem").map_err(PluginProblem::UnreadableRecord)?;
    let length = memory.read_at(&mut bytes, address).map_err(PluginProblem::UnreadableRecord)?;
    bytes.truncate(length);
    Ok(bytes)
}

/// A function of the library.
///
/// # Safety
/// The symbol is a function of this type.
unsafe fn function<F: Copy>(library: &Library, name: &'static str) -> Result<F, PluginProblem> {
    // SAFETY: as our own caller says.
    let symbol: Symbol<F> = unsafe { library.get(name.as_bytes()) }.map_err(|_| PluginProblem::NoFunction { name })?;
    Ok(*symbol)
}

/// [`Host::write`].
extern "C" fn write(context: *mut c_void, bytes: *const u8, length: usize) -> i32 {
    // SAFETY: the context is what `serve` has put there, and is never freed. What a library makes up is its own crash.
    let Some(to_runner) = (unsafe { context.cast::<ToRunner>().as_ref() }) else { return libc::EINVAL };
    to_runner.write(bytes, length).map_or_else(|error| error as i32, |()| 0)
}

/// [`Host::read`].
extern "C" fn read(_context: *mut c_void, buffer: *mut u8, capacity: usize) -> isize {
    loop {
        // SAFETY: `read(2)` does not touch memory that is not there, it gives EFAULT.
        let got = unsafe { libc::read(libc::STDIN_FILENO, buffer.cast(), capacity) };
        if got >= 0 {
            return got;
        }
        match Errno::last_raw() {
            libc::EINTR => {}
            error => return -isize::try_from(error).unwrap_or(1),
        }
    }
}
