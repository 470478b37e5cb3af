//! Engines of our own, with the host program as the first process in their namespaces.
//!
//! Each test starts a real engine. Without root and `dockerd` they have nothing to test; `cargo xtask test` wants them to.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use dockertest::engine::Api;
use dockertest::engine::daemon::{self, Daemon, DaemonFailure, DaemonOptions, ping};
use dockertest::engine::fixtures::test_image;
use dockertest::engine::models::ContainerCreateBody;
use serde_json::json;

use support::{host, kill};

/// Whether an engine can be started here.
#[track_caller]
fn possible() -> bool {
    test_needs::root("can start an engine") && test_needs::program("dockerd")
}

/// What an engine leaves that is not taken down.
fn remains(socket: &Path) -> Vec<PathBuf> {
    support::remains(socket.parent().unwrap())
}

fn wait_until_nothing_is_left(socket: &Path) {
    test_needs::wait_until_eq("nothing is left", || remains(socket), &Vec::new());
}

fn info(engine: &Daemon, name: &str) -> String {
    let api = Api::connect(&engine.address(), Duration::from_secs(10)).unwrap();
    api.info().unwrap().remove(name).unwrap_or_default()
}

#[test]
fn an_engine_takes_settings_when_it_starts_and_when_it_is_told_to() {
    if !possible() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("engine.log");
    let options = DaemonOptions::new().setting("debug", true).setting("data-root", "deep").log(&log);
    let mut engine = Daemon::start(&host(), &options).unwrap();
    let socket = engine.socket();
    assert_eq!(info(&engine, "Debug"), "true");
    assert!(info(&engine, "DockerRootDir").ends_with("/data/deep"));
    let identity = info(&engine, "ID");

    engine.reconfigure([("live-restore".to_owned(), json!(true))]).unwrap();
    assert_eq!(info(&engine, "LiveRestoreEnabled"), "true");
    assert_eq!(info(&engine, "ID"), identity);

    engine
        .set([
            ("debug".to_owned(), json!(null)),
            ("live-restore".to_owned(), json!(null)),
            ("storage-driver".to_owned(), json!("vfs")),
        ])
        .unwrap();
    engine.stop().unwrap();
    assert!(ping(&socket).is_err(), "a stopped engine answers");
    engine.start_again().unwrap();
    assert_eq!(info(&engine, "Driver"), "vfs");

    engine.end().unwrap();
    assert_eq!(remains(&socket), Vec::<PathBuf>::new());
    assert!(fs::read_to_string(log).unwrap().matches("Daemon has completed initialization").count() == 2);
}

#[test]
fn a_container_that_is_frozen_goes_with_its_engine() {
    if !possible() {
        return;
    }
    let engine = Daemon::start(&host(), &DaemonOptions::new()).unwrap();
    let socket = engine.socket();
    let api = Api::connect(&engine.address(), Duration::from_secs(60)).unwrap();
    test_image::ensure(&api, "dockertest/frozen:latest").unwrap();
    let body = ContainerCreateBody {
        image: Some("dockertest/frozen:latest".to_owned()),
        cmd: Some(vec!["sleep".to_owned(), "1000".to_owned()]),
        network_disabled: Some(true),
        ..ContainerCreateBody::default()
    };
    let container = api.create("frozen", body).unwrap();
    api.start(&container).unwrap();
    api.pause(&container).unwrap();
    let begin = Instant::now();
    engine.end().unwrap();
    assert!(begin.elapsed() < Duration::from_secs(15), "it took {:?}", begin.elapsed());
    assert_eq!(remains(&socket), Vec::<PathBuf>::new());
}

#[test]
fn settings_that_an_engine_refuses_are_told_with_what_it_says() {
    if !possible() {
        return;
    }
    let failure = Daemon::start(&host(), &DaemonOptions::new().setting("no-such-setting", 1)).unwrap_err();
    assert!(matches!(failure, DaemonFailure::Ended { .. }), "{failure}");
    assert!(failure.log().unwrap().contains("no-such-setting"), "{failure:?}");

    let mut engine = Daemon::start(&host(), &DaemonOptions::new()).unwrap();
    let failure = engine.reconfigure([("no-such-setting".to_owned(), json!(1))]).unwrap_err();
    assert!(failure.to_string().contains("no-such-setting"), "{failure}");
    engine.end().unwrap();
}

#[test]
fn an_engine_that_dies_is_told_and_leaves_nothing() {
    if !possible() {
        return;
    }
    let mut engine = Daemon::start(&host(), &DaemonOptions::new()).unwrap();
    let socket = engine.socket();
    let dockerd = processes_with(&format!("--config-file={}", socket.with_file_name("daemon.json").display()));
    kill(dockerd[0], "KILL");
    wait_until_nothing_is_left(&socket);
    let failure = engine.restart().unwrap_err();
    assert!(failure.log().unwrap().contains("ended of itself"), "{failure:?}");
}

/// Another process, and the socket of the engine that it has.
fn owner() -> (Child, PathBuf) {
    let mut owner = test_needs::again("an_engine_goes_when_the_process_that_wanted_it_is_killed");
    let mut owner = owner.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    let socket = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("socket: ").map(PathBuf::from));
    let socket = socket.unwrap();
    assert!(ping(&socket).is_ok());
    (owner, socket)
}

/// The process that [`owner`] starts. A kill of the test program itself would be the end of all its tests.
#[expect(clippy::print_stdout, reason = "the test that starts it reads that")]
fn be_owner() {
    let engine = Daemon::start(&host(), &DaemonOptions::new()).unwrap();
    println!("\nsocket: {}", engine.socket().display());
    // Until it is killed.
    drop(std::io::stdin().lines().next());
}

#[test]
fn an_engine_goes_when_the_process_that_wanted_it_is_killed() {
    if !possible() {
        return;
    }
    if test_needs::is_again() {
        return be_owner();
    }
    let (mut owner, socket) = owner();
    owner.kill().unwrap();
    owner.wait().unwrap();
    wait_until_nothing_is_left(&socket);
}

#[test]
fn what_was_killed_together_with_all_that_looked_after_it_is_swept_up() {
    if !possible() {
        return;
    }
    let (mut owner, socket) = owner();
    // The process that makes the namespaces, and their first one, which is its child and dies with it.
    let starters = processes_with(&socket.parent().unwrap().display().to_string());
    assert_eq!(starters.len(), 2);
    kill(*starters.iter().min().unwrap(), "KILL");
    owner.kill().unwrap();
    owner.wait().unwrap();
    let swept = || {
        drop(daemon::sweep());
        remains(&socket)
    };
    test_needs::wait_until_eq("nothing is left", swept, &Vec::new());
}

/// The processes that have the word on their command line.
fn processes_with(word: &str) -> Vec<u32> {
    let ids = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let has = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|found| found == word.as_bytes())
    };
    ids.filter(has).collect()
}
