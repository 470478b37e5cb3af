//! What a subtest gets to know and to do.

mod facts;
mod lasting;
mod log;

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;

use crate::config::Section;
#[cfg(feature = "api")]
use crate::engine::objects::Objects;
use crate::engine::{Background, Command};
use crate::host::CancelToken;
use crate::host::protocol::RunRequest;
use crate::journal::Iteration;
use crate::subtest::guards::Guards;
use crate::subtest::secrets::Secrets;
use crate::subtest::setup::BinFolder;
use crate::subtest::spent::Spent;
use crate::subtest::state::State;
use crate::subtest::voice::Voice;
use crate::subtest::{Cancelled, Outcome};

pub use lasting::Resumed;

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

    pub(crate) fn set_iteration(&mut self, iteration: Option<Iteration>) {
        self.iteration = iteration;
    }

    pub(crate) fn take_guards(&mut self) -> Guards {
        std::mem::take(&mut self.guards)
    }
}
