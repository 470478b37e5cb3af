//! The library's face of a run: set up, plan, execute.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, io};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::config::{Configuration, Control, KnownFailures, LoadFailure, ReadFailure};
use crate::engine::daemon;
use crate::engine::objects::{Spared, sweep};
use crate::host::{CancelLevel, CancelToken, HostProgram};
use crate::journal::{Event, FORMAT, Invocation, Logged, Plan, RunStarted, Session, Sink, WriteFailure, Writer};
use crate::outcome::Level;
use crate::version::{API_VERSION, ApiVersion, check_documentation};

use super::catalog::{Catalog, CatalogFailure};
use super::engine::{Engine, EngineProbe, Tidying};
use super::execute::Execution;
use super::folder::{FolderFailure, ResultsFolder};
use super::outcome::{Counts, Outcome, Stop};
use super::plan::{PlanFailure, make};
use super::progress::StepState;
use super::selection::Selection;
use super::worker::{Worker, remove_tree};
use super::{secrets, session, sysinfo};

/// How a run is to be carried out.
///
/// ```
/// use dockertest::journal::Invocation;
/// use dockertest::run::Options;
///
/// let invocation = Invocation { args: vec!["docker_cli/version".to_owned()], ..Invocation::default() };
/// let options = Options { retry_interrupted: true, ..Options::new(invocation) };
/// assert!(options.state.ends_with(".dockertest/state"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// What was asked for, as typed, with the true values of secrets; the journal gets them masked.
    pub invocation: Invocation,
    /// The folder that keeps each subtest's source folder between runs.
    pub state: PathBuf,
    /// The version that the documentation beside the program was written for, if there is one.
    pub documentation: Option<ApiVersion>,
    /// In a resume: whether a step that was cut off is run again.
    pub retry_interrupted: bool,
}

impl Options {
    /// Options for an invocation: state in `.dockertest/state` of the working folder, nothing is run twice.
    #[must_use]
    pub fn new(invocation: Invocation) -> Options {
        Options { invocation, state: PathBuf::from(".dockertest/state"), documentation: None, retry_interrupted: false }
    }
}

/// Why a run cannot be set up. Nothing has run.
///
/// ```
/// use dockertest::config::Layers;
/// use dockertest::host::HostProgram;
/// use dockertest::journal::Invocation;
/// use dockertest::run::{Options, Runner, SetupFailure};
///
/// let host = HostProgram::new("/no/such/host");
/// let failure = Runner::new(Layers::new().load()?, vec![host], Options::new(Invocation::default())).unwrap_err();
/// assert!(matches!(failure, SetupFailure::Hosts(_)));
/// assert!(failure.to_string().starts_with("cannot start the host `/no/such/host`"));
/// # Ok::<(), dockertest::config::LoadFailure>(())
/// ```
#[derive(Debug, thiserror::Error)]
pub enum SetupFailure {
    /// Hosts do not list their subtests.
    #[error(transparent)]
    Hosts(#[from] CatalogFailure),
    /// The configuration cannot be used.
    #[error(transparent)]
    Configuration(LoadFailure),
    /// The section `Control` cannot be read.
    #[error(transparent)]
    Control(#[from] ReadFailure),
    /// The file of known failures cannot be read.
    #[error(transparent)]
    KnownFailures(LoadFailure),
}

/// Why a run did not get to its end, and is not merely interrupted.
///
/// A results folder in which somebody has put a journal meanwhile:
///
/// ```
/// use dockertest::journal::WriteFailure;
/// use dockertest::run::RunFailure;
///
/// let failure = WriteFailure::Exists { path: "results/default/journal.jsonl".into() };
/// let failure = RunFailure::Journal { failure, step: None };
/// assert!(failure.to_string().starts_with("the journal `results/default/journal.jsonl` exists already"));
/// ```
#[derive(Debug, thiserror::Error)]
pub enum RunFailure {
    /// The results folder cannot be used. Nothing has run.
    #[error(transparent)]
    Folder(#[from] FolderFailure),
    /// The folder in which subtests keep what they prepare once cannot be made. Nothing has run.
    #[error(
        "cannot make the folder `{}`, in which subtests keep what they prepare once: {source}; start dockertest in a \
         folder that you may write to", path.display()
    )]
    State {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file of the run cannot be made or removed.
    #[error("cannot make or remove `{}`: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The journal cannot be written. A run does not go on without one.
    #[error("{failure}{}", Stopped(step.as_deref()))]
    Journal {
        /// What the journal said.
        failure: WriteFailure,
        /// The folder of the step that was stopped for it, if one was.
        step: Option<String>,
    },
}

struct Stopped<'a>(Option<&'a str>);

impl std::fmt::Display for Stopped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.map_or(Ok(()), |step| write!(f, "\nthe run was stopped in {step}, which has no verdict"))
    }
}

/// Plans and executes runs of the subtests that hosts hold.
///
/// ```no_run
/// use dockertest::config::{Layers, Source};
/// use dockertest::host::{CancelToken, HostProgram};
/// use dockertest::journal::Invocation;
/// use dockertest::run::{Options, ResultsFolder, Runner};
///
/// let configuration = Layers::new().defaults(Source::Folder("config_defaults".into())).load()?;
/// let host = HostProgram::new("target/debug/dockertest-host");
/// let invocation = Invocation { args: vec!["example".to_owned()], ..Invocation::default() };
/// let runner = Runner::new(configuration, vec![host], Options::new(invocation))?;
/// let plan = runner.plan()?;
/// let (folder, _kept_aside) = ResultsFolder::create("results/default".as_ref())?;
/// let outcome = runner.execute(plan, folder, Vec::new(), &CancelToken::new()?)?;
/// println!("{}", outcome.verdict());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Runner {
    pub(super) configuration: Configuration,
    pub(super) catalog: Catalog,
    pub(super) control: Control,
    pub(super) known: KnownFailures,
    pub(super) options: Options,
    pub(super) probe: Probe,
}

/// Wraps the probe, which cannot be shown.
pub(super) struct Probe(pub(super) Option<EngineProbe>);

impl std::fmt::Debug for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Probe" } else { "no probe" })
    }
}

impl Runner {
    /// Asks the hosts what they hold and reads what controls a run.
    ///
    /// # Errors
    /// A host does not answer, a name is in two hosts, or [Control] or the file of known failures is wrong.
    pub fn new(
        configuration: Configuration,
        hosts: Vec<HostProgram>,
        options: Options,
    ) -> Result<Runner, SetupFailure> {
        let catalog = Catalog::ask(hosts)?;
        Runner::with_catalog(configuration, catalog, options)
    }

    /// The same with hosts that have been asked already, perhaps with plug-ins among them.
    ///
    /// # Errors
    /// [Control] or the file of known failures is wrong.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// # use dockertest::host::{HostProgram, Plugins};
    /// use dockertest::journal::Invocation;
    /// use dockertest::run::{Catalog, Options, Runner};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let folder = folder.path();
    /// let plugins = Plugins::new(HostProgram::new("dockertest-host")).folder(folder);
    /// let catalog = Catalog::with_plugins(&[], &plugins)?;
    /// let runner = Runner::with_catalog(Layers::new().load()?, catalog, Options::new(Invocation::default()))?;
    /// # assert_eq!(runner.catalog().subtests().count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_catalog(
        configuration: Configuration,
        catalog: Catalog,
        options: Options,
    ) -> Result<Runner, SetupFailure> {
        let control = Control::read(&configuration)?;
        let known = match &options.invocation.config_custom {
            Some(folder) => {
                KnownFailures::read(&folder.join(&control.known_failures)).map_err(SetupFailure::KnownFailures)?
            }
            None => KnownFailures::default(),
        };
        Ok(Runner { configuration, catalog, control, known, options, probe: Probe(None) })
    }

    /// Uses a way to ask the engine what it is. It is asked once, at the start of the execution.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// # use dockertest::host::HostProgram;
    /// use dockertest::journal::{EngineFacts, Invocation};
    /// use dockertest::run::{Options, Runner};
    ///
    /// # let script = r#"echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}
    /// # {"subtest":{"name":"subexample","subsubtests":["one","two"]}}
    /// # {"listed":{"subtests":1}}'"#;
    /// # let host = HostProgram { path: "/bin/sh".into(), arguments: vec!["-c".into(), script.into()] };
    /// # let (configuration, options) = (Layers::new().load()?, Options::new(Invocation::default()));
    /// let runner = Runner::new(configuration, vec![host], options)?
    ///     .with_engine_probe(Box::new(|| EngineFacts { version: "20.10.24".to_owned(), ..EngineFacts::default() }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_engine_probe(mut self, probe: EngineProbe) -> Runner {
        self.probe = Probe(Some(probe));
        self
    }

    /// The subtests of all hosts.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The configuration.
    #[must_use]
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// Whether `--args` asks for no execution.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.selection().dry_run
    }

    fn selection(&self) -> Selection {
        Selection::parse(&self.options.invocation.args)
    }

    /// The steps that were asked for, in order.
    ///
    /// # Errors
    /// Unknown names, all of them; options of the framework that cannot be read; nothing to run.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// # use dockertest::host::HostProgram;
    /// use dockertest::journal::Invocation;
    /// use dockertest::run::{Options, Runner};
    ///
    /// # let script = r#"echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}
    /// # {"subtest":{"name":"subexample","subsubtests":["one","two"]}}
    /// # {"listed":{"subtests":1}}'"#;
    /// # let host = HostProgram { path: "/bin/sh".into(), arguments: vec!["-c".into(), script.into()] };
    /// # let configuration = Layers::new().load()?;
    /// let invocation = Invocation { args: vec!["subexample/two !!!".to_owned()], ..Invocation::default() };
    /// let runner = Runner::new(configuration, vec![host], Options::new(invocation))?;
    /// assert!(runner.is_dry_run());
    /// let step = &runner.plan()?.steps[0];
    /// assert_eq!(step.subsubtests.as_deref(), Some(&["two".to_owned()][..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn plan(&self) -> Result<Plan, PlanFailure> {
        make(&self.catalog, &self.configuration, &self.selection(), &self.control)
    }

    /// Executes a plan from its beginning.
    ///
    /// Returns when every step has ended, when `cancel` was used, or when a step waits for a reboot. If the journal
    /// fails, `cancel` is used by the runner itself, so that the running step is killed at once.
    ///
    /// # Errors
    /// Something cannot be written. A run whose journal fails is stopped at once.
    pub fn execute(
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
        let started = RunStarted {
            format: FORMAT,
            run: session::new_run_name(),
            api_version: API_VERSION,
            invocation: Invocation { set: secrets::mask(set), ..self.options.invocation.clone() },
            session: session.clone(),
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

    /// Runs what is left of a plan, and tidies up.
    pub(super) fn drive(
        self,
        begin: Begin,
        folder: ResultsFolder,
        journal: Writer,
        cancel: &CancelToken,
    ) -> Result<Outcome, RunFailure> {
        let stop_all = cancel.clone();
        journal.when_failed(move |failure| stop_all.cancel_now(failure.to_string()));
        let spared = spared(&self.configuration, &begin);
        begin.ticket.wait().map_err(journal_failure)?;
        let tidying: Tidying = Box::new(move |facts| {
            let told =
                |folder: PathBuf| format!("removed what an engine of an earlier run left in {}", folder.display());
            let engines = daemon::sweep().into_iter().map(told);
            sweep(&facts.address, &spared).into_iter().chain(engines).collect()
        });
        let execution = Execution {
            worker: Worker {
                configuration: &self.configuration,
                run: &begin.run,
                results: folder.path(),
                state: &begin.state,
            },
            catalog: &self.catalog,
            steps: &begin.plan.steps,
            known: &self.known,
            journal: &journal,
            cancel,
            engine: Engine::ask(self.probe.0, tidying),
            sysinfo: sysinfo::Collection::begin(folder.path(), begin.sysinfo),
            counts: begin.counts,
            limit: self.control.job_timeout,
            worked: begin.worked,
            began: begin.began,
            boot_id: &begin.session.boot_id,
            host_facts: sysinfo::keyvals(),
            pending: Vec::new(),
            retry_interrupted: self.options.retry_interrupted,
            why_cut_off: begin.why_cut_off,
        };
        let (stop, counts) = execution.run(begin.states)?;
        let report_failure = close(journal)?;
        if stop == Stop::Complete {
            tidy_up(folder.path())?;
        }
        let planned = begin.plan.steps.len();
        Ok(Outcome { results: folder.into_path(), planned, counts, stop, report_failure })
    }
}

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
    pub(super) why_cut_off: String,
    /// The folder that keeps what subtests set up; it exists.
    pub(super) state: PathBuf,
    /// The promise that the beginning is in the journal.
    pub(super) ticket: crate::journal::Ticket,
}

/// What earlier runs made and this one leaves alone: what is to be preserved, and what steps made that it goes on with.
fn spared(configuration: &Configuration, begin: &Begin) -> Spared {
    let goes_on = |state: &StepState| matches!(state, StepState::Running(_) | StepState::Paused(_));
    let steps = begin.plan.steps.iter().zip(&begin.states).filter(|(_, state)| goes_on(state));
    let defaults = configuration.defaults();
    Spared {
        run: begin.run.clone(),
        steps: steps.map(|(step, _)| step.folder()).collect(),
        containers: defaults.list("preserve_cnames"),
        images: defaults.list("preserve_fqins"),
    }
}

pub(super) fn journal_failure(failure: WriteFailure) -> RunFailure {
    RunFailure::Journal { failure, step: None }
}

/// A warning of the runner itself.
pub(super) fn runner_warning(text: String) -> Event {
    Event::Logged(Logged { step: None, subsubtest: None, level: Level::Warning, text })
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

/// Closes the journal; gives back what kept a report from being written.
pub(super) fn close(journal: Writer) -> Result<Option<WriteFailure>, RunFailure> {
    match journal.close() {
        Ok(()) => Ok(None),
        Err(failure @ WriteFailure::Report { .. }) => Ok(Some(failure)),
        Err(failure) => Err(journal_failure(failure)),
    }
}

/// Removes what only a run that is not complete needs.
pub(super) fn tidy_up(results: &Path) -> Result<(), RunFailure> {
    secrets::forget(results).map_err(|source| RunFailure::File { path: results.join(secrets::FILE_NAME), source })?;
    // Something that a step left mounted there has been told in its log.
    let _ = remove_tree(&results.join("tmp"));
    Ok(())
}
