//! A run begins: its journal, its state, and what both say of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::host::{CancelLevel, CancelToken};
use crate::journal::{Event, FORMAT, Invocation, Plan, RunStarted, Session, Sink, Ticket, Writer};
use crate::version::{API_VERSION, check_documentation};

use super::drive::{journal_failure, runner_warning};
use super::failure::RunFailure;
use super::folder::ResultsFolder;
use super::outcome::{Counts, Outcome};
use super::progress::StepState;
use super::runner::Runner;
use super::{secrets, session};

/// Where an execution begins.
pub(super) struct Begin {
    pub(super) run: String,
    pub(super) plan: Plan,
    pub(super) states: Vec<StepState>,
    pub(super) session: Session,
    /// Where facts about the host are to be collected; nothing if they are there already.
    pub(super) sysinfo: Option<PathBuf>,
    pub(super) began: Instant,
    pub(super) worked: Duration,
    pub(super) counts: Counts,
    /// Instances that an earlier process made and did not dispose of.
    pub(super) instances: Vec<String>,
    pub(super) why_cut_off: String,
    /// The folder that keeps what subtests set up; it exists.
    pub(super) state: PathBuf,
    /// The promise that the beginning is in the journal.
    pub(super) ticket: Ticket,
}

impl Runner {
    pub(super) fn execute_in(
        self,
        plan: Plan,
        folder: ResultsFolder,
        sinks: Vec<Box<dyn Sink>>,
        cancel: &CancelToken,
    ) -> Result<Outcome, RunFailure> {
        let session = session::current();
        let set = &self.options.invocation.set;
        let file = |source| RunFailure::File { path: folder.path().join(secrets::FILE_NAME), source };
        // Before the journal begins: a run that cannot go on should not have started.
        let state = make_state_folder(&self.options.state)?;
        secrets::keep(folder.path(), set).map_err(file)?;
        let journal = Writer::create(&folder.journal(), sinks).map_err(journal_failure)?;
        let results = Some(folder.path().to_owned());
        let started = RunStarted {
            format: FORMAT,
            run: session::new_run_name(),
            api_version: API_VERSION,
            invocation: Invocation { set: secrets::mask(set), results, ..self.options.invocation.clone() },
            session: session.clone(),
            loaded: None,
        };
        let run = started.run.clone();
        let begin = journal.commit(vec![Event::RunStarted(started), Event::Planned(plan.clone())]);
        let begin = Begin {
            states: vec![StepState::Waiting; plan.steps.len()],
            run,
            plan,
            session,
            sysinfo: Some(folder.path().join("sysinfo")),
            began: Instant::now(),
            worked: Duration::ZERO,
            counts: Counts::default(),
            instances: Vec::new(),
            why_cut_off: String::new(),
            state,
            ticket: begin,
        };
        self.delay_for_documentation(&journal, cancel);
        self.drive(begin, folder, journal, cancel)
    }

    /// Documentation that was written for another version is told, and costs time, so that somebody mends it.
    fn delay_for_documentation(&self, journal: &Writer, cancel: &CancelToken) {
        let Some(mismatch) = self.options.documentation.and_then(check_documentation) else { return };
        let delay = self.control.docs_version_delay;
        let text = format!("{mismatch}; the run is delayed by {} s", delay.as_secs_f64());
        journal.append(runner_warning(text));
        wait_unless_cancelled(cancel, delay);
    }
}

/// Waits that long, but not once somebody wants to stop.
fn wait_unless_cancelled(cancel: &CancelToken, delay: Duration) {
    let Some(wish) = cancel.above(CancelLevel::None) else { return };
    let timeout = PollTimeout::try_from(delay).unwrap_or(PollTimeout::MAX);
    // Whatever ends it, the run goes on, and looks at the token itself.
    let _ = poll(&mut [PollFd::new(wish, PollFlags::POLLIN)], timeout);
}

pub(super) fn make_state_folder(path: &Path) -> Result<PathBuf, RunFailure> {
    let state = |source| RunFailure::State { path: path.to_owned(), source };
    let path = std::path::absolute(path).map_err(state)?;
    fs::create_dir_all(&path).map_err(state)?;
    Ok(path)
}
