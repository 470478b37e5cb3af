//! The engine's facts, asked once on a thread of their own while the first steps may already run.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
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

/// The facts, or the promise of them.
#[derive(Debug)]
pub(super) enum Engine {
    Asked {
        answer: Receiver<(EngineFacts, Vec<String>)>,
        /// Readable when the answer is there, or will never be.
        bell: Arc<EventFd>,
    },
    Known(EngineFacts),
}

/// What is done in an engine that answers, before anybody gets its facts; it tells in words what it did.
pub(super) type Tidying = Box<dyn FnOnce(&EngineFacts) -> Vec<String> + Send>;

impl Engine {
    /// Begins to ask. Without a probe, or without a thread for it, the facts are that nobody knows.
    pub(super) fn ask(probe: Option<EngineProbe>, tidying: Tidying) -> Engine {
        let Some(probe) = probe else { return Engine::unknown("nobody was told how to ask the engine") };
        Engine::try_ask(probe, tidying)
            .unwrap_or_else(|error| Engine::unknown(&format!("cannot start a thread to ask the engine: {error}")))
    }

    fn try_ask(probe: EngineProbe, tidying: Tidying) -> io::Result<Engine> {
        let bell = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?);
        let ringing = Ringing(Arc::clone(&bell));
        let (tell, answer) = sync_channel(1);
        thread::Builder::new().name("engine".to_owned()).spawn(move || {
            let _ringing = ringing;
            let facts = probe();
            let done = if facts.problem.is_none() { tidying(&facts) } else { Vec::new() };
            // Nobody waits any more when the run is over.
            let _ = tell.send((facts, done));
        })?;
        Ok(Engine::Asked { answer, bell })
    }

    fn unknown(problem: &str) -> Engine {
        Engine::Known(EngineFacts { problem: Some(problem.to_owned()), ..EngineFacts::default() })
    }

    /// Whether nobody has to wait for the facts.
    pub(super) fn is_known(&self) -> bool {
        matches!(self, Engine::Known(_))
    }

    /// The facts, and what was tidied up, if they have just come in.
    pub(super) fn news(&mut self) -> Option<(EngineFacts, Vec<String>)> {
        let Engine::Asked { answer, .. } = self else { return None };
        let (facts, done) = answer.try_recv().ok()?;
        Some((self.settle(facts).clone(), done))
    }

    /// Waits until the facts are there or somebody wants to stop. The probe has limits of its own.
    pub(super) fn wait(&self, cancel: &CancelToken) {
        let Engine::Asked { bell, .. } = self else { return };
        let mut sources = vec![PollFd::new(bell.as_fd(), PollFlags::POLLIN)];
        sources.extend(cancel.above(CancelLevel::None).map(|wish| PollFd::new(wish, PollFlags::POLLIN)));
        // Ends early only by a signal, and what is there then is looked at once more.
        while poll(&mut sources, PollTimeout::NONE).is_err() {}
    }

    /// The facts, which have come in unless the thread that asks has ended without a word; if they are news, also what
    /// was tidied up.
    pub(super) fn facts(&mut self) -> (&EngineFacts, Option<Vec<String>>) {
        let Engine::Asked { answer, .. } = self else { return (self.known(), None) };
        let (facts, done) = answer.recv().unwrap_or_else(|_| {
            let problem = Some("the thread that asks the engine has ended unexpectedly".to_owned());
            (EngineFacts { problem, ..EngineFacts::default() }, Vec::new())
        });
        (self.settle(facts), Some(done))
    }

    fn settle(&mut self, facts: EngineFacts) -> &EngineFacts {
        *self = Engine::Known(facts);
        self.known()
    }

    fn known(&self) -> &EngineFacts {
        match self {
            Engine::Known(facts) => facts,
            Engine::Asked { .. } => unreachable!("asked for facts that have not come in"),
        }
    }
}

/// Rings when the thread that holds it ends, by whatever way.
struct Ringing(Arc<EventFd>);

impl Drop for Ringing {
    fn drop(&mut self) {
        // A full counter would be readable as well.
        let _ = self.0.write(1);
    }
}
