//! Running subtests: what is chosen, in which order, one step after the other, recorded so that nothing is lost.
//!
//! A [`Runner`] makes a plan from the configuration, the hosts and what was asked for, and executes it in a
//! [`ResultsFolder`]. Everything it learns goes into the journal of that folder first; [`Resumption`] goes on with a run
//! from there, whatever ended the process that ran it. This is library code: it prints nothing, never exits, handles
//! no signals and has no global state. Progress is told through the journal's sinks, and a run is stopped through a
//! [`CancelToken`](crate::host::CancelToken).
//!
//! A whole run, with a host that is a line of shell:
//!
//! ```
//! use dockertest::config::Layers;
//! use dockertest::host::{CancelToken, HostProgram};
//! use dockertest::journal::Invocation;
//! use dockertest::run::{Options, ResultsFolder, Runner};
//! use dockertest::verdict::Verdict;
//!
//! let script = r#"hello='{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}'
//! case $0 in
//!     list) printf '%s\n' "$hello" '{"subtest":{"name":"example"}}' '{"listed":{"subtests":1}}';;
//!     run) read request; printf '%s\n' "$hello" '{"ended":{"verdict":"GOOD","reason":"","seconds":0.1}}';;
//! esac"#;
//! let host = HostProgram { path: "/bin/sh".into(), arguments: vec!["-c".into(), script.into()] };
//! # let folder = tempfile::tempdir()?;
//! let options = Options { state: folder.path().join("state"), ..Options::new(Invocation::default()) };
//! let runner = Runner::new(Layers::new().load()?, vec![host], options)?;
//!
//! let plan = runner.plan()?;
//! assert_eq!(plan.steps[0].folder(), "docker/subtests/example.test_1-of-1");
//!
//! let (results, _kept_aside) = ResultsFolder::create(&folder.path().join("results"))?;
//! let outcome = runner.execute(plan, results, Vec::new(), &CancelToken::new()?)?;
//! assert_eq!(outcome.verdict(), Verdict::Good);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod catalog;
mod engine;
mod execute;
mod folder;
mod gather;
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
pub use folder::{FolderFailure, ResultsFolder, is_in_use};
pub use outcome::{
    Counts, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_PASSED, EXIT_REBOOT, EXIT_SETUP, EXIT_TERMINATED, Outcome, Stop,
};
pub use plan::{DEFAULT_CLEANUP_TIMEOUT, DEFAULT_STEP_TIMEOUT, PlanFailure};
pub use progress::BrokenJournal;
pub use resume::{ResumeFailure, Resumption};
pub use runner::{Options, RunFailure, Runner, SetupFailure};
pub use selection::{Giver, Selection, UnknownName};
