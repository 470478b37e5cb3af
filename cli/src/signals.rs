//! What signals mean: the first SIGINT, SIGTERM or SIGHUP asks the run to stop cleanly, the second to stop now.

use std::fs;
use std::io;
use std::sync::Arc;

use dockertest::host::CancelToken;
use dockertest::run::{EXIT_INTERRUPTED, EXIT_TERMINATED};
use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level;

/// Passes signals on to a run for as long as it lives.
#[derive(Debug)]
pub(crate) struct Forwarding {
    handlers: Vec<SigId>,
}

/// Begins to pass signals on.
pub(crate) fn forward(cancel: &CancelToken) -> io::Result<Forwarding> {
    let cancel = Arc::new(cancel.clone());
    let mut handlers = Vec::new();
    for signal in [SIGINT, SIGTERM].into_iter().chain(hangup()) {
        let cancel = Arc::clone(&cancel);
        handlers.push(register(signal, move || cancel.signalled(signal))?);
    }
    Ok(Forwarding { handlers })
}

/// SIGHUP, unless whoever has started us wants us to go on without the terminal, as `nohup` does.
pub(crate) fn hangup() -> Option<i32> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    (!is_ignored(&status, SIGHUP)).then_some(SIGHUP)
}

/// Whether a process with this `/proc/PID/status` ignores the signal (proc(5): `SigIgn` is a mask in hexadecimal digits).
fn is_ignored(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}

/// The status with which a program ends that was asked to by a signal, if it was.
pub(crate) fn status(cancel: &CancelToken) -> Option<u8> {
    cancel.signal().map(|signal| if signal == SIGTERM { EXIT_TERMINATED } else { EXIT_INTERRUPTED })
}

#[expect(unsafe_code, reason = "a signal handler can only be registered so")]
fn register(signal: i32, action: impl Fn() + Send + Sync + 'static) -> io::Result<SigId> {
    // SAFETY: the action is `CancelToken::signalled`, which is made of atomic operations and a `write` to a
    // descriptor, all of which are allowed in a signal handler.
    unsafe { low_level::register(signal, action) }
}

impl Drop for Forwarding {
    fn drop(&mut self) {
        for handler in self.handlers.drain(..) {
            low_level::unregister(handler);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_known() {
        let status = "Name:\tx\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000001002\nSigCgt:\t0000000000000001\n";
        assert!(is_ignored(status, SIGINT) && !is_ignored(status, SIGHUP) && !is_ignored(status, SIGTERM));
        assert!(!is_ignored("", SIGHUP));
    }
}
