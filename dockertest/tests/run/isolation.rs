//! Which other subtests make one fail: with real runs, whatever else was asked for.

use std::num::NonZeroU32;
use std::sync::Arc;

use dockertest::host::CancelToken;
use dockertest::journal::Event;
use dockertest::run::{Culprits, RunFailure, find_culprits};

use crate::Test;
use crate::instances::Instances;
use crate::parallel::jobs;
use crate::support::{Place, host};

pub(crate) const TESTS: &[Test] = &[
    ("isolation::one_culprit_is_found", one_culprit_is_found),
    ("isolation::two_that_do_harm_together_are_found", two_that_do_harm_together_are_found),
    ("isolation::a_probe_keeps_to_the_order_in_one_instance", a_probe_keeps_to_the_order_in_one_instance),
];

/// Fails where its order says so; a place, a provider and many workers of its own.
fn probe(order: &[String], workers: usize) -> Result<bool, RunFailure> {
    let (place, ini) = (Place::new(), "[Control]\nexclude = pre, post, intra_one, intra_two\n");
    let builder = place.builder(&order.join(","), ini).host(host(&["around"])).jobs(jobs(workers));
    let runner = builder.provider(Arc::new(Instances::for_one_step())).build().unwrap().retries(2);
    let ending = runner.probe(&order.last().unwrap().parse().unwrap(), &CancelToken::new().unwrap())?.unwrap();
    check_order(&place, order);
    Ok(!ending.verdict.is_passed())
}

/// Everything ran once, in this order, in one instance.
fn check_order(place: &Place, order: &[String]) {
    let mut instances = Vec::new();
    for event in place.journal() {
        if let Event::StepStarted(started) = event {
            assert_eq!(started.worker, None);
            instances.extend(started.instance);
        }
    }
    assert_eq!(instances.len(), order.len());
    instances.dedup();
    assert_eq!(instances.len(), 1, "{instances:?}");
    let ran = order.iter().map(|name| format!("run {name} \"full\"\n")).collect::<String>();
    assert_eq!(place.witness(), ran);
}

fn names(list: &str) -> Vec<String> {
    list.split_whitespace().map(str::to_owned).collect()
}

fn find(suspect: &str) -> [Culprits; 2] {
    let (before, after) = (names("parent taint/a step/00 taint/b step/02"), names("step/01"));
    [1, 4].map(|workers| {
        find_culprits(suspect, &before, &after, NonZeroU32::MIN, &mut |order| probe(order, workers)).unwrap()
    })
}

fn one_culprit_is_found() {
    let found = Culprits::Others { names: names("taint/a"), failed: 3, of: 3 };
    assert_eq!(find("tainted/by_one"), [found.clone(), found]);
}

fn two_that_do_harm_together_are_found() {
    let found = Culprits::Others { names: names("taint/a taint/b"), failed: 3, of: 3 };
    assert_eq!(find("tainted/by_both"), [found.clone(), found]);
}

fn a_probe_keeps_to_the_order_in_one_instance() {
    for suspect in ["good", "fail"] {
        let [one, four] = find(suspect);
        let expected = if suspect == "good" { Culprits::Nobody } else { Culprits::Itself { failed: 1, of: 1 } };
        assert_eq!((&one, &four), (&expected, &expected));
    }
}
