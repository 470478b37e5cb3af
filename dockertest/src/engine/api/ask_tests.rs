use std::cell::Cell;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use crate::engine::api::fake::FakeEngine;
use crate::engine::api::{Api, ApiFailure};
use crate::host::CancelToken;
use crate::subtest::Spent;

use super::Watch;

/// How long a call goes on at least that is not given up, for a step that looks every 50 ms whether it has to stop.
const UNTIL_NOTICED: Duration = Duration::from_millis(500);

/// What a fake engine does with a request that is not `GET /version`.
#[derive(Clone, Copy)]
enum Then {
    /// It asks the step to stop, and answers a while later.
    AnswersLater,
    /// It asks the step to stop, and never answers.
    IsSilent,
}

struct Fake {
    api: Api,
    cancel: CancelToken,
    engine: FakeEngine,
}

impl Fake {
    fn new(then: Then) -> Fake {
        let cancel = CancelToken::new().unwrap();
        let stop = cancel.clone();
        let engine = FakeEngine::new(move |_| {
            stop.cancel("SIGINT");
            match then {
                Then::AnswersLater => {
                    // There is nothing to wait for: what is checked is that nothing happens.
                    thread::sleep(UNTIL_NOTICED);
                    Some(("204 No Content", ""))
                }
                Then::IsSilent => None,
            }
        });
        let mut api = Api::connect(&engine.address, Duration::from_secs(60)).unwrap();
        let watch = Watch::new(cancel.clone(), Rc::new(Cell::new(false)), Rc::new(Spent::new()));
        api.watch = Some(Watch { finish_within: Duration::from_secs(5), ..watch });
        Fake { api, cancel, engine }
    }
}

#[track_caller]
fn reason<T: std::fmt::Debug>(answer: Result<T, ApiFailure>) -> String {
    match answer {
        Err(ApiFailure::Cancelled { reason, .. }) => reason,
        other => panic!("not given up: {other:?}"),
    }
}

#[test]
fn a_change_that_has_begun_is_finished_and_nothing_is_begun_after_it() {
    let fake = Fake::new(Then::AnswersLater);
    fake.api.start("one").unwrap();
    assert!(fake.cancel.is_cancelled());
    assert_eq!(reason(fake.api.start("two")), "SIGINT");
    assert_eq!(reason(fake.api.containers(true)), "SIGINT");
    let asked: Vec<String> = fake.engine.asked.try_iter().collect();
    assert!(matches!(asked.as_slice(), [one] if one.ends_with("/containers/one/start")), "{asked:?}");
}

#[test]
fn a_change_that_takes_long_is_given_up_all_the_same_and_that_is_told() {
    let mut fake = Fake::new(Then::IsSilent);
    if let Some(watch) = &mut fake.api.watch {
        watch.finish_within = Duration::from_millis(200);
    }
    let told = "SIGINT; the engine has not finished within 0.2 s and may still do so";
    assert_eq!(reason(fake.api.start("one")), told);
}

#[test]
fn a_question_and_a_wait_are_given_up_at_once() {
    let fake = Fake::new(Then::IsSilent);
    assert_eq!(reason(fake.api.containers(true)), "SIGINT");
    let fake = Fake::new(Then::IsSilent);
    let minute = Duration::from_secs(60);
    assert_eq!(reason(fake.api.wait("one", crate::engine::Condition::NotRunning, minute)), "SIGINT");
}

#[test]
fn a_clean_up_asks_although_the_step_is_to_stop() {
    let fake = Fake::new(Then::AnswersLater);
    fake.cancel.cancel("SIGINT");
    if let Some(watch) = &fake.api.watch {
        watch.is_off.set(true);
    }
    fake.api.start("one").unwrap();
}
