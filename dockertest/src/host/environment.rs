//! The environment of a process, also of one whose program has started just now.

use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How long a program may take from its start until the kernel shows its environment. It is some microseconds, unless
/// the process has to wait for a core meanwhile.
const SHOWN_WITHIN: Duration = Duration::from_millis(500);

/// How long to wait between two looks. There is no event to wait for.
const PAUSE: Duration = Duration::from_micros(200);

/// Which field of `/proc/PID/stat`, counted from the one behind the name, is the address of the program's code.
const CODE_FIELD: usize = 23;

/// The environment with which the program of a process started: `NAME=VALUE` with a NUL behind each. `folder` is the one
/// of the process in `/proc`.
///
/// A process that starts a program has no environment for a moment, and whoever spawned it may go on before it is there.
/// So it is looked at again, unless the program has really been started without one, or there is no program: in a thread
/// of the kernel, or a process that has ended.
pub(crate) fn environment(folder: &Path) -> io::Result<Vec<u8>> {
    let file = folder.join("environ");
    let mut found = fs::read(&file)?;
    let until = Instant::now() + SHOWN_WITHIN;
    while found.is_empty() {
        // Asked before the next look: what has started by now has its environment then.
        let may_come = is_starting(folder) && Instant::now() < until;
        found = fs::read(&file)?;
        if !may_come {
            break;
        }
        // Nobody tells when a process has its environment.
        thread::sleep(PAUSE);
    }
    Ok(found)
}

/// Whether the process has a program whose code is not in its place yet. The kernel puts it there last, after the
/// environment.
fn is_starting(folder: &Path) -> bool {
    let code = || {
        let stat = fs::read(folder.join("stat")).ok()?;
        let after_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
        std::str::from_utf8(&stat[after_name..]).ok()?.split_ascii_whitespace().nth(CODE_FIELD)?.parse::<u64>().ok()
    };
    folder.join("exe").read_link().is_ok() && code() == Some(0)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    /// The folder of a process without an environment as the kernel would show it.
    fn shown(program: Option<&str>, code: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("environ"), "").unwrap();
        let fields = format!("S 7 42 40 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1 2 3 {code} 9 9");
        fs::write(folder.path().join("stat"), format!("5 (a) 0 (b) {fields}")).unwrap();
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

    #[test]
    fn a_program_that_never_shows_one_is_not_waited_for_without_end() {
        let begin = Instant::now();
        assert_eq!(environment(shown(Some("/bin/sleep"), "0").path()).unwrap(), b"");
        assert!(begin.elapsed() >= SHOWN_WITHIN);
    }

    #[test]
    fn what_has_no_program_or_was_started_without_an_environment_has_none() {
        for process in [shown(None, "0"), shown(Some("/bin/sleep"), "4194304")] {
            assert!(!is_starting(process.path()), "nothing is waited for");
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
