//! The engine's HTTP interface, as a second opinion beside its command line.

use std::collections::BTreeMap;
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, Docker};
use serde_json::Value;
use tokio::runtime::{self, Runtime};

use crate::engine::address;

/// A kept connection to the engine's API, with calls that return when they are done.
///
/// ```no_run
/// use std::time::Duration;
/// use dockertest::engine::Api;
///
/// let api = Api::connect("unix:///var/run/docker.sock", Duration::from_secs(2))?;
/// println!("{}", api.version()?.version);
/// # Ok::<(), dockertest::engine::ApiFailure>(())
/// ```
#[derive(Debug)]
pub struct Api {
    address: String,
    docker: Docker,
    runtime: Runtime,
    limit: Duration,
}

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
        source: bollard::errors::Error,
    },
    /// The engine does not answer in time.
    #[error("the engine at `{address}` does not answer within {} s", limit.as_secs_f64())]
    Slow {
        /// Where it was asked.
        address: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// A part of this program could not be made.
    #[error("cannot ask the engine's API")]
    Runtime(#[from] std::io::Error),
}

/// What the engine says of its version (`GET /version`).
///
/// ```
/// use dockertest::engine::ServerVersion;
///
/// let version = ServerVersion {
///     version: "4.3.1".to_owned(),
///     components: vec!["Podman Engine".to_owned(), "Conmon".to_owned()],
///     ..ServerVersion::default()
/// };
/// assert_eq!(version.flavor(), "podman");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerVersion {
    /// The engine's version, for example `20.10.24+dfsg1`.
    pub version: String,
    /// The newest version of the API that it speaks, for example `1.41`.
    pub api_version: String,
    /// The names of its components, for example `Engine`, `containerd`, `Podman Engine`.
    pub components: Vec<String>,
    /// The kernel that it runs on.
    pub kernel: String,
}

impl ServerVersion {
    /// `docker` or `podman`, by the names of the components.
    ///
    /// ```
    /// # use dockertest::engine::ServerVersion;
    /// assert_eq!(ServerVersion::default().flavor(), "docker"); // also when no component is named
    /// ```
    #[must_use]
    pub fn flavor(&self) -> &'static str {
        if self.components.iter().any(|name| name.to_lowercase().contains("podman")) { "podman" } else { "docker" }
    }
}

impl Api {
    /// The address that a command line with these options (`docker_options`) would talk to: by its options, by the
    /// variables `DOCKER_HOST` and `DOCKER_CONTEXT`, by the context that is in use, or else the default socket.
    ///
    /// ```
    /// use dockertest::engine::Api;
    /// assert_eq!(Api::address_of_options("-D -H unix:///run/d.sock"), "unix:///run/d.sock");
    /// ```
    #[must_use]
    pub fn address_of_options(options: &str) -> String {
        address::resolve(options, &address::variable)
    }

    /// Connects to an engine and agrees on a version of the API. `limit` is that of each call.
    ///
    /// # Errors
    /// When nothing answers there in time.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use dockertest::engine::Api;
    ///
    /// let api = Api::connect(&Api::address_of_options("--context rootless"), Duration::from_secs(2))?;
    /// println!("asking {}", api.address());
    /// # Ok::<(), dockertest::engine::ApiFailure>(())
    /// ```
    pub fn connect(address: &str, limit: Duration) -> Result<Api, ApiFailure> {
        if !address.starts_with("unix://") {
            return Err(ApiFailure::Address(address.to_owned()));
        }
        let unreachable = |source| ApiFailure::Unreachable { address: address.to_owned(), source };
        let docker =
            Docker::connect_with_unix(address, limit.as_secs().max(1), API_DEFAULT_VERSION).map_err(unreachable)?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let api = Api { address: address.to_owned(), docker, runtime, limit };
        let docker = api.call(api.docker.clone().negotiate_version())?;
        Ok(Api { docker, ..api })
    }

    /// Where the engine listens.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use dockertest::engine::Api;
    /// let api = Api::connect("unix:///var/run/docker.sock", Duration::from_secs(2))?;
    /// assert_eq!(api.address(), "unix:///var/run/docker.sock");
    /// # Ok::<(), dockertest::engine::ApiFailure>(())
    /// ```
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// `GET /version`
    ///
    /// # Errors
    /// When the engine does not answer.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(api: dockertest::engine::Api, shown: &str) -> Outcome {
    /// let version = api.version()?;
    /// check_eq!(shown, version.api_version, "the API version that `docker version` shows");
    /// # Ok(()) }
    /// ```
    pub fn version(&self) -> Result<ServerVersion, ApiFailure> {
        let seen = self.call(self.docker.version())?;
        let components = seen.components.unwrap_or_default().into_iter().map(|component| component.name).collect();
        Ok(ServerVersion {
            version: seen.version.unwrap_or_default(),
            api_version: seen.api_version.unwrap_or_default(),
            components,
            kernel: seen.kernel_version.unwrap_or_default(),
        })
    }

    /// The plain values of `GET /info` that have one, by name.
    ///
    /// # Errors
    /// When the engine does not answer.
    ///
    /// ```no_run
    /// # fn phase(api: dockertest::engine::Api) -> dockertest::subtest::Outcome {
    /// let info = api.info()?;
    /// let driver = info.get("Driver").map_or("unknown", String::as_str); // what `docker info` calls Storage Driver
    /// # let _ = driver;
    /// # Ok(()) }
    /// ```
    pub fn info(&self) -> Result<BTreeMap<String, String>, ApiFailure> {
        let seen = self.call(self.docker.info())?;
        let Ok(Value::Object(values)) = serde_json::to_value(seen) else { return Ok(BTreeMap::new()) };
        let plain = values.into_iter().filter_map(|(name, value)| match value {
            Value::String(text) => Some((name, text)),
            Value::Number(number) => Some((name, number.to_string())),
            Value::Bool(flag) => Some((name, flag.to_string())),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        });
        Ok(plain.collect())
    }

    /// What the requests go through.
    pub(in crate::engine) fn client(&self) -> &Docker {
        &self.docker
    }

    pub(in crate::engine) fn call<T>(
        &self,
        call: impl Future<Output = Result<T, bollard::errors::Error>>,
    ) -> Result<T, ApiFailure> {
        self.call_within(self.limit, call)
    }

    /// The same for something that takes long.
    pub(in crate::engine) fn call_within<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<T, bollard::errors::Error>>,
    ) -> Result<T, ApiFailure> {
        let limited = async { tokio::time::timeout(limit, call).await };
        match self.runtime.block_on(limited) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(source)) => Err(ApiFailure::Unreachable { address: self.address.clone(), source }),
            Err(_) => Err(ApiFailure::Slow { address: self.address.clone(), limit }),
        }
    }
}
