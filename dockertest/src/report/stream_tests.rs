//! The stream of subunit: what it says of every scenario, and what python-subunit makes of it.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use super::scenarios::{ALL, Scenario};
use super::subunit::{Decoder, Item, Status};
use super::{Format, RunState, projection};
use crate::journal::sample::{ended, ending, planned, records, run_ended, run_started, step};
use crate::journal::{Event, Logged, RunInterrupted, StepStarted, SubsubtestEnded, SubsubtestStarted};
use crate::name::StepId;
use crate::outcome::Level;
use crate::verdict::Verdict;

fn on(worker: u32, step: u32, attempt: u32) -> Event {
    let mut started = StepStarted::new(StepId(step), attempt);
    (started.worker, started.instance) = (Some(worker), Some(format!("capsule-{worker}")));
    Event::StepStarted(started)
}

/// Two workers at a time; the step that was planned first ends last.
fn two_workers() -> Vec<Event> {
    let said = |step, child: Option<&str>, text: &str| {
        let mut logged = Logged::new(Level::Info, text);
        (logged.step, logged.subsubtest) = (Some(StepId(step)), child.map(str::to_owned));
        Event::Logged(logged)
    };
    let child_ended =
        |name, verdict, reason| Event::SubsubtestEnded(SubsubtestEnded::new(StepId(0), name, ending(verdict, reason)));
    vec![
        run_started(),
        planned(vec![step("docker_cli/kill", "test_1-of-2"), step("docker_cli/ps", "test_2-of-2")]),
        on(0, 0, 1),
        on(1, 1, 1),
        Event::SubsubtestStarted(SubsubtestStarted::new(StepId(0), "sigstop")),
        said(1, None, "of the second"),
        said(0, Some("sigstop"), "of the first's child"),
        child_ended("sigstop", Verdict::Good, ""),
        said(0, None, "of the first"),
        ended(1, ending(Verdict::Warn, "slow")),
        Event::SubsubtestStarted(SubsubtestStarted::new(StepId(0), "ttyless")),
        child_ended("ttyless", Verdict::Error, "no image"),
        ended(0, ending(Verdict::Error, "sub-subtests that failed: ttyless")),
        run_ended(Verdict::Error),
    ]
}

/// Three tests have begun and none has ended.
fn interrupted() -> Vec<Event> {
    let mut events = two_workers();
    events.truncate(5);
    events.push(Event::RunInterrupted(RunInterrupted::new("SIGINT (Ctrl-C)")));
    events
}

fn scenarios() -> impl Iterator<Item = (&'static str, Scenario)> {
    ALL.into_iter().chain([("two_workers", two_workers as Scenario), ("interrupted", interrupted)])
}

fn stream(scenario: Scenario) -> Vec<u8> {
    let mut projection = projection::of(Format::Subunit, "results/default".as_ref());
    let mut out = Vec::new();
    for record in records(scenario()) {
        projection.record(&record, &mut out).unwrap();
    }
    projection.finish(super::RunnerIs::Gone, &mut out).unwrap();
    out
}

#[test]
fn every_scenario_in_subunit() {
    for (name, scenario) in scenarios() {
        let mut decoder = Decoder::default();
        decoder.push(&stream(scenario));
        let mut lines = String::new();
        for item in decoder.finish() {
            let Item::Packet(packet) = item else { panic!("{name}: {item:?}") };
            let micros = packet.time.unwrap().micros() % 1_000_000_000;
            let test = packet.test.unwrap_or_else(|| "(no test)".to_owned());
            let tags = packet.tags.into_iter().collect::<Vec<_>>().join(" ");
            let route = packet.route.map(|route| format!("[{route}] ")).unwrap_or_default();
            lines.push_str(format!("{micros} {route}{test} {:?} {tags}", packet.status).trim_end());
            lines.push('\n');
            if let Some(attachment) = packet.attachment {
                let text = String::from_utf8(attachment.bytes).unwrap();
                lines.push_str(&format!("{}:\n{}\n", attachment.name, text.trim_end()));
            }
        }
        insta::assert_snapshot!(format!("subunit_{name}"), lines);
    }
}

/// What a Python says of a stream; nothing when its module is not there.
#[track_caller]
fn ask(script: &str, input: Vec<u8>) -> Option<String> {
    let python = test_needs::has_module("subunit", "python3-subunit")?;
    let mut child =
        Command::new(python).args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn python_subunit_counts_the_same_tests() {
    const SCRIPT: &str = "\
import io, sys
import subunit
from testtools import StreamSummary
summary = StreamSummary()
summary.startTestRun()
subunit.ByteStreamToStreamResult(io.BytesIO(sys.stdin.buffer.read())).run(summary)
summary.stopTestRun()
print(summary.testsRun, len(summary.errors), len(summary.skipped), len(summary.expectedFailures))
";
    for (name, scenario) in scenarios() {
        let Some(said) = ask(SCRIPT, stream(scenario)) else { return };
        let state = RunState::of(&records(scenario()));
        let steps = state.endings().flat_map(|(step, ending)| {
            let children = step.subsubtests.iter().map(|child| child.ending.as_ref());
            children.map(|child| child.map_or(Verdict::Abort, |child| child.verdict)).chain([ending.verdict])
        });
        let verdicts: Vec<Verdict> = steps.collect();
        let cut_off = state.steps.iter().filter(|step| step.ending.is_none() && step.attempts > 0);
        let unfinished: usize = cut_off.map(|step| 1 + step.subsubtests.len()).sum();
        let failed = verdicts.iter().filter(|verdict| !verdict.is_passed()).count() + unfinished;
        let skipped = verdicts.iter().filter(|verdict| **verdict == Verdict::TestNa).count();
        let known = state.endings().filter(|(_, ending)| ending.known_failure.is_some()).count();
        let expected = format!("{} {failed} {skipped} {known}\n", verdicts.len() + unfinished);
        assert_eq!(said, expected, "{name}");
    }
}

/// A status closes a test: what is said later of the same name would be another one, that has failed.
#[test]
fn nothing_is_said_of_a_test_after_its_end() {
    for (name, scenario) in scenarios() {
        let mut decoder = Decoder::default();
        decoder.push(&stream(scenario));
        let mut closed = Vec::new();
        for item in decoder.finish() {
            let Item::Packet(packet) = item else { panic!("{name}: {item:?}") };
            let key = (packet.test, packet.route);
            assert!(!closed.contains(&key), "{name}: {key:?}");
            assert_ne!(packet.status, Status::Exists);
            if packet.status.is_final() {
                closed.push(key);
            }
        }
    }
}
