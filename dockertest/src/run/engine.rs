//! The engine's facts, asked once: on this machine by a thread of their own while the first steps may already run, in an
//! instance by the worker that has the first one.

use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{io, thread};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};

use crate::host::{CancelLevel, CancelToken};
use crate::journal::EngineFacts;

/// Asks the engine what it is. It answers in any case: an engine that does not is an answer with a `problem`.
///
/// One that knows the answer, for a test of an embedder:
///
/// ```
/// use dockertest::journal::EngineFacts;
/// use dockertest::run::EngineProbe;
///
/// let probe: EngineProbe = Box::new(|| EngineFacts { version: "20.10.24".to_owned(), ..EngineFacts::default() });
/// assert_eq!(probe().version, "20.10.24");
/// ```
pub type EngineProbe = Box<dyn FnOnce() -> EngineFacts + Send>;

/// The facts, or the promise of them. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Engine(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    known: Mutex<Known>,
    /// Readable when the facts are there. Without one, they are there from the beginning.
    bell: Option<EventFd>,
}

#[derive(Debug, Default)]
struct Known {
    /// Whether somebody asks, or has asked.
    claimed: bool,
    facts: Option<EngineFacts>,
    /// What was tidied up, until somebody has recorded it and the facts.
    news: Option<Vec<String>>,
}

/// What is done in an engine that answers, before anybody gets its facts; it tells in words what it did.
pub(super) type Tidying = Box<dyn FnOnce(&EngineFacts) -> Vec<String> + Send>;

impl Engine {
    /// Nobody has been asked yet: the first worker that has an instance asks in it.
    pub(super) fn to_be_asked() -> Engine {
        match EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK) {
            Ok(bell) => Engine(Arc::new(Shared { known: Mutex::default(), bell: Some(bell) })),
            Err(error) => Engine::unknown(&format!("no descriptor is left to ask the engine: {error}")),
        }
    }

    /// Begins to ask. Without a probe, or without a thread for it, the facts are that nobody knows.
    pub(super) fn ask(probe: Option<EngineProbe>, tidying: Tidying) -> Engine {
        let Some(probe) = probe else { return Engine::unknown("nobody was told how to ask the engine") };
        let engine = Engine::to_be_asked();
        if let Some(asking) = engine.claim()
            && let Err(error) = Engine::try_ask(asking, probe, tidying)
        {
            return Engine::unknown(&format!("cannot start a thread to ask the engine: {error}"));
        }
        engine
    }

    fn try_ask(asking: AskingEngine, probe: EngineProbe, tidying: Tidying) -> io::Result<()> {
        thread::Builder::new().name("engine".to_owned()).spawn(move || {
            let facts = probe();
            let done = if facts.problem.is_none() { tidying(&facts) } else { Vec::new() };
            asking.tell(facts, done);
        })?;
        Ok(())
    }

    fn unknown(problem: &str) -> Engine {
        let facts = EngineFacts { problem: Some(problem.to_owned()), ..EngineFacts::default() };
        let known = Known { claimed: true, facts: Some(facts), news: None };
        Engine(Arc::new(Shared { known: Mutex::new(known), bell: None }))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The task of asking, for the first who wants it.
    pub(super) fn claim(&self) -> Option<AskingEngine> {
        let mut known = self.lock();
        let first = !std::mem::replace(&mut known.claimed, true);
        first.then(|| AskingEngine(self.clone()))
    }

    /// The facts, if they are there.
    pub(super) fn facts(&self) -> Option<EngineFacts> {
        self.lock().facts.clone()
    }

    /// The facts, and what was tidied up, for the first who asks after they have come in.
    pub(super) fn news(&self) -> Option<(EngineFacts, Vec<String>)> {
        let mut known = self.lock();
        let done = known.news.take()?;
        known.facts.clone().map(|facts| (facts, done))
    }

    /// Waits until the facts are there or somebody wants to stop. The probe has limits of its own.
    pub(super) fn wait(&self, cancel: &CancelToken) {
        self.wait_for(cancel, PollTimeout::NONE);
    }

    /// The same, but no longer than this.
    pub(super) fn wait_at_most(&self, cancel: &CancelToken, limit: Duration) {
        self.wait_for(cancel, PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX));
    }

    fn wait_for(&self, cancel: &CancelToken, limit: PollTimeout) {
        let Some(bell) = &self.0.bell else { return };
        let mut sources = vec![PollFd::new(bell.as_fd(), PollFlags::POLLIN)];
        sources.extend(cancel.above(CancelLevel::None).map(|wish| PollFd::new(wish, PollFlags::POLLIN)));
        // Ends early only by a signal, and what is there then is looked at once more.
        while poll(&mut sources, limit).is_err() {}
    }
}

/// The task of asking the engine. Whoever drops it without an answer leaves everybody with the fact that there is none.
#[derive(Debug)]
pub(super) struct AskingEngine(Engine);

impl AskingEngine {
    /// Says what the engine is, and what was tidied up in it.
    pub(super) fn tell(self, facts: EngineFacts, done: Vec<String>) {
        self.settle(facts, Some(done));
    }

    /// Says what the engine is, when that is recorded already.
    pub(super) fn tell_recorded(self, facts: EngineFacts) {
        self.settle(facts, None);
    }

    fn settle(&self, facts: EngineFacts, news: Option<Vec<String>>) {
        let mut known = self.0.lock();
        if known.facts.is_some() {
            return;
        }
        (known.facts, known.news) = (Some(facts), news);
        drop(known);
        if let Some(bell) = &self.0.0.bell {
            // A full counter would be readable as well.
            let _ = bell.write(1);
        }
    }
}

impl Drop for AskingEngine {
    fn drop(&mut self) {
        let problem = Some("whoever asks the engine has ended unexpectedly".to_owned());
        self.settle(EngineFacts { problem, ..EngineFacts::default() }, Some(Vec::new()));
    }
}
