//! Subtests as tests of `cargo test`.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;
#[path = "common/shelf.rs"]
mod shelf;

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use rstest::rstest;
use shelf::{Done, Shelf};

/// All tests of the package.
const ALL: [&str; 13] = [
    "asks_engine",
    "crashes",
    "fails",
    "flaky",
    "left_out",
    "meets/one",
    "meets/other",
    "passes",
    "reboots",
    "switched_off",
    "unsuitable",
    "waits",
    "watches",
];

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("shelf/{name}: test\n")).collect()
}

#[test]
fn every_subtest_is_listed_and_those_that_are_ignored() {
    let shelf = Shelf::new();
    assert_eq!(shelf.test(&["--list"], &[]).expect(0).stdout, listed(&ALL));
    let ignored = ["left_out", "switched_off"];
    assert_eq!(shelf.test(&["--list", "--ignored"], &[]).expect(0).stdout, listed(&ignored));
    let chosen = shelf.test(&["--list", "meets", "--skip", "other"], &[]).expect(0);
    assert_eq!(chosen.stdout, listed(&["meets/one"]));
    let engine = shelf.test(&["--list", "--ignored", "flaky"], &["shelf/flaky.enable=no"]).expect(0);
    assert_eq!(engine.stdout, listed(&["flaky"]));
    assert!(!shelf.path().join("results").exists(), "a list writes nothing");
}

#[test]
fn all_of_them_end_as_they_should() {
    let shelf = Shelf::new();
    let mut command = shelf.command(&["--skip", "/wa", "--test-threads", "3"], &[]);
    let done = Done::from(command.env("DOCKER_HOST", "unix:///no/such/engine").output().unwrap()).expect(101);
    for (name, expected) in [
        ("asks_engine", "FAILED"),
        ("crashes", "FAILED"),
        ("fails", "FAILED"),
        ("flaky", "FAILED"),
        ("left_out", "ignored (left out by [Control] (`exclude`, config_custom/control.ini:2))"),
        ("meets/one", "ok"),
        ("meets/other", "ok"),
        ("passes", "ok"),
        ("reboots", "FAILED"),
        ("switched_off", "ignored (disabled in configuration (shelf-subtests: shelf.ini:14))"),
        ("unsuitable", "ignored (needs the program `no-such-program`)"),
    ] {
        let begin = format!("test shelf/{name} ...");
        assert_eq!(done.line(&begin), format!("{begin} {expected}"));
    }
    let sum = "test result: FAILED. 3 passed; 5 failed; 3 ignored; 0 measured; 2 filtered out;";
    assert!(done.line("test result").starts_with(sum), "{}", done.stdout);
    for part in [
        "no engine answers: Cannot connect to the Docker daemon at unix:///no/such/engine.",
        "the host was killed by SIGABRT without a verdict, in run_once",
        "asks for a reboot, then goes on at `after`: the shelf is screwed to the kernel",
        "a test cannot wait for a reboot: this needs `dockertest run`",
    ] {
        assert!(done.stdout.contains(part), "{part}:\n{}", done.stdout);
    }
    assert!(!done.stdout.contains("pretests/ready"), "a pretest that went well is not told:\n{}", done.stdout);
    assert_eq!(done.stderr.lines().find(|line| line.starts_with("warning")), None);
}

#[test]
fn a_failure_shows_what_the_console_shows() {
    let shelf = Shelf::new();
    let set = ["shelf/passes.password=hush", "'shelf/passes.greeting=good day'"];
    let done = shelf.test(&["--exact", "shelf/fails"], &set).expect(101);
    let from = done.stdout.find("---- shelf/fails ----").unwrap();
    let text = &done.stdout[from..];
    for part in [
        "FAIL    ----    SubSubtest difference\n",
        "                expected:      books\n                               plants\n",
        "                seen:          books\n                               vases\n",
        "                difference:    ",
        "                command:       /bin/cat /no/such/shelf\n",
        "                expected:      exit status 0\n",
        "stderr: /bin/cat: /no/such/shelf: No such file or directory\n",
        " shelf/passes.password=******** 'shelf/passes.greeting=good day'",
        "cargo test -p shelf-subtests --test subtests -- --exact shelf/fails\n",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    assert!(text.contains(&format!("; results in {}\n", shelf.results("shelf/fails").display())), "{text}");
    assert!(!text.contains("dockertest resume") && !done.stdout.contains("hush"), "{}", done.stdout);
    assert!(shelf.results("shelf/fails").join("results.json").exists());
}

#[test]
fn an_ignored_test_runs_when_it_is_asked_for() {
    let shelf = Shelf::new();
    let done = shelf.test(&["--ignored"], &[]).expect(0);
    assert_eq!(done.line("test shelf/switched_off"), "test shelf/switched_off ... ok");
    assert_eq!(done.line("test shelf/left_out"), "test shelf/left_out ... ok");
    assert!(done.line("test result").starts_with("test result: ok. 2 passed; 0 failed; 0 ignored;"));
}

#[test]
fn what_happens_is_shown_when_nothing_is_captured() {
    let shelf = Shelf::new();
    let done = shelf.test(&["--nocapture", "--exact", "shelf/passes"], &["'shelf/passes.greeting=good day'"]).expect(0);
    assert_eq!(done.line("RUNNING ---- INFO: the greeting"), "RUNNING ---- INFO: the greeting is \"good day\"");
    assert_eq!(done.line("GOOD docker/subtests"), "GOOD docker/subtests/shelf/passes.test_1-of-1");
    let done = shelf.test(&["--exact", "shelf/passes"], &[]).expect(0);
    assert!(!done.stdout.contains("RUNNING"), "{}", done.stdout);
}

#[test]
fn an_unknown_name_is_no_test() {
    let shelf = Shelf::new();
    let done = shelf.test(&["--exact", "shelf/pases"], &[]).expect(0);
    assert!(
        done.line("test result").starts_with("test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 13 filtered")
    );
    let done = shelf.test(&["--no-such-option"], &[]).expect(2);
    assert!(done.stderr.contains("unexpected argument '--no-such-option'"), "{}", done.stderr);
}

#[rstest]
#[case::no_option("'docker_timeout'", "the configuration cannot be used; nothing has run")]
#[case::bad_flag("'shelf/passes.enable=perhaps'", "perhaps")]
#[case::open_quote("'a=b", "`DOCKERTEST_SET` cannot be read")]
#[case::unknown_name("Control.subthings=shelf/pases", "unknown name `shelf/pases`")]
fn what_cannot_be_used_is_told_before_anything_runs(#[case] set: &str, #[case] expected: &str) {
    let shelf = Shelf::new();
    for words in [&["--exact", "shelf/passes"][..], &["--list"]] {
        let done = shelf.test(words, &[set]);
        assert_ne!(done.status, Some(0), "{}", done.stdout);
        assert!(done.stderr.contains("error: ") && done.stderr.contains(expected), "{}", done.stderr);
        assert!(!done.stdout.contains("shelf/"), "{}", done.stdout);
    }
}

#[test]
fn an_option_that_nobody_knows_is_told() {
    let done = Shelf::new().test(&["--exact", "shelf/passes"], &["shelf/passes.greting=hi"]).expect(0);
    let warning = "warning: --set shelf/passes.greting=hi: nothing reads option `greting`";
    assert!(done.stderr.contains(warning), "{}", done.stderr);
}

#[test]
fn a_folder_that_cannot_be_written_to_fails_the_test_and_says_what_to_do() {
    let shelf = Shelf::new();
    let mut command = shelf.command(&["--exact", "shelf/passes"], &[]);
    let done = Done::from(command.env("DOCKERTEST_RESULTS", "/proc/results").output().unwrap()).expect(101);
    let expected = "cannot write into `/proc/results/shelf-subtests-subtests/shelf.passes`: No such file or directory \
                    (os error 2); set `DOCKERTEST_RESULTS` to a folder that you may write to";
    assert!(done.stdout.contains(expected), "{}", done.stdout);
}

#[test]
fn a_pretest_that_fails_is_told_with_the_test() {
    let done = Shelf::new().test(&["--exact", "shelf/passes"], &["ready.shelf=gone"]).expect(101);
    assert_eq!(done.line("FAIL ready"), "FAIL ready: does not hold: the shelf is there");
}

#[rstest]
#[case::no_subtests(
    "nothing",
    "no subtest is linked into this program; name the crate that holds them: `dockertest::harness!(shelf_subtests);`"
)]
#[case::a_name_that_is_taken("twice", "two subtests that are linked into this program have the name `shelf/passes`")]
fn a_harness_that_cannot_be_says_why(#[case] target: &str, #[case] expected: &str) {
    let shelf = Shelf::new();
    let done = Done::from(shelf.cargo(&["test", "--test", target], &[]).output().unwrap());
    assert_ne!(done.status, Some(0));
    assert!(done.stderr.contains(expected), "{}", done.stderr);
}

/// Where the subtest of a passed test was run: the name of the instance.
fn instance_of(shelf: &Shelf, name: &str) -> serde_json::Value {
    let text = std::fs::read_to_string(shelf.results(name).join("results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&text).unwrap();
    let steps = results["steps"].as_array().unwrap();
    steps.iter().find(|step| step["name"] == name).unwrap()["instance"].clone()
}

#[test]
fn a_test_runs_where_the_configuration_says() {
    let shelf = Shelf::new();
    let done = shelf.test(&["--exact", "shelf/passes"], &[]).expect(0);
    assert!(instance_of(&shelf, "shelf/passes").is_null() && !done.stderr.contains("note: "), "{}", done.stderr);
    let there = Shelf::new();
    let set = [
        "environment.provider=callout",
        "environment.instance_ids=over-there",
        "'environment.instance_execute=exec $COMMAND'",
    ];
    there.test(&["--exact", "shelf/passes"], &set).expect(0);
    assert_eq!(instance_of(&there, "shelf/passes"), "over-there");
}

#[test]
fn an_environment_that_cannot_be_had_fails_the_test() {
    let shelf = Shelf::new();
    let set = ["environment.provider=callout"];
    let done = shelf.test(&["--exact", "shelf/passes"], &set).expect(101);
    assert!(done.stdout.contains("the environment `callout` needs commands"), "{}\n{}", done.stdout, done.stderr);
}

/// The test program makes its capsule, too.
#[test]
fn a_test_may_have_a_capsule() {
    if !test_needs::root("can make a capsule") || !test_needs::program("dockerd") {
        return;
    }
    let shelf = Shelf::new();
    let done = shelf.test(&["--exact", "shelf/passes"], &["environment.provider=capsule"]).expect(0);
    assert_eq!(done.line("test shelf/passes"), "test shelf/passes ... ok");
    let instance = instance_of(&shelf, "shelf/passes");
    assert!(instance.as_str().is_some_and(|name| name.starts_with("dockertest-capsule-")), "{instance}");
}

/// The engine's first process is the test program once more.
#[test]
fn a_subtest_may_have_an_engine_of_its_own() {
    if !test_needs::root("can start an engine") || !test_needs::program("dockerd") {
        return;
    }
    let shelf = Shelf::new();
    let done = Done::from(shelf.cargo(&["test", "--test", "own"], &[]).output().unwrap()).expect(0);
    assert_eq!(done.line("test own_engine"), "test own_engine ... ok");
    let results = shelf.path().join("results/shelf-subtests-own/own_engine/1");
    let address = std::fs::read_to_string(results.join("docker/subtests/own_engine.test_1-of-1/address")).unwrap();
    let socket = address.strip_prefix("unix://").unwrap();
    assert!(!Path::new(socket).parent().unwrap().exists(), "nothing is left of {address}");
}

#[test]
fn two_programs_at_the_same_time_do_not_disturb_each_other() {
    let shelf = Shelf::new();
    let words = ["--exact", "shelf/passes"];
    let start =
        |words: &[&str]| shelf.command(words, &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Each waits for the other one, so they overlap; the rest runs the same test.
    let programs = [["--exact", "shelf/meets/one"], ["--exact", "shelf/meets/other"], words, words, words];
    let running = programs.map(|words| start(&words));
    for program in running {
        Done::from(program.wait_with_output().unwrap()).expect(0);
    }
}

#[test]
fn programs_understand_the_results() {
    let done = Shelf::new().test(&["-Z", "unstable-options", "--format", "json", "passes", "fails"], &[]);
    // One filter only.
    assert_ne!(done.status, Some(0));
    let done = Shelf::new().test(&["-Z", "unstable-options", "--format", "json", "fails"], &[]).expect(101);
    let events: Vec<serde_json::Value> = done.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let failed = events.iter().find(|event| event["event"] == "failed" && event["type"] == "test").unwrap();
    assert_eq!(failed["name"], "shelf/fails");
    assert!(failed["stdout"].as_str().unwrap().contains("/bin/cat /no/such/shelf"), "{failed}");
}

/// As Ctrl-C does: the terminal sends the signal to cargo, and to the tests.
#[rstest]
#[case::interrupt(Signal::SIGINT)]
#[case::terminate(Signal::SIGTERM)]
#[case::hang_up(Signal::SIGHUP)]
fn a_signal_stops_and_tidies_up(#[case] signal: Signal) {
    let shelf = Shelf::new();
    let command = shelf.command(&["--test-threads", "1", "waits"], &[]);
    let mut command = test_needs::run_by(&test_needs::HANGS_UP, &command);
    let program = command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pids = shelf.waiting();
    killpg(Pid::from_raw(i32::try_from(program.id()).unwrap()), signal).unwrap();
    assert!(shelf.has_tidied(&pids));
    let done = Done::from(program.wait_with_output().unwrap());
    assert_ne!(done.status, Some(0), "{}", done.stdout);
    assert!(done.stdout.contains(&format!("interrupted ({signal}), in run_once")), "{}", done.stdout);
}

#[test]
fn after_a_signal_no_test_begins() {
    let shelf = Shelf::new();
    // The program itself: cargo would be gone at the signal, and its status with it.
    let mut command = shelf.program(&["--test-threads", "1", "shelf/wa"]);
    let program = command.stdout(Stdio::piped()).spawn().unwrap();
    let pids = shelf.waiting();
    kill(Pid::from_raw(i32::try_from(program.id()).unwrap()), Signal::SIGINT).unwrap();
    assert!(shelf.has_tidied(&pids));
    let done = Done::from(program.wait_with_output().unwrap()).expect(130);
    assert_eq!(done.line("test shelf/watches"), "test shelf/watches ... FAILED");
    assert!(done.stdout.contains("not run: the tests were interrupted"), "{}", done.stdout);
    assert!(!shelf.results("shelf/watches").exists());
}

#[test]
fn a_program_that_is_killed_leaves_no_process() {
    let shelf = Shelf::new();
    let mut program = shelf.program(&["waits"]).stdout(Stdio::null()).spawn().unwrap();
    let pids = shelf.waiting();
    program.kill().unwrap();
    program.wait().unwrap();
    shelf.has_tidied(&pids);
}
