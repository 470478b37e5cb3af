//! With which options the engine runs that answers at an address, as far as that can be seen from here: those of its
//! command line, and of its configuration file.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use serde_json::{Map, Value};

use super::address::{SYSTEM, variable};
use super::command::typed;
use super::containers_conf::set_in;
use super::harmless::{is_private, shown, shown_value};
use crate::config::MASK;

/// Where the system's engine notes its process. Where its socket was opened by somebody else for it, this tells who it is.
const PID_FILE: &str = "/run/docker.pid";

/// The configuration file of an engine that is told of no other one.
const DAEMON_JSON: &str = "/etc/docker/daemon.json";

/// Words of paths that are ours, in folders that go with the engine: they say nothing of it.
const OURS: [&str; 3] = ["/run/dockertest", "/dockertest-engine-", "/dockertest-capsule-"];

/// What says where the engine listens, which is told elsewhere.
const HOSTS: [&str; 3] = ["-H", "--host", "hosts"];

/// More than that is not said in a line.
const MOST_CHARACTERS: usize = 400;

/// The options of the engine that listens there, in one line; nothing if it has none, or nobody can see them from here.
pub(super) fn of_engine_at(address: &str) -> Option<String> {
    let socket = Path::new(address.strip_prefix("unix://")?);
    let words = listener(socket).and_then(command_line);
    let words = words.filter(|words| is(words, "dockerd") || is(words, "podman")).or_else(|| {
        let is_system = SYSTEM.contains(&address);
        is_system.then(|| command_line(fs::read_to_string(PID_FILE).ok()?.trim().parse().ok()?)).flatten()
    })?;
    let said = if is(&words, "dockerd") {
        of_daemon(&words)
    } else if is(&words, "podman") {
        of_podman(&files_of_podman())
    } else {
        return None;
    };
    Some(in_bounds(said)).filter(|said| !said.is_empty())
}

/// The process that listens at a socket.
fn listener(socket: &Path) -> Option<i32> {
    let connection = UnixStream::connect(socket).ok()?;
    let peer = getsockopt(&connection, PeerCredentials).ok()?;
    Some(peer.pid()).filter(|pid| *pid > 0)
}

fn command_line(pid: i32) -> Option<Vec<String>> {
    let text = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let text = String::from_utf8_lossy(&text).into_owned();
    Some(text.split_terminator('\0').map(str::to_owned).collect())
}

/// Whether it is the command line of that program.
fn is(words: &[String], program: &str) -> bool {
    words.first().is_some_and(|first| Path::new(first).file_name().is_some_and(|name| name == program))
}

fn of_daemon(words: &[String]) -> String {
    let (options, file) = options(words.get(1..).unwrap_or_default());
    let file = file.unwrap_or_else(|| PathBuf::from(DAEMON_JSON));
    let configured = fs::read(file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let configured = in_words(configured);
    match (options.is_empty(), configured.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!("daemon.json {configured}"),
        (false, true) => format!("dockerd {options}"),
        (false, false) => format!("dockerd {options} and daemon.json {configured}"),
    }
}

/// The options of a command line that say something of the engine, and the configuration file that it names.
fn options(words: &[String]) -> (String, Option<PathBuf>) {
    let (mut said, mut file) = (Vec::new(), None);
    let mut rest = words.iter().map(String::as_str).peekable();
    while let Some(word) = rest.next() {
        let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        // `--host unix://…` is two words, and `-Hunix://…` is one. A secret may begin with anything.
        let next = if value.is_none() { rest.next_if(|next| is_private(name) || !next.starts_with('-')) } else { None };
        if name == "--config-file" {
            file = value.or(next).map(PathBuf::from);
        } else if !(HOSTS.contains(&name) || name.starts_with("-H")) {
            let value = value.map(|value| format!("{name}={}", shown(name, value)));
            let words = [Some(value.unwrap_or_else(|| name.to_owned())), next.map(|next| shown(name, next))];
            said.extend(words.into_iter().flatten().filter(|word| !is_ours(word)).map(|word| spelled(&word)));
        }
    }
    (said.join(" "), file)
}

/// An option as it is typed: `=` is nothing special there, nor is what stands for a secret.
fn spelled(word: &str) -> String {
    let part = |part: &str| {
        let plain = part.replace(MASK, "");
        let is_plain = plain.is_empty() || typed(std::slice::from_ref(&plain)) == plain;
        if is_plain { part.to_owned() } else { typed(&[part.to_owned()]) }
    };
    word.split('=').map(part).collect::<Vec<_>>().join("=")
}

fn is_ours(text: &str) -> bool {
    OURS.iter().any(|ours| text.contains(ours))
}

/// The settings of a `daemon.json`, without those that say where the engine is, and without secrets.
fn in_words(settings: Map<String, Value>) -> String {
    let is_said = |name: &str, value: &Value| !HOSTS.contains(&name) && !is_ours(&value.to_string());
    let told: Map<String, Value> = settings.into_iter().filter(|(name, value)| is_said(name, value)).collect();
    if told.is_empty() { String::new() } else { shown_value("", Value::Object(told)).to_string() }
}

/// The files with podman's settings, the last of which counts most. Those of the distribution are as they come.
fn files_of_podman() -> Vec<PathBuf> {
    if let Some(only) = variable("CONTAINERS_CONF") {
        return vec![PathBuf::from(only)];
    }
    let home = variable("HOME").map(|home| Path::new(&home).join(".config/containers/containers.conf"));
    [PathBuf::from("/etc/containers/containers.conf")].into_iter().chain(home).collect()
}

fn of_podman(files: &[PathBuf]) -> String {
    let text: String = files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect::<Vec<_>>().join("\n");
    let settings = set_in(&text);
    if settings.is_empty() { String::new() } else { format!("containers.conf {}", settings.join(", ")) }
}

/// No longer than a line may be.
fn in_bounds(said: String) -> String {
    match said.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{} …", said.get(..end).unwrap_or_default()),
        None => said,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use rstest::rstest;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[rstest]
    #[case::of_a_capsule(
        "--host=unix:///run/docker.sock --config-file=/run/dockertest/daemon.json --containerd=/run/dockertest/containerd.sock \
         --exec-opt=native.cgroupdriver=cgroupfs --iptables=false --ip6tables=false",
        "--exec-opt=native.cgroupdriver=cgroupfs --iptables=false --ip6tables=false",
        Some("/run/dockertest/daemon.json")
    )]
    #[case::of_the_system(
        "-H fd:// --containerd=/run/containerd/containerd.sock",
        "--containerd=/run/containerd/containerd.sock",
        None
    )]
    #[case::two_words(
        "--host unix:///x -D --storage-driver vfs --config-file /a",
        "-D --storage-driver vfs",
        Some("/a")
    )]
    #[case::one_word("-Hunix:///x --label a'b", "--label \"a'b\"", None)]
    #[case::at_the_end("--debug --host", "--debug", None)]
    fn options_are_said_that_say_something(#[case] line: &str, #[case] said: &str, #[case] file: Option<&str>) {
        assert_eq!(options(&words(line)), (said.to_owned(), file.map(PathBuf::from)));
    }

    #[test]
    fn the_configuration_file_counts_where_it_says_something() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("daemon.json");
        let line = |more: &str| words(&format!("/usr/sbin/dockerd --config-file={}{more}", file.display()));
        assert_eq!(of_daemon(&line("")), "", "it is not there");
        fs::write(
            &file,
            r#"{"hosts":["fd://"],"data-root":"/tmp/dockertest-engine-1/data","cgroup-parent":"/dockertest-engine-1"}"#,
        )
        .unwrap();
        assert_eq!(of_daemon(&line("")), "", "where it is says nothing");
        fs::write(&file, r#"{"hosts":["fd://"],"iptables":false,"labels":["a=b"]}"#).unwrap();
        assert_eq!(of_daemon(&line("")), r#"daemon.json {"iptables":false,"labels":["a=b"]}"#);
        assert_eq!(of_daemon(&line(" -D")), r#"dockerd -D and daemon.json {"iptables":false,"labels":["a=b"]}"#);
        fs::write(&file, "{").unwrap();
        assert_eq!(of_daemon(&line(" -D")), "dockerd -D");
    }

    #[test]
    fn settings_of_podman_are_what_is_no_comment() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["a", "b", "c"].map(|name| folder.path().join(name));
        fs::write(&files[0], "# as it comes\n\n[containers]\ndefault_ulimits = [\"nofile=1:1\"]\nenv = [\"A=b\"]\n")
            .unwrap();
        fs::write(&files[1], "[engine]\nhooks_dir = [\n  \"/a\",\n  \"/b\"\n]\nruntime = \"crun\"\n").unwrap();
        let said = r#"containers.conf default_ulimits = ["nofile=1:1"], hooks_dir = ["/a","/b"], runtime = "crun""#;
        assert_eq!(of_podman(&files), said);
        assert_eq!(of_podman(&files[2..]), "");
    }

    #[test]
    fn secrets_are_not_said_and_neither_is_a_long_list() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("daemon.json");
        fs::write(&file, r#"{"log-driver":"splunk","log-opts":{"splunk-token":"x","max-size":"1m"}}"#).unwrap();
        let line = format!(
            "dockerd --config-file={} --log-opt splunk-token=x --log-opt=splunk-token=y --token z \
             --http-proxy=http://me:it's=a$b@proxy:3128/a@b --registry-mirror=https://mirror/x",
            file.display()
        );
        let said = "dockerd --log-opt splunk-token=******** --log-opt=splunk-token=******** --token ******** \
                    --http-proxy=http://********@proxy:3128/a@b --registry-mirror=https://mirror/x and daemon.json \
                    {\"log-driver\":\"splunk\",\"log-opts\":{\"max-size\":\"1m\",\"splunk-token\":\"********\"}}";
        assert_eq!(of_daemon(&words(&line)), said);
        assert_eq!(in_bounds("ä".repeat(500)).chars().count(), 402);
    }

    #[test]
    fn only_an_engine_is_asked_how_it_was_started() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let _listener = UnixListener::bind(&socket).unwrap();
        // That is this process, which is no engine.
        assert_eq!(listener(&socket), i32::try_from(std::process::id()).ok());
        assert_eq!(of_engine_at(&format!("unix://{}", socket.display())), None);
        assert_eq!(of_engine_at("unix:///nonexistent/s"), None);
        assert_eq!(of_engine_at("tcp://127.0.0.1:1"), None);
    }
}
