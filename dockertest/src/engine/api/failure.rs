//! What can go wrong with the engine's API, and whose fault it is.

use std::io;
use std::path::Path;
use std::time::Duration;

use bollard::errors::Error;

use crate::outcome::Evidence;
use crate::verdict::Verdict;

/// The API did not answer, or not as it should.
///
/// ```
/// use std::time::Duration;
/// use dockertest::engine::Api;
///
/// let remote = Api::connect("tcp://127.0.0.1:2375", Duration::from_secs(2)).unwrap_err();
/// assert_eq!(
///     remote.to_string(),
///     "cannot ask the engine at `tcp://127.0.0.1:2375`: only unix sockets (`unix:///path`) are supported"
/// );
/// let stopped = Api::connect("unix:///no/such/docker.sock", Duration::from_secs(2)).unwrap_err();
/// assert_eq!(stopped.to_string(), "no engine answers at `unix:///no/such/docker.sock`");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiFailure {
    /// Only sockets of this machine can be asked.
    #[error("cannot ask the engine at `{0}`: only unix sockets (`unix:///path`) are supported")]
    Address(String),
    /// The engine cannot be reached.
    #[error("no engine answers at `{address}`")]
    Unreachable {
        /// Where it was looked for.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The engine does not answer in time.
    #[error("the engine at `{address}` does not answer within {} s", limit.as_secs_f64())]
    Slow {
        /// Where it was asked.
        address: String,
        /// What it was asked, for example `GET /version`.
        request: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// The engine says no.
    #[error("the engine refuses `{request}` (status {status}): {message}")]
    Refused {
        /// What it was asked.
        request: String,
        /// The status of its answer.
        status: u16,
        /// What it says.
        message: String,
    },
    /// The engine says something that cannot be understood.
    #[error("the engine's answer to `{request}` cannot be understood")]
    Unreadable {
        /// What it was asked.
        request: String,
        /// Why.
        source: Error,
    },
    /// The step was asked to stop.
    #[error("{reason} (while the engine was asked `{request}`)")]
    Cancelled {
        /// What the engine was asked.
        request: String,
        /// Why the step was asked to stop.
        reason: String,
    },
    /// A part of this program could not be made.
    #[error("cannot ask the engine's API")]
    Runtime(#[from] io::Error),
}

impl ApiFailure {
    pub(super) fn of(address: &str, request: &str, limit: Duration, source: Error) -> ApiFailure {
        let request = request.to_owned();
        match source {
            Error::DockerResponseServerError { status_code: status, message } => {
                ApiFailure::Refused { request, status, message }
            }
            Error::RequestTimeoutError => ApiFailure::Slow { address: address.to_owned(), request, limit },
            Error::JsonDataError { .. } | Error::JsonSerdeError { .. } | Error::StrParseError { .. } => {
                ApiFailure::Unreadable { request, source }
            }
            source => ApiFailure::unreachable(address, source),
        }
    }

    /// Nobody answers, for what is behind an error of the client.
    pub(super) fn unreachable(address: &str, error: Error) -> ApiFailure {
        ApiFailure::Unreachable { address: address.to_owned(), source: cause(address, error) }
    }

    /// Whether the engine says that it does not have what was asked for.
    ///
    /// ```
    /// use dockertest::engine::ApiFailure;
    ///
    /// let request = "GET /images/a/json".to_owned();
    /// let failure = ApiFailure::Refused { request, status: 404, message: "No such image: a:latest".to_owned() };
    /// assert!(failure.is_missing());
    /// ```
    #[must_use]
    pub fn is_missing(&self) -> bool {
        match self {
            ApiFailure::Refused { status: 404, .. } => true,
            // What podman says of one that is being removed.
            ApiFailure::Refused { status: 500, message, .. } => message.contains("no such container"),
            _ => false,
        }
    }

    /// Whose fault it is: `FAIL` when the engine answers, but late, wrongly or with a refusal; `ERROR` when it is not
    /// there; `ABORT` when the step was asked to stop.
    ///
    /// ```
    /// use dockertest::engine::ApiFailure;
    /// use dockertest::verdict::Verdict;
    ///
    /// assert_eq!(ApiFailure::Address("ssh://host".to_owned()).verdict(), Verdict::Error);
    /// let request = "POST /containers/a/kill".to_owned();
    /// let refused = ApiFailure::Refused { request, status: 500, message: "broken".to_owned() };
    /// assert_eq!(refused.verdict(), Verdict::Fail);
    /// ```
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            ApiFailure::Address(_) | ApiFailure::Unreachable { .. } | ApiFailure::Runtime(_) => Verdict::Error,
            ApiFailure::Slow { .. } | ApiFailure::Refused { .. } | ApiFailure::Unreadable { .. } => Verdict::Fail,
            ApiFailure::Cancelled { .. } => Verdict::Abort,
        }
    }

    /// What is shown for it.
    ///
    /// ```
    /// use dockertest::engine::ApiFailure;
    ///
    /// let request = "POST /containers/a/kill".to_owned();
    /// let refused = ApiFailure::Refused { request, status: 500, message: "broken".to_owned() };
    /// assert_eq!(refused.evidence().seen.as_deref(), Some("status 500: broken"));
    /// ```
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        let of = |request: &str, expected: &str, seen: String| Evidence {
            command: Some(request.to_owned()),
            expected: Some(expected.to_owned()),
            seen: Some(seen),
            ..Evidence::default()
        };
        match self {
            ApiFailure::Slow { request, limit, .. } => {
                of(request, "an answer", format!("none within {} s", limit.as_secs_f64()))
            }
            ApiFailure::Refused { request, status, message } => {
                of(request, "that the engine does it", format!("status {status}: {message}"))
            }
            ApiFailure::Unreadable { request, source } => of(request, "an answer of the API", source.to_string()),
            _ => Evidence::default(),
        }
    }
}

/// What an error of the client comes from, without the names of the client's own parts.
fn cause(address: &str, error: Error) -> io::Error {
    if let Error::SocketNotFoundError(_) = error {
        // Which is said also of one that may not be looked at.
        let path = Path::new(address.strip_prefix("unix://").unwrap_or(address));
        return path.symlink_metadata().err().unwrap_or_else(|| io::ErrorKind::NotFound.into());
    }
    let error = match error {
        Error::IOError { err } => return err,
        error => error,
    };
    let mut last: &(dyn std::error::Error + 'static) = &error;
    while let Some(next) = last.source() {
        last = next;
    }
    match last.downcast_ref::<io::Error>() {
        Some(found) => found
            .raw_os_error()
            .map_or_else(|| io::Error::new(found.kind(), found.to_string()), io::Error::from_raw_os_error),
        None => io::Error::other(last.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;
    use std::os::unix::net::UnixListener;
    use std::thread;

    use crate::engine::Api;
    use crate::with_causes;

    use super::*;

    /// What is said of an engine that is not there in this way.
    fn said(address: &str) -> String {
        let failure = Api::connect(address, Duration::from_secs(60)).unwrap_err();
        assert_eq!(failure.verdict(), Verdict::Error);
        with_causes(&failure).replace(address, "ADDRESS")
    }

    #[test]
    fn an_engine_that_is_not_there_is_told_with_the_cause_alone() {
        let folder = tempfile::tempdir().unwrap();
        let address = |name: &str| format!("unix://{}", folder.path().join(name).display());
        assert_eq!(said(&address("missing")), "no engine answers at `ADDRESS`: No such file or directory (os error 2)");
        drop(UnixListener::bind(folder.path().join("gone")).unwrap());
        assert_eq!(said(&address("gone")), "no engine answers at `ADDRESS`: Connection refused (os error 111)");
        fs::write(folder.path().join("file"), "").unwrap();
        // For root, a name below a file is what a closed folder is for others.
        assert_eq!(said(&address("file/socket")), "no engine answers at `ADDRESS`: Not a directory (os error 20)");
    }

    #[test]
    fn an_engine_that_dies_while_it_is_asked_is_told_without_words_of_the_client() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("engine.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            // The request has been seen, and nobody is there to answer it.
            connection.read(&mut [0; 4096]).unwrap()
        });
        let said = said(&format!("unix://{}", socket.display()));
        assert_eq!(said, "no engine answers at `ADDRESS`: connection closed before message completed");
    }
}
