//! Where the engine is that the command line would talk to, found out by the rules of the command line.
//!
//! The second opinion must come from the same engine. In this order: the option `--host`, the option `--context`, the
//! variables `DOCKER_HOST` and `DOCKER_CONTEXT`, the context that `docker context use` chose, the default socket.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Where the engine listens if nothing says otherwise.
const DEFAULT: &str = "unix:///var/run/docker.sock";

/// Where the system's engine listens.
pub(crate) const SYSTEM: [&str; 3] =
    ["unix:///var/run/docker.sock", "unix:///run/docker.sock", "unix:///run/podman/podman.sock"];

/// Where podman's own service listens, as `podman --remote` of root expects it.
const PODMAN_DEFAULT: &str = "unix:///run/podman/podman.sock";

/// The options of ours that say which engine it is.
const PATH_OPTION: &str = "docker_path";
const OPTIONS_OPTION: &str = "docker_options";

/// The name of the context that is no file.
const DEFAULT_CONTEXT: &str = "default";

/// A variable of the environment, if it is set and not empty.
pub(super) type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A variable of this process.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The address for a command line with these options; a text that is no address if its context has none.
pub(super) fn resolve(options: &str, variable: Variable<'_>) -> String {
    let options = Options::read(options);
    let host = options.host.or_else(|| variable("DOCKER_HOST").filter(|_| options.context.is_none()));
    if let Some(host) = host {
        return host;
    }
    let used = || context_in_use(options.config.clone(), variable);
    let context = options.context.or_else(|| variable("DOCKER_CONTEXT")).or_else(used).filter(|name| !name.is_empty());
    let config = config_folder(options.config.clone(), variable);
    match context {
        Some(name) if name != DEFAULT_CONTEXT => {
            let address = config.and_then(|config| address_of_context(&config, &name));
            address.unwrap_or_else(|| format!("docker context {name}"))
        }
        _ => variable("DOCKER_HOST").unwrap_or_else(|| DEFAULT.to_owned()),
    }
}

/// What names an engine, if anything does: by its name an option, a variable or a context; nothing if the command line goes
/// where it goes by itself. Another program than `docker` or `podman` names one, too: nobody but it knows where it goes.
pub(super) fn named_by(path: &str, options: &str, variable: Variable<'_>) -> Option<String> {
    let program = Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let by_variable = |names: [&str; 2]| names.into_iter().find(|name| variable(name).is_some()).map(str::to_owned);
    if program.starts_with("podman") {
        let is_remote = !matches!(podman(options, &|_| None), Podman::Local) || has_connection(options);
        return match program.strip_prefix("podman") {
            Some(rest) if rest.starts_with("-remote") => Some(PATH_OPTION.to_owned()),
            _ if is_remote => Some(OPTIONS_OPTION.to_owned()),
            _ => by_variable(["CONTAINER_HOST", "CONTAINER_CONNECTION"]),
        };
    }
    if !program.starts_with("docker") {
        return Some(PATH_OPTION.to_owned());
    }
    let found = Options::read(options);
    if found.host.is_some() || found.context.as_deref().is_some_and(|name| name != DEFAULT_CONTEXT) {
        return Some(OPTIONS_OPTION.to_owned());
    }
    let host = variable("DOCKER_HOST").map(|_| "DOCKER_HOST".to_owned());
    if host.is_some() || found.context.is_some() {
        return host;
    }
    match variable("DOCKER_CONTEXT") {
        Some(name) => (name != DEFAULT_CONTEXT).then(|| "DOCKER_CONTEXT".to_owned()),
        None => context_in_use(found.config, variable).map(|name| format!("docker context {name}")),
    }
}

/// The context that `docker context use` chose, if it is another one than that which is there by itself.
fn context_in_use(config: Option<String>, variable: Variable<'_>) -> Option<String> {
    let file = read::<ConfigFile>(&config_folder(config, variable)?.join("config.json"))?;
    file.current_context.filter(|name| !name.is_empty() && name != DEFAULT_CONTEXT)
}

/// Where the command line has its settings.
fn config_folder(config: Option<String>, variable: Variable<'_>) -> Option<PathBuf> {
    let config = config.or_else(|| variable("DOCKER_CONFIG")).map(PathBuf::from);
    config.or_else(|| Some(Path::new(&variable("HOME")?).join(".docker")))
}

/// Whether podman's options have `--connection NAME` or `-c NAME`.
fn has_connection(options: &str) -> bool {
    let words = shlex::split(options).unwrap_or_default();
    words.iter().filter_map(|word| option_of(word)).any(|(name, _)| matches!(name, "connection" | "c"))
}

/// Where podman's API is that a command line of podman uses.
#[derive(Debug, PartialEq)]
pub(super) enum Podman {
    /// A service that somebody else runs.
    Remote(String),
    /// It needs none, so that one has to be run for its API.
    Local,
}

/// The address of podman's API for a command line with these options.
pub(super) fn podman(options: &str, variable: Variable<'_>) -> Podman {
    let found = Options::read(options);
    let words = shlex::split(options).unwrap_or_default();
    let is_remote = words.iter().any(|word| matches!(word.as_str(), "--remote" | "--remote=true" | "-r"));
    let connection = || variable("CONTAINER_CONNECTION").filter(|_| found.host.is_none());
    match (found.host.clone().or_else(|| variable("CONTAINER_HOST")), connection()) {
        (Some(host), _) => {
            // Podman also takes `unix:/path`.
            let path = host.strip_prefix("unix:").filter(|path| path.starts_with('/') && !path.starts_with("//"));
            Podman::Remote(path.map_or(host.clone(), |path| format!("unix://{path}")))
        }
        (None, Some(name)) => Podman::Remote(format!("podman connection {name}")),
        (None, None) if is_remote => Podman::Remote(PODMAN_DEFAULT.to_owned()),
        (None, None) => Podman::Local,
    }
}

/// Options of docker and podman for all commands that take a value and do not decide where they go: the next word is no
/// option.
const TAKES_A_VALUE: [&str; 28] = [
    "log-level",
    "l",
    "tlscacert",
    "tlscert",
    "tlskey",
    "cgroup-manager",
    "cni-config-dir",
    "conmon",
    "events-backend",
    "hooks-dir",
    "identity",
    "imagestore",
    "module",
    "namespace",
    "network-backend",
    "network-cmd-path",
    "network-config-dir",
    "out",
    "root",
    "runroot",
    "runtime",
    "runtime-flag",
    "ssh",
    "storage-driver",
    "storage-opt",
    "tmpdir",
    "volumepath",
    "connection",
];

/// The options of a command line that decide where it goes.
#[derive(Debug, Default, PartialEq)]
struct Options {
    host: Option<String>,
    context: Option<String>,
    config: Option<String>,
}

impl Options {
    fn read(options: &str) -> Options {
        let mut found = Options::default();
        let words = shlex::split(options).unwrap_or_default();
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            let Some((name, value)) = option_of(word) else { continue };
            if value.is_none() && TAKES_A_VALUE.contains(&name) {
                words.next();
                continue;
            }
            let place = match name {
                "host" | "url" | "H" => &mut found.host,
                "context" | "c" => &mut found.context,
                "config" => &mut found.config,
                _ => continue,
            };
            if let Some(value) = value.or_else(|| words.next()) {
                place.get_or_insert_with(|| value.to_owned());
            }
        }
        found
    }
}

/// Options of a command line without those that decide where it goes.
pub(super) fn without_host(options: Vec<String>) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = options.into_iter();
    while let Some(word) = words.next() {
        match option_of(&word) {
            Some(("host" | "url" | "H" | "context" | "c", Some(_))) => {}
            Some(("host" | "url" | "H" | "context" | "c", None)) => drop(words.next()),
            _ => kept.push(word),
        }
    }
    kept
}

/// The name of the option that a word is, and its value if that is in the same word: `--host=x`, `-Hx`, `-DH=x`.
fn option_of(word: &str) -> Option<(&str, Option<&str>)> {
    if let Some(long) = word.strip_prefix("--") {
        let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
        return Some((name, value));
    }
    // `-D` and `-v` take no value, so another letter may follow them.
    let letters = word.strip_prefix('-')?.trim_start_matches(['D', 'v']);
    let (name, value) = letters.split_at_checked(1)?;
    let value = value.strip_prefix('=').unwrap_or(value);
    Some((name, Some(value).filter(|value| !value.is_empty())))
}

/// `config.json` of the command line.
#[derive(Deserialize)]
struct ConfigFile {
    #[serde(rename = "currentContext")]
    current_context: Option<String>,
}

/// `contexts/meta/HASH/meta.json`
#[derive(Deserialize)]
struct ContextFile {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Endpoints", default)]
    endpoints: BTreeMap<String, Endpoint>,
}

#[derive(Deserialize)]
struct Endpoint {
    #[serde(rename = "Host")]
    host: Option<String>,
}

/// The folders of contexts have hashes for names, so each is looked at.
fn address_of_context(config: &Path, name: &str) -> Option<String> {
    let folders = fs::read_dir(config.join("contexts/meta")).ok()?.flatten();
    let mut contexts = folders.filter_map(|folder| read::<ContextFile>(&folder.path().join("meta.json")));
    let mut context = contexts.find(|context| context.name == name)?;
    context.endpoints.remove("docker")?.host
}

/// What a file says, if it is there and says anything that can be understood.
fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::nothing("", "unix:///var/run/docker.sock")]
    #[case::apart("-D -H unix:///a", "unix:///a")]
    #[case::attached("-Hunix:///a", "unix:///a")]
    #[case::letters("-DH=unix:///a", "unix:///a")]
    #[case::long("--host unix:///a", "unix:///a")]
    #[case::long_attached("--log-level debug --host=unix:///a", "unix:///a")]
    #[case::podman("--url=unix:///a", "unix:///a")]
    #[case::value("--log-level --host -H unix:///a", "unix:///a")]
    #[case::runtime("--runtime /usr/sbin/runc --url unix:///a", "unix:///a")]
    #[case::no_value("-H", "unix:///var/run/docker.sock")]
    #[case::open_quote("-H 'x", "unix:///var/run/docker.sock")]
    fn options_name_a_host(#[case] options: &str, #[case] address: &str) {
        assert_eq!(resolve(options, &|_| None), address);
    }

    #[rstest]
    #[case::nothing("--debug --config /x", "--debug --config /x")]
    #[case::all("-D -H unix:///a --context=b -c d --host x --tls", "-D --tls")]
    fn options_lose_their_host(#[case] options: &str, #[case] kept: &str) {
        assert_eq!(without_host(shlex::split(options).unwrap()).join(" "), kept);
    }

    #[rstest]
    #[case::nothing("", &[], None)]
    #[case::local("--cgroup-manager=cgroupfs --runtime /usr/sbin/runc", &[("DOCKER_HOST", "unix:///d")], None)]
    #[case::url("--url unix:///p", &[], Some("unix:///p"))]
    #[case::one_slash("--url=unix:/p", &[], Some("unix:///p"))]
    #[case::variable("", &[("CONTAINER_HOST", "unix:///p")], Some("unix:///p"))]
    #[case::remote("--remote", &[], Some("unix:///run/podman/podman.sock"))]
    #[case::connection("", &[("CONTAINER_CONNECTION", "x")], Some("podman connection x"))]
    fn podman_needs_a_service_unless_there_is_one(
        #[case] options: &str,
        #[case] variables: &[(&str, &str)],
        #[case] remote: Option<&str>,
    ) {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let expected = remote.map_or(Podman::Local, |address| Podman::Remote(address.to_owned()));
        assert_eq!(podman(options, &variable), expected);
    }

    #[rstest]
    #[case::nothing("/usr/bin/docker", "-D --config /nonexistent", &[], None)]
    #[case::option("docker", "-D -H unix:///a", &[("DOCKER_HOST", "b")], Some("docker_options"))]
    #[case::context("docker", "-c there", &[], Some("docker_options"))]
    #[case::variable("docker-next", "-D", &[("DOCKER_HOST", "a"), ("DOCKER_CONTEXT", "b")], Some("DOCKER_HOST"))]
    #[case::variable_of_a_context("docker", "", &[("DOCKER_CONTEXT", "a")], Some("DOCKER_CONTEXT"))]
    #[case::default_context("docker", "", &[("DOCKER_CONTEXT", "default")], None)]
    #[case::default_option("docker", "-c default", &[("DOCKER_CONTEXT", "a")], None)]
    #[case::default_and_host("docker", "-c default", &[("DOCKER_HOST", "a")], Some("DOCKER_HOST"))]
    #[case::another_program("/opt/bin/nerdctl", "", &[], Some("docker_path"))]
    #[case::podman("/usr/bin/podman", "--cgroup-manager=cgroupfs", &[("DOCKER_HOST", "a")], None)]
    #[case::podman_option("podman", "--url unix:///a", &[], Some("docker_options"))]
    #[case::podman_remote("podman", "--remote", &[], Some("docker_options"))]
    #[case::podman_connection("podman", "--connection=c", &[], Some("docker_options"))]
    #[case::podman_variable("podman", "", &[("CONTAINER_HOST", "a")], Some("CONTAINER_HOST"))]
    #[case::podman_client("podman-remote-static", "", &[], Some("docker_path"))]
    fn who_names_an_engine_is_known(
        #[case] path: &str,
        #[case] options: &str,
        #[case] variables: &[(&str, &str)],
        #[case] named: Option<&str>,
    ) {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        assert_eq!(named_by(path, options, &variable).as_deref(), named);
    }

    #[test]
    fn a_context_in_use_names_an_engine() {
        let folder = contexts();
        let with = |chosen: Option<&str>| {
            let variable = |name: &str| match name {
                "DOCKER_CONFIG" => Some(folder.path().display().to_string()),
                "DOCKER_CONTEXT" => chosen.map(str::to_owned),
                _ => None,
            };
            named_by("docker", "", &variable)
        };
        assert_eq!(with(None).as_deref(), Some("docker context b"));
        assert_eq!(with(Some("default")), None);
    }

    /// A folder with the contexts `a`, `b` (in use), and `broken`.
    fn contexts() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: String| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("config.json", r#"{"auths": {}, "currentContext": "b"}"#.to_owned());
        for name in ["a", "b"] {
            let endpoints = format!(r#"{{"docker":{{"Host":"unix:///{name}","SkipTLSVerify":false}}}}"#);
            let text = format!(r#"{{"Name":"{name}","Metadata":{{}},"Endpoints":{endpoints}}}"#);
            write(&format!("contexts/meta/0{name}/meta.json"), text);
        }
        write("contexts/meta/00/meta.json", "{".to_owned());
        folder
    }

    #[rstest]
    #[case::in_use("", &[], "unix:///b")]
    #[case::variable("", &[("DOCKER_CONTEXT", "a")], "unix:///a")]
    #[case::host_goes_first("", &[("DOCKER_CONTEXT", "a"), ("DOCKER_HOST", "unix:///h")], "unix:///h")]
    #[case::option("--context a", &[("DOCKER_HOST", "unix:///h")], "unix:///a")]
    #[case::short("-c a", &[], "unix:///a")]
    #[case::option_host("-H unix:///o", &[("DOCKER_HOST", "unix:///h")], "unix:///o")]
    #[case::by_default("-c default", &[("DOCKER_HOST", "unix:///h")], "unix:///h")]
    #[case::default("-c default", &[], "unix:///var/run/docker.sock")]
    #[case::nowhere("-c nowhere", &[], "docker context nowhere")]
    #[case::other_configuration("--config /nonexistent", &[], "unix:///var/run/docker.sock")]
    fn a_context_names_a_host(#[case] options: &str, #[case] variables: &[(&str, &str)], #[case] address: &str) {
        let folder = contexts();
        let variable = |name: &str| match name {
            "DOCKER_CONFIG" => Some(folder.path().display().to_string()),
            _ => variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
        };
        assert_eq!(resolve(options, &variable), address);
    }
}
