//! The way from a plug-in to the runner: bytes that are passed on as they are, but for the first line, which has to agree
//! with the plug-in's record.

#![expect(unsafe_code, reason = "hands pointers of a plug-in to the kernel, which looks whether the bytes are there")]

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use nix::errno::Errno;
use nix::libc;

use super::load::Task;
use super::problem::PluginProblem;
use super::record::Identity;
use crate::host::protocol::{Hello, HostMessage, MAX_LINE_BYTES};
use crate::outcome::{Ending, Level};
use crate::verdict::Verdict;

/// Who speaks when the plug-in cannot.
const LOADER: &str = concat!("dockertest ", env!("CARGO_PKG_VERSION"), " (plug-in loader)");

/// The way to the runner.
pub(super) struct ToRunner {
    plugin: PathBuf,
    task: Task,
    identity: OnceLock<Identity>,
    pipe: Mutex<Pipe>,
}

struct Pipe {
    file: File,
    /// What there is of the plug-in's first line, as long as that has not been judged.
    first_line: Option<Vec<u8>>,
    /// Whether the plug-in has been heard by the runner.
    has_begun: bool,
    /// The length of what could not be written because it was not there.
    bad_length: Option<usize>,
}

impl ToRunner {
    pub(super) fn new(plugin: PathBuf, task: Task, file: File) -> ToRunner {
        let pipe = Pipe { file, first_line: Some(Vec::new()), has_begun: false, bad_length: None };
        ToRunner { plugin, task, identity: OnceLock::new(), pipe: Mutex::new(pipe) }
    }

    /// What the plug-in's first line will be compared with.
    pub(super) fn expect(&self, identity: Identity) {
        drop(self.identity.set(identity));
    }

    /// Says what is wrong, in place of the plug-in.
    pub(super) fn tell(&self, problem: &PluginProblem) -> io::Result<()> {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        self.tell_through(&mut pipe, problem)
    }

    fn tell_through(&self, pipe: &mut Pipe, problem: &PluginProblem) -> io::Result<()> {
        let named = format!("the plug-in `{}`: {problem}", self.plugin.display());
        if pipe.has_begun {
            return Err(io::Error::other(named));
        }
        let mut messages = vec![HostMessage::Hello(Hello::new(LOADER))];
        match self.task {
            // Who asks for a list names the file.
            Task::List => {
                let text = problem.to_string();
                messages.push(HostMessage::Log { subsubtest: None, level: Level::Error, text });
                messages.push(HostMessage::Listed { subtests: 0 });
            }
            Task::Run => messages.push(HostMessage::Ended(Ending::new(Verdict::Error, named))),
        }
        for message in messages {
            let mut line = serde_json::to_vec(&message)?;
            line.push(b'\n');
            pipe.file.write_all(&line)?;
        }
        Ok(())
    }

    /// What the plug-in wants to be written. The kernel looks whether it is there.
    pub(super) fn write(&self, bytes: *const u8, length: usize) -> Result<(), Errno> {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut line) = pipe.first_line.take() {
            let seen = peek(bytes, length.min(MAX_LINE_BYTES));
            let end = seen.iter().position(|byte| *byte == b'\n');
            if end.is_none() && seen.len() < length.min(MAX_LINE_BYTES) {
                pipe.bad_length = Some(length);
                return Err(Errno::EFAULT);
            }
            if end.is_none() && line.len() + seen.len() < MAX_LINE_BYTES {
                line.extend(seen);
                pipe.first_line = Some(line);
                return Ok(());
            }
            let whole = [&line, &seen[..end.unwrap_or(seen.len())]].concat();
            if let Some(problem) = self.judge(&whole) {
                let told = self.tell_through(&mut pipe, &problem);
                // SAFETY: ends the process without any more code of the plug-in.
                unsafe { libc::_exit(i32::from(told.is_err())) }
            }
            pipe.write_all(line.as_ptr(), line.len())?;
        }
        pipe.write_all(bytes, length)
    }

    /// What is wrong with the first line, if it is what it should be and yet does not agree with the record.
    fn judge(&self, line: &[u8]) -> Option<PluginProblem> {
        let identity = self.identity.get()?;
        let HostMessage::Hello(hello) = serde_json::from_slice(line).ok()? else { return None };
        let agrees = identity.is_of(hello.api_version);
        (!agrees).then_some(PluginProblem::TwoApis { record: identity.api, hello: hello.api_version })
    }

    /// After the plug-in's function: passes on a first line without an end, and says how much was wanted that was not there.
    pub(super) fn finish(&self) -> Option<usize> {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        let line = pipe.first_line.take().unwrap_or_default();
        if pipe.write_all(line.as_ptr(), line.len()).is_err() {
            // The runner is gone, and nobody is left to be told.
        }
        pipe.bad_length
    }
}

impl Pipe {
    /// Through the plug-in's own pointer, so that the kernel, and tools that watch memory, see what it does.
    fn write_all(&mut self, bytes: *const u8, length: usize) -> Result<(), Errno> {
        let mut done = 0;
        while done < length {
            // SAFETY: `write(2)` does not touch memory that is not there, it gives EFAULT.
            let written = unsafe { libc::write(self.file.as_raw_fd(), bytes.wrapping_add(done).cast(), length - done) };
            match usize::try_from(written) {
                Ok(0) => return Err(Errno::EIO),
                Ok(written) => {
                    self.has_begun = true;
                    done += written;
                }
                Err(_) => match Errno::last() {
                    Errno::EINTR => {}
                    Errno::EFAULT => {
                        self.bad_length = Some(length);
                        return Err(Errno::EFAULT);
                    }
                    error => return Err(error),
                },
            }
        }
        Ok(())
    }
}

/// As many of the bytes as there are. Read like a file, as the record has been, so that a wrong pointer is no crash.
fn peek(bytes: *const u8, length: usize) -> Vec<u8> {
    let mut seen = vec![0; length];
    let mut done = 0;
    if let Ok(memory) = File::open("/proc/self/mem") {
        // A read may end early where another mapping begins.
        while let Ok(read @ 1..) = memory.read_at(&mut seen[done..], bytes.wrapping_add(done) as u64) {
            done += read;
        }
    }
    seen.truncate(done);
    seen
}
