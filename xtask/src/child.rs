//! Programs that we start and wait for, and the signals that reach us meanwhile.
//!
//! A program runs in a process group of its own, and a signal to us is handed on to that group. So Ctrl-C reaches it
//! once, it may end in its own time (`dockertest run` cleans up first), and only then do we stop what we started.

use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;

use std::os::unix::process::{CommandExt, ExitStatusExt};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use signal_hook::iterator::Signals;

use crate::failure::Failure;

/// The process group that gets our signals; 0 when there is none. Signals are per process, hence the static.
static GROUP: AtomicI32 = AtomicI32::new(0);
/// The last signal that reached us; 0 when none did.
static RECEIVED: AtomicI32 = AtomicI32::new(0);

/// Starts the thread that hands signals on. Without a program running, a signal ends us at once: an engine of ours
/// notices that we are gone and cleans up after itself.
pub(crate) fn watch_signals() -> Result<(), Failure> {
    let mut signals = Signals::new(dockertest::host::stop_signals())
        .map_err(|error| Failure::setup(format!("cannot watch for signals: {error}")))?;
    thread::spawn(move || {
        for number in signals.forever() {
            RECEIVED.store(number, Ordering::SeqCst);
            let group = GROUP.load(Ordering::SeqCst);
            match Signal::try_from(number) {
                Ok(signal) if group != 0 => {
                    // The group may have ended a moment ago: then its end is noticed, and the signal with it.
                    let _ = killpg(Pid::from_raw(group), signal);
                }
                _ => std::process::exit(128 + number),
            }
        }
    });
    Ok(())
}

/// A started program that gets our signals until it has been waited for.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) child: Child,
}

impl Running {
    /// Starts the program in a process group of its own, without standard input.
    pub(crate) fn start(command: &mut Command) -> Result<Running, Failure> {
        let program = command.get_program().display().to_string();
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|error| Failure::setup(format!("cannot start `{program}`: {error}")))?;
        GROUP.store(i32::try_from(child.id()).unwrap_or(0), Ordering::SeqCst);
        Ok(Running { child })
    }

    /// Waits for the end. A signal that reached us meanwhile is a failure, whatever the program made of it.
    pub(crate) fn wait(mut self) -> Result<ExitStatus, Failure> {
        let status = self.child.wait();
        GROUP.store(0, Ordering::SeqCst);
        let received = RECEIVED.load(Ordering::SeqCst);
        if received != 0 {
            return Err(Failure::Interrupted(received));
        }
        status.map_err(|error| Failure::failed(format!("cannot wait for a program: {error}")))
    }
}

/// Runs a program to its end, its output on ours.
pub(crate) fn run(command: &mut Command) -> Result<ExitStatus, Failure> {
    Running::start(command)?.wait()
}

/// Runs a program that has to succeed; `what` says what it is for, after "failed to".
pub(crate) fn must_succeed(command: &mut Command, what: &str) -> Result<(), Failure> {
    let status = run(command)?;
    if status.success() { Ok(()) } else { Err(Failure::failed(format!("failed to {what} ({status})"))) }
}

/// Cargo, the one that runs us.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(crate::paths::root());
    command
}

/// The exit code that passes the status of a program through; 128 + number when a signal ended it.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or(status.signal().map(|number| 128 + number)).unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{must_succeed, run};
    use crate::failure::Failure;

    #[test]
    fn failure_names_the_purpose_and_the_status() {
        let failure = must_succeed(Command::new("sh").args(["-c", "exit 3"]), "build the book").unwrap_err();
        assert_eq!(failure, Failure::failed("failed to build the book (exit status: 3)"));
    }

    #[test]
    fn missing_program_is_a_set_up_failure() {
        let failure = run(&mut Command::new("/no/such/program")).unwrap_err();
        assert_eq!(failure.status(), 2);
        assert!(failure.to_string().contains("cannot start `/no/such/program`"), "{failure}");
    }
}
