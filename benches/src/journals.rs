//! Journals to measure with.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use dockertest::journal::{
    Event, FILE_NAME, FORMAT, Invocation, Keyvals, PhaseStarted, Plan, PlannedStep, Record, RunStarted, Session,
    StepEnded, StepStarted,
};
use dockertest::name::{Kind, StepId};
use dockertest::outcome::{Ending, Phase};
use dockertest::verdict::Verdict;
use dockertest::version::API_VERSION;

/// The moment of the first record, in microseconds since 1970.
const BEGIN_US: i64 = 1_800_000_000_000_000;

/// The events of each step that has ended.
pub const EVENTS_OF_STEP: u32 = 5;

/// The events of a run of `planned` no-ops, of which `ended` have ended: two of the run, then those of the steps.
///
/// # Errors
/// Never for fewer than a million.
pub fn events(planned: u32, ended: u32) -> io::Result<Vec<Event>> {
    let plan = (0..planned).map(|number| plan(number, planned)).collect::<io::Result<_>>()?;
    let started = RunStarted {
        format: FORMAT,
        run: "bench".to_owned(),
        api_version: API_VERSION,
        invocation: Invocation::default(),
        session: Session { pid: 1, hostname: "bench".to_owned(), ..Session::default() },
    };
    let mut events = vec![Event::RunStarted(started), Event::Planned(Plan { steps: plan })];
    for step in (0..ended).map(StepId) {
        events.extend(step_events(step));
    }
    Ok(events)
}

fn plan(number: u32, of: u32) -> io::Result<PlannedStep> {
    Ok(PlannedStep {
        kind: Kind::Subtest,
        name: format!("part/c{number:05}").parse().map_err(io::Error::other)?,
        tag: format!("test_{}-of-{of}", number + 1),
        subsubtests: None,
        disabled: BTreeMap::new(),
        preset: None,
        timeout_seconds: 600.0,
    })
}

fn step_events(step: StepId) -> [Event; EVENTS_OF_STEP as usize] {
    let phase = |phase| Event::PhaseStarted(PhaseStarted { step, subsubtest: None, phase, iteration: None });
    let values = [("config_version", "0.9.0"), ("docker_path", "/usr/bin/docker"), ("iterations", "1")];
    let values = values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    [
        Event::StepStarted(StepStarted::new(step, 1)),
        Event::Keyvals(Keyvals { step, iteration: None, values }),
        phase(Phase::Initialize),
        phase(Phase::RunOnce),
        Event::StepEnded(StepEnded { step, ending: Ending::new(Verdict::Good, "completed successfully") }),
    ]
}

/// Writes a results folder with a journal of these events.
///
/// # Errors
/// It cannot be written.
pub fn write(results: &Path, events: Vec<Event>) -> io::Result<()> {
    fs::create_dir_all(results)?;
    let mut file = BufWriter::new(File::create(results.join(FILE_NAME))?);
    for (time_us, (seq, event)) in (BEGIN_US..).step_by(1000).zip((0..).zip(events)) {
        serde_json::to_writer(&mut file, &Record { seq, time_us, event })?;
        file.write_all(b"\n")?;
    }
    file.flush()
}
