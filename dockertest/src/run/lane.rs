//! A worker of a run: takes what is next, has it run in an instance, and records what comes of it.
//!
//! At the border of two steps, one commit makes the end of the first and the start of the second durable while the
//! second's host process is already starting. A host gets its request only when the commit has succeeded, so nothing
//! runs that the journal does not know of, and nothing is shown that could be lost.

use std::thread::{self, Scope};
use std::time::Duration;

use crate::engine::ask_inside;
use crate::environment::Instance;
use crate::host::HostProgram;
use crate::host::protocol::Mode;
use crate::journal::{Event, Logged, StepEnded};
use crate::name::{Kind, StepId};
use crate::outcome::{Ending, Level};
use crate::verdict::Verdict;

use super::drive::runner_warning;
use super::execute::{Execution, Leave};
use super::pool::Pool;
use super::progress::{Account, Pause, StepState};
use super::schedule::Next;
use super::worker::remove_tree;

/// A worker of a run.
pub(super) struct Lane<'s, 'e, 'r> {
    pub(super) run: &'s Execution<'r>,
    pool: &'s Pool<'s>,
    scope: &'s Scope<'s, 'e>,
    /// Its number; nothing in a run that has but one.
    pub(super) number: Option<u32>,
    /// Events that go into its next commit.
    pub(super) pending: Vec<Event>,
    here: Option<Here>,
    /// Whether it has waited for an engine that its step did not need.
    pub(super) has_waited: bool,
}

/// The instance that a worker has.
#[derive(Debug)]
struct Here {
    instance: Box<dyn Instance>,
    /// The last step in it that was run and is no intratest.
    last: Option<StepId>,
}

/// Tells the others when a worker is gone unexpectedly, so that nobody waits for it.
struct Gone<'a, 'r>(&'a Execution<'r>);

impl Drop for Gone<'_, '_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.panicked();
        }
    }
}

impl<'s, 'e, 'r> Lane<'s, 'e, 'r> {
    pub(super) fn new(
        run: &'s Execution<'r>,
        pool: &'s Pool<'s>,
        scope: &'s Scope<'s, 'e>,
        number: Option<u32>,
    ) -> Lane<'s, 'e, 'r> {
        Lane { run, pool, scope, number, pending: Vec::new(), here: None, has_waited: false }
    }

    /// Works until nothing is left for it, or the run is to stop.
    pub(super) fn work(mut self) {
        let run = self.run;
        let _gone = Gone(run);
        let (mut block, mut at) = (None, None);
        let mut leave = self.blocks(&mut block, &mut at).err();
        if !self.pool.is_here() {
            // To end other steps and to dispose of instances can take minutes, in which this process may be killed. What is
            // known by now is on disk before.
            leave = leave.or(self.flush().err());
        }
        if let Some(Here { instance, .. }) = self.here.take() {
            // Another worker may go on with it; at the end, all are disposed of together.
            if self.pool.is_for_one_step() {
                self.retire(instance);
            } else if !self.pool.is_here() {
                self.pool.give_back(instance);
            }
        }
        if let Some(failure) = run.left(leave, block, at) {
            self.pending.push(runner_warning(format!("one worker less: no instance could be made for it: {failure}")));
        }
        run.leave_behind(std::mem::take(&mut self.pending));
    }

    /// `block` and `at` tell where it was when it fails.
    fn blocks(&mut self, block: &mut Option<usize>, at: &mut Option<StepId>) -> Result<(), Leave> {
        loop {
            (*block, *at) = (None, None);
            let next = match self.run.next() {
                Next::Wait => self.run.wait_for_next(),
                next => next,
            };
            let Next::Block(number, steps) = next else { return Ok(()) };
            *block = Some(number);
            for step in steps {
                *at = Some(step);
                self.take(step)?;
            }
            if self.pool.is_for_one_step() {
                self.drop_instance();
            }
            if self.number.is_some() {
                // What may only begin after this has to come after it in the journal, too.
                self.flush()?;
            }
            self.run.done(number);
        }
    }

    /// Commits what is waiting, because the next commit may take a while. Nobody waits for the disk.
    pub(super) fn flush(&mut self) -> Result<(), Leave> {
        if !self.pending.is_empty() {
            drop(self.run.journal.commit(std::mem::take(&mut self.pending)));
        }
        self.run.journal.failure().map_or(Ok(()), |failure| Err(failure.into()))
    }

    /// Does what is to be done for one step.
    fn take(&mut self, id: StepId) -> Result<(), Leave> {
        let run = self.run;
        let mut retry_interrupted = run.retry_interrupted;
        let (mode, attempt) = match run.state(id) {
            StepState::Ended => return Ok(()),
            StepState::Waiting => (Mode::Full, 1),
            StepState::Running(account) => {
                run.check_stopped()?;
                let attempt = account.attempt + 1;
                self.settle(id, *account, &run.why_cut_off, retry_interrupted)?;
                if !retry_interrupted {
                    return Ok(());
                }
                (Mode::Full, attempt)
            }
            StepState::Paused(pause) if run.time_left() == Some(Duration::ZERO) => {
                run.check_stopped()?;
                retry_interrupted = false;
                return self.settle(id, Account::begin(pause.attempt), &run.limit_reached(), retry_interrupted);
            }
            StepState::Paused(pause) => {
                let Pause { attempt, resume_at, boot_id } = *pause;
                (Mode::Resume { resume_at, rebooted: boot_id != run.boot_id }, attempt + 1)
            }
        };
        run.check_stopped()?;
        run.note_engine(&mut self.pending);
        if let Some(preset) = &run.steps[id.index()].preset {
            return self.end_unrun(id, preset.clone());
        }
        match run.time_left() {
            Some(Duration::ZERO) => {
                let ending = Ending::new(Verdict::Abort, format!("not run: {}", run.limit_reached()));
                self.end_unrun(id, ending)
            }
            left => self.run_step(id, attempt, mode, left),
        }
    }

    /// Records a step that ends without being run: it has no start. Nobody waits for the disk.
    fn end_unrun(&mut self, step: StepId, ending: Ending) -> Result<(), Leave> {
        self.run.ended(step, ending.verdict);
        self.pending.push(Event::StepEnded(StepEnded { step, ending }));
        self.flush()
    }

    /// A line of a step's log, from the runner.
    pub(super) fn log(&self, step: StepId, level: Level, text: String) {
        self.run.journal.append(Event::Logged(Logged { step: Some(step), subsubtest: None, level, text }));
    }

    /// Sees to it that there is an instance. What has happened before is not held back while it is waited for.
    pub(super) fn enter(&mut self) -> Result<(), Leave> {
        if self.here.is_some() {
            return Ok(());
        }
        if !self.pool.is_here() {
            self.flush()?;
        }
        match self.pool.take(self.scope, self.run.waiting()) {
            Ok(instance) => self.here = Some(Here { instance, last: None }),
            Err(failure) => {
                self.flush()?;
                self.run.check_stopped()?;
                return Err(Leave::NoInstance(failure));
            }
        }
        self.ask_engine();
        Ok(())
    }

    /// Asks the engine in the first instance of the run what it is, before anything else is done there.
    fn ask_engine(&mut self) {
        let run = self.run;
        let Some(keeper) = run.catalog.hosts().first() else { return };
        let Some(asking) = run.engine.claim() else { return };
        let (path, options) = &run.engine_words;
        let inside = self.program(keeper);
        let facts = ask_inside(&inside, keeper, (path, options), run.worker.run, run.cancel);
        // Before anybody else goes on: it is the first that a run says.
        run.record_engine(&facts);
        asking.tell_recorded(facts);
    }

    /// Whether every step has an instance of its own.
    pub(super) fn is_for_one_step(&self) -> bool {
        self.pool.is_for_one_step()
    }

    /// The name of the instance; nothing if that is this machine.
    pub(super) fn instance(&self) -> Option<String> {
        let here = self.here.as_ref().filter(|_| !self.pool.is_here())?;
        Some(here.instance.id().to_owned())
    }

    /// How a host is started in the instance.
    pub(super) fn program(&self, program: &HostProgram) -> HostProgram {
        match &self.here {
            Some(here) => here.instance.host(program, self.run.worker.results),
            None => program.clone(),
        }
    }

    /// For an intratest: the last step before it that is none and was not ended without being run.
    pub(super) fn previous(&self, id: StepId) -> Option<String> {
        let steps = self.run.steps;
        steps.get(id.index()).filter(|step| step.kind == Kind::Intratest)?;
        if self.pool.is_here() {
            let earlier = steps.get(..id.index())?;
            let mut others = earlier.iter().rev().filter(|step| step.kind != Kind::Intratest && step.preset.is_none());
            return others.next().map(crate::journal::PlannedStep::folder);
        }
        let last = self.here.as_ref()?.last?;
        steps.get(last.index()).map(crate::journal::PlannedStep::folder)
    }

    /// Notes what is run in the instance.
    pub(super) fn remember(&mut self, id: StepId) {
        let is_intratest = self.run.steps.get(id.index()).is_none_or(|step| step.kind == Kind::Intratest);
        if let Some(here) = self.here.as_mut().filter(|_| !is_intratest) {
            here.last = Some(id);
        }
    }

    /// What is wrong with the instance, if anything is; then the next step gets another one.
    pub(super) fn problem(&mut self) -> Option<String> {
        let problem = self.here.as_ref()?.instance.problem()?;
        let name = self.instance();
        self.drop_instance();
        Some(match name {
            Some(name) => format!("the instance `{name}` cannot be used any more: {problem}"),
            None => problem,
        })
    }

    /// Has the instance disposed of, so that the next step gets a new one.
    pub(super) fn drop_instance(&mut self) {
        if let Some(Here { instance, .. }) = self.here.take() {
            self.retire(instance);
        }
    }

    fn retire(&self, instance: Box<dyn Instance>) {
        if !self.pool.is_here() {
            // What steps left for each other is of no use to anybody else; if it stays, it does no harm.
            let _ = remove_tree(&self.run.shared_folder(instance.id()));
        }
        self.pool.dispose(self.scope, instance);
    }
}
