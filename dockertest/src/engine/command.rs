//! Running a command of the engine's command line: no shell, a limit, everything logged.

use std::fmt;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use crate::engine::CommandFailure;
use crate::engine::address;
use crate::engine::completed::Completed;
use crate::engine::process;
use crate::host::protocol::HostMessage;
use crate::outcome::Level;
use crate::subtest::{Context, Shared, fitting};

/// The program under test, if the configuration does not name one.
const DEFAULT_PATH: &str = "/usr/bin/docker";

/// The limit of a command, if the configuration does not set one.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

/// A command that can be run, once or several times.
///
/// It is started without a shell, in a process group of its own. Each run is logged at level debug so that a person
/// can paste the command into a shell.
///
/// ```no_run
/// # use dockertest::prelude::*;
/// # fn phase(ctx: &mut Context) -> Outcome {
/// let seen = ctx.docker(["run", "--rm", "busybox", "echo", "a b"]).must_pass()?;
/// check_eq!(seen.stdout_text(), "a b\n", "what the container printed");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Command {
    words: Result<Vec<String>, String>,
    timeout: Duration,
    stdin: Vec<u8>,
    shared: Rc<Shared>,
    subsubtest: Option<String>,
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command").field("words", &self.words).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl Command {
    /// `docker_path`, `docker_options` and these arguments.
    pub(crate) fn of_engine(ctx: &Context, arguments: Vec<String>) -> Self {
        let section = ctx.section();
        let path = section.get("docker_path").filter(|path| !path.is_empty()).unwrap_or(DEFAULT_PATH);
        let options = section.get("docker_options").unwrap_or_default();
        let words = shlex::split(options).map(|options| {
            let mut words = vec![path.to_owned()];
            words.extend(options);
            words.extend(arguments);
            words
        });
        let limit = section.seconds("docker_timeout");
        let words = match (words, &limit) {
            (None, _) => Err(format!("the option `docker_options` has an open quote: `{options}`")),
            (_, Err(failure)) => Err(failure.to_string()),
            (Some(words), Ok(_)) => Ok(words),
        };
        Command {
            words,
            timeout: limit.ok().flatten().unwrap_or(DEFAULT_TIMEOUT),
            stdin: Vec::new(),
            shared: ctx.share(),
            subsubtest: ctx.subsubtest().map(str::to_owned),
        }
    }

    /// A command line that talks to the engine at an address, whatever `docker_options` say; without a subcommand.
    pub(crate) fn of_engine_at(ctx: &Context, address: &str) -> Self {
        let mut command = Command::of_engine(ctx, Vec::new());
        command.words = command.words.map(|mut words| {
            let options = words.split_off(1);
            words.extend(address::without_host(options));
            words.push(format!("--host={address}"));
            words
        });
        command
    }

    /// The same with more arguments.
    pub(crate) fn and<A: Into<String>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        if let Ok(words) = &mut self.words {
            words.extend(arguments.into_iter().map(Into::into));
        }
        self
    }

    /// The same with a limit of its own in place of `docker_timeout`; zero is none.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// ctx.docker(["pull", "busybox"]).timeout(Duration::from_secs(600)).must_pass()?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// The same with something to read on standard input. Without it, standard input is empty.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let seen = ctx.docker(["run", "--rm", "--interactive", "busybox", "cat"]).stdin("hello").must_pass()?;
    /// check_eq!(seen.stdout_text(), "hello", "what went through the container");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// The command as it can be pasted into a shell.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let echo = ctx.docker(["run", "busybox", "echo", "a b"]);
    /// assert_eq!(echo.typed(), "/usr/bin/docker run busybox echo 'a b'");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn typed(&self) -> String {
        self.words.as_ref().map_or_else(String::clone, |words| typed(words))
    }

    /// Runs it to its end, whatever its status.
    ///
    /// # Errors
    /// When it cannot be started, does not end within its limit (then it and all its children are killed), or the step
    /// is asked to stop. In a clean-up the last does not apply: there a command may still run.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let seen = ctx.docker(["inspect", "maybe"]).run()?;
    /// let exists = seen.status.success();
    /// # let _ = exists;
    /// # Ok(()) }
    /// ```
    pub fn run(&self) -> Result<Completed, CommandFailure> {
        let words = self.words.as_ref().map_err(|problem| CommandFailure::Configuration(problem.clone()))?;
        let typed = typed(words);
        self.log(format!("run: {typed}"));
        let cancel = (!self.shared.is_cleaning_up()).then_some(&self.shared.cancel);
        let done = process::run(words, &self.stdin, self.timeout, cancel);
        let completed = done.map_err(|stopped| stopped.explain(typed.clone(), self.timeout))?;
        let completed = Completed { command: typed, ..completed };
        self.log(completed.describe());
        Ok(completed)
    }

    /// Runs it; it must end with status 0 and without a sign of a crash.
    ///
    /// # Errors
    /// As for [`run`](Self::run), and when the promise is broken.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// ctx.docker(["version"]).must_pass()?; // FAIL, with the command and its outputs, when the status is not 0
    /// # Ok(()) }
    /// ```
    pub fn must_pass(&self) -> Result<Completed, CommandFailure> {
        self.run()?.must_pass()
    }

    /// Runs it; it must end with this status and without a sign of a crash.
    ///
    /// # Errors
    /// As for [`run`](Self::run), and when the promise is broken.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let seen = ctx.docker(["run", "--no-such-option"]).must_fail(125)?;
    /// check!(seen.stderr_text().contains("unknown flag"), "the option is named as unknown");
    /// # Ok(()) }
    /// ```
    pub fn must_fail(&self, status: i32) -> Result<Completed, CommandFailure> {
        self.run()?.must_fail(status)
    }

    fn log(&self, text: String) {
        let (subsubtest, text) = (self.subsubtest.clone(), fitting(text));
        self.shared.voice.say(&HostMessage::Log { subsubtest, level: Level::Debug, text });
    }
}

/// Words as they are typed into a shell.
pub(crate) fn typed(words: &[String]) -> String {
    let quoted = words.iter().map(|word| match shlex::try_quote(word) {
        Ok(quoted) => quoted.into_owned(),
        // A NUL byte cannot be typed at all.
        Err(_) => format!("{word:?}"),
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// Why a command has no status.
#[derive(Debug)]
pub(crate) enum Stopped {
    NotStarted(String, io::Error),
    TimedOut(Box<Completed>),
    Cancelled(String),
    Lost(io::Error),
}

impl Stopped {
    fn explain(self, command: String, limit: Duration) -> CommandFailure {
        match self {
            Stopped::NotStarted(program, source) => CommandFailure::NotStarted { program, command, source },
            Stopped::TimedOut(so_far) => CommandFailure::TimedOut { command, limit, so_far },
            Stopped::Cancelled(reason) => CommandFailure::Cancelled { command, reason },
            Stopped::Lost(source) => CommandFailure::Lost { command, source },
        }
    }
}
