//! Running subtests: what is chosen, in which order, one step after the other, recorded so that nothing is lost.
//!
//! A [`Runner`] makes a plan from the configuration, the hosts and what was asked for, and executes it in a
//! [`ResultsFolder`]. Everything it learns goes into the journal of that folder first; [`Resumption`] goes on with a run
//! from there, whatever ended the process that ran it. This is library code: it prints nothing, never exits, handles
//! no signals and has no global state. Progress is told through the journal's sinks, and a run is stopped through a
//! [`CancelToken`](crate::host::CancelToken).

mod catalog;
mod engine;
mod execute;
mod folder;
mod known;
mod outcome;
mod plan;
mod progress;
mod resume;
mod runner;
mod secrets;
mod selection;
mod session;
mod step;
mod sysinfo;
mod worker;

pub use catalog::{Catalog, CatalogFailure, CatalogProblem, Entry};
pub use engine::EngineProbe;
pub use folder::{FolderFailure, ResultsFolder};
pub use outcome::{
    Counts, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_PASSED, EXIT_REBOOT, EXIT_SETUP, EXIT_TERMINATED, Outcome, Stop,
};
pub use plan::{DEFAULT_CLEANUP_TIMEOUT, DEFAULT_STEP_TIMEOUT, PlanFailure};
pub use progress::BrokenJournal;
pub use resume::{ResumeFailure, Resumption};
pub use runner::{Options, RunFailure, Runner, SetupFailure};
pub use selection::{Giver, Selection, UnknownName};
