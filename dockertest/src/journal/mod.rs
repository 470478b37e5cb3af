//! The record of a run: events, the append-only file, reading it back.
//!
//! The journal is the only truth of a run. A [`Writer`] appends [`Event`]s to it and hands each [`Record`] to its
//! [`Sink`]s once it is on disk; [`read`] gets them back, whatever moment the run was cut off at. What the records
//! look like to a person is the business of [`crate::report`].
//!
//! ```
//! use dockertest::journal::{Event, FILE_NAME, Invocation, RunStarted, Session, Writer, read};
//!
//! # let results = tempfile::tempdir()?;
//! let path = results.path().join(FILE_NAME);
//! let journal = Writer::create(&path, Vec::new())?;
//! let started = RunStarted::new("20270115-080000-4711", Invocation::default(), Session::default());
//! journal.commit(vec![Event::RunStarted(started)]).wait()?; // It is on disk now, whatever comes.
//! journal.close()?;
//!
//! let records = read(&path)?.records;
//! assert_eq!(records[0].seq, 0);
//! assert_eq!(records[0].event.kind(), "run-started");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod event;
#[cfg(feature = "runner")]
mod failure;
#[cfg(feature = "runner")]
mod file;
mod make;
#[cfg(feature = "runner")]
mod reader;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(feature = "runner")]
mod scribe;
#[cfg(feature = "runner")]
mod sink;
#[cfg(test)]
mod tests;
#[cfg(feature = "runner")]
mod writer;

pub use event::{
    EngineFacts, Event, FORMAT, InstanceDisposed, InstanceProvisioned, Invocation, Iteration, Keyvals, Loaded, Logged,
    PhaseStarted, Plan, PlannedStep, RebootRequested, Record, RunEnded, RunInterrupted, RunStarted, Session, StepEnded,
    StepStarted, SubsubtestEnded, SubsubtestStarted,
};
#[cfg(feature = "runner")]
pub use failure::WriteFailure;
#[cfg(feature = "runner")]
pub(crate) use reader::beginning;
#[cfg(feature = "runner")]
pub use reader::{ReadFailure, Reading, parse, read};
#[cfg(feature = "runner")]
pub use sink::Sink;
#[cfg(feature = "runner")]
pub(crate) use writer::now_us;
#[cfg(feature = "runner")]
pub use writer::{Ticket, Writer};

/// The name of the journal's file within a results folder.
pub const FILE_NAME: &str = "journal.jsonl";
