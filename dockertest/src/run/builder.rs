//! Setting up a runner: what it is made of, in memory.

use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::config::{Control, KnownFailures, Layers};
use crate::environment::{Provider, Shared};
use crate::host::{HostProgram, Plugins};
use crate::journal::{Invocation, Record, Sink};
use crate::version::ApiVersion;

use super::catalog::Catalog;
use super::engine::EngineProbe;
use super::events::Callback;
use super::failure::SetupFailure;
use super::options::{Grouping, Options};
use super::runner::Runner;

/// Collects what a [`Runner`] is made of.
///
/// Nothing is asked of the system before [`build`](RunnerBuilder::build).
///
/// ```no_run
/// use dockertest::config::{Layers, Source};
/// use dockertest::host::HostProgram;
/// use dockertest::run::Runner;
///
/// let layers = Layers::new()
///     .defaults(Source::Memory(vec![("tool.ini".to_owned(), "[DEFAULTS]\ndocker_timeout = 60\n".to_owned())]))
///     .set("docker_path=/usr/bin/podman");
/// let runner = Runner::builder()
///     .layers(layers)
///     .host(HostProgram::new("target/debug/dockertest-host"))
///     .args(["docker_cli/version,docker_cli/kill"])
///     .results("results/nightly")
///     .build()?;
/// let outcome = runner.start().wait()?;
/// for step in &outcome.steps {
///     println!("{}: {:?}", step.planned.name, step.ending);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct RunnerBuilder {
    layers: Layers,
    hosts: Vec<HostProgram>,
    plugins: Option<Plugins>,
    catalog: Option<Catalog>,
    args: Vec<String>,
    results: PathBuf,
    state: PathBuf,
    documentation: Option<ApiVersion>,
    retry_interrupted: bool,
    provider: Arc<dyn Provider>,
    jobs: NonZeroUsize,
    durations: BTreeMap<String, Duration>,
    grouping: Option<Grouping>,
    asking: Asking,
    watching: Watching,
}

/// Who is told what happens; functions cannot be shown.
#[derive(Default)]
pub(super) struct Watching {
    pub(super) callbacks: Vec<Callback>,
    pub(super) sinks: Vec<Box<dyn Sink>>,
}

impl std::fmt::Debug for Watching {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} callbacks, {} sinks", self.callbacks.len(), self.sinks.len())
    }
}

/// How the engine is asked what it is.
pub(super) enum Asking {
    /// As the configuration says.
    Configured,
    /// In another way.
    Probe(EngineProbe),
    /// Nobody asks.
    Never,
}

impl std::fmt::Debug for Asking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Asking::Configured => "Configured",
            Asking::Probe(_) => "Probe",
            Asking::Never => "Never",
        })
    }
}

impl Default for RunnerBuilder {
    fn default() -> Self {
        RunnerBuilder {
            layers: Layers::new(),
            hosts: Vec::new(),
            plugins: None,
            catalog: None,
            args: Vec::new(),
            results: PathBuf::from("results/default"),
            state: PathBuf::from(".dockertest/state"),
            documentation: None,
            retry_interrupted: false,
            provider: Arc::new(Shared),
            jobs: NonZeroUsize::MIN,
            durations: BTreeMap::new(),
            grouping: None,
            asking: Asking::Configured,
            watching: Watching::default(),
        }
    }
}

impl RunnerBuilder {
    /// The configuration, as layers; without it there is none. What was typed ([`Layers::set`]) and the folders are
    /// recorded in the journal as the run's invocation, secrets masked.
    pub fn layers(mut self, layers: Layers) -> Self {
        self.layers = layers;
        self
    }

    /// Adds a program that holds subtests. The first one also keeps what has to outlive a thread of this process, such
    /// as a service of podman, so it should be one of this library ([`serve`](crate::host::serve)).
    pub fn host(mut self, host: HostProgram) -> Self {
        self.hosts.push(host);
        self
    }

    /// Where plug-ins are looked for, besides those of the option `plugins`. One that cannot be used is [left out](Catalog::broken). Files and folders that were
    /// named are recorded in the journal.
    ///
    /// ```
    /// use dockertest::host::{HostProgram, Plugins};
    /// use dockertest::run::Runner;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let plug_ins = folder.path();
    /// let plugins = Plugins::new(HostProgram::new("target/debug/dockertest-host")).named(plug_ins, "my settings");
    /// let runner = Runner::builder().plugins(plugins).build()?;
    /// assert!(runner.catalog().broken().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn plugins(mut self, plugins: Plugins) -> Self {
        self.plugins = Some(plugins);
        self
    }

    /// What hosts and plug-ins hold, if they have been asked already: then they are not asked again.
    pub fn catalog(mut self, catalog: Catalog) -> Self {
        self.catalog = Some(catalog);
        self
    }

    /// Adds what is to be run, as `--args` takes it. Without any, all subtests are.
    ///
    /// ```
    /// # use dockertest::host::HostProgram;
    /// # use dockertest::run::Runner;
    /// # let script = r#"echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}
    /// # {"subtest":{"name":"subexample","subsubtests":["one","two"]}}
    /// # {"listed":{"subtests":1}}'"#;
    /// # let host = HostProgram::new("/bin/sh").arguments(["-c", script]);
    /// let runner = Runner::builder().host(host).args(["subexample/two"]).build()?;
    /// assert_eq!(runner.plan()?.steps.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn args<A: Into<String>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// The results folder; `results/default` if it is not said. A run that is there already is kept aside.
    pub fn results(mut self, path: impl Into<PathBuf>) -> Self {
        self.results = path.into();
        self
    }

    /// The folder that keeps each subtest's source folder between runs; `.dockertest/state` if it is not said. Runs that
    /// go on at the same time should not share one.
    pub fn state(mut self, path: impl Into<PathBuf>) -> Self {
        self.state = path.into();
        self
    }

    /// The version that the documentation beside the program was written for. A run with documentation of another
    /// version says so, and waits a little.
    pub fn documentation(mut self, version: ApiVersion) -> Self {
        self.documentation = Some(version);
        self
    }

    /// In a resume: whether a step that was cut off is run again.
    pub fn retry_interrupted(mut self, retry: bool) -> Self {
        self.retry_interrupted = retry;
        self
    }

    /// Where steps are run: [`Shared`] if it is not said. The engine is then asked what it is in the first instance.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use dockertest::environment::Shared;
    /// use dockertest::run::Runner;
    ///
    /// let runner = Runner::builder().provider(Arc::new(Shared)).build()?;
    /// # Ok::<(), dockertest::run::SetupFailure>(())
    /// ```
    pub fn provider(mut self, provider: Arc<dyn Provider>) -> Self {
        self.provider = provider;
        self
    }

    /// How many steps may run at a time, each in an instance of its own; one if it is not said. There are never more than
    /// the provider has instances, and never more than there are steps that may run side by side.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    ///
    /// use dockertest::run::Runner;
    ///
    /// let runner = Runner::builder().jobs(NonZeroUsize::MIN.saturating_add(3)).build()?;
    /// # Ok::<(), dockertest::run::SetupFailure>(())
    /// ```
    pub fn jobs(mut self, jobs: NonZeroUsize) -> Self {
        self.jobs = jobs;
        self
    }

    /// How long subtests took before, by name. When several steps run at a time, the longest begins first, so that the run
    /// does not end with one that everybody waits for.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use std::time::Duration;
    ///
    /// use dockertest::run::Runner;
    ///
    /// let known = BTreeMap::from([("docker_cli/kill".to_owned(), Duration::from_secs(20))]);
    /// let runner = Runner::builder().durations(known).build()?;
    /// # Ok::<(), dockertest::run::SetupFailure>(())
    /// ```
    pub fn durations(mut self, durations: BTreeMap<String, Duration>) -> Self {
        self.durations = durations;
        self
    }

    /// Tells the group of a subtest by its name, if its section does not (option `group`). The members of a group run one
    /// after the other in one instance.
    ///
    /// ```
    /// use dockertest::run::Runner;
    ///
    /// let runner = Runner::builder().group_by(|name| name.split_once('/').map(|(first, _)| first.to_owned())).build()?;
    /// # Ok::<(), dockertest::run::SetupFailure>(())
    /// ```
    pub fn group_by(mut self, group: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        self.grouping = Some(Grouping(Box::new(group)));
        self
    }

    /// Has a function called for every record of the journal, in order, from the first one of the run, on a thread of
    /// its own. A record is on disk before.
    ///
    /// However slow it is, the run is not held up, and no memory is used up: what waits is in the journal. If it panics,
    /// it is not called again, the run goes on, and [`Outcome::callback_failure`](super::Outcome::callback_failure)
    /// tells. [`Runner::run`] and [`RunHandle::wait`](super::RunHandle::wait) return when it has seen the last record, so
    /// it must not wait for them.
    ///
    /// ```
    /// # use dockertest::host::{CancelToken, HostProgram};
    /// use std::sync::mpsc;
    ///
    /// use dockertest::run::Runner;
    ///
    /// # let script = r#"hello='{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}'
    /// # case $0 in
    /// #     list) printf '%s\n' "$hello" '{"subtest":{"name":"example"}}' '{"listed":{"subtests":1}}';;
    /// #     run) read request; printf '%s\n' "$hello" '{"ended":{"verdict":"GOOD","reason":"","seconds":0.1}}';;
    /// # esac"#;
    /// # let host = HostProgram::new("/bin/sh").arguments(["-c", script]);
    /// # let folder = tempfile::tempdir()?;
    /// # let (results, state) = (folder.path().join("results"), folder.path().join("state"));
    /// let (tell, told) = mpsc::channel();
    /// let runner = Runner::builder()
    ///     .host(host)
    ///     .on_event(move |record| tell.send(record.event.kind()).unwrap_or_default())
    /// #   .results(results).state(state).without_engine()
    ///     .build()?;
    /// runner.start().wait()?;
    /// assert_eq!(told.iter().last(), Some("run-ended"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_event(mut self, callback: impl FnMut(&Record) + Send + 'static) -> Self {
        self.watching.callbacks.push(Box::new(callback));
        self
    }

    /// Adds a report that is made while the run goes on. It is part of the run: it is called on the journal's thread, so
    /// it has to be quick and must not panic. [`on_event`](RunnerBuilder::on_event) asks for less care.
    pub fn sink(mut self, sink: Box<dyn Sink>) -> Self {
        self.watching.sinks.push(sink);
        self
    }

    /// Asks the engine what it is in another way than through `docker_path` and `docker_options` of the configuration.
    /// It is asked once, at the start of the run.
    ///
    /// ```
    /// # use dockertest::host::HostProgram;
    /// use dockertest::journal::EngineFacts;
    /// use dockertest::run::Runner;
    ///
    /// # let script = r#"echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}
    /// # {"subtest":{"name":"subexample","subsubtests":["one","two"]}}
    /// # {"listed":{"subtests":1}}'"#;
    /// # let host = HostProgram::new("/bin/sh").arguments(["-c", script]);
    /// let runner = Runner::builder()
    ///     .host(host)
    ///     .engine_probe(Box::new(|| EngineFacts { version: "20.10.24".to_owned(), ..EngineFacts::default() }))
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn engine_probe(mut self, probe: EngineProbe) -> Self {
        self.asking = Asking::Probe(probe);
        self
    }

    /// Asks no engine: for subtests that need none. Those that need one end as `ERROR`. Nothing is tidied up that runs
    /// before left in an engine.
    pub fn without_engine(mut self) -> Self {
        self.asking = Asking::Never;
        self
    }

    /// Asks the hosts what they hold, loads the configuration, and reads what controls a run.
    ///
    /// # Errors
    /// A host does not answer, a name is in two hosts, the configuration is wrong, or the file of known failures is.
    pub fn build(self) -> Result<Runner, SetupFailure> {
        let named = self.plugins.as_ref().map(Plugins::named_paths);
        let invocation = invocation(&self.layers, self.args, named.unwrap_or_default());
        let loader = self.plugins.or_else(|| self.hosts.first().cloned().map(Plugins::new));
        let (catalog, configuration) = match (self.catalog, loader) {
            (None, Some(plugins)) => Catalog::with_configuration(&self.hosts, plugins, &self.layers)?,
            (asked, _) => {
                let catalog = asked.unwrap_or_default();
                let configuration = catalog.configure(&self.layers).map_err(SetupFailure::Configuration)?;
                (catalog, configuration)
            }
        };
        let control = Control::read(&configuration)?;
        let known = match &invocation.config_custom {
            Some(folder) => {
                KnownFailures::read(&folder.join(&control.known_failures)).map_err(SetupFailure::KnownFailures)?
            }
            None => KnownFailures::default(),
        };
        let options = Options {
            invocation,
            results: self.results,
            state: self.state,
            documentation: self.documentation,
            retry_interrupted: self.retry_interrupted,
            provider: self.provider,
            jobs: self.jobs,
            durations: self.durations,
            grouping: self.grouping,
            shuffle: None,
            passed_over: HashSet::new(),
            in_one_instance: false,
        };
        let (asking, watching) = (self.asking, self.watching);
        Ok(Runner { configuration, catalog, control, known, options, asking, watching })
    }
}

/// What was asked for, as a resume needs it.
fn invocation(layers: &Layers, args: Vec<String>, plugins: Vec<PathBuf>) -> Invocation {
    let absolute =
        |folder: Option<&Path>| folder.map(|folder| std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()));
    Invocation {
        args,
        set: layers.typed().to_vec(),
        config_defaults: absolute(layers.shipped_folder()),
        config_custom: absolute(layers.custom_folder()),
        plugins,
        ..Invocation::default()
    }
}
