//! What signals mean: the first SIGINT, SIGTERM or SIGHUP (unless that is ignored) asks the run to stop cleanly, the second to
//! stop now.

use std::io;
use std::sync::Arc;

use dockertest::host::{CancelToken, stop_signals};
use dockertest::run::{EXIT_INTERRUPTED, EXIT_TERMINATED};
use signal_hook::SigId;
use signal_hook::consts::SIGTERM;
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
    for signal in stop_signals() {
        let cancel = Arc::clone(&cancel);
        handlers.push(register(signal, move || cancel.signalled(signal))?);
    }
    Ok(Forwarding { handlers })
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
