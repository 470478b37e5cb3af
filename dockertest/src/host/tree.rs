//! Processes as `/proc` shows them, and how to kill a step's with nothing left and nobody else's touched.
//!
//! A process belongs to a step when it descends from the step's host, is in its process group, or carries one of two
//! marks that every process inherits: the step's environment variables and the step's timer slack. The slack (by how
//! many nanoseconds the kernel may delay a timer) is a number that nobody changes, so it marks even a daemon that left
//! its group and session, closed its descriptors and emptied its environment. Only root can read it of others; without
//! it, such a daemon is found as long as the host lives.

use std::collections::HashSet;
use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::str::SplitAsciiWhitespace;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::environment::environment;
use super::mark::Mark;

/// How long new processes are searched for before those that were found are killed as they are. Each is stopped when it
/// is found, so only what forked in between can be new, and two or three walks are usual.
const SEARCH_FOR: Duration = Duration::from_secs(2);

/// How long what was told to stop may take for that: on a busy machine, until it is given a processor.
const STOPPED_WITHIN: Duration = Duration::from_secs(2);

/// The same while there is more to be found: what is not stopped yet may go on to fork.
const STOPPED_MEANWHILE: Duration = Duration::from_millis(5);

/// How many looks may find that it waits in the kernel. It may not stop at all then: the parent of a `vfork` goes on
/// after its child, and what is frozen when it is thawed.
const MAX_WAITING: u32 = 50;

/// Between two looks at what is to stop. It is not our child, so the kernel does not tell.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// How many times the whole is done, as long as the last time found something.
const MAX_ROUNDS: u32 = 5;

/// How long killed processes may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(2);

/// Enough of `/proc/PID/stat`: it is read up to its 22nd field, and a name has at most 64 bytes there.
const STAT_BYTES: usize = 512;

/// A process that a step left behind, for people.
///
/// ```
/// use dockertest::host::ProcessDescription;
///
/// // 4711 (`sleep 60`), 4712 (`cat`)
/// fn all(left: &[ProcessDescription]) -> String {
///     left.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessDescription {
    /// Its process id.
    pub pid: u32,
    /// Its command line, shortened.
    pub command: String,
}

impl fmt::Display for ProcessDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (`{}`)", self.pid, self.command)
    }
}

/// A process at the time when it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: i32,
    parent: i32,
    group: i32,
    /// Tells it from an earlier or later process of the same id.
    pub(super) started_ticks: u64,
    zombie: bool,
}

impl Process {
    /// Looks at a process, if there is one of that id.
    pub(super) fn look(pid: i32) -> Option<Process> {
        let mut stat = [0; STAT_BYTES];
        Process::parse(pid, read(Path::new(&format!("/proc/{pid}/stat")), &mut stat)?)
    }

    /// The ids of all processes of this machine that we can see.
    fn ids() -> impl Iterator<Item = i32> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
    }

    /// `stat` reads `PID (NAME) STATE PPID GROUP …`; the name may hold anything, also blanks and parentheses.
    fn parse(pid: i32, stat: &[u8]) -> Option<Process> {
        let mut fields = after_name(stat)?;
        let zombie = matches!(fields.next()?, "Z" | "X");
        let parent = fields.next()?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        let started_ticks = fields.nth(16)?.parse().ok()?;
        Some(Process { pid, parent, group, started_ticks, zombie })
    }

    /// Whether it is still the process that was looked at, and not done.
    fn is_alive(&self) -> bool {
        Process::look(self.pid).is_some_and(|now| now.started_ticks == self.started_ticks && !now.zombie)
    }

    /// How far it is, with all its threads, after it was told to stop.
    fn motion(&self) -> Motion {
        let threads = fs::read_dir(format!("/proc/{}/task", self.pid)).into_iter().flatten().flatten();
        threads.filter_map(|thread| Motion::of_thread(&thread.path())).max().unwrap_or(Motion::Stopped)
    }

    /// The first 15 bytes of its program's name.
    pub(super) fn name(&self) -> String {
        fs::read_to_string(format!("/proc/{}/comm", self.pid)).unwrap_or_default().trim_end().to_owned()
    }

    /// Waits until it has ended, but not longer than that.
    pub(super) fn await_end(&self, limit: Duration) {
        let Some(pidfd) = Pid::from_raw(self.pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) else {
            return;
        };
        if self.is_alive() {
            let limit = PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX);
            // A signal only makes it shorter.
            let _ = poll(&mut [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)], limit);
        }
    }

    pub(super) fn describe(&self) -> ProcessDescription {
        let line = fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        let words = line.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ");
        let command = if words.trim().is_empty() { self.name() } else { words };
        let command = command.trim().chars().take(120).collect();
        ProcessDescription { pid: self.pid.unsigned_abs(), command }
    }

    /// Whether its environment has this variable with this value.
    pub(super) fn has_variable(&self, name: &str, value: &str) -> bool {
        self.variable(name).is_some_and(|found| found == value.as_bytes())
    }

    /// A variable of its environment, as it was when its program started.
    pub(super) fn variable(&self, name: &str) -> Option<Vec<u8>> {
        let environment = environment(Path::new(&format!("/proc/{}", self.pid))).ok()?;
        let value = |entry: &[u8]| Some(entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?.to_vec());
        environment.split(|byte| *byte == 0).find_map(value)
    }

    /// Its timer slack. Only root can read that of others.
    pub(super) fn slack_ns(&self) -> Option<u64> {
        fs::read_to_string(format!("/proc/{}/timerslack_ns", self.pid)).ok()?.trim().parse().ok()
    }
}

/// How far something is that was told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Motion {
    /// Or dead.
    Stopped,
    /// For something in the kernel.
    Waiting,
    /// Or next to be given a processor.
    Running,
}

impl Motion {
    /// Nothing if it is gone.
    fn of_thread(folder: &Path) -> Option<Motion> {
        match after_name(read(&folder.join("stat"), &mut [0; STAT_BYTES])?)?.next()? {
            "R" => Some(Motion::Running),
            "T" | "t" | "Z" | "X" => Some(Motion::Stopped),
            _ => Some(Motion::Waiting),
        }
    }
}

/// The beginning of a small file.
fn read<'a>(file: &Path, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    let bytes = File::open(file).and_then(|mut file| file.read(buffer)).ok()?;
    buffer.get(..bytes)
}

/// The fields of a `stat` from the third one on.
fn after_name(stat: &[u8]) -> Option<SplitAsciiWhitespace<'_>> {
    let after_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
    Some(std::str::from_utf8(&stat[after_name..]).ok()?.split_ascii_whitespace())
}

/// What tells whether a process is to be killed.
pub(super) trait Belongs {
    /// Whether it belongs to what is being killed, whatever its parent is.
    fn belongs(&self, process: &Process) -> bool;

    /// Whether a process that does not belong may come to belong later.
    fn may_change(&self) -> bool {
        false
    }
}

/// A step's processes: of its group (while its host holds the group's number) and with its mark.
#[derive(Debug)]
pub(super) struct StepTree<'a> {
    pub(super) group: i32,
    pub(super) mark: &'a Mark,
}

impl Belongs for StepTree<'_> {
    fn belongs(&self, process: &Process) -> bool {
        (process.group == self.group && self.mark.may_be_on(process)) || self.mark.is_on(process)
    }
}

/// The processes with one of several marks.
#[derive(Debug)]
pub(super) struct Marked(pub(super) Vec<Mark>);

impl Belongs for Marked {
    fn belongs(&self, process: &Process) -> bool {
        self.0.iter().any(|mark| mark.is_on(process))
    }
}

/// The children of a process that have not ended.
pub(super) fn children(of: i32) -> Vec<Process> {
    Process::ids().filter_map(Process::look).filter(|process| process.parent == of && !process.zombie).collect()
}

/// The children of a process.
#[derive(Debug)]
pub(super) struct ChildrenOf(pub(super) i32);

impl Belongs for ChildrenOf {
    fn belongs(&self, process: &Process) -> bool {
        process.parent == self.0
    }

    fn may_change(&self) -> bool {
        // An orphan gets a new parent.
        true
    }
}

/// A process group and all that descends from its leader or its members, as far as the parents are still there.
struct GroupTree(i32);

impl Belongs for GroupTree {
    fn belongs(&self, process: &Process) -> bool {
        process.pid == self.0 || process.group == self.0
    }
}

/// Kills a process group, whose leader has not been reaped, with all descendants, also those in groups and sessions of
/// their own.
pub(crate) fn kill_group(group: i32) {
    if group > 1 {
        kill(&GroupTree(group));
    }
}

/// A process that was found, held so that its id cannot pass to another one, and stopped.
struct Held {
    process: Process,
    pidfd: OwnedFd,
}

/// Kills all processes that belong, with all their descendants, and waits until they are gone. Gives back what they
/// were, in the order found.
///
/// Every process is told to stop as soon as it is found. A stopped process does not fork, so a walk over all processes
/// that begins when all have stopped, and finds nothing new, has found all.
pub(super) fn kill(tree: &dyn Belongs) -> Vec<(Process, ProcessDescription)> {
    let us: HashSet<i32> = ourselves().into_iter().collect();
    let mut walker = Walker { tree, seen: us.clone(), held: Vec::new(), walks: 0 };
    let until = Instant::now() + SEARCH_FOR;
    let mut all = Vec::new();
    for _ in 0..MAX_ROUNDS {
        if tree.may_change() {
            walker.seen.clone_from(&us);
        }
        // The first walk takes longest and misses most of what comes and goes meanwhile, so it never is the last.
        let mut have_stopped = walker.walks > 0 && walker.held.is_empty();
        loop {
            let is_news = walker.walk();
            let is_over = Instant::now() > until && walker.walks > 1;
            if is_over || (have_stopped && !is_news) {
                break;
            }
            let limit = if is_news { STOPPED_MEANWHILE } else { STOPPED_WITHIN };
            have_stopped = await_stopped(&walker.held, limit);
        }
        if walker.held.is_empty() {
            break;
        }
        all.extend(walker.held.iter().map(|held| (held.process, held.process.describe())));
        // Children first: once the leader of a group is dead, the kernel lets those go on that are stopped in it.
        for one in walker.held.iter().rev() {
            send(&one.pidfd, Signal::KILL);
        }
        await_gone(&walker.held);
        walker.held.clear();
    }
    all
}

/// Walks over the machine's processes, again and again.
struct Walker<'a> {
    tree: &'a dyn Belongs,
    /// The ids that have been looked at, or that never may be. Marks and groups are there from a process's birth on, so
    /// nobody is looked at twice; that makes further walks cheap. (An id that is used again within these few
    /// milliseconds is not seen. The kernel gives all others out first.)
    seen: HashSet<i32>,
    /// Of this round, each told to stop.
    held: Vec<Held>,
    walks: u32,
}

impl Walker<'_> {
    /// Whether a process that is not there any more was of late. A zombie in the first walk may be of any age.
    fn is_news_gone(&self, pid: i32) -> bool {
        self.walks > 1 || Process::look(pid).is_none()
    }

    /// Stops each new process that belongs, or descends from one that does. Says whether there may be more: because
    /// there was one, or because one was gone before it could be looked at and may have left another one behind.
    fn walk(&mut self) -> bool {
        self.walks += 1;
        let mut members: HashSet<i32> = self.held.iter().map(|held| held.process.pid).collect();
        let mut others = Vec::new();
        let mut is_news = false;
        // Who comes after it has begun is left to the next one.
        for pid in Process::ids().collect::<Vec<_>>() {
            if !self.seen.insert(pid) {
                continue;
            }
            match Process::look(pid).filter(|process| !process.zombie) {
                Some(process) if self.tree.belongs(&process) => {
                    is_news = true;
                    members.insert(pid);
                    self.held.extend(stop(process));
                }
                // One that was gone while its marks were read is not known to have had none.
                Some(process) if self.walks > 1 && !process.is_alive() => is_news = true,
                Some(process) => others.push(process),
                None => is_news |= self.is_news_gone(pid),
            }
        }
        while let Some(index) = others.iter().position(|process| members.contains(&process.parent)) {
            let child = others.swap_remove(index);
            is_news = true;
            members.insert(child.pid);
            self.held.extend(stop(child));
        }
        is_news
    }
}

/// This process and its ancestors: never to be killed, whatever marks they carry.
pub(super) fn ourselves() -> Vec<i32> {
    let mut pids = Vec::new();
    let mut next = i32::try_from(std::process::id()).ok();
    while let Some(pid) = next.filter(|pid| *pid > 0 && !pids.contains(pid)) {
        pids.push(pid);
        next = Process::look(pid).map(|process| process.parent);
    }
    pids
}

fn stop(process: Process) -> Option<Held> {
    let pidfd = pidfd_open(Pid::from_raw(process.pid)?, PidfdFlags::empty()).ok()?;
    // The id might have passed to another process between the look and the open; from here on it cannot.
    if !process.is_alive() {
        return None;
    }
    send(&pidfd, Signal::STOP);
    Some(Held { process, pidfd })
}

fn send(pidfd: &OwnedFd, signal: Signal) {
    if pidfd_send_signal(pidfd, signal).is_err() {
        // It is gone already, which is what was wanted; one that we may not kill is seen to be left afterwards.
    }
}

/// Waits until none of them can have a child any more that nobody has seen. Whoever is told to stop in the midst of a
/// fork brings it to its end first; killed before that child was seen, it leaves an orphan that nothing ties to it. Says
/// whether that is so within the limit.
fn await_stopped(held: &[Held], limit: Duration) -> bool {
    let until = Instant::now() + limit;
    let mut waiting = 0;
    for one in held {
        loop {
            match one.process.motion() {
                Motion::Stopped => break,
                Motion::Waiting if waiting == MAX_WAITING => break,
                Motion::Waiting => waiting += 1,
                Motion::Running => {}
            }
            if Instant::now() > until {
                return false;
            }
            thread::sleep(LOOK_AGAIN);
        }
    }
    true
}

fn await_gone(held: &[Held]) {
    let deadline = Instant::now() + GONE_WITHIN;
    for one in held {
        let mut fds = [PollFd::new(one.pidfd.as_fd(), PollFlags::POLLIN)];
        // Interrupted by a signal: wait again. No other error is possible.
        while poll(&mut fds, time_left(deadline)) == Err(Errno::EINTR) {}
    }
}

fn time_left(deadline: Instant) -> PollTimeout {
    // Whole milliseconds, rounded up: a time-out of 0 would not wait at all.
    let left = deadline.saturating_duration_since(Instant::now());
    PollTimeout::try_from(left + Duration::from_micros(999)).unwrap_or(PollTimeout::ZERO)
}

/// A list for people: `12 (`sleep 9`), 13 (`cat`)`, shortened.
pub(super) fn list_for_people(processes: &[ProcessDescription]) -> String {
    const SHOWN: usize = 5;
    let mut text = processes.iter().take(SHOWN).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if processes.len() > SHOWN {
        text.push_str(&format!(" and {} more", processes.len() - SHOWN));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::process::{Child, Command};
    use std::thread::JoinHandle;

    use nix::sys::signal::{Signal, kill as tell};

    use super::*;

    fn start(words: &[&str]) -> Child {
        Command::new(words[0]).args(&words[1..]).spawn().unwrap()
    }

    fn id(child: &Child) -> i32 {
        i32::try_from(child.id()).unwrap()
    }

    fn told(pid: i32, signal: Signal) {
        tell(nix::unistd::Pid::from_raw(pid), signal).unwrap();
    }

    /// Kills a process that goes on for a while after it was told to stop, as on a busy machine whoever is in the midst
    /// of a fork.
    struct SlowToStop {
        slow: Process,
        is_found: Cell<bool>,
        /// What stops the slow one at last.
        stop: RefCell<Option<JoinHandle<()>>>,
        /// One more each time a walk has found the last one of them before the slow one has stopped.
        later: RefCell<Vec<Child>>,
        /// How far the slow one was when the last of them was found.
        seen: Cell<Option<Motion>>,
    }

    impl Belongs for SlowToStop {
        fn belongs(&self, process: &Process) -> bool {
            let mut later = self.later.borrow_mut();
            if process.pid == self.slow.pid {
                self.is_found.set(true);
            } else if self.is_found.get() && later.is_empty() {
                test_needs::wait_until("it has stopped", || self.slow.motion() == Motion::Stopped);
                let slow = self.slow.pid;
                told(slow, Signal::SIGCONT);
                let stop = move || {
                    // Much longer than it takes to walk without waiting.
                    thread::sleep(Duration::from_millis(300));
                    told(slow, Signal::SIGSTOP);
                };
                self.stop.replace(Some(thread::spawn(stop)));
                later.push(start(&["sleep", "1000"]));
            } else if later.last().map(id) == Some(process.pid) && self.slow.is_alive() {
                let seen = self.slow.motion();
                self.seen.set(Some(seen));
                if seen != Motion::Stopped {
                    later.push(start(&["sleep", "1000"]));
                }
            }
            process.pid == self.slow.pid
        }
    }

    #[test]
    fn the_last_walk_begins_when_all_that_were_found_have_stopped() {
        let mut slow = start(&["sh", "-c", "while :; do :; done"]);
        // The first walk finds it after the slow one.
        let mut next = start(&["sleep", "1000"]);
        let tree = SlowToStop {
            slow: Process::look(id(&slow)).unwrap(),
            is_found: false.into(),
            stop: None.into(),
            later: Vec::new().into(),
            seen: None.into(),
        };
        let killed = kill(&tree);
        tree.stop.take().unwrap().join().unwrap();
        slow.wait().unwrap();
        for other in tree.later.borrow_mut().iter_mut().chain([&mut next]) {
            other.kill().unwrap();
            other.wait().unwrap();
        }
        assert_eq!((killed.len(), tree.seen.get()), (1, Some(Motion::Stopped)));
    }

    #[test]
    fn a_name_may_hold_anything() {
        let fields = "S 7 42 40 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1 2 3";
        let process = Process::parse(5, format!("5 (a) R 1 (b\n) {fields}").as_bytes()).unwrap();
        assert_eq!(process, Process { pid: 5, parent: 7, group: 42, started_ticks: 987_654, zombie: false });
        assert_eq!(Process::parse(5, b"5 (a"), None);
    }

    #[test]
    fn we_are_seen_and_spared() {
        struct Everybody;
        impl Belongs for Everybody {
            fn belongs(&self, process: &Process) -> bool {
                ourselves().contains(&process.pid)
            }
        }
        let us = Process::look(i32::try_from(std::process::id()).unwrap()).unwrap();
        assert!(us.is_alive() && ourselves().contains(&us.parent));
        assert_eq!(kill(&Everybody), []);
    }

    #[test]
    fn a_list_for_people_is_short() {
        let process = |pid| ProcessDescription { pid, command: "sleep 9".to_owned() };
        let processes: Vec<_> = (1..=7).map(process).collect();
        let text = list_for_people(&processes);
        assert!(text.starts_with("1 (`sleep 9`), 2 (") && text.ends_with(" and 2 more"), "{text}");
    }
}
