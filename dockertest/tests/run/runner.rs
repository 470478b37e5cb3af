//! What a run tells, how it is stopped, and how it goes on.

use std::fs;
use std::time::{Duration, Instant};

use dockertest::config::Source;
use dockertest::host::CancelToken;
use dockertest::journal::{EngineFacts, Event};
use dockertest::run::{
    EXIT_FAILED, EXIT_INTERRUPTED, EXIT_PASSED, EXIT_REBOOT, EXIT_TERMINATED, ResultsFolder, RunnerBuilder,
};

use crate::Test;
use crate::support::{Place, host, layers, story};

pub(crate) const TESTS: &[Test] = &[
    ("runner::a_run_tells_what_happens_in_order", a_run_tells_what_happens_in_order),
    ("runner::a_complete_run_leaves_a_tidy_folder", a_complete_run_leaves_a_tidy_folder),
    ("runner::the_first_signal_lets_the_step_clean_up", the_first_signal_lets_the_step_clean_up),
    ("runner::an_urgent_wish_leaves_the_clean_up_to_a_resume", an_urgent_wish_leaves_the_clean_up_to_a_resume),
    ("runner::an_interrupted_step_is_run_again_if_asked_for", an_interrupted_step_is_run_again_if_asked_for),
    ("runner::a_step_is_entered_again_after_a_reboot", a_step_is_entered_again_after_a_reboot),
    ("runner::the_limit_of_the_run_ends_every_step", the_limit_of_the_run_ends_every_step),
    ("runner::only_who_needs_the_engine_waits_for_it", only_who_needs_the_engine_waits_for_it),
    ("runner::nobody_has_to_wait_for_an_engine_that_is_silent", nobody_has_to_wait_for_an_engine_that_is_silent),
    ("runner::a_known_failure_is_a_warning", a_known_failure_is_a_warning),
    ("runner::a_plan_that_cannot_be_carried_out_is_refused", a_plan_that_cannot_be_carried_out_is_refused),
    (
        "runner::a_state_folder_that_cannot_be_made_is_told_before_there_is_a_run",
        a_state_folder_that_cannot_be_made_is_told_before_there_is_a_run,
    ),
    ("runner::a_complete_run_is_not_resumed", a_complete_run_is_not_resumed),
    ("runner::a_resume_retries_as_the_run_did_or_as_it_is_told", a_resume_retries_as_the_run_did_or_as_it_is_told),
    ("runner::old_documentation_is_told_and_costs_time", old_documentation_is_told_and_costs_time),
];

const SMALL: &str = "[Control]\nexclude = pre\n";

fn token() -> CancelToken {
    CancelToken::new().unwrap()
}

fn a_run_tells_what_happens_in_order() {
    let place = Place::new();
    let ini = "[good]\nenable = no\n[parent/b]\nenable = no\n";
    let outcome = place.run(place.runner("good,parent,fail", ini), |_| {}, &token());
    assert_eq!(outcome.exit_status(), EXIT_FAILED);
    insta::assert_snapshot!(story(&place.journal()), @r"
    planned 4
    start 0 attempt 1
      initialize
    end 0 GOOD
    end 1 TEST_NA: disabled in configuration (test.ini:2)
    start 2 attempt 1
      initialize
      start a
      end a GOOD
    end 2 GOOD
    start 3 attempt 1
      initialize
    end 3 FAIL: the engine broke its promise
    ended FAIL
    ");
}

fn a_complete_run_leaves_a_tidy_folder() {
    let place = Place::new();
    let outcome = place.run(place.runner("good", SMALL), |_| {}, &token());
    assert_eq!((outcome.exit_status(), outcome.planned), (EXIT_PASSED, 1));
    let mut names: Vec<_> = fs::read_dir(place.results()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["debug", "docker", "journal.jsonl", "lock", "results.json", "status", "sysinfo"]);
    let keyval = fs::read_to_string(place.results().join("docker/subtests/good.test_1-of-1/keyval")).unwrap();
    assert!(keyval.contains("sysinfo-uname=Linux"), "{keyval}");
}

/// Uses a token when the step has entered `run_once`.
fn stopping(cancel: &CancelToken, stop: fn(&CancelToken)) -> impl FnMut(&Event) + Send + 'static {
    let inside = cancel.clone();
    move |event| {
        if matches!(event, Event::PhaseStarted(phase) if phase.iteration.is_some()) {
            stop(&inside);
        }
    }
}

/// Runs with a token that is used when the step has entered `run_once`.
fn when_it_runs(place: &Place, args: &str, stop: fn(&CancelToken)) -> (u8, String) {
    let cancel = token();
    let watch = stopping(&cancel, stop);
    let outcome = place.run(place.runner(args, SMALL), watch, &cancel);
    (outcome.exit_status(), story(&place.journal()))
}

fn a_resume_retries_as_the_run_did_or_as_it_is_told() {
    for (first, then, attempts) in [(0, 2, 3), (1, 2, 2), (1, 0, 2)] {
        let place = Place::new();
        let cancel = token();
        let watch = stopping(&cancel, |cancel| cancel.signalled(15));
        let runner = |retries| place.runner("slow,fail", SMALL).retries(retries);
        place.run(runner(first), watch, &cancel);
        let outcome = place.resume(runner(then)).unwrap();
        assert_eq!(outcome.steps[1].attempts, attempts, "{first} retries, then {then}");
    }
}

fn the_first_signal_lets_the_step_clean_up() {
    let place = Place::new();
    let (status, story_now) = when_it_runs(&place, "slow,good", |cancel| cancel.signalled(15));
    assert_eq!(status, EXIT_TERMINATED);
    insta::assert_snapshot!(story_now, @r"
    planned 2
    start 0 attempt 1
      initialize
      run_once
      start child
      cleanup
      end child ABORT: interrupted (SIGTERM), in run_once 2 of 3
    when asked to stop, it ended ABORT: interrupted: SIGTERM
    end 0 ABORT: interrupted (SIGTERM), in run_once 2 of 3
    when asked to stop, it ended ABORT: interrupted: SIGTERM
    interrupted: SIGTERM
    ");
    let outcome = place.resume(place.runner("slow,good", SMALL)).unwrap();
    assert_eq!(outcome.exit_status(), EXIT_FAILED);
    let story_then = story(&place.journal());
    insta::assert_snapshot!(story_then.strip_prefix(&story_now).unwrap(), @r"

    resumed
    start 1 attempt 1
      initialize
    end 1 GOOD
    ended ABORT
    ");
}

fn an_urgent_wish_leaves_the_clean_up_to_a_resume() {
    let place = Place::new();
    let stop = |cancel: &CancelToken| {
        cancel.signalled(2);
        cancel.signalled(2);
    };
    let (status, story_now) = when_it_runs(&place, "stubborn,good", stop);
    assert_eq!((status, place.witness().as_str()), (EXIT_INTERRUPTED, "run stubborn \"full\"\n"));
    insta::assert_snapshot!(story_now, @r"
    planned 2
    start 0 attempt 1
      initialize
      run_once
      WARNING: killed without its clean-up, which is left to `dockertest resume`
    interrupted: SIGINT
    ");
    place.resume(place.runner("stubborn,good", SMALL)).unwrap();
    let story_then = story(&place.journal());
    insta::assert_snapshot!(story_then.strip_prefix(&story_now).unwrap(), @r"

    resumed
      cleanup
    end 0 ABORT: interrupted in run_once (iteration 2 of 3): SIGINT
    start 1 attempt 1
      initialize
    end 1 GOOD
    ended ABORT
    ");
    let witness = "run stubborn \"full\"\ncleanup stubborn\nit knows the container\nrun good \"full\"\n";
    assert_eq!(place.witness(), witness, "the step's temporary folder has to be there for its clean-up");
}

fn an_interrupted_step_is_run_again_if_asked_for() {
    let place = Place::new();
    let (_, story_now) = when_it_runs(&place, "stubborn", |cancel| cancel.cancel_now("power is failing"));
    let ini = "[Control]\nexclude = pre\n[DEFAULTS]\ncleanup_timeout = 0.1\n";
    let runner = place.runner_with("stubborn", ini, |builder| builder.retry_interrupted(true));
    let cancel = token();
    let outcome = place.resume_watched(runner, stopping(&cancel, |cancel| cancel.cancel("enough")), &cancel).unwrap();
    assert_eq!(outcome.exit_status(), EXIT_FAILED);
    let story_then = story(&place.journal());
    let story_then = story_then.strip_prefix(&story_now).unwrap();
    assert!(
        story_then.contains("interrupted in run_once (iteration 2 of 3): power is failing; it is run again"),
        "{story_then}"
    );
    assert!(story_then.contains("start 0 attempt 2"), "{story_then}");
    assert_eq!(story_then.matches("end 0 ").count(), 1, "{story_then}");
    assert_eq!(place.witness().matches("run stubborn").count(), 2);
}

fn a_step_is_entered_again_after_a_reboot() {
    let place = Place::new();
    let outcome = place.run(place.runner("reboot,good", SMALL), |_| {}, &token());
    assert_eq!(outcome.exit_status(), EXIT_REBOOT);
    let outcome = place.resume(place.runner("reboot,good", SMALL)).unwrap();
    assert_eq!(outcome.exit_status(), EXIT_PASSED);
    insta::assert_snapshot!(story(&place.journal()), @r"
    planned 2
    start 0 attempt 1
      initialize
      reboot, then after: new kernel
    interrupted: docker/subtests/reboot.test_1-of-2 waits for a reboot: new kernel
    resumed
    start 0 attempt 2
      initialize
    end 0 GOOD: after false
    start 1 attempt 1
      initialize
    end 1 GOOD
    ended GOOD
    ");
}

fn the_limit_of_the_run_ends_every_step() {
    let place = Place::new();
    let ini = "[Control]\nexclude = pre\njob_timeout = 1\n";
    let outcome = place.run(place.runner("slow,good", ini), |_| {}, &token());
    assert_eq!(outcome.exit_status(), EXIT_FAILED);
    // How much of the limit was left for the step differs from run to run.
    let story = story(&place.journal());
    let lines: Vec<_> = story.lines().filter(|line| !line.starts_with("when asked to stop")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    planned 2
    start 0 attempt 1
      initialize
      run_once
      start child
      cleanup
      end child ABORT: the run's limit of 1 s was reached in run_once
    end 0 ABORT: the run's limit of 1 s was reached in run_once
    end 1 ABORT: not run: the run's limit of 1 s was reached
    ended ABORT
    ");
}

fn engine() -> EngineFacts {
    EngineFacts { flavor: "docker".to_owned(), version: "20.10.24".to_owned(), ..EngineFacts::default() }
}

fn only_who_needs_the_engine_waits_for_it() {
    let place = Place::new();
    let (went_on, wait) = std::sync::mpsc::channel();
    let probe = Box::new(move || {
        // Only the first step's end lets the engine answer: it waited but a moment.
        wait.recv_timeout(Duration::from_secs(60)).unwrap();
        engine()
    });
    let runner = place.runner_with("good,needs_engine", SMALL, |builder| builder.engine_probe(probe));
    let watch = move |event: &Event| {
        if matches!(event, Event::StepEnded(_)) {
            let _ = went_on.send(());
        }
    };
    place.run(runner, watch, &token());
    insta::assert_snapshot!(story(&place.journal()), @r"
    planned 2
    start 0 attempt 1
      initialize
    end 0 GOOD
    engine 20.10.24
    start 1 attempt 1
      initialize
    end 1 GOOD: 20.10.24
    ended GOOD
    ");
    let facts = fs::read_to_string(place.results().join("sysinfo/engine")).unwrap();
    assert!(facts.contains("version=20.10.24"), "{facts}");
}

fn nobody_has_to_wait_for_an_engine_that_is_silent() {
    let place = Place::new();
    let (stay_silent, until_the_end) = std::sync::mpsc::channel::<()>();
    let probe = Box::new(move || {
        let _ = until_the_end.recv();
        engine()
    });
    let runner = place.runner_with("good,needs_engine", SMALL, |builder| builder.engine_probe(probe));
    let cancel = token();
    let inside = cancel.clone();
    let watch = move |event: &Event| {
        if matches!(event, Event::StepEnded(_)) {
            inside.signalled(2);
        }
    };
    let outcome = place.run(runner, watch, &cancel);
    assert_eq!((outcome.exit_status(), outcome.counts.total()), (EXIT_INTERRUPTED, 1));
    drop(stay_silent);
}

fn a_known_failure_is_a_warning() {
    let place = Place::new();
    fs::create_dir_all(place.state()).unwrap();
    fs::write(place.state().join("known_failures.txt"), "docker-20.* fail never worked\n").unwrap();
    let layers = layers(SMALL).custom(Source::Folder(place.state()));
    let change = |builder: RunnerBuilder| builder.layers(layers).engine_probe(Box::new(engine));
    let runner = place.runner_with("fail", SMALL, change);
    let outcome = place.run(runner, |_| {}, &token());
    assert_eq!(outcome.exit_status(), EXIT_PASSED);
    let events = place.journal();
    let ending =
        events.iter().find_map(|event| if let Event::StepEnded(ended) = event { Some(&ended.ending) } else { None });
    assert_eq!(ending.unwrap().known_failure.as_deref(), Some("never worked"));
}

fn a_plan_that_cannot_be_carried_out_is_refused() {
    let place = Place::new();
    when_it_runs(&place, "slow,good", |cancel| cancel.cancel("enough"));
    let before = place.journal().len();
    let failure = place.resume(place.runner_of(host(&["without", "good"]), "slow", SMALL)).unwrap_err();
    insta::assert_snapshot!(failure, @"the run cannot go on as it was planned, because no host holds `good`: bring them back, or start a new run in another folder with `--results`");
    assert_eq!(place.journal().len(), before);
}

fn a_state_folder_that_cannot_be_made_is_told_before_there_is_a_run() {
    let place = Place::new();
    fs::create_dir_all(place.results().parent().unwrap()).unwrap();
    let in_the_way = place.results().with_file_name("file");
    fs::write(&in_the_way, "").unwrap();
    let runner = || place.runner_with("good", SMALL, |builder| builder.state(in_the_way.join("state")));
    for _ in 0..2 {
        // The second time nothing is in the way, and nothing to be kept aside.
        let (folder, aside) = ResultsFolder::create(&place.results()).unwrap();
        assert_eq!(aside, None);
        let failure = runner().execute(runner().plan().unwrap(), folder, &token()).unwrap_err().to_string();
        assert!(failure.contains("file/state`") && failure.contains("Not a directory"), "{failure}");
    }
    when_it_runs(&place, "slow,good", |cancel| cancel.cancel("enough"));
    let before = place.journal();
    let failure = place.resume(runner()).unwrap_err().to_string();
    assert!(failure.contains("file/state`") && failure.contains("Not a directory"), "{failure}");
    assert_eq!(place.journal(), before);
}

fn a_complete_run_is_not_resumed() {
    let place = Place::new();
    place.run(place.runner("fail", SMALL), |_| {}, &token());
    let before = place.journal();
    let outcome = place.resume(place.runner("fail", SMALL)).unwrap();
    assert_eq!((outcome.exit_status(), outcome.counts.total()), (EXIT_FAILED, 1));
    assert_eq!(place.journal(), before);
}

fn old_documentation_is_told_and_costs_time() {
    let place = Place::new();
    let ini = "[Control]\nexclude = pre\ndocs_version_delay = 0.05\n";
    let began = Instant::now();
    let runner = place.runner_with("good", ini, |builder| builder.documentation("0.1.0".parse().unwrap()));
    place.run(runner, |_| {}, &token());
    assert!(began.elapsed() >= Duration::from_millis(50));
    let story = story(&place.journal());
    assert!(story.contains("0.1.0") && story.contains("the run is delayed by 0.05 s"), "{story}");
}
