//! For tests: an engine that says what a test wants.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// What is answered: a status with its words, and a body.
pub(crate) type Answer = (&'static str, &'static str);

const DOCKER: &str = r#"{"Version":"1.0","ApiVersion":"1.41"}"#;

const PODMAN: &str = r#"{"Version":"1.0","ApiVersion":"1.41","Components":[{"Name":"Podman Engine","Version":"1.0"}]}"#;

/// Listens on a socket of its own. It tells its version by itself.
pub(crate) struct FakeEngine {
    pub(crate) address: String,
    /// The method and path of each request but those for the version.
    pub(crate) asked: Receiver<String>,
    _folder: tempfile::TempDir,
}

impl FakeEngine {
    /// Answers with what the function says; without an answer from it, never.
    pub(crate) fn new(answer: impl FnMut(&str) -> Option<Answer> + Send + 'static) -> FakeEngine {
        FakeEngine::with(DOCKER, answer)
    }

    /// The same, and it says that it is podman.
    pub(crate) fn podman(answer: impl FnMut(&str) -> Option<Answer> + Send + 'static) -> FakeEngine {
        FakeEngine::with(PODMAN, answer)
    }

    fn with(version: &'static str, mut answer: impl FnMut(&str) -> Option<Answer> + Send + 'static) -> FakeEngine {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("engine.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let (tell, asked) = channel();
        thread::spawn(move || {
            let mut unanswered = Vec::new();
            for connection in listener.incoming().flatten() {
                let Some(request) = request(&mut BufReader::new(&connection)) else { continue };
                if request.ends_with("/version") {
                    say(&connection, ("200 OK", version));
                    continue;
                }
                if tell.send(request.clone()).is_err() {
                    break;
                }
                match answer(&request) {
                    Some(answer) => say(&connection, answer),
                    None => unanswered.push(connection),
                }
            }
        });
        FakeEngine { address: format!("unix://{}", socket.display()), asked, _folder: folder }
    }
}

/// The method and path of the next request.
fn request(connection: &mut impl BufRead) -> Option<String> {
    let mut lines = connection.lines().map_while(Result::ok);
    let first = lines.next()?;
    lines.find(String::is_empty)?;
    Some(first.rsplit_once(' ')?.0.to_owned())
}

fn say(mut connection: &UnixStream, (status, body): Answer) {
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n");
    // Who asked may be gone.
    let _ = write!(connection, "{head}Content-Length: {}\r\n\r\n{body}", body.len());
}
