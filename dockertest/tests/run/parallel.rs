//! Runs with several workers, and in instances.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use dockertest::config::{Layers, Source};
use dockertest::environment::Provider;
use dockertest::host::CancelToken;
use dockertest::journal::Event;
use dockertest::run::{
    EXIT_ENVIRONMENT, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_PASSED, EXIT_REBOOT, Outcome, Runner, Stop,
};
use dockertest::verdict::Verdict;

use crate::Test;
use crate::instances::Instances;
use crate::support::{Place, host, line};

pub(crate) const TESTS: &[Test] = &[
    ("parallel::a_parallel_run_equals_the_serial_run", a_parallel_run_equals_the_serial_run),
    ("parallel::every_instance_is_told_before_and_after", every_instance_is_told_before_and_after),
    ("parallel::a_new_instance_for_every_subtest", a_new_instance_for_every_subtest),
    ("parallel::instances_are_asked_for_once_and_used_again", instances_are_asked_for_once_and_used_again),
    ("parallel::there_are_no_more_instances_than_are_needed", there_are_no_more_instances_than_are_needed),
    ("parallel::never_more_instances_than_there_can_be", never_more_instances_than_there_can_be),
    ("parallel::nothing_runs_beside_what_is_alone", nothing_runs_beside_what_is_alone),
    ("parallel::a_group_shares_an_instance", a_group_shares_an_instance),
    ("parallel::a_broken_instance_costs_one_verdict", a_broken_instance_costs_one_verdict),
    ("parallel::without_an_instance_the_run_waits_for_a_resume", without_an_instance_the_run_waits_for_a_resume),
    ("parallel::a_worker_less_does_not_stop_the_others", a_worker_less_does_not_stop_the_others),
    ("parallel::what_is_left_over_is_told", what_is_left_over_is_told),
    ("parallel::the_engine_is_asked_in_the_first_instance", the_engine_is_asked_in_the_first_instance),
    ("parallel::the_first_signal_lets_all_steps_clean_up", the_first_signal_lets_all_steps_clean_up),
    ("parallel::an_urgent_wish_leaves_all_clean_ups_to_a_resume", an_urgent_wish_leaves_all_clean_ups_to_a_resume),
    ("parallel::a_reboot_waits_for_the_other_steps", a_reboot_waits_for_the_other_steps),
    ("parallel::a_step_that_passes_at_last_is_flaky", a_step_that_passes_at_last_is_flaky),
    ("parallel::what_never_passes_is_tried_so_many_times", what_never_passes_is_tried_so_many_times),
    ("parallel::isolated_steps_do_not_share_an_instance", isolated_steps_do_not_share_an_instance),
    ("parallel::the_limit_of_the_run_ends_all_steps", the_limit_of_the_run_ends_all_steps),
];

const SMALL: &str = "[Control]\nexclude = pre\n";

/// Many steps of all sorts, with intratests after each.
const MANY: &str = "good,fail,parent,step/00,step/01,step/02,step/03,step/04,step/05";

fn token() -> CancelToken {
    CancelToken::new().unwrap()
}

pub(crate) fn jobs(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap()
}

fn runner(place: &Place, args: &str, ini: &str, provider: Instances, number: usize) -> Runner {
    let builder = place.builder(args, ini).host(host(&["around"])).jobs(jobs(number));
    builder.provider(Arc::new(provider)).build().unwrap()
}

/// Without the intratests and what else is around.
fn plain(place: &Place, args: &str, provider: Instances, number: usize) -> Runner {
    let builder = place.builder(args, SMALL).host(host(&[])).jobs(jobs(number));
    builder.provider(Arc::new(provider)).build().unwrap()
}

fn run(place: &Place, runner: Runner) -> Outcome {
    place.run(runner, |_| {}, &token())
}

/// What every step tells, by step.
pub(crate) fn by_step(events: &[Event]) -> BTreeMap<usize, Vec<String>> {
    let mut told: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for event in events {
        if let (Some(step), Some(line)) = (event.step(), line(event)) {
            told.entry(step.index()).or_default().push(line);
        }
    }
    told
}

/// The instance and the worker of every step.
pub(crate) fn places(events: &[Event]) -> Vec<(usize, Option<String>, Option<u32>)> {
    let started =
        events.iter().filter_map(|event| if let Event::StepStarted(started) = event { Some(started) } else { None });
    started.map(|started| (started.step.index(), started.instance.clone(), started.worker)).collect()
}

fn index(events: &[Event], what: impl Fn(&Event) -> bool) -> usize {
    events.iter().position(what).unwrap()
}

fn starts(step: usize) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::StepStarted(started) if started.step.index() == step)
}

fn ends(step: usize) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::StepEnded(ended) if ended.step.index() == step)
}

fn a_parallel_run_equals_the_serial_run() {
    let serial = Place::new();
    let one_after_the_other = serial.builder(MANY, "").host(host(&["around"])).build().unwrap();
    let expected = run(&serial, one_after_the_other);
    let told = by_step(&serial.journal());
    // A pretest, nine subtests with two intratests each, a posttest.
    assert_eq!((told.len(), expected.counts.of(Verdict::Fail)), (29, 1));
    for (number, provider) in
        [(1, Instances::for_one_step()), (3, Instances::for_one_step()), (3, Instances::default())]
    {
        let place = Place::new();
        let outcome = run(&place, runner(&place, MANY, "", provider, number));
        assert_eq!((outcome.counts, outcome.exit_status()), (expected.counts, EXIT_FAILED));
        assert_eq!(by_step(&place.journal()), told, "with {number} workers");
        let all: Vec<_> = outcome.steps.iter().map(|step| (&step.planned, &step.subsubtests)).collect();
        let same: Vec<_> = expected.steps.iter().map(|step| (&step.planned, &step.subsubtests)).collect();
        assert_eq!(all, same);
    }
}

fn every_instance_is_told_before_and_after() {
    let place = Place::new();
    let provider = Instances::for_one_step();
    let seen = provider.watch();
    run(&place, runner(&place, MANY, "", provider, 3));
    let events = place.journal();
    let seen = seen.lock().unwrap().clone();
    assert!(seen.alive.is_empty(), "{seen:?}");
    for instance in &seen.made {
        let made =
            index(&events, |event| matches!(event, Event::InstanceProvisioned(made) if made.instance == *instance));
        let gone = index(&events, |event| matches!(event, Event::InstanceDisposed(gone) if gone.instance == *instance));
        let used =
            |event: &Event| matches!(event, Event::StepStarted(started) if started.instance.as_ref() == Some(instance));
        let steps: Vec<_> = events.iter().enumerate().filter(|(_, event)| used(event)).map(|(at, _)| at).collect();
        assert!(made < gone && steps.iter().all(|step| made < *step && *step < gone), "{instance}: {events:#?}");
    }
    assert!(matches!(events.last(), Some(Event::RunEnded(_))));
}

fn a_new_instance_for_every_subtest() {
    let place = Place::new();
    run(&place, runner(&place, MANY, "", Instances::for_one_step(), 2));
    let places = places(&place.journal());
    let of = |step: usize| places.iter().find(|place| place.0 == step).unwrap().1.clone().unwrap();
    let mut all: Vec<String> = (0..9).map(|number| of(1 + 3 * number)).collect();
    for number in 0..9 {
        let subtest = 1 + 3 * number;
        assert_eq!(
            (of(subtest), of(subtest)),
            (of(subtest + 1), of(subtest + 2)),
            "intratests stay with their subtest"
        );
    }
    all.extend([of(0), of(28)]);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 11);
    assert!(places.iter().any(|place| place.2 == Some(1)), "the second worker has worked: {places:?}");
}

fn instances_are_asked_for_once_and_used_again() {
    let place = Place::new();
    let provider = Instances::default();
    let seen = provider.watch();
    run(&place, plain(&place, MANY, provider, 2));
    let seen = seen.lock().unwrap().clone();
    assert_eq!((&*seen.calls, seen.disposed.len(), seen.made.len()), (&[2][..], 1, 2), "{seen:?}");
    // One at a time: whoever has an instance ends a step there before the next begins.
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    for event in place.journal() {
        match event {
            Event::StepStarted(started) => {
                assert_eq!(open.insert(started.instance.unwrap(), started.step.index()), None);
            }
            Event::StepEnded(ended) => open.retain(|_, step| *step != ended.step.index()),
            _ => {}
        }
    }
}

fn there_are_no_more_instances_than_are_needed() {
    for provider in [Instances::default(), Instances::for_one_step()] {
        let place = Place::new();
        let seen = provider.watch();
        run(&place, plain(&place, "good", provider, 4));
        assert_eq!(seen.lock().unwrap().made.len(), 1);
    }
    let place = Place::new();
    let provider = Instances::default();
    let seen = provider.watch();
    let ini = format!("{SMALL}[good]\nenable = no\n");
    let builder = place.builder("good", &ini).host(host(&[])).provider(Arc::new(provider));
    run(&place, builder.build().unwrap());
    assert!(seen.lock().unwrap().calls.is_empty(), "nothing is run");
}

fn never_more_instances_than_there_can_be() {
    for for_one_step in [false, true] {
        let place = Place::new();
        let provider = Instances { for_one_step, at_most: NonZeroUsize::new(2), ..Instances::default() };
        let seen = provider.watch();
        let outcome = run(&place, plain(&place, MANY, provider, 8));
        assert_eq!(outcome.counts.total(), 9);
        let most = seen.lock().unwrap().most;
        assert!(most <= 2, "{most}");
    }
}

fn nothing_runs_beside_what_is_alone() {
    let place = Place::new();
    let ini = "[Control]\nexclude = pre, post, intra_one, intra_two\n[step/01]\nalone = yes\n";
    run(&place, runner(&place, MANY, ini, Instances::for_one_step(), 3));
    let events = place.journal();
    let (from, to) = (index(&events, starts(4)), index(&events, ends(4)));
    for step in (0..9).filter(|step| *step != 4) {
        let beside = from < index(&events, ends(step)) && index(&events, starts(step)) < to;
        assert!(!beside, "step {step} ran beside it");
    }
    let failure = runner(&place, MANY, "[good]\nalone = perhaps\n", Instances::default(), 3).plan().unwrap_err();
    assert!(failure.to_string().contains("option `alone` of `[good]` is `perhaps`"), "{failure}");
}

fn a_group_shares_an_instance() {
    let place = Place::new();
    let ini = format!("{SMALL}[step/01]\ngroup = g\n[good]\ngroup = g\n");
    let builder = place.builder(MANY, &ini).host(host(&[])).jobs(jobs(3));
    let grouped = builder.provider(Arc::new(Instances::for_one_step())).group_by(|name| {
        name.strip_prefix("step/0").filter(|number| ["2", "4"].contains(number)).map(|_| "even".to_owned())
    });
    run(&place, grouped.build().unwrap());
    let places = places(&place.journal());
    let of = |step: usize| places.iter().find(|place| place.0 == step).map(|place| (&place.1, place.2)).unwrap();
    assert_eq!((of(0), of(5)), (of(4), of(7)));
    assert_ne!(of(0).0, of(5).0);
}

fn a_broken_instance_costs_one_verdict() {
    for for_one_step in [false, true] {
        let place = Place::new();
        let broken = Some(place.state().join("broken"));
        let provider = Instances { for_one_step, broken, ..Instances::default() };
        let seen = provider.watch();
        let ini = "[Control]\nexclude = pre, post, intra_two\n";
        let outcome = run(&place, runner(&place, "breaks,good,step/00,step/01", ini, provider, 1));
        let verdicts: Vec<_> = outcome.steps.iter().map(|step| step.ending.as_ref().unwrap().verdict).collect();
        let mut expected = vec![Verdict::Good; 8];
        expected[0] = Verdict::Error;
        assert_eq!(verdicts, expected);
        let reason = &outcome.steps[0].ending.as_ref().unwrap().reason;
        assert!(reason.contains("cannot be used any more: somebody broke it"), "{reason}");
        assert!(reason.contains("the step ended FAIL: the engine does not answer"), "{reason}");
        let seen = seen.lock().unwrap();
        assert!(seen.alive.is_empty() && seen.made.len() >= 2, "{seen:?}");
    }
}

fn without_an_instance_the_run_waits_for_a_resume() {
    let place = Place::new();
    let provider = Instances { fails_after: Some(2), ..Instances::for_one_step() };
    let outcome = run(&place, plain(&place, "good,step/00,step/01,step/02", provider, 1));
    assert_eq!((outcome.exit_status(), outcome.counts.total()), (EXIT_ENVIRONMENT, 2));
    let Stop::NoInstance { reason } = &outcome.stop else { panic!("{:?}", outcome.stop) };
    assert_eq!(reason, "the test has no more of them");
    let last = place.journal().pop();
    assert!(
        matches!(last, Some(Event::RunInterrupted(why)) if why.reason == format!("no instance could be made: {reason}"))
    );
    let outcome = place.resume(plain(&place, "good,step/00,step/01,step/02", Instances::for_one_step(), 2)).unwrap();
    assert_eq!((outcome.exit_status(), outcome.counts.total()), (EXIT_PASSED, 4));
}

fn a_worker_less_does_not_stop_the_others() {
    let place = Place::new();
    // The first call asks for both, the second for one.
    let provider = Instances { fails_after: Some(1), at_most: None, ..Instances::default() };
    let outcome = run(&place, plain(&place, MANY, provider, 1));
    assert_eq!(outcome.counts.total(), 9);
    let place = Place::new();
    let provider = Instances { fails_after: Some(9), ..Instances::for_one_step() };
    let outcome = run(&place, plain(&place, MANY, provider, 3));
    assert_eq!((outcome.counts.total(), &outcome.stop), (9, &Stop::Complete));
}

fn what_is_left_over_is_told() {
    let place = Place::new();
    let outcome = run(&place, plain(&place, "good", Instances { sticky: true, ..Instances::default() }, 1));
    assert_eq!((outcome.exit_status(), outcome.left.len()), (EXIT_ENVIRONMENT, 1));
    let told = |event: &Event| matches!(event, Event::InstanceDisposed(gone) if gone.problem.as_ref().is_some_and(|text| text.contains("it sticks")));
    assert!(place.journal().iter().any(told));
    let place = Place::new();
    let outcome = run(&place, plain(&place, "fail", Instances { sticky: true, ..Instances::default() }, 1));
    assert_eq!((outcome.exit_status(), outcome.left.len()), (EXIT_FAILED, 1), "a failure counts more");
}

fn the_engine_is_asked_in_the_first_instance() {
    let place = Place::new();
    let layers = Layers::new().defaults(Source::Memory(vec![("test.ini".to_owned(), SMALL.to_owned())]));
    let builder = Runner::builder().layers(layers.set("docker_path=/opt/docker")).args(["good,needs_engine"]);
    let builder = builder.results(place.results()).state(place.state()).host(host(&[])).jobs(jobs(2));
    let provider: Arc<dyn Provider> = Arc::new(Instances::for_one_step());
    let outcome = run(&place, builder.provider(provider).build().unwrap());
    let events = place.journal();
    let facts: Vec<_> =
        events.iter().filter_map(|event| if let Event::Engine(facts) = event { Some(facts) } else { None }).collect();
    assert_eq!(facts.len(), 1, "once for the run");
    let made = |event: &Event| matches!(event, Event::InstanceProvisioned(made) if made.instance == facts[0].address);
    assert!(events.iter().any(made), "{facts:?}");
    assert_eq!(outcome.steps[1].ending.as_ref().unwrap().reason, "/opt/docker");
}

/// Uses a token when so many steps have entered `run_once`.
fn when_so_many_run(
    cancel: &CancelToken,
    number: usize,
    stop: fn(&CancelToken),
) -> impl FnMut(&Event) + Send + 'static {
    let (inside, mut running) = (cancel.clone(), 0);
    move |event| {
        if matches!(event, Event::PhaseStarted(phase) if phase.iteration.is_some()) {
            running += 1;
            if running == number {
                stop(&inside);
            }
        }
    }
}

fn the_first_signal_lets_all_steps_clean_up() {
    let place = Place::new();
    let cancel = token();
    let watch = when_so_many_run(&cancel, 2, |cancel| cancel.signalled(2));
    let provider = Instances::default();
    let seen = provider.watch();
    let outcome = place.run(plain(&place, "slow,deaf,good,fail", provider, 2), watch, &cancel);
    assert_eq!(
        (outcome.exit_status(), outcome.counts.of(Verdict::Abort), outcome.counts.total()),
        (EXIT_INTERRUPTED, 2, 2)
    );
    assert_eq!(place.witness().matches("cleanup slow").count(), 1);
    assert!(seen.lock().unwrap().alive.is_empty());
    let outcome = place.resume(plain(&place, "", Instances::default(), 2)).unwrap();
    assert_eq!((outcome.exit_status(), outcome.counts.total()), (EXIT_FAILED, 4));
}

fn an_urgent_wish_leaves_all_clean_ups_to_a_resume() {
    let place = Place::new();
    let cancel = token();
    let watch = when_so_many_run(&cancel, 2, |cancel| cancel.cancel_now("power is failing"));
    let provider = Instances::for_one_step();
    let seen = provider.watch();
    let outcome = place.run(plain(&place, "slow,stubborn,good", provider, 2), watch, &cancel);
    assert_eq!((outcome.exit_status(), outcome.counts.total()), (EXIT_INTERRUPTED, 0));
    assert!(seen.lock().unwrap().alive.is_empty(), "instances are disposed of however urgent it is");
    let outcome = place.resume(plain(&place, "", Instances::for_one_step(), 2)).unwrap();
    assert_eq!((outcome.counts.total(), outcome.counts.of(Verdict::Abort)), (3, 2));
    for name in ["slow", "stubborn"] {
        assert_eq!(place.witness().matches(&format!("cleanup {name}\n")).count(), 1, "{}", place.witness());
    }
}

fn a_reboot_waits_for_the_other_steps() {
    let place = Place::new();
    let outcome = run(&place, plain(&place, "reboot,step/00,good,fail", Instances::default(), 2));
    assert_eq!(outcome.exit_status(), EXIT_REBOOT);
    let states = by_step(&place.journal());
    for lines in states.values().skip(1) {
        assert!(lines.last().unwrap().starts_with("end "), "{lines:?}");
    }
    let outcome = place.resume(plain(&place, "", Instances::default(), 2)).unwrap();
    assert_eq!((outcome.counts.total(), outcome.counts.of(Verdict::Good)), (4, 3));
}

fn the_limit_of_the_run_ends_all_steps() {
    let place = Place::new();
    let ini = "[Control]\nexclude = pre\njob_timeout = 1\n";
    let builder = place.builder("slow,step/00,deaf,good", ini).host(host(&[])).jobs(jobs(2));
    let outcome = run(&place, builder.provider(Arc::new(Instances::for_one_step())).build().unwrap());
    assert_eq!((outcome.counts.total(), outcome.stop.clone()), (4, Stop::Complete));
    for (step, how) in [(0, "the run's limit of 1 s was reached in"), (2, "the run's limit of 1 s was reached")] {
        let ending = outcome.steps[step].ending.as_ref().unwrap();
        assert!(ending.verdict == Verdict::Abort && ending.reason.starts_with(how), "{ending:?}");
    }
}

/// The attempts of a step, by the instances that they were made in.
fn attempts(events: &[Event], step: usize) -> Vec<Option<String>> {
    places(events).into_iter().filter(|place| place.0 == step).map(|place| place.1).collect()
}

fn a_step_that_passes_at_last_is_flaky() {
    let place = Place::new();
    let ini = "[Control]\nexclude = pre, post, intra_one, intra_two\n";
    let flaky = runner(&place, "flaky,good", ini, Instances::for_one_step(), 2).retries(3);
    let outcome = run(&place, flaky);
    assert_eq!((outcome.exit_status(), outcome.counts.total()), (EXIT_PASSED, 2));
    let ending = outcome.steps[0].ending.as_ref().unwrap();
    let first = "FAIL (the engine is in a bad mood)";
    assert_eq!(ending.reason, format!("flaky: attempt 3 passed after {first}, {first}"));
    let events = place.journal();
    let mut instances = attempts(&events, 0);
    instances.dedup();
    assert_eq!(instances.len(), 3, "each in an instance of its own");
    let told = |event: &Event| {
        line(event)
            .is_some_and(|line| line.contains("attempt 1 ended FAIL: the engine is in a bad mood; it is run again"))
    };
    assert!(events.iter().any(told));
    assert_eq!(attempts(&events, 1).len(), 1);
}

fn what_never_passes_is_tried_so_many_times() {
    let place = Place::new();
    let outcome = run(&place, place.runner("fail", SMALL).retries(2));
    assert_eq!((outcome.exit_status(), outcome.counts.total(), outcome.steps[0].attempts), (EXIT_FAILED, 1, 3));
    assert_eq!(outcome.steps[0].ending.as_ref().unwrap().reason, "the engine broke its promise");
}

fn isolated_steps_do_not_share_an_instance() {
    let place = Place::new();
    let provider = Instances::default();
    let seen = provider.watch();
    run(&place, plain(&place, "good,step/00,step/01", provider, 1).isolated());
    let seen = seen.lock().unwrap();
    assert_eq!((seen.made.len(), seen.alive.len()), (3, 0));
}
