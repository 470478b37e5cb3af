//! What the kernel tells: mounts and processes. What cannot be read is left out, for it may just have ended.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::engine::Place;
use crate::engine::inventory::Item;
use crate::engine::objects::label::start_time;
use crate::host::environment;
use crate::host::protocol::{History, RUN_VARIABLE, STEP_VARIABLE};

/// Mount points here and where the daemon lives. The one that an engine makes when it needs it first, and keeps, is not
/// among them.
pub(super) fn mounts(place: Option<&Place>) -> Vec<Item> {
    let own = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let its = place.and_then(|place| fs::read_to_string(format!("/proc/{}/mountinfo", place.pid())).ok());
    let points: BTreeSet<&str> =
        own.lines().chain(its.as_deref().unwrap_or_default().lines()).filter_map(point).collect();
    let item = |point: &str| Item { id: point.to_owned(), name: point.to_owned(), ..Item::default() };
    points.into_iter().filter(|point| !point.ends_with("/netns/default")).map(item).collect()
}

/// Where something is mounted, as the kernel writes it; and what, because one thing may cover another.
fn point(line: &str) -> Option<&str> {
    line.split(' ').nth(4)
}

/// Processes of the step before, and processes that hold containers which the engine does not know any more.
pub(super) fn processes(place: Option<&Place>, history: &History, containers: &BTreeSet<&str>) -> Vec<Item> {
    let mut found = Vec::new();
    if let Some(previous) = &history.previous {
        let mark = format!("{STEP_VARIABLE}={previous}\0");
        for (id, folder) in process_folders(Path::new("/proc")) {
            let environment = environment(&folder).unwrap_or_default();
            let environment = String::from_utf8_lossy(&environment);
            if environment.contains(&mark)
                && let Some(run) = environment.split('\0').find_map(|variable| variable.strip_prefix(RUN_VARIABLE))
            {
                let run = run.trim_start_matches('=').to_owned();
                found.push(Item { run: Some(run), step: Some(previous.clone()), ..process(id, &folder) });
            }
        }
    }
    // By our own `/proc`, where the daemon's processes are, too: in the daemon's they may have other ids, and to kill by
    // one of those would hit somebody else.
    if let Some(namespace) = place.and_then(|place| pid_namespace(&Path::new("/proc").join(place.pid().to_string()))) {
        for (id, folder) in process_folders(Path::new("/proc")) {
            let words = fs::read(folder.join("cmdline")).unwrap_or_default();
            if container_of_shim(&words).is_some_and(|container| !containers.contains(container.as_str()))
                && pid_namespace(&folder).as_ref() == Some(&namespace)
            {
                found.push(process(id, &folder));
            }
        }
    }
    found
}

fn pid_namespace(folder: &Path) -> Option<PathBuf> {
    folder.join("ns/pid").read_link().ok()
}

fn process_folders(proc: &Path) -> Vec<(u32, PathBuf)> {
    let Ok(entries) = fs::read_dir(proc) else { return Vec::new() };
    let entries = entries.flatten();
    entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path()))).collect()
}

/// A process, by its id and when it started: the id alone may be another one's by the time when it is to be killed.
pub(super) fn process_id(id: u32) -> String {
    let started = i32::try_from(id).ok().and_then(start_time);
    format!("{id}:{}", started.unwrap_or_default())
}

fn process(id: u32, folder: &Path) -> Item {
    let words = fs::read(folder.join("cmdline")).unwrap_or_default();
    let name = String::from_utf8_lossy(&words).trim_end_matches('\0').replace('\0', " ");
    Item { id: process_id(id), name: format!("{id} ({name})"), ..Item::default() }
}

/// The container that a process looks after, by its command line: `containerd-shim-runc-v2 ... -id ID ...`, and of
/// podman `conmon ... -c ID ...`.
fn container_of_shim(words: &[u8]) -> Option<String> {
    let words: Vec<&[u8]> = words.split(|byte| *byte == 0).collect();
    let program = String::from_utf8_lossy(words.first()?).into_owned();
    let program = program.rsplit('/').next().unwrap_or_default();
    let option: &[u8] = match program {
        "conmon" => b"-c",
        shim if shim.starts_with("containerd-shim") => b"-id",
        _ => return None,
    };
    let place = words.iter().position(|word| *word == option)?;
    Some(String::from_utf8_lossy(words.get(place + 1)?).into_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::process::{Child, Command, Stdio};

    use super::*;

    #[test]
    fn the_container_of_a_shim_is_found() {
        let shim = b"/usr/bin/containerd-shim-runc-v2\0-namespace\0moby\0-id\0abc\0-address\0/run/x\0";
        assert_eq!(container_of_shim(shim).as_deref(), Some("abc"));
        assert_eq!(container_of_shim(b"/usr/bin/conmon\0--api-version\x001\0-c\0def\0").as_deref(), Some("def"));
        assert_eq!(container_of_shim(b"/bin/sh\0-c\0true\0"), None);
        assert_eq!(container_of_shim(b""), None);
    }

    #[test]
    fn the_mounts_of_this_process_have_the_root() {
        assert!(mounts(None).iter().any(|item| item.id == "/"));
    }

    #[test]
    fn a_process_of_the_step_before_is_found_by_its_mark() {
        let step = format!("docker/subtests/x{}.test_1-of-1", std::process::id());
        let mut child = std::process::Command::new("sleep")
            .arg("100")
            .env(RUN_VARIABLE, "r")
            .env(STEP_VARIABLE, &step)
            .spawn()
            .unwrap();
        let history = History { results: "/r".into(), previous: Some(step.clone()), instance: None };
        let found = processes(None, &history, &BTreeSet::new());
        child.kill().unwrap();
        child.wait().unwrap();
        let [item] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((item.run.as_deref(), item.step.as_deref()), (Some("r"), Some(step.as_str())));
        assert_eq!(item.name, format!("{} (sleep 100)", child.id()));
    }

    /// A process that looks like one that looks after a container of that id.
    fn shim(starter: &[&str], container: &str) -> Child {
        let script = format!("exec -a containerd-shim-test bash -c 'read -r word' -id {container}");
        let words = [starter, &["bash", "-c", &script]].concat();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).stdin(Stdio::piped()).spawn().unwrap()
    }

    /// The process of that name when it is there, by our `/proc`.
    fn await_shim(container: &str) -> u32 {
        let is = |folder: &Path| {
            container_of_shim(&fs::read(folder.join("cmdline")).unwrap_or_default()).as_deref() == Some(container)
        };
        let mut found = None;
        test_needs::wait_until(&format!("{container} runs"), || {
            found = process_folders(Path::new("/proc")).into_iter().find(|(_, folder)| is(folder));
            found.is_some()
        });
        found.unwrap().0
    }

    #[test]
    fn a_shim_without_its_container_is_told_by_the_id_that_it_has_here() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let _engine = UnixListener::bind(&socket).unwrap();
        let place = Place::of_address(&format!("unix://{}", socket.display())).unwrap();
        let found = |known: &BTreeSet<&str>| -> Vec<String> {
            processes(Some(&place), &History::default(), known).into_iter().map(|item| item.id).collect()
        };
        let (ours, theirs) = (format!("ours{}", std::process::id()), format!("theirs{}", std::process::id()));

        let mut child = shim(&[], &ours);
        let id = process_id(await_shim(&ours));
        let (with, without) = (found(&BTreeSet::new()), found(&BTreeSet::from([ours.as_str()])));
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(with.contains(&id), "{id} is not in {with:?}");
        assert!(!without.contains(&id), "its container is there");

        if !test_needs::root("can make a process namespace") {
            return;
        }
        // Another engine's, in a process namespace of its own.
        let mut child = shim(&["unshare", "--pid", "--fork"], &theirs);
        let id = process_id(await_shim(&theirs));
        let seen = found(&BTreeSet::new());
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(!seen.contains(&id), "{id} is not of the daemon's namespace: {seen:?}");
    }
}
