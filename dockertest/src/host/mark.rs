//! What every process of a step inherits, so that it is known as the step's wherever it went.
//!
//! One of the marks is a number, the timer slack, and no two steps that run at the same time have the same one: while a
//! step lives, a socket has its number as its name. The kernel gives such a name once in a network namespace, to whichever
//! process asks first, and takes it back when that process is gone, in whatever way.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::prctl;
use nix::time::{ClockId, clock_gettime};

use super::protocol::{RUN_VARIABLE, STEP_VARIABLE};
use super::tree::Process;

/// The kernel's own timer slack. Those of steps are above it.
const COMMON_SLACK_NS: u64 = 50_000;

/// The unit of a process's start time in `/proc/PID/stat`. It is 1/100 s on every Linux that Rust supports.
const TICKS_PER_SECOND: u64 = 100;

/// The numbers that steps have. More would delay their timers by more than they notice.
const NUMBERS: Numbers<'_> = Numbers { count: 40_000, sockets: "dockertest/mark" };

/// The marks of a step's processes. Clones are the same mark, which is given back with the last of them.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    run: String,
    step: String,
    slack_ns: u64,
    /// Nothing that is older can belong to the step.
    since_ticks: u64,
    /// Keeps the slack from other steps. Nothing where the kernel gives no such names, or none is left.
    _holder: Option<Arc<UnixDatagram>>,
}

impl Mark {
    pub(super) fn new(run: &str, step: &str) -> Self {
        Mark::of(NUMBERS, run, step)
    }

    fn of(numbers: Numbers<'_>, run: &str, step: &str) -> Self {
        let (slack_ns, holder) = numbers.take(&(run, step, std::process::id()));
        let holder = holder.map(Arc::new);
        Mark { run: run.to_owned(), step: step.to_owned(), slack_ns, since_ticks: now_ticks(), _holder: holder }
    }

    /// Does something, usually a spawn, in a thread that carries the mark.
    pub(super) fn carried<T>(&self, action: impl FnOnce() -> T) -> T {
        let before =
            prctl::get_timerslack().ok().and_then(|slack| u64::try_from(slack).ok()).filter(|slack| *slack > 0);
        let Some(before) = before else { return action() };
        let marked = prctl::set_timerslack(self.slack_ns).is_ok();
        let result = action();
        if marked && prctl::set_timerslack(before).is_err() {
            // It cannot fail after it has just worked, and the thread would only keep a slightly larger slack.
        }
        result
    }

    /// Whether a process is young enough.
    pub(super) fn may_be_on(&self, process: &Process) -> bool {
        process.started_ticks >= self.since_ticks
    }

    pub(super) fn is_on(&self, process: &Process) -> bool {
        self.may_be_on(process)
            && (self.has_slack(process)
                || (process.has_variable(STEP_VARIABLE, &self.step) && process.has_variable(RUN_VARIABLE, &self.run)))
    }

    /// A run in another network namespace may have taken the same number, so a process that says that it is another step's
    /// is believed.
    fn has_slack(&self, process: &Process) -> bool {
        let names = |variable, ours: &str| process.variable(variable).is_none_or(|theirs| theirs == ours.as_bytes());
        process.slack_ns() == Some(self.slack_ns) && names(RUN_VARIABLE, &self.run) && names(STEP_VARIABLE, &self.step)
    }
}

/// So many numbers, and what the sockets that hold them are called.
#[derive(Debug, Clone, Copy)]
struct Numbers<'a> {
    count: u64,
    sockets: &'a str,
}

impl Numbers<'_> {
    /// Takes the first free number, from one on that depends on the step.
    fn take(self, step: &impl Hash) -> (u64, Option<UnixDatagram>) {
        let mut hasher = DefaultHasher::new();
        step.hash(&mut hasher);
        let first = hasher.finish() % self.count;
        let slack_ns = |number| COMMON_SLACK_NS + 1 + number;
        for number in (first..self.count).chain(0..first) {
            match self.hold(number) {
                Ok(holder) => return (slack_ns(number), Some(holder)),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(_) => break,
            }
        }
        (slack_ns(first), None)
    }

    fn hold(self, number: u64) -> io::Result<UnixDatagram> {
        let name = format!("{}/{number}", self.sockets);
        UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(name)?)
    }
}

fn now_ticks() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_BOOTTIME).map(Duration::from).unwrap_or_default();
    now.as_secs() * TICKS_PER_SECOND + u64::from(now.subsec_millis()) * TICKS_PER_SECOND / 1000
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Mutex;
    use std::thread;

    use super::*;

    /// A name that no other test uses, in whatever process.
    fn sockets(test: &str) -> String {
        format!("dockertest/{test}/{}", std::process::id())
    }

    #[test]
    fn steps_that_live_at_the_same_time_never_have_the_same_slack() {
        const STEPS: u64 = 4;
        let name = sockets("living");
        // Many more than steps: of just as many, each can be taken at the moment when it is tried, while others come and go.
        let numbers = Numbers { count: 100 * STEPS, sockets: &name };
        let living = Mutex::new(HashSet::new());
        let live = || {
            for turn in 0..500 {
                // All have the same name for a while, as a subtest that is run again and again has, and begin with one number.
                let mark = Mark::of(numbers, "run", &format!("step {}", turn / 100));
                let copy = mark.clone();
                drop(mark);
                assert!(living.lock().unwrap().insert(copy.slack_ns), "two have {}", copy.slack_ns);
                thread::yield_now();
                assert!(living.lock().unwrap().remove(&copy.slack_ns));
            }
        };
        thread::scope(|scope| {
            for _ in 0..STEPS {
                scope.spawn(live);
            }
        });
    }

    #[test]
    fn a_slack_is_given_back_and_doubled_only_when_all_are_taken() {
        let name = sockets("all");
        let numbers = Numbers { count: 3, sockets: &name };
        let mark = || Mark::of(numbers, "run", "step");
        let mut held: Vec<Mark> = (0..3).map(|_| mark()).collect();
        let all: HashSet<u64> = held.iter().map(|mark| mark.slack_ns).collect();
        assert_eq!(all, (1..=3).map(|number| COMMON_SLACK_NS + number).collect());
        let extra = mark();
        assert!(all.contains(&extra.slack_ns), "a step has to be started all the same");
        let free = held.swap_remove(1).slack_ns;
        // A child that another test starts has all our files, this socket too, until it runs its own program.
        test_needs::wait_until("it is given back", || {
            let next = mark();
            next._holder.is_some() && next.slack_ns == free
        });
    }

    #[test]
    fn the_start_time_is_that_of_the_machine() {
        let before = now_ticks();
        let mut child = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        let process = Process::look(i32::try_from(child.id()).unwrap()).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!((before..=now_ticks()).contains(&process.started_ticks), "{before} {process:?}");
    }

    #[test]
    fn a_process_of_another_run_or_step_is_spared_whatever_its_slack() {
        let mark = Mark::new("mine", "step");
        for (run, step, is_ours) in [
            (None, None, true),
            (Some("mine"), None, true),
            (Some("mine"), Some("step"), true),
            (Some("mine"), Some("another"), false),
            (Some("theirs"), Some("step"), false),
        ] {
            let mut command = std::process::Command::new("sleep");
            command.arg("1000").env_remove(RUN_VARIABLE).envs(run.map(|run| (RUN_VARIABLE, run)));
            command.env_remove(STEP_VARIABLE).envs(step.map(|step| (STEP_VARIABLE, step)));
            let mut child = mark.carried(|| command.spawn()).unwrap();
            let process = Process::look(i32::try_from(child.id()).unwrap()).unwrap();
            let seen = process.slack_ns().map(|_| mark.is_on(&process));
            child.kill().unwrap();
            child.wait().unwrap();
            let obstacle = "only root with CAP_SYS_NICE can read the timer slack of other processes";
            if !test_needs::is_met(seen.is_none().then(|| obstacle.to_owned())) {
                return;
            }
            assert_eq!(seen, Some(is_ours), "{run:?} {step:?}");
        }
    }
}
