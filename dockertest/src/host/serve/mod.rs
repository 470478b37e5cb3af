//! The program side of a host: what a program does that holds subtests registered with
//! [`subtest!`](crate::subtest!).
//!
//! It is started once for each step, so it does nothing before it is needed.

mod leftover;
mod output;
mod watchdog;

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Stdin};
use std::process::ExitCode;

use nix::sys::prctl;

use crate::engine::{KEEP, daemon, keep};
use crate::host::CancelToken;
use crate::host::protocol::{Hello, HostMessage, Mode, PROTOCOL, RunRequest, RunnerMessage};
use crate::outcome::{Ending, Level};
use crate::subtest::{self, BinFolder, Context, End, Registration, Voice};
use crate::verdict::Verdict;

use output::Output;

/// Exit status: the runner was told all that it wanted to know.
const DONE: u8 = 0;
/// Exit status: not called as a runner calls a host.
const USAGE: u8 = 2;
/// Exit status: the runner was gone before everything was told.
const RUNNER_GONE: u8 = 3;

/// Serves as a host of all subtests that are linked into this program. `program` is its name, for people;
/// `arguments` are those of the command line without the program's own name: `list`, or `run NAME`.
///
/// ```no_run
/// // The whole host program:
/// fn main() -> std::process::ExitCode {
///     dockertest::host::serve::main("my-subtests 1.0", std::env::args_os().skip(1))
/// }
/// ```
pub fn main(program: &str, arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let mut arguments: Vec<OsString> = arguments.collect();
    if arguments.first().is_some_and(|word| word == daemon::FIRST_PROCESS) {
        return daemon::first_process(arguments.drain(1..));
    }
    if arguments.first().is_some_and(|word| word == KEEP) {
        return keep(arguments.drain(1..));
    }
    let words: Vec<Option<&str>> = arguments.iter().map(|argument| argument.to_str()).collect();
    let outcome = match words[..] {
        [Some("list")] => list(program),
        [Some("run"), Some(name)] => run(program, name),
        _ => {
            say_usage(program);
            return ExitCode::from(USAGE);
        }
    };
    ExitCode::from(outcome.unwrap_or(RUNNER_GONE))
}

#[expect(clippy::print_stderr, reason = "a person has started this by hand")]
fn say_usage(program: &str) {
    eprintln!(
        "{program}: a host of dockertest, a program that `dockertest` starts.\n\
         usage: list       write what subtests there are, as JSON lines\n\
         usage: run NAME   read a request from standard input, run a subtest, write what happens\n\
         To run subtests, use `dockertest run`."
    );
}

fn hello(program: &str) -> HostMessage {
    HostMessage::Hello(Hello { adopts_orphans: true, ..Hello::new(program) })
}

fn list(program: &str) -> io::Result<u8> {
    let output = Output::take()?;
    let mut text = Vec::new();
    output::write(&mut text, &hello(program))?;
    let mut listed = 0;
    for registration in subtest::registered() {
        match registration.info() {
            Ok(info) => output::write(&mut text, &HostMessage::Subtest(info))?,
            Err(bad) => {
                let problem = format!("the module `{}` cannot be a subtest: {bad}", registration.module);
                output::write(&mut text, &HostMessage::Log { subsubtest: None, level: Level::Error, text: problem })?;
                continue;
            }
        }
        listed += 1;
    }
    output::write(&mut text, &HostMessage::Listed { subtests: listed })?;
    output.write_all(&text)?;
    Ok(DONE)
}

fn run(program: &str, name: &str) -> io::Result<u8> {
    let output = Output::take()?;
    // Orphans of this step become our children, so that they are found at the end.
    prctl::set_child_subreaper(true)?;
    subtest::remember_places();
    output.say(&hello(program))?;
    let mut stdin = BufReader::new(io::stdin());
    let request = match read_request(&mut stdin) {
        Ok(request) => request,
        Err(problem) => {
            output.say(&HostMessage::Ended(Ending::new(Verdict::Error, problem)))?;
            return Ok(DONE);
        }
    };
    let cancel = CancelToken::new()?;
    watchdog::watch(stdin, cancel.clone())?;
    let voice = output.voice();
    let mut last_word = match find(name, &request) {
        Some(registration) => execute(registration, request, voice.clone(), cancel),
        None => {
            let reason = format!("`{program}` holds no {} (it may be older than `dockertest`)", wanted(name, &request));
            HostMessage::Ended(Ending::new(Verdict::Error, reason))
        }
    };
    leftover::kill_and_tell(&voice, &mut last_word);
    output.say(&last_word)?;
    Ok(DONE)
}

fn read_request(stdin: &mut BufReader<Stdin>) -> Result<RunRequest, String> {
    let mut line = String::new();
    match stdin.read_line(&mut line) {
        Ok(0) => return Err("standard input ended before there was a request".to_owned()),
        Ok(_) => {}
        Err(error) => return Err(format!("cannot read the request: {error}")),
    }
    match serde_json::from_str(&line) {
        Ok(RunnerMessage::Run(request)) if request.protocol == PROTOCOL => Ok(*request),
        Ok(RunnerMessage::Run(request)) => Err(format!(
            "the runner speaks protocol {}, this host speaks {PROTOCOL}: build both anew",
            request.protocol
        )),
        Ok(RunnerMessage::Cancel { reason, .. }) => Err(format!("cancelled before there was a request: {reason}")),
        Err(error) => Err(format!("the request is none: {error}")),
    }
}

/// The step's folder begins with the kind: `docker/subtests/example.test_1-of-2`.
fn wanted(name: &str, request: &RunRequest) -> String {
    let kind = request.step.split('/').nth(1).unwrap_or("subtests").trim_end_matches('s');
    format!("{kind} `{name}`")
}

fn find(name: &str, request: &RunRequest) -> Option<&'static Registration> {
    let folder = request.step.split('/').nth(1);
    // Comparing the ends of texts is much cheaper than making a name of each module.
    let last = name.rsplit('/').next().unwrap_or(name);
    subtest::registered().filter(|registration| registration.module.ends_with(last)).find(|registration| {
        registration.place().is_ok_and(|(kind, place)| place.as_str() == name && folder == Some(kind.folder()))
    })
}

fn execute(registration: &Registration, request: RunRequest, voice: Voice, cancel: CancelToken) -> HostMessage {
    let mut subtest = (registration.make)();
    let only_cleans_up = matches!(request.mode, Mode::Cleanup { .. });
    let mut ctx = Context::new(request, BinFolder::of(registration.folder), voice, cancel);
    if only_cleans_up {
        ctx.debug("this process only cleans up after an earlier one");
    }
    match subtest::run(&mut *subtest, &mut ctx) {
        End::Ended(ending) => HostMessage::Ended(ending),
        End::Reboot(wish) => HostMessage::Reboot { resume_at: wish.resume_at, reason: wish.reason },
    }
}
