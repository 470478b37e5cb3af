//! The first process in the namespaces of an engine of our own: it prepares them, starts the engine, stops and starts it
//! again when it is told to, and takes everything down when the engine ends of itself or when the process that wanted it
//! is gone.
//!
//! Orders come over a socket. When all is ready, it says in a line where it is to be found; then the other end sends an
//! [`Order`] a line and gets a line for each. When it is closed, that is the end of all.

// Standard error is the engine's log.
#![expect(clippy::print_stderr)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid};

use super::folder::Folder;
use super::hierarchies::Hierarchy;
use super::order::{DONE, Order};
use super::outside::FAILED;
use super::plan::{Entrance, Helper, Plan, Program, Spoken};
use super::{loopback, room};

/// What is said of an order that is for a daemon where there is none.
const NO_DAEMON: &str = "this engine has no daemon";

/// Exit status: taken down because the other end wanted it.
const ASKED: u8 = 0;

/// How long a program may take that has to listen before the engine is started.
const HELPER_LIMIT: Duration = Duration::from_secs(30);

/// Makes the other namespaces, starts the engine and looks after it. This process must be the first of a process
/// namespace.
pub(super) fn run(folder: &Folder, plan: &Plan, hierarchies: &[Hierarchy], orders: OwnedFd) -> ExitCode {
    // A stop below kills every process in sight, so make sure that only our own are.
    if getpid() != Pid::from_raw(1) {
        eprintln!("this is not the first process of a namespace");
        return ExitCode::from(FAILED);
    }
    let done = prepare(folder, plan, hierarchies).and_then(|entrance| run_engine(folder, plan, &entrance, orders));
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

/// The namespaces and what is in them, before the engine is. Gives the words that tell where they are.
fn prepare(folder: &Folder, plan: &Plan, hierarchies: &[Hierarchy]) -> Result<String, String> {
    let cannot = |what: &str, error: &dyn std::fmt::Display| format!("cannot {what}: {error}");
    // The process that made this one has no other thread, so it ends when its only one does.
    set_pdeathsig(Signal::SIGKILL)
        .map_err(|error| cannot("be tied to the process that looks after this one", &error))?;
    let entrance = entrance(plan).map_err(|error| cannot("find out what this process is", &error))?;
    let name = folder.name();
    for hierarchy in hierarchies {
        hierarchy.join(&name).map_err(|error| cannot("join a cgroup", &error))?;
    }
    let mut kinds =
        CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWUTS;
    kinds.set(CloneFlags::CLONE_NEWCGROUP, plan.room.is_some());
    unshare(kinds).map_err(|error| cannot("make namespaces", &error))?;
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
        .map_err(|error| cannot("keep mounts to ourselves", &error))?;
    loopback::up().map_err(|error| cannot("bring up the loopback interface", &error))?;
    let text = serde_json::to_string(&entrance).map_err(|error| cannot("tell where the namespaces are", &error))?;
    fs::write(folder.entrance(), &text).map_err(|error| cannot("tell where the namespaces are", &error))?;
    match &plan.room {
        Some(room) => room::enter(room, &name, &folder.inner(), hierarchies)?,
        None => in_memory(folder)?,
    }
    Ok(text)
}

/// Before `/proc` is that of the new namespace: the first process as it is seen from outside.
fn entrance(plan: &Plan) -> std::io::Result<Entrance> {
    let this = Path::new("/proc/self");
    let pid = fs::read_link(this)?.to_string_lossy().parse().map_err(std::io::Error::other)?;
    Ok(Entrance {
        dialect: Spoken::here(),
        pid,
        namespace: Entrance::namespace_of(this)?,
        engine: plan.engine.as_ref().map(|engine| engine.path.clone()),
        variables: plan.variables.clone(),
        stays: plan.stays,
    })
}

/// Own `/proc`, and own `/run` and data folder, both in memory and gone with the namespace.
fn in_memory(folder: &Folder) -> Result<(), String> {
    let attach = |kind: &str, place: &Path, mode: Option<&str>| {
        mount(Some(kind), place, Some(kind), MsFlags::empty(), mode)
            .map_err(|error| format!("cannot mount {kind} on {}: {error}", place.display()))
    };
    attach("proc", Path::new("/proc"), None)?;
    attach("tmpfs", Path::new("/run"), Some("mode=755"))?;
    attach("tmpfs", &folder.data(), Some("mode=711"))?;
    // Old engines write a key there.
    if Path::new("/etc/docker").is_dir() {
        attach("tmpfs", Path::new("/etc/docker"), Some("mode=755"))?;
    }
    fs::DirBuilder::new().mode(0o755).create("/run/lock").map_err(|error| format!("cannot create /run/lock: {error}"))
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

fn run_engine(folder: &Folder, plan: &Plan, entrance: &str, orders: OwnedFd) -> Result<End, String> {
    let supervisor = Supervisor { state: Arc::default(), folder: folder.clone() };
    news().thread_block().map_err(|error| format!("cannot block a signal: {error}"))?;
    for helper in &plan.helpers {
        start_helper(helper)?;
    }
    if let Some(engine) = &plan.engine {
        supervisor.start(engine)?;
    }
    let mut orders = UnixStream::from(orders);
    writeln!(orders, "{entrance}").map_err(|error| format!("cannot tell that the engine is started: {error}"))?;
    let (obedient, engine, stays) = (supervisor.clone(), plan.engine.clone(), plan.stays);
    thread::spawn(move || {
        obedient.obey(orders, engine.as_ref());
        if !stays {
            obedient.end(End::Asked);
        }
    });
    Ok(supervisor.collect())
}

fn command(program: &Program) -> Command {
    let mut command = Command::new(&program.path);
    command.env_remove("DOCKER_HOST").args(&program.arguments).envs(&program.variables).stdin(Stdio::null());
    command
}

/// Starts what the engine needs, and waits until it listens.
fn start_helper(helper: &Helper) -> Result<(), String> {
    let name = helper.program.path.display();
    let mut child = command(&helper.program).spawn().map_err(|error| format!("cannot start {name}: {error}"))?;
    let deadline = Instant::now() + HELPER_LIMIT;
    while UnixStream::connect(&helper.socket).is_err() {
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("{name} ended before it listened at {} ({status})", helper.socket.display()));
        }
        if Instant::now() >= deadline {
            let limit = HELPER_LIMIT.as_secs();
            return Err(format!("{name} does not listen at {} after {limit} s", helper.socket.display()));
        }
        // A socket that is not there yet can only be tried again.
        thread::sleep(Duration::from_millis(2));
    }
    Ok(())
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
    fn start(&self, program: &Program) -> Result<(), String> {
        let mut state = self.lock();
        if state.end.is_some() || state.engine.is_some() {
            return Err("the engine runs already, or is being taken down".to_owned());
        }
        let engine =
            command(program).spawn().map_err(|error| format!("cannot start {}: {error}", program.path.display()))?;
        state.engine = i32::try_from(engine.id()).ok().map(Pid::from_raw);
        state.may_end = false;
        drop(state);
        self.tell();
        Ok(())
    }

    /// Does what the other end wants until that is gone.
    fn obey(&self, stream: UnixStream, engine: Option<&Program>) {
        let mut answers = stream.try_clone();
        for line in BufReader::new(stream).lines() {
            let done = match line.as_deref().map(Order::of_word) {
                Ok(Some(Order::Start)) => engine.map_or_else(|| Err(NO_DAEMON.to_owned()), |engine| self.start(engine)),
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
        // There may be nobody whose end would wake up who collects.
        let _ = kill(getpid(), Signal::SIGCHLD);
    }

    /// Collects the ended processes, also those that others leave to the first process, until all is over and none is
    /// left.
    fn collect(&self) -> End {
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) => wait_for_ends(),
                Ok(status) => self.ended(status),
                Err(Errno::EINTR) => {}
                Err(_) => {
                    // Nobody is left. The engine may be wanted again, and others may come.
                    let state = self.lock();
                    if state.engine.is_none()
                        && let Some(end) = &state.end
                    {
                        return end.clone();
                    }
                    drop(state);
                    wait_for_ends();
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

/// What tells that a process has ended. It is blocked, so that it waits until it is waited for.
fn news() -> SigSet {
    SigSet::from_iter([Signal::SIGCHLD])
}

fn wait_for_ends() {
    // It can only fail for a signal that does not exist.
    let _ = news().wait();
}

/// Kills every process of the namespace but this one, its first, which the kernel spares.
fn kill_all() {
    let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
}
