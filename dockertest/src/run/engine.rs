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
        answer: Receiver<EngineFacts>,
        /// Readable when the answer is there, or will never be.
        bell: Arc<EventFd>,
    },
    Known(EngineFacts),
}

impl Engine {
    /// Begins to ask. Without a probe, or without a thread for it, the facts are that nobody knows.
    pub(super) fn ask(probe: Option<EngineProbe>) -> Engine {
        let Some(probe) = probe else { return Engine::unknown("nobody was told how to ask the engine") };
        Engine::try_ask(probe)
            .unwrap_or_else(|error| Engine::unknown(&format!("cannot start a thread to ask the engine: {error}")))
    }

    fn try_ask(probe: EngineProbe) -> io::Result<Engine> {
        let bell = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?);
        let ringing = Ringing(Arc::clone(&bell));
        let (tell, answer) = sync_channel(1);
        thread::Builder::new().name("engine".to_owned()).spawn(move || {
            let _ringing = ringing;
            // Nobody waits any more when the run is over.
            let _ = tell.send(probe());
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

    /// The facts if they have just come in.
    pub(super) fn news(&mut self) -> Option<&EngineFacts> {
        let Engine::Asked { answer, .. } = self else { return None };
        let facts = answer.try_recv().ok()?;
        Some(self.settle(facts))
    }

    /// Waits until the facts are there or somebody wants to stop. The probe has limits of its own.
    pub(super) fn wait(&self, cancel: &CancelToken) {
        let Engine::Asked { bell, .. } = self else { return };
        let mut sources = vec![PollFd::new(bell.as_fd(), PollFlags::POLLIN)];
        sources.extend(cancel.above(CancelLevel::None).map(|wish| PollFd::new(wish, PollFlags::POLLIN)));
        // Ends early only by a signal, and what is there then is looked at once more.
        while poll(&mut sources, PollTimeout::NONE).is_err() {}
    }

    /// The facts, which have come in unless the thread that asks has ended without a word.
    pub(super) fn facts(&mut self) -> (&EngineFacts, bool) {
        let Engine::Asked { answer, .. } = self else { return (self.known(), false) };
        let facts = answer.recv().unwrap_or_else(|_| EngineFacts {
            problem: Some("the thread that asks the engine has ended unexpectedly".to_owned()),
            ..EngineFacts::default()
        });
        (self.settle(facts), true)
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
