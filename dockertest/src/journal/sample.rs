//! Records for tests.

use std::collections::BTreeMap;
use std::path::Path;

use super::{
    Event, FORMAT, Invocation, Iteration, Logged, PhaseStarted, Plan, PlannedStep, Record, RunEnded, RunStarted,
    Session, StepEnded, StepStarted, WriteFailure, Writer,
};
use crate::name::{Kind, StepId};
use crate::outcome::{Ending, Level, Phase};
use crate::verdict::Verdict;
use crate::version::API_VERSION;

/// Thursday 2027-01-14 23:00:00 UTC; at an hour ahead of UTC it is the next day.
pub(crate) const BEGIN_US: i64 = 1_799_967_600_000_000;

pub(crate) fn session() -> Session {
    Session { pid: 4711, boot_id: "b007".to_owned(), hostname: "bench".to_owned(), utc_offset_seconds: 3600 }
}

pub(crate) fn run_started() -> Event {
    Event::RunStarted(RunStarted {
        format: FORMAT,
        run: "20270114-230000-4711".to_owned(),
        api_version: API_VERSION,
        invocation: Invocation { args: vec!["example,docker_cli/version".to_owned()], ..Invocation::default() },
        session: session(),
        loaded: None,
    })
}

pub(crate) fn step(name: &str, tag: &str) -> PlannedStep {
    PlannedStep {
        kind: Kind::Subtest,
        name: name.parse().unwrap(),
        foreign: None,
        tag: tag.to_owned(),
        subsubtests: None,
        disabled: BTreeMap::new(),
        preset: None,
        timeout_seconds: 600.0,
    }
}

pub(crate) fn planned(steps: Vec<PlannedStep>) -> Event {
    Event::Planned(Plan { steps })
}

pub(crate) fn started(step: u32, attempt: u32) -> Event {
    Event::StepStarted(StepStarted::new(StepId(step), attempt))
}

pub(crate) fn phase(step: u32, phase: Phase) -> Event {
    Event::PhaseStarted(PhaseStarted { step: StepId(step), subsubtest: None, phase, iteration: None })
}

pub(crate) fn iteration(step: u32, phase: Phase, number: u32, of: u32) -> Event {
    let iteration = Some(Iteration { number, of });
    Event::PhaseStarted(PhaseStarted { step: StepId(step), subsubtest: None, phase, iteration })
}

pub(crate) fn logged(step: u32, level: Level, text: &str) -> Event {
    Event::Logged(Logged { step: Some(StepId(step)), subsubtest: None, level, text: text.to_owned() })
}

pub(crate) fn ending(verdict: Verdict, reason: &str) -> Ending {
    Ending { seconds: 1.25, ..Ending::new(verdict, reason) }
}

pub(crate) fn ended(step: u32, ending: Ending) -> Event {
    Event::StepEnded(StepEnded { step: StepId(step), ending })
}

pub(crate) fn run_ended(verdict: Verdict) -> Event {
    Event::RunEnded(RunEnded { verdict, seconds: 12.5 })
}

/// Gives the events sequence numbers, and times half a second apart.
pub(crate) fn records(events: impl IntoIterator<Item = Event>) -> Vec<Record> {
    let time = |seq: u64| BEGIN_US + i64::try_from(seq).unwrap() * 500_000;
    (0..).zip(events).map(|(seq, event)| Record { seq, time_us: time(seq), event }).collect()
}

/// The records as the text of a journal.
pub(crate) fn text(records: &[Record]) -> Vec<u8> {
    let line = |record| serde_json::to_string(record).unwrap() + "\n";
    records.iter().map(line).collect::<String>().into_bytes()
}

/// A small run with a bit of everything that a line can hold.
pub(crate) fn small_run() -> Vec<Event> {
    vec![
        run_started(),
        planned(vec![step("example", "test_1-of-2"), step("docker_cli/version", "test_2-of-2")]),
        started(0, 1),
        phase(0, Phase::Initialize),
        iteration(0, Phase::RunOnce, 1, 3),
        logged(0, Level::Info, "two lines\nwith ü, \"quotes\" and \u{1b}[1m"),
        ended(0, ending(Verdict::Good, "")),
        started(1, 1),
        ended(1, ending(Verdict::Fail, "client 1 is not server 2")),
        run_ended(Verdict::Fail),
    ]
}

/// Writes a journal of these events, each of them committed.
pub(crate) fn write(path: &Path, events: Vec<Event>) -> Result<(), WriteFailure> {
    let writer = Writer::create(path, Vec::new())?;
    for event in events {
        writer.commit(vec![event]).wait()?;
    }
    writer.close()
}
