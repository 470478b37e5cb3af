//! Running subtests: what is chosen, in which order, how many at a time, recorded so that nothing is lost.
//!
//! Needs the feature `runner`.
//!
//! A [`Runner`] makes a plan from the configuration, the hosts and what was asked for, and executes it in a
//! [`ResultsFolder`]. Everything it learns goes into the journal of that folder first; [`Resumption`] goes on with a run
//! from there, whatever ended the process that ran it. This is library code: it prints nothing, never exits, handles
//! no signals and has no global state, so runs can go on side by side. Progress is told to callbacks and through
//! iterators, and a run is stopped through a [`RunHandle`] or a [`CancelToken`](crate::host::CancelToken).
//!
//! A whole run, with a host that is a line of shell:
//!
//! ```
//! use dockertest::host::HostProgram;
//! use dockertest::run::Runner;
//! use dockertest::verdict::Verdict;
//!
//! let script = r#"hello='{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}'
//! case $0 in
//!     list) printf '%s\n' "$hello" '{"subtest":{"name":"example"}}' '{"listed":{"subtests":1}}';;
//!     run) read request; printf '%s\n' "$hello" '{"ended":{"verdict":"GOOD","reason":"","seconds":0.1}}';;
//! esac"#;
//! let host = HostProgram::new("/bin/sh").arguments(["-c", script]);
//! # let folder = tempfile::tempdir()?;
//! let runner = Runner::builder()
//!     .host(host)
//!     .results(folder.path().join("results"))
//!     .state(folder.path().join("state"))
//!     .without_engine() // This subtest needs none.
//!     .build()?;
//! assert_eq!(runner.plan()?.steps[0].folder(), "docker/subtests/example.test_1-of-1");
//!
//! let run = runner.start();
//! for record in run.events() {
//!     println!("{}", record.event.kind());
//! }
//! let outcome = run.wait()?;
//! assert_eq!(outcome.verdict(), Verdict::Good);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod begin;
mod builder;
mod catalog;
mod culprits;
mod drive;
mod engine;
mod enter;
mod events;
mod execute;
mod failure;
mod folder;
mod gather;
mod handle;
mod isolated;
mod known;
mod lane;
pub(crate) mod nearest;
mod options;
mod outcome;
mod plan;
mod pool;
mod progress;
mod resume;
mod runner;
mod schedule;
mod secrets;
mod selection;
mod session;
mod step;
mod sysinfo;
mod worker;

pub use builder::RunnerBuilder;
pub use catalog::{Catalog, CatalogFailure, CatalogProblem, Entry};
pub use culprits::{Culprits, find_culprits};
pub use engine::EngineProbe;
pub use enter::{EnterFailure, Purpose};
pub use events::Events;
pub use failure::{RunFailure, SetupFailure};
pub use folder::{FolderFailure, ResultsFolder, is_in_use};
pub use handle::RunHandle;
pub use outcome::{
    Counts, EXIT_ENVIRONMENT, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_PASSED, EXIT_REBOOT, EXIT_SETUP, EXIT_TERMINATED,
    Outcome, Stop,
};
pub use plan::{DEFAULT_CLEANUP_TIMEOUT, DEFAULT_STEP_TIMEOUT, PlanFailure};
pub use progress::BrokenJournal;
pub use resume::{ResumeFailure, Resumption};
pub use runner::Runner;
#[cfg(feature = "harness")]
pub(crate) use secrets::{forget, mask};
pub use selection::{Giver, Selection, UnknownName};
#[cfg(feature = "harness")]
pub(crate) use worker::remove_tree;
