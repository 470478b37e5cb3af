//! A host that misbehaves: the name of the subtest that it is asked to run says how.
//!
//! `misbehave sleep` and `misbehave daemon` are what it leaves behind; their process ids are in the file `pids` of
//! the step's folder.

#![expect(clippy::print_stderr, reason = "standard error of a host is for its crashes")]

use std::fs::OpenOptions;
use std::io::{self, BufRead, Write};
use std::os::fd::AsFd;
use std::process::{Command, Stdio, exit};
use std::time::SystemTime;

use dockertest::host::protocol::{
    ConfigFile, Hello, HostMessage, Mode, PROTOCOL, RunRequest, RunnerMessage, SubtestInfo,
};
use dockertest::outcome::{Ending, Level, Phase};
use dockertest::verdict::Verdict;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, raise};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["run", kind] => run(kind),
        ["sleep"] => forever(),
        ["daemon"] => daemon(),
        ["chain", folder, until] => chain(folder, until),
        ["list"] => list("well"),
        [how, "list"] => list(how),
        [_, "run", kind] => run(kind),
        _ => exit(64),
    }
}

fn run(kind: &str) -> io::Result<()> {
    match kind {
        "never_reads" => {
            hello()?;
            phase()?;
            forever()
        }
        "wrong_protocol" => {
            let mut hello = introduction();
            hello.protocol = 99;
            return say(&HostMessage::Hello(hello));
        }
        "wrong_api" => {
            let api_version = "0.7.1".parse().map_err(io::Error::other)?;
            let mut hello = introduction();
            hello.api_version = api_version;
            return say(&HostMessage::Hello(hello));
        }
        "no_hello" => return ended(Verdict::Good, ""),
        "closes_stdin" => nix::unistd::close(0)?,
        _ => {}
    }
    if kind == "closes_stdin" {
        hello()?;
        phase()?;
        forever()
    }
    let request = match request()? {
        Ok(request) => request,
        Err(problem) => {
            hello()?;
            return ended(Verdict::Error, &problem);
        }
    };
    hello()?;
    match request.mode {
        Mode::Cleanup { .. } if kind != "many_phases" => clean_up(kind),
        _ => {
            phase()?;
            misbehave(kind)
        }
    }
}

fn clean_up(kind: &str) -> io::Result<()> {
    say(&HostMessage::Phase { subsubtest: None, phase: Phase::Cleanup, iteration: None })?;
    match kind {
        "hang_in_cleanup" => forever(),
        "abort_in_cleanup" => std::process::abort(),
        _ => ended(Verdict::Good, ""),
    }
}

fn misbehave(kind: &str) -> io::Result<()> {
    match kind {
        "pass" => ended(Verdict::Good, ""),
        "fail" => ended(Verdict::Fail, "the engine broke its promise"),
        "error" => ended(Verdict::Error, "the test could not do its job"),
        "panic" => panics(),
        "abort" | "abort_in_cleanup" => {
            eprintln!("about to abort");
            std::process::abort()
        }
        "exit_0" => Ok(()),
        "exit_3" => exit(3),
        "segfault" => dies_by(Signal::SIGSEGV),
        "sigkill" => dies_by(Signal::SIGKILL),
        "verdict_then_exit_3" => {
            ended(Verdict::Good, "")?;
            exit(3)
        }
        "verdict_then_hang" => {
            ended(Verdict::Good, "")?;
            forever()
        }
        _ => speaks_badly(kind),
    }
}

fn speaks_badly(kind: &str) -> io::Result<()> {
    match kind {
        "close_stdout" => {
            nix::unistd::close(1)?;
            forever()
        }
        "garbage" => write(b"thread started\n").and_then(|()| forever()),
        "nul_bytes" => write(b"\0\0\0\n").and_then(|()| forever()),
        "invalid_utf8" => write(b"{\"log\":{\"level\":\"info\",\"text\":\"\xff\xfe\"}}\n").and_then(|()| forever()),
        "half_a_line" => write(br#"{"ended":{"verdict":"GOOD","reason":"","seconds":1}}"#),
        "endless_line" => loop {
            write(&[b'x'; 1 << 16])?;
        },
        "two_verdicts" => {
            ended(Verdict::Good, "")?;
            ended(Verdict::Fail, "on second thoughts")
        }
        "talks_after_verdict" => {
            ended(Verdict::Good, "")?;
            write(b"bye\nbye\n")
        }
        "flood_stdout" => {
            let message = HostMessage::Log { subsubtest: None, level: Level::Debug, text: "x".repeat(500_000) };
            (0..140).try_for_each(|_| say(&message))?;
            ended(Verdict::Good, "")
        }
        "flood_info" => {
            let message = HostMessage::Log { subsubtest: None, level: Level::Info, text: "x".repeat(500_000) };
            (0..30).try_for_each(|_| say(&message))?;
            ended(Verdict::Good, "")
        }
        "flood_phases" => {
            (0..140_000).try_for_each(|_| phase())?;
            ended(Verdict::Good, "")
        }
        "flood_keyvals" => {
            let values = [("key".to_owned(), "x".repeat(500_000))].into();
            let message = HostMessage::Keyvals { iteration: None, values };
            (0..30).try_for_each(|_| say(&message))?;
            ended(Verdict::Good, "")
        }
        "flood_subsubtests" => {
            let started = HostMessage::SubsubtestStarted { subsubtest: "x".repeat(1000) };
            (0..20_000).try_for_each(|_| say(&started))?;
            ended(Verdict::Good, "")
        }
        "flood_stderr" => {
            let line = [[b'e'; 99].as_slice(), b"\n"].concat().repeat(1000);
            (0..700).try_for_each(|_| io::stderr().write_all(&line))?;
            ended(Verdict::Good, "")
        }
        _ => stays(kind),
    }
}

fn stays(kind: &str) -> io::Result<()> {
    match kind {
        "hang" => {
            let reason = wait_for_cancel()?;
            ended(Verdict::Abort, &format!("stopped: {reason}"))
        }
        "slow" => {
            let stdin = io::stdin();
            let mut stdin = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
            if poll(&mut stdin, PollTimeout::from(700u16))? == 0 {
                return ended(Verdict::Good, "");
            }
            wait_for_cancel().and_then(|reason| ended(Verdict::Abort, &format!("stopped: {reason}")))
        }
        "good_when_cancelled" => wait_for_cancel().and_then(|_| ended(Verdict::Good, "was done just then")),
        "fail_when_cancelled" => wait_for_cancel().and_then(|_| ended(Verdict::Fail, "no output")),
        "crash_when_cancelled" => wait_for_cancel().and_then(|_| std::process::abort()),
        "hang_hard" | "hang_in_cleanup" => forever(),
        "child_holds_pipes" => {
            leave(Command::new(std::env::current_exe()?).arg("sleep"))?;
            ended(Verdict::Good, "")
        }
        "daemon_holds_pipes" => {
            leave_daemon(Stdio::inherit)?;
            ended(Verdict::Good, "")
        }
        "child_in_group" => {
            leave(Command::new(std::env::current_exe()?).arg("sleep").stdout(Stdio::null()).stderr(Stdio::null()))?;
            ended(Verdict::Good, "")
        }
        "daemon_then_good" => {
            leave_daemon(Stdio::null)?;
            ended(Verdict::Good, "")
        }
        "daemon_then_abort" => {
            leave_daemon(Stdio::null)?;
            std::process::abort()
        }
        "daemon_then_hang" => {
            leave_daemon(Stdio::null)?;
            forever()
        }
        "chain_then_abort" => {
            start_chain(&std::env::current_dir()?.to_string_lossy(), &(now_seconds()? + 20).to_string())?;
            std::process::abort()
        }
        "fifty_children" => {
            for _ in 0..50 {
                leave(Command::new(std::env::current_exe()?).arg("sleep"))?;
            }
            forever()
        }
        "many_phases" => {
            for phase in [Phase::Initialize, Phase::RunOnce, Phase::Cleanup] {
                say(&HostMessage::Phase { subsubtest: None, phase, iteration: None })?;
            }
            ended(Verdict::Good, "")
        }
        _ => ended(Verdict::Error, "there is no such subtest"),
    }
}

fn panics() -> ! {
    panic!("index out of bounds: the len is 3 but the index is 7")
}

fn dies_by(signal: Signal) -> ! {
    // The first SIGSEGV meets the handler of the standard library, which only takes itself away.
    let raised = raise(signal).and_then(|()| raise(signal));
    exit(if raised.is_ok() { 65 } else { 69 })
}

fn forever() -> ! {
    SigSet::all().thread_block().unwrap_or_else(|_| exit(66));
    loop {
        std::thread::park();
    }
}

/// Leaves a process behind.
fn leave(command: &mut Command) -> io::Result<()> {
    let child = command.stdin(Stdio::null()).spawn()?;
    note(child.id())
}

/// Leaves a daemon behind, with an empty environment. It is there when this returns.
fn leave_daemon(output: fn() -> Stdio) -> io::Result<()> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("daemon").env_clear().stdin(Stdio::null()).stdout(output()).stderr(output());
    command.status().map(|_| ())
}

/// A session of its own, and a second fork so that it has no parent.
fn daemon() -> io::Result<()> {
    nix::unistd::setsid()?;
    leave(Command::new(std::env::current_exe()?).arg("sleep").env_clear())
}

/// Leaves a process behind that lives for a moment and leaves another one behind, and so on, in a session of its own
/// and with an empty environment. The step's folder is among its arguments, so that it can be seen; it ends by itself
/// in the given second, whatever becomes of the test.
fn start_chain(folder: &str, until: &str) -> io::Result<()> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["chain", folder, until]).env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(|_| ())
}

fn chain(folder: &str, until: &str) -> io::Result<()> {
    if until.parse::<u64>().map_err(io::Error::other)? <= now_seconds()? {
        return Ok(());
    }
    if nix::unistd::setsid().is_err() {
        // It leads a session already.
    }
    start_chain(folder, until)
}

fn now_seconds() -> io::Result<u64> {
    SystemTime::UNIX_EPOCH.elapsed().map(|since| since.as_secs()).map_err(io::Error::other)
}

fn note(pid: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open("pids")?;
    file.write_all(format!("{pid}\n").as_bytes())
}

/// The request, or why it is refused.
fn request() -> io::Result<Result<RunRequest, String>> {
    Ok(match next_message() {
        Ok(RunnerMessage::Run(request)) if request.protocol == PROTOCOL => Ok(*request),
        Ok(RunnerMessage::Run(request)) => Err(format!("the runner speaks protocol {}", request.protocol)),
        Ok(_) => exit(67),
        Err(error) => Err(format!("the request is none: {error}")),
    })
}

fn wait_for_cancel() -> io::Result<String> {
    match next_message()? {
        RunnerMessage::Cancel { reason, .. } => Ok(reason),
        _ => exit(67),
    }
}

fn next_message() -> io::Result<RunnerMessage> {
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 {
        exit(68);
    }
    Ok(serde_json::from_str(&line)?)
}

fn list(how: &str) -> io::Result<()> {
    let subtest_with = |name: &str, children: &[&str]| -> io::Result<()> {
        let mut info = SubtestInfo::new(name.parse().map_err(io::Error::other)?);
        info.summary = "Does nothing".to_owned();
        info.subsubtests = children.iter().map(|child| (*child).to_owned()).collect();
        say(&HostMessage::Subtest(info))
    };
    let subtest = |name| subtest_with(name, &[]);
    hello()?;
    if let Some(kind) = how.strip_prefix("only_") {
        subtest(kind)?;
        return say(&HostMessage::Listed { subtests: 1 });
    }
    subtest("pass")?;
    match how {
        "config" => {
            let text = "[other/fail]\na = 1\n[DEFAULTS]\nb = 2\n".to_owned();
            say(&HostMessage::Config(ConfigFile { file: "other.ini".to_owned(), text }))?;
            subtest("other/fail")?;
        }
        "exit_3" => {
            subtest("other/fail")?;
            say(&HostMessage::Listed { subtests: 2 })?;
            exit(3)
        }
        "phase" => {
            subtest("other/fail")?;
            phase()?;
        }
        "talks_on" => {
            say(&HostMessage::Listed { subtests: 1 })?;
            return write(b"bye\n");
        }
        "hang" => forever(),
        "abort" => {
            eprintln!("out of luck");
            std::process::abort()
        }
        "complaint" => {
            let text = "the module `9` cannot be a subtest".to_owned();
            say(&HostMessage::Log { subsubtest: None, level: Level::Error, text })?;
            return say(&HostMessage::Listed { subtests: 1 });
        }
        "twice" => subtest("pass")?,
        "child_twice" => subtest_with("other", &["one", "one"])?,
        "child_above" => subtest_with("other", &["../../etc"])?,
        "garbage" => write(b"Hello, world!\n")?,
        "short" => return say(&HostMessage::Listed { subtests: 5 }),
        "half" => return Ok(()),
        "endless" => loop {
            say(&HostMessage::Log { subsubtest: None, level: Level::Error, text: "x".repeat(900_000) })?;
        },
        _ => subtest("other/fail")?,
    }
    say(&HostMessage::Listed { subtests: 2 })
}

fn hello() -> io::Result<()> {
    say(&HostMessage::Hello(introduction()))
}

fn introduction() -> Hello {
    Hello::new("misbehave 1")
}

fn phase() -> io::Result<()> {
    say(&HostMessage::Phase { subsubtest: None, phase: Phase::RunOnce, iteration: None })
}

fn ended(verdict: Verdict, reason: &str) -> io::Result<()> {
    say(&HostMessage::Ended(Ending::new(verdict, reason)))
}

fn say(message: &HostMessage) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    write(&line)
}

fn write(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}
