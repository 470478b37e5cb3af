//! What fails, and since which run.

use std::fs;

use rstest::rstest;

use super::*;

#[test]
fn a_run_of_a_few_says_nothing_about_the_others() {
    let place = Place::new();
    place.run("r1", &[("a", Fail), ("b", Fail), ("c", Good)]);
    place.run("r2", &[("b", Good)]);
    assert_eq!(place.failing(), ["a"]);
    place.run("r3", &[("c", Error)]);
    assert_eq!(place.failing(), ["a", "c"]);
}

#[test]
fn a_sub_subtest_that_passes_alone_says_nothing_about_its_siblings() {
    let place = Place::new();
    let run = |name: &str, children: &[(&str, Verdict)], asked: Option<&[&str]>, stops: Stops| {
        let mut planned = step("kill", "test_1-of-1");
        planned.subsubtests = asked.map(|asked| asked.iter().map(|&child| child.to_owned()).collect());
        let mut events = beginning(name, "docker", vec![planned]);
        events.push(started(0, 1));
        let step = crate::name::StepId(0);
        let child = |(name, verdict): &(&str, Verdict)| SubsubtestEnded::new(step, *name, Ending::new(*verdict, ""));
        events.extend(children.iter().map(child).map(Event::SubsubtestEnded));
        let worst = children.iter().map(|(_, verdict)| *verdict).max().unwrap_or(Abort);
        events.push(ended(0, Ending::new(worst, "")));
        events.extend((stops == Stops::Complete).then(|| run_ended(worst)));
        place.record(name, events);
    };
    run("r1", &[("bad", Fail), ("stop", Error), ("tty", Good)], None, Stops::Complete);
    assert_eq!(place.failing(), ["kill"]);
    run("r2", &[("tty", Good)], Some(&["tty"]), Stops::Complete);
    run("r3", &[("stop", Good)], Some(&["stop"]), Stops::Complete);
    assert_eq!(place.failing(), ["kill"], "`bad` has not passed");
    assert_eq!(place.open().failing_steps()[0].run, "r1");
    run("r4", &[("bad", Good)], Some(&["bad"]), Stops::Killed);
    assert_eq!(place.failing(), ["kill"], "what was not finished takes nothing away");
    run("r5", &[("bad", Good)], Some(&["bad"]), Stops::Complete);
    assert!(place.failing().is_empty());
    run("r6", &[("tty", Fail)], Some(&["tty"]), Stops::Complete);
    run("r7", &[("bad", Good)], Some(&["bad"]), Stops::Complete);
    assert_eq!(place.open().failing_steps()[0].run, "r6");
    run("r8", &[("bad", Good), ("stop", Good)], None, Stops::Complete);
    assert!(place.failing().is_empty(), "all of it passed; `tty` is no more");
    run("r9", &[], Some(&["bad"]), Stops::Complete);
    assert_eq!(place.failing(), ["kill"], "a crash");
    run("s1", &[("bad", Good)], Some(&["bad"]), Stops::Complete);
    assert!(place.failing().is_empty());
}

#[test]
fn a_crash_is_over_once_its_subtest_passes() {
    // No entry that cannot be run again.
    let place = Place::new();
    place.run("r1", &[("a", Abort), ("b", Fail)]);
    assert_eq!(place.failing(), ["a", "b"]);
    place.run("r2", &[("a", Good), ("b", Warn)]);
    assert!(place.failing().is_empty());
}

#[test]
fn what_is_found_after_a_subtest_is_told_of_it() {
    // A finder that is run alone, on what is clean by then, proves nothing.
    let place = Place::new();
    let check = || PlannedStep { kind: Kind::Intratest, ..step("garbage_check", "test_1-of-2") };
    let events = |name: &str, plan: Vec<PlannedStep>, verdicts: &[Verdict]| {
        let mut events = beginning(name, "docker", plan);
        for (index, verdict) in (0..).zip(verdicts) {
            events.extend([started(index, 1), ended(index, Ending::new(*verdict, ""))]);
        }
        events.push(run_ended(Good));
        events
    };
    let plan = || vec![step("a", "test_1-of-2"), check(), step("b", "test_2-of-2"), check()];
    place.record("r1", events("r1", plan(), &[Good, Good, Good, Fail]));
    assert_eq!(place.failing(), ["b"]);
    assert_eq!(place.open().failing_steps()[0].told_on, [("garbage_check".to_owned(), Fail)]);
    place.record("r2", events("r2", vec![check()], &[Good]));
    assert_eq!(place.failing(), ["b"]);
    place.record("r3", events("r3", plan()[2..].to_vec(), &[Good, Good]));
    assert!(place.failing().is_empty());
}

#[test]
fn steps_that_took_no_time_are_steps() {
    let place = Place::new();
    let mut events = beginning("r1", "docker", vec![step("a", "test_1-of-1")]);
    events.extend([started(0, 1), ended(0, Ending::new(Good, "")), run_ended(Good)]);
    place.record("r1", events);
    let mut events = beginning("r2", "docker", vec![step("a", "test_1-of-1")]);
    events.extend([started(0, 1), ended(0, Ending { seconds: 2.25, ..Ending::new(Good, "") }), run_ended(Good)]);
    place.record("r2", events);
    let repository = place.open();
    let seconds = |run: &str| repository.steps(run)[0].seconds;
    assert_eq!((seconds("r1"), seconds("r2")), (0.0, 2.25));
}

#[rstest]
#[case::interrupted(Stops::Interrupted)]
#[case::killed(Stops::Killed)]
fn a_run_that_was_not_finished_takes_nothing_away(#[case] stops: Stops) {
    let place = Place::new();
    place.run("r1", &[("a", Fail), ("b", Fail), ("c", Good), ("d", Good)]);
    place.make("r2", "docker", &[("a", Some(Good)), ("c", Some(Error)), ("d", None)], stops);
    assert_eq!(place.failing(), ["a", "b", "c", "d"]);
    let last = place.open().last().unwrap();
    let expected = if stops == Stops::Killed { RunIs::CutOff } else { RunIs::Interrupted };
    assert_eq!((last.run.as_str(), last.state, last.totals.abort), ("r2", expected, 1));
    assert_eq!(last.results, place.results("r2"));
}

#[test]
fn a_resumed_run_replaces_what_it_said_before() {
    let place = Place::new();
    place.make("r1", "docker", &[("a", Some(Good)), ("b", None)], Stops::Interrupted);
    assert_eq!(place.failing(), ["b"]);
    // The journal of a resumed run goes on; here it is recorded once more, as a whole.
    place.run("r1", &[("a", Good), ("b", Good)]);
    assert!(place.failing().is_empty());
    assert_eq!(place.open().runs().len(), 1);
}

#[test]
fn the_last_word_counts_whichever_run_stops_last() {
    let place = Place::new();
    place.run("slow", &[("a", Fail)]);
    place.run("fast", &[("a", Good)]);
    // The line of the slow run comes last.
    let index = fs::read_to_string(place.path().join("index-1")).unwrap();
    let (slow, fast): (Vec<&str>, Vec<&str>) = index.lines().partition(|line| line.starts_with("slow"));
    fs::write(place.path().join("index-1"), [fast, slow].concat().join("\n") + "\n").unwrap();
    assert!(place.failing().is_empty());
}

#[test]
fn a_pass_on_one_engine_is_no_pass_on_another() {
    let place = Place::new();
    place.make("r1", "docker", &[("a", Some(Fail)), ("b", Some(Fail))], Stops::Complete);
    place.make("r2", "podman", &[("a", Some(Good)), ("c", Some(Fail))], Stops::Complete);
    assert_eq!(place.failing(), ["c"]);
    place.make("r3", "docker", &[("b", Some(Good))], Stops::Complete);
    assert_eq!(place.failing(), ["a"]);
    let all: Vec<_> =
        place.open().failing_steps().into_iter().map(|step| (step.name.to_string(), step.engine)).collect();
    assert_eq!(all, [("a".to_owned(), "docker 1".to_owned()), ("c".to_owned(), "podman 1".to_owned())]);
}

#[test]
fn a_comparison_of_engines_does_not_take_the_place_of_the_engine_that_is_worked_with() {
    let place = Place::new();
    let matrix = |name: &str, engine: &str| {
        let mut events = beginning(name, engine, vec![step("a", "test_1-of-1")]);
        if let Event::RunStarted(run) = &mut events[0] {
            run.invocation.matrix = Some(format!("my-{engine}"));
        }
        events.extend([started(0, 1), ended(0, Ending::new(Verdict::Fail, "x")), run_ended(Verdict::Fail)]);
        place.record(name, events);
    };
    matrix("r1", "podman");
    let repository = place.open();
    assert_eq!(
        (repository.failing(), repository.current_engine()),
        (vec!["a".to_owned()], Some("podman 1".to_owned()))
    );
    place.run("r2", &[("a", Verdict::Good)]);
    matrix("r3", "podman");
    // Whatever somebody types is no sign of it.
    let mut events = beginning("r4", "crun", vec![step("b", "test_1-of-1")]);
    if let Event::RunStarted(run) = &mut events[0] {
        run.invocation.args = vec![r#""matrix":"x""#.to_owned()];
    }
    let repository = place.open();
    assert_eq!((repository.failing(), repository.current_engine()), (vec![], Some("docker 1".to_owned())));
    assert_eq!(repository.failing_steps()[0].engine, "podman 1");
    assert_eq!(repository.last().unwrap().matrix.as_deref(), Some("my-podman"));
    place.record("r4", events);
    assert_eq!(place.open().current_engine().as_deref(), Some("crun 1"));
    // The journals know it, too.
    fs::remove_file(place.path().join("index-1")).unwrap();
    matrix("r5", "podman");
    assert_eq!(place.open().current_engine().as_deref(), Some("crun 1"));
}

#[test]
fn what_failed_without_an_engine_is_forgotten_once_there_is_one() {
    let place = Place::new();
    place.make("r1", "", &[("a", Some(Error)), ("b", Some(Error))], Stops::Complete);
    assert_eq!(place.failing(), ["a", "b"]);
    place.make("r2", "docker", &[("a", Some(Good))], Stops::Complete);
    assert_eq!(place.failing(), ["b"]);
}

#[test]
fn a_run_without_an_engine_hides_nothing_that_fails_on_one() {
    let place = Place::new();
    place.make("r1", "docker", &[("a", Some(Fail)), ("b", Some(Fail))], Stops::Complete);
    place.make("r2", "", &[("b", Some(Good)), ("c", Some(Good))], Stops::Complete);
    assert_eq!(place.failing(), ["a", "b"]);
}

#[test]
fn a_subtest_that_is_switched_off_says_nothing() {
    let place = Place::new();
    place.run("r1", &[("a", Fail), ("b", Fail)]);
    let mut events = beginning("r2", "docker", vec![step("a", "test_1-of-2"), step("b", "test_2-of-2")]);
    events.extend([ended(0, Ending::new(TestNa, "disabled")), started(1, 1), ended(1, Ending::new(TestNa, "no swap"))]);
    events.push(run_ended(TestNa));
    place.record("r2", events);
    assert_eq!(place.failing(), ["a"]);
}
