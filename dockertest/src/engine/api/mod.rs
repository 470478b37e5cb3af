//! The engine's HTTP interface, as a second opinion beside its command line.

mod ask;
mod containers;
mod events;
mod exec;
mod failure;
#[cfg(test)]
pub(crate) mod fake;
mod images;
mod networks;
mod volumes;
mod waits;

use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, Docker};
use serde_json::Value;
use tokio::runtime::{self, Runtime};

use crate::engine::address;
use crate::host::CancelToken;
use crate::subtest::Spent;

use ask::Watch;
pub use events::{Event, Events};
pub use exec::Executed;
pub use failure::ApiFailure;
pub use waits::{Condition, Logs};

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
    is_podman: OnceCell<bool>,
    watch: Option<Watch>,
}

/// What the engine says of its version (`GET /version`).
///
/// ```
/// use dockertest::engine::ServerVersion;
///
/// let mut version = ServerVersion::default(); // what `Api::version` gives is filled in
/// version.components = vec!["Podman Engine".to_owned(), "Conmon".to_owned()];
/// assert_eq!(version.flavor(), "podman");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
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
        let docker = Docker::connect_with_unix(address, limit.as_secs().max(1), API_DEFAULT_VERSION)
            .map_err(|error| ApiFailure::unreachable(address, error))?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (address, is_podman) = (address.to_owned(), OnceCell::new());
        let api = Api { address, docker, runtime, limit, is_podman, watch: None };
        let docker = api.ask("GET /version", api.docker.clone().negotiate_version())?;
        Ok(Api { docker, ..api })
    }

    /// The same for a step: it counts the requests. When the step is asked to stop, unless `is_off`, no request is begun,
    /// and the one that has begun is given up; one that changes something only when the engine takes long for it.
    pub(crate) fn watching(mut self, cancel: CancelToken, is_off: Rc<Cell<bool>>, spent: Rc<Spent>) -> Api {
        self.watch = Some(Watch::new(cancel, is_off, spent));
        self
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
        let seen = self.ask("GET /version", self.docker.version())?;
        let components = seen.components.unwrap_or_default().into_iter().map(|component| component.name).collect();
        Ok(ServerVersion {
            version: seen.version.unwrap_or_default(),
            api_version: seen.api_version.unwrap_or_default(),
            components,
            kernel: seen.kernel_version.unwrap_or_default(),
        })
    }

    /// `GET /version` as a whole.
    ///
    /// # Errors
    /// When the engine does not answer.
    ///
    /// ```no_run
    /// # fn phase(api: dockertest::engine::Api) -> dockertest::subtest::Outcome {
    /// let built = &api.version_data()?["BuildTime"];
    /// # let _ = built;
    /// # Ok(()) }
    /// ```
    pub fn version_data(&self) -> Result<Value, ApiFailure> {
        let seen = self.ask("GET /version", self.docker.version())?;
        Ok(serde_json::to_value(seen).unwrap_or_default())
    }

    /// `GET /info` as a whole.
    ///
    /// # Errors
    /// When the engine does not answer.
    ///
    /// ```no_run
    /// # fn phase(api: dockertest::engine::Api) -> dockertest::subtest::Outcome {
    /// let mirrors = &api.system()?["RegistryConfig"]["Mirrors"];
    /// # let _ = mirrors;
    /// # Ok(()) }
    /// ```
    pub fn system(&self) -> Result<Value, ApiFailure> {
        let seen = self.ask("GET /info", self.docker.info())?;
        Ok(serde_json::to_value(seen).unwrap_or_default())
    }

    /// The plain values of `GET /info`, by name; lists of texts with a blank between two.
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
        let Value::Object(values) = self.system()? else { return Ok(BTreeMap::new()) };
        let plain = values.into_iter().filter_map(|(name, value)| match value {
            Value::String(text) => Some((name, text)),
            Value::Number(number) => Some((name, number.to_string())),
            Value::Bool(flag) => Some((name, flag.to_string())),
            Value::Array(values) => Some((name, joined(&values)?)),
            Value::Null | Value::Object(_) => None,
        });
        Ok(plain.collect())
    }

    /// Asked once.
    fn is_podman(&self) -> Result<bool, ApiFailure> {
        if let Some(known) = self.is_podman.get() {
            return Ok(*known);
        }
        let seen = self.version()?.flavor() == "podman";
        Ok(*self.is_podman.get_or_init(|| seen))
    }

    /// What requests go through that may take this long.
    pub(in crate::engine) fn client_within(&self, limit: Duration) -> Docker {
        self.docker.clone().with_timeout(limit + Duration::from_secs(1))
    }
}

/// Texts with a blank between two; nothing for a list of anything else.
fn joined(values: &[Value]) -> Option<String> {
    let texts: Option<Vec<&str>> = values.iter().map(Value::as_str).collect();
    texts.map(|texts| texts.join(" "))
}
