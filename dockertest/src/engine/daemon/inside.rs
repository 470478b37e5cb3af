//! The first process in the namespaces of an engine of our own: it prepares them, starts the engine, stops and starts it
//! again when it is told to, and takes everything down when the engine ends of itself or when the process that wanted it
//! is gone.
//!
//! Its standard input is a socket. The other end sends an [`Order`] a line and gets a line for each. When it is closed,
//! that is the end of all; so it does not matter how the other end dies: by returning, by a signal, by SIGKILL.

// Standard error is the engine's log.
#![expect(clippy::print_stderr)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, getpid};

use super::folder::Folder;
use super::order::{DONE, Order};

/// The word by which a program is started as the first process of an engine's namespaces.
pub const FIRST_PROCESS: &str = "engine-first-process";

/// Exit status: taken down because the other end wanted it.
const ASKED: u8 = 0;
/// Exit status: the engine could not be started, or ended of itself.
const FAILED: u8 = 1;
/// Exit status: not called as it must be.
const USAGE: u8 = 2;

/// Runs an engine until standard input is closed: the part of a program that is the first process of the engine's
/// namespaces. `arguments` are what comes after the word [`FIRST_PROCESS`] on the command line.
///
/// A host that is made with [`host::serve::main`](crate::host::serve::main) has this part already. Any other program
/// calls it like this:
///
/// ```no_run
/// use dockertest::engine::daemon;
///
/// fn main() -> std::process::ExitCode {
///     let mut arguments = std::env::args_os().skip(1);
///     if arguments.next().is_some_and(|word| word == daemon::FIRST_PROCESS) {
///         return daemon::first_process(arguments);
///     }
///     // What the program does otherwise.
///     std::process::ExitCode::SUCCESS
/// }
/// ```
pub fn first_process(arguments: impl Iterator<Item = std::ffi::OsString>) -> ExitCode {
    let arguments: Vec<_> = arguments.collect();
    let [folder, program] = arguments.as_slice() else {
        eprintln!("`{FIRST_PROCESS}` is for this program's own use");
        return ExitCode::from(USAGE);
    };
    // A stop below kills every process in sight, so make sure that only our own are.
    if getpid() != Pid::from_raw(1) {
        eprintln!("`{FIRST_PROCESS}` is for this program's own use");
        return ExitCode::from(USAGE);
    }
    let folder = Folder::existing(Path::new(folder));
    // Held until the end: a folder that nobody has locked is a left-over.
    let lock = folder.lock();
    let done = match lock {
        Ok(_) => prepare(&folder).and_then(|()| run(&folder, Path::new(program))),
        Err(ref error) => Err(format!("cannot lock {}: {error}", folder.path().display())),
    };
    take_down(&folder);
    match done {
        Ok(End::Asked) => ExitCode::from(ASKED),
        Ok(End::OfItself(how)) => {
            eprintln!("the engine ended of itself: {how}");
            ExitCode::from(FAILED)
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(FAILED)
        }
    }
}

/// Own `/run` and data folder, both in memory and gone with the namespace; the loopback interface.
fn prepare(folder: &Folder) -> Result<(), String> {
    let in_memory = |place: &Path, mode: &str| {
        mount(Some("tmpfs"), place, Some("tmpfs"), MsFlags::empty(), Some(mode))
            .map_err(|error| format!("cannot mount a tmpfs on {}: {error}", place.display()))
    };
    in_memory(Path::new("/run"), "mode=755")?;
    in_memory(&folder.data(), "mode=711")?;
    // Old engines write a key there.
    if Path::new("/etc/docker").is_dir() {
        in_memory(Path::new("/etc/docker"), "mode=755")?;
    }
    fs::DirBuilder::new()
        .mode(0o755)
        .create("/run/lock")
        .map_err(|error| format!("cannot create /run/lock: {error}"))?;
    let up = |program: &str, arguments: &[&str]| {
        Command::new(program).args(arguments).args(["link", "set", "lo", "up"]).stdin(Stdio::null()).status()
    };
    match up("busybox", &["ip"]).or_else(|_| up("ip", &[])) {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("cannot bring up the loopback interface ({status})")),
        Err(error) => Err(format!("cannot bring up the loopback interface, without `busybox` and `ip`: {error}")),
    }
}

/// Why the engine is no more.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    Asked,
    OfItself(String),
}

/// What both threads know.
#[derive(Debug, Default)]
struct State {
    /// The engine, while it runs.
    engine: Option<Pid>,
    /// Whether its end would be no surprise.
    may_end: bool,
    end: Option<End>,
}

#[derive(Debug, Clone)]
struct Supervisor {
    state: Arc<(Mutex<State>, Condvar)>,
    folder: Folder,
}

fn run(folder: &Folder, program: &Path) -> Result<End, String> {
    let supervisor = Supervisor { state: Arc::default(), folder: folder.clone() };
    supervisor.start(program)?;
    let orders = std::io::stdin().as_fd().try_clone_to_owned().map_err(|error| format!("cannot be told: {error}"))?;
    let (obedient, program) = (supervisor.clone(), program.to_owned());
    thread::spawn(move || obedient.obey(UnixStream::from(orders), &program));
    Ok(supervisor.collect())
}

impl Supervisor {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for something to change.
    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.state.1.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.state.1.notify_all();
    }

    /// Starts the engine. The lock is held meanwhile, so that its end is not seen before its beginning.
    fn start(&self, program: &Path) -> Result<(), String> {
        let mut state = self.lock();
        if state.end.is_some() || state.engine.is_some() {
            return Err("the engine runs already, or is being taken down".to_owned());
        }
        let engine = Command::new(program)
            .env_remove("DOCKER_HOST")
            .arg(format!("--config-file={}", self.folder.configuration().display()))
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        state.engine = i32::try_from(engine.id()).ok().map(Pid::from_raw);
        state.may_end = false;
        drop(state);
        self.tell();
        Ok(())
    }

    /// Does what the other end wants until that is gone.
    fn obey(&self, stream: UnixStream, program: &Path) {
        let mut answers = stream.try_clone();
        for line in BufReader::new(stream).lines() {
            let done = match line.as_deref().map(Order::of_word) {
                Ok(Some(Order::Start)) => self.start(program),
                Ok(Some(Order::Stop)) => self.stop(),
                Ok(Some(Order::Reload)) => self.signal(Signal::SIGHUP),
                Ok(None) => Err("no such order".to_owned()),
                Err(_) => break,
            };
            let answer = done.map_or_else(|problem| problem.replace('\n', " "), |()| DONE.to_owned());
            if let Ok(answers) = &mut answers {
                // Whoever does not read any more is gone, and that is noticed above.
                drop(writeln!(answers, "{answer}"));
            }
        }
        self.end(End::Asked);
    }

    fn signal(&self, signal: Signal) -> Result<(), String> {
        let state = self.lock();
        let engine = state.engine.ok_or("the engine does not run")?;
        kill(engine, signal).map_err(|error| format!("cannot send {signal} to the engine: {error}"))
    }

    /// Terminates the engine and waits until it has ended.
    fn stop(&self) -> Result<(), String> {
        self.lock().may_end = true;
        self.signal(Signal::SIGTERM)?;
        let mut state = self.lock();
        while state.engine.is_some() {
            state = self.wait(state);
        }
        Ok(())
    }

    /// Kills all. What came first is why.
    fn end(&self, end: End) {
        let mut state = self.lock();
        state.end.get_or_insert(end);
        kill_all();
        self.folder.thaw();
        drop(state);
        self.tell();
    }

    /// Collects the ended processes until all is over and none is left.
    fn collect(&self) -> End {
        loop {
            match waitpid(None, None) {
                Ok(status) => self.ended(status),
                Err(Errno::EINTR) => {}
                Err(_) => {
                    // Nobody is left. The engine may be wanted again.
                    let mut state = self.lock();
                    while state.engine.is_none() && state.end.is_none() {
                        state = self.wait(state);
                    }
                    if state.engine.is_none()
                        && let Some(end) = &state.end
                    {
                        return end.clone();
                    }
                }
            }
        }
    }

    fn ended(&self, status: WaitStatus) {
        let mut state = self.lock();
        if status.pid() != state.engine || state.engine.is_none() {
            return;
        }
        state.engine = None;
        let is_surprise = !state.may_end && state.end.is_none();
        drop(state);
        self.tell();
        if is_surprise {
            let how = match status {
                WaitStatus::Exited(_, code) => format!("exit status {code}"),
                WaitStatus::Signaled(_, signal, _) => format!("killed by {signal}"),
                other => format!("{other:?}"),
            };
            self.end(End::OfItself(how));
        }
    }
}

/// Kills every process of the namespace but this one, its first, which the kernel spares.
fn kill_all() {
    let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
}

/// Removes what the end of the namespaces does not: cgroups and the folder.
fn take_down(folder: &Folder) {
    // Nothing may be mounted there yet; what matters is that the folder can go.
    let _ = umount2(&folder.data(), MntFlags::MNT_DETACH);
    for problem in folder.remove() {
        eprintln!("{problem}");
    }
}
