//! Labels tell whose an object is, also when nobody is left who made it.

use std::fmt;
use std::fs;
use std::str::FromStr;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use crate::subtest::Context;

/// The run that made an object.
pub(crate) const RUN: &str = "dockertest.run";
/// The step that made it.
pub(crate) const STEP: &str = "dockertest.step";
/// The [`Owner`] that answers for it.
pub(crate) const OWNER: &str = "dockertest.owner";
/// Says that it stays: `remove_after_test` was off.
pub(crate) const KEEP: &str = "dockertest.keep";

/// A runner's process, told from all others that ever were: machine, boot, process namespace, number, and when it was
/// started (in ticks since the boot).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    machine: String,
    boot: String,
    namespace: String,
    pid: i32,
    start: u64,
}

impl Owner {
    /// The process that started this one. A step's process is started by the runner.
    pub(crate) fn parent() -> Owner {
        Owner::of(nix::unistd::getppid().as_raw())
    }

    /// A process of this machine.
    pub(crate) fn of(pid: i32) -> Owner {
        let line = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        Owner {
            machine: line("/etc/machine-id"),
            boot: line("/proc/sys/kernel/random/boot_id"),
            namespace: digits(&namespace.to_string_lossy()),
            pid,
            start: start_time(pid).unwrap_or_default(),
        }
    }

    /// Whether this process has certainly ended. Of other machines, and of other process namespaces of this boot,
    /// nothing is certain.
    pub(crate) fn is_gone(&self) -> bool {
        let here = Owner::of(self.pid);
        if self.machine != here.machine {
            return false;
        }
        if self.boot != here.boot {
            return !self.machine.is_empty() && !self.boot.is_empty();
        }
        if self.namespace != here.namespace {
            return false;
        }
        match start_time(self.pid) {
            Some(start) => start != self.start,
            // It may be there and hidden from us.
            None => kill(Pid::from_raw(self.pid), None) == Err(Errno::ESRCH),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}:{}:{}", self.machine, self.boot, self.namespace, self.pid, self.start)
    }
}

impl FromStr for Owner {
    type Err = ();

    fn from_str(text: &str) -> Result<Owner, ()> {
        let parts: Vec<&str> = text.split(':').collect();
        let [machine, boot, namespace, pid, start] = parts.as_slice() else { return Err(()) };
        Ok(Owner {
            machine: (*machine).to_owned(),
            boot: (*boot).to_owned(),
            namespace: (*namespace).to_owned(),
            pid: pid.parse().ok().filter(|pid| *pid > 0).ok_or(())?,
            start: start.parse().map_err(drop)?,
        })
    }
}

/// When a process was started, in ticks since the boot. It tells it from an earlier or later one of the same id.
pub(in crate::engine) fn start_time(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, which is in parentheses, may have blanks and parentheses.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

impl Context {
    /// The labels that tell whose an object is, as options for `run`, `create`, `build`, `volume create` and `network
    /// create`.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let (name, image) = (ctx.container_name("test"), ctx.image()?);
    /// let mut words = vec!["create".to_owned(), format!("--name={name}")];
    /// words.extend(ctx.labels());
    /// words.push(image);
    /// ctx.docker(words).must_pass()?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn labels(&self) -> Vec<String> {
        self.label_pairs().into_iter().map(|(name, value)| format!("--label={name}={value}")).collect()
    }

    /// The labels that tell whose an object is.
    pub(crate) fn label_pairs(&self) -> Vec<(String, String)> {
        let shared = self.shared();
        let (run, step) = (shared.request.run.clone(), shared.request.step.clone());
        let mut pairs =
            vec![(RUN.to_owned(), run), (STEP.to_owned(), step), (OWNER.to_owned(), shared.objects.owner.to_string())];
        if !self.removes_after_test() {
            pairs.push((KEEP.to_owned(), "yes".to_owned()));
        }
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_runs_is_there_and_one_that_has_ended_is_gone() {
        let parent = Owner::parent();
        assert!(!parent.is_gone());
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let ended = Owner::of(i32::try_from(child.id()).unwrap());
        child.wait().unwrap();
        assert!(ended.is_gone());
        let later = Owner { start: parent.start + 1, ..parent };
        assert!(later.is_gone(), "the number belongs to another process now");
    }

    #[test]
    fn an_owner_is_read_as_it_is_written() {
        let owner = Owner::parent();
        assert_eq!(owner.to_string().parse(), Ok(owner));
        assert!("a:b:c:d".parse::<Owner>().is_err());
        assert!("m:b:1:-1:5".parse::<Owner>().is_err());
    }

    #[test]
    fn nothing_is_said_of_other_machines_and_namespaces() {
        let gone = Owner { pid: i32::MAX, ..Owner::parent() };
        assert!(gone.is_gone());
        assert!(!Owner { machine: "other".to_owned(), ..gone.clone() }.is_gone());
        assert!(!Owner { namespace: "1".to_owned(), ..gone.clone() }.is_gone());
        assert_eq!(Owner { boot: "before".to_owned(), ..gone.clone() }.is_gone(), !gone.machine.is_empty());
    }
}
