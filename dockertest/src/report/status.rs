//! Autotest's status log, for the tools that read it.
//!
//! A line is as many tabs as it is deep, then, with tabs between them: the code, the folder, the operation (here the
//! folder again), `key=value` fields, and the message. `----` stands for no folder and no operation. Only the first
//! line of a message is in the record; its further lines follow with two spaces before each. What a parser could
//! stumble over is made visible: a carriage return reads `\r`. Such a further line, near the head, says which engine is
//! under test: parsers skip it, while a line of its own (`INFO` without a folder) breaks Autotest's report of a job.

use std::fmt::Write;

use super::state::{RunState, StepState};
use super::under_test::UnderTest;
use super::{text, time};
use crate::journal::{Event, Record};
use crate::name::StepId;
use crate::outcome::Ending;
use crate::verdict::Verdict;

/// What stands for no folder and no operation.
const NONE: &str = "----";

/// Appends the lines that a record adds to the status log, given what was known before it.
///
/// Tells which step the lines belong to, so that they can go into that step's own file too.
///
/// The log of one step, picked out of the whole run:
///
/// ```
/// use dockertest::journal;
/// use dockertest::name::StepId;
/// use dockertest::report::{RunState, status};
///
/// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
/// let (mut state, mut of_step) = (RunState::default(), String::new());
/// for record in journal::read(&results.join(journal::FILE_NAME))?.records {
///     let mut lines = String::new();
///     if status::write_record(&state, &record, &mut lines) == Some(StepId(1)) {
///         of_step.push_str(&lines);
///     }
///     state.record(&record);
/// }
/// let codes: Vec<_> = of_step.lines().filter_map(|line| line.trim_start().split('\t').next()).collect();
/// assert_eq!(codes, ["START", "GOOD", "END GOOD"]);
/// # Ok::<(), journal::ReadFailure>(())
/// ```
pub fn write_record(before: &RunState, record: &Record, out: &mut String) -> Option<StepId> {
    let log = Log { time_us: record.time_us, utc_offset_seconds: before.session.utc_offset_seconds };
    match &record.event {
        Event::RunStarted(run) if before.beginning.is_none() => {
            let log = Log { utc_offset_seconds: run.session.utc_offset_seconds, ..log };
            log.line(out, &Entry { depth: 0, code: "START", place: NONE, timeout_seconds: 0.0, message: "" });
            None
        }
        Event::RunEnded(ended) if !before.is_ended() => {
            log.end(out, 0, ended.verdict, NONE);
            None
        }
        Event::StepStarted(started) => {
            // Beside others, a step is told as a whole when it has ended: readers take what follows for a part of it.
            let step = before.step(started.step).filter(|_| started.worker.is_none());
            let step = step.filter(|step| step.attempts == 0 && step.ending.is_none())?;
            log.start(out, &step.planned.folder(), step.planned.timeout_seconds);
            Some(started.step)
        }
        Event::StepEnded(ended) => {
            let step = before.step(ended.step).filter(|step| step.ending.is_none())?;
            log.step_ended(out, step, &ended.ending);
            Some(ended.step)
        }
        Event::Engine(facts) if before.engine.is_none() => {
            // Further lines belong to the line above them, and no reader takes them for anything else.
            push_further(out, &UnderTest::new(facts, before.provider.as_deref()).line());
            None
        }
        Event::RunStarted(_)
        | Event::Planned(_)
        | Event::RunResumed(_)
        | Event::Engine(_)
        | Event::InstanceProvisioned(_)
        | Event::InstanceDisposed(_)
        | Event::PhaseStarted(_)
        | Event::Logged(_)
        | Event::Keyvals(_)
        | Event::SubsubtestStarted(_)
        | Event::SubsubtestEnded(_)
        | Event::RebootRequested(_)
        | Event::RunInterrupted(_)
        | Event::RunEnded(_) => None,
    }
}

/// The whole status log of these records.
///
/// ```
/// use dockertest::journal;
/// use dockertest::report::status;
///
/// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
/// let records = journal::read(&results.join(journal::FILE_NAME))?.records;
/// let log = status::render(&records);
/// assert!(log.starts_with("START\t----\t----\ttimestamp=1800000000\tlocaltime=Jan 15 08:00:00\t\n"));
/// assert_eq!(log.lines().count(), 9);
/// # Ok::<(), journal::ReadFailure>(())
/// ```
#[must_use]
pub fn render(records: &[Record]) -> String {
    let (mut state, mut out) = (RunState::default(), String::new());
    for record in records {
        write_record(&state, record, &mut out);
        state.record(record);
    }
    out
}

/// The lines of one moment.
#[derive(Clone, Copy)]
struct Log {
    time_us: i64,
    utc_offset_seconds: i32,
}

struct Entry<'a> {
    depth: usize,
    code: &'a str,
    /// The folder, which is also the operation.
    place: &'a str,
    /// 0 is none.
    timeout_seconds: f64,
    message: &'a str,
}

impl Log {
    fn start(self, out: &mut String, place: &str, timeout_seconds: f64) {
        self.line(out, &Entry { depth: 1, code: "START", place, timeout_seconds, message: "" });
    }

    fn end(self, out: &mut String, depth: usize, verdict: Verdict, place: &str) {
        let code = &format!("END {verdict}");
        self.line(out, &Entry { depth, code, place, timeout_seconds: 0.0, message: "" });
    }

    fn step_ended(self, out: &mut String, step: &StepState, ending: &Ending) {
        let place = &step.planned.folder();
        if step.attempts == 0 {
            // It never ran, so no limit applied to it.
            self.start(out, place, 0.0);
        } else if step.worker.is_some() {
            let began = Log { time_us: step.started_us.unwrap_or(self.time_us), ..self };
            began.start(out, place, step.planned.timeout_seconds);
        }
        let message = match (ending.verdict, ending.reason.trim()) {
            (Verdict::Good, "") => "completed successfully",
            _ => &ending.reason,
        };
        let code = ending.verdict.as_str();
        self.line(out, &Entry { depth: 2, code, place, timeout_seconds: 0.0, message });
        if let Some(description) = &ending.known_failure {
            push_further(out, &format!("known failure: {}", text::first_line(description)));
        }
        self.end(out, 1, ending.verdict, place);
    }

    fn line(self, out: &mut String, entry: &Entry<'_>) {
        let Entry { depth, code, place, timeout_seconds, message } = entry;
        out.extend(std::iter::repeat_n('\t', *depth));
        let seconds = time::whole_seconds(self.time_us);
        // Writing to a string cannot fail, here and below.
        let _ = write!(out, "{code}\t{place}\t{place}\ttimestamp={seconds}\t");
        if *timeout_seconds > 0.0 {
            let _ = write!(out, "timeout={timeout_seconds}\t");
        }
        let _ = write!(out, "localtime={}\t", time::local(self.time_us, self.utc_offset_seconds));
        push_message(out, message);
    }
}

fn push_message(out: &mut String, message: &str) {
    let mut lines = text::lines(message);
    let first = lines.next().unwrap_or("");
    if looks_like_a_field(first) {
        // Or a reader would take the message for one more `key=value`.
        out.push(' ');
    }
    text::push_line(out, first, "        ");
    out.push('\n');
    lines.for_each(|line| push_further(out, line));
}

fn push_further(out: &mut String, line: &str) {
    out.push_str("  ");
    text::push_line(out, line, "\t");
    out.push('\n');
}

fn looks_like_a_field(message: &str) -> bool {
    let key = message.split_once('=').map_or("", |(key, _)| key);
    !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::StepStarted;
    use crate::journal::sample::{ended, ending, records, small_run};

    #[test]
    fn what_several_workers_do_is_told_one_after_the_other() {
        let start = |step: u32| {
            let started = StepStarted { worker: Some(step), ..StepStarted::new(StepId(step), 1) };
            Event::StepStarted(started)
        };
        let mut events: Vec<Event> = small_run().into_iter().take(2).collect();
        events.extend([start(0), start(1), ended(1, ending(Verdict::Good, "")), ended(0, ending(Verdict::Good, ""))]);
        let log = render(&records(events));
        let told: Vec<_> =
            log.lines().map(|line| line.trim().split('\t').take(2).collect::<Vec<_>>().join(" ")).collect();
        let of = |name: &str| ["START", "GOOD", "END GOOD"].map(|code| format!("{code} docker/subtests/{name}"));
        let first = vec!["START ----".to_owned()];
        let names = [told[1].split(' ').nth(1).unwrap(), told[4].split(' ').nth(1).unwrap()];
        let names = names.map(|place| place.trim_start_matches("docker/subtests/"));
        assert_eq!(told, [first, of(names[0]).into(), of(names[1]).into()].concat());
        assert!(names[0].starts_with("docker_cli/version") && names[1].starts_with("example"), "{log}");
    }

    #[test]
    fn a_message_that_looks_like_a_field_stays_a_message() {
        let mut out = String::new();
        push_message(&mut out, "status=1 instead of 0\nstatus=1");
        assert_eq!(out, " status=1 instead of 0\n  status=1\n");
    }
}
