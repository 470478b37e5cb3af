//! Journals to measure with.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use dockertest::journal::{
    Event, FILE_NAME, Invocation, Keyvals, PhaseStarted, Plan, PlannedStep, Record, RunStarted, Session, StepEnded,
    StepStarted,
};
use dockertest::name::{Kind, StepId};
use dockertest::outcome::{Ending, Phase};
use dockertest::verdict::Verdict;

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
    let session = Session { pid: 1, hostname: "bench".to_owned(), ..Session::default() };
    let started = RunStarted::new("bench", Invocation::default(), session);
    let mut events = vec![Event::RunStarted(started), Event::Planned(Plan::new(plan))];
    for step in (0..ended).map(StepId) {
        events.extend(step_events(step));
    }
    Ok(events)
}

fn plan(number: u32, of: u32) -> io::Result<PlannedStep> {
    let name = format!("part/c{number:05}").parse().map_err(io::Error::other)?;
    let mut step = PlannedStep::new(Kind::Subtest, name, format!("test_{}-of-{of}", number + 1));
    step.timeout_seconds = 600.0;
    Ok(step)
}

fn step_events(step: StepId) -> [Event; EVENTS_OF_STEP as usize] {
    let phase = |phase| Event::PhaseStarted(PhaseStarted::new(step, phase));
    let values = [("config_version", "0.9.0"), ("docker_path", "/usr/bin/docker"), ("iterations", "1")];
    let values = values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    [
        Event::StepStarted(StepStarted::new(step, 1)),
        Event::Keyvals(Keyvals::new(step, values)),
        phase(Phase::Initialize),
        phase(Phase::RunOnce),
        Event::StepEnded(StepEnded::new(step, Ending::new(Verdict::Good, "completed successfully"))),
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
        serde_json::to_writer(&mut file, &Record::new(seq, time_us, event))?;
        file.write_all(b"\n")?;
    }
    file.flush()
}
