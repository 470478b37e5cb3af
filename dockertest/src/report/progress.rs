//! What a progress line needs to know.

use std::time::Duration;

use super::console::phase_text;
use super::state::RunState;
use crate::journal::{Event, Record, StepStarted};
use crate::name::{StepId, SubtestName};
use crate::verdict::Verdict;

/// How far a run is.
///
/// It is fed with the records of a run and looks at nothing else; whoever draws it gives the time.
///
/// ```
/// use dockertest::journal;
/// use dockertest::report::Progress;
///
/// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
/// let records = journal::read(&results.join(journal::FILE_NAME))?.records;
/// let mut progress = Progress::default();
/// records[..8].iter().for_each(|record| progress.record(record));
/// let now_us = records[0].time_us + 12_500_000;
/// assert_eq!(progress.line(now_us), "[0/2] docker_cli/version: run_once() (12 s)");
/// assert_eq!((progress.done(), progress.total()), (0, 2));
/// # Ok::<(), journal::ReadFailure>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    state: RunState,
    running: Vec<RunningStep>,
    /// How many workers have been heard of; 0 in a run that has but one.
    workers: u32,
}

/// A step that is running.
///
/// ```
/// use dockertest::report::RunningStep;
///
/// // docker_cli/version: run_once() (1.5 s)
/// fn line(step: &RunningStep, now_us: i64) -> String {
///     format!("{}: {} ({:.1} s)", step.name, step.phase, step.elapsed(now_us).as_secs_f64())
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RunningStep {
    /// The step.
    pub id: StepId,
    /// The name of its subtest.
    pub name: SubtestName,
    /// Its phase as the tree shows it, for example `run_once() iteration 2 of 3`; empty before the first.
    pub phase: String,
    /// When it was started, in microseconds since 1970-01-01 UTC.
    pub started_us: i64,
    /// The worker that runs it; nothing in a run that has but one.
    pub worker: Option<u32>,
}

impl Progress {
    /// Takes in the next record.
    pub fn record(&mut self, record: &Record) {
        self.state.record(record);
        match &record.event {
            Event::StepStarted(started) => self.start(started, record.time_us),
            Event::PhaseStarted(entered) => {
                let step = self.running.iter_mut().find(|step| step.id == entered.step);
                if let Some(step) = step.filter(|_| entered.subsubtest.is_none()) {
                    step.phase = phase_text(entered.phase, entered.iteration);
                }
            }
            Event::StepEnded(ended) => self.running.retain(|step| step.id != ended.step),
            Event::RunStarted(_)
            | Event::Planned(_)
            | Event::RunResumed(_)
            | Event::RunInterrupted(_)
            | Event::RunEnded(_) => self.running.clear(),
            Event::Engine(_)
            | Event::InstanceProvisioned(_)
            | Event::InstanceDisposed(_)
            | Event::Logged(_)
            | Event::Keyvals(_)
            | Event::SubsubtestStarted(_)
            | Event::SubsubtestEnded(_)
            | Event::RebootRequested(_) => {}
        }
    }

    /// How many steps have ended.
    #[must_use]
    pub fn done(&self) -> usize {
        self.state.endings().count()
    }

    /// How many steps the plan has.
    #[must_use]
    pub fn total(&self) -> usize {
        self.state.steps.len()
    }

    /// The steps that are running, the longest-running first.
    #[must_use]
    pub fn running(&self) -> &[RunningStep] {
        &self.running
    }

    /// The worst verdict so far.
    #[must_use]
    pub fn worst(&self) -> Verdict {
        self.state.worst()
    }

    /// One line, for example `[3/20] docker_cli/version: run_once() (12 s)`; `now_us` is the time in microseconds since
    /// 1970-01-01 UTC.
    ///
    /// Before the first record, and between two steps, there are only the counts:
    ///
    /// ```
    /// use dockertest::report::Progress;
    ///
    /// assert_eq!(Progress::default().line(0), "[0/0]");
    /// ```
    #[must_use]
    pub fn line(&self, now_us: i64) -> String {
        let counts = format!("[{}/{}]", self.done(), self.total());
        let Some(step) = self.running.first() else { return counts };
        let others = self.running.len() - 1;
        let others = if others == 0 { String::new() } else { format!(" and {others} more") };
        format!("{counts} {}{others}", step.line(now_us))
    }

    /// A line for each worker that has been heard of, and above them the counts: for a place that has several lines. With
    /// one worker, it is the one [`line`](Progress::line).
    ///
    /// ```
    /// use dockertest::report::Progress;
    ///
    /// assert_eq!(Progress::default().lines(0), ["[0/0]"]);
    /// ```
    #[must_use]
    pub fn lines(&self, now_us: i64) -> Vec<String> {
        if self.workers == 0 {
            return vec![self.line(now_us)];
        }
        let of_worker = |worker: u32| {
            let step = self.running.iter().find(|step| step.worker == Some(worker));
            let doing = step.map_or_else(|| "-".to_owned(), |step| step.line(now_us));
            format!("{worker}: {doing}")
        };
        let counts = format!("[{}/{}]", self.done(), self.total());
        std::iter::once(counts).chain((0..self.workers).map(of_worker)).collect()
    }

    fn start(&mut self, started: &StepStarted, started_us: i64) {
        let (id, worker) = (started.step, started.worker);
        self.workers = self.workers.max(worker.map_or(0, |worker| worker.saturating_add(1)));
        let Some(step) = self.state.step(id).filter(|step| step.ending.is_none()) else { return };
        self.running.retain(|step| step.id != id);
        self.running.push(RunningStep {
            id,
            name: step.planned.name.clone(),
            phase: String::new(),
            started_us,
            worker,
        });
    }
}

impl RunningStep {
    fn line(&self, now_us: i64) -> String {
        let seconds = self.elapsed(now_us).as_secs();
        let phase = if self.phase.is_empty() { String::new() } else { format!(": {}", self.phase) };
        format!("{}{phase} ({seconds} s)", self.name)
    }

    /// How long the step has been running at a time, in microseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn elapsed(&self, now_us: i64) -> Duration {
        elapsed(self.started_us, now_us)
    }
}

/// Zero when the clock was set back.
fn elapsed(from_us: i64, to_us: i64) -> Duration {
    Duration::from_micros(u64::try_from(to_us.saturating_sub(from_us)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::sample::{BEGIN_US, records, small_run};

    #[test]
    fn no_time_is_negative() {
        assert_eq!(elapsed(1_800_000_000_000_000, 1_800_000_001_500_000), Duration::from_millis(1500));
        assert_eq!(elapsed(1_800_000_000_000_000, 0), Duration::ZERO);
    }

    #[test]
    fn the_line_follows_the_run() {
        let mut progress = Progress::default();
        let mut lines = Vec::new();
        for record in records(small_run()) {
            progress.record(&record);
            lines.push(progress.line(BEGIN_US + 12_300_000));
        }
        lines.dedup();
        insta::assert_snapshot!(lines.join("\n"), @r"
        [0/0]
        [0/2]
        [0/2] example (11 s)
        [0/2] example: initialize() (11 s)
        [0/2] example: run_once() (11 s)
        [1/2]
        [1/2] docker_cli/version (8 s)
        [2/2]
        ");
    }

    #[test]
    fn every_worker_has_a_line() {
        let start = |step: u32, worker: u32| {
            let started = StepStarted { worker: Some(worker), ..StepStarted::new(StepId(step), 1) };
            Event::StepStarted(started)
        };
        let mut events: Vec<Event> = small_run().into_iter().take(2).collect();
        events.extend([start(1, 1), start(0, 0)]);
        let mut progress = Progress::default();
        records(events).iter().for_each(|record| progress.record(record));
        let expected = ["[0/2]", "0: example (10 s)", "1: docker_cli/version (11 s)"];
        assert_eq!(progress.lines(BEGIN_US + 12_300_000), expected);
    }
}
