//! One step of a worker's loop: from the commit of its start to the events of its end.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::host::protocol::Mode;
use crate::host::{StepEnd, sweep_step};
use crate::journal::{EngineFacts, Event, Keyvals, RebootRequested, StepEnded, StepStarted, SubsubtestEnded};
use crate::name::StepId;
use crate::outcome::{Ending, Level};
use crate::verdict::Verdict;

use super::execute::Leave;
use super::known::{excuse, known_for};
use super::lane::Lane;
use super::outcome::Stop;
use super::plan::{DEFAULT_CLEANUP_TIMEOUT, cleanup_timeout};
use super::progress::Account;
use super::worker::{Job, Prepared, Ready, is_cut_off, warning};

/// How long the first step waits for an engine that it does not need.
const ENGINE_MOMENT: Duration = Duration::from_secs(2);

/// What the engine's facts bring into a step's request.
type Facts = (Option<EngineFacts>, BTreeMap<String, String>);

impl<'r> Lane<'_, '_, 'r> {
    /// Runs a step, as often as it takes, and keeps its end for the next commit.
    pub(super) fn run_step(
        &mut self,
        id: StepId,
        mut attempt: u32,
        mut mode: Mode,
        mut left: Option<Duration>,
    ) -> Result<(), Leave> {
        let mut failed = Vec::new();
        loop {
            let (mut ending, mut account) = self.attempt(id, attempt, mode, left)?;
            let may_go_on = !self.run.cancel.is_cancelled() && self.run.time_left() != Some(Duration::ZERO);
            let again = failed.len() < self.run.retries as usize && may_go_on && !ending.verdict.is_passed();
            if !again {
                if ending.verdict.is_passed() && !failed.is_empty() {
                    let first = format!("flaky: attempt {attempt} passed after {}", failed.join(", "));
                    ending.reason = [first, ending.reason].join("\n").trim_end().to_owned();
                }
                self.end(id, &mut account, ending);
                return Ok(());
            }
            self.end_children(id, &mut account, &ending);
            let reason = ending.reason.lines().next().unwrap_or_default().to_owned();
            let text = format!("attempt {attempt} ended {}: {reason}; it is run again", ending.verdict);
            self.pending.push(warning(id, text));
            failed.push(format!("{} ({reason})", ending.verdict));
            if self.is_for_one_step() {
                self.drop_instance();
            }
            (attempt, mode, left) = (attempt + 1, Mode::Full, self.run.time_left());
        }
    }

    /// Runs a step once.
    fn attempt(
        &mut self,
        id: StepId,
        attempt: u32,
        mode: Mode,
        left: Option<Duration>,
    ) -> Result<(Ending, Account), Leave> {
        self.enter()?;
        let facts = self.facts_for(id)?;
        let known = facts.1.clone();
        // Making folders has to wait while the file system writes a commit, so it comes first. What takes long is the
        // start of the process, and that goes on meanwhile.
        let ready = self.job(id, mode, left, facts).and_then(|job| self.run.worker.ready(job));
        let mut events = std::mem::take(&mut self.pending);
        let (worker, instance) = (self.number, self.instance());
        events.push(Event::StepStarted(StepStarted { worker, instance, ..StepStarted::new(id, attempt) }));
        let ticket = self.run.journal.commit(events);
        self.remember(id);
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
                if ending.verdict == Verdict::Abort && self.run.time_left() == Some(Duration::ZERO) {
                    self.blame_run_limit(&mut ending);
                }
                self.blame_instance(&mut ending);
                excuse(&mut ending, &known);
                Ok((ending, account))
            }
            StepEnd::Reboot { resume_at, reason } => {
                let request = RebootRequested { step: id, resume_at, reason: reason.clone() };
                self.pending.push(Event::RebootRequested(request));
                Err(Leave::Stop(Stop::Reboot { step: self.run.steps[id.index()].folder(), reason }))
            }
        }
    }

    /// A step that was stopped because the whole run has no time left did not go beyond a limit of its own.
    fn blame_run_limit(&self, ending: &mut Ending) {
        let place = ending.phase.map(|phase| format!(" in {phase}")).unwrap_or_default();
        let further = ending.reason.split_once('\n').map(|(_, further)| format!("\n{further}")).unwrap_or_default();
        ending.reason = format!("{}{place}{further}", self.run.limit_reached());
    }

    /// A step in an instance that cannot be used any more says nothing about the engine, whatever it says.
    fn blame_instance(&mut self, ending: &mut Ending) {
        if ending.verdict == Verdict::Good || self.run.cancel.is_cancelled() {
            return;
        }
        let Some(problem) = self.problem() else { return };
        let seen = std::mem::take(&mut ending.reason);
        ending.reason = format!("{problem}\nthe step ended {}: {seen}", ending.verdict);
        if ending.verdict != Verdict::Abort {
            ending.verdict = Verdict::Error;
        }
    }

    /// Cleans up after a step that was cut off in an earlier process. Unless it will be run again, it ends there.
    pub(super) fn settle(&mut self, id: StepId, mut account: Account, why: &str, again: bool) -> Result<(), Leave> {
        let ending = account.cut_off(why);
        let mode = Mode::Cleanup { reason: ending.reason.clone() };
        self.enter()?;
        let facts = self.facts_for(id)?;
        let job = self.job(id, mode, None, facts);
        let prepared = job.and_then(|job| self.run.worker.ready(job)).and_then(Ready::start);
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
        for process in sweep_step(self.run.worker.run, &self.run.steps[id.index()].folder()) {
            self.log(id, Level::Warning, format!("killed what was left of the step: {process}"));
        }
        if again {
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
        let run = self.run;
        let Some(entry) = run.catalog.get(&run.steps[id.index()].name) else { return Ok(Facts::default()) };
        let needs_engine = entry.info.needs_engine;
        if !needs_engine && run.known.iter().next().is_none() {
            self.wait_for_engine_a_moment()?;
            return Ok(Facts::default());
        }
        if run.engine.facts().is_none() {
            self.flush()?;
        }
        run.engine.wait(run.cancel);
        run.check_cancelled()?;
        run.note_engine(&mut self.pending);
        let facts = run.engine.facts().unwrap_or_default();
        let known = known_for(run.known, &entry.info, &facts);
        Ok((needs_engine.then_some(facts), known))
    }

    /// Before its first step, a worker waits a moment for the engine also if the step does not need it: so the first thing
    /// that a run says is which engine it is about.
    fn wait_for_engine_a_moment(&mut self) -> Result<(), Leave> {
        let run = self.run;
        if run.engine.facts().is_none() && !std::mem::replace(&mut self.has_waited, true) {
            self.flush()?;
            run.engine.wait_at_most(run.cancel, ENGINE_MOMENT);
            run.check_cancelled()?;
        }
        run.note_engine(&mut self.pending);
        Ok(())
    }

    /// How to run a step; or how it ends, if nobody can run it.
    fn job(&self, id: StepId, mode: Mode, left: Option<Duration>, facts: Facts) -> Result<Job<'r>, Ending> {
        let run = self.run;
        let step = &run.steps[id.index()];
        let entry = run.catalog.get(&step.name);
        let program = entry.and_then(|entry| run.catalog.hosts().get(entry.host)).ok_or_else(|| {
            Ending::new(Verdict::Error, format!("no host holds the {} `{}` any more", step.kind, step.name))
        })?;
        let section = run.worker.configuration.section(step.name.as_str());
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
            program: self.program(program),
            children: entry.map_or(&[], |entry| &entry.info.subsubtests),
            section,
            mode,
            limit,
            cleanup_limit,
            engine,
            known_failures,
            previous: self.previous(id),
            instance: self.instance(),
        })
    }

    /// Records what can be told about a step while its host starts: its configuration.
    fn describe(&self, id: StepId, mut values: BTreeMap<String, String>) {
        values.extend(self.run.host_facts.clone());
        values.extend(self.run.engine_keyvals());
        self.run.journal.append(Event::Keyvals(Keyvals { step: id, iteration: None, values }));
    }

    /// Lets a step run to its end and records what it tells.
    ///
    /// Leaves without an end if the user cannot wait (the clean-up is then left to a resume), or if the journal fails.
    fn see_through(&self, id: StepId, prepared: Prepared, account: &mut Account) -> Result<StepEnd, Leave> {
        let (journal, cancel) = (self.run.journal, self.run.cancel);
        let mut record = |event: Event| {
            account.note(&event);
            journal.append(event);
        };
        let end = prepared.run(cancel, &mut record);
        if let Some(failure) = journal.failure() {
            return Err(failure.into());
        }
        if is_cut_off(&end, cancel) {
            self.log(
                id,
                Level::Warning,
                "killed without its clean-up, which is left to `dockertest resume`".to_owned(),
            );
            self.run.check_cancelled()?;
        }
        Ok(end)
    }

    /// Ends the sub-subtests that a step left open.
    fn end_children(&mut self, step: StepId, account: &mut Account, ending: &Ending) {
        for subsubtest in account.take_open_children() {
            let ending = Ending::new(Verdict::Abort, ending.reason.clone());
            self.pending.push(Event::SubsubtestEnded(SubsubtestEnded { step, subsubtest, ending }));
        }
    }

    /// Keeps a step's end for the next commit, after the ends of sub-subtests that it left open.
    fn end(&mut self, step: StepId, account: &mut Account, ending: Ending) {
        self.end_children(step, account, &ending);
        self.run.ended(step, ending.verdict);
        self.pending.push(Event::StepEnded(StepEnded { step, ending }));
    }
}

/// Cut to whole milliseconds, because people read it; at least one, because zero is no limit.
fn whole_millis(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1))
}
