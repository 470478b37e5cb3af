//! The vocabulary of the journal: everything that a run learns.
//!
//! A record is one line of `journal.jsonl`. Names are kebab-case; a reader skips fields that it does not know, so
//! that an older program reads a newer journal of the same format number.

mod engine;
mod instance;
mod plan;
mod record;
mod run;
mod step;
mod subsubtest;

pub use engine::EngineFacts;
pub use instance::{InstanceDisposed, InstanceProvisioned};
pub use plan::{Plan, PlannedStep};
pub use record::{Event, FORMAT, Record};
pub use run::{Invocation, Loaded, RunEnded, RunInterrupted, RunStarted, Session};
pub use step::{Iteration, Keyvals, Logged, PhaseStarted, RebootRequested, StepEnded, StepStarted};
pub use subsubtest::{SubsubtestEnded, SubsubtestStarted};
