//! One step of the runner's loop: from the commit of its start to the events of its end.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::host::protocol::Mode;
use crate::host::{StepEnd, sweep};
use crate::journal::{
    EngineFacts, Event, Keyvals, PlannedStep, RebootRequested, StepEnded, StepStarted, SubsubtestEnded,
};
use crate::name::{Kind, StepId};
use crate::outcome::{Ending, Level};
use crate::verdict::Verdict;

use super::execute::{Execution, Leave};
use super::known::{excuse, known_for};
use super::outcome::Stop;
use super::plan::{DEFAULT_CLEANUP_TIMEOUT, cleanup_timeout};
use super::progress::Account;
use super::worker::{Job, Prepared, Ready, is_cut_off};

/// What the engine's facts bring into a step's request.
type Facts = (Option<EngineFacts>, BTreeMap<String, String>);

impl<'r> Execution<'r> {
    /// Runs a step and keeps its end for the next commit.
    pub(super) fn run_step(
        &mut self,
        id: StepId,
        attempt: u32,
        mode: Mode,
        left: Option<Duration>,
    ) -> Result<(), Leave> {
        let facts = self.facts_for(id)?;
        let known = facts.1.clone();
        // Making folders has to wait while the file system writes a commit, so it comes first. What takes long is the
        // start of the process, and that goes on meanwhile.
        let ready = self.job(id, mode, left, facts).and_then(|job| self.worker.ready(job));
        let mut events = std::mem::take(&mut self.pending);
        events.push(Event::StepStarted(StepStarted::new(id, attempt)));
        let ticket = self.journal.commit(events);
        let prepared = ready.and_then(Ready::start);
        let mut account = Account::begin(attempt);
        let end = match prepared {
            Ok(prepared) => {
                self.describe(id, prepared.keyvals());
                ticket.wait()?;
                self.see_through(id, prepared, &mut account)?
            }
            Err(ending) => {
                ticket.wait()?;
                StepEnd::Ended(ending)
            }
        };
        match end {
            StepEnd::Ended(mut ending) => {
                if ending.verdict == Verdict::Abort && self.time_left() == Some(Duration::ZERO) {
                    self.blame_run_limit(&mut ending);
                }
                excuse(&mut ending, &known);
                self.end(id, &mut account, ending);
                Ok(())
            }
            StepEnd::Reboot { resume_at, reason } => {
                let request = RebootRequested { step: id, resume_at, reason: reason.clone() };
                self.pending.push(Event::RebootRequested(request));
                Err(Leave::Stop(Stop::Reboot { step: self.steps[id.index()].folder(), reason }))
            }
        }
    }

    /// A step that was stopped because the whole run has no time left did not go beyond a limit of its own.
    fn blame_run_limit(&self, ending: &mut Ending) {
        let place = ending.phase.map(|phase| format!(" in {phase}")).unwrap_or_default();
        let further = ending.reason.split_once('\n').map(|(_, further)| format!("\n{further}")).unwrap_or_default();
        ending.reason = format!("{}{place}{further}", self.limit_reached());
    }

    /// Cleans up after a step that was cut off in an earlier process. Unless it will be run again, it ends there.
    pub(super) fn settle(&mut self, id: StepId, mut account: Account, why: &str) -> Result<(), Leave> {
        let ending = account.cut_off(why);
        let mode = Mode::Cleanup { reason: ending.reason.clone() };
        let facts = self.facts_for(id)?;
        let prepared = self.job(id, mode, None, facts).and_then(|job| self.worker.ready(job)).and_then(Ready::start);
        let cleaned = match prepared {
            Ok(prepared) => self.see_through(id, prepared, &mut account)?,
            Err(failure) => StepEnd::Ended(failure),
        };
        match cleaned {
            StepEnd::Ended(cleaned) if !cleaned.verdict.is_passed() => {
                self.log(id, Level::Warning, format!("the clean-up after the interruption failed: {}", cleaned.reason));
            }
            StepEnd::Ended(_) | StepEnd::Reboot { .. } => {}
        }
        // A process that was just being started when the resume swept could not be told by its environment then.
        for process in sweep(self.worker.run) {
            self.log(id, Level::Warning, format!("killed what was left of the step: {process}"));
        }
        if self.retry_interrupted {
            self.log(id, Level::Info, format!("{}; it is run again", ending.reason));
        } else {
            self.end(id, &mut account, ending);
        }
        Ok(())
    }

    /// The engine's facts for a step that needs them, and its failures that are known for this engine. Waits for the
    /// engine only if the step needs one or the other; what has happened before is not held back meanwhile. Leaves if
    /// somebody wants to stop.
    fn facts_for(&mut self, id: StepId) -> Result<Facts, Leave> {
        let Some(entry) = self.catalog.get(&self.steps[id.index()].name) else { return Ok(Facts::default()) };
        let needs_engine = entry.info.needs_engine;
        if !needs_engine && self.known.iter().next().is_none() {
            return Ok(Facts::default());
        }
        if !self.engine.is_known() && !self.pending.is_empty() {
            drop(self.journal.commit(std::mem::take(&mut self.pending)));
        }
        self.engine.wait(self.cancel);
        self.check_cancelled()?;
        let (facts, news) = self.engine.facts();
        let facts = facts.clone();
        if let Some(done) = news {
            self.learn_engine(facts.clone(), done);
        }
        let known = known_for(self.known, &entry.info, &facts);
        Ok((needs_engine.then_some(facts), known))
    }

    /// How to run a step; or how it ends, if nobody can run it.
    fn job(&self, id: StepId, mode: Mode, left: Option<Duration>, facts: Facts) -> Result<Job<'r>, Ending> {
        let step = &self.steps[id.index()];
        let entry = self.catalog.get(&step.name);
        let program = entry.and_then(|entry| self.catalog.hosts().get(entry.host)).ok_or_else(|| {
            Ending::new(Verdict::Error, format!("no host holds the {} `{}` any more", step.kind, step.name))
        })?;
        let section = self.worker.configuration.section(step.name.as_str());
        // The plan has checked it; only a resume can find it broken, and then the default will do.
        let cleanup_limit = cleanup_timeout(&section).unwrap_or(DEFAULT_CLEANUP_TIMEOUT);
        let own_limit = match mode {
            Mode::Cleanup { .. } => cleanup_limit,
            Mode::Full | Mode::Resume { .. } => Duration::try_from_secs_f64(step.timeout_seconds).unwrap_or_default(),
        };
        let limit = match left {
            Some(left) if own_limit.is_zero() || left < own_limit => whole_millis(left),
            _ => own_limit,
        };
        let (engine, known_failures) = facts;
        Ok(Job {
            id,
            step,
            program,
            children: entry.map_or(&[], |entry| &entry.info.subsubtests),
            section,
            mode,
            limit,
            cleanup_limit,
            engine,
            known_failures,
            previous: self.previous(id),
        })
    }

    /// For an intratest: the folder of the last step before it that is none and was not ended without being run.
    fn previous(&self, id: StepId) -> Option<String> {
        let (step, earlier) = (self.steps.get(id.index())?, self.steps.get(..id.index())?);
        let mut others = earlier.iter().rev().filter(|step| step.kind != Kind::Intratest && step.preset.is_none());
        others.next().filter(|_| step.kind == Kind::Intratest).map(PlannedStep::folder)
    }

    /// Records what can be told about a step while its host starts: its configuration.
    fn describe(&self, id: StepId, mut values: BTreeMap<String, String>) {
        values.extend(self.host_facts.clone());
        self.journal.append(Event::Keyvals(Keyvals { step: id, iteration: None, values }));
    }

    /// Lets a step run to its end and records what it tells.
    ///
    /// Leaves without an end if the user cannot wait (the clean-up is then left to a resume), or if the journal fails.
    fn see_through(&self, id: StepId, prepared: Prepared, account: &mut Account) -> Result<StepEnd, Leave> {
        let journal = self.journal;
        let mut record = |event: Event| {
            account.note(&event);
            journal.append(event);
        };
        let end = prepared.run(self.cancel, &mut record);
        if let Some(failure) = journal.failure() {
            return Err(failure.into());
        }
        if is_cut_off(&end, self.cancel) {
            self.log(
                id,
                Level::Warning,
                "killed without its clean-up, which is left to `dockertest resume`".to_owned(),
            );
            self.check_cancelled()?;
        }
        Ok(end)
    }

    /// Keeps a step's end for the next commit, after the ends of sub-subtests that it left open.
    fn end(&mut self, step: StepId, account: &mut Account, ending: Ending) {
        for subsubtest in account.take_open_children() {
            let ending = Ending::new(Verdict::Abort, ending.reason.clone());
            self.pending.push(Event::SubsubtestEnded(SubsubtestEnded { step, subsubtest, ending }));
        }
        self.counts.add(ending.verdict);
        self.pending.push(Event::StepEnded(StepEnded { step, ending }));
    }
}

/// Cut to whole milliseconds, because people read it; at least one, because zero is no limit.
fn whole_millis(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1))
}
