//! How far a run has come, told by its journal alone.
//!
//! The running scheduler and a resume use the same account of a step, so both say the same about one that is cut off.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::environment::{Provider, Shared};
use crate::journal::{Event, Iteration, Plan, Reading, Record, RunEnded, RunStarted, Session, StepStarted};
use crate::name::StepId;
use crate::outcome::{Ending, Phase};
use crate::verdict::Verdict;

use super::outcome::Counts;

/// What a step that is running has done so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Account {
    /// Which attempt this is, counted from 1.
    pub(super) attempt: u32,
    /// When it began, in microseconds since 1970.
    pub(super) started_us: i64,
    /// When it was last heard of.
    pub(super) last_us: i64,
    /// Where it is.
    phase: Option<(Phase, Option<Iteration>)>,
    /// Sub-subtests that have begun and not ended, in order.
    open_children: Vec<String>,
}

impl Account {
    /// The account of a step that begins now.
    pub(super) fn begin(attempt: u32) -> Account {
        Account { attempt, ..Account::default() }
    }

    /// Notes what the step says.
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::PhaseStarted(phase) => self.phase = Some((phase.phase, phase.iteration)),
            Event::SubsubtestStarted(started) => self.open_children.push(started.subsubtest.clone()),
            Event::SubsubtestEnded(ended) => self.open_children.retain(|child| *child != ended.subsubtest),
            Event::RunStarted(_)
            | Event::Planned(_)
            | Event::RunResumed(_)
            | Event::Engine(_)
            | Event::InstanceProvisioned(_)
            | Event::InstanceDisposed(_)
            | Event::StepStarted(_)
            | Event::Logged(_)
            | Event::Keyvals(_)
            | Event::RebootRequested(_)
            | Event::StepEnded(_)
            | Event::RunInterrupted(_)
            | Event::RunEnded(_) => {}
        }
    }

    /// The sub-subtests that have begun and not ended, which are then forgotten.
    pub(super) fn take_open_children(&mut self) -> Vec<String> {
        std::mem::take(&mut self.open_children)
    }

    /// How a step ends that was cut off where this account stops.
    pub(super) fn cut_off(&self, why: &str) -> Ending {
        let place = match self.phase {
            None => "before its first phase".to_owned(),
            Some((phase, None)) => format!("in {phase}"),
            Some((phase, Some(Iteration { number, of }))) => format!("in {phase} (iteration {number} of {of})"),
        };
        let seconds = Duration::from_micros(self.last_us.saturating_sub(self.started_us).try_into().unwrap_or(0));
        Ending {
            phase: self.phase.map(|(phase, _)| phase),
            seconds: seconds.as_secs_f64(),
            ..Ending::new(Verdict::Abort, format!("interrupted {place}: {why}"))
        }
    }
}

/// What has become of a step of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StepState {
    /// It has not begun.
    Waiting,
    /// It has begun, and nothing tells that it has ended.
    Running(Box<Account>),
    /// It waits for a reboot that it asked for.
    Paused(Box<Pause>),
    /// It has ended.
    Ended,
}

/// A step that waits for a reboot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pause {
    pub(super) attempt: u32,
    pub(super) resume_at: String,
    /// The boot in which it asked.
    pub(super) boot_id: String,
}

/// How far a run has come.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    pub(super) started: RunStarted,
    pub(super) plan: Plan,
    pub(super) states: Vec<StepState>,
    pub(super) counts: Counts,
    /// Instances that were made and not disposed of.
    pub(super) instances: BTreeSet<String>,
    /// Where the steps were run, if any has been.
    pub(super) provider: Option<String>,
    /// How long the run's processes have worked on it.
    pub(super) worked: Duration,
    /// The process that worked on it last.
    pub(super) session: Session,
    /// Why that process stopped, if it had the time to say.
    pub(super) stopped: Option<String>,
    pub(super) ended: Option<RunEnded>,
}

/// Why a journal tells no progress.
///
/// ```
/// use dockertest::name::StepId;
/// use dockertest::run::BrokenJournal;
///
/// let broken = BrokenJournal::UnknownStep { seq: 12, step: StepId(7) };
/// let message = "record 12 of the journal speaks of step 7, which is not in the plan: the journal is damaged";
/// assert_eq!(broken.to_string(), message);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BrokenJournal {
    /// The first two records are missing: nothing was run.
    #[error("the run was cut off before it began: nothing was run, and there is nothing to go on with; run it anew")]
    NeverBegun,
    /// The journal was written by a newer program.
    #[error("the journal has format {0}, which is newer than this program: go on with the version that began the run")]
    Format(u32),
    /// A record does not fit what is before it.
    #[error("record {seq} of the journal speaks of step {step}, which is not in the plan: the journal is damaged")]
    UnknownStep {
        /// The record.
        seq: u64,
        /// The step.
        step: StepId,
    },
}

impl Progress {
    /// Reads the progress from a journal.
    pub(super) fn of(reading: &Reading) -> Result<Progress, BrokenJournal> {
        let [first, second, rest @ ..] = reading.records.as_slice() else { return Err(BrokenJournal::NeverBegun) };
        let (Event::RunStarted(started), Event::Planned(plan)) = (&first.event, &second.event) else {
            return Err(BrokenJournal::NeverBegun);
        };
        if started.format > crate::journal::FORMAT {
            return Err(BrokenJournal::Format(started.format));
        }
        let mut progress = Progress {
            session: started.session.clone(),
            states: vec![StepState::Waiting; plan.steps.len()],
            started: started.clone(),
            plan: plan.clone(),
            counts: Counts::default(),
            instances: BTreeSet::new(),
            provider: None,
            worked: Duration::ZERO,
            stopped: None,
            ended: None,
        };
        let mut last_us = second.time_us;
        progress.work(first.time_us, last_us);
        for record in rest {
            if !matches!(record.event, Event::RunResumed(_)) {
                progress.work(last_us, record.time_us);
            }
            last_us = record.time_us;
            progress.take(record)?;
        }
        Ok(progress)
    }

    /// Adds working time; a clock that was set back adds nothing.
    fn work(&mut self, from_us: i64, to_us: i64) {
        self.worked += Duration::from_micros(to_us.saturating_sub(from_us).try_into().unwrap_or(0));
    }

    fn take(&mut self, record: &Record) -> Result<(), BrokenJournal> {
        match &record.event {
            Event::RunResumed(session) => {
                self.session = session.clone();
                self.stopped = None;
            }
            Event::RunInterrupted(interrupted) => self.stopped = Some(interrupted.reason.clone()),
            Event::RunEnded(ended) => self.ended = Some(ended.clone()),
            Event::InstanceProvisioned(made) => {
                self.instances.insert(made.instance.clone());
                self.provider = Some(made.provider.clone());
            }
            Event::InstanceDisposed(gone) if gone.problem.is_none() => {
                self.instances.remove(&gone.instance);
            }
            Event::StepStarted(StepStarted { step, attempt, instance, .. }) => {
                if instance.is_none() {
                    self.provider = Some(Provider::name(&Shared).to_owned());
                }
                let (started_us, last_us) = (record.time_us, record.time_us);
                let account = Account { attempt: *attempt, started_us, last_us, ..Account::default() };
                *self.state(record, *step)? = StepState::Running(Box::new(account));
            }
            Event::RebootRequested(request) => {
                let boot_id = self.session.boot_id.clone();
                let state = self.state(record, request.step)?;
                let attempt = if let StepState::Running(account) = state { account.attempt } else { 1 };
                *state = StepState::Paused(Box::new(Pause { attempt, resume_at: request.resume_at.clone(), boot_id }));
            }
            Event::StepEnded(ended) => {
                *self.state(record, ended.step)? = StepState::Ended;
                self.counts.add(ended.ending.verdict);
            }
            event => {
                if let Some(step) = event.step()
                    && let StepState::Running(account) = self.state(record, step)?
                {
                    account.note(event);
                    account.last_us = record.time_us;
                }
            }
        }
        Ok(())
    }

    fn state(&mut self, record: &Record, step: StepId) -> Result<&mut StepState, BrokenJournal> {
        self.states.get_mut(step.index()).ok_or(BrokenJournal::UnknownStep { seq: record.seq, step })
    }

    /// Why the last process did not finish, in words.
    pub(super) fn why_cut_off(&self, now: &Session) -> String {
        match &self.stopped {
            Some(reason) => reason.clone(),
            None if self.session.boot_id != now.boot_id => "the machine went down".to_owned(),
            None => "the runner was killed".to_owned(),
        }
    }
}
