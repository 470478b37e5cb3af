//! Capsules, made by the host program of the bundled subtests.
//!
//! Each test starts a real engine. Without root and `dockerd` they have nothing to test; `cargo xtask test` wants them to.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod end;
mod hanging;
mod inside;
mod limits;
mod machine;
mod podman;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use dockertest::engine::Api;
use dockertest::engine::fixtures::test_image;
use dockertest::environment::capsule::{Capsule, CapsuleOptions, CapsuleProvider};
use dockertest::host::HostProgram;

use support::host;

/// Whether a capsule can be made here.
#[track_caller]
fn possible() -> bool {
    test_needs::is_met(CapsuleProvider::new(host(), CapsuleOptions::new()).obstacle())
}

/// Runs a command in the capsule.
fn run(capsule: &Capsule, shared: &[&Path], words: &[&str]) -> Output {
    let program = HostProgram::new(words[0]).arguments(&words[1..]);
    let inside = capsule.program(&program, shared);
    Command::new(inside.path).args(inside.arguments).output().unwrap()
}

/// The same, and what it printed when it ended well.
fn printed(capsule: &Capsule, shared: &[&Path], words: &[&str]) -> String {
    let output = run(capsule, shared, words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// Brings the test image into the capsule.
fn with_test_image(capsule: &Capsule) {
    let address = format!("unix://{}", capsule.seen("/run/docker.sock").display());
    let api = Api::connect(&address, Duration::from_secs(60)).unwrap();
    test_image::ensure(&api, "dockertest/inside:latest").unwrap();
}

/// The process namespace of a process. It is held: the kernel gives the number of one that is gone to the next one.
struct Namespace {
    number: PathBuf,
    _held: fs::File,
}

impl Namespace {
    fn of(process: impl std::fmt::Display) -> Namespace {
        let path = format!("/proc/{process}/ns/pid");
        let held = fs::File::open(&path).unwrap();
        Namespace { number: fs::read_link(path).unwrap(), _held: held }
    }
}

/// The processes of a process namespace.
fn processes_of(namespace: &Namespace) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let inside =
        processes.filter(|process| fs::read_link(process.join("ns/pid")).is_ok_and(|found| found == namespace.number));
    let told = |process: PathBuf| {
        let text = |file: &str| fs::read_to_string(process.join(file)).unwrap_or_default().replace('\0', " ");
        format!("{}: {}; {}", process.display(), text("cmdline"), text("stat"))
    };
    inside.map(told).collect()
}
