//! A panic in a subtest is an outcome of its phase, not the end of its process.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};

use crate::subtest::{Failure, Outcome};
use crate::verdict::Verdict;

thread_local! {
    /// Where the last panic of this thread happened.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Makes panics remember their place. For a host program, at its start: the hook is one for the whole process.
pub(crate) fn remember_places() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let place = info.location().map(|location| format!("{}:{}", location.file(), location.line()));
        PLACE.with_borrow_mut(|last| *last = place);
        usual(info);
    }));
}

/// Runs a phase. A panic becomes `ERROR` with its message and, where known, its place.
pub(crate) fn caught(phase: impl FnOnce() -> Outcome) -> Outcome {
    panic::catch_unwind(AssertUnwindSafe(phase)).unwrap_or_else(|payload| {
        let place = PLACE.with_borrow_mut(Option::take).map_or(String::new(), |place| format!(" at {place}"));
        Err(Failure::new(Verdict::Error, format!("panic{place}: {}", message(&*payload))))
    })
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no message)")
}
