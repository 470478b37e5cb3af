//! Plug-ins that do what they should, however they were built.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::path::Path;
use std::process::Command;

use common::{LIMIT, Seen, acme, compile, example_in_c, host, loader, package, verdicts};
use dockertest::config::Layers;
use dockertest::host::protocol::SubtestInfo;
use dockertest::host::{CancelToken, HostCheck, HostProgram, Outcome, Plugins};
use dockertest::name::Kind;
use dockertest::run::Runner;
use dockertest::verdict::Verdict;
use rstest::rstest;

fn names(host: &HostProgram) -> Vec<(Kind, String, Vec<String>)> {
    let of = |info: SubtestInfo| (info.kind, info.name.to_string(), info.subsubtests);
    host.list(LIMIT).unwrap().subtests.into_iter().map(of).collect()
}

#[rstest]
#[case::debug("dev")]
#[case::release("release")]
fn a_crate_of_somebody_else_is_a_plugin_in_each_profile(#[case] profile: &str) {
    let host = host(&acme(profile));
    let mut seen = names(&host);
    seen.sort();
    let children = vec!["kept".to_owned(), "ends".to_owned()];
    let expected =
        vec![(Kind::Pretest, "acme_ready".to_owned(), Vec::new()), (Kind::Subtest, "disk_quota".to_owned(), children)];
    assert_eq!(seen, expected);
    let listing = host.list(LIMIT).unwrap();
    assert_eq!(listing.hello.program, "acme-subtests 1.2.3");
    assert_eq!(listing.config[0].file, "disk_quota.ini");
    let quota = listing.subtests.iter().find(|info| info.name.as_str() == "disk_quota").unwrap();
    assert_eq!(quota.faults[0].name, "no_limit");
}

#[test]
fn a_plugin_of_c_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(names(&host(&example_in_c(folder.path()))), [(Kind::Subtest, "hello".to_owned(), Vec::new())]);
}

/// What the header says is what the library has: sizes, places, numbers.
#[test]
fn the_header_is_that_of_the_library() {
    use dockertest::host::plugin::abi::{ABI, Host, Record};
    use dockertest::version::API_VERSION;
    use std::mem::offset_of;

    let checks = [
        ("sizeof(struct dockertest_plugin)", size_of::<Record>()),
        ("offsetof(struct dockertest_plugin, magic)", offset_of!(Record, magic)),
        ("offsetof(struct dockertest_plugin, size)", offset_of!(Record, size)),
        ("offsetof(struct dockertest_plugin, abi)", offset_of!(Record, abi)),
        ("offsetof(struct dockertest_plugin, api_major)", offset_of!(Record, api_major)),
        ("offsetof(struct dockertest_plugin, api_minor)", offset_of!(Record, api_minor)),
        ("offsetof(struct dockertest_plugin, api_patch)", offset_of!(Record, api_patch)),
        ("offsetof(struct dockertest_plugin, program)", offset_of!(Record, program)),
        ("sizeof(struct dockertest_host)", size_of::<Host>()),
        ("offsetof(struct dockertest_host, size)", offset_of!(Host, size)),
        ("offsetof(struct dockertest_host, abi)", offset_of!(Host, abi)),
        ("offsetof(struct dockertest_host, context)", offset_of!(Host, context)),
        ("offsetof(struct dockertest_host, write)", offset_of!(Host, write)),
        ("offsetof(struct dockertest_host, read)", offset_of!(Host, read)),
        ("DOCKERTEST_ABI", ABI as usize),
        ("DOCKERTEST_API_MAJOR", usize::from(API_VERSION.major)),
        ("DOCKERTEST_API_MINOR", usize::from(API_VERSION.minor)),
        ("DOCKERTEST_API_PATCH", usize::from(API_VERSION.revision)),
        ("sizeof(DOCKERTEST_MAGIC)", dockertest::host::plugin::abi::MAGIC.len()),
    ];
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("check.c");
    let asserts: String =
        checks.iter().map(|(of, number)| format!("_Static_assert({of} == {number}, \"{of}\");\n")).collect();
    std::fs::write(&source, format!("#include <stddef.h>\n#include \"dockertest.h\"\n{asserts}")).unwrap();
    compile(&source, &["-Wall", "-Wextra", "-Wpedantic", "-Werror"], &folder.path().join("check.so"));
    // Also for C++.
    let cpp = folder.path().join("check.cc");
    std::fs::write(&cpp, "#include \"dockertest.h\"\n").unwrap();
    let include = package().join("../../include");
    let status = Command::new("cc").args(["-xc++", "-fsyntax-only", "-Werror", "-I"]).arg(include).arg(&cpp).status();
    assert!(status.is_ok_and(|status| status.success()) || !has_cpp(), "the header is none for C++");
}

fn has_cpp() -> bool {
    Command::new("cc")
        .arg("-print-prog-name=cc1plus")
        .output()
        .is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_absolute())
}

fn run(plugin: &Path, set: &[&str]) -> Vec<Seen> {
    common::run(loader(), plugin, set)
}

#[test]
fn its_subtests_run_with_its_defaults_and_its_files() {
    let expected = [
        ("acme_ready", Verdict::Good),
        ("disk_quota", Verdict::Good),
        ("  kept", Verdict::Good),
        ("  ends", Verdict::Good),
    ];
    assert_eq!(verdicts(&run(&acme("dev"), &[])), expected);
}

#[test]
fn the_user_overrides_its_defaults() {
    let seen = run(&acme("dev"), &["disk_quota.limit_mb=100"]);
    assert_eq!(seen[2].1, Verdict::Fail, "{seen:?}");
    assert!(seen[2].2.contains("the limit is below 100 MB"), "{seen:?}");
}

#[test]
fn a_panic_is_an_error_and_an_abort_costs_one_step() {
    let seen = run(&acme("dev"), &["disk_quota/ends.how=panic"]);
    assert_eq!(seen[3].1, Verdict::Error, "{seen:?}");
    assert!(seen[3].2.contains("as it was told"), "{seen:?}");
    let seen = run(&acme("release"), &["disk_quota/ends.how=abort"]);
    assert_eq!(verdicts(&seen)[..2], [("acme_ready", Verdict::Good), ("disk_quota", Verdict::Abort)], "{seen:?}");
}

#[test]
fn it_is_stopped_when_its_time_is_over() {
    let seen = run(&acme("dev"), &["disk_quota/ends.how=wait", "disk_quota.step_timeout=1"]);
    assert_eq!(verdicts(&seen)[1], ("disk_quota", Verdict::Abort), "{seen:?}");
    assert!(seen[1].2.contains("did not end within 1 s"), "{seen:?}");
}

#[test]
fn a_plugin_of_c_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let seen = run(&example_in_c(folder.path()), &[]);
    assert_eq!(verdicts(&seen), [("hello", Verdict::Good)], "{seen:?}");
}

#[test]
fn one_that_cannot_be_loaded_any_more_costs_its_step() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = example_in_c(folder.path());
    let runner = Runner::builder()
        .plugins(Plugins::new(loader()).named(&plugin, "--plugin"))
        .results(folder.path().join("results"))
        .state(folder.path().join("state"))
        .without_engine()
        .build()
        .unwrap();
    std::fs::write(&plugin, "").unwrap();
    let outcome = runner.run(&CancelToken::new().unwrap()).unwrap();
    let ending = outcome.steps[0].ending.clone().unwrap();
    let expected = format!("the plug-in `{}`: it is empty", plugin.display());
    assert_eq!((ending.verdict, ending.reason), (Verdict::Error, expected));
}

/// The rules that are broken, and how many could not be tried.
fn checked(check: &HostCheck) -> (Vec<String>, usize) {
    let report = check.run().unwrap();
    let broken = report.broken().map(|finding| format!("{finding:?}")).collect();
    (broken, report.findings.iter().filter(|finding| matches!(finding.outcome, Outcome::NotTried { .. })).count())
}

#[test]
fn a_plugin_of_c_keeps_the_protocol() {
    let folder = tempfile::tempdir().unwrap();
    // It has ended before it can be stopped, which are the two rules that are not tried.
    assert_eq!(checked(&HostCheck::new(host(&example_in_c(folder.path())))), (Vec::new(), 2));
}

#[test]
fn a_plugin_of_rust_keeps_the_protocol_also_when_it_is_stopped() {
    let check = HostCheck::new(host(&acme("dev"))).subtest("disk_quota".parse().unwrap());
    let check = check.layers(Layers::new().set("disk_quota/ends.how=take_a_second"));
    assert_eq!(checked(&check), (Vec::new(), 0));
}
