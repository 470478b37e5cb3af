//! An engine of our own, seen from outside.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::failure::DaemonFailure;
use super::folder::{self, Folder};
use super::inside::FIRST_PROCESS;
use super::options::DaemonOptions;
use super::order::{DONE, Order};
use super::ping::ping;
use super::search_path;
use crate::host::HostProgram;

/// Measured 0.2 s; a loaded machine gets time.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Measured 0.02 s; cgroups may take five seconds.
const END_LIMIT: Duration = Duration::from_secs(20);
/// Measured 1 s; a container that does not want to end has 15 s of the engine's.
const ORDER_LIMIT: Duration = Duration::from_secs(60);
/// How many lines of the log are shown for a failure.
const SHOWN_LINES: usize = 20;

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
    launcher: Child,
    /// The first process sees when this is closed. Nothing here once it has been.
    orders: Option<UnixStream>,
    folder: Folder,
    settings: Map<String, Value>,
    log: File,
    /// Tells a later run that the folder is in use.
    _lock: File,
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
        let (folder, lock) = Folder::create().map_err(DaemonFailure::Folder)?;
        let launched = launch(&folder, first_process, options);
        let (launcher, orders, settings, log) = launched.inspect_err(|_| drop(folder.remove()))?;
        let mut daemon = Daemon { launcher, orders: Some(orders), folder, settings, log, _lock: lock };
        match daemon.wait_until_it_answers(Instant::now() + START_LIMIT) {
            Ok(()) => Ok(daemon),
            Err(failure) => {
                // Why it did not come up says more than what became of it then.
                drop(daemon.end());
                Err(failure)
            }
        }
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
        format!("unix://{}", self.folder.socket().display())
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
        self.folder.socket()
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
        self.order(Order::Stop)
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
        self.order(Order::Start)?;
        self.wait_until_it_answers(Instant::now() + START_LIMIT)
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
        configure(&self.folder, &self.settings).map_err(DaemonFailure::Folder)
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
        let known = self.log.seek(SeekFrom::End(0)).unwrap_or(0);
        self.order(Order::Reload)?;
        let deadline = Instant::now() + ORDER_LIMIT;
        let mut pause = Duration::from_millis(2);
        loop {
            let said = self.said_since(known);
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
            return Err(DaemonFailure::Refused { order: Order::Reload.word(), answer, log: self.log_end() });
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
        match self.take_down() {
            left if left.is_empty() => Ok(()),
            left => Err(DaemonFailure::Left(left.join("; "))),
        }
    }

    fn take_down(&mut self) -> Vec<String> {
        let Some(orders) = self.orders.take() else { return Vec::new() };
        drop(orders);
        if wait(&mut self.launcher, Instant::now() + END_LIMIT).is_none() {
            // Its child dies with it, and with that child the namespaces.
            drop(self.launcher.kill());
            drop(self.launcher.wait());
        }
        self.folder.remove()
    }

    /// Tells the first process something and waits until it is done.
    fn order(&mut self, order: Order) -> Result<(), DaemonFailure> {
        let answer = self.orders.as_mut().map_or_else(|| Ok(String::new()), |orders| ask(orders, order));
        let answer = match answer {
            Ok(line) if line.trim_end() == DONE => return Ok(()),
            Ok(line) if line.is_empty() => match wait(&mut self.launcher, Instant::now() + END_LIMIT) {
                Some(status) => return Err(self.ended(status)),
                None => "it is not there any more".to_owned(),
            },
            Ok(line) => line.trim_end().to_owned(),
            Err(error) => error.to_string(),
        };
        Err(DaemonFailure::Refused { order: order.word(), answer, log: self.log_end() })
    }

    fn ended(&mut self, status: ExitStatus) -> DaemonFailure {
        DaemonFailure::Ended { how: status.to_string(), log: self.log_end() }
    }

    fn wait_until_it_answers(&mut self, deadline: Instant) -> Result<(), DaemonFailure> {
        let socket = self.folder.socket();
        let mut pause = Duration::from_millis(5);
        loop {
            let Err(reason) = ping(&socket) else { return Ok(()) };
            if let Ok(Some(status)) = self.launcher.try_wait() {
                return Err(self.ended(status));
            }
            if Instant::now() >= deadline {
                return Err(DaemonFailure::Silent { limit: START_LIMIT, reason, log: self.log_end() });
            }
            // A socket that is not there yet can only be tried again.
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    /// What the engine said after a place in its log. The file can be read through its descriptor when it is removed
    /// already.
    fn said_since(&mut self, place: u64) -> String {
        let mut bytes = Vec::new();
        drop(self.log.seek(SeekFrom::Start(place)).and_then(|_| self.log.read_to_end(&mut bytes)));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The last lines of what the engine said.
    fn log_end(&mut self) -> String {
        let text = self.said_since(0);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(SHOWN_LINES)..].iter().map(|line| format!("  {line}\n")).collect()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Whoever wants to know calls `end`.
        drop(self.take_down());
    }
}

/// Starts the first process in the prepared folder.
fn launch(
    folder: &Folder,
    first_process: &HostProgram,
    options: &DaemonOptions,
) -> Result<(Child, UnixStream, Map<String, Value>, File), DaemonFailure> {
    let settings = folder.settings(&options.settings);
    configure(folder, &settings).map_err(DaemonFailure::Folder)?;
    let path = options.log.clone().unwrap_or_else(|| folder.log());
    let unwritable = |source| DaemonFailure::Log { path: path.clone(), source };
    let log = File::options().read(true).append(true).create(true).open(&path).map_err(unwritable)?;
    let (orders, theirs) = UnixStream::pair().map_err(DaemonFailure::Folder)?;
    orders.set_read_timeout(Some(ORDER_LIMIT)).map_err(DaemonFailure::Folder)?;
    let launcher = Command::new("unshare")
        .args(["--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child=KILL", "--mount-proc", "--"])
        .arg(&first_process.path)
        .args(&first_process.arguments)
        .arg(FIRST_PROCESS)
        .arg(folder.path())
        .arg(&options.program)
        .env("PATH", search_path())
        .current_dir("/")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(log.try_clone().map_err(unwritable)?)
        .stderr(log.try_clone().map_err(unwritable)?)
        // Ctrl-C is not for the engine: it has to outlive what is cleaning up.
        .process_group(0)
        .spawn()
        .map_err(DaemonFailure::Start)?;
    Ok((launcher, orders, settings, log))
}

fn configure(folder: &Folder, settings: &Map<String, Value>) -> std::io::Result<()> {
    fs::write(folder.configuration(), serde_json::to_vec_pretty(settings)?)
}

/// Sends an order and reads the line that comes for it; nothing when the other end is gone.
fn ask(orders: &mut UnixStream, order: Order) -> std::io::Result<String> {
    if writeln!(orders, "{}", order.word()).is_err() {
        return Ok(String::new());
    }
    let mut line = String::new();
    // There is one answer for each order, so nothing is lost in the buffer.
    BufReader::new(orders).read_line(&mut line)?;
    Ok(line)
}

/// Waits for the end of a process; none at the deadline.
fn wait(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    let mut pause = Duration::from_millis(2);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => {}
            Ok(None) | Err(_) => return None,
        }
        // The standard library has no wait with a deadline.
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}
