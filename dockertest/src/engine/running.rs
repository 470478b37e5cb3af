//! A command in the background: what it prints can be waited for, it can be signalled and written to.

use std::cell::RefCell;
use std::fmt;
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::Signal;
use regex::bytes::Regex;

use crate::engine::command::{Command, deadline};
use crate::engine::completed::{Completed, shown};
use crate::engine::output::Lines;
use crate::engine::process::{Process, Stopped};
use crate::outcome::Evidence;
use crate::subtest::{CheckFailed, Failure, Outcome};

/// The names of the outputs.
const STANDARD: [&str; 2] = ["stdout", "stderr"];

/// A command in the background. Made by [`Command::spawn`].
///
/// All that it prints is read as it comes. What does not happen in time is a `FAIL` with the command, what was
/// expected, and what it had printed; so is a command that ends too early.
///
/// ```no_run
/// # use std::time::Duration;
/// # use dockertest::prelude::*;
/// # fn phase(ctx: &mut Context) -> Outcome {
/// let mut logs = ctx.docker(["logs", "--follow", "test"]).spawn()?;
/// let line = logs.wait_for(r"^listening on port \d+$", Duration::from_secs(10))?;
/// ctx.info(line);
/// # Ok(()) } // killed here
/// ```
pub struct Running {
    command: Command,
    process: Rc<RefCell<Process>>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("command", &self.command.typed()).finish_non_exhaustive()
    }
}

/// A place in the outputs of a command: what is printed after it was taken is new. Made by [`Running::mark`].
///
/// ```no_run
/// # use std::time::Duration;
/// # use dockertest::prelude::*;
/// # fn phase(ctx: &mut Context, client: &mut Running) -> Outcome {
/// let before = client.mark();
/// ctx.docker(["kill", "--signal=USR1", "test"]).must_pass()?;
/// client.wait_for_new(&before, "^Received 10", Duration::from_secs(5))?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark([u64; 2]);

impl Running {
    pub(super) fn new(command: Command, process: Process) -> Self {
        let process = Rc::new(RefCell::new(process));
        command.shared().background.remember(command.subsubtest(), &process);
        Running { command, process }
    }

    /// Waits until it has printed a line that matches a regular expression, on either output, and gives the line back
    /// without its end. What it has printed before this call counts.
    ///
    /// # Errors
    /// `FAIL` when there is no such line within the limit, or when the command ends without one; `ERROR` when the
    /// pattern is none.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let mut events = ctx.docker(["events"]).spawn()?;
    /// ctx.docker(["create", "--name", "x", "busybox"]).must_pass()?;
    /// events.wait_for(r"container create .*name=x", Duration::from_secs(5))?;
    /// # Ok(()) }
    /// ```
    pub fn wait_for(&mut self, pattern: &str, limit: Duration) -> Outcome<String> {
        self.wait_for_new(&Mark([0, 0]), pattern, limit)
    }

    /// The same, but only what has been printed after the mark was taken counts.
    ///
    /// # Errors
    /// As for [`wait_for`](Self::wait_for).
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, client: &mut Running) -> Outcome {
    /// let before = client.mark();
    /// client.write_stdin(b"echo again\n")?;
    /// client.wait_for_new(&before, "^again$", Duration::from_secs(5))?;
    /// # Ok(()) }
    /// ```
    pub fn wait_for_new(&mut self, mark: &Mark, pattern: &str, limit: Duration) -> Outcome<String> {
        let regex = Regex::new(pattern)?;
        let mut outputs = mark.0.map(Lines::from);
        let mut visit = |line: &[u8]| regex.is_match(line).then(|| String::from_utf8_lossy(line).into_owned());
        let start = Instant::now();
        let found = self.process.borrow().until(deadline(limit), self.command.cancel(), |printed| {
            for (lines, output) in outputs.iter_mut().zip(&printed.outputs) {
                if let Some(found) = lines.find(output, printed.ended, &mut visit)? {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        });
        self.command.shared().spent.wait(start.elapsed());
        let expected = format!("a line that matches `{pattern}` within {} s", limit.as_secs_f64());
        match found {
            Ok(Some(line)) => Ok(line),
            Ok(None) => Err(self.broken(&format!("ended without a line that matches `{pattern}`"), expected)),
            Err(Stopped::TimedOut) => Err(self.broken(&format!("did not print {expected}"), expected)),
            Err(stopped) => Err(self.command.explain(stopped).into()),
        }
    }

    /// Waits until it has printed a line with the word `READY`, within the option `wait_ready` (60 s).
    ///
    /// # Errors
    /// As for [`wait_for`](Self::wait_for).
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let mut client = ctx.docker(["run", "busybox", "sh", "-c", "echo READY; sleep 60"]).spawn()?;
    /// client.wait_ready()?; // the container's command has begun
    /// # Ok(()) }
    /// ```
    pub fn wait_ready(&mut self) -> Outcome {
        self.wait_for("READY", self.command.ready_limit()).map(|_| ())
    }

    /// Waits for its end; what it reads has an end from now on. What is left of its process group is killed then.
    ///
    /// # Errors
    /// `FAIL` when it does not end within the limit (zero is none); then it is killed with all its descendants.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, client: Running) -> Outcome {
    /// ctx.docker(["stop", "test"]).must_pass()?;
    /// client.wait(Duration::from_secs(5))?.must_fail(143)?;
    /// # Ok(()) }
    /// ```
    pub fn wait(self, limit: Duration) -> Outcome<Completed> {
        let start = Instant::now();
        let mut process = self.process.borrow_mut();
        process.close_stdin();
        let ended = self.command.until_end(&mut process, limit);
        self.command.shared().spent.wait(start.elapsed());
        ended?;
        Ok(self.command.completed(&mut process)?)
    }

    /// Sends a signal to the command's process, and to it alone.
    ///
    /// # Errors
    /// `FAIL` when it has ended.
    ///
    /// ```no_run
    /// # use nix::sys::signal::Signal;
    /// # use dockertest::prelude::*;
    /// # fn phase(client: &Running) -> Outcome {
    /// client.signal(Signal::SIGINT)?; // as Ctrl-C would
    /// # Ok(()) }
    /// ```
    pub fn signal(&self, signal: Signal) -> Outcome {
        self.command.log(format!("signal: kill -{} {}  # {}", signal as i32, self.pid(), self.command.typed()));
        let process = self.process.borrow();
        // What has ended is there until it is reaped, and takes signals.
        let sent = if process.is_running() { process.signal(signal) } else { Err(Errno::ESRCH) };
        match sent {
            Ok(()) => Ok(()),
            Err(Errno::ESRCH) => {
                drop(process);
                Err(self.broken("has ended", format!("to be running when it gets {signal}")))
            }
            Err(error) => Err(Failure::from(error).context(format!("cannot send {signal}"))),
        }
    }

    /// Kills it with all its descendants, also those in sessions of their own.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(client: Running) -> Outcome {
    /// client.kill();
    /// # Ok(()) }
    /// ```
    pub fn kill(self) {
        let ended = self.process.borrow_mut().end();
        let ending = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
        self.command.log(format!("killed: {} ({ending})", self.command.typed()));
    }

    /// Whether it runs.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(client: &mut Running) -> Outcome {
    /// check!(client.is_running(), "the client stays attached");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        self.process.borrow().is_running()
    }

    /// What it has printed on standard output, at most the first 16 MiB; bytes that are no UTF-8 are replaced.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(client: &mut Running) -> Outcome {
    /// check!(!client.stdout_so_far().contains("Received"), "nothing is received while the container is paused");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn stdout_so_far(&self) -> String {
        self.so_far(0)
    }

    /// What it has printed on standard error, at most the first 16 MiB; bytes that are no UTF-8 are replaced.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(client: &mut Running) -> Outcome {
    /// check_eq!(client.stderr_so_far(), "", "what the client complained about");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn stderr_so_far(&self) -> String {
        self.so_far(1)
    }

    fn so_far(&self, output: usize) -> String {
        String::from_utf8_lossy(self.process.borrow().captured().lock().outputs[output].memory()).into_owned()
    }

    /// Where its outputs are now. A line that is not complete yet is new.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(client: &mut Running) -> Outcome {
    /// let before = client.mark();
    /// client.write_stdin(b"date\n")?;
    /// # let _ = before;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn mark(&self) -> Mark {
        let process = self.process.borrow();
        let printed = process.captured().lock();
        Mark([printed.outputs[0].line_start(), printed.outputs[1].line_start()])
    }

    /// The complete lines that it has printed on standard output after the mark was taken, without their ends.
    ///
    /// # Errors
    /// `ERROR` when they cannot be read from the file that holds a very long output.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(client: &mut Running) -> Outcome {
    /// let start = client.mark();
    /// client.write_stdin(b"ls /\n")?;
    /// client.wait_for_new(&start, "^var$", std::time::Duration::from_secs(5))?;
    /// check!(client.new_lines(&start)?.contains(&"bin".to_owned()), "there is a folder for programs");
    /// # Ok(()) }
    /// ```
    pub fn new_lines(&self, mark: &Mark) -> Outcome<Vec<String>> {
        let process = self.process.borrow();
        let printed = process.captured().lock();
        let mut seen = Vec::new();
        let mut visit = |line: &[u8]| {
            seen.push(String::from_utf8_lossy(line).into_owned());
            None::<()>
        };
        Lines::from(mark.0[0]).find(&printed.outputs[0], printed.ended, &mut visit)?;
        Ok(seen)
    }

    /// Gives it something to read on standard input, within `docker_timeout`.
    ///
    /// # Errors
    /// `FAIL` when it does not want to read it, because it has ended or closed its standard input.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let mut shell = ctx.docker(["run", "--interactive", "busybox", "sh"]).spawn()?;
    /// shell.write_stdin(b"echo READY\n")?;
    /// shell.wait_ready()?;
    /// # Ok(()) }
    /// ```
    pub fn write_stdin(&mut self, bytes: &[u8]) -> Outcome {
        let limit = self.command.limit();
        let start = Instant::now();
        let written = self.process.borrow_mut().write(bytes, deadline(limit), self.command.cancel());
        self.command.shared().spent.wait(start.elapsed());
        let text = shown(bytes);
        match written {
            Ok(()) => {
                self.command.log(format!("write: {text}"));
                Ok(())
            }
            Err(Stopped::Cancelled(reason)) => Err(self.command.explain(Stopped::Cancelled(reason)).into()),
            Err(Stopped::Lost(error)) => {
                Err(self.broken(&format!("does not read its standard input ({error})"), format!("to read `{text}`")))
            }
            Err(_) => {
                let within = format!("within {} s", limit.as_secs_f64());
                Err(self.broken(&format!("does not read its standard input {within}"), format!("to read `{text}`")))
            }
        }
    }

    /// Ends what it reads on standard input.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let mut cat = ctx.docker(["run", "--interactive", "busybox", "cat"]).spawn()?;
    /// cat.write_stdin(b"hello\n")?;
    /// cat.wait_for("^hello$", Duration::from_secs(10))?;
    /// cat.close_stdin();
    /// cat.wait(Duration::from_secs(10))?.must_pass()?;
    /// # Ok(()) }
    /// ```
    pub fn close_stdin(&mut self) {
        self.process.borrow_mut().close_stdin();
    }

    /// The number of its process.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, client: &mut Running) -> Outcome {
    /// ctx.info(format!("the client is process {}", client.pid()));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.borrow().pid()
    }

    /// The command as it can be pasted into a shell.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let client = ctx.docker(["wait", "test"]).spawn()?;
    /// ctx.info(format!("waits in the background: {}", client.typed()));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn typed(&self) -> String {
        self.command.typed()
    }

    /// `FAIL`: what it did or did not, what it should have done, and what it has printed so far.
    fn broken(&self, did: &str, expected: String) -> Failure {
        let command = self.command.typed();
        let evidence = Evidence {
            command: Some(command.clone()),
            expected: Some(expected),
            seen: Some(self.seen()),
            ..Evidence::default()
        };
        CheckFailed::new(format!("`{command}` {did}"), evidence).into()
    }

    fn seen(&self) -> String {
        let process = self.process.borrow();
        let state = if process.is_running() { "running for" } else { "ended within" };
        let mut text = format!("{state} {:.3} s", process.duration().as_secs_f64());
        let printed = process.captured().lock();
        for (name, output) in STANDARD.iter().zip(&printed.outputs) {
            if !output.memory().is_empty() {
                text.push_str(&format!("\n{name}: {}", shown(output.memory())));
            }
        }
        text
    }
}

/// The commands of a step that were started in the background, to be ended with it.
#[derive(Debug, Default)]
pub(crate) struct Background(RefCell<Vec<Started>>);

/// Whose it is, and it itself, if it is not gone yet.
type Started = (Option<String>, Weak<RefCell<Process>>);

impl Background {
    fn remember(&self, subsubtest: Option<&str>, process: &Rc<RefCell<Process>>) {
        let mut started = self.0.borrow_mut();
        started.retain(|(_, process)| process.strong_count() > 0);
        started.push((subsubtest.map(str::to_owned), Rc::downgrade(process)));
    }

    /// Kills those of a sub-subtest, or all of the step, with all their descendants.
    pub(crate) fn end(&self, subsubtest: Option<&str>) {
        let mut started = self.0.borrow_mut();
        started.retain(|(whose, process)| {
            let is_concerned = subsubtest.is_none() || whose.as_deref() == subsubtest;
            if let Some(process) = process.upgrade().filter(|_| is_concerned) {
                // It has been killed whatever this says.
                let _ = process.borrow_mut().end();
            }
            !is_concerned
        });
    }
}

#[cfg(test)]
#[path = "running_tests.rs"]
mod tests;
