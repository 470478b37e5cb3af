//! A run in progress: what its workers share, and how it begins and ends.
//!
//! The steps are in a schedule, the records go into one journal, and whoever is free takes what is next. With one worker on
//! this machine, that is the loop of the plan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::config::KnownFailures;
use crate::engine::SETTINGS;
use crate::environment::{Provider, ProvisionFailure};
use crate::host::CancelToken;
use crate::journal::{EngineFacts, Event, PlannedStep, RunEnded, RunInterrupted, StepEnded, WriteFailure, Writer};
use crate::name::StepId;
use crate::outcome::Ending;
use crate::verdict::Verdict;

use super::catalog::Catalog;
use super::drive::runner_warning;
use super::engine::Engine;
use super::events::panic_text;
use super::failure::RunFailure;
use super::lane::Lane;
use super::outcome::{Counts, Stop};
use super::pool::Pool;
use super::progress::StepState;
use super::schedule::{Demands, Next, Schedule};
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
    pub(super) provider: &'r dyn Provider,
    /// How many steps may run at a time.
    pub(super) jobs: usize,
    pub(super) demands: Demands,
    pub(super) engine: Engine,
    /// How the engine is found within an instance: `docker_path` and `docker_options`.
    pub(super) engine_words: (String, String),
    /// The limit of the whole run; zero: none.
    pub(super) limit: Duration,
    /// How long earlier processes have worked on the run.
    pub(super) worked: Duration,
    pub(super) began: Instant,
    /// The current boot.
    pub(super) boot_id: &'r str,
    pub(super) sysinfo: Mutex<Collection>,
    /// Facts about the host, for every keyval file.
    pub(super) host_facts: BTreeMap<String, String>,
    pub(super) retry_interrupted: bool,
    /// How often a step that does not pass is run again.
    pub(super) retries: u32,
    /// Why the process before this one did not finish, in words.
    pub(super) why_cut_off: String,
    pub(super) course: Course,
}

/// How far the run is. Locks are held only for a look or a word.
pub(super) struct Course {
    states: Mutex<Vec<StepState>>,
    counts: Mutex<Counts>,
    /// Events that nobody has committed yet.
    pending: Mutex<Vec<Event>>,
    standing: Mutex<Standing>,
    news: Condvar,
}

struct Standing {
    schedule: Schedule,
    /// How many workers go on.
    active: usize,
    /// Why the run is left before its end.
    stop: Option<Stop>,
    failure: Option<WriteFailure>,
    panic: Option<String>,
    /// Steps that were left by a failure.
    left: Vec<StepId>,
}

/// Why a worker goes no further.
#[derive(Debug)]
pub(super) enum Leave {
    /// For a reason of its own, which stops the whole run.
    Stop(Stop),
    /// Because the run is to stop, as somebody else has said.
    Stopped,
    Failed(WriteFailure),
    NoInstance(ProvisionFailure),
}

impl From<WriteFailure> for Leave {
    fn from(failure: WriteFailure) -> Self {
        Leave::Failed(failure)
    }
}

/// What came of all steps together.
pub(super) struct Finished {
    pub(super) stop: Stop,
    pub(super) counts: Counts,
    /// The names of instances that are left over.
    pub(super) left: Vec<String>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Course {
    /// The beginning, or where an earlier process was.
    pub(super) fn new(states: Vec<StepState>, counts: Counts) -> Course {
        let standing = Standing {
            schedule: Schedule::empty(),
            active: 0,
            stop: None,
            failure: None,
            panic: None,
            left: Vec::new(),
        };
        Course {
            states: Mutex::new(states),
            counts: Mutex::new(counts),
            pending: Mutex::default(),
            standing: Mutex::new(standing),
            news: Condvar::new(),
        }
    }
}

impl<'r> Execution<'r> {
    /// Runs all steps that have not ended, and records how the run ends.
    pub(super) fn run(self) -> Result<Finished, RunFailure> {
        let is_serial = self.jobs == 1 && !self.provider.is_for_one_step();
        let schedule = Schedule::new(self.steps, &self.demands, &lock(&self.course.states), is_serial);
        let width = schedule.width();
        lock(&self.course.standing).schedule = schedule;
        let workers = self.jobs.min(width).max(1);
        let pool = Pool::new(self.provider, workers, self.journal, self.cancel);
        lock(&self.course.standing).active = workers;
        thread::scope(|scope| {
            pool.begin(scope, workers.min(width));
            let numbers: Vec<Option<u32>> =
                if self.jobs == 1 { vec![None] } else { (0..).map(Some).take(workers).collect() };
            let (own, others) = numbers.split_first().map_or((None, &[][..]), |(own, others)| (*own, others));
            let threads: Vec<_> = others
                .iter()
                .map(|number| {
                    let lane = Lane::new(&self, &pool, scope, *number);
                    let name = format!("worker {}", number.unwrap_or_default());
                    thread::Builder::new().name(name).spawn_scoped(scope, move || lane.work())
                })
                .collect();
            let missing = threads.iter().filter(|thread| thread.is_err()).count();
            lock(&self.course.standing).active -= missing;
            Lane::new(&self, &pool, scope, own).work();
            for thread in threads.into_iter().flatten() {
                if let Err(panic) = thread.join() {
                    lock(&self.course.standing).panic.get_or_insert(panic_text(&*panic));
                }
            }
            pool.close();
        });
        self.conclude(pool.left())
    }

    /// Says how it all ended.
    fn conclude(self, left: Vec<String>) -> Result<Finished, RunFailure> {
        let standing = lock(&self.course.standing);
        let (stop, failure, at) = (standing.stop.clone(), standing.failure.clone(), standing.left.clone());
        let panic = standing.panic.clone();
        drop(standing);
        if let Some(panic) = panic {
            return Err(RunFailure::Panicked(panic));
        }
        if let Some(failure) = failure {
            return Err(self.failed(failure, &at));
        }
        let stop = stop.unwrap_or(Stop::Complete);
        self.finish(&stop).map_err(|failure| self.failed(failure, &[]))?;
        let counts = *lock(&self.course.counts);
        Ok(Finished { stop, counts, left })
    }

    fn failed(&self, failure: WriteFailure, at: &[StepId]) -> RunFailure {
        let folders: Vec<String> = at.iter().map(|id| self.steps[id.index()].folder()).collect();
        RunFailure::Journal {
            // It may have lost more records by now.
            failure: self.journal.failure().unwrap_or(failure),
            step: Some(folders.join(", ")).filter(|folders| !folders.is_empty()),
        }
    }

    /// Records how the run ends, for now or for good.
    fn finish(&self, stop: &Stop) -> Result<(), WriteFailure> {
        let mut events = std::mem::take(&mut *lock(&self.course.pending));
        self.note_engine(&mut events);
        if let Err(problem) = lock(&self.sysinfo).finish() {
            events.push(runner_warning(problem));
        }
        if *stop == Stop::Complete {
            events.extend(self.lost());
        }
        events.push(match stop {
            Stop::Complete => {
                let seconds = (self.worked + self.began.elapsed()).as_secs_f64();
                Event::RunEnded(RunEnded { verdict: lock(&self.course.counts).worst(), seconds })
            }
            Stop::Interrupted { reason, .. } => Event::RunInterrupted(RunInterrupted { reason: reason.clone() }),
            Stop::Reboot { step, reason } => {
                let reason = format!("{step} waits for a reboot: {reason}");
                Event::RunInterrupted(RunInterrupted { reason })
            }
            Stop::NoInstance { reason } => {
                let reason = format!("no instance could be made: {reason}");
                Event::RunInterrupted(RunInterrupted { reason })
            }
        });
        self.journal.commit(events).wait()
    }

    /// The ends of steps that were planned and of which no worker has told anything: nothing is passed by being forgotten.
    fn lost(&self) -> Vec<Event> {
        let lost = unreported(&lock(&self.course.states));
        let end = |step: StepId| {
            let ending = Ending::new(Verdict::Error, "it was planned, and no worker has reported it");
            self.ended(step, ending.verdict);
            Event::StepEnded(StepEnded { step, ending })
        };
        lost.into_iter().map(end).collect()
    }

    /// What a step has come to.
    pub(super) fn state(&self, id: StepId) -> StepState {
        lock(&self.course.states)[id.index()].clone()
    }

    /// A step has ended.
    pub(super) fn ended(&self, id: StepId, verdict: Verdict) {
        lock(&self.course.states)[id.index()] = StepState::Ended;
        lock(&self.course.counts).add(verdict);
    }

    /// What is still to be committed when the last worker has gone.
    pub(super) fn leave_behind(&self, events: Vec<Event>) {
        lock(&self.course.pending).extend(events);
    }

    /// What is next for a worker, without waiting.
    pub(super) fn next(&self) -> Next {
        let mut standing = lock(&self.course.standing);
        if standing.is_over() { Next::Nothing } else { standing.schedule.next() }
    }

    /// What is next for a worker, once there is something.
    pub(super) fn wait_for_next(&self) -> Next {
        let mut standing = lock(&self.course.standing);
        loop {
            let next = if standing.is_over() { Next::Nothing } else { standing.schedule.next() };
            if next != Next::Wait {
                return next;
            }
            standing = self.course.news.wait(standing).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// How many blocks are left for which there will have to be instances.
    pub(super) fn waiting(&self) -> usize {
        lock(&self.course.standing).schedule.waiting()
    }

    /// A worker has run a block to its end.
    pub(super) fn done(&self, block: usize) {
        lock(&self.course.standing).schedule.done(block);
        self.course.news.notify_all();
    }

    /// A worker goes no further; `at` is where it was. Gives back what it could not do, if the others go on without it.
    pub(super) fn left(
        &self,
        leave: Option<Leave>,
        block: Option<usize>,
        at: Option<StepId>,
    ) -> Option<ProvisionFailure> {
        let mut standing = lock(&self.course.standing);
        standing.active = standing.active.saturating_sub(1);
        let mut told = None;
        match leave {
            Some(Leave::Failed(failure)) => {
                standing.failure.get_or_insert(failure);
                standing.left.extend(at);
            }
            // A wish of the machine's owner counts more than that something could not be had.
            Some(Leave::Stop(stop)) if matches!(standing.stop, None | Some(Stop::NoInstance { .. })) => {
                standing.stop = Some(stop);
            }
            None | Some(Leave::Stopped | Leave::Stop(_)) => {}
            Some(Leave::NoInstance(failure)) => {
                if let Some(block) = block {
                    standing.schedule.give_back(block);
                }
                if standing.active == 0 {
                    standing.stop.get_or_insert(Stop::NoInstance { reason: failure.to_string() });
                } else {
                    told = Some(failure);
                }
            }
        }
        drop(standing);
        self.course.news.notify_all();
        told
    }

    /// A worker has died of a mistake of ours.
    pub(super) fn panicked(&self) {
        let mut standing = lock(&self.course.standing);
        standing.panic.get_or_insert_with(|| "a worker has panicked".to_owned());
        standing.active = standing.active.saturating_sub(1);
        drop(standing);
        self.course.news.notify_all();
    }

    pub(super) fn check_stopped(&self) -> Result<(), Leave> {
        self.check_cancelled()?;
        if lock(&self.course.standing).is_over() { Err(Leave::Stopped) } else { Ok(()) }
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
    pub(super) fn note_engine(&self, pending: &mut Vec<Event>) {
        if let Some((facts, done)) = self.engine.news() {
            self.learn_engine(facts, done, pending);
        }
    }

    /// Records the engine's facts, and what was tidied up in it.
    fn learn_engine(&self, facts: EngineFacts, done: Vec<String>, pending: &mut Vec<Event>) {
        lock(&self.sysinfo).add_engine(&facts);
        pending.push(Event::Engine(facts));
        pending.extend(done.into_iter().map(runner_warning));
    }

    /// Records the engine's facts at once.
    pub(super) fn record_engine(&self, facts: &EngineFacts) {
        lock(&self.sysinfo).add_engine(facts);
        self.journal.append(Event::Engine(facts.clone()));
    }

    /// The facts about the engine under test, for every keyval file.
    pub(super) fn engine_keyvals(&self) -> BTreeMap<String, String> {
        let facts = self.engine.facts().unwrap_or_default();
        let fact = |name: &str| facts.facts.get(name).cloned().unwrap_or_default();
        let provider = if self.provider.is_here() { "shared" } else { self.provider.name() };
        let values = [
            ("engine-provider", provider.to_owned()),
            ("engine-path", fact("client-path")),
            ("engine-options", fact("client-options")),
            (SETTINGS, fact(SETTINGS)),
            ("engine-address", facts.address.clone()),
            ("engine-flavor", facts.flavor.clone()),
            ("engine-version", facts.version.clone()),
        ];
        let known = values.into_iter().filter(|(_, value)| !value.is_empty());
        known.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The folder that steps of an instance leave things in for each other.
    pub(super) fn shared_folder(&self, instance: &str) -> PathBuf {
        shared_folder(self.worker.results, instance)
    }
}

/// The steps that have not ended.
fn unreported(states: &[StepState]) -> Vec<StepId> {
    (0..).map(StepId).zip(states).filter(|(_, state)| **state != StepState::Ended).map(|(id, _)| id).collect()
}

fn shared_folder(results: &Path, instance: &str) -> PathBuf {
    let (results, instance) = (results.to_owned(), Some(instance.to_owned()));
    crate::host::protocol::History { results, previous: None, instance }.shared()
}

impl Standing {
    /// Whether nobody is to begin anything any more.
    fn is_over(&self) -> bool {
        self.stop.is_some() || self.failure.is_some() || self.panic.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_not_ended_is_not_forgotten() {
        let states = [StepState::Ended, StepState::Waiting, StepState::Running(Box::default()), StepState::Ended];
        assert_eq!(unreported(&states), [StepId(1), StepId(2)]);
        assert_eq!(unreported(&[StepState::Ended]), []);
    }
}
