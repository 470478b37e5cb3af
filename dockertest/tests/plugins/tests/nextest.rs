//! Subtests as tests of nextest. Where there is no nextest, these tests are ignored, and say so.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;
#[path = "common/shelf.rs"]
mod shelf;

use std::collections::BTreeMap;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Trial};
use serde_json::Value;
use shelf::{Done, Shelf};

const TESTS: [(&str, fn()); 6] = [
    ("every_subtest_is_listed_with_whether_it_is_ignored", every_subtest_is_listed_with_whether_it_is_ignored),
    ("a_filter_chooses_one", a_filter_chooses_one),
    ("an_ignored_one_runs_when_it_is_asked_for", an_ignored_one_runs_when_it_is_asked_for),
    ("a_flaky_one_passes_when_it_is_tried_again", a_flaky_one_passes_when_it_is_tried_again),
    ("those_that_wait_for_each_other_run_at_the_same_time", those_that_wait_for_each_other_run_at_the_same_time),
    ("one_that_takes_too_long_is_stopped_and_tidies_up", one_that_takes_too_long_is_stopped_and_tidies_up),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let is_there = common::cargo().args(["nextest", "--version"]).output().is_ok_and(|output| output.status.success());
    let trial = |(name, test): (&str, fn())| {
        Trial::ignorable_test(name, move || {
            if !is_there {
                return Ok(Completion::ignored_with("there is no nextest; `cargo install cargo-nextest` brings it"));
            }
            test();
            Ok(Completion::Completed)
        })
    };
    libtest_mimic::run(&arguments, TESTS.into_iter().map(trial).collect()).exit_code()
}

/// What the package could have in `.config/nextest.toml`, but that it writes nothing into our sources.
const CONFIG: &str = r#"
[profile.hasty]
slow-timeout = { period = "1s", terminate-after = 1, grace-period = "60s" }

[profile.ci.junit]
path = "junit.xml"

[store]
"#;

/// `cargo nextest` with these words.
fn nextest(shelf: &Shelf, words: &[&str]) -> Done {
    let words = [&["nextest"], words].concat();
    let mut command = shelf.cargo(&words, &[]);
    let config = shelf.path().join("nextest.toml");
    std::fs::write(&config, format!("{CONFIG}dir = {:?}\n", shelf.path().join("store"))).unwrap();
    command.args(["--test", "subtests", "--cargo-quiet", "--config-file"]).arg(config);
    command.env("NEXTEST_NO_INPUT_HANDLER", "1");
    command.output().unwrap().into()
}

fn run(shelf: &Shelf, words: &[&str]) -> Done {
    nextest(shelf, &[&["run", "--color", "never"], words].concat())
}

/// The last line, which counts.
fn summary(done: &Done) -> &str {
    let line = done.stderr.lines().find(|line| line.contains("Summary")).unwrap_or_else(|| panic!("{}", done.stderr));
    line.split(']').next_back().unwrap().trim()
}

fn every_subtest_is_listed_with_whether_it_is_ignored() {
    let done = nextest(&Shelf::new(), &["list", "--message-format", "json"]).expect(0);
    let list: Value = serde_json::from_str(&done.stdout).unwrap();
    let cases = list["rust-suites"]["shelf-subtests::subtests"]["testcases"].as_object().unwrap();
    let ignored: BTreeMap<&str, bool> =
        cases.iter().map(|(name, case)| (name.as_str(), case["ignored"].as_bool().unwrap())).collect();
    assert_eq!(ignored.len(), 13, "{ignored:?}");
    let names: Vec<&str> = ignored.into_iter().filter(|(_, is_ignored)| *is_ignored).map(|(name, _)| name).collect();
    assert_eq!(names, ["shelf/left_out", "shelf/switched_off"]);
}

fn a_filter_chooses_one() {
    let shelf = Shelf::new();
    let done = run(&shelf, &["-E", "test(=shelf/passes)"]).expect(0);
    assert_eq!(summary(&done), "1 test run: 1 passed, 12 skipped");
    let done = run(&shelf, &["-E", "test(=shelf/fails)"]).expect(100);
    let again = "cargo nextest run -p shelf-subtests --test subtests -E 'test(=shelf/fails)'";
    assert!(done.stderr.contains("/bin/cat /no/such/shelf") && done.stderr.contains(again), "{}", done.stderr);
    let done = run(&shelf, &["-E", "test(=shelf/pases)"]).expect(4);
    assert_eq!(summary(&done), "0 tests run: 0 passed, 13 skipped");
}

fn an_ignored_one_runs_when_it_is_asked_for() {
    let done = run(&Shelf::new(), &["--run-ignored", "only"]).expect(0);
    assert_eq!(summary(&done), "2 tests run: 2 passed, 11 skipped");
}

fn a_flaky_one_passes_when_it_is_tried_again() {
    let shelf = Shelf::new();
    let done = run(&shelf, &["--retries", "2", "--profile", "ci", "-E", "test(=shelf/flaky)"]).expect(0);
    assert_eq!(summary(&done), "1 test run: 1 passed (1 flaky), 12 skipped");
    // Each attempt has results of its own, and a CI can read them.
    assert!(shelf.results("shelf/flaky").with_file_name("2").exists());
    let junit = std::fs::read_to_string(shelf.path().join("store/ci/junit.xml")).unwrap();
    assert!(junit.contains("<testcase name=\"shelf/flaky\"") && junit.contains("<flakyFailure"), "{junit}");
}

fn those_that_wait_for_each_other_run_at_the_same_time() {
    let done = run(&Shelf::new(), &["-j", "2", "-E", "test(/^shelf\\/meets/)"]).expect(0);
    assert_eq!(summary(&done), "2 tests run: 2 passed, 11 skipped");
}

fn one_that_takes_too_long_is_stopped_and_tidies_up() {
    let shelf = Shelf::new();
    let done = run(&shelf, &["--profile", "hasty", "-E", "test(=shelf/waits)"]).expect(100);
    assert!(shelf.has_tidied(&shelf.waiting()));
    assert!(summary(&done).starts_with("1 test run: 0 passed, 1 timed out"), "{}", done.stderr);
    assert!(done.stderr.contains("interrupted (SIGTERM), in run_once"), "{}", done.stderr);
}
