//! With which options the engine runs that answers at an address, as far as that can be seen from here: those of its
//! command line, and of its configuration file.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use serde_json::{Map, Value};

use super::address::{SYSTEM, variable};
use super::command::typed;

/// Where the system's engine notes its process. Where its socket was opened by somebody else for it, this tells who it is.
const PID_FILE: &str = "/run/docker.pid";

/// The configuration file of an engine that is told of no other one.
const DAEMON_JSON: &str = "/etc/docker/daemon.json";

/// Words of paths that are ours, in folders that go with the engine: they say nothing of it.
const OURS: [&str; 3] = ["/run/dockertest", "/dockertest-engine-", "/dockertest-capsule-"];

/// What says where the engine listens, which is told elsewhere.
const HOSTS: [&str; 3] = ["-H", "--host", "hosts"];

/// Settings of podman that may have in them what is nobody's business.
const PRIVATE: [&str; 2] = ["env", "annotations"];

/// More than that is not said in a line.
const MOST_CHARACTERS: usize = 400;

/// What is said in place of a name and a password.
const HIDDEN: &str = "********";

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
    Some(in_bounds(&said)).filter(|said| !said.is_empty())
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
        // `--host unix://…` is two words, and `-Hunix://…` is one.
        let takes_next = value.is_none() && rest.peek().is_some_and(|next| !next.starts_with('-'));
        if name == "--config-file" {
            file = value.or_else(|| rest.next_if(|_| takes_next)).map(PathBuf::from);
        } else if HOSTS.contains(&name) {
            rest.next_if(|_| takes_next);
        } else if !(name.starts_with("-H") || is_ours(word)) {
            said.push(spelled(word));
        }
    }
    (said.join(" "), file)
}

/// An option as it is typed: `=` is nothing special there.
fn spelled(word: &str) -> String {
    let part = |part: &str| if part.is_empty() { String::new() } else { typed(&[part.to_owned()]) };
    word.split('=').map(part).collect::<Vec<_>>().join("=")
}

fn is_ours(text: &str) -> bool {
    OURS.iter().any(|ours| text.contains(ours))
}

/// The settings of a `daemon.json`, without those that say where the engine is.
fn in_words(settings: Map<String, Value>) -> String {
    let is_said = |name: &str, value: &Value| !HOSTS.contains(&name) && !is_ours(&value.to_string());
    let told: Map<String, Value> = settings.into_iter().filter(|(name, value)| is_said(name, value)).collect();
    if told.is_empty() { String::new() } else { Value::Object(told).to_string() }
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

/// What a file of podman's sets: all that is no comment and no heading, a list on several lines in one.
fn set_in(text: &str) -> Vec<String> {
    let (mut set, mut open): (Vec<String>, bool) = (Vec::new(), false);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if open {
            if let Some(last) = set.last_mut() {
                last.push_str(line);
            }
            open = !line.ends_with(']');
        } else if !line.starts_with('[') {
            set.push(line.to_owned());
            open = line.contains('[') && !line.ends_with(']');
        }
    }
    let is_private = |line: &String| line.split_once('=').is_some_and(|(name, _)| PRIVATE.contains(&name.trim()));
    set.retain(|line| !is_private(line));
    set
}

/// Without names and passwords in addresses, and no longer than a line may be.
fn in_bounds(said: &str) -> String {
    let mut text = String::new();
    let mut rest = said;
    while let Some((before, after)) = rest.split_once("://") {
        text.push_str(before);
        text.push_str("://");
        let host = after.find(|c: char| c == '/' || c == '"' || c == '\'' || c.is_whitespace()).unwrap_or(after.len());
        let at = after.get(..host).and_then(|host| host.rfind('@'));
        rest = at.and_then(|at| after.get(at..)).unwrap_or(after);
        text.push_str(if at.is_some() { HIDDEN } else { "" });
    }
    text.push_str(rest);
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{} …", text.get(..end).unwrap_or_default()),
        None => text,
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
    fn passwords_are_not_said_and_neither_is_a_long_list() {
        let said = "dockerd --http-proxy=http://me:secret@proxy:3128/a@b --registry-mirror=https://mirror/x";
        let hidden = "dockerd --http-proxy=http://********@proxy:3128/a@b --registry-mirror=https://mirror/x";
        assert_eq!(in_bounds(said), hidden);
        assert_eq!(
            in_bounds(r#"{"proxies":{"http-proxy":"http://me:secret@p"}}"#),
            r#"{"proxies":{"http-proxy":"http://********@p"}}"#
        );
        assert_eq!(in_bounds(&"ä".repeat(500)).chars().count(), 402);
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
