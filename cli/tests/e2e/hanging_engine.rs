//! An engine that hangs while the test image is prepared with it: whoever stops the program does not wait for it. And one
//! that does not take the image.
//!
//! Without root and `dockerd` there is nothing to test; `cargo xtask test` wants more.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use dockertest::environment::capsule::{CapsuleOptions, CapsuleProvider};
use dockertest::host::HostProgram;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rstest::rstest;
use tempfile::TempDir;

use crate::capsules::left_by;
use crate::env::possible;
use crate::support::{Done, Place};

/// It says its version, and then it never listens, never answers, answers no more than a ping, or takes nothing.
const ENGINE: &str = r#"#!/usr/bin/env python3
import socket, sys, time
if "--version" in sys.argv:
    sys.exit(print("Docker version 29.0.1, build 123"))
def hang():
    open("/var/lib/docker/hangs", "w").close()
    # Longer than any limit; who gives up kills it.
    time.sleep(600)
kind = "KIND"
if kind == "deaf":
    hang()
listener = socket.socket(socket.AF_UNIX)
listener.bind("/run/docker.sock")
listener.listen(5)
if kind == "dumb":
    hang()
while True:
    asked, _ = listener.accept()
    if b"_ping" in asked.recv(4096).split(b"\r\n")[0]:
        asked.sendall(b"HTTP/1.0 200 OK\r\n\r\nOK")
    elif kind == "pings":
        hang()
    else:
        asked.sendall(b"HTTP/1.0 500 Oops\r\n\r\n")
    asked.close()
"#;

/// Less than the least limit that an engine has: a minute, of which some is over when it hangs. What ends later may have
/// been ended by that one, and not by the signal.
const AT_ONCE: Duration = Duration::from_secs(50);

/// The engine, as the build `docker-hangs` of a place. Below `/tmp`, where a checkout may be, it would not be seen in capsules.
/// Nothing where there can be no capsule with it.
#[track_caller]
fn place_with(kind: &str) -> Option<(Place, TempDir)> {
    if !possible() || !test_needs::program("python3") || !test_needs::program("busybox") {
        return None;
    }
    let (place, folder) = (Place::new(), tempfile::tempdir_in("/var/tmp").unwrap());
    let sees = CapsuleProvider::new(HostProgram::new("host"), CapsuleOptions::new()).sees(folder.path());
    if !test_needs::is_met((!sees).then(|| "`/var/tmp` is not seen in capsules".to_owned())) {
        return None;
    }
    for name in ["dockerd", "docker"] {
        test_needs::script(&folder.path().join(name), &ENGINE.replace("KIND", kind));
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let programs = folder.path().to_str().unwrap();
    place.run(&["engines", "add", "docker-hangs", "--path", programs]).expect(0);
    Some((place, folder))
}

/// What is in the folder for prepared images.
fn templates(place: &Place) -> Vec<PathBuf> {
    let folder = place.path("xdg/cache/dockertest/templates");
    fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}

#[rstest]
#[case::run_deaf("deaf", &["run", "--args=example", "--engine=docker-hangs"], Signal::SIGINT, 130)]
#[case::run_dumb("dumb", &["run", "--args=example", "--engine=docker-hangs"], Signal::SIGTERM, 143)]
#[case::run_that_only_pings("pings", &["run", "--args=example", "--engine=docker-hangs"], Signal::SIGINT, 130)]
#[case::matrix("deaf", &["matrix", "--args=example", "--engines=docker-hangs"], Signal::SIGINT, 130)]
#[case::shell("deaf", &["env", "shell", "--engine=docker-hangs"], Signal::SIGINT, 130)]
#[case::provision("pings", &["env", "provision", "--engine=docker-hangs"], Signal::SIGTERM, 143)]
fn a_signal_is_heard_while_the_test_image_is_prepared(
    #[case] kind: &str,
    #[case] words: &[&str],
    #[case] signal: Signal,
    #[case] status: i32,
) {
    let Some((place, _programs)) = place_with(kind) else { return };
    let child = place.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let is_hanging = || templates(&place).iter().any(|folder| folder.join("var-lib-docker/hangs").exists());
    test_needs::wait_until("the engine hangs", is_hanging);
    let (id, start) = (child.id(), Instant::now());
    kill(Pid::from_raw(i32::try_from(id).unwrap()), signal).unwrap();
    let done = Done::from(child.wait_with_output().unwrap()).expect(status);
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
    let said = match words[0] {
        "matrix" => "stopped while engines were set up: nothing has been run".to_owned(),
        _ => format!("interrupted while a capsule was made: {signal}"),
    };
    assert!(done.stderr.contains(&said), "{}", done.stderr);
    place.expect_no_process();
    assert_eq!(left_by(id), Vec::<PathBuf>::new());
    assert_eq!(templates(&place), Vec::<PathBuf>::new());
}

#[test]
fn an_engine_that_does_not_take_the_test_image_is_told() {
    let Some((place, _programs)) = place_with("refuses") else { return };
    let done = place.run(&["env", "shell", "--engine=docker-hangs", "--", "true"]).expect(0);
    assert!(
        done.stderr.contains("the test image could not be prepared, so every capsule begins without it"),
        "{done:?}"
    );
    assert_eq!(templates(&place), Vec::<PathBuf>::new());
    place.expect_no_process();
}
