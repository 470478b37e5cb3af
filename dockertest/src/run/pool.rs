//! The instances of a run: made when they are wanted, one ahead where each is for one step only, and disposed of.
//!
//! Making and disposing of instances goes on beside the steps, on threads of its own. Every instance is in the journal
//! before anybody gets it, so that whatever ends this process, somebody can dispose of it.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};

use crate::environment::{DisposeFailure, Instance, Provider, ProvisionFailure};
use crate::host::CancelToken;
use crate::journal::{Event, InstanceDisposed, InstanceProvisioned, Writer};

use super::drive::runner_warning;

/// The instances of one provider.
#[derive(Debug)]
pub(super) struct Pool<'r> {
    provider: &'r dyn Provider,
    journal: &'r Writer,
    cancel: &'r CancelToken,
    /// How many workers there are.
    workers: usize,
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct State {
    ready: VecDeque<Box<dyn Instance>>,
    /// How many are being made.
    making: usize,
    /// How many were made and are not gone.
    live: usize,
    /// How many workers wait for one.
    waiting: usize,
    /// What could not be made, until a worker has taken notice.
    failures: VecDeque<ProvisionFailure>,
    /// Nobody wants any more.
    closed: bool,
    left: Vec<String>,
}

impl<'r> Pool<'r> {
    pub(super) fn new(
        provider: &'r dyn Provider,
        workers: usize,
        journal: &'r Writer,
        cancel: &'r CancelToken,
    ) -> Pool<'r> {
        Pool { provider, journal, cancel, workers, state: Mutex::default(), news: Condvar::new() }
    }

    /// Whether an instance is this machine: nothing is made, and there is nothing to tell.
    pub(super) fn is_here(&self) -> bool {
        self.provider.is_here()
    }

    pub(super) fn is_for_one_step(&self) -> bool {
        self.provider.is_for_one_step()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to make the first instances, so many as there will be workers with something to do.
    pub(super) fn begin<'s>(&'s self, scope: &'s Scope<'s, '_>, count: usize) {
        let Some(count) = NonZeroUsize::new(count).filter(|_| !self.is_here()) else { return };
        let mut state = self.lock();
        if self.is_for_one_step() {
            (0..count.get()).for_each(|_| self.order(scope, &mut state, NonZeroUsize::MIN));
        } else {
            // At once: a call for each would cost its time each.
            self.order(scope, &mut state, count);
        }
    }

    /// Has instances made on a thread of their own.
    fn order<'s>(&'s self, scope: &'s Scope<'s, '_>, state: &mut State, count: NonZeroUsize) {
        let most = self.provider.at_most().map_or(usize::MAX, NonZeroUsize::get);
        let room = most.saturating_sub(state.live + state.making);
        let Some(count) = NonZeroUsize::new(room.min(count.get())) else { return };
        state.making += count.get();
        let thread = thread::Builder::new().name("provision".to_owned()).spawn_scoped(scope, move || self.make(count));
        if let Err(error) = thread {
            state.making -= count.get();
            let failure = ProvisionFailure::new(format!("no thread can be started for it: {error}"), Vec::new());
            state.failures.push_back(failure);
        }
    }

    fn make(&self, count: NonZeroUsize) {
        let made = self.provider.provision(count, self.cancel);
        let mut told = None;
        if let Ok(instances) = &made {
            let event = |instance: &str| {
                let (provider, instance) = (self.provider.name().to_owned(), instance.to_owned());
                Event::InstanceProvisioned(InstanceProvisioned { provider, instance })
            };
            let events = instances.iter().map(|instance| event(instance.id())).collect();
            // Not before it is on disk may anything be run there.
            told = Some(self.journal.commit(events).wait());
        }
        let mut state = self.lock();
        state.making -= count.get();
        match made {
            Ok(instances) => {
                state.live += instances.len();
                state.ready.extend(instances);
                // A journal that cannot be written is told to all by itself.
                state.closed |= matches!(told, Some(Err(_)));
            }
            Err(failure) => {
                state.left.extend(failure.left().iter().cloned());
                state.failures.push_back(failure);
            }
        }
        drop(state);
        self.news.notify_all();
    }

    /// An instance, as soon as there is one. `more` is how many blocks are left for which there will have to be others.
    pub(super) fn take<'s>(
        &'s self,
        scope: &'s Scope<'s, '_>,
        more: usize,
    ) -> Result<Box<dyn Instance>, ProvisionFailure> {
        if self.is_here() {
            let instances = self.provider.provision(NonZeroUsize::MIN, self.cancel)?;
            return instances.into_iter().next().ok_or_else(none);
        }
        let mut state = self.lock();
        state.waiting += 1;
        let taken = loop {
            if state.closed {
                break Err(none());
            }
            if let Some(instance) = state.ready.pop_front() {
                break Ok(instance);
            }
            if let Some(failure) = state.failures.pop_front() {
                break Err(failure);
            }
            let reason = self.cancel.reason();
            if let Some(reason) = reason.filter(|_| state.making == 0) {
                break Err(ProvisionFailure::new(reason, Vec::new()));
            }
            if state.making < state.waiting && !self.cancel.is_cancelled() {
                self.order(scope, &mut state, NonZeroUsize::MIN);
            }
            if state.failures.is_empty() {
                state = self.news.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        };
        state.waiting -= 1;
        if taken.is_ok() && self.is_for_one_step() && !self.cancel.is_cancelled() {
            let ahead = more.min(self.workers.div_ceil(2));
            while state.ready.len() + state.making < ahead + state.waiting {
                let before = state.making;
                self.order(scope, &mut state, NonZeroUsize::MIN);
                if state.making == before {
                    break;
                }
            }
        }
        taken
    }

    /// An instance that can be used again.
    pub(super) fn give_back(&self, instance: Box<dyn Instance>) {
        self.lock().ready.push_back(instance);
        self.news.notify_all();
    }

    /// Disposes of an instance while other things go on.
    pub(super) fn dispose<'s>(&'s self, scope: &'s Scope<'s, '_>, instance: Box<dyn Instance>) {
        if self.is_here() {
            return;
        }
        // Kept where the thread finds it, so that it is not lost if there is none.
        let held = std::sync::Arc::new(Mutex::new(Some(instance)));
        let take = |held: &Mutex<Option<Box<dyn Instance>>>| {
            held.lock().unwrap_or_else(PoisonError::into_inner).take().into_iter().collect::<Vec<_>>()
        };
        let inside = std::sync::Arc::clone(&held);
        let thread = thread::Builder::new()
            .name("dispose".to_owned())
            .spawn_scoped(scope, move || self.dispose_of(take(&inside)));
        if thread.is_err() {
            self.dispose_of(take(&held));
        }
    }

    fn dispose_of(&self, instances: Vec<Box<dyn Instance>>) {
        if instances.is_empty() {
            return;
        }
        let names: Vec<String> = instances.iter().map(|instance| instance.id().to_owned()).collect();
        let failures = self.provider.dispose(instances);
        let event = |instance: &String| {
            let failure = failures.iter().find(|failure| failure.instance() == instance);
            let problem = failure.map(DisposeFailure::to_string);
            Event::InstanceDisposed(InstanceDisposed { instance: instance.clone(), problem })
        };
        names.iter().map(event).for_each(|event| self.journal.append(event));
        let mut state = self.lock();
        state.live = state.live.saturating_sub(names.len());
        state.left.extend(failures.iter().map(|failure| failure.instance().to_owned()));
        drop(state);
        self.news.notify_all();
    }

    /// Disposes of all that are ready, at once; waits for those that are being made first. Nobody uses one any more.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state = self.news.wait_while(state, |state| state.making > 0).unwrap_or_else(PoisonError::into_inner);
        let ready = std::mem::take(&mut state.ready);
        let failures = std::mem::take(&mut state.failures);
        drop(state);
        self.news.notify_all();
        if !self.is_here() {
            for failure in failures.iter().filter(|_| !self.cancel.is_cancelled()) {
                self.journal.append(runner_warning(format!("no further instance could be made: {failure}")));
            }
            self.dispose_of(ready.into());
        }
    }

    /// The names of instances that are left over.
    pub(super) fn left(&self) -> Vec<String> {
        self.lock().left.clone()
    }
}

fn none() -> ProvisionFailure {
    ProvisionFailure::new("there is none any more", Vec::new())
}
