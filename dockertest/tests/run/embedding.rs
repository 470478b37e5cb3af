//! Runs within a program that has a life of its own: followed, cancelled, side by side, and in an async runtime.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use dockertest::host::{CancelToken, HostProgram};
use dockertest::journal::{Event, Record};
use dockertest::run::{EXIT_FAILED, EXIT_INTERRUPTED, EXIT_PASSED, Events, Outcome, RunFailure, Runner, Stop};
use dockertest::verdict::Verdict;

use crate::Test;
use crate::support::{Place, host, layers, records};

pub(crate) const TESTS: &[Test] = &[
    ("embedding::the_outcome_is_data", the_outcome_is_data),
    ("embedding::an_event_is_on_disk_before_it_is_told", an_event_is_on_disk_before_it_is_told),
    ("embedding::a_slow_callback_holds_nothing_up", a_slow_callback_holds_nothing_up),
    ("embedding::a_callback_that_panics_harms_nobody", a_callback_that_panics_harms_nobody),
    ("embedding::a_resume_tells_the_past_first", a_resume_tells_the_past_first),
    ("embedding::runs_side_by_side_do_not_know_of_each_other", runs_side_by_side_do_not_know_of_each_other),
    ("embedding::a_folder_is_for_one_run_at_a_time", a_folder_is_for_one_run_at_a_time),
    ("embedding::dropping_the_handle_stops_the_run", dropping_the_handle_stops_the_run),
    ("embedding::a_detached_run_comes_to_its_end", a_detached_run_comes_to_its_end),
    ("embedding::what_keeps_a_run_from_beginning_is_told", what_keeps_a_run_from_beginning_is_told),
    ("embedding::a_run_leaves_the_process_as_it_was", a_run_leaves_the_process_as_it_was),
    ("embedding::a_broken_pipe_does_not_kill_the_program", a_broken_pipe_does_not_kill_the_program),
    ("embedding::a_host_may_be_named_from_the_working_folder", a_host_may_be_named_from_the_working_folder),
    ("embedding::the_example_shows_the_tree_at_the_end", the_example_shows_the_tree_at_the_end),
    ("embedding::the_example_draws_a_live_tree_on_a_terminal", the_example_draws_a_live_tree_on_a_terminal),
    ("embedding::runs_work_inside_async_runtimes", runs_work_inside_async_runtimes),
];

/// Longer than any of this takes, and shorter than patience.
const PATIENCE: Duration = Duration::from_secs(60);

fn token() -> CancelToken {
    CancelToken::new().unwrap()
}

fn the_outcome_is_data() {
    let place = Place::new();
    let layers = layers("[Control]\nexclude = pre\n[good]\nenable = no\n[parent/b]\nenable = no\n");
    let run = place.ready("good,parent,fail").layers(layers).build().unwrap().start();
    let told: Vec<Record> = run.events().collect();
    let outcome = run.wait().unwrap();
    assert_eq!((outcome.exit_status(), outcome.planned, &outcome.stop), (EXIT_FAILED, 3, &Stop::Complete));
    assert_eq!(outcome.journal(), place.results().join("journal.jsonl"));
    assert_eq!(told, records(&place.results()));
    let steps: Vec<String> = outcome
        .steps
        .iter()
        .map(|step| {
            let ending = step.ending.as_ref().unwrap();
            let children: BTreeMap<&str, Verdict> = step
                .subsubtests
                .iter()
                .map(|child| (child.name.as_str(), child.ending.as_ref().unwrap().verdict))
                .collect();
            format!("{} {} {:?} {children:?}", step.planned.name, ending.verdict, ending.reason)
        })
        .collect();
    insta::assert_snapshot!(steps.join("\n"), @r#"
    good TEST_NA "disabled in configuration (test.ini:4)" {}
    parent GOOD "" {"a": Good, "b": TestNa}
    fail FAIL "the engine broke its promise" {}
    "#);
    assert!(outcome.steps[2].ended_us >= outcome.steps[2].started_us);
}

fn an_event_is_on_disk_before_it_is_told() {
    let place = Place::new();
    let journal = place.results().join("journal.jsonl");
    let (tell, told) = channel();
    let check = move |record: &Record| {
        let text = fs::read_to_string(&journal).unwrap_or_default();
        let is_there =
            text.lines().any(|line| serde_json::from_str::<Record>(line).is_ok_and(|found| found == *record));
        tell.send((record.seq, is_there)).unwrap();
    };
    let outcome = place.ready("good,fail").on_event(check).build().unwrap().run(&token()).unwrap();
    assert_eq!(outcome.callback_failure, None);
    let expected: Vec<(u64, bool)> = records(&place.results()).iter().map(|record| (record.seq, true)).collect();
    assert_eq!(told.try_iter().collect::<Vec<_>>(), expected);
}

fn a_slow_callback_holds_nothing_up() {
    let place = Place::new();
    let (go_on, wait) = channel::<()>();
    let (tell, told) = channel();
    let callback = move |record: &Record| {
        let _ = wait.recv_timeout(PATIENCE);
        tell.send(record.seq).unwrap();
    };
    let run = place.ready("good,parent").on_event(callback).build().unwrap().start();
    // Somebody else sees the end while the callback still has the first record.
    assert!(matches!(run.events().last().unwrap().event, Event::RunEnded(_)));
    assert_eq!(told.try_recv().ok(), None);
    drop(go_on);
    assert_eq!(run.wait().unwrap().exit_status(), EXIT_PASSED);
    assert_eq!(told.try_iter().count(), records(&place.results()).len());
}

fn a_callback_that_panics_harms_nobody() {
    let place = Place::new();
    let (tell, told) = channel();
    let panics = |record: &Record| assert!(record.seq < 2, "this callback had enough");
    let counts = move |record: &Record| tell.send(record.seq).unwrap();
    let runner = place.ready("good").on_event(panics).on_event(counts).build().unwrap();
    let outcome = runner.run(&token()).unwrap();
    assert_eq!((outcome.exit_status(), outcome.report_failure.is_none()), (EXIT_PASSED, true));
    let failure = outcome.callback_failure.unwrap();
    assert_eq!(failure, "the callback panicked at record 2 (step-started): this callback had enough");
    assert_eq!(told.try_iter().count(), records(&place.results()).len());
}

fn a_resume_tells_the_past_first() {
    let place = Place::new();
    let run = place.ready("slow,good").build().unwrap().start();
    wait_for_work(&mut run.events());
    run.cancel("enough");
    let outcome = run.wait().unwrap();
    assert_eq!((outcome.exit_status(), outcome.steps[1].ending.is_none()), (EXIT_INTERRUPTED, true));
    let (tell, told) = channel();
    let runner = place.ready("slow,good").on_event(move |record| tell.send(record.clone()).unwrap()).build().unwrap();
    let outcome = place.resume(runner).unwrap();
    assert_eq!(told.try_iter().collect::<Vec<_>>(), records(&place.results()));
    let verdicts: Vec<Verdict> = outcome.steps.iter().map(|step| step.ending.as_ref().unwrap().verdict).collect();
    assert_eq!(verdicts, [Verdict::Abort, Verdict::Good]);
    // Also when nothing is left to be done.
    let (tell, told) = channel();
    let runner = place.ready("slow,good").on_event(move |record| tell.send(record.seq).unwrap()).build().unwrap();
    assert_eq!(place.resume(runner).unwrap().steps, outcome.steps);
    assert_eq!(told.try_iter().count(), records(&place.results()).len());
}

/// Returns when a step has entered `run_once`.
fn wait_for_work(events: &mut Events) {
    let works = |record: &Record| matches!(&record.event, Event::PhaseStarted(phase) if phase.iteration.is_some());
    assert!(events.any(|record| works(&record)));
}

fn runs_side_by_side_do_not_know_of_each_other() {
    let (here, there) = (Place::new(), Place::new());
    let cancelled = here.ready("slow,good").build().unwrap().start();
    wait_for_work(&mut cancelled.events());
    // The other one has a configuration and a host of its own, and begins and ends while the first one is at work.
    let layers = layers("[Control]\nexclude = pre\n[parent/a]\nenable = no\n");
    let builder = Runner::builder().layers(layers).host(host(&["without", "good"])).args(["parent,fail"]);
    let builder = builder.results(there.results()).state(there.state()).without_engine();
    let other = builder.build().unwrap();
    assert!(other.catalog().get(&"good".parse().unwrap()).is_none());
    let other = other.start();
    let seen =
        other.events().find_map(|record| if let Event::StepEnded(end) = record.event { Some(end) } else { None });
    assert_eq!(seen.unwrap().ending.verdict, Verdict::Good);
    cancelled.cancel("only this one");
    let (cancelled, other) = (cancelled.wait().unwrap(), other.wait().unwrap());
    let reason = Stop::Interrupted { reason: "only this one".to_owned(), signal: None };
    assert_eq!((cancelled.stop, cancelled.counts.total()), (reason, 1));
    assert_eq!((&other.stop, other.exit_status(), other.counts.total()), (&Stop::Complete, EXIT_FAILED, 2));
    let children: Vec<&str> = other.steps[0].subsubtests.iter().map(|child| child.name.as_str()).collect();
    assert_eq!(children, ["b", "a"], "the one that is switched off is told at the end");
    assert_eq!(here.witness(), "run slow \"full\"\ncleanup slow\n");
    assert_eq!(there.witness(), "run parent \"full\"\nrun fail \"full\"\n");
    // The one that was cancelled goes on where it was.
    let outcome = here.resume(here.ready("slow,good").build().unwrap()).unwrap();
    assert_eq!(outcome.counts.total(), 2);
}

fn a_folder_is_for_one_run_at_a_time() {
    let place = Place::new();
    let run = place.ready("slow").build().unwrap().start();
    wait_for_work(&mut run.events());
    let failure = place.ready("good").build().unwrap().run(&token()).unwrap_err();
    assert!(matches!(failure, RunFailure::Folder(_)) && failure.is_before_the_run(), "{failure}");
    assert!(failure.to_string().contains(&std::process::id().to_string()), "{failure}");
    // What drives a run may be handed from thread to thread.
    fn shared(_: &(impl Send + Sync)) {}
    shared(&run);
    shared(&run.events());
    run.cancel("seen enough");
    let children = run.wait().unwrap().steps.remove(0).subsubtests;
    assert_eq!(children[0].ending.as_ref().unwrap().verdict, Verdict::Abort);
    assert_eq!(place.witness(), "run slow \"full\"\ncleanup slow\n");
    let beginnings = records(&place.results()).into_iter().filter(|record| record.event.kind() == "run-started");
    assert_eq!(beginnings.count(), 1);
}

fn dropping_the_handle_stops_the_run() {
    let place = Place::new();
    let run = place.ready("slow,good").build().unwrap().start();
    let mut events = run.events();
    wait_for_work(&mut events);
    drop(run);
    // It has cleaned up by now, and nobody waits for more events.
    assert_eq!(place.witness(), "run slow \"full\"\ncleanup slow\n");
    let Event::RunInterrupted(interrupted) = events.last().unwrap().event else { panic!("not interrupted") };
    assert_eq!(interrupted.reason, "the handle of the run was dropped");
}

fn a_detached_run_comes_to_its_end() {
    let place = Place::new();
    let run = place.ready("good,parent").build().unwrap().start();
    let events = run.events();
    run.detach();
    assert!(matches!(events.last().unwrap().event, Event::RunEnded(_)));
}

fn what_keeps_a_run_from_beginning_is_told() {
    let place = Place::new();
    let run = place.ready("no_such_subtest").build().unwrap().start();
    assert_eq!(run.events().count(), 0);
    let failure = run.wait().unwrap_err();
    assert!(matches!(failure, RunFailure::Plan(_)) && failure.is_before_the_run(), "{failure}");
    let failure = place.ready("good !!!").build().unwrap().run(&token()).unwrap_err();
    assert!(matches!(failure, RunFailure::DryRun), "{failure}");
    let in_the_way = place.results();
    fs::create_dir_all(in_the_way.parent().unwrap()).unwrap();
    fs::write(&in_the_way, "").unwrap();
    let run = place.ready("good").on_event(|_| panic!("there is nothing to be told")).build().unwrap().start();
    let failure = run.wait().unwrap_err();
    assert!(matches!(failure, RunFailure::Folder(_)), "{failure}");
}

/// What a process has for itself, and a library should not touch.
fn process() -> BTreeMap<&'static str, String> {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    let mask = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    let count = |folder: &str| fs::read_dir(folder).unwrap().count().to_string();
    let children = || fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
    BTreeMap::from([
        ("folder", std::env::current_dir().unwrap().display().to_string()),
        ("environment", format!("{:?}", std::env::vars_os().collect::<Vec<_>>())),
        ("umask", mask("Umask:")),
        ("blocked signals", mask("SigBlk:")),
        ("ignored signals", mask("SigIgn:")),
        ("handled signals", mask("SigCgt:")),
        ("adopts orphans", nix::sys::prctl::get_child_subreaper().unwrap().to_string()),
        ("dies with its parent", format!("{:?}", nix::sys::prctl::get_pdeathsig().unwrap())),
        ("timer slack", nix::sys::prctl::get_timerslack().unwrap().to_string()),
        ("threads", count("/proc/self/task")),
        ("descriptors", count("/proc/self/fd")),
        ("children", children()),
    ])
}

fn a_run_leaves_the_process_as_it_was() {
    let place = Place::new();
    let before = process();
    let (tell, told) = channel();
    let look = move |_: &Record| {
        let during = process();
        // Threads, descriptors and children are what a run is made of while it goes on.
        let same = ["folder", "environment", "umask", "ignored signals", "handled signals", "adopts orphans"];
        tell.send(same.map(|name| during[name].clone())).unwrap();
    };
    let runner = place.ready("good,parent,fail").on_event(look).build().unwrap();
    runner.run(&token()).unwrap();
    let during: Vec<_> = told.try_iter().collect();
    assert!(during.len() > 10 && during.iter().all(|look| *look == during[0]), "{during:#?}");
    assert_eq!(during[0][0], before["folder"]);
    assert_eq!(
        during[0][1..5],
        ["environment", "umask", "ignored signals", "handled signals"].map(|name| before[name].clone())
    );
    // A thread is in the list for a moment after somebody has waited for its end.
    test_needs::wait_until_eq("all is as it was", process, &before);
}

fn a_broken_pipe_does_not_kill_the_program() {
    let place = Place::new();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("broken-pipes").args([place.results(), place.state()]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

/// `broken-pipes RESULTS STATE`: a program that dies of a broken pipe, as some do, and whose host does not listen.
#[expect(unsafe_code, reason = "the only way to set what a signal does")]
pub(crate) fn broken_pipes_main(arguments: &[&str]) -> ExitCode {
    use nix::sys::signal::{SigHandler, Signal, signal};

    let [results, state] = arguments else { return ExitCode::FAILURE };
    // SAFETY: nothing is called when the signal comes.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.unwrap();
    let layers = layers("[Control]\nexclude = pre\n[DEFAULTS]\ncleanup_timeout = 0.1\n");
    let builder = Runner::builder().layers(layers).host(host(&[])).args(["deaf,good"]).without_engine();
    let run = builder.results(results).state(Path::new(state)).build().unwrap().start();
    wait_for_work(&mut run.events());
    run.cancel("it will not hear this");
    ExitCode::from(u8::from(run.wait().unwrap().exit_status() != EXIT_INTERRUPTED))
}

fn a_host_may_be_named_from_the_working_folder() {
    let place = Place::new();
    let to_root = std::env::current_dir().unwrap().components().skip(1).map(|_| "../").collect::<String>();
    let HostProgram { path, arguments, .. } = host(&[]);
    let relative = format!("{to_root}{}", path.strip_prefix("/").unwrap().display());
    let builder = place.builder("good", "[Control]\nexclude = pre\n");
    let outcome = builder.host(HostProgram::new(relative).arguments(arguments)).build().unwrap().run(&token());
    assert_eq!(outcome.unwrap().exit_status(), EXIT_PASSED);
}

/// The example program, as a part of this one, with arguments for two steps.
fn live_tree(place: &Place) -> Vec<OsString> {
    let words = ["live-tree", "--no-engine", "--set", "Control.exclude=pre", "--args", "parent,fail", "--results"];
    let mut arguments: Vec<OsString> = words.map(OsString::from).into();
    arguments.extend([place.results().into(), "--state".into(), place.state().into()]);
    let HostProgram { path, arguments: rest, .. } = host(&[]);
    arguments.into_iter().chain([path.into()]).chain(rest).collect()
}

/// Without columns.
fn plain(text: &str) -> String {
    let words = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    words.collect::<Vec<_>>().join("\n")
}

fn the_example_shows_the_tree_at_the_end() {
    let place = Place::new();
    let output = Command::new(std::env::current_exe().unwrap()).args(live_tree(&place)).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap().replace(&place.results().display().to_string(), "RESULTS");
    assert_eq!(output.status.code(), Some(EXIT_FAILED.into()), "{text}");
    insta::assert_snapshot!(plain(&text), @r"
    GOOD parent 0.0 s
    GOOD a 0.0 s
    GOOD b 0.0 s
    FAIL fail 0.0 s the engine broke its promise
    FAIL: 2 of 2 steps, RESULTS/journal.jsonl
    ");
}

fn the_example_draws_a_live_tree_on_a_terminal() {
    let place = Place::new();
    let (mut terminal, inner) = pty_process::blocking::open().unwrap();
    terminal.resize(pty_process::Size::new(24, 80)).unwrap();
    let command = pty_process::blocking::Command::new(std::env::current_exe().unwrap()).args(live_tree(&place));
    let mut child = command.spawn(inner).unwrap();
    let mut shown = Vec::new();
    // The end of a terminal is an error.
    let _ = terminal.read_to_end(&mut shown);
    assert_eq!(child.wait().unwrap().code(), Some(EXIT_FAILED.into()));
    let text = String::from_utf8(shown).unwrap().replace("\r\n", "\n");
    let trees: Vec<String> = text.split("\x1b[J").map(plain).collect();
    // First all wait, then the first one works, and in the end all have a verdict.
    assert!(trees.len() > 3 && trees[0].contains("... parent\n... fail"), "{trees:#?}");
    let works = |tree: &String| tree.contains("... parent initialize") && !tree.contains("GOOD");
    assert!(trees.iter().any(works), "{trees:#?}");
    assert!(trees.last().unwrap().starts_with("GOOD parent") && text.contains("\x1b[4A"), "{trees:#?}");
}

/// An engine that takes every connection and says nothing.
fn mute_engine(folder: &Path) -> String {
    let socket = folder.join("engine.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    format!("unix://{}", socket.display())
}

fn runs_work_inside_async_runtimes() {
    for flavor in ["current_thread", "multi_thread"] {
        let mut builder = match flavor {
            "current_thread" => tokio::runtime::Builder::new_current_thread(),
            _ => tokio::runtime::Builder::new_multi_thread(),
        };
        let runtime = builder.worker_threads(2).enable_all().build().unwrap();
        // On the thread of the runtime, and in a task of it.
        runtime.block_on(run_inside());
        runtime.block_on(runtime.spawn(run_inside())).unwrap();
    }
}

/// All ways to run, with an engine that is asked through the API client, which has a runtime of its own.
async fn run_inside() {
    let place = Place::new();
    fs::create_dir_all(place.state()).unwrap();
    let address = mute_engine(&place.state());
    let ini =
        format!("[Control]\nexclude = pre\n[DEFAULTS]\ndocker_path = /bin/true\ndocker_options = --host {address}\n");
    let builder = |told: Sender<Record>| {
        let builder = Runner::builder().layers(layers(&ini)).host(host(&[])).args(["needs_engine"]);
        let builder = builder.results(place.results()).state(place.state());
        builder.on_event(move |record| told.send(record.clone()).unwrap())
    };
    let (tell, told) = channel();
    // A blocking call is impolite here, but it works.
    let outcome = builder(tell.clone()).build().unwrap().run(&token()).unwrap();
    check_asked(&outcome, told.try_iter());
    let run = builder(tell).build().unwrap().start();
    let events = run.events();
    let seen = tokio::task::spawn_blocking(move || events.collect::<Vec<_>>()).await.unwrap();
    let outcome = tokio::task::spawn_blocking(|| run.wait()).await.unwrap().unwrap();
    check_asked(&outcome, seen.into_iter());
    // Dropped on a thread of the runtime.
    drop(builder(channel().0).build().unwrap().start());
}

fn check_asked(outcome: &Outcome, mut told: impl Iterator<Item = Record>) {
    assert_eq!(outcome.exit_status(), EXIT_PASSED, "{outcome:?}");
    let engine = told.find_map(|record| if let Event::Engine(facts) = record.event { Some(facts) } else { None });
    // The client got as far as the connection, which ends at once: before, while or after it asks.
    let problem = engine.unwrap().problem.unwrap();
    let ends = ["connection closed before message completed", "Broken pipe", "Connection reset by peer"];
    assert!(problem.starts_with("no engine answers at `unix://"), "{problem}");
    assert!(ends.iter().any(|end| problem.contains(end)), "{problem}");
}
