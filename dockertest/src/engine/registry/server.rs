//! A process of the registry program.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::engine::{Place, PlaceFailure};
use crate::subtest::{Failure, NotApplicable, Outcome};
use crate::verdict::Verdict;

/// The program, and the package of the distribution that has it.
const PROGRAM: &str = "docker-registry";

/// Measured 0.08 s; a loaded machine gets time.
const START_LIMIT: Duration = Duration::from_secs(60);

/// What the program says when it listens, before the address.
const LISTENS: &str = "msg=\"listening on ";

/// A running registry.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts one in the engine's network, on a port that is free there, and waits until it listens.
    pub(super) fn start(place: &Place, store: &Path, log: &Path) -> Outcome<Server> {
        fs::create_dir_all(store)?;
        let configuration = store.with_extension("yml");
        fs::write(&configuration, configuration_of(store))?;
        let log = File::create(log)?;
        let mut command = Command::new(PROGRAM);
        command.arg("serve").arg(&configuration).stdin(Stdio::null());
        command.stdout(log.try_clone()?).stderr(Stdio::piped());
        let mut child = match place.run_in_net(|| command.spawn()) {
            Ok(Ok(child)) => child,
            Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
                let reason = format!(
                    "the program `{PROGRAM}` is not installed (Debian: {PROGRAM}); install it, or set \
                     `docker_registry_host` to a registry that holds the image"
                );
                return Err(NotApplicable::because(reason).into());
            }
            Ok(Err(error)) => return Err(error.into()),
            Err(failure) => return Err(not_there(&failure)),
        };
        let said = child.stderr.take().map(|stderr| listen(stderr, log));
        let address = said.and_then(|said| said.recv_timeout(START_LIMIT).ok());
        let mut server = Server { child, address: address.unwrap_or_default() };
        if server.address.is_empty() {
            server.end()?;
            return Err(Failure::new(Verdict::Error, "the registry does not start: see registry.log"));
        }
        Ok(server)
    }

    /// Where it listens.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Ends it.
    pub(super) fn stop(mut self) -> io::Result<()> {
        self.end()
    }

    fn end(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been stopped already.
        let _ = self.end();
    }
}

fn not_there(failure: &PlaceFailure) -> Failure {
    NotApplicable::because(format!("no registry can be started in the engine's network: {failure}")).into()
}

/// Writes down what the program says, and tells the address that it listens at.
fn listen(stderr: ChildStderr, mut log: File) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines() {
            let Ok(line) = line else { return };
            let _ = writeln!(log, "{line}");
            let address = line.split_once(LISTENS).and_then(|(_, rest)| rest.split_once('"'));
            if let Some((address, _)) = address {
                let _ = sender.send(address.to_owned());
            }
        }
    });
    receiver
}

/// Port 0 is one that is free. A JSON text is YAML as well.
fn configuration_of(store: &Path) -> String {
    let configuration = serde_json::json!({
        "version": 0.1,
        "log": { "level": "info", "formatter": "text" },
        "storage": { "filesystem": { "rootdirectory": store } },
        "http": { "addr": "127.0.0.1:0" },
    });
    configuration.to_string()
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::TcpStream;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_registry_answers_until_it_is_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("engine.sock");
        let _engine = UnixListener::bind(&socket).unwrap();
        let place = Place::of_address(&format!("unix://{}", socket.display())).unwrap();
        let server = match Server::start(&place, &folder.path().join("store"), &folder.path().join("log")) {
            Ok(server) => server,
            Err(failure) => {
                assert_eq!(failure.verdict(), Verdict::TestNa, "{failure}");
                assert!(failure.reason().contains("Debian: docker-registry"), "{failure}");
                return;
            }
        };
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.write_all(b"GET /v2/ HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
        assert!(answer.to_lowercase().contains("docker-distribution-api-version: registry/2"), "{answer}");
        let address = server.address().to_owned();
        server.stop().unwrap();
        assert!(TcpStream::connect(address).is_err());
    }
}
