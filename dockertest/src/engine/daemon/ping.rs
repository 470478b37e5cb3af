//! Whether an engine answers, asked without anything that would have to be set up first.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long the engine may take to answer.
const LIMIT: Duration = Duration::from_secs(5);

/// More than any answer to a ping has.
const ANSWER_BYTES: u64 = 64 * 1024;

/// Asks the engine behind the socket whether it is there.
///
/// # Errors
/// When it is not; the text says why not.
///
/// ```
/// use std::path::Path;
/// use dockertest::engine::daemon::ping;
///
/// let reason = ping(Path::new("/no/such/docker.sock")).unwrap_err();
/// assert_eq!(reason, "/no/such/docker.sock: No such file or directory (os error 2)");
/// ```
pub fn ping(socket: &Path) -> Result<(), String> {
    let ask = || -> io::Result<String> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_write_timeout(Some(LIMIT))?;
        stream.write_all(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.take(ANSWER_BYTES).read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned())
    };
    match ask() {
        Ok(line) if line.split(' ').nth(1) == Some("200") => Ok(()),
        Ok(line) => Err(format!("{} answers `{line}` to a ping", socket.display())),
        Err(error) => Err(format!("{}: {error}", socket.display())),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::thread;

    use rstest::rstest;

    use super::*;

    /// Answers one connection with the text and gives the result of a ping to it.
    fn ping_server_that_says(answer: &'static str) -> Result<(), String> {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let listener = UnixListener::bind(&socket).unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 256];
            let size = stream.read(&mut request).unwrap();
            assert!(request[..size].starts_with(b"GET /_ping HTTP/1.0\r\n"));
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let result = ping(&socket);
        server.join().unwrap();
        result
    }

    #[test]
    fn engine_that_says_ok_answers() {
        assert_eq!(ping_server_that_says("HTTP/1.0 200 OK\r\nApi-Version: 1.41\r\n\r\nOK"), Ok(()));
    }

    #[rstest]
    #[case::error_status("HTTP/1.0 503 Service Unavailable\r\n\r\n")]
    #[case::nothing("")]
    #[case::something_else("SSH-2.0-OpenSSH\r\n")]
    fn anything_else_is_no_engine(#[case] answer: &'static str) {
        assert!(ping_server_that_says(answer).unwrap_err().contains("to a ping"));
    }

    #[test]
    fn missing_socket_is_named() {
        assert!(ping(Path::new("/no/such.sock")).unwrap_err().starts_with("/no/such.sock: "));
    }
}
