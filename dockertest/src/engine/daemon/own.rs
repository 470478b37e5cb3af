//! An engine of our own for a subtest.

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Daemon, DaemonFailure, DaemonOptions};
use crate::engine::{Api, ApiFailure, Command};
use crate::host::HostProgram;
use crate::outcome::Evidence;
use crate::subtest::{CheckFailed, Context, Failure, Outcome, Shared};
use crate::verdict::Verdict;

/// How long the API may take to answer.
const API_LIMIT: Duration = Duration::from_secs(10);

/// An engine of our own that a subtest started. It is taken down with the step, or with this value's [`end`](Self::end).
///
/// ```no_run
/// # use dockertest::prelude::*;
/// # use serde_json::json;
/// use dockertest::engine::daemon::DaemonOptions;
///
/// # fn phase(ctx: &mut Context) -> Outcome {
/// let own = ctx.own_engine(DaemonOptions::new().setting("labels", json!(["rack=7"])))?;
/// let shown = own.docker(["info", "--format", "{{json .Labels}}"]).must_pass()?;
/// check_eq!(shown.stdout_text(), "[\"rack=7\"]\n", "the labels that `docker info` shows");
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct OwnEngine {
    /// Nothing in it once it has been taken down.
    daemon: Rc<RefCell<Option<Daemon>>>,
    /// The command line without a subcommand.
    command: Command,
    address: String,
    shared: Rc<Shared>,
}

impl OwnEngine {
    /// A command of the engine's command line that talks to this engine: `docker_path`, `docker_options` without those
    /// that name another engine, and these arguments.
    ///
    /// ```no_run
    /// # fn example(own: dockertest::engine::daemon::OwnEngine) -> dockertest::subtest::Outcome {
    /// own.docker(["ps", "--all"]).must_pass()?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn docker<A: Into<String>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        self.command.clone().and(arguments)
    }

    /// Where it listens.
    ///
    /// ```no_run
    /// # fn example(own: dockertest::engine::daemon::OwnEngine) {
    /// assert!(own.address().starts_with("unix:///tmp/dockertest-engine-"));
    /// # }
    /// ```
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A connection to its API. One that was made before a restart does not survive it.
    ///
    /// # Errors
    /// When it does not answer.
    ///
    /// ```no_run
    /// # fn example(own: dockertest::engine::daemon::OwnEngine) -> dockertest::subtest::Outcome {
    /// println!("{}", own.api()?.version()?.version);
    /// # Ok(()) }
    /// ```
    pub fn api(&self) -> Result<Api, ApiFailure> {
        let (start, shared) = (Instant::now(), &self.shared);
        let api = Api::connect(&self.address, API_LIMIT);
        shared.spent.request(start.elapsed());
        Ok(api?.watching(shared.cancel.clone(), Rc::clone(&shared.cleaning_up), Rc::clone(&shared.spent)))
    }

    /// A setting by the name that it has in `daemon.json`, if it is set.
    ///
    /// ```no_run
    /// # fn example(own: dockertest::engine::daemon::OwnEngine) {
    /// assert_eq!(own.setting("iptables"), Some(false.into()));
    /// # }
    /// ```
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<Value> {
        self.daemon.borrow().as_ref().and_then(|daemon| daemon.settings().get(name).cloned())
    }

    /// Stops the engine and starts it again with the same data, with these settings changed (null takes one away). Waits
    /// until it answers.
    ///
    /// # Errors
    /// `FAIL` when it does not stop, or does not come up again.
    ///
    /// ```no_run
    /// # fn example(own: dockertest::engine::daemon::OwnEngine) -> dockertest::subtest::Outcome {
    /// own.restart([("debug", true.into())])?;
    /// # Ok(()) }
    /// ```
    pub fn restart<'a>(&self, settings: impl IntoIterator<Item = (&'a str, Value)>) -> Outcome {
        self.with(|daemon| {
            daemon.set(owned(settings))?;
            daemon.restart()
        })
    }

    /// Has the running engine take these settings (SIGHUP), and waits until it says that it has.
    ///
    /// # Errors
    /// `FAIL` when it refuses them.
    ///
    /// ```no_run
    /// # use serde_json::json;
    /// # fn example(own: dockertest::engine::daemon::OwnEngine) -> dockertest::subtest::Outcome {
    /// own.reconfigure([("labels", json!(["rack=8"]))])?;
    /// # Ok(()) }
    /// ```
    pub fn reconfigure<'a>(&self, settings: impl IntoIterator<Item = (&'a str, Value)>) -> Outcome {
        self.with(|daemon| daemon.reconfigure(owned(settings)))
    }

    /// Stops the engine; its namespaces and data stay. Nobody answers until it is [started](Self::start).
    ///
    /// # Errors
    /// `FAIL` when it does not stop.
    ///
    /// ```no_run
    /// # fn example(own: dockertest::engine::daemon::OwnEngine) -> dockertest::subtest::Outcome {
    /// own.stop()?;
    /// own.docker(["info"]).must_fail(1)?;
    /// own.start()?;
    /// # Ok(()) }
    /// ```
    pub fn stop(&self) -> Outcome {
        self.with(Daemon::stop)
    }

    /// Starts an engine that was [stopped](Self::stop), and waits until it answers.
    ///
    /// # Errors
    /// `FAIL` when it does not come up.
    ///
    /// ```no_run
    /// # fn example(own: dockertest::engine::daemon::OwnEngine) -> dockertest::subtest::Outcome {
    /// own.stop()?;
    /// own.start()?;
    /// # Ok(()) }
    /// ```
    pub fn start(&self) -> Outcome {
        self.with(Daemon::start_again)
    }

    /// Takes it down with all that is in it, before the step's end.
    ///
    /// # Errors
    /// `ERROR` when something of it is left.
    ///
    /// ```no_run
    /// # fn example(own: dockertest::engine::daemon::OwnEngine) -> dockertest::subtest::Outcome {
    /// own.end()?;
    /// # Ok(()) }
    /// ```
    pub fn end(self) -> Outcome {
        end(&self.daemon)
    }

    fn with(&self, action: impl FnOnce(&mut Daemon) -> Result<(), DaemonFailure>) -> Outcome {
        let start = Instant::now();
        match self.daemon.borrow_mut().as_mut() {
            Some(daemon) => {
                let done = action(daemon);
                self.shared.spent.wait(start.elapsed());
                done.map_err(|failure| broken(&failure, daemon))
            }
            None => Err(Failure::new(Verdict::Error, "the engine of our own has been taken down already")),
        }
    }
}

fn owned<'a>(settings: impl IntoIterator<Item = (&'a str, Value)>) -> impl Iterator<Item = (String, Value)> {
    settings.into_iter().map(|(name, value)| (name.to_owned(), value))
}

fn end(daemon: &RefCell<Option<Daemon>>) -> Outcome {
    match daemon.borrow_mut().take() {
        Some(daemon) => Ok(daemon.end()?),
        None => Ok(()),
    }
}

/// An engine that came up before and does not obey now has broken its promise.
fn broken(failure: &DaemonFailure, daemon: &Daemon) -> Failure {
    let Some(log) = failure.log() else { return Failure::new(Verdict::Error, failure.to_string()) };
    let evidence = Evidence {
        command: Some(format!("dockerd with {}", Value::Object(daemon.settings().clone()))),
        expected: Some("an engine that stops, starts and takes its settings".to_owned()),
        seen: Some(log.to_owned()),
        ..Evidence::default()
    };
    CheckFailed::new(failure.to_string(), evidence).into()
}

impl Context {
    /// A command of the engine's command line that talks to another engine: `docker_path`, `docker_options` without
    /// those that name an engine, and these arguments.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let seen = ctx.docker_at("unix:///nonexistent/docker.sock", ["info"]).run()?;
    /// seen.check_eq(seen.status.code().unwrap_or_default(), 1, "the status without an engine")?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn docker_at<A: Into<String>>(&self, address: &str, arguments: impl IntoIterator<Item = A>) -> Command {
        Command::of_engine_at(self, address).and(arguments)
    }

    /// An engine of our own, in namespaces of its own and with nothing in it, until the end of the step. Its log is
    /// `own-engine.log` in the step's results folder. The option `dockerd_path` names its program, if it is set.
    ///
    /// It needs root, and a program that [`host::serve::main`](crate::host::serve::main) makes a host.
    ///
    /// # Errors
    /// `ERROR` when it does not come up.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// use dockertest::engine::daemon::DaemonOptions;
    ///
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let own = ctx.own_engine(DaemonOptions::new().setting("storage-driver", "vfs"))?;
    /// let seen = own.docker(["images", "--quiet"]).must_pass()?;
    /// check_eq!(seen.stdout_text(), "", "the images of a new engine");
    /// # Ok(()) }
    /// ```
    pub fn own_engine(&mut self, options: DaemonOptions) -> Outcome<OwnEngine> {
        let mut options = options;
        options.log.get_or_insert(self.free_log());
        if let Some(program) = self.section().get("dockerd_path").filter(|path| !path.is_empty()) {
            options.program = program.into();
        }
        let start = Instant::now();
        let daemon = Daemon::start(&this_host()?, &options);
        self.shared().spent.wait(start.elapsed());
        let daemon = daemon.map_err(|failure| {
            let log = failure.log().map_or_else(String::new, |log| format!("; its log ends with\n{log}"));
            let failure = Failure::from(failure);
            Failure::new(failure.verdict(), format!("{}{log}", failure.reason()))
        })?;
        let address = daemon.address();
        self.debug(format!("started an engine of our own at {address}"));
        let daemon = Rc::new(RefCell::new(Some(daemon)));
        let promised = Rc::clone(&daemon);
        self.defer("take down the engine of our own", move || end(&promised));
        Ok(OwnEngine { daemon, command: Command::of_engine_at(self, &address), address, shared: self.share() })
    }

    /// The first of `own-engine.log`, `own-engine-2.log`, ... that is not there.
    fn free_log(&self) -> PathBuf {
        let name = |number: u32| match number {
            1 => "own-engine.log".to_owned(),
            number => format!("own-engine-{number}.log"),
        };
        let files = (1..).map(|number| self.output().join(name(number)));
        files.into_iter().find(|file| !file.exists()).unwrap_or_default()
    }
}

/// How this program was started as a host, without what it was started for.
fn this_host() -> Outcome<HostProgram> {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let Some(arguments) = arguments_of_host(&words) else {
        return Err(Failure::new(
            Verdict::Error,
            "an engine of our own needs a program that is a host: its first process is that program again",
        ));
    };
    Ok(HostProgram { path: std::env::current_exe()?, arguments: arguments.to_vec() })
}

/// A host is started with `run NAME` at the end.
fn arguments_of_host(words: &[OsString]) -> Option<&[OsString]> {
    match words {
        [before @ .., run, _] if run == OsStr::new("run") => Some(before),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_started_again_as_it_was_started() {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert_eq!(arguments_of_host(&words("run docker_cli/info")), Some(&[][..]));
        assert_eq!(arguments_of_host(&words("host run docker_cli/info")), Some(&words("host")[..]));
        assert_eq!(arguments_of_host(&words("--test-threads 1")), None);
    }
}
