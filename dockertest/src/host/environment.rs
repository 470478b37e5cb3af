//! The environment of a process, also of one whose program has started just now.

#![expect(unsafe_code, reason = "no library has the call that tells whether two processes share their memory")]

use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::libc;

/// How long it may take from the birth of a process until the kernel shows the environment of its program. It is some
/// microseconds, unless the process has to wait for a core meanwhile.
const SHOWN_WITHIN: Duration = Duration::from_millis(500);

/// How long to wait between two looks. There is no event to wait for.
const PAUSE: Duration = Duration::from_micros(200);

/// The environment with which the program of a process started: `NAME=VALUE` with a NUL behind each. `folder` is the one
/// of the process in `/proc`.
///
/// A process that starts a program has the environment of its parent first, if it was made to share its memory until
/// then, as by `posix_spawn`; and none for a moment after that. Whoever spawned it may go on before its own is there. So
/// it is looked at again, as long as that parent is there, unless the program has really been started without one, or
/// there is no program.
pub(crate) fn environment(folder: &Path) -> io::Result<Vec<u8>> {
    environment_within(folder, SHOWN_WITHIN)
}

fn environment_within(folder: &Path, limit: Duration) -> io::Result<Vec<u8>> {
    let until = Instant::now() + limit;
    let mut was_empty = false;
    loop {
        let is_last = Instant::now() >= until;
        // Asked before the look: what has started by now has its environment then.
        let stage = Stage::of(folder);
        let found = fs::read(folder.join("environ"))?;
        let is_final = match stage {
            Stage::NoProgram => true,
            Stage::InItsParent => false,
            Stage::Starting => !found.is_empty(),
            // The kernel answers field by field. One that began to start a program meanwhile may be taken for one that
            // has, but not twice.
            Stage::Started => !found.is_empty() || was_empty,
        };
        if is_final || is_last {
            return Ok(found);
        }
        was_empty = stage == Stage::Started;
        if !was_empty {
            // Nobody tells when a process has its environment.
            thread::sleep(PAUSE);
        }
    }
}

/// How far a process is with its program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// None is to be seen, as in a thread of the kernel, or a process that has ended.
    NoProgram,
    /// It lives in its parent's memory until it starts one, and what it shows is the parent's.
    InItsParent,
    /// It has one that is not in its place yet.
    Starting,
    /// It has one, or goes on with a copy of its parent's.
    Started,
}

impl Stage {
    fn of(folder: &Path) -> Stage {
        let stat = fs::read(folder.join("stat")).ok();
        match stat.as_deref().and_then(Beginning::parse) {
            None => Stage::NoProgram,
            Some(beginning) if beginning.code != 0 && !beginning.has_only_forked() => Stage::Started,
            Some(_) if folder.join("exe").read_link().is_err() => Stage::NoProgram,
            Some(beginning) if beginning.code == 0 => Stage::Starting,
            Some(beginning) if share_memory(beginning.pid, beginning.parent) => Stage::InItsParent,
            Some(_) => Stage::Started,
        }
    }
}

/// What `/proc/PID/stat` tells of the beginning of a process, see `proc_pid_stat(5)`.
struct Beginning {
    pid: libc::c_int,
    parent: libc::c_int,
    /// As in the kernel's `include/linux/sched.h`.
    flags: u32,
    /// Where the code of the program is. The kernel says that last, after the environment.
    code: u64,
}

impl Beginning {
    /// Forked, and has not started a program since.
    const FORKED: u32 = 0x40;

    fn parse(stat: &[u8]) -> Option<Beginning> {
        let (before, after) = stat.split_at(stat.iter().rposition(|byte| *byte == b')')?);
        // A name may hold anything.
        let pid = std::str::from_utf8(before.split(|byte| *byte == b' ').next()?).ok()?.parse().ok()?;
        let mut fields = std::str::from_utf8(&after[1..]).ok()?.split_ascii_whitespace().skip(1);
        let parent = fields.next()?.parse().ok()?;
        let flags = fields.nth(4)?.parse().ok()?;
        let code = fields.nth(16)?.parse().ok()?;
        Some(Beginning { pid, parent, flags, code })
    }

    fn has_only_forked(&self) -> bool {
        self.flags & Beginning::FORKED != 0
    }
}

/// Whether two processes have the same memory. Where the kernel does not say (it was built without this call, a filter
/// of system calls is in the way, one of them has ended), they are taken for two that have not.
fn share_memory(one: libc::c_int, other: libc::c_int) -> bool {
    /// `KCMP_VM`, see `kcmp(2)`.
    const MEMORY: libc::c_int = 1;
    let no_index: libc::c_ulong = 0;
    // SAFETY: there are only numbers, and the call changes nothing.
    unsafe { libc::syscall(libc::SYS_kcmp, one, other, MEMORY, no_index, no_index) == 0 }
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;
    use std::fs::OpenOptions;
    use std::os::unix::fs::symlink;
    use std::process::Command;
    use std::sync::mpsc;

    use nix::fcntl::OFlag;
    use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, posix_spawn};
    use nix::sys::signal::{Signal, kill};
    use nix::sys::stat::Mode;
    use nix::sys::wait::waitpid;
    use nix::unistd::{Pid, gettid, mkfifo};

    use super::*;

    /// The folder of a process without an environment as the kernel would show it.
    fn shown(program: Option<&str>, code: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("environ"), "").unwrap();
        let fields = format!("S 7 42 40 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1 2 3 {code} 9 9");
        let stat = [b"5 (\xff) 0 (b) ", fields.as_bytes()].concat();
        fs::write(folder.path().join("stat"), stat).unwrap();
        if let Some(program) = program {
            symlink(program, folder.path().join("exe")).unwrap();
        }
        folder
    }

    #[test]
    fn a_program_that_is_just_starting_is_waited_for() {
        let process = shown(Some("/bin/sleep"), "0");
        let found = thread::scope(|scope| {
            let found = scope.spawn(|| environment(process.path()));
            // As the kernel does, at once.
            let unseen = process.path().join("new");
            fs::write(&unseen, "A=b\0").unwrap();
            fs::rename(unseen, process.path().join("environ")).unwrap();
            found.join().unwrap()
        });
        assert_eq!(found.unwrap(), b"A=b\0");
    }

    /// A child that was made to share the memory of this process and is held up there: it opens a pipe that nobody has
    /// opened yet. Comes back when the child is about to run `sleep`.
    fn spawn_with_mark(pipe: &Path) -> Pid {
        let word = |text: &str| CString::new(text).unwrap();
        let mut actions = PosixSpawnFileActions::init().unwrap();
        actions.add_open(0, pipe, OFlag::O_RDONLY, Mode::empty()).unwrap();
        let attributes = PosixSpawnAttr::init().unwrap();
        let words = [word("sleep"), word("100")];
        posix_spawn(c"/bin/sleep", &actions, &attributes, &words, &[word("MARK=of the child")]).unwrap()
    }

    /// Holds a child up until it is opened, or a test has failed: nothing else ends such a child's parent's waiting.
    struct Gate<'a>(&'a Path);

    impl Drop for Gate<'_> {
        fn drop(&mut self) {
            // For both ends, so that this does not wait; and never closed, so that nobody comes too late.
            std::mem::forget(OpenOptions::new().read(true).write(true).open(self.0));
        }
    }

    #[test]
    fn a_child_that_is_still_in_its_parents_memory_is_waited_for() {
        let us = i32::try_from(std::process::id()).unwrap();
        let obstacle = || "the kernel does not tell whether two processes share their memory (kcmp)".to_owned();
        if !test_needs::is_met((!share_memory(us, us)).then(obstacle)) {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        mkfifo(&pipe, Mode::S_IRWXU).unwrap();
        let (stage, found, spawned) = thread::scope(|scope| {
            let gate = Gate(&pipe);
            let (tell, told) = mpsc::channel();
            let spawned = scope.spawn(|| {
                let tell = tell;
                tell.send(gettid()).unwrap();
                spawn_with_mark(&pipe)
            });
            let children = format!("/proc/self/task/{}/children", told.recv().unwrap());
            let mut child = String::new();
            test_needs::wait_until("there is a child", || {
                child = fs::read_to_string(&children).unwrap().trim().to_owned();
                !child.is_empty()
            });
            let process = Path::new("/proc").join(child);
            let stage = Stage::of(&process);
            let found = scope.spawn(move || environment_within(&process, Duration::from_secs(60)));
            drop(gate);
            (stage, found.join(), spawned.join().unwrap())
        });
        kill(spawned, Signal::SIGKILL).unwrap();
        waitpid(spawned, None).unwrap();
        assert_eq!(stage, Stage::InItsParent);
        assert_eq!(String::from_utf8(found.unwrap().unwrap()).unwrap(), "MARK=of the child\0");
    }

    #[test]
    fn a_fork_without_a_program_of_its_own_is_not_starting() {
        // A shell forks for it, and what is forked waits for its input without starting anything.
        let mut shell =
            Command::new("sh").args(["-c", "(read line); :"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
        let children = format!("/proc/{0}/task/{0}/children", shell.id());
        let mut child = String::new();
        test_needs::wait_until("it has forked", || {
            child = fs::read_to_string(&children).unwrap().trim().to_owned();
            !child.is_empty()
        });
        let forked = Path::new("/proc").join(child);
        let beginning = Beginning::parse(&fs::read(forked.join("stat")).unwrap()).unwrap();
        let stage = Stage::of(&forked);
        drop(shell.stdin.take());
        shell.wait().unwrap();
        assert!(beginning.has_only_forked());
        assert_eq!(stage, Stage::Started);
    }

    #[test]
    fn a_program_that_never_shows_one_is_not_waited_for_without_end() {
        let begin = Instant::now();
        assert_eq!(environment(shown(Some("/bin/sleep"), "0").path()).unwrap(), b"");
        assert!(begin.elapsed() >= SHOWN_WITHIN);
    }

    #[test]
    fn what_has_no_program_or_was_started_without_an_environment_has_none() {
        let some = [(shown(None, "0"), Stage::NoProgram), (shown(Some("/bin/sleep"), "4194304"), Stage::Started)];
        for (process, stage) in some {
            assert_eq!(Stage::of(process.path()), stage, "nothing is waited for");
            assert_eq!(environment(process.path()).unwrap(), b"");
        }
        assert!(environment(Path::new("/proc/0")).is_err());
    }

    #[test]
    fn a_process_that_was_spawned_just_now_has_its_environment() {
        for number in 0..200 {
            let mark = format!("MARK={number}\0");
            let mut child = Command::new("sleep").arg("100").env("MARK", number.to_string()).spawn().unwrap();
            let found = environment(Path::new(&format!("/proc/{}", child.id())));
            child.kill().unwrap();
            child.wait().unwrap();
            let found = String::from_utf8(found.unwrap()).unwrap();
            assert!(format!("\0{found}").contains(&format!("\0{mark}")), "{number}: {found:?}");
        }
    }
}
