//! Bad input is answered with what is wrong, where, and what to do; status 2; nothing has run.

use std::fs;
use std::os::unix::ffi::OsStrExt;

use rstest::rstest;

use crate::support::{Done, Place};

/// Runs `run` with a custom configuration file of this text, which must be refused.
#[track_caller]
fn refused(text: &[u8]) -> Done {
    let place = Place::new();
    place.write("config_custom/mine.ini", text);
    let done = place.run(&["run", "--args=example"]).expect(2);
    assert!(!place.path("results").exists(), "something has been run");
    done
}

#[rstest]
#[case::no_delimiter("[example]\niterations 3\n", "config_custom/mine.ini:2:1")]
#[case::open_header("[example\niterations = 3\n", "config_custom/mine.ini:1:")]
#[case::no_section("iterations = 3\n", "config_custom/mine.ini:1:1")]
#[case::bad_percent("[example]\niterations = 3\nx = 50%\n", "config_custom/mine.ini:3:7")]
#[case::unknown_reference("[example]\nx = %(nowhere)s\n", "config_custom/mine.ini:2:")]
#[case::a_loop("[example]\nx = %(y)s\ny = %(x)s\n", "config_custom/mine.ini:3:5")]
#[case::duplicate_section("[example]\nx = 1\n[example]\ny = 2\n", "config_custom/mine.ini:3:2")]
fn a_bad_line_is_shown_with_a_caret(#[case] text: &str, #[case] place: &str) {
    let done = refused(text.as_bytes());
    assert!(done.stderr.contains(place), "{}", done.stderr);
    assert!(done.stderr.contains('^'), "{}", done.stderr);
}

#[test]
fn bytes_that_are_not_utf8_are_located() {
    let done = refused(b"[example]\nx = caf\xe9\n");
    assert!(done.stderr.contains("mine.ini:2:8"), "{}", done.stderr);
}

#[test]
fn all_problems_are_reported_at_once() {
    let done = refused(b"[example]\nx = 5%\ny = %(nowhere)s\nnonsense\n");
    assert!(done.stderr.contains("mine.ini:4"), "{}", done.stderr);
}

#[test]
fn a_file_that_is_a_folder_or_far_too_large_is_refused() {
    let place = Place::new();
    fs::create_dir_all(place.path("config_custom/folder.ini")).unwrap();
    let file = fs::File::create(place.path("config_custom/large.ini")).unwrap();
    file.set_len(100 << 20).unwrap();
    let done = place.run(&["run", "--args=example"]).expect(2);
    assert!(done.stderr.contains("folder.ini"), "{}", done.stderr);
    assert!(done.stderr.contains("large.ini"), "{}", done.stderr);
}

#[rstest]
#[case::custom("config_custom")]
#[case::defaults("config_defaults")]
fn a_file_in_the_place_of_a_configuration_folder_is_refused(#[case] name: &str) {
    let place = Place::new();
    let _ = fs::remove_dir_all(place.path(name));
    place.write(name, b"[example]\niterations = 3\n");
    let done = place.run(&["run", "--args=example"]).expect(2);
    assert!(done.stderr.contains(&format!("{name}: is not a folder")), "{}", done.stderr);
    assert!(done.stderr.contains("name the folder that holds the .ini files"), "{}", done.stderr);
    assert!(!place.path("results").exists(), "something has been run");
}

#[rstest]
#[case::typo(&["run", "--args=exmaple"], "example")]
#[case::typo_of_two(&["run", "--args=example,docker_cli/versoin"], "docker_cli/version")]
#[case::unknown_child(&["run", "--args=subexample/three"], "subexample/")]
#[case::nothing(&["run", "--args="], "`--args` is given and names nothing; leave it out to run every subtest")]
#[case::only_commas(&["run", "--args=,,"], "`--args` is given and names nothing")]
#[case::nothing_included(&["run", "--args=i="], "`i=` in `--args` is given and names nothing")]
#[case::no_subtest_to_try(&["faults", "--args="], "`--args` is given and names nothing; leave it out to try all")]
#[case::no_fault_to_try(&["faults", "--fault=,"], "`--fault` is given and names nothing")]
#[case::typo_in_faults(&["faults", "--args=docker_cli/versoin"], "did you mean `docker_cli/version`?")]
#[case::bad_set(&["run", "--args=example", "--set", "nonsense"], "OPTION=VALUE")]
#[case::names(&["run", "example", "subexample"], "dockertest run --args=example,subexample")]
#[case::unknown_flag(&["run", "--arg=example"], "--args")]
#[case::unknown_command(&["rnu"], "`run`")]
#[case::help_of_unknown(&["help", "rnu"], "did you mean `run`?")]
#[case::unknown_section(&["config", "exmaple"], "example")]
#[case::no_folder(&["run", "--args=example", "--config-custom", "nowhere"], "nowhere")]
#[case::no_results(&["resume"], "results/default")]
#[case::no_report(&["report", "elsewhere"], "`elsewhere` holds no run")]
fn a_typo_is_answered_with_what_was_meant(#[case] arguments: &[&str], #[case] hint: &str) {
    let place = Place::new();
    let done = place.run(arguments).expect(2);
    assert!(done.stderr.contains(hint), "{}", done.stderr);
    assert!(!place.path("results").exists(), "something has been run");
}

#[test]
fn an_argument_that_is_not_utf8_is_no_panic() {
    let place = Place::new();
    let mut command = place.command(&["run"]);
    let odd = std::ffi::OsStr::from_bytes(b"--args=\xff");
    let done = Done::from(command.arg(odd).output().unwrap()).expect(2);
    assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
}

#[test]
fn a_working_folder_without_room_for_state_is_refused_before_the_run_starts() {
    let place = Place::new();
    place.write(".dockertest", "a file");
    let done = place.run(&["run", "--args=example"]).expect(2);
    assert!(done.stderr.contains("cannot make the repository of runs `"), "{}", done.stderr);
    assert!(done.stderr.contains(".dockertest/runs`: Not a directory"), "{}", done.stderr);
    assert_eq!(done.stdout, "");
    assert!(!place.path("results/default/journal.jsonl").exists());
}

#[test]
fn a_results_folder_that_cannot_be_made_is_refused() {
    let place = Place::new();
    place.write("file", "");
    let done = place.run(&["run", "--args=example", "--results", "file/results"]).expect(2);
    assert!(done.stderr.contains("file/results"), "{}", done.stderr);
}

#[rstest]
#[case::not_there("/nonexistent/host")]
#[case::not_a_host("/bin/true")]
#[case::not_executable("/etc/passwd")]
fn a_host_that_is_none_is_named(#[case] host: &str) {
    let place = Place::new().with("DOCKERTEST_HOST", host);
    let done = place.run(&["list"]).expect(2);
    assert!(done.stderr.contains(host), "{}", done.stderr);
}
