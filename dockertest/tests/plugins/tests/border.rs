//! The border between plug-in and loader under the eyes of valgrind: nobody reads or writes what is not there.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

mod common;

use std::fs;
use std::path::Path;

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

fn run_watched(plugin: &Path, set: &[&str]) -> (Vec<Seen>, String) {
    let logs = tempfile::tempdir().unwrap();
    let seen = run(watched(logs.path()), plugin, set);
    (seen, findings(&logs))
}

#[rstest]
#[case::debug("dev")]
#[case::release("release")]
fn nothing_is_found_at_a_plugin_of_rust(#[case] profile: &str) {
    if !test_needs::program("valgrind") {
        return;
    }
    let (seen, findings) = run_watched(&acme(profile), &[]);
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
    if !test_needs::program("valgrind") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (seen, findings) = run_watched(&example_in_c(folder.path()), &[]);
    assert_eq!(verdicts(&seen), [("hello", Verdict::Good)], "{seen:?}");
    assert_eq!(findings, "");
}

/// A panic unwinds to the border, and a wish to stop crosses it while a thread of the plug-in works.
#[rstest]
#[case::panics(&["disk_quota/ends.how=panic"], Verdict::Error, "as it was told")]
#[case::is_stopped(&["disk_quota/ends.how=wait", "disk_quota.step_timeout=4"], Verdict::Abort, "did not end within 4 s")]
fn nothing_is_found_at_a_step_that_ends_badly(#[case] set: &[&str], #[case] verdict: Verdict, #[case] reason: &str) {
    if !test_needs::program("valgrind") {
        return;
    }
    let (seen, findings) = run_watched(&acme("dev"), set);
    let worst = seen.iter().find(|(.., why)| why.contains(reason)).unwrap_or_else(|| panic!("{seen:?}"));
    assert_eq!(worst.1, verdict, "{seen:?}");
    assert_eq!(findings, "");
}

#[test]
fn nothing_is_found_at_a_step_of_c_that_gives_an_error() {
    if !test_needs::program("valgrind") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("bad.so");
    compile(&package().join("bad.c"), &["-DRUN=3"], &plugin);
    let (seen, findings) = run_watched(&plugin, &[]);
    assert_eq!(verdicts(&seen), [("bad", Verdict::Error)], "{seen:?}");
    assert_eq!(findings, "");
}

/// The tests above can fail.
#[test]
fn memory_that_was_freed_is_found() {
    if !test_needs::program("valgrind") {
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
