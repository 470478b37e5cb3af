//! The library's face of a run: set up, plan, execute.

use std::collections::{BTreeMap, HashSet};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{Configuration, Control, KnownFailures};
use crate::environment::Provider;
use crate::host::CancelToken;
use crate::journal::{Plan, Sink};

use super::builder::{Asking, RunnerBuilder, Watching};
use super::catalog::Catalog;
use super::drive::{demands, jobs};
use super::events::{Feed, Told};
use super::failure::{RunFailure, SetupFailure};
use super::folder::ResultsFolder;
use super::handle::{RunHandle, on_own_thread};
use super::isolated::Isolated;
use super::options::{Grouping, Options};
use super::outcome::Outcome;
use super::plan::{PlanFailure, make};
use super::progress::StepState;
use super::schedule::Schedule;
use super::selection::Selection;

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

    /// Says in the journal that this is one of several runs that are compared with each other, and by which name its engine
    /// goes there. A [repository of runs](crate::repository) then does not take that engine for the one that its user works
    /// with.
    ///
    /// ```
    /// use dockertest::run::Runner;
    ///
    /// let runner = Runner::builder().build()?.in_matrix("podman-5.8");
    /// # Ok::<(), dockertest::run::SetupFailure>(())
    /// ```
    #[must_use]
    pub fn in_matrix(mut self, engine: impl Into<String>) -> Runner {
        self.options.invocation.matrix = Some(engine.into());
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

    /// Has names of `--args` passed over that no host holds: the others are run. Where none of a list is left, nothing can be
    /// planned, as if they had not been named here.
    ///
    /// ```
    /// # use dockertest::host::HostProgram;
    /// # use dockertest::run::Runner;
    /// # let script = r#"echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}
    /// # {"subtest":{"name":"there"}}
    /// # {"listed":{"subtests":1}}'"#;
    /// # let host = HostProgram::new("/bin/sh").arguments(["-c", script]);
    /// let failing = ["there", "of/another/plug-in"].map(str::to_owned);
    /// let runner = Runner::builder().host(host).args([failing.join(",")]).build()?.passing_over(failing);
    /// assert_eq!(runner.plan()?.steps.len(), 1);
    /// assert_eq!(runner.passed_over(), ["of/another/plug-in"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn passing_over(mut self, names: impl IntoIterator<Item = String>) -> Runner {
        self.options.passed_over.extend(names);
        self
    }

    /// The names that are [passed over](Runner::passing_over), in the order of `--args`.
    #[must_use]
    pub fn passed_over(&self) -> Vec<String> {
        let asked = Selection::parse(&self.options.invocation.args);
        let left = self.selection();
        let is_gone = |name: &String| !left.names.contains(name) && !left.include.contains(name);
        let mut gone: Vec<String> = asked.names.into_iter().chain(asked.include).filter(is_gone).collect();
        let mut seen = HashSet::new();
        gone.retain(|name| seen.insert(name.clone()));
        gone
    }

    fn selection(&self) -> Selection {
        let asked = Selection::parse(&self.options.invocation.args);
        asked.passing_over(&self.options.passed_over, &self.catalog)
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
}
