//! The program side of a host: what a program does that holds subtests registered with
//! [`subtest!`](crate::subtest!).
//!
//! It is started once for each step, so it does nothing before it is needed.

mod leftover;
mod output;
mod place;
mod watchdog;

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::process::ExitCode;

use nix::sys::prctl;
use nix::sys::signal::SigSet;

use crate::host::protocol::{ConfigFile, Hello, HostMessage, Mode, PROTOCOL, RunRequest, RunnerMessage, SubtestInfo};
use crate::host::{CancelToken, plugin};
use crate::outcome::{Ending, Level};
use crate::subtest::{self, BinFolder, Context, End, Registration, Voice};
use crate::verdict::Verdict;

use output::Output;
pub(super) use output::take_stdout;

/// Exit status: the runner was told all that it wanted to know.
const DONE: u8 = 0;
/// Exit status: not called as a runner calls a host.
const USAGE: u8 = 2;
/// Exit status: the runner could not be told everything.
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
    let arguments: Vec<OsString> = arguments.collect();
    #[cfg(feature = "api")]
    if let Some(status) = keep_engine(&arguments) {
        return status;
    }
    let words: Vec<Option<&str>> = arguments.iter().map(|argument| argument.to_str()).collect();
    let outcome = match words[..] {
        [Some("list")] => take_stdout().and_then(|to_runner| list(program, to_runner)),
        [Some("run"), Some(name)] => {
            take_stdout().and_then(|to_runner| run(program, name, BufReader::new(io::stdin()), to_runner))
        }
        [Some("plugin"), _, Some("list")] => plugin::load(arguments[1].as_ref(), plugin::Call::List),
        [Some("plugin"), _, Some("run"), Some(name)] => plugin::load(arguments[1].as_ref(), plugin::Call::Run(name)),
        _ => {
            say_usage(program);
            return ExitCode::from(USAGE);
        }
    };
    match outcome {
        Ok(()) => ExitCode::from(DONE),
        Err(error) => {
            say(program, &error);
            ExitCode::from(RUNNER_GONE)
        }
    }
}

#[expect(clippy::print_stderr, reason = "the runner keeps it, and shows its last lines")]
fn say(program: &str, error: &io::Error) {
    eprintln!("{program}: {error}");
}

/// The parts of a host that look after engines, or ask one what it is.
#[cfg(feature = "api")]
fn keep_engine(arguments: &[OsString]) -> Option<ExitCode> {
    use crate::engine::{FACTS, KEEP, daemon, keep, tell_facts};

    let (word, rest) = arguments.split_first()?;
    if word == daemon::FIRST_PROCESS {
        return Some(daemon::first_process(rest.iter().cloned()));
    }
    #[cfg(feature = "runner")]
    if word == crate::environment::capsule::ENTER {
        return Some(crate::environment::capsule::enter(rest.iter().cloned()));
    }
    if word == FACTS {
        return Some(tell_facts(rest.iter().cloned()));
    }
    (word == KEEP).then(|| keep(rest.iter().cloned()))
}

#[expect(clippy::print_stderr, reason = "a person has started this by hand")]
fn say_usage(program: &str) {
    eprintln!(
        "{program}: a host of dockertest, a program that `dockertest` starts.\n\
         usage: list       write what subtests there are, as JSON lines\n\
         usage: run NAME   read a request from standard input, run a subtest, write what happens\n\
         usage: plugin FILE list\n\
         usage: plugin FILE run NAME\n\
         \u{20}                 the same for the subtests of a plug-in library\n\
         To run subtests, use `dockertest run`."
    );
}

fn hello(program: &str) -> HostMessage {
    HostMessage::Hello(Hello { adopts_orphans: true, ..Hello::new(program) })
}

/// Tells what there is, in one piece.
pub(super) fn list(program: &str, mut to_runner: impl Write) -> io::Result<()> {
    let mut text = Vec::new();
    output::write(&mut text, &hello(program))?;
    let mut listed = 0;
    for info in infos() {
        match info {
            Ok(info) => {
                output::write(&mut text, &HostMessage::Subtest(info))?;
                listed += 1;
            }
            Err(problem) => {
                output::write(&mut text, &HostMessage::Log { subsubtest: None, level: Level::Error, text: problem })?;
            }
        }
    }
    for file in config_files() {
        output::write(&mut text, &HostMessage::Config(file))?;
    }
    output::write(&mut text, &HostMessage::Listed { subtests: listed })?;
    to_runner.write_all(&text)
}

/// The subtests that are linked into this program, or what is wrong with their names.
pub(crate) fn infos() -> impl Iterator<Item = Result<SubtestInfo, String>> {
    subtest::registered().map(|registration| {
        let problem = |bad| format!("the module `{}` cannot be a subtest: {bad}", registration.module);
        registration.info().map_err(problem)
    })
}

/// The defaults that are compiled into this program.
pub(crate) fn config_files() -> impl Iterator<Item = ConfigFile> {
    let file =
        |defaults: &subtest::Defaults| ConfigFile { file: defaults.file.to_owned(), text: defaults.text.to_owned() };
    subtest::defaults().into_iter().map(file)
}

/// Runs a subtest: what the runner says comes from `requests`, what happens goes to `to_runner`.
pub(super) fn run(
    program: &str,
    name: &str,
    mut requests: impl BufRead + Send + 'static,
    to_runner: impl Write + Send + 'static,
) -> io::Result<()> {
    let output = Output::over(to_runner);
    // A runner may live in a program that has blocked signals, which every process inherits: commands must not be deaf.
    SigSet::all().thread_unblock()?;
    // Orphans of this step become our children, so that they are found at the end.
    prctl::set_child_subreaper(true)?;
    subtest::remember_places();
    output.say(&hello(program))?;
    let request = match read_request(&mut requests) {
        Ok(request) => request,
        Err(problem) => return output.say(&HostMessage::Ended(Ending::new(Verdict::Error, problem))),
    };
    if let Err(problem) = place::enter(&request) {
        return output.say(&HostMessage::Ended(Ending::new(Verdict::Error, problem)));
    }
    let cancel = CancelToken::new()?;
    watchdog::watch(requests, cancel.clone())?;
    let voice = output.voice();
    let mut last_word = match find(name, &request) {
        Some(registration) => execute(registration, request, voice.clone(), cancel),
        None => {
            let reason = format!("`{program}` holds no {} (it may be older than `dockertest`)", wanted(name, &request));
            HostMessage::Ended(Ending::new(Verdict::Error, reason))
        }
    };
    leftover::kill_and_tell(&voice, &mut last_word);
    output.say(&last_word)
}

fn read_request(requests: &mut impl BufRead) -> Result<RunRequest, String> {
    let mut line = String::new();
    match requests.read_line(&mut line) {
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
    let mut ctx = Context::new(request, BinFolder::of(registration.folder, registration.module), voice, cancel);
    if only_cleans_up {
        ctx.debug("this process only cleans up after an earlier one");
    }
    match subtest::run(&mut *subtest, &mut ctx) {
        End::Ended(ending) => HostMessage::Ended(ending),
        End::Reboot(wish) => HostMessage::Reboot { resume_at: wish.resume_at, reason: wish.reason },
    }
}
