//! The runner's loop: takes the steps of a plan in order, has a worker run each, and records what comes of it.
//!
//! At the border of two steps, one commit makes the end of the first and the start of the second durable while the
//! second's host process is already starting. A host gets its request only when the commit has succeeded, so nothing
//! runs that the journal does not know of, and nothing is shown that could be lost.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::config::KnownFailures;
use crate::host::CancelToken;
use crate::host::protocol::Mode;
use crate::journal::{
    EngineFacts, Event, Logged, PlannedStep, RunEnded, RunInterrupted, StepEnded, WriteFailure, Writer,
};
use crate::name::StepId;
use crate::outcome::{Ending, Level};
use crate::verdict::Verdict;

use super::catalog::Catalog;
use super::engine::Engine;
use super::failure::RunFailure;
use super::outcome::{Counts, Stop};
use super::progress::{Account, Pause, StepState};
use super::runner::runner_warning;
use super::sysinfo::Collection;
use super::worker::Worker;

/// A run in progress.
pub(super) struct Execution<'r> {
    pub(super) worker: Worker<'r>,
    pub(super) catalog: &'r Catalog,
    pub(super) steps: &'r [PlannedStep],
    pub(super) known: &'r KnownFailures,
    pub(super) journal: &'r Writer,
    /// The user's wish to stop.
    pub(super) cancel: &'r CancelToken,
    pub(super) engine: Engine,
    pub(super) counts: Counts,
    /// The limit of the whole run; zero: none.
    pub(super) limit: Duration,
    /// How long earlier processes have worked on the run.
    pub(super) worked: Duration,
    pub(super) began: Instant,
    /// The current boot.
    pub(super) boot_id: &'r str,
    pub(super) sysinfo: Collection,
    /// Facts about the host, for every keyval file.
    pub(super) host_facts: BTreeMap<String, String>,
    /// Events that go into the next commit.
    pub(super) pending: Vec<Event>,
    pub(super) retry_interrupted: bool,
    /// Why the process before this one did not finish, in words.
    pub(super) why_cut_off: String,
}

/// Why the loop is left before its end.
pub(super) enum Leave {
    Stop(Stop),
    Failed(WriteFailure),
}

impl From<WriteFailure> for Leave {
    fn from(failure: WriteFailure) -> Self {
        Leave::Failed(failure)
    }
}

impl Execution<'_> {
    /// Runs all steps that have not ended, and records how the run ends.
    pub(super) fn run(mut self, states: Vec<StepState>) -> Result<(Stop, Counts), RunFailure> {
        let mut stop = Stop::Complete;
        for (id, state) in (0..).map(StepId).zip(states) {
            match self.take(id, state) {
                Ok(()) => {}
                Err(Leave::Stop(reason)) => {
                    stop = reason;
                    break;
                }
                Err(Leave::Failed(failure)) => return Err(self.failed(failure, Some(id))),
            }
        }
        self.finish(&stop).map_err(|failure| self.failed(failure, None))?;
        Ok((stop, self.counts))
    }

    fn failed(&self, failure: WriteFailure, at: Option<StepId>) -> RunFailure {
        RunFailure::Journal {
            // It may have lost more records by now.
            failure: self.journal.failure().unwrap_or(failure),
            step: at.map(|id| self.steps[id.index()].folder()),
        }
    }

    /// Records how the run ends, for now or for good.
    fn finish(&mut self, stop: &Stop) -> Result<(), WriteFailure> {
        self.note_engine();
        if let Err(problem) = self.sysinfo.finish() {
            self.pending.push(runner_warning(problem));
        }
        let last = match stop {
            Stop::Complete => {
                let seconds = (self.worked + self.began.elapsed()).as_secs_f64();
                Event::RunEnded(RunEnded { verdict: self.counts.worst(), seconds })
            }
            Stop::Interrupted { reason, .. } => Event::RunInterrupted(RunInterrupted { reason: reason.clone() }),
            Stop::Reboot { step, reason } => {
                let reason = format!("{step} waits for a reboot: {reason}");
                Event::RunInterrupted(RunInterrupted { reason })
            }
        };
        self.pending.push(last);
        self.journal.commit(std::mem::take(&mut self.pending)).wait()
    }

    /// Does what is to be done for one step.
    fn take(&mut self, id: StepId, state: StepState) -> Result<(), Leave> {
        let (mode, attempt) = match state {
            StepState::Ended => return Ok(()),
            StepState::Waiting => (Mode::Full, 1),
            StepState::Running(account) => {
                self.check_cancelled()?;
                let attempt = account.attempt + 1;
                let why = self.why_cut_off.clone();
                self.settle(id, *account, &why)?;
                if !self.retry_interrupted {
                    return Ok(());
                }
                (Mode::Full, attempt)
            }
            StepState::Paused(pause) if self.time_left() == Some(Duration::ZERO) => {
                self.check_cancelled()?;
                self.retry_interrupted = false;
                let why = self.limit_reached();
                return self.settle(id, Account::begin(pause.attempt), &why);
            }
            StepState::Paused(pause) => {
                let Pause { attempt, resume_at, boot_id } = *pause;
                (Mode::Resume { resume_at, rebooted: boot_id != self.boot_id }, attempt + 1)
            }
        };
        self.check_cancelled()?;
        self.note_engine();
        if let Some(preset) = &self.steps[id.index()].preset {
            return self.end_unrun(id, preset.clone());
        }
        match self.time_left() {
            Some(Duration::ZERO) => {
                let ending = Ending::new(Verdict::Abort, format!("not run: {}", self.limit_reached()));
                self.end_unrun(id, ending)
            }
            left => self.run_step(id, attempt, mode, left),
        }
    }

    pub(super) fn check_cancelled(&self) -> Result<(), Leave> {
        match self.cancel.reason() {
            Some(reason) => Err(Leave::Stop(Stop::Interrupted { reason, signal: self.cancel.signal() })),
            None => Ok(()),
        }
    }

    /// How long the run may still take; nothing: as long as it likes.
    pub(super) fn time_left(&self) -> Option<Duration> {
        let limit = Some(self.limit).filter(|limit| !limit.is_zero())?;
        Some(limit.saturating_sub(self.worked + self.began.elapsed()))
    }

    pub(super) fn limit_reached(&self) -> String {
        format!("the run's limit of {} s was reached", self.limit.as_secs_f64())
    }

    /// Records the engine's facts if they have just come in.
    fn note_engine(&mut self) {
        if let Some((facts, done)) = self.engine.news() {
            self.learn_engine(facts, done);
        }
    }

    /// Records the engine's facts, and what was tidied up in it.
    pub(super) fn learn_engine(&mut self, facts: EngineFacts, done: Vec<String>) {
        self.sysinfo.add_engine(&facts);
        self.pending.push(Event::Engine(facts));
        self.pending.extend(done.into_iter().map(runner_warning));
    }

    /// Records a step that ends without being run: it has no start. Nobody waits for the disk.
    fn end_unrun(&mut self, step: StepId, ending: Ending) -> Result<(), Leave> {
        self.counts.add(ending.verdict);
        let mut events = std::mem::take(&mut self.pending);
        events.push(Event::StepEnded(StepEnded { step, ending }));
        drop(self.journal.commit(events));
        self.journal.failure().map_or(Ok(()), |failure| Err(failure.into()))
    }

    /// A line of a step's log, from the runner.
    pub(super) fn log(&self, step: StepId, level: Level, text: String) {
        self.journal.append(Event::Logged(Logged { step: Some(step), subsubtest: None, level, text }));
    }
}
