//! The record of a run: events, the append-only file, reading it back.

mod event;

pub use event::{
    EngineFacts, Event, FORMAT, Invocation, Iteration, Keyvals, Logged, PhaseStarted, Plan, PlannedStep,
    RebootRequested, Record, RunEnded, RunInterrupted, RunStarted, Session, StepEnded, StepStarted, SubsubtestEnded,
    SubsubtestStarted,
};
