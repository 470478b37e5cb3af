//! What is kept of runs, whatever happens to them, to their results and to the repository.

use std::fs;
use std::os::unix::fs::MetadataExt;

use rstest::rstest;

use super::*;

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
    let (results, mut recorder) = place.recorder("r2");
    let mut text = String::new();
    // It is told twice that it goes on.
    let going_on = [Event::RunResumed(Session::default()), started(0, 1)];
    let events = beginning("r2", "docker", vec![step("a", "test_1-of-1")]).into_iter().chain(going_on);
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
fn a_run_that_is_resumed_is_not_taken_for_cut_off_before_its_recorder_hears_of_it() {
    let place = Place::new();
    place.make("r1", "docker", &[("a", Some(Good)), ("b", None)], Stops::Interrupted);
    let (mut recorder, resumed) = place.resume("r1");
    let repository = place.open();
    assert_eq!(repository.run("r1").unwrap().state, RunIs::Interrupted);
    assert!(repository.notes().is_empty(), "{:?}", repository.notes());
    recorder.record(&resumed).unwrap();
    assert_eq!((place.open().run("r1").unwrap().state, recorder.told().problem()), (RunIs::Running, None));
}

#[test]
fn who_took_a_run_for_cut_off_as_it_was_resumed_does_not_take_its_journal() {
    let place = Place::new();
    place.make("r1", "docker", &[("a", None)], Stops::Killed);
    let (original, ours) = (place.results("r1").join(FILE_NAME), place.path().join("runs/r1.jsonl"));
    // As with results on another file system.
    fs::remove_file(&ours).unwrap();
    std::os::unix::fs::symlink(&original, &ours).unwrap();
    let looks = index::lock(&place.path()).unwrap();
    let (mut recorder, resumed) = place.resume("r1");
    std::thread::scope(|scope| {
        let begins = scope.spawn(|| recorder.record(&resumed).unwrap());
        let waits = format!(":{} ", fs::metadata(place.path().join("lock")).unwrap().ino());
        test_needs::wait_until("the run waits for who looks", || {
            let locks = fs::read_to_string("/proc/locks").unwrap();
            locks.lines().any(|lock| lock.contains("-> ") && lock.contains(&waits))
        });
        store::keep(&place.path(), "r1").unwrap();
        drop(looks);
        begins.join().unwrap();
    });
    let number = |path: &std::path::Path| fs::metadata(path).unwrap().ino();
    assert_eq!((number(&ours), recorder.told().problem()), (number(&original), None));
}

#[test]
fn a_run_that_cannot_be_marked_as_going_on_says_so_and_is_recorded() {
    let place = Place::new();
    place.make("r1", "docker", &[("a", Some(Fail))], Stops::Killed);
    // As a process that was stopped while it looked.
    let looks = fs::File::open(place.results("r1").join(FILE_NAME)).unwrap();
    looks.try_lock_shared().unwrap();
    let (mut recorder, resumed) = place.resume("r1");
    recorder.record(&resumed).unwrap();
    let problem = recorder.told().problem().unwrap();
    assert!(problem.starts_with("cannot keep the journal of the run as `"), "{problem}");
    assert!(problem.contains("another process looks at `"), "{problem}");
    recorder.record(&Record { event: run_ended(Fail), ..resumed }).unwrap();
    assert_eq!(place.open().run("r1").unwrap().state, RunIs::Complete);
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
fn a_run_that_was_killed_does_not_go_on_when_its_only_journal_is_gone() {
    let place = Place::new();
    place.make("r1", "docker", &[("a", Some(Fail)), ("b", None)], Stops::Interrupted);
    let (mut recorder, resumed) = place.resume("r1");
    let ours = place.path().join("runs/r1.jsonl");
    // As with results on another file system.
    fs::remove_file(&ours).unwrap();
    std::os::unix::fs::symlink(place.results("r1").join(FILE_NAME), &ours).unwrap();
    recorder.record(&resumed).unwrap();
    let running = place.open().run("r1").unwrap();
    assert_eq!((running.state, place.open().last()), (RunIs::Running, None));
    drop(recorder); // as when its process is killed
    fs::remove_dir_all(place.results("r1")).unwrap();
    let repository = place.open();
    assert_eq!(repository.notes(), ["the process of run r1 is gone, and its journal with its results"]);
    let run = repository.last().unwrap();
    assert_eq!((run.state, run.has_journal, run.planned), (RunIs::CutOff, false, 2));
    assert_eq!((run.results, run.totals), (running.results, running.totals));
    assert_eq!(repository.failing(), ["a", "b"]);
    assert!(place.open().notes().is_empty(), "it is told once");
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
    let (results, mut recorder) = place.recorder("r2");
    fs::remove_dir_all(place.path()).unwrap();
    fs::write(place.path(), "").unwrap();
    fs::write(results.join(FILE_NAME), "").unwrap();
    for (seq, event) in (0..).zip(beginning("r2", "", Vec::new())) {
        recorder.record(&Record { seq, time_us: 0, event }).unwrap();
    }
    assert!(recorder.told().problem().unwrap().starts_with("cannot keep the journal of the run as"));
}
