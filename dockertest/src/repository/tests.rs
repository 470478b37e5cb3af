//! What a repository must keep right, whatever happens to runs, results and the repository itself.

use std::fs;
use std::path::PathBuf;

use rstest::rstest;

use super::*;
use crate::journal::sample::{ended, planned, run_ended, started, step};
use crate::journal::{
    EngineFacts, Event, FILE_NAME, FORMAT, Invocation, PlannedStep, RebootRequested, RunInterrupted, RunStarted,
    Session, Sink as _, SubsubtestEnded,
};
use crate::name::{Kind, StepId};
use crate::outcome::Ending;
use crate::verdict::Verdict;
use crate::version::API_VERSION;

mod loaded;

/// A folder with a repository, and runs in it.
struct Place {
    folder: tempfile::TempDir,
    /// When the next run begins.
    time_us: std::cell::Cell<i64>,
}

/// How a run that is made here stops.
#[derive(Clone, Copy, PartialEq)]
enum Stops {
    Complete,
    Interrupted,
    Killed,
}

impl Place {
    fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap(), time_us: 1_800_000_000_000_000.into() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(FOLDER)
    }

    fn results(&self, run: &str) -> PathBuf {
        self.folder.path().join("results").join(run)
    }

    fn open(&self) -> Repository {
        Repository::create(&self.path()).unwrap()
    }

    fn failing(&self) -> Vec<String> {
        self.open().failing()
    }

    /// A complete run of these subtests.
    fn run(&self, name: &str, steps: &[(&str, Verdict)]) {
        let steps: Vec<_> = steps.iter().map(|(name, verdict)| (*name, Some(*verdict))).collect();
        self.make(name, "docker", &steps, Stops::Complete);
    }

    /// A run of these subtests; one without a verdict was begun and did not end.
    fn make(&self, name: &str, engine: &str, steps: &[(&str, Option<Verdict>)], stops: Stops) {
        let plan = steps.iter().map(|(name, _)| step(name, "test_1-of-1")).collect();
        let mut events = beginning(name, engine, plan);
        for (index, (_, verdict)) in (0..).zip(steps) {
            events.push(started(index, 1));
            events.extend(verdict.map(|verdict| ended(index, Ending { seconds: 1.5, ..Ending::new(verdict, "why") })));
        }
        match stops {
            Stops::Complete => events.push(run_ended(Verdict::Good)),
            Stops::Interrupted => {
                events.push(Event::RunInterrupted(RunInterrupted { reason: "SIGINT".to_owned() }));
            }
            Stops::Killed => {}
        }
        self.record(name, events);
    }

    /// Writes the journal as a runner does, and has it recorded.
    fn record(&self, name: &str, events: Vec<Event>) {
        let results = self.results(name);
        fs::create_dir_all(&results).unwrap();
        let mut recorder = self.open().recorder(&results);
        let mut text = String::new();
        for (seq, mut event) in (0..).zip(events) {
            if let Event::RunStarted(run) = &mut event {
                run.invocation.results = Some(results.clone());
            }
            let time_us = self.time_us.get();
            self.time_us.set(time_us + 500_000);
            let record = Record { seq, time_us, event };
            text += &(serde_json::to_string(&record).unwrap() + "\n");
            fs::write(results.join(FILE_NAME), &text).unwrap();
            recorder.record(&record).unwrap();
        }
        assert_eq!(recorder.told().problem(), None);
    }
}

fn beginning(name: &str, engine: &str, steps: Vec<PlannedStep>) -> Vec<Event> {
    let started = RunStarted {
        format: FORMAT,
        run: name.to_owned(),
        api_version: API_VERSION,
        invocation: Invocation::default(),
        session: Session::default(),
        loaded: None,
    };
    let facts = EngineFacts { flavor: engine.to_owned(), version: "1".to_owned(), ..EngineFacts::default() };
    let mut events = vec![Event::RunStarted(started), planned(steps)];
    events.extend((!engine.is_empty()).then_some(Event::Engine(facts)));
    events
}

use Verdict::{Abort, Error, Fail, Good, TestNa, Warn};

#[test]
fn what_is_stored_is_what_was_written() {
    // Other tools keep another form than the one they got.
    let place = Place::new();
    place.run("r1", &[("a", Good), ("b", Fail)]);
    let written = fs::read(place.results("r1").join(FILE_NAME)).unwrap();
    fs::remove_dir_all(place.results("r1")).unwrap();
    assert_eq!(fs::read(place.path().join("runs/r1.jsonl")).unwrap(), written);
    assert_eq!(place.open().records("r1").unwrap().len(), 8);
}

#[test]
fn garbage_is_no_run_that_passed() {
    let place = Place::new();
    place.run("r1", &[("a", Fail)]);
    fs::write(place.path().join("runs/zz.jsonl"), "test: a\nsuccess: a\n").unwrap();
    let repository = place.open();
    assert!(repository.notes()[0].contains("runs/zz.jsonl:1:"), "{:?}", repository.notes());
    assert_eq!(repository.run("zz").unwrap().state, RunIs::Unreadable);
    assert_eq!(repository.last().unwrap().run, "r1");
    assert_eq!(place.failing(), ["a"]);
    assert!(place.open().notes().is_empty(), "it is told once");
}

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

#[test]
fn twenty_runs_at_once_are_twenty_runs() {
    let place = Place::new();
    let path = place.path();
    place.open();
    std::thread::scope(|scope| {
        for number in 0..20 {
            let path = &path;
            scope.spawn(move || {
                let inner = Place::new();
                fs::create_dir_all(inner.path().parent().unwrap()).unwrap();
                std::os::unix::fs::symlink(path, inner.path()).unwrap();
                let own = format!("own{number:02}");
                inner.run(&format!("r{number:02}"), &[("shared", Fail), (&own, Fail)]);
            });
        }
    });
    let repository = place.open();
    assert!(repository.notes().is_empty(), "{:?}", repository.notes());
    assert_eq!(repository.runs().len(), 20);
    assert_eq!(repository.failing().len(), 21);
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

#[rstest]
#[case::killed(Stops::Killed, "cut off: the process that ran it is gone")]
#[case::interrupted(Stops::Interrupted, "cut off: SIGINT")]
#[case::complete(Stops::Complete, "did not come to its end")]
fn a_step_whose_end_nobody_has_told_is_counted_and_shown(#[case] stops: Stops, #[case] why: &str) {
    let place = Place::new();
    place.make("r1", "docker", &[("a", Some(Good)), ("b", None)], stops);
    let repository = place.open();
    let run = repository.last().unwrap();
    assert_eq!((run.totals.total(), run.totals.count(Abort), run.verdict), (2, 1, Abort));
    let records = repository.records_with_ends("r1").unwrap();
    assert_eq!(records.len(), repository.records("r1").unwrap().len() + 1);
    let told = crate::report::RunState::of(&records);
    let ending = told.steps[1].ending.clone().unwrap();
    assert_eq!((ending.verdict, ending.reason.as_str()), (Abort, why));
    assert_eq!(told.is_ended(), stops == Stops::Complete, "the end of the run is still its last word");
    assert_eq!(repository.failing(), ["b"]);
}

#[test]
fn a_step_that_goes_on_or_was_never_begun_is_told_as_such() {
    let place = Place::new();
    let plan = || vec![step("a", "test_1-of-2"), step("b", "test_2-of-2")];
    let wish = RebootRequested { step: StepId(0), resume_at: "x".to_owned(), reason: "kernel".to_owned() };
    let mut waits = beginning("r1", "docker", plan());
    waits.extend([started(0, 1), Event::RebootRequested(wish)]);
    waits.push(Event::RunInterrupted(RunInterrupted { reason: "a reboot".to_owned() }));
    place.record("r1", waits);
    let repository = place.open();
    assert_eq!(repository.records_with_ends("r1").unwrap(), repository.records("r1").unwrap());
    assert_eq!(repository.last().unwrap().totals.total(), 0);
    // No runner of ours ends so.
    let mut lost = beginning("r2", "docker", plan());
    lost.extend([started(0, 1), ended(0, Ending::new(Good, "")), run_ended(Good)]);
    place.record("r2", lost);
    let repository = place.open();
    let told = crate::report::RunState::of(&repository.records_with_ends("r2").unwrap());
    assert_eq!(told.steps[1].ending, Some(Ending::new(Error, "planned, and never run")));
    assert_eq!((repository.last().unwrap().totals.total(), repository.failing()), (2, vec!["b".to_owned()]));
}

#[test]
fn the_index_can_be_made_again_at_any_time() {
    let place = Place::new();
    place.run("r1", &[("a", Fail), ("b", Good)]);
    place.make("r2", "docker", &[("b", Some(Fail)), ("c", None)], Stops::Interrupted);
    place.run("r3", &[("a", Good)]);
    let before = place.open();
    let index = place.path().join("index-1");
    let text = fs::read_to_string(&index).unwrap();
    let torn = &text[..text.len() - 10];
    let changed = text.replacen("FAIL", "GOOD", 1);
    let cases: [(&str, &[u8], bool); 6] = [
        ("removed", b"", false),
        ("torn", torn.as_bytes(), false),
        ("changed", changed.as_bytes(), true),
        ("zeros", &[0; 5000], false),
        ("zeros and a line end", b"\0\0\0\0\n", true),
        ("no text", b"\xff\xfe\t\n", true),
    ];
    for (what, bytes, is_told) in cases {
        fs::write(&index, bytes).unwrap();
        let after = place.open();
        assert_eq!(after.runs().iter().map(|run| &run.run).collect::<Vec<_>>(), ["r1", "r2", "r3"], "{what}");
        assert_eq!(after.failing_steps(), before.failing_steps(), "{what}");
        let results = |repository: &Repository| -> Vec<_> {
            repository.runs().iter().map(|run| repository.results(run)).collect()
        };
        assert_eq!(results(&after), results(&before), "{what}");
        assert_eq!(results(&after)[1], Some(place.results("r2")), "{what}");
        assert_eq!(after.history("b"), before.history("b"), "{what}");
        assert_eq!(
            after.notes().iter().any(|note| note.contains("was damaged")),
            is_told,
            "{what}: {:?}",
            after.notes()
        );
        assert!(place.open().notes().is_empty(), "{what}");
        assert_eq!(place.open().runs().len(), 3, "{what}");
    }
}

#[test]
fn a_run_that_goes_on_is_neither_taken_in_nor_the_last_one() {
    let place = Place::new();
    place.run("r1", &[("a", Good)]);
    let results = place.results("r2");
    fs::create_dir_all(&results).unwrap();
    let mut recorder = place.open().recorder(&results);
    let mut text = String::new();
    let events = beginning("r2", "docker", vec![step("a", "test_1-of-1")]).into_iter().chain([started(0, 1)]);
    for (seq, event) in (0..).zip(events) {
        let record = Record { seq, time_us: 1_900_000_000_000_000, event };
        text += &(serde_json::to_string(&record).unwrap() + "\n");
        fs::write(results.join(FILE_NAME), &text).unwrap();
        recorder.record(&record).unwrap();
    }
    let repository = place.open();
    assert_eq!(repository.last().unwrap().run, "r1");
    assert_eq!(repository.run("r2").unwrap().state, RunIs::Running);
    assert!(repository.failing().is_empty() && repository.notes().is_empty());
    drop(recorder); // as when its process is killed
    let repository = place.open();
    assert_eq!(repository.run("r2").unwrap().state, RunIs::CutOff);
    assert_eq!(repository.failing(), ["a"]);
    assert!(repository.notes()[0].contains("the process of run r2 is gone"), "{:?}", repository.notes());
}

#[test]
fn results_are_found_where_the_next_run_has_moved_them() {
    let place = Place::new();
    place.run("r1", &[("a", Good)]);
    let (old, new) = (place.results("r1"), place.folder.path().join("results/r1.12"));
    fs::create_dir_all(place.folder.path().join("results/r1.11")).unwrap();
    let results = || {
        let repository = place.open();
        repository.results(&repository.last().unwrap())
    };
    assert_eq!(results(), Some(old.clone()));
    fs::rename(&old, &new).unwrap();
    assert_eq!(results(), Some(new.clone()));
    // As on another file system, where the repository has a copy.
    let text = fs::read(new.join(FILE_NAME)).unwrap();
    fs::remove_file(new.join(FILE_NAME)).unwrap();
    fs::write(new.join(FILE_NAME), text).unwrap();
    assert_eq!(results(), Some(new.clone()));
    fs::remove_dir_all(new).unwrap();
    assert_eq!(results(), None);
}

#[test]
fn results_that_are_gone_break_nothing() {
    let place = Place::new();
    place.run("r1", &[("a", Fail)]);
    place.make("r2", "docker", &[("b", None)], Stops::Killed);
    fs::remove_dir_all(place.folder.path().join("results")).unwrap();
    assert_eq!(place.failing(), ["a", "b"]);
    assert_eq!(place.open().records("r2").unwrap().len(), 4);
}

#[test]
fn a_journal_that_is_removed_is_forgotten() {
    let place = Place::new();
    place.run("r1", &[("a", Fail)]);
    place.run("r2", &[("b", Fail)]);
    fs::remove_file(place.path().join("runs/r1.jsonl")).unwrap();
    assert_eq!(place.failing(), ["b"]);
    assert_eq!(place.open().runs().len(), 1);
}

#[test]
fn what_is_known_of_runs_outlives_their_journals() {
    let place = Place::new();
    place.run("r1", &[("a", Fail), ("b", Good)]);
    place.run("r2", &[("b", Fail)]);
    place.make("r3", "docker", &[("b", Some(Good)), ("c", None)], Stops::Interrupted);
    place.run("r4", &[("b", Good)]);
    let before = place.open();
    assert_eq!(before.keep_journals(1).unwrap(), 2, "the interrupted one can be resumed");
    for damage in [None, Some("rubbish\n"), Some("")] {
        damage.into_iter().for_each(|text| fs::write(place.path().join("index-1"), text).unwrap());
        let after = place.open();
        assert_eq!(after.failing_steps(), before.failing_steps());
        assert_eq!(after.history("b"), before.history("b"));
        let with_journal: Vec<_> = after.runs().into_iter().map(|run| (run.run, run.has_journal)).collect();
        let expected = [("r1", false), ("r2", false), ("r3", true), ("r4", true)];
        assert_eq!(with_journal, expected.map(|(run, has_journal)| (run.to_owned(), has_journal)));
    }
}

#[test]
fn a_repository_that_cannot_be_written_costs_a_run_nothing() {
    let place = Place::new();
    place.run("r1", &[("a", Fail)]);
    let results = place.results("r2");
    fs::create_dir_all(&results).unwrap();
    let mut recorder = place.open().recorder(&results);
    fs::remove_dir_all(place.path()).unwrap();
    fs::write(place.path(), "").unwrap();
    fs::write(results.join(FILE_NAME), "").unwrap();
    for (seq, event) in (0..).zip(beginning("r2", "", Vec::new())) {
        recorder.record(&Record { seq, time_us: 0, event }).unwrap();
    }
    assert!(recorder.told().problem().unwrap().starts_with("cannot keep the journal of the run as"));
}

#[test]
fn the_median_of_the_last_five_is_how_long_a_step_takes() {
    let place = Place::new();
    for (number, (seconds, verdict)) in
        [(100.0, Good), (9.0, Good), (1.0, Good), (0.001, Abort), (3.0, Fail), (2.0, Good), (8.0, Warn)]
            .into_iter()
            .enumerate()
    {
        let name = format!("r{number}");
        let mut events = beginning(&name, "docker", vec![step("a", "test_1-of-1")]);
        events.extend([started(0, 1), ended(0, Ending { seconds, ..Ending::new(verdict, "") }), run_ended(verdict)]);
        place.record(&name, events);
    }
    assert_eq!(place.open().durations(), [("a".to_owned(), Duration::from_secs(3))].into());
}

#[test]
fn history_knows_sub_subtests() {
    let place = Place::new();
    let child = |name: &str, verdict: Verdict| {
        let ending = Ending { seconds: 0.5, ..Ending::new(verdict, "") };
        Event::SubsubtestEnded(crate::journal::SubsubtestEnded {
            step: crate::name::StepId(0),
            subsubtest: name.to_owned(),
            ending,
        })
    };
    let mut events = beginning("r1", "docker", vec![step("docker_cli/kill", "test_1-of-1")]);
    events.extend([started(0, 1), child("stop", Good), child("cont", Fail)]);
    events.extend([ended(0, Ending::new(Fail, "")), run_ended(Fail)]);
    place.record("r1", events);
    let repository = place.open();
    let said = |name: &str| repository.history(name).into_iter().map(|moment| moment.verdict).collect::<Vec<_>>();
    assert_eq!(said("docker_cli/kill"), [Fail]);
    assert_eq!(said("docker_cli/kill/stop"), [Good]);
    assert_eq!(said("docker_cli/kill/cont"), [Fail]);
    assert!(said("docker_cli/kil").is_empty() && said("docker_cli").is_empty() && said("").is_empty());
}

#[test]
fn figures_tell_who_changes_its_mind() {
    let place = Place::new();
    for (number, verdict) in [Good, Fail, Good, Good].into_iter().enumerate() {
        place.run(&format!("r{number}"), &[("a", verdict), ("b", Good)]);
    }
    let stats = place.open().stats();
    assert_eq!((stats.runs, stats.complete, stats.passed, stats.totals.total()), (4, 4, 3, 8));
    let unsteady: Vec<_> = stats.unsteady.iter().map(|one| (one.name.as_str(), one.changes, one.runs)).collect();
    assert_eq!(unsteady, [("a", 2, 4)]);
    assert_eq!((stats.journals.0, stats.engines), (4, vec![("docker 1".to_owned(), 4)]));
}

#[test]
fn runs_are_found_by_the_beginning_of_their_names() {
    let place = Place::new();
    place.run("20261121t0005-a", &[("a", Good)]);
    place.run("20261121t0006-b", &[("a", Good)]);
    let repository = place.open();
    let found = |name: &str| repository.run(name).map(|run| run.run);
    assert_eq!(found("20261121t0006").as_deref(), Some("20261121t0006-b"));
    assert_eq!((found("20261121"), found("2027")), (None, None));
}
