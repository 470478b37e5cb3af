//! What one thread of this process makes for all, and what is not tried again when that fails.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::images::ImagesFailure;
use crate::host::CancelToken;

/// How often who waits for another thread looks whether somebody wants to stop: a wish cannot be waited for together with a
/// thread.
const LOOK_FOR_STOP: Duration = Duration::from_millis(20);

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    BeingMade,
    Failed(String),
}

static STATES: Mutex<BTreeMap<String, State>> = Mutex::new(BTreeMap::new());
static CHANGED: Condvar = Condvar::new();

fn states() -> MutexGuard<'static, BTreeMap<String, State>> {
    STATES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is found, or else made, by one thread at a time. Where it has failed once in this process, other than because
/// somebody wanted to stop, it is not tried again.
pub(super) fn once<T>(
    what: &str,
    cancel: &CancelToken,
    found: impl Fn() -> Option<T>,
    make: impl FnOnce() -> Result<T, ImagesFailure>,
) -> Result<T, ImagesFailure> {
    let making = loop {
        let states = states();
        if let Some(found) = found() {
            return Ok(found);
        }
        if let Some(reason) = cancel.reason() {
            return Err(ImagesFailure::Interrupted(reason));
        }
        match states.get(what) {
            None => break Making::begin(what, states),
            Some(State::Failed(reason)) => return Err(ImagesFailure::TriedBefore(reason.clone())),
            Some(State::BeingMade) => drop(CHANGED.wait_timeout(states, LOOK_FOR_STOP)),
        }
    };
    let made = make();
    match (made, cancel.reason()) {
        (Err(_), Some(reason)) => Err(ImagesFailure::Interrupted(reason)),
        (Err(failure), None) => {
            making.has_failed(crate::with_causes(&failure));
            Err(failure)
        }
        (made, _) => made,
    }
}

/// The one thread that does it.
struct Making<'a>(&'a str);

impl<'a> Making<'a> {
    fn begin(what: &'a str, mut states: MutexGuard<'_, BTreeMap<String, State>>) -> Making<'a> {
        states.insert(what.to_owned(), State::BeingMade);
        Making(what)
    }

    fn has_failed(&self, reason: String) {
        states().insert(self.0.to_owned(), State::Failed(reason));
    }
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        let mut states = states();
        if states.get(self.0) == Some(&State::BeingMade) {
            states.remove(self.0);
        }
        CHANGED.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::thread;

    use super::*;

    fn failure() -> ImagesFailure {
        ImagesFailure::NoEngine("/no/such/dockerd".into())
    }

    #[test]
    fn what_failed_is_not_tried_again_and_says_the_same() {
        let cancel = CancelToken::new().unwrap();
        let first = once("failing", &cancel, || None::<()>, || Err(failure())).unwrap_err().to_string();
        let again = once("failing", &cancel, || None::<()>, || panic!("it was tried before"));
        assert!(matches!(&again, Err(ImagesFailure::TriedBefore(reason)) if *reason == first), "{again:?}");
        assert_eq!(once("failing", &cancel, || Some(7), || Err(failure())).unwrap(), 7, "somebody else could");
    }

    #[test]
    fn a_wish_to_stop_is_no_failure_that_is_kept() {
        let cancel = CancelToken::new().unwrap();
        let stopped = once(
            "stopped",
            &cancel,
            || None::<()>,
            || {
                cancel.cancel("enough");
                Err(failure())
            },
        );
        assert!(matches!(&stopped, Err(ImagesFailure::Interrupted(reason)) if reason == "enough"), "{stopped:?}");
        assert_eq!(once("stopped", &CancelToken::new().unwrap(), || None, || Ok(1)).unwrap(), 1);
    }

    #[test]
    fn all_threads_wait_for_the_one_that_makes_it() {
        let (made, calls) = (AtomicU32::new(0), AtomicU32::new(0));
        let cancel = CancelToken::new().unwrap();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let found = || Some(made.load(Ordering::SeqCst)).filter(|made| *made > 0);
                    let make = || {
                        calls.fetch_add(1, Ordering::SeqCst);
                        thread::yield_now();
                        made.store(5, Ordering::SeqCst);
                        Ok(5)
                    };
                    assert_eq!(once("shared", &cancel, found, make).unwrap(), 5);
                });
            }
        });
        assert_eq!(calls.into_inner(), 1);
    }

    #[test]
    fn who_waits_for_another_thread_can_be_stopped() {
        let (cancel, other) = (CancelToken::new().unwrap(), CancelToken::new().unwrap());
        let is_stopped = AtomicU32::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                let make = || {
                    cancel.cancel("enough");
                    while is_stopped.load(Ordering::SeqCst) == 0 {
                        thread::yield_now();
                    }
                    Ok(())
                };
                once("long", &other, || None, make).unwrap();
            });
            while !cancel.is_cancelled() {
                thread::yield_now();
            }
            let stopped = once("long", &cancel, || None, || Ok(()));
            is_stopped.store(1, Ordering::SeqCst);
            assert!(matches!(stopped, Err(ImagesFailure::Interrupted(_))), "{stopped:?}");
        });
    }
}
