//! An engine of our own, seen from outside.

use std::fs::{self, File};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::failure::DaemonFailure;
use super::folder::{self, ENGINE, Folder};
use super::launched::{Launched, Manner, ORDER_LIMIT};
use super::options::DaemonOptions;
use super::order::Order;
use super::plan::{Plan, Program, Spoken};
use crate::host::HostProgram;

/// An engine of our own in mount, network, pid, ipc and uts namespaces of its own.
///
/// In the network namespace of the host it would delete or re-address the bridge and the rules of another engine,
/// whatever settings it has. Its processes and its folder go when this value is dropped, and also when this program dies
/// in whatever way.
///
/// ```no_run
/// use dockertest::engine::daemon::{Daemon, DaemonOptions};
/// use dockertest::host::HostProgram;
///
/// let this_program = HostProgram::new(std::env::current_exe()?);
/// let mut engine = Daemon::start(&this_program, &DaemonOptions::new().setting("debug", true))?;
/// println!("DOCKER_HOST={}", engine.address());
/// engine.restart()?;
/// engine.end()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Daemon {
    launched: Launched,
    settings: Map<String, Value>,
}

impl Daemon {
    /// Starts an engine and waits until it answers. `first_process` is a program that has the part
    /// [`first_process`](super::first_process()).
    ///
    /// # Errors
    /// When it does not come up; then nothing of it is left.
    ///
    /// ```no_run
    /// # use dockertest::engine::daemon::{Daemon, DaemonOptions};
    /// # use dockertest::host::HostProgram;
    /// let host = HostProgram::new("/usr/local/bin/dockertest-host");
    /// let engine = Daemon::start(&host, &DaemonOptions::new())?;
    /// # Ok::<(), dockertest::engine::daemon::DaemonFailure>(())
    /// ```
    pub fn start(first_process: &HostProgram, options: &DaemonOptions) -> Result<Daemon, DaemonFailure> {
        drop(folder::sweep());
        let (folder, lock) = Folder::create(ENGINE).map_err(DaemonFailure::Folder)?;
        let (launched, settings) = launch(folder, lock, first_process, options)?;
        let mut daemon = Daemon { launched, settings };
        match daemon.wait_until_it_answers() {
            Ok(()) => Ok(daemon),
            Err(failure) => {
                // Why it did not come up says more than what became of it then.
                drop(daemon.end());
                Err(failure)
            }
        }
    }

    fn wait_until_it_answers(&mut self) -> Result<(), DaemonFailure> {
        let socket = self.socket();
        self.launched.wait_until_it_answers(&socket)
    }

    /// What `DOCKER_HOST` must be.
    ///
    /// ```no_run
    /// # fn example(engine: dockertest::engine::daemon::Daemon) {
    /// println!("docker --host={} ps", engine.address());
    /// # }
    /// ```
    #[must_use]
    pub fn address(&self) -> String {
        format!("unix://{}", self.launched.folder.socket().display())
    }

    /// The socket's file; the same for this process and within the namespaces.
    ///
    /// ```no_run
    /// # fn example(engine: dockertest::engine::daemon::Daemon) {
    /// assert!(dockertest::engine::daemon::ping(&engine.socket()).is_ok());
    /// # }
    /// ```
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.launched.folder.socket()
    }

    /// All its settings, also those that we chose, by the names that they have in `daemon.json`.
    ///
    /// ```no_run
    /// # fn example(engine: dockertest::engine::daemon::Daemon) {
    /// println!("its containers are in {}", engine.settings()["data-root"]);
    /// # }
    /// ```
    #[must_use]
    pub fn settings(&self) -> &Map<String, Value> {
        &self.settings
    }

    /// Stops the engine, and starts it again in the same namespaces with the same data. Waits until it answers.
    ///
    /// # Errors
    /// When it does not stop, or does not come up again.
    ///
    /// ```no_run
    /// # fn example(mut engine: dockertest::engine::daemon::Daemon) -> dockertest::subtest::Outcome {
    /// engine.restart()?;
    /// # Ok(()) }
    /// ```
    pub fn restart(&mut self) -> Result<(), DaemonFailure> {
        self.stop()?;
        self.start_again()
    }

    /// Stops the engine and leaves its namespaces and data as they are.
    ///
    /// # Errors
    /// When it does not stop within a minute.
    ///
    /// ```no_run
    /// # fn example(mut engine: dockertest::engine::daemon::Daemon) -> dockertest::subtest::Outcome {
    /// engine.stop()?;
    /// // Nobody answers now.
    /// engine.start_again()?;
    /// # Ok(()) }
    /// ```
    pub fn stop(&mut self) -> Result<(), DaemonFailure> {
        self.launched.order(Order::Stop)
    }

    /// Starts an engine that was stopped, and waits until it answers.
    ///
    /// # Errors
    /// When it does not come up.
    ///
    /// ```no_run
    /// # fn example(mut engine: dockertest::engine::daemon::Daemon) -> dockertest::subtest::Outcome {
    /// engine.stop()?;
    /// engine.set([("debug".to_owned(), true.into())])?;
    /// engine.start_again()?;
    /// # Ok(()) }
    /// ```
    pub fn start_again(&mut self) -> Result<(), DaemonFailure> {
        self.launched.order(Order::Start)?;
        self.wait_until_it_answers()
    }

    /// Writes settings into `daemon.json`; null takes one away. The engine reads them when it is started the next time.
    ///
    /// # Errors
    /// When the file cannot be written.
    ///
    /// ```no_run
    /// # fn example(mut engine: dockertest::engine::daemon::Daemon) -> dockertest::subtest::Outcome {
    /// engine.set([("storage-driver".to_owned(), "vfs".into())])?;
    /// engine.restart()?;
    /// # Ok(()) }
    /// ```
    pub fn set(&mut self, settings: impl IntoIterator<Item = (String, Value)>) -> Result<(), DaemonFailure> {
        for (name, value) in settings {
            match value {
                Value::Null => self.settings.remove(&name),
                value => self.settings.insert(name, value),
            };
        }
        configure(&self.launched.folder, &self.settings).map_err(DaemonFailure::Folder)
    }

    /// Writes settings into `daemon.json` and has the running engine read them (SIGHUP). Waits until it says that it has.
    /// `debug` is the one setting that engines take a moment after they have said so.
    ///
    /// # Errors
    /// When it refuses them, or says nothing about them.
    ///
    /// ```no_run
    /// # use serde_json::json;
    /// # fn example(mut engine: dockertest::engine::daemon::Daemon) -> dockertest::subtest::Outcome {
    /// engine.reconfigure([("labels".to_owned(), json!(["rack=8"]))])?;
    /// # Ok(()) }
    /// ```
    pub fn reconfigure(&mut self, settings: impl IntoIterator<Item = (String, Value)>) -> Result<(), DaemonFailure> {
        self.set(settings)?;
        let known = self.launched.said();
        self.launched.order(Order::Reload)?;
        let deadline = Instant::now() + ORDER_LIMIT;
        let mut pause = Duration::from_millis(2);
        loop {
            let said = self.launched.said_since(known);
            if said.contains("Reloaded configuration") {
                return Ok(());
            }
            let refusal = said.lines().find(|line| line.contains("level=error"));
            let answer = match (refusal, Instant::now() >= deadline) {
                (Some(line), _) => line.to_owned(),
                (None, true) => format!("it did not say that it has within {} s", ORDER_LIMIT.as_secs()),
                (None, false) => {
                    // The engine tells it nobody but its log.
                    thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(20));
                    continue;
                }
            };
            return Err(DaemonFailure::Refused { order: Order::Reload.word(), answer, log: self.launched.log_end() });
        }
    }

    /// Ends the engine with all that is in its namespaces, and sees that nothing is left.
    ///
    /// # Errors
    /// When something is.
    ///
    /// ```no_run
    /// # fn example(engine: dockertest::engine::daemon::Daemon) -> dockertest::subtest::Outcome {
    /// engine.end()?;
    /// # Ok(()) }
    /// ```
    pub fn end(mut self) -> Result<(), DaemonFailure> {
        match self.launched.take_down() {
            left if left.is_empty() => Ok(()),
            left => Err(DaemonFailure::Left(left.join("; "))),
        }
    }
}

/// Writes the settings into the prepared folder and launches the engine with them.
fn launch(
    folder: Folder,
    lock: File,
    first_process: &HostProgram,
    options: &DaemonOptions,
) -> Result<(Launched, Map<String, Value>), DaemonFailure> {
    let settings = folder.settings(&options.settings);
    if let Err(error) = configure(&folder, &settings) {
        drop(folder.remove());
        return Err(DaemonFailure::Folder(error));
    }
    let engine = Program {
        path: options.program.clone(),
        arguments: vec![format!("--config-file={}", folder.configuration().display())],
        ..Program::default()
    };
    let plan = Plan { dialect: Spoken::here(), engine: Some(engine), ..Plan::default() };
    let manner = Manner { log: options.log.as_deref(), ..Manner::default() };
    Ok((Launched::launch(folder, vec![lock], first_process, &plan, manner)?, settings))
}

fn configure(folder: &Folder, settings: &Map<String, Value>) -> std::io::Result<()> {
    fs::write(folder.configuration(), serde_json::to_vec_pretty(settings)?)
}
