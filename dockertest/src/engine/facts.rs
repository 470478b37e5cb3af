//! What the engine is, asked once for a run.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::config::Configuration;
use crate::engine::DEFAULT_PATH;
use crate::engine::address::{self, Podman};
use crate::engine::api::{Api, ApiFailure};
use crate::engine::client::{Client, Question};
use crate::engine::podman::{SERVICE_VARIABLE, Service};
use crate::engine::settings;
use crate::host::HostProgram;
use crate::journal::EngineFacts;
use crate::version::compare;

/// How long the engine may take for each answer.
const LIMIT: Duration = Duration::from_secs(20);

/// The fact that tells by which options the engine was found.
pub(crate) const CLIENT_OPTIONS: &str = "client-options";

/// The fact that tells what names the engine, where it is not found by itself.
pub(crate) const NAMED_BY: &str = "named-by";

/// The fact that tells with which options the engine runs, where that can be seen.
pub(crate) const SETTINGS: &str = "engine-settings";

/// The answers of `GET /info` that are kept, by the names that they are kept under.
const KEPT: [(&str, &str); 7] = [
    ("CgroupDriver", "cgroup-driver"),
    ("CgroupVersion", "cgroup-version"),
    ("Driver", "storage-driver"),
    ("KernelVersion", "kernel"),
    ("OperatingSystem", "operating-system"),
    ("DefaultRuntime", "runtime"),
    ("Architecture", "architecture"),
];

/// The security options of `GET /info` that are facts of their own.
const SECURITY: [(&str, &str); 4] = [
    ("name=selinux", "selinux"),
    ("name=apparmor", "apparmor"),
    ("name=userns", "user-namespaces"),
    ("name=rootless", "rootless"),
];

/// The first docker that has `BuildKit`.
const FIRST_BUILDKIT: &str = "18.09";

/// Asks an engine what it is, through the command line that would be used to test it.
///
/// There is always an answer: an engine that is not there is one with a `problem`. Podman has no daemon, so its API is
/// served by a process of ours for as long as this value (or a clone) lives.
///
/// ```
/// use dockertest::engine::Inquiry;
/// use dockertest::host::HostProgram;
///
/// let options = "--host unix:///no/such/docker.sock";
/// let inquiry = Inquiry::new("/usr/bin/docker", options, HostProgram::new("target/debug/dockertest-host"));
/// let facts = inquiry.facts();
/// assert_eq!((facts.address.as_str(), facts.version.as_str()), ("unix:///no/such/docker.sock", ""));
/// assert!(facts.problem.unwrap().starts_with("no engine answers at `unix:///no/such/docker.sock`"));
/// ```
#[derive(Debug, Clone)]
pub struct Inquiry {
    asking: Asking,
    /// What the last clone ends.
    _held: Arc<Held>,
}

/// What a thread needs that asks. It does not keep anything alive.
#[derive(Debug, Clone)]
struct Asking {
    path: String,
    options: String,
    keeper: HostProgram,
    log: Option<PathBuf>,
    started: Arc<Started>,
}

/// What was started in order to ask.
#[derive(Debug, Default)]
struct Started {
    client: Question,
    service: Mutex<Option<Service>>,
}

/// Ends what was started, also while somebody still asks.
#[derive(Debug)]
struct Held(Arc<Started>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.client.end();
        drop(self.0.service.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Inquiry {
    /// Asks through this command line (`docker_path`, `docker_options`). `keeper` is a host, or another program that has
    /// the part [`keep`](super::keep()).
    #[must_use]
    pub fn new(path: &str, options: &str, keeper: HostProgram) -> Inquiry {
        let (path, options, started) = (path.to_owned(), options.to_owned(), Arc::<Started>::default());
        let held = Arc::new(Held(Arc::clone(&started)));
        Inquiry { asking: Asking { path, options, keeper, log: None, started }, _held: held }
    }

    /// Asks through the command line that the section `DEFAULTS` names.
    ///
    /// ```
    /// use dockertest::config::Layers;
    /// use dockertest::engine::Inquiry;
    /// use dockertest::host::HostProgram;
    ///
    /// let configuration = Layers::new().set("docker_options=--host unix:///no/such/docker.sock").load()?;
    /// let inquiry = Inquiry::configured(&configuration, HostProgram::new("target/debug/dockertest-host"));
    /// assert_eq!(inquiry.facts().address, "unix:///no/such/docker.sock");
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    #[must_use]
    pub fn configured(configuration: &Configuration, keeper: HostProgram) -> Inquiry {
        let (path, options) = Inquiry::words(configuration);
        Inquiry::new(&path, &options, keeper)
    }

    /// What names the engine that the section `DEFAULTS` is for, if anything does: `docker_options`, `docker_path` (a program that
    /// is no usual command line), a variable, or the context in use. Nothing if the command line finds it by itself.
    ///
    /// ```
    /// use dockertest::config::Layers;
    /// use dockertest::engine::Inquiry;
    ///
    /// let configuration = Layers::new().set("docker_options=--host ssh://there").load()?;
    /// assert_eq!(Inquiry::named_by(&configuration).as_deref(), Some("docker_options"));
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    #[must_use]
    pub fn named_by(configuration: &Configuration) -> Option<String> {
        let (path, options) = Inquiry::words(configuration);
        address::named_by(&path, &options, &address::variable)
    }

    /// The `docker_path` and the `docker_options` of the section `DEFAULTS`.
    pub(crate) fn words(configuration: &Configuration) -> (String, String) {
        let defaults = configuration.defaults();
        let path = defaults.get("docker_path").filter(|path| !path.is_empty()).unwrap_or(DEFAULT_PATH);
        (path.to_owned(), defaults.get("docker_options").unwrap_or_default().to_owned())
    }

    /// The same, with a file for what a service of podman says. It is made when there is such a service.
    ///
    /// ```no_run
    /// # use dockertest::engine::Inquiry;
    /// # use dockertest::host::HostProgram;
    /// let host = HostProgram::new("target/debug/dockertest-host");
    /// let inquiry = Inquiry::new("/usr/bin/podman", "", host).log("podman-service.log".into());
    /// println!("{}", inquiry.facts().version);
    /// ```
    #[must_use]
    pub fn log(mut self, path: PathBuf) -> Inquiry {
        self.asking.log = Some(path);
        self
    }

    /// Needs the feature `runner`. For [`RunnerBuilder::engine_probe`](crate::run::RunnerBuilder::engine_probe), which is not needed where the
    /// configuration names the engine. This value must live as long as the run.
    ///
    /// ```no_run
    /// # use dockertest::engine::Inquiry;
    /// # use dockertest::host::{CancelToken, HostProgram};
    /// # use dockertest::run::Runner;
    /// # fn example(host: HostProgram) -> Result<(), Box<dyn std::error::Error>> {
    /// let inquiry = Inquiry::new("/usr/bin/podman", "", host.clone());
    /// let runner = Runner::builder().host(host).engine_probe(inquiry.probe()).build()?;
    /// runner.run(&CancelToken::new()?)?;
    /// drop(inquiry); // ends the service
    /// # Ok(()) }
    /// ```
    #[cfg(feature = "runner")]
    #[must_use]
    pub fn probe(&self) -> crate::run::EngineProbe {
        let asking = self.asking.clone();
        Box::new(move || asking.ask())
    }

    /// Asks, on a thread of its own: the client of the API cannot wait where an async runtime runs.
    #[must_use]
    pub fn facts(&self) -> EngineFacts {
        std::thread::scope(|scope| {
            let asking =
                std::thread::Builder::new().name("engine".to_owned()).spawn_scoped(scope, || self.asking.ask());
            let answer = asking.map(|asking| asking.join().unwrap_or_else(|_| problem("asking has failed")));
            answer.unwrap_or_else(|error| problem(&format!("cannot start a thread: {error}")))
        })
    }
}

impl Asking {
    fn ask(&self) -> EngineFacts {
        // It takes some milliseconds, and podman has to be known before it can be asked.
        let asked = &self.started.client;
        asked.ask(&self.path);
        if !self.path.contains("podman") {
            let address = Api::address_of_options(&self.options);
            let facts = ask(&address);
            let client = asked.answer();
            if client.as_ref().is_none_or(|client| client.flavor != "podman") {
                return self.told(address, facts, client);
            }
            return self.podman(client);
        }
        self.podman(asked.answer())
    }

    fn podman(&self, client: Option<Client>) -> EngineFacts {
        match address::podman(&self.options, &address::variable) {
            Podman::Remote(address) => {
                let facts = ask(&address);
                self.told(address, facts, client)
            }
            Podman::Local => match self.running_service().map_or_else(|| self.serve(), Ok) {
                Ok(address) => {
                    let facts = ask(&address);
                    self.told(address, facts, client)
                }
                Err(problem) => self.told(format!("service of {}", self.path), Err(problem), client),
            },
        }
    }

    /// The service of where this runs, if podman is told by no option to look elsewhere than it does.
    fn running_service(&self) -> Option<String> {
        address::variable(SERVICE_VARIABLE).filter(|_| self.options.trim().is_empty())
    }

    /// Starts podman's service; gives back its address.
    fn serve(&self) -> Result<String, String> {
        let options = shlex::split(&self.options)
            .ok_or_else(|| format!("the option `docker_options` has an open quote: `{}`", self.options))?;
        let words: Vec<String> = std::iter::once(self.path.clone()).chain(options).collect();
        let service = Service::start(&self.keeper, &words, self.log.as_deref())?;
        let address = service.address();
        *self.started.service.lock().unwrap_or_else(PoisonError::into_inner) = Some(service);
        Ok(address)
    }

    /// With what is known of the command line.
    fn told(&self, address: String, facts: Result<EngineFacts, String>, client: Option<Client>) -> EngineFacts {
        let mut facts =
            facts.unwrap_or_else(|problem| EngineFacts { address, problem: Some(problem), ..EngineFacts::default() });
        facts.facts.insert(CLIENT_OPTIONS.to_owned(), self.options.clone());
        facts.facts.insert("client-path".to_owned(), self.path.clone());
        if let Some(named) = address::named_by(&self.path, &self.options, &address::variable) {
            facts.facts.insert(NAMED_BY.to_owned(), named);
        }
        if let Some(settings) = settings::of_engine_at(&facts.address).filter(|_| facts.problem.is_none()) {
            facts.facts.insert(SETTINGS.to_owned(), settings);
        }
        if let Some(client) = client {
            facts.facts.insert("client-flavor".to_owned(), client.flavor);
            facts.facts.insert("client-version".to_owned(), client.version);
        }
        facts
    }
}

fn problem(text: &str) -> EngineFacts {
    EngineFacts { problem: Some(text.to_owned()), ..EngineFacts::default() }
}

fn ask(address: &str) -> Result<EngineFacts, String> {
    try_to_ask(address).map_err(|failure| crate::with_causes(&failure))
}

fn try_to_ask(address: &str) -> Result<EngineFacts, ApiFailure> {
    let api = Api::connect(address, LIMIT)?;
    let version = api.version()?;
    let mut info = api.info()?;
    let kept = KEPT.into_iter().filter_map(|(asked, name)| Some((name.to_owned(), info.remove(asked)?)));
    let mut facts: BTreeMap<String, String> = kept.collect();
    let security = info.remove("SecurityOptions").unwrap_or_default();
    let has = |name: &str| security.split(' ').any(|option| option.split(',').next() == Some(name));
    let mut say = |name: &str, is_there: bool| {
        facts.insert(name.to_owned(), if is_there { "yes" } else { "no" }.to_owned());
    };
    for (option, name) in SECURITY {
        say(name, has(option));
    }
    let has_buildkit = version.flavor() == "docker" && compare(&version.version, FIRST_BUILDKIT) != Ordering::Less;
    say("buildkit", has_buildkit);
    Ok(EngineFacts {
        address: address.to_owned(),
        flavor: version.flavor().to_owned(),
        version: version.version,
        api_version: version.api_version,
        facts,
        problem: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_is_not_there_is_an_answer() {
        let options = "--host unix:///nonexistent/engine.sock";
        let facts = Inquiry::new("/bin/true", options, HostProgram::new("/bin/true")).facts();
        assert_eq!(facts.address, "unix:///nonexistent/engine.sock");
        assert!(facts.problem.unwrap().contains("/nonexistent/engine.sock"));
        assert_eq!(facts.facts[CLIENT_OPTIONS], options);
        // Nobody knows where another program would go.
        assert_eq!(facts.facts[NAMED_BY], "docker_path");
    }

    #[test]
    fn a_service_that_does_not_come_up_is_an_answer() {
        // No keeper: it ends at once.
        let facts = Inquiry::new("/no/such/podman", "", HostProgram::new("/bin/true")).facts();
        assert_eq!(facts.problem.as_deref(), Some("podman's service ended before it answered"));
    }
}
