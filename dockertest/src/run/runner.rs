//! The library's face of a run: set up, plan, execute.

use std::collections::BTreeMap;
use std::fs;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::config::{Configuration, Control, KnownFailures};
use crate::engine::objects::{Spared, sweep};
use crate::engine::{Inquiry, daemon};
use crate::environment::Provider;
use crate::host::{CancelLevel, CancelToken};
use crate::journal::{
    Event, FORMAT, InstanceDisposed, Invocation, Logged, Plan, RunStarted, Session, Sink, WriteFailure, Writer,
};
use crate::outcome::Level;
use crate::version::{API_VERSION, ApiVersion, check_documentation};

use super::builder::{Asking, RunnerBuilder, Watching};
use super::catalog::Catalog;
use super::engine::{Engine, Tidying};
use super::events::{Feed, Told};
use super::execute::{Course, Execution, Finished};
use super::failure::{RunFailure, SetupFailure};
use super::folder::ResultsFolder;
use super::handle::{RunHandle, on_own_thread};
use super::isolated::Isolated;
use super::outcome::{Counts, Outcome, Stop};
use super::plan::{ALONE, GROUP, PlanFailure, make};
use super::progress::StepState;
use super::schedule::{Demands, Schedule};
use super::selection::Selection;
use super::worker::{Worker, remove_tree};
use super::{secrets, session, sysinfo};

/// The log of a service of podman that is run for the time of a run, below its results folder.
const SERVICE_LOG: &str = "debug/podman-service.log";

/// How a run is to be carried out.
#[derive(Debug)]
pub(super) struct Options {
    /// What was asked for, as typed, with the true values of secrets; the journal gets them masked.
    pub(super) invocation: Invocation,
    pub(super) results: PathBuf,
    /// The folder that keeps each subtest's source folder between runs.
    pub(super) state: PathBuf,
    pub(super) documentation: Option<ApiVersion>,
    /// In a resume: whether a step that was cut off is run again.
    pub(super) retry_interrupted: bool,
    pub(super) provider: Arc<dyn Provider>,
    /// How many steps may run at a time.
    pub(super) jobs: NonZeroUsize,
    /// How long subtests took before, by name.
    pub(super) durations: BTreeMap<String, Duration>,
    pub(super) grouping: Option<Grouping>,
    /// By which number the subtests are put in another order.
    pub(super) shuffle: Option<u64>,
    /// Whether all subtests are one group, whatever they say.
    pub(super) in_one_instance: bool,
}

/// Tells the group of a subtest by its name, if it is in one.
pub(super) struct Grouping(pub(super) Box<GroupOf>);

type GroupOf = dyn Fn(&str) -> Option<String> + Send + Sync;

impl std::fmt::Debug for Grouping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Grouping")
    }
}

/// Plans and executes runs of the subtests that hosts hold. It is made by a [`builder`](Runner::builder).
///
/// [`start`](Runner::start) begins a run and returns, [`run`](Runner::run) waits for its end, and
/// [`execute`](Runner::execute) leaves the plan and the folder to the caller. All of them work on threads of their own:
/// nothing needs an async runtime, and nothing minds to be called in one, but for the time that it takes.
///
/// ```no_run
/// use dockertest::config::{Layers, Source};
/// use dockertest::host::{CancelToken, HostProgram};
/// use dockertest::run::Runner;
///
/// let runner = Runner::builder()
///     .layers(Layers::new().defaults(Source::Folder("config_defaults".into())))
///     .host(HostProgram::new("target/debug/dockertest-host"))
///     .args(["example"])
///     .build()?;
/// let outcome = runner.run(&CancelToken::new()?)?;
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
    pub(super) asking: Asking,
    pub(super) watching: Watching,
}

impl Runner {
    /// Begins to set up a runner.
    pub fn builder() -> RunnerBuilder {
        RunnerBuilder::default()
    }

    /// Adds a report that is made while the run goes on, as [`RunnerBuilder::sink`] does.
    #[must_use]
    pub fn sink(mut self, sink: Box<dyn Sink>) -> Runner {
        self.watching.sinks.push(sink);
        self
    }

    /// The folder that keeps each subtest's source folder between runs, as [`RunnerBuilder::state`] does.
    #[must_use]
    pub fn state(mut self, path: impl Into<PathBuf>) -> Runner {
        self.options.state = path.into();
        self
    }

    /// Has steps run elsewhere, so many at a time, as [`RunnerBuilder::provider`] and [`RunnerBuilder::jobs`] do: for who
    /// has to know the configuration first.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use std::sync::Arc;
    ///
    /// use dockertest::environment::Shared;
    /// use dockertest::run::Runner;
    ///
    /// let runner = Runner::builder().build()?.in_environment(Arc::new(Shared), NonZeroUsize::MIN);
    /// # Ok::<(), dockertest::run::SetupFailure>(())
    /// ```
    #[must_use]
    pub fn in_environment(mut self, provider: Arc<dyn Provider>, jobs: NonZeroUsize) -> Runner {
        (self.options.provider, self.options.jobs) = (provider, jobs);
        self
    }

    /// Tells the group of subtests that have none in their section, as [`RunnerBuilder::group_by`] does.
    #[must_use]
    pub fn grouped_by(mut self, group: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Runner {
        self.options.grouping = Some(Grouping(Box::new(group)));
        self
    }

    /// Tells how long subtests took before, as [`RunnerBuilder::durations`] does.
    #[must_use]
    pub fn with_durations(mut self, durations: BTreeMap<String, Duration>) -> Runner {
        self.options.durations = durations;
        self
    }

    /// Has every step run in an instance of its own, whatever the provider is used to.
    #[must_use]
    pub fn isolated(mut self) -> Runner {
        self.options.invocation.isolated = true;
        if !self.options.provider.is_for_one_step() && !self.options.provider.is_here() {
            self.options.provider = Arc::new(Isolated(self.options.provider));
        }
        self
    }

    /// Has a step that does not pass run again, so many times at most. One that passes then is flaky, and says so.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Runner {
        self.options.invocation.retries = NonZeroU32::new(retries);
        self
    }

    /// Puts the subtests of the plan in another order; the same number gives the same order.
    ///
    /// ```
    /// # use dockertest::host::HostProgram;
    /// # use dockertest::run::Runner;
    /// # let script = r#"echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}
    /// # {"subtest":{"name":"a"}}
    /// # {"subtest":{"name":"b"}}
    /// # {"subtest":{"name":"c"}}
    /// # {"listed":{"subtests":3}}'"#;
    /// # let host = HostProgram::new("/bin/sh").arguments(["-c", script]);
    /// let runner = Runner::builder().host(host).build()?.shuffled(7);
    /// assert_eq!(runner.plan()?, runner.plan()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn shuffled(mut self, seed: u64) -> Runner {
        self.options.shuffle = Some(seed);
        self
    }

    /// Asks the hosts for their subtests once more, in an instance, if the provider wants them to be asked there: what
    /// holds for the plan is what they say there. `count` instances are made for it, which the run gets first.
    ///
    /// # Errors
    /// There is no instance, or a host does not answer there.
    ///
    /// ```
    /// # use dockertest::host::CancelToken;
    /// use dockertest::run::Runner;
    ///
    /// let runner = Runner::builder().build()?;
    /// let count = runner.width();
    /// let runner = runner.listed_inside(count, &CancelToken::new()?)?;
    /// # assert_eq!(runner.catalog().subtests().count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn listed_inside(mut self, count: NonZeroUsize, cancel: &CancelToken) -> Result<Runner, SetupFailure> {
        self.catalog = self.catalog.asked_in(&*self.options.provider, count, cancel)?;
        Ok(self)
    }

    /// How many steps run at a time at most, with what is planned and as far as the provider can have instances.
    #[must_use]
    pub fn width(&self) -> NonZeroUsize {
        let jobs = jobs(&*self.options.provider, self.options.jobs);
        // Without a plan nothing is run.
        let plan = self.plan().unwrap_or(Plan { steps: Vec::new() });
        let demands = demands(&plan, &self.configuration, &self.options);
        let states = vec![StepState::Waiting; plan.steps.len()];
        let schedule = Schedule::new(&plan.steps, &demands, &states, jobs == 1);
        NonZeroUsize::new(schedule.width().min(jobs)).unwrap_or(NonZeroUsize::MIN)
    }

    /// The subtests of all hosts.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The options of `[Control]`.
    #[must_use]
    pub fn control(&self) -> &Control {
        &self.control
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
    /// # use dockertest::host::HostProgram;
    /// use dockertest::run::Runner;
    ///
    /// # let script = r#"echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}
    /// # {"subtest":{"name":"subexample","subsubtests":["one","two"]}}
    /// # {"listed":{"subtests":1}}'"#;
    /// # let host = HostProgram::new("/bin/sh").arguments(["-c", script]);
    /// let runner = Runner::builder().host(host).args(["subexample/two !!!"]).build()?;
    /// assert!(runner.is_dry_run());
    /// let step = &runner.plan()?.steps[0];
    /// assert_eq!(step.subsubtests.as_deref(), Some(&["two".to_owned()][..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn plan(&self) -> Result<Plan, PlanFailure> {
        make(&self.catalog, &self.configuration, &self.selection(), &self.control, self.options.shuffle)
    }

    /// Plans and executes, in the results folder that the builder was told. A run that is there is kept aside.
    ///
    /// # Errors
    /// Nothing can be planned, or something cannot be written.
    pub fn run(self, cancel: &CancelToken) -> Result<Outcome, RunFailure> {
        on_own_thread(|| self.run_telling(&Feed::default(), cancel))
    }

    /// Does the same and returns at once. What keeps it from beginning is told by
    /// [`RunHandle::wait`].
    pub fn start(self) -> RunHandle {
        RunHandle::start(self, CancelToken::new())
    }

    /// The same with a wish to stop that somebody else may utter: who waits for the run has no hand free for its handle.
    ///
    /// ```
    /// use dockertest::host::CancelToken;
    /// # use dockertest::host::HostProgram;
    /// # use dockertest::run::Runner;
    ///
    /// # let script = r#"echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}
    /// # {"subtest":{"name":"subexample"}}
    /// # {"listed":{"subtests":1}}'"#;
    /// # let host = HostProgram::new("/bin/sh").arguments(["-c", script]);
    /// # let folder = tempfile::tempdir()?;
    /// # let (results, state) = (folder.path().join("results"), folder.path().join("state"));
    /// # let builder = Runner::builder().host(host).results(results).state(state).without_engine();
    /// let cancel = CancelToken::new()?;
    /// let elsewhere = cancel.clone();
    /// std::thread::spawn(move || elsewhere.cancel("nobody needs it any more"));
    /// let outcome = builder.build()?.start_with(&cancel).wait()?;
    /// # assert_eq!(outcome.planned, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start_with(self, cancel: &CancelToken) -> RunHandle {
        RunHandle::start(self, Ok(cancel.clone()))
    }

    pub(super) fn run_telling(self, feed: &Feed, cancel: &CancelToken) -> Result<Outcome, RunFailure> {
        if self.is_dry_run() {
            return Err(RunFailure::DryRun);
        }
        let plan = self.plan()?;
        let (folder, _kept_aside) = ResultsFolder::create(&self.options.results)?;
        self.execute_telling(plan, folder, feed, cancel)
    }

    /// Executes a plan from its beginning.
    ///
    /// Returns when every step has ended, when `cancel` was used, or when a step waits for a reboot. If the journal
    /// fails, `cancel` is used by the runner itself, so that the running step is killed at once.
    ///
    /// # Errors
    /// Something cannot be written. A run whose journal fails is stopped at once.
    pub fn execute(self, plan: Plan, folder: ResultsFolder, cancel: &CancelToken) -> Result<Outcome, RunFailure> {
        on_own_thread(|| self.execute_telling(plan, folder, &Feed::default(), cancel))
    }

    fn execute_telling(
        mut self,
        plan: Plan,
        folder: ResultsFolder,
        feed: &Feed,
        cancel: &CancelToken,
    ) -> Result<Outcome, RunFailure> {
        let told = Told::begin(feed, &mut self.watching, &folder)?;
        let Told { sinks, callers } = told;
        let outcome = self.execute_in(plan, folder, sinks, cancel);
        callers.conclude(outcome, feed)
    }

    fn execute_in(
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
        // It lives as long as the run: a service of podman ends with it.
        let inquiry = self.catalog.hosts().first().map(|keeper| {
            Inquiry::configured(&self.configuration, keeper.clone()).log(folder.path().join(SERVICE_LOG))
        });
        let here = self.options.provider.is_here();
        let engine = match (self.asking, here) {
            (Asking::Configured, false) => Engine::to_be_asked(),
            (Asking::Configured, true) => Engine::ask(inquiry.as_ref().map(Inquiry::probe), tidying),
            (Asking::Probe(probe), _) => Engine::ask(Some(probe), tidying),
            (Asking::Never, _) => Engine::ask(None, tidying),
        };
        dispose_left(&*self.options.provider, &begin.instances, &journal);
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
            provider: &*self.options.provider,
            jobs: jobs(&*self.options.provider, self.options.jobs),
            demands: demands(&begin.plan, &self.configuration, &self.options),
            engine,
            engine_words: Inquiry::words(&self.configuration),
            sysinfo: Mutex::new(sysinfo::Collection::begin(folder.path(), begin.sysinfo)),
            limit: self.control.job_timeout,
            worked: begin.worked,
            began: begin.began,
            boot_id: &begin.session.boot_id,
            host_facts: sysinfo::keyvals(),
            retry_interrupted: self.options.retry_interrupted,
            retries: self.options.invocation.retries.map_or(0, NonZeroU32::get),
            why_cut_off: begin.why_cut_off,
            course: Course::new(begin.states, begin.counts),
        };
        let Finished { stop, counts, left } = execution.run()?;
        let report_failure = close(journal)?;
        if stop == Stop::Complete {
            tidy_up(folder.path())?;
        }
        let planned = begin.plan.steps.len();
        Ok(Outcome { planned, counts, stop, left, report_failure, ..Outcome::of(folder.into_path()) })
    }
}

/// How many steps run at a time: no more than there can be instances.
fn jobs(provider: &dyn Provider, wanted: NonZeroUsize) -> usize {
    provider.at_most().map_or(wanted, |most| most.min(wanted)).get()
}

/// What the steps of a plan demand of each other.
fn demands(plan: &Plan, configuration: &Configuration, options: &Options) -> Demands {
    let mut demands = Demands { durations: options.durations.clone(), ..Demands::default() };
    for (index, step) in plan.steps.iter().enumerate() {
        let section = configuration.section(step.name.as_str());
        // The plan has refused what cannot be read; in a resume, the careful answer will do.
        if section.flag(ALONE).unwrap_or(Some(true)).unwrap_or(false) {
            demands.alone.push(index);
        }
        let named = section.get(GROUP).filter(|group| !group.is_empty()).map(str::to_owned);
        let group = named.or_else(|| options.grouping.as_ref().and_then(|grouping| (grouping.0)(step.name.as_str())));
        let group = if options.in_one_instance { Some(String::new()) } else { group };
        demands.groups.extend(group.map(|group| (index, group)));
    }
    demands
}

/// Disposes of what an earlier process of the run made and did not dispose of, and tells.
fn dispose_left(provider: &dyn Provider, names: &[String], journal: &Writer) {
    if names.is_empty() {
        return;
    }
    let failures = provider.dispose_left(names);
    for name in names {
        let problem = failures.iter().find(|failure| failure.instance() == name).map(ToString::to_string);
        journal.append(Event::InstanceDisposed(InstanceDisposed { instance: name.clone(), problem }));
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
    /// Instances that an earlier process made and did not dispose of.
    pub(super) instances: Vec<String>,
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
