//! What a subtest gets to know and to do.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::Section;
#[cfg(feature = "api")]
use crate::engine::objects::Objects;
use crate::engine::{Background, Command};
use crate::host::CancelToken;
use crate::host::protocol::{History, HostMessage, Mode, RunRequest};
use crate::journal::{EngineFacts, Iteration};
use crate::outcome::{Level, Phase};
use crate::subtest::failure::RebootWish;
use crate::subtest::guards::Guards;
use crate::subtest::secrets::Secrets;
use crate::subtest::setup::BinFolder;
use crate::subtest::spent::Spent;
use crate::subtest::state::State;
use crate::subtest::voice::{Voice, fitting};
use crate::subtest::{Cancelled, Failure, Outcome, Requirement};

/// What a subtest or sub-subtest gets to know and to do. It is handed to every phase.
///
/// ```no_run
/// use dockertest::prelude::*;
///
/// fn run_once(ctx: &mut Context) -> Outcome {
///     ctx.info(format!("{} runs in {}", ctx.name(), ctx.output().display()));
///     let log = ctx.tmp().join("docker_version.log");
///     let seen = ctx.docker(["version"]).must_pass()?;
///     std::fs::write(log, &seen.stdout)?; // ERROR when it cannot be written
///     ctx.keyval("version_bytes", seen.stdout.len());
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Context {
    shared: Rc<Shared>,
    section: Section,
    subsubtest: Option<String>,
    tmp: PathBuf,
    iteration: Option<Iteration>,
    names_given: u32,
    guards: Guards,
}

/// What a step's context has in common with those of its sub-subtests.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) request: RunRequest,
    /// It tells no secrets.
    pub(crate) voice: Voice,
    pub(crate) secrets: Secrets,
    pub(crate) cancel: CancelToken,
    pub(crate) bindir: BinFolder,
    state: State,
    /// Whether the step is cleaning up: then commands run although the step was asked to stop.
    pub(crate) cleaning_up: Rc<Cell<bool>>,
    /// What the step knows of the engine and makes there.
    #[cfg(feature = "api")]
    pub(crate) objects: Objects,
    pub(crate) spent: Rc<Spent>,
    pub(crate) background: Background,
}

impl Shared {
    pub(crate) fn is_cleaning_up(&self) -> bool {
        self.cleaning_up.get()
    }
}

/// Why and where a subtest is entered again after a reboot that it asked for.
///
/// ```
/// use dockertest::subtest::Resumed;
///
/// fn greeting(resumed: Option<&Resumed>) -> &'static str {
///     match resumed {
///         None => "first part",
///         Some(Resumed { rebooted: true, .. }) => "second part",
///         Some(Resumed { rebooted: false, .. }) => "somebody was faster than the reboot",
///     }
/// }
/// assert_eq!(greeting(None), "first part");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resumed {
    /// The word that it gave to [`Context::request_reboot`].
    pub at: String,
    /// Whether the machine has been rebooted since. It has not when somebody resumed the run by hand.
    pub rebooted: bool,
}

impl Context {
    pub(crate) fn new(request: RunRequest, bindir: BinFolder, voice: Voice, cancel: CancelToken) -> Self {
        let state = State::in_folder(&request.folders.output);
        let secrets = Secrets::of(&request);
        let voice = if secrets.is_empty() { voice } else { voice.without(secrets.clone()) };
        let (section, tmp) = (request.section.clone(), request.folders.tmp.clone());
        #[cfg(feature = "api")]
        let objects = Objects::in_folder(&request.folders.output);
        let (cleaning_up, spent, background) = (Rc::default(), Rc::new(Spent::new()), Background::default());
        let shared = Rc::new(Shared {
            request,
            voice,
            secrets,
            cancel,
            bindir,
            state,
            cleaning_up,
            #[cfg(feature = "api")]
            objects,
            spent,
            background,
        });
        Context { shared, section, subsubtest: None, tmp, iteration: None, names_given: 0, guards: Guards::default() }
    }

    /// The context of a sub-subtest: its own section and temporary folder, its own guards.
    pub(crate) fn child(&self, name: &str) -> Context {
        let section = self.shared.request.subsections.get(name).cloned().unwrap_or_else(|| {
            let mut section = self.section.clone();
            section.name = format!("{}/{name}", section.name);
            section
        });
        Context {
            shared: Rc::clone(&self.shared),
            section,
            subsubtest: Some(name.to_owned()),
            tmp: self.tmp.join(name),
            iteration: self.iteration,
            names_given: 0,
            guards: Guards::default(),
        }
    }

    /// The same section, for what goes on after this context; no promises are made in it.
    pub(crate) fn without_guards(&self) -> Context {
        Context {
            shared: Rc::clone(&self.shared),
            section: self.section.clone(),
            subsubtest: self.subsubtest.clone(),
            tmp: self.tmp.clone(),
            iteration: None,
            names_given: 0,
            guards: Guards::default(),
        }
    }

    /// The options as a struct of the subtest's own, read by `serde`. Options that the struct does not name are left
    /// alone.
    ///
    /// # Errors
    /// `ERROR`, with the option, its value, what was expected, and the file and line that set it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # use dockertest::config::types;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// #[derive(serde::Deserialize)]
    /// struct Options {
    ///     #[serde(with = "types::list")]
    ///     signals: Vec<String>,
    ///     #[serde(with = "types::seconds")]
    ///     wait_stop: std::time::Duration,
    /// }
    /// let options: Options = ctx.config()?;
    /// ctx.info(format!("{} signals, {:?} each", options.signals.len(), options.wait_stop));
    /// # Ok(()) }
    /// ```
    pub fn config<T: DeserializeOwned>(&self) -> Outcome<T> {
        Ok(self.section.read()?)
    }

    /// The options as text, with everything that applies.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let image = ctx.section().get("docker_repo_name").unwrap_or("busybox");
    /// if ctx.section().flag("remove_after_test")?.unwrap_or(true) {
    ///     ctx.docker(["rmi", image]).must_pass()?;
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn section(&self) -> &Section {
        &self.section
    }

    /// The full name, for example `docker_cli/kill/sigstop` of a sub-subtest.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// ctx.docker(["create", "--label", &format!("made_by={}", ctx.name()), "busybox"]).must_pass()?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.section.name
    }

    /// The step's results folder, absolute; also the working folder.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let shown = ctx.docker(["info"]).must_pass()?;
    /// std::fs::write(ctx.output().join("docker_info.txt"), &shown.stdout)?; // stays with the results
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn output(&self) -> &Path {
        &self.shared.request.folders.output
    }

    /// A folder that is empty at the start and removed after the step; a sub-subtest has one of its own. A later
    /// process of the step, for its clean-up or after a reboot, finds it as it was left.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let cidfile = ctx.tmp().join("cid");
    /// ctx.docker(["create", "--cidfile", &cidfile.display().to_string(), "busybox"]).must_pass()?;
    /// let id = std::fs::read_to_string(&cidfile)?;
    /// # let _ = id;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn tmp(&self) -> &Path {
        &self.tmp
    }

    /// The folder of the subtest's module, with its static content. Read only.
    ///
    /// # Errors
    /// When the program runs without its source tree and the content that is compiled in cannot be unpacked.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let context = ctx.bindir()?.join("build_context"); // a folder beside the module's file
    /// ctx.docker(["build", &context.display().to_string()]).must_pass()?;
    /// # Ok(()) }
    /// ```
    pub fn bindir(&self) -> Outcome<PathBuf> {
        self.shared.bindir.find(&self.shared.request.folders.state)
    }

    /// The folder that [`setup`](crate::subtest::Subtest::setup) fills. It is kept from run to run.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let adapted = ctx.srcdir().join("Dockerfile"); // made by `setup`
    /// let folder = ctx.srcdir().display().to_string();
    /// ctx.docker(["build", "--file", &adapted.display().to_string(), &folder]).must_pass()?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn srcdir(&self) -> PathBuf {
        crate::subtest::setup::srcdir(&self.shared.request)
    }

    /// Which iteration is running; nothing outside of the iterations.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// if let Some(iteration) = ctx.iteration() {
    ///     ctx.info(format!("round {} of {}", iteration.number, iteration.of));
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn iteration(&self) -> Option<Iteration> {
        self.iteration
    }

    /// What the engine said about itself, asked once for the whole run. Nothing for a subtest that
    /// [does not need it](crate::subtest::Subtest::needs_engine).
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// if let Some(engine) = ctx.engine() {
    ///     let driver = engine.facts.get("storage-driver").map_or("unknown", String::as_str);
    ///     ctx.info(format!("{} {} with {driver}", engine.flavor, engine.version));
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn engine(&self) -> Option<&EngineFacts> {
        self.shared.request.engine.as_ref()
    }

    /// Ends the subtest as `TEST_NA` unless this is met; the reason says what was found.
    ///
    /// # Errors
    /// `TEST_NA`; `ERROR` when nobody knows, because the engine does not answer.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// ctx.require(Requirement::Docker)?;
    /// ctx.require(Requirement::ServerAtLeast("23.0"))?;
    /// # Ok(()) }
    /// ```
    pub fn require(&self, requirement: Requirement<'_>) -> Outcome {
        requirement.check(self.engine())
    }

    /// A command of the engine's command line: `docker_path`, `docker_options` and these arguments. It is not started
    /// yet.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let seen = ctx.docker(["ps", "--all"]).must_pass()?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn docker<A: Into<String>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        Command::of_engine(self, arguments.into_iter().map(Into::into).collect())
    }

    /// The run's name, which no other run has.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// ctx.info(format!("part of {}", ctx.run_name()));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn run_name(&self) -> &str {
        &self.shared.request.run
    }

    /// What has been before in the run: where its results are and, for an intratest, which step it runs after.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// if let Some(step) = &ctx.history().previous {
    ///     ctx.info(format!("looks at what {step} has left"));
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn history(&self) -> &History {
        &self.shared.request.history
    }

    /// Something for the log files only: commands, output, state.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let before = ctx.docker(["ps", "--all", "--quiet"]).must_pass()?;
    /// ctx.debug(format!("{} containers were there before", before.stdout_text().lines().count()));
    /// # Ok(()) }
    /// ```
    pub fn debug(&self, text: impl fmt::Display) {
        self.log(Level::Debug, text);
    }

    /// Something that a person watching the run wants to see.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// ctx.info("waiting for the container to stop");
    /// # Ok(()) }
    /// ```
    pub fn info(&self, text: impl fmt::Display) {
        self.log(Level::Info, text);
    }

    /// Something that may explain a later failure.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// ctx.warning("the image was there already and is used as it is");
    /// # Ok(()) }
    /// ```
    pub fn warning(&self, text: impl fmt::Display) {
        self.log(Level::Warning, text);
    }

    /// Something that went wrong, whatever the verdict will be.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// ctx.error("the container could not be removed");
    /// # Ok(()) }
    /// ```
    pub fn error(&self, text: impl fmt::Display) {
        self.log(Level::Error, text);
    }

    /// A line for the log.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # use dockertest::outcome::Level;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let seen = ctx.docker(["logs", "test"]).run()?;
    /// let level = if seen.status.success() { Level::Debug } else { Level::Warning };
    /// ctx.log(level, seen.stderr_text());
    /// # Ok(()) }
    /// ```
    pub fn log(&self, level: Level, text: impl fmt::Display) {
        let text = fitting(text.to_string());
        self.say(&HostMessage::Log { subsubtest: self.subsubtest.clone(), level, text });
    }

    /// A fact for the step's keyval file; within an iteration, for the file of that iteration's figures.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let seen = ctx.docker(["run", "--rm", "busybox", "true"]).must_pass()?;
    /// ctx.keyval("start_seconds", seen.duration.as_secs_f64());
    /// # Ok(()) }
    /// ```
    pub fn keyval(&self, key: impl Into<String>, value: impl fmt::Display) {
        let values = BTreeMap::from([(key.into(), fitting(value.to_string()))]);
        self.say(&HostMessage::Keyvals { iteration: self.iteration.map(|iteration| iteration.number), values });
    }

    /// A name that nothing else has: the prefix, the last component of the subtest's name, and some letters. Lower
    /// case, and fit for a container, an image, a network or a volume.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let container = ctx.unique_name("test"); // of `docker_cli/kill`: test-kill-5f3a09c1
    /// ctx.docker(["create", "--name", &container, "busybox"]).must_pass()?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn unique_name(&mut self, prefix: &str) -> String {
        use std::hash::{BuildHasher, RandomState};
        self.names_given += 1;
        // Keyed at random by the standard library, so that two runs at the same time differ too.
        let number = RandomState::new().hash_one((&self.shared.request.run, &self.section.name, self.names_given));
        let last = self.section.name.rsplit('/').next().unwrap_or_default();
        let joined = if prefix.is_empty() { last.to_owned() } else { format!("{prefix}-{last}") };
        format!("{}-{:08x}", joined.to_lowercase(), number & 0xffff_ffff)
    }

    /// Promises to do something at the end of the step, whatever happens in between. The last promise is kept first.
    ///
    /// `what` names it for the log. What must be done even after the process was killed belongs into
    /// [`cleanup`](crate::subtest::Subtest::cleanup), with [`keep`](Self::keep).
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let name = ctx.unique_name("test");
    /// let removal = ctx.docker(["rm", "--force", &name]);
    /// ctx.defer(format!("remove container {name}"), move || {
    ///     removal.must_pass()?;
    ///     Ok(())
    /// });
    /// # Ok(()) }
    /// ```
    pub fn defer(&mut self, what: impl Into<String>, action: impl FnOnce() -> Outcome + 'static) {
        self.guards.push(what.into(), Box::new(action));
    }

    /// Keeps a value for a later process of this step: for [`cleanup`](crate::subtest::Subtest::cleanup) after this
    /// process was killed, or for after a reboot. It is on the disk when this returns.
    ///
    /// # Errors
    /// `ERROR` when it cannot be written.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let container = ctx.unique_name("test");
    /// ctx.keep("container", &container)?; // first, so that nothing is made that nobody knows of
    /// ctx.docker(["create", "--name", &container, "busybox"]).must_pass()?;
    /// # Ok(()) }
    /// ```
    pub fn keep(&mut self, key: &str, value: &impl Serialize) -> Outcome {
        Ok(self.shared.state.keep(&self.state_key(key), value)?)
    }

    /// A value that this process or an earlier one of this step kept.
    ///
    /// # Errors
    /// `ERROR` when it cannot be read, or is of another type.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// if let Some(container) = ctx.kept::<String>("container")? {
    ///     ctx.docker(["rm", "--force", &container]).must_pass()?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn kept<T: DeserializeOwned>(&self, key: &str) -> Outcome<Option<T>> {
        Ok(self.shared.state.kept(&self.state_key(key))?)
    }

    /// Ends this process of the step with the wish for a reboot, to be entered again afterwards with
    /// [`resumed`](Self::resumed). Guards and `cleanup` do not run before the reboot. A sub-subtest cannot ask for it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn run_once(ctx: &mut Context) -> Outcome {
    /// if ctx.resumed().is_none() {
    ///     return Err(ctx.request_reboot("after", "the new kernel parameter needs a reboot"));
    /// }
    /// # Ok(()) }
    /// ```
    pub fn request_reboot(&self, resume_at: impl Into<String>, reason: impl Into<String>) -> Failure {
        Failure::reboot(RebootWish { resume_at: resume_at.into(), reason: reason.into() })
    }

    /// Where this process was entered again after a reboot, or nothing in the first process of the step.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// match ctx.resumed() {
    ///     None => ctx.info("before the reboot"),
    ///     Some(resumed) => ctx.info(format!("entered again at `{}`", resumed.at)),
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn resumed(&self) -> Option<Resumed> {
        match &self.shared.request.mode {
            Mode::Resume { resume_at, rebooted } => Some(Resumed { at: resume_at.clone(), rebooted: *rebooted }),
            Mode::Full | Mode::Cleanup { .. } => None,
        }
    }

    /// Stops here if the step was asked to stop. Call it in long loops; engine commands and waits do so themselves.
    ///
    /// # Errors
    /// `ABORT` with the reason.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// for number in 0..10_000 {
    ///     ctx.checkpoint()?; // Ctrl-C and time limits end the loop here
    ///     std::fs::write(ctx.tmp().join(number.to_string()), "content of a layer")?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn checkpoint(&self) -> Outcome {
        match self.shared.cancel.reason() {
            Some(reason) => Err(Cancelled { reason }.into()),
            None => Ok(()),
        }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn share(&self) -> Rc<Shared> {
        Rc::clone(&self.shared)
    }

    /// Marks the beginning or the end of a clean-up.
    pub(crate) fn set_cleaning_up(&self, cleaning_up: bool) {
        self.shared.cleaning_up.set(cleaning_up);
    }

    pub(crate) fn subsubtest(&self) -> Option<&str> {
        self.subsubtest.as_deref()
    }

    pub(crate) fn say(&self, message: &HostMessage) {
        self.shared.voice.say(message);
    }

    pub(crate) fn set_iteration(&mut self, iteration: Option<Iteration>) {
        self.iteration = iteration;
    }

    pub(crate) fn take_guards(&mut self) -> Guards {
        std::mem::take(&mut self.guards)
    }

    /// Tells that a phase begins.
    pub(crate) fn enter(&self, phase: Phase) {
        let iteration = match phase {
            Phase::RunOnce | Phase::PostprocessIteration => self.iteration,
            _ => None,
        };
        self.say(&HostMessage::Phase { subsubtest: self.subsubtest.clone(), phase, iteration });
    }

    fn state_key(&self, key: &str) -> String {
        match &self.subsubtest {
            Some(child) => format!("{child}/{key}"),
            None => key.to_owned(),
        }
    }
}
