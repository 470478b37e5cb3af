//! Containers that tests need around them.

use std::collections::HashMap;
use std::io::Read;
use std::rc::Rc;
use std::time::Duration;

use bollard::models::{ContainerCreateBody, ContainerInspectResponse, ContainerState, HostConfig};

use crate::engine::api::{Condition, Executed, Logs};
use crate::engine::{Api, ApiFailure};
use crate::outcome::Evidence;
use crate::subtest::{CheckFailed, Context, Outcome};

/// How long a command in a container may take.
const EXEC_LIMIT: Duration = Duration::from_secs(60);

/// A container to be made. See [`Context::container`].
///
/// ```no_run
/// # use dockertest::prelude::*;
/// # fn phase(ctx: &mut Context) -> Outcome {
/// let volume = ctx.volume_name("test");
/// let container = ctx.container().volume(format!("{volume}:/data")).env("A=1").command(["true"]).create()?;
/// # let _ = container;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Fixture<'c> {
    ctx: &'c mut Context,
    name: Option<String>,
    body: ContainerCreateBody,
    host: HostConfig,
}

impl<'c> Fixture<'c> {
    pub(super) fn new(ctx: &'c mut Context) -> Fixture<'c> {
        let body = ContainerCreateBody {
            cmd: Some(["sleep", "86400"].map(str::to_owned).into()),
            ..ContainerCreateBody::default()
        };
        let host = HostConfig { init: Some(true), network_mode: Some("none".to_owned()), ..HostConfig::default() };
        Fixture { ctx, name: None, body, host }
    }

    /// Of another image than the test image.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, image: &str) -> Outcome {
    /// let container = ctx.container().image(image).create()?;
    /// # let _ = container;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn image(mut self, name: impl Into<String>) -> Self {
        self.body.image = Some(name.into());
        self
    }

    /// With this command, in place of one that sleeps.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let container = ctx.container().command(["sh", "-c", "echo hello"]).start()?;
    /// # let _ = container;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn command<W: Into<String>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.body.cmd = Some(words.into_iter().map(Into::into).collect());
        self
    }

    /// With this name, which [`Context::container_name`] gave, in place of one of its own.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let name = ctx.container_name("other");
    /// let container = ctx.container().name(name).start()?;
    /// # let _ = container;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// With a terminal.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let container = ctx.container().tty(true).command(["tty"]).start()?;
    /// # let _ = container;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn tty(mut self, tty: bool) -> Self {
        self.body.tty = Some(tty);
        self
    }

    /// With this network, in place of none.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let container = ctx.container().network("bridge").start()?;
    /// # let _ = container;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn network(mut self, mode: impl Into<String>) -> Self {
        self.host.network_mode = Some(mode.into());
        self
    }

    /// With one more variable, as `NAME=value`.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let container = ctx.container().env("LANG=C").command(["env"]).start()?;
    /// # let _ = container;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn env(mut self, variable: impl Into<String>) -> Self {
        self.body.env.get_or_insert_default().push(variable.into());
        self
    }

    /// With one more volume or folder, as `SOURCE:/target[:ro]`.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let tmp = ctx.tmp().display().to_string();
    /// let container = ctx.container().volume(format!("{tmp}:/work")).start()?;
    /// # let _ = container;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn volume(mut self, bind: impl Into<String>) -> Self {
        self.host.binds.get_or_insert_default().push(bind.into());
        self
    }

    /// With whatever else the API offers.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let container = ctx
    ///     .container()
    ///     .with(|body, host| {
    ///         body.user = Some("1000".to_owned());
    ///         host.init = Some(false);
    ///     })
    ///     .start()?;
    /// # let _ = container;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut ContainerCreateBody, &mut HostConfig)) -> Self {
        change(&mut self.body, &mut self.host);
        self
    }

    /// Makes it.
    ///
    /// # Errors
    /// When the engine does not do it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let container = ctx.container().create()?;
    /// ctx.docker(["start", container.name()]).must_pass()?;
    /// # Ok(()) }
    /// ```
    pub fn create(self) -> Outcome<Container> {
        let Fixture { ctx, name, mut body, mut host } = self;
        let api = ctx.api()?;
        if body.image.is_none() {
            body.image = Some(ctx.image()?);
        }
        let name = name.unwrap_or_else(|| ctx.container_name("fixture"));
        let labels: HashMap<String, String> = ctx.label_pairs().into_iter().collect();
        body.labels.get_or_insert_default().extend(labels);
        body.host_config = Some(host.clone());
        let made = api.create(&name, body.clone());
        let id = match made {
            // An engine without an init of its own.
            Err(ApiFailure::Refused { message, .. }) if host.init == Some(true) && message.contains("init") => {
                host.init = None;
                body.host_config = Some(host);
                api.create(&name, body)?
            }
            made => made?,
        };
        ctx.debug(format!("made container {name} ({id})"));
        Ok(Container { id, name, api })
    }

    /// Makes and starts it.
    ///
    /// # Errors
    /// When the engine does not do it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let container = ctx.container().start()?;
    /// ctx.docker(["kill", container.id()]).must_pass()?;
    /// # Ok(()) }
    /// ```
    pub fn start(self) -> Outcome<Container> {
        let container = self.create()?;
        container.api.start(&container.id)?;
        Ok(container)
    }
}

/// A container of the engine, as the API sees it.
///
/// ```no_run
/// # use std::time::Duration;
/// # use dockertest::prelude::*;
/// # fn phase(ctx: &mut Context) -> Outcome {
/// let container = ctx.container().command(["sh", "-c", "exit 3"]).start()?;
/// check_eq!(container.wait_exit(Duration::from_secs(10))?, 3, "the container's exit status");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Container {
    id: String,
    name: String,
    api: Rc<Api>,
}

impl Container {
    /// A container that came about otherwise, by its name or id.
    ///
    /// # Errors
    /// `FAIL` when the engine has none of that name.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # use dockertest::engine::Container;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let (name, image) = (ctx.container_name("test"), ctx.image()?);
    /// ctx.docker(["create", "--name", &name, &image]).must_pass()?;
    /// let container = Container::find(ctx, &name)?;
    /// # let _ = container;
    /// # Ok(()) }
    /// ```
    pub fn find(ctx: &Context, name: &str) -> Outcome<Container> {
        let api = ctx.api()?;
        let found = api.container(name)?.ok_or_else(|| missing(name))?;
        let name = found.name.as_deref().unwrap_or(name).trim_start_matches('/').to_owned();
        Ok(Container { id: found.id.unwrap_or_default(), name, api })
    }

    /// Its full id.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(container: dockertest::engine::Container) -> Outcome {
    /// check_eq!(container.id().len(), 64, "the length of a full id");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its name.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, container: dockertest::engine::Container) -> Outcome {
    /// ctx.docker(["rm", container.name()]).must_pass()?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the engine knows about it.
    ///
    /// # Errors
    /// `FAIL` when it is gone.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(container: dockertest::engine::Container) -> Outcome {
    /// let image = container.inspect()?.image;
    /// # let _ = image;
    /// # Ok(()) }
    /// ```
    pub fn inspect(&self) -> Outcome<ContainerInspectResponse> {
        Ok(self.api.container(&self.id)?.ok_or_else(|| missing(&self.name))?)
    }

    /// Its state.
    ///
    /// # Errors
    /// `FAIL` when it is gone.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(container: dockertest::engine::Container) -> Outcome {
    /// check!(container.state()?.running == Some(true), "the container runs");
    /// # Ok(()) }
    /// ```
    pub fn state(&self) -> Outcome<ContainerState> {
        Ok(self.inspect()?.state.unwrap_or_default())
    }

    /// Whether it is there at all.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(container: dockertest::engine::Container) -> Outcome {
    /// check!(!container.exists()?, "the container is removed");
    /// # Ok(()) }
    /// ```
    pub fn exists(&self) -> Outcome<bool> {
        Ok(self.api.container(&self.id)?.is_some())
    }

    /// Waits until it does not run and podman has [cleaned up](Api::wait) after it, and gives its exit status.
    ///
    /// # Errors
    /// `FAIL` when it still runs at the limit.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use dockertest::prelude::*;
    /// # fn phase(container: dockertest::engine::Container) -> Outcome {
    /// let status = container.wait_exit(Duration::from_secs(10))?;
    /// # let _ = status;
    /// # Ok(()) }
    /// ```
    pub fn wait_exit(&self, limit: Duration) -> Outcome<i64> {
        Ok(self.api.wait(&self.id, Condition::NotRunning, limit)?)
    }

    /// Waits until it has written this text, and gives all that it has written so far.
    ///
    /// # Errors
    /// `FAIL` when it has not at the limit, or at its end.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use dockertest::prelude::*;
    /// # fn phase(container: dockertest::engine::Container) -> Outcome {
    /// container.wait_log("READY", Duration::from_secs(60))?;
    /// # Ok(()) }
    /// ```
    pub fn wait_log(&self, text: &str, limit: Duration) -> Outcome<Logs> {
        let text_of = |logs: &Logs| format!("{}{}", logs.stdout_text(), logs.stderr_text());
        let seen = self.logs_when(|logs| text_of(logs).contains(text), limit)?;
        let written = text_of(&seen);
        if written.contains(text) {
            return Ok(seen);
        }
        let evidence = Evidence {
            expected: Some(format!("`{text}` within {} s", limit.as_secs_f64())),
            seen: Some(written),
            ..Evidence::default()
        };
        Err(CheckFailed::new(format!("container {} does not write `{text}`", self.name), evidence).into())
    }

    /// Waits until what it has written is enough, and gives it. Ends early when the container does, and at the limit:
    /// then it is given as it is.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use dockertest::prelude::*;
    /// # fn phase(container: dockertest::engine::Container) -> Outcome {
    /// let has_two_lines = |logs: &dockertest::engine::Logs| logs.stdout_text().lines().count() >= 2;
    /// let seen = container.logs_when(has_two_lines, Duration::from_secs(5))?;
    /// check_eq!(seen.stdout_text(), "one\ntwo\n", "what the container wrote");
    /// # Ok(()) }
    /// ```
    pub fn logs_when(&self, is_enough: impl Fn(&Logs) -> bool, limit: Duration) -> Outcome<Logs> {
        Ok(self.api.logs_when(&self.id, is_enough, limit)?)
    }

    /// What it has written so far.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(container: dockertest::engine::Container) -> Outcome {
    /// check_eq!(container.logs()?.stdout_text(), "hello\n", "what the container wrote");
    /// # Ok(()) }
    /// ```
    pub fn logs(&self) -> Outcome<Logs> {
        Ok(self.api.logs(&self.id)?)
    }

    /// Sends it a signal, by name or number.
    ///
    /// # Errors
    /// When the engine does not do it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(container: dockertest::engine::Container) -> Outcome {
    /// container.kill("SIGUSR1")?;
    /// # Ok(()) }
    /// ```
    pub fn kill(&self, signal: &str) -> Outcome {
        Ok(self.api.kill(&self.id, signal)?)
    }

    /// Runs a command in it, and waits for its end.
    ///
    /// # Errors
    /// When the engine does not do it, or it does not end within a minute.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(container: dockertest::engine::Container) -> Outcome {
    /// let seen = container.exec(["cat", "/etc/hostname"])?;
    /// check!(seen.status == Some(0), "`cat` ends with status 0");
    /// # Ok(()) }
    /// ```
    pub fn exec<'w>(&self, words: impl IntoIterator<Item = &'w str>) -> Outcome<Executed> {
        let words: Vec<&str> = words.into_iter().collect();
        Ok(self.api.exec(&self.id, &words, EXEC_LIMIT)?)
    }

    /// The content of a file in it; nothing if it has none there. The container need not run; of one that has
    /// ended, ask after [`wait_exit`](Self::wait_exit).
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(container: dockertest::engine::Container) -> Outcome {
    /// let seen = container.file("/tmp/mark")?.unwrap_or_default();
    /// check_eq!(String::from_utf8_lossy(&seen), "done\n", "what the test left in the container");
    /// # Ok(()) }
    /// ```
    pub fn file(&self, path: &str) -> Outcome<Option<Vec<u8>>> {
        let archive = match self.api.get_archive(&self.id, path) {
            Err(failure) if failure.is_missing() => return Ok(None),
            archive => archive?,
        };
        let mut archive = tar::Archive::new(archive.as_slice());
        let Some(entry) = archive.entries()?.next() else { return Ok(None) };
        let mut content = Vec::new();
        entry?.read_to_end(&mut content)?;
        Ok(Some(content))
    }

    /// Starts it (again).
    ///
    /// # Errors
    /// When the engine does not do it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(container: dockertest::engine::Container) -> Outcome {
    /// container.start()?;
    /// # Ok(()) }
    /// ```
    pub fn start(&self) -> Outcome {
        Ok(self.api.start(&self.id)?)
    }
}

fn missing(name: &str) -> CheckFailed {
    let evidence = Evidence {
        expected: Some(format!("a container `{name}`")),
        seen: Some("no such container".to_owned()),
        ..Evidence::default()
    };
    CheckFailed::new(format!("the engine has no container `{name}`"), evidence)
}
