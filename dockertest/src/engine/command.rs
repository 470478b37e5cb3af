//! Running a command of the engine's command line: no shell, a limit, everything logged.

use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::engine::CommandFailure;
use crate::engine::address;
use crate::engine::completed::Completed;
use crate::engine::process::{Input, Launch, Process, Stopped};
use crate::engine::running::Running;
use crate::host::CancelToken;
use crate::host::protocol::HostMessage;
use crate::outcome::Level;
use crate::subtest::{Context, Outcome, Shared, fitting};

/// The program under test, if the configuration does not name one.
pub(crate) const DEFAULT_PATH: &str = "/usr/bin/docker";

/// The limit of a command, if the configuration does not set one.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

/// The limit for READY, if the configuration does not set one.
const DEFAULT_WAIT_READY: Duration = Duration::from_secs(60);

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
    variables: Vec<(String, String)>,
    timeout: Duration,
    wait_ready: Duration,
    stdin: Option<Vec<u8>>,
    terminal: bool,
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
        let (limit, wait_ready) = (section.seconds("docker_timeout"), section.seconds("wait_ready"));
        let words = match (words, &limit, &wait_ready) {
            (None, ..) => Err(format!("the option `docker_options` has an open quote: `{options}`")),
            (_, Err(failure), _) | (_, _, Err(failure)) => Err(failure.to_string()),
            (Some(words), Ok(_), Ok(_)) => Ok(words),
        };
        Command {
            words,
            variables: Vec::new(),
            timeout: limit.ok().flatten().unwrap_or(DEFAULT_TIMEOUT),
            wait_ready: wait_ready.ok().flatten().unwrap_or(DEFAULT_WAIT_READY),
            stdin: None,
            terminal: false,
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

    /// The same with something to read on standard input, and then its end. Without it, standard input is empty; that
    /// of a command in the background stays open.
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
        self.stdin = Some(bytes.into());
        self
    }

    /// The same with a terminal of its own as standard input, output and error: what `--interactive --tty` needs. All
    /// that is printed then is its standard output, with the line ends of a terminal.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let seen = ctx.docker(["run", "--rm", "--interactive", "--tty", "busybox", "tty"]).terminal().must_pass()?;
    /// check_eq!(seen.stdout_text(), "/dev/pts/0\r\n", "the terminal in the container");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn terminal(mut self) -> Self {
        self.terminal = true;
        self
    }

    /// The same with a variable in its environment.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// ctx.docker(["build", "."]).variable("DOCKER_BUILDKIT", "0").must_pass()?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.push((name.into(), value.into()));
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
        let assigned = self.variables.iter().map(|(name, value)| format!("{name}={}", quoted(value)));
        match &self.words {
            Ok(words) => assigned.chain([typed(words)]).collect::<Vec<_>>().join(" "),
            Err(problem) => problem.clone(),
        }
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
        self.log(format!("run: {}", self.typed()));
        let stdin = self.stdin.clone().map_or(Input::Empty, Input::Bytes);
        let start = Instant::now();
        let done = self.start(stdin).and_then(|mut process| {
            self.until_end(&mut process, self.timeout)?;
            self.completed(&mut process)
        });
        self.shared.spent.command(start.elapsed());
        done
    }

    /// Starts it, and does not wait for its end. Unless it was given something to read, its standard input stays open.
    /// It is killed with all its descendants when it is dropped, at the latest when the step (or sub-subtest) cleans up,
    /// before the promises are kept that were made with [`Context::defer`].
    ///
    /// # Errors
    /// When it cannot be started.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let mut client = ctx.docker(["run", "--name", "x", "busybox", "sh", "-c", "echo READY; sleep 60"]).spawn()?;
    /// client.wait_ready()?;
    /// ctx.docker(["kill", "x"]).must_pass()?;
    /// client.wait(Duration::from_secs(10))?.must_fail(137)?;
    /// # Ok(()) }
    /// ```
    pub fn spawn(&self) -> Outcome<Running> {
        self.log(format!("start: {}", self.typed()));
        let stdin = self.stdin.clone().map_or(Input::Open, Input::Bytes);
        let start = Instant::now();
        let process = self.start(stdin);
        self.shared.spent.command(start.elapsed());
        Ok(Running::new(self.clone(), process?))
    }

    fn start(&self, stdin: Input) -> Result<Process, CommandFailure> {
        let words = self.words.as_ref().map_err(|problem| CommandFailure::Configuration(problem.clone()))?;
        let launch = Launch {
            words,
            variables: &self.variables,
            stdin,
            terminal: self.terminal,
            folder: &self.shared.request.folders.output,
            number: self.shared.spent.commands() + 1,
        };
        Process::start(launch).map_err(|stopped| self.explain(stopped))
    }

    /// Waits for its end; when it does not come in time, the process is killed with all its descendants.
    pub(super) fn until_end(&self, process: &mut Process, limit: Duration) -> Result<(), CommandFailure> {
        match process.until_end(deadline(limit), self.cancel()) {
            Ok(()) => Ok(()),
            Err(Stopped::TimedOut) => {
                let so_far = Box::new(self.completed(process)?);
                Err(CommandFailure::TimedOut { command: self.typed(), limit, so_far })
            }
            Err(stopped) => Err(self.explain(stopped)),
        }
    }

    /// What it did; it is killed if it has not ended.
    pub(super) fn completed(&self, process: &mut Process) -> Result<Completed, CommandFailure> {
        let completed = process.finish().map_err(|error| self.explain(Stopped::Lost(error)))?;
        let completed = Completed { command: self.typed(), ..completed };
        self.log(completed.describe());
        Ok(completed)
    }

    /// What stops a wait. A clean-up is not stopped.
    pub(super) fn cancel(&self) -> Option<&CancelToken> {
        (!self.shared.is_cleaning_up()).then_some(&self.shared.cancel)
    }

    pub(super) fn explain(&self, stopped: Stopped) -> CommandFailure {
        let command = self.typed();
        match stopped {
            Stopped::NotStarted(program, source) => CommandFailure::NotStarted { program, command, source },
            Stopped::Cancelled(reason) => CommandFailure::Cancelled { command, reason },
            Stopped::TimedOut => CommandFailure::Lost { command, source: std::io::ErrorKind::TimedOut.into() },
            Stopped::Lost(source) => CommandFailure::Lost { command, source },
        }
    }

    pub(super) fn shared(&self) -> &Rc<Shared> {
        &self.shared
    }

    pub(super) fn subsubtest(&self) -> Option<&str> {
        self.subsubtest.as_deref()
    }

    pub(super) fn limit(&self) -> Duration {
        self.timeout
    }

    pub(super) fn ready_limit(&self) -> Duration {
        self.wait_ready
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

    /// Runs it; it must end with another status than 0 and without a sign of a crash. For what engines agree to refuse,
    /// but not with which status.
    ///
    /// # Errors
    /// As for [`run`](Self::run), and when the promise is broken.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// ctx.docker(["kill", "--signal=NONSENSE", "x"]).must_fail_any()?; // 1 of docker, 125 of podman
    /// # Ok(()) }
    /// ```
    pub fn must_fail_any(&self) -> Result<Completed, CommandFailure> {
        self.run()?.must_fail_any()
    }

    pub(super) fn log(&self, text: String) {
        let (subsubtest, text) = (self.subsubtest.clone(), fitting(text));
        self.shared.voice.say(&HostMessage::Log { subsubtest, level: Level::Debug, text });
    }
}

/// When a limit that begins now is over; zero is none.
pub(super) fn deadline(limit: Duration) -> Option<Instant> {
    Some(limit).filter(|limit| !limit.is_zero()).and_then(|limit| Instant::now().checked_add(limit))
}

/// Words as they are typed into a shell.
pub(crate) fn typed(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    // A NUL byte cannot be typed at all.
    shlex::try_quote(word).map_or_else(|_| format!("{word:?}"), std::borrow::Cow::into_owned)
}
