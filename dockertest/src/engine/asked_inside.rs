//! Asking an engine what it is from within its instance: by a process of the host that is started there.

use std::time::{Duration, Instant};

use crate::engine::FACTS;
use crate::engine::process::{Input, Launch, Process, Stopped};
use crate::host::protocol::RUN_VARIABLE;
use crate::host::{CancelToken, HostProgram};
use crate::journal::EngineFacts;

/// How long it may take: each answer of the engine has a limit of its own, and the way into an instance may be long.
const LIMIT: Duration = Duration::from_secs(120);

/// Where an answer goes that is too long to be one.
const NO_FOLDER: &str = "/dev/null";

/// Starts a host in an instance to ask the engine there. `inside` is the host as it is started there, `host` as it is
/// known everywhere; `engine` is how the engine is found: `docker_path` and `docker_options`.
pub(crate) fn ask_inside(
    inside: &HostProgram,
    host: &HostProgram,
    engine: (&str, &str),
    run: &str,
    cancel: &CancelToken,
) -> EngineFacts {
    let program = inside.path.as_os_str().to_owned();
    let own = [FACTS.into(), host.path.as_os_str().to_owned(), engine.0.into(), engine.1.into()];
    let words: Vec<String> = std::iter::once(program)
        .chain(inside.arguments.iter().cloned())
        .chain(own)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    try_to_ask(&words, run, cancel).unwrap_or_else(|problem| EngineFacts {
        problem: Some(format!("the engine in the instance cannot be asked: {problem}")),
        ..EngineFacts::default()
    })
}

fn try_to_ask(words: &[String], run: &str, cancel: &CancelToken) -> Result<EngineFacts, String> {
    let variables = [(RUN_VARIABLE.to_owned(), run.to_owned())];
    let folder = std::path::Path::new(NO_FOLDER);
    let launch = Launch { words, variables: &variables, stdin: Input::Empty, terminal: false, folder, number: 0 };
    let mut process = Process::start(launch).map_err(|stopped| in_words(&stopped))?;
    process.until_end(Some(Instant::now() + LIMIT), Some(cancel)).map_err(|stopped| in_words(&stopped))?;
    let done = process.finish().map_err(|error| error.to_string())?;
    let (said, complained) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    // Whatever leads into the instance may have said something, too.
    let answer = said.lines().rev().find_map(|line| serde_json::from_str(line).ok());
    answer.ok_or_else(|| format!("{} said nothing of use ({}): {}", words[0], done.status, complained.trim()))
}

fn in_words(stopped: &Stopped) -> String {
    match stopped {
        Stopped::NotStarted(program, error) => format!("cannot start `{program}`: {error}"),
        Stopped::TimedOut => format!("no answer within {} s", LIMIT.as_secs()),
        Stopped::Cancelled(reason) => reason.clone(),
        Stopped::Lost(error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(script: &str) -> EngineFacts {
        let inside = HostProgram::new("/bin/sh").arguments(["-c", script, "sh"]);
        let host = HostProgram::new("/bin/host");
        ask_inside(&inside, &host, ("/usr/bin/docker", "--debug"), "a-run", &CancelToken::new().unwrap())
    }

    #[test]
    fn the_answer_is_found_among_other_lines() {
        let script = r#"echo entering; echo "{\"address\":\"$*\",\"version\":\"1\"}"; echo leaving"#;
        let facts = asked(script);
        assert_eq!((facts.address.as_str(), facts.version.as_str()), ("facts /bin/host /usr/bin/docker --debug", "1"));
    }

    #[test]
    fn no_answer_is_one_with_a_problem() {
        let problem = asked("echo no way in >&2; exit 3").problem.unwrap();
        assert!(problem.contains("no way in") && problem.contains("exit status: 3"), "{problem}");
    }
}
