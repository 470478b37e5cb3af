//! Signals, power cuts, a second runner.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rstest::rstest;

use crate::support::{Done, Place};

/// A place whose engine client waits for ever, with a run of two steps whose first one has started.
fn hanging_run(place: &Place) -> Child {
    hanging_run_by(place, |command| command)
}

/// The same, started in another way.
fn hanging_run_by(place: &Place, how: impl FnOnce(Command) -> Command) -> Child {
    // It says which client it is: the run would wait for that.
    let hanging =
        r#"[ "$1" = --version ] && exec echo "Docker version 20.10.24, build 1"; touch "$0.started"; exec sleep 1000"#;
    let docker = place.script("bin/docker", hanging);
    let set = format!("docker_path={}", docker.display());
    let arguments = ["run", "--args=docker_cli/version,example", "--set", &set];
    let mut command = how(place.command(&arguments));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    lines.find(|line| line.as_ref().unwrap().contains("run_once()")).unwrap().unwrap();
    test_needs::wait_until("the client runs", || place.path("bin/docker.started").exists());
    child
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

#[rstest]
#[case::interrupt(Signal::SIGINT, 130)]
#[case::terminate(Signal::SIGTERM, 143)]
fn a_signal_stops_cleanly_and_the_run_can_be_resumed(#[case] which: Signal, #[case] status: i32) {
    let place = Place::new();
    let child = hanging_run(&place);
    signal(&child, which);
    let done = Done::from(child.wait_with_output().unwrap()).expect(status);
    let said = format!("{}{}", done.stdout, done.stderr);
    assert_eq!(said.matches("dockertest resume").count(), 1, "{said}");
    place.expect_no_process();
    place.run(&["resume"]).expect(1);
    place.expect_no_process();
    let verdicts = place.verdicts();
    assert_eq!(verdicts[0].1, "ABORT");
    assert!(verdicts[0].2.contains("run_once"), "{}", verdicts[0].2);
    assert_eq!(verdicts[1].1, "GOOD");
    assert_eq!(place.read("results/default/status").matches("\tEND ").count(), 2);
}

#[test]
fn a_run_that_was_started_to_go_on_without_its_terminal_does() {
    let place = Place::new();
    let as_nohup = ["/bin/sh", "-c", r#"trap '' HUP; exec "$@""#, "sh"];
    let child = hanging_run_by(&place, |command| test_needs::run_by(&as_nohup, &command));
    signal(&child, Signal::SIGHUP);
    signal(&child, Signal::SIGINT);
    Done::from(child.wait_with_output().unwrap()).expect(130);
    let journal = place.read("results/default/journal.jsonl");
    assert!(journal.contains("SIGINT") && !journal.contains("SIGHUP"), "{journal}");
    place.expect_no_process();
}

#[test]
fn no_round_begins_after_a_signal() {
    let place = Place::new();
    // Far more than there is time for.
    let arguments = ["run", "--args=example", "--until-failure=2000"];
    let mut child = place.command(&arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    lines.find(|line| line.contains("the next one begins")).unwrap();
    signal(&child, Signal::SIGINT);
    let said: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said:?}");
    assert!(said.iter().any(|line| line.contains("stopped")), "{said:?}");
    place.expect_no_process();
}

/// An output that takes nothing, and whose reader does not go on.
fn full_pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    while writer.write(&[b'x'; 4096]).is_ok() {}
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
    (reader, writer)
}

#[test]
fn an_output_that_nobody_reads_does_not_keep_a_run_from_being_stopped() {
    let place = Place::new();
    let (_reader, writer) = full_pipe();
    let mut child = place.command(&["run", "--args=example"]).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    test_needs::wait_until("the run has begun", || {
        assert_eq!(child.try_wait().unwrap(), None);
        place.path("results/default/journal.jsonl").exists()
    });
    // Two of a kind might come in as one.
    signal(&child, Signal::SIGINT);
    signal(&child, Signal::SIGTERM);
    let status = child.wait_with_output().unwrap().status.code();
    assert!(matches!(status, Some(130 | 143)), "{status:?}");
    place.run(&["resume"]);
    assert_eq!(place.read("results/default/status").matches("\tEND ").count(), 1);
}

#[test]
fn a_killed_runner_leaves_no_process_and_no_gap() {
    let place = Place::new();
    let child = hanging_run(&place);
    signal(&child, Signal::SIGKILL);
    Done::from(child.wait_with_output().unwrap()).expect(-9);
    place.run(&["resume"]).expect(1);
    place.expect_no_process();
    let verdicts = place.verdicts();
    assert_eq!((verdicts[0].1.as_str(), verdicts[1].1.as_str()), ("ABORT", "GOOD"));
    assert_eq!(place.read("results/default/status").matches("\tEND ").count(), 2);
    place.run(&["resume"]).expect(1);
}

#[test]
fn a_report_tells_a_run_that_was_cut_off_from_one_that_goes_on() {
    let place = Place::new();
    let child = hanging_run(&place);
    let results = || {
        let json = place.run(&["report", "--results", "results/default", "--format", "json"]).expect(0).stdout;
        serde_json::from_str::<serde_json::Value>(&json).unwrap()
    };
    assert_eq!(results()["state"], "running");
    signal(&child, Signal::SIGKILL);
    Done::from(child.wait_with_output().unwrap()).expect(-9);
    let cut = results();
    assert_eq!(cut["state"], "interrupted");
    assert_eq!(cut["interruption"], "cut off: the process that ran it is gone");
    assert!(cut["ended"].is_string(), "{cut}");
    let report = place.run(&["report", "--results", "results/default", "--format", "junit"]).expect(0);
    place.write("report.xml", report.stdout);
    let loaded = place.run(&["load", "--complete", "report.xml", "--repository", "loaded"]);
    assert!(loaded.stderr.contains("so it does not tell of all tests"), "{loaded:?}");
    place.run(&["resume", "--results", "results/default"]).expect(1);
    assert_eq!(results()["state"], "complete");
}

#[test]
fn a_step_that_was_cut_off_is_run_again_when_asked() {
    let place = Place::new();
    let child = hanging_run(&place);
    signal(&child, Signal::SIGKILL);
    Done::from(child.wait_with_output().unwrap()).expect(-9);
    place.script("bin/docker", "echo broken; exit 3");
    place.run(&["resume", "--retry-interrupted"]).expect(1);
    assert_ne!(place.verdicts()[0].1, "ABORT");
}

#[test]
fn a_second_runner_on_the_same_results_is_refused() {
    let place = Place::new();
    let child = hanging_run(&place);
    for arguments in [&["run", "--args=example"][..], &["resume"][..]] {
        let done = place.run(arguments).expect(2);
        assert!(done.stderr.contains(&child.id().to_string()), "{}", done.stderr);
    }
    signal(&child, Signal::SIGINT);
    Done::from(child.wait_with_output().unwrap()).expect(130);
}

#[test]
fn an_unfinished_run_is_not_overwritten() {
    let place = Place::new();
    let child = hanging_run(&place);
    signal(&child, Signal::SIGKILL);
    Done::from(child.wait_with_output().unwrap()).expect(-9);
    let done = place.run(&["run", "--args=example"]).expect(2);
    assert!(done.stderr.contains("dockertest resume"), "{}", done.stderr);
}
