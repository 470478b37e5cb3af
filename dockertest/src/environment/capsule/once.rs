//! What one thread makes for all, and what is not tried again when that fails.

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

/// What has been tried, and by whom it is being made.
#[derive(Debug, Default)]
pub(in crate::environment) struct Once {
    states: Mutex<BTreeMap<String, State>>,
    changed: Condvar,
}

impl Once {
    /// What is found, or else made, by one thread at a time. Where the test image cannot be had it is not tried again, unless
    /// somebody wanted to stop.
    pub(super) fn make<T>(
        &self,
        what: &str,
        cancel: &CancelToken,
        found: impl Fn() -> Option<T>,
        make: impl FnOnce() -> Result<T, ImagesFailure>,
    ) -> Result<T, ImagesFailure> {
        let making = loop {
            let mut states = self.states();
            if let Some(found) = found() {
                return Ok(found);
            }
            if let Some(reason) = cancel.reason() {
                return Err(ImagesFailure::Interrupted(reason));
            }
            match states.get(what) {
                None => {
                    states.insert(what.to_owned(), State::BeingMade);
                    break Making { once: self, what };
                }
                Some(State::Failed(reason)) => return Err(ImagesFailure::TriedBefore(reason.clone())),
                Some(State::BeingMade) => drop(self.changed.wait_timeout(states, LOOK_FOR_STOP)),
            }
        };
        let made = make();
        match (made, cancel.reason()) {
            (Err(_), Some(reason)) => Err(ImagesFailure::Interrupted(reason)),
            (Err(failure), None) => {
                if failure.leaves_capsules() {
                    making.has_failed(crate::with_causes(&failure));
                }
                Err(failure)
            }
            (made, _) => made,
        }
    }

    fn states(&self) -> MutexGuard<'_, BTreeMap<String, State>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one thread that does it.
struct Making<'a> {
    once: &'a Once,
    what: &'a str,
}

impl Making<'_> {
    fn has_failed(&self, reason: String) {
        self.once.states().insert(self.what.to_owned(), State::Failed(reason));
    }
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        let mut states = self.once.states();
        if states.get(self.what) == Some(&State::BeingMade) {
            states.remove(self.what);
        }
        self.once.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use std::thread;

    use super::*;

    fn failure() -> ImagesFailure {
        ImagesFailure::NoEngine("/no/such/dockerd".into())
    }

    #[test]
    fn what_failed_is_not_tried_again_and_says_the_same() {
        let tried = Once::default();
        let cancel = CancelToken::new().unwrap();
        let first = tried.make("failing", &cancel, || None::<()>, || Err(failure())).unwrap_err().to_string();
        let again = tried.make("failing", &cancel, || None::<()>, || panic!("it was tried before"));
        assert!(matches!(&again, Err(ImagesFailure::TriedBefore(reason)) if *reason == first), "{again:?}");
        let full = || ImagesFailure::Folder { path: "/x".into(), source: io::ErrorKind::StorageFull.into() };
        let first = tried.make("no space", &cancel, || None::<()>, || Err(full()));
        assert!(matches!(first, Err(ImagesFailure::Folder { .. })), "{first:?}");
        assert_eq!(tried.make("no space", &cancel, || None, || Ok(3)).unwrap(), 3, "that may pass");
        assert_eq!(tried.make("failing", &cancel, || Some(7), || Err(failure())).unwrap(), 7, "somebody else could");
    }

    #[test]
    fn a_wish_to_stop_is_no_failure_that_is_kept() {
        let (tried, cancel) = (Once::default(), CancelToken::new().unwrap());
        let stopped = tried.make(
            "stopped",
            &cancel,
            || None::<()>,
            || {
                cancel.cancel("enough");
                Err(failure())
            },
        );
        assert!(matches!(&stopped, Err(ImagesFailure::Interrupted(reason)) if reason == "enough"), "{stopped:?}");
        assert_eq!(tried.make("stopped", &CancelToken::new().unwrap(), || None, || Ok(1)).unwrap(), 1);
    }

    #[test]
    fn all_threads_wait_for_the_one_that_makes_it() {
        let (made, calls, tried) = (AtomicU32::new(0), AtomicU32::new(0), Once::default());
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
                    assert_eq!(tried.make("shared", &cancel, found, make).unwrap(), 5);
                });
            }
        });
        assert_eq!(calls.into_inner(), 1);
    }

    #[test]
    fn who_waits_for_another_thread_can_be_stopped() {
        let (cancel, other) = (CancelToken::new().unwrap(), CancelToken::new().unwrap());
        let (looks, is_stopped, tried) = (AtomicU32::new(0), AtomicBool::new(false), Once::default());
        thread::scope(|scope| {
            scope.spawn(|| {
                let make = || {
                    // The other one has looked in vain more than once, so it waits for this.
                    while looks.load(Ordering::SeqCst) < 3 {
                        thread::yield_now();
                    }
                    cancel.cancel("enough");
                    while !is_stopped.load(Ordering::SeqCst) {
                        thread::yield_now();
                    }
                    Ok(())
                };
                tried.make("long", &other, || None, make).unwrap();
            });
            while tried.states().is_empty() {
                thread::yield_now();
            }
            let found = || {
                looks.fetch_add(1, Ordering::SeqCst);
                None
            };
            let stopped = tried.make("long", &cancel, found, || Ok(()));
            is_stopped.store(true, Ordering::SeqCst);
            assert!(matches!(stopped, Err(ImagesFailure::Interrupted(_))), "{stopped:?}");
        });
    }
}
