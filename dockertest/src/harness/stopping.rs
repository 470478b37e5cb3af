//! Ctrl-C and other wishes of the outside that the program should end: what is running cleans up, nothing more begins.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use signal_hook::iterator::Signals;

use crate::host::{CancelToken, stop_signals};

/// Passes signals on to all runs of this program.
#[derive(Debug, Clone, Default)]
pub(super) struct Stopping(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// The signal that came first.
    signal: Option<i32>,
    next: u64,
    running: BTreeMap<u64, CancelToken>,
}

/// A run that is told of signals for as long as this lives.
#[derive(Debug)]
pub(super) struct Running {
    stopping: Stopping,
    number: u64,
    pub(super) cancel: CancelToken,
}

impl Stopping {
    pub(super) fn new() -> Stopping {
        Stopping::default()
    }

    /// Begins to listen: the first of the [signals](stop_signals) asks all runs to stop and to clean up, any further one
    /// to stop at once.
    pub(super) fn watch_signals(&self) -> io::Result<()> {
        let mut signals = Signals::new(stop_signals())?;
        let stopping = self.clone();
        let listen = move || signals.forever().for_each(|signal| stopping.signalled(signal));
        thread::Builder::new().name("signals".to_owned()).spawn(listen).map(drop)
    }

    fn signalled(&self, signal: i32) {
        let mut state = self.locked();
        state.signal.get_or_insert(signal);
        state.running.values().for_each(|cancel| cancel.signalled(signal));
    }

    /// The signal that came first, if one came.
    pub(super) fn signal(&self) -> Option<i32> {
        self.locked().signal
    }

    /// Begins a run; nothing when none is to begin any more.
    pub(super) fn begin(&self) -> io::Result<Option<Running>> {
        // A token for each run: one whose journal fails cancels its own.
        let cancel = CancelToken::new()?;
        let mut state = self.locked();
        if state.signal.is_some() {
            return Ok(None);
        }
        let number = state.next;
        state.next += 1;
        state.running.insert(number, cancel.clone());
        Ok(Some(Running { stopping: self.clone(), number, cancel }))
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopping.locked().running.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use signal_hook::consts::{SIGINT, SIGTERM};

    use super::*;

    #[test]
    fn a_signal_reaches_what_runs_and_keeps_the_rest_from_beginning() {
        let stopping = Stopping::new();
        let first = stopping.begin().unwrap().unwrap();
        let ended = stopping.begin().unwrap().unwrap();
        let token = ended.cancel.clone();
        drop(ended);
        stopping.signalled(SIGTERM);
        assert!(first.cancel.is_cancelled() && !first.cancel.is_now() && !token.is_cancelled());
        assert!(stopping.begin().unwrap().is_none());
        stopping.signalled(SIGINT);
        assert!(first.cancel.is_now());
        assert_eq!(stopping.signal(), Some(SIGTERM));
    }
}
