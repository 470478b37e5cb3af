//! Which command line it is: docker or podman, and its version.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::process::{Input, Launch, Process};
use crate::host::CancelToken;

/// How long the program may take to tell its version.
const LIMIT: Duration = Duration::from_secs(20);

/// Below a file nothing can be made, so an output that is too long for the memory is not kept.
const NO_FOLDER: &str = "/dev/null";

/// What a command line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Client {
    /// `docker` or `podman`.
    pub(super) flavor: String,
    pub(super) version: String,
}

/// The question `PROGRAM --version`, asked once. Threads share it; the one that [ends](Question::end) it can be sure that
/// no process is left.
#[derive(Debug)]
pub(super) struct Question {
    /// Locked by who waits for the answer, until it is there.
    state: Mutex<State>,
    /// Without descriptors for it, the end waits as long as the answer takes.
    over: Option<CancelToken>,
}

#[derive(Debug)]
enum State {
    NotAsked,
    Asked(Process),
    Answered(Option<Client>),
}

impl Default for Question {
    fn default() -> Self {
        Question { state: Mutex::new(State::NotAsked), over: CancelToken::new().ok() }
    }
}

impl Question {
    /// Begins to ask, unless somebody has.
    pub(super) fn ask(&self, program: &str) {
        let mut state = self.lock();
        if matches!(*state, State::NotAsked) {
            *state = start(program).map_or(State::Answered(None), State::Asked);
        }
    }

    /// The answer; nothing if there is none.
    pub(super) fn answer(&self) -> Option<Client> {
        let mut state = self.lock();
        if let State::Asked(process) = &mut *state {
            let answer = heard(process, self.over.as_ref());
            // What is left of the process is killed here.
            *state = State::Answered(answer);
        }
        match &*state {
            State::Answered(answer) => answer.clone(),
            State::NotAsked | State::Asked(_) => None,
        }
    }

    /// Nobody wants the answer any more, and nobody asks again.
    pub(super) fn end(&self) {
        if let Some(over) = &self.over {
            over.cancel("nobody wants to know it any more");
        }
        *self.lock() = State::Answered(None);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn start(program: &str) -> Option<Process> {
    let words = [program.to_owned(), "--version".to_owned()];
    let folder = Path::new(NO_FOLDER);
    let launch = Launch { words: &words, variables: &[], stdin: Input::Empty, terminal: false, folder, number: 0 };
    Process::start(launch).ok()
}

fn heard(process: &mut Process, over: Option<&CancelToken>) -> Option<Client> {
    process.until_end(Some(Instant::now() + LIMIT), over).ok()?;
    let done = process.finish().ok().filter(|done| done.status.success())?;
    parse(&String::from_utf8_lossy(&done.stdout))
}

/// `Docker version 20.10.24+dfsg1, build 297e128` or `podman version 4.3.1`
fn parse(text: &str) -> Option<Client> {
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let (flavor, version) =
            (words.next()?.to_lowercase(), words.next().filter(|word| *word == "version").and(words.next())?);
        Some(Client { flavor, version: version.trim_end_matches(',').to_owned() })
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::thread;

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Docker version 20.10.24+dfsg1, build 297e128\n", "docker", "20.10.24+dfsg1")]
    #[case("Docker version 28.2.2, build e6534b4\n", "docker", "28.2.2")]
    #[case("podman version 4.3.1\n", "podman", "4.3.1")]
    #[case("Emulate Docker CLI using podman.\npodman version 5.4.2\n", "podman", "5.4.2")]
    fn a_command_line_tells_what_it_is(#[case] text: &str, #[case] flavor: &str, #[case] version: &str) {
        assert_eq!(parse(text), Some(Client { flavor: flavor.to_owned(), version: version.to_owned() }));
    }

    fn answer(program: &str) -> Option<Client> {
        let question = Question::default();
        question.ask(program);
        question.answer()
    }

    #[rstest]
    #[case("/bin/true")]
    #[case("/bin/false")]
    #[case("/no/such/program")]
    fn what_is_no_command_line_has_no_answer(#[case] program: &str) {
        assert_eq!(answer(program), None);
    }

    /// A command line that notes its process and one that it starts, and does not answer.
    fn silent(folder: &Path) -> String {
        let (path, noted) = (folder.join("docker"), folder.join("noted"));
        let text = format!(
            "#!/bin/sh\ntrap '' TERM\nsleep 1000 &\necho $$ $! >{0}.new; mv {0}.new {0}\nwait\n",
            noted.display()
        );
        test_needs::script(&path, &text);
        path.display().to_string()
    }

    fn noted(folder: &Path) -> Vec<String> {
        let file = folder.join("noted");
        test_needs::wait_until("it has noted its processes", || file.exists());
        fs::read_to_string(file).unwrap().split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_question_that_is_ended_leaves_no_process_and_lets_go_who_waits() {
        let folder = tempfile::tempdir().unwrap();
        let question = Question::default();
        question.ask(&silent(folder.path()));
        let processes = noted(folder.path());
        let begin = Instant::now();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| question.answer());
            question.end();
            for pid in &processes {
                let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
                assert!(state.is_empty() || state.contains(") Z "), "{state}");
            }
            assert_eq!(waiting.join().unwrap(), None);
        });
        assert!(begin.elapsed() < LIMIT);
        question.ask("/no/such/program");
        assert_eq!(question.answer(), None);
    }
}
