//! The border between plug-in and loader under the eyes of valgrind: nobody reads or writes what is not there.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{LIMIT, Seen, acme, compile, example_in_c, loader, package, run, verdicts};
use dockertest::host::HostProgram;
use dockertest::verdict::Verdict;
use rstest::rstest;
use tempfile::TempDir;

/// The loader in valgrind, which writes what it finds to a file for each process.
fn watched(logs: &Path) -> HostProgram {
    let mut host = HostProgram::new("valgrind");
    // Quiet: without a finding, a file is empty.
    host.arguments.push("--quiet".into());
    host.arguments.push(format!("--log-file={}/%p", logs.display()).into());
    host.arguments.push(loader().path.into());
    host
}

/// All that valgrind has found.
fn findings(logs: &TempDir) -> String {
    let files: Vec<_> = fs::read_dir(logs.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty(), "valgrind has not been there");
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
}

/// Whether valgrind is there. It must be where everything is to be tested, as by `cargo xtask test`.
fn is_there() -> bool {
    let version = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    let is_there = version.is_ok_and(|status| status.success());
    let required = std::env::var_os("DOCKERTEST_REQUIRE_ENGINE").is_some();
    assert!(is_there || !required, "there is no valgrind: install Debian's package `valgrind`");
    if !is_there {
        eprintln!("skipped: there is no valgrind");
    }
    is_there
}

fn run_watched(plugin: &Path) -> (Vec<Seen>, String) {
    let logs = tempfile::tempdir().unwrap();
    let seen = run(watched(logs.path()), plugin, &[]);
    (seen, findings(&logs))
}

#[rstest]
#[case::debug("dev")]
#[case::release("release")]
fn nothing_is_found_at_a_plugin_of_rust(#[case] profile: &str) {
    if !is_there() {
        return;
    }
    let (seen, findings) = run_watched(&acme(profile));
    let expected = [
        ("acme_ready", Verdict::Good),
        ("disk_quota", Verdict::Good),
        ("  kept", Verdict::Good),
        ("  ends", Verdict::Good),
    ];
    assert_eq!(verdicts(&seen), expected, "{seen:?}");
    assert_eq!(findings, "");
}

#[test]
fn nothing_is_found_at_a_plugin_of_c() {
    if !is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (seen, findings) = run_watched(&example_in_c(folder.path()));
    assert_eq!(verdicts(&seen), [("hello", Verdict::Good)], "{seen:?}");
    assert_eq!(findings, "");
}

/// The two tests above can fail.
#[test]
fn memory_that_was_freed_is_found() {
    if !is_there() {
        return;
    }
    let (folder, logs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let plugin = folder.path().join("bad.so");
    compile(&package().join("bad.c"), &["-g", "-DLIST=freed(host)"], &plugin);
    let listed = HostProgram::plugin(&watched(logs.path()), &plugin).list(LIMIT);
    assert!(listed.is_err(), "{listed:?}");
    let findings = findings(&logs);
    assert!(findings.contains("Syscall param write(buf) points to unaddressable byte(s)"), "{findings}");
    assert!(findings.contains("freed (bad.c"), "{findings}");
}
