//! The engine's facts, asked once on a thread of their own while the first steps may already run.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use crate::journal::EngineFacts;

/// Asks the engine what it is. It answers in any case: an engine that does not is an answer with a `problem`.
pub type EngineProbe = Box<dyn FnOnce() -> EngineFacts + Send>;

/// The facts, or the promise of them.
#[derive(Debug)]
pub(super) enum Engine {
    Asked(Receiver<EngineFacts>),
    Known(EngineFacts),
}

impl Engine {
    /// Begins to ask. Without a probe, or without a thread for it, the facts are that nobody knows.
    pub(super) fn ask(probe: Option<EngineProbe>) -> Engine {
        let Some(probe) = probe else { return Engine::unknown("nobody was told how to ask the engine") };
        let (answer, facts) = sync_channel(1);
        let asking = thread::Builder::new().name("engine".to_owned()).spawn(move || {
            // Nobody waits any more when the run is over.
            let _ = answer.send(probe());
        });
        match asking {
            Ok(_) => Engine::Asked(facts),
            Err(error) => Engine::unknown(&format!("cannot start a thread to ask the engine: {error}")),
        }
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
        let Engine::Asked(answer) = self else { return None };
        let facts = answer.try_recv().ok()?;
        Some(self.settle(facts))
    }

    /// Waits for the facts, and tells whether they have just come in. The probe has limits of its own.
    pub(super) fn wait(&mut self) -> (&EngineFacts, bool) {
        let Engine::Asked(answer) = self else { return (self.known(), false) };
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
            Engine::Asked(_) => unreachable!("asked for facts that have not come in"),
        }
    }
}
