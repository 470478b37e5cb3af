//! Processes that misbehave.

use super::*;
use crate::engine::output::MEMORY_BYTES;

fn shell(script: &str) -> Vec<String> {
    ["sh", "-c", script].map(str::to_owned).into()
}

/// A process and the folder for its long outputs.
fn started(script: &str, stdin: Input, terminal: bool) -> (Process, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let words = shell(script);
    let launch = Launch { words: &words, variables: &[], stdin, terminal, folder: folder.path(), number: 1 };
    (Process::start(launch).unwrap(), folder)
}

fn run(script: &str, limit: Duration, cancel: Option<&CancelToken>) -> (Result<(), Stopped>, Completed) {
    let (mut process, _folder) = started(script, Input::Empty, false);
    let stopped = process.until_end(Some(Instant::now() + limit), cancel);
    (stopped, process.finish().unwrap())
}

/// Waits until a process that is not our child is gone, and says whether it is.
fn is_gone(pid: i32) -> bool {
    let pidfd = rustix::process::Pid::from_raw(pid)
        .and_then(|pid| rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok());
    if let Some(pidfd) = pidfd {
        poll_some(&mut [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)], Some(Duration::from_secs(10))).unwrap();
    }
    !std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z"))
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn an_endless_output_does_not_hide_the_limit_and_stays_bounded() {
    let began = Instant::now();
    let script = "for n in 1 2 3 4; do cat /dev/zero & done; wait";
    let (stopped, seen) = run(script, Duration::from_millis(300), None);
    assert!(matches!(stopped, Err(Stopped::TimedOut)), "{stopped:?}");
    assert!(seen.stdout.len() <= MEMORY_BYTES);
    assert!(began.elapsed() < MINUTE, "{:?}", began.elapsed());
}

#[test]
fn an_endless_output_of_a_grandchild_does_not_hide_the_end() {
    let began = Instant::now();
    let script = "for n in 1 2 3 4; do cat /dev/zero & done; exit 3";
    let (stopped, seen) = run(script, MINUTE, None);
    assert!(stopped.is_ok());
    assert_eq!(seen.status.code(), Some(3));
    assert!(began.elapsed() < MINUTE, "{:?}", began.elapsed());
}

#[test]
fn a_long_output_is_in_a_file_in_whole() {
    let (process, folder) = started("head -c 40000000 /dev/zero; echo end", Input::Empty, false);
    let mut process = process;
    process.until_end(Some(Instant::now() + MINUTE), None).unwrap();
    let seen = process.finish().unwrap();
    assert_eq!((seen.stdout.len(), seen.dropped_bytes), (MEMORY_BYTES, 0));
    assert_eq!(seen.files, [folder.path().join("command-1-stdout")]);
    let kept = std::fs::read(&seen.files[0]).unwrap();
    assert_eq!(kept.len(), 40_000_004);
    assert!(kept.ends_with(b"\0end\n"));
}

#[test]
fn a_wish_to_stop_comes_before_what_the_command_says() {
    let cancel = CancelToken::new().unwrap();
    cancel.cancel("enough");
    let (stopped, _) = run("exit 1", MINUTE, Some(&cancel));
    assert!(matches!(&stopped, Err(Stopped::Cancelled(reason)) if reason == "enough"), "{stopped:?}");
}

#[test]
fn what_a_command_left_in_its_group_is_gone() {
    let (_, seen) = run("sleep 1000 >/dev/null 2>&1 & echo $!", MINUTE, None);
    assert!(is_gone(seen.stdout_text().trim().parse().unwrap()));
}

#[test]
fn what_ignores_signals_and_hides_in_sessions_of_its_own_is_killed() {
    let script = "trap '' TERM INT HUP; setsid sh -c 'echo $$; setsid sleep 1000 & echo $!; wait' & wait";
    let (mut process, _folder) = started(script, Input::Open, false);
    let two_lines = |printed: &Printed| {
        let text = String::from_utf8_lossy(printed.outputs[0].memory()).into_owned();
        Ok((text.lines().count() == 2).then_some(text))
    };
    let pids = process.until(Some(Instant::now() + MINUTE), None, two_lines).unwrap().unwrap();
    process.signal(Signal::SIGTERM).unwrap();
    assert!(process.is_running());
    process.end().unwrap();
    for pid in pids.lines() {
        assert!(is_gone(pid.parse().unwrap()), "{pid} is left");
    }
    assert_eq!(process.signal(Signal::SIGTERM), Err(Errno::ESRCH));
}

#[test]
fn a_process_that_closes_its_outputs_is_waited_for() {
    let (stopped, seen) = run("echo early; exec >&- 2>&-; sleep 0.3; exit 7", MINUTE, None);
    assert!(stopped.is_ok());
    assert_eq!((seen.status.code(), seen.stdout.as_slice()), (Some(7), b"early\n".as_slice()));
    assert!(seen.duration >= Duration::from_millis(300));
}

#[test]
fn how_long_a_process_took_does_not_depend_on_who_asks_when() {
    let (mut process, _folder) = started("exit 0", Input::Empty, false);
    process.until_end(Some(Instant::now() + MINUTE), None).unwrap();
    let at_once = process.duration();
    // Long enough to be told from none.
    thread::sleep(Duration::from_millis(5));
    assert_eq!(process.duration(), at_once);
    assert_eq!(process.finish().unwrap().duration, at_once);
}

#[test]
fn what_is_not_read_does_not_stop_the_rest() {
    let (mut process, _folder) = started("exec <&-; echo done", Input::Bytes(vec![b'x'; 1 << 22]), false);
    process.until_end(Some(Instant::now() + MINUTE), None).unwrap();
    assert_eq!(process.finish().unwrap().stdout, b"done\n");
}

#[test]
fn more_goes_through_than_a_pipe_holds() {
    let (mut process, _folder) = started("cat", Input::Bytes(vec![b'x'; 5 << 20]), false);
    process.until_end(Some(Instant::now() + MINUTE), None).unwrap();
    assert_eq!(process.finish().unwrap().stdout.len(), 5 << 20);
}

#[test]
fn a_terminal_is_one() {
    let script = "tty; test -t 0 && test -t 1 && test -t 2 && echo all; stty size; sh -c 'echo own > /dev/tty'";
    let (mut process, _folder) = started(script, Input::Open, true);
    process.until_end(Some(Instant::now() + MINUTE), None).unwrap();
    let seen = process.finish().unwrap();
    let text = seen.stdout_text();
    assert!(text.starts_with("/dev/pts/") && text.ends_with("all\r\n24 80\r\nown\r\n"), "{text}");
}

#[test]
fn a_terminal_is_written_to() {
    let (mut process, _folder) = started("stty -echo; echo ask; read word; echo got $word", Input::Open, true);
    let asks = |printed: &Printed| Ok(printed.outputs[0].memory().ends_with(b"ask\r\n").then_some(()));
    process.until(Some(Instant::now() + MINUTE), None, asks).unwrap().unwrap();
    process.write(b"this\n", Some(Instant::now() + MINUTE), None).unwrap();
    process.until_end(Some(Instant::now() + MINUTE), None).unwrap();
    assert_eq!(process.finish().unwrap().stdout_text(), "ask\r\ngot this\r\n");
}

#[test]
fn nobody_reads_forever() {
    let (mut process, _folder) = started("sleep 1000", Input::Open, false);
    let written = process.write(&vec![b'x'; 1 << 21], Some(Instant::now() + Duration::from_millis(50)), None);
    assert!(matches!(written, Err(Stopped::TimedOut)), "{written:?}");
}

/// Scripts that misbehave, each in another way. Where one would leave a process that has no parent any more, only the
/// end of the step finds it, so none does that.
const MISBEHAVING: [&str; 6] = [
    "trap '' TERM INT HUP; while :; do sleep 0.01; done",
    "setsid sh -c 'trap \"\" TERM; while :; do sleep 0.01; done' & wait",
    "cat /dev/zero & cat /dev/zero >&2 & wait",
    "exec >&- 2>&- <&-; sleep 1000",
    "while :; do sh -c 'sleep 0.01' & sh -c 'setsid sleep 0.01' & wait; done",
    "kill -STOP $$; sleep 1000",
];

/// How many processes carry a variable.
fn marked(value: &str) -> usize {
    let entry = format!("DOCKERTEST_MARK={value}");
    let folders = std::fs::read_dir("/proc").unwrap().flatten();
    let environments = folders.filter_map(|folder| std::fs::read(folder.path().join("environ")).ok());
    environments.filter(|environment| environment.split(|byte| *byte == 0).any(|word| word == entry.as_bytes())).count()
}

/// `cargo xtask torture` sets more rounds.
#[test]
fn torture_nothing_is_left_of_a_command_whenever_it_is_killed() {
    let rounds: u32 = std::env::var("DOCKERTEST_TORTURE_KILLS").map_or(5, |text| text.parse().unwrap());
    for round in 0..rounds {
        for (number, script) in MISBEHAVING.iter().enumerate() {
            let mark = format!("{}-{round}-{number}", std::process::id());
            let variables = [("DOCKERTEST_MARK".to_owned(), mark.clone())];
            let folder = tempfile::tempdir().unwrap();
            let (words, terminal) = (shell(script), round % 3 == 2);
            let (stdin, folder) = (Input::Open, folder.path());
            let launch = Launch { words: &words, variables: &variables, stdin, terminal, folder, number: 1 };
            let mut process = Process::start(launch).unwrap();
            // Sooner or later, but not at a moment of the script's choice.
            let limit = Instant::now() + Duration::from_millis(u64::from(round * 7 % 60));
            assert!(matches!(process.until_end(Some(limit), None), Err(Stopped::TimedOut)), "{script}");
            process.end().unwrap();
            let gone = format!("round {round}: nothing is left of `{script}`");
            test_needs::wait_until(&gone, || marked(&mark) == 0);
        }
    }
}
