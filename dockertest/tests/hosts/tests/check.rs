//! Each rule of the protocol is seen to hold, and to be broken.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use dockertest::host::{HostCheck, HostProgram, HostReport, Outcome};
use rstest::rstest;

fn check(how: &str) -> HostReport {
    let mut program = HostProgram::new(env!("CARGO_BIN_EXE_misbehave"));
    program.arguments.push(how.into());
    HostCheck::new(program).limit(Duration::from_secs(2)).grace(Duration::from_secs(1)).run().unwrap()
}

fn rules(report: &HostReport, is: fn(&Outcome) -> bool) -> Vec<&'static str> {
    report.findings.iter().filter(|finding| is(&finding.outcome)).map(|finding| finding.rule).collect()
}

fn broken(report: &HostReport) -> String {
    rules(report, |outcome| matches!(outcome, Outcome::Broken { .. })).join(" ")
}

fn not_tried(report: &HostReport) -> String {
    rules(report, |outcome| matches!(outcome, Outcome::NotTried { .. })).join(" ")
}

#[test]
fn a_good_host_keeps_all_rules() {
    let report = check("only_slow");
    assert_eq!((broken(&report).as_str(), not_tried(&report).as_str()), ("", ""), "{report}");
    assert!(report.holds() && report.to_string().ends_with("\n27 rules: 27 hold, 0 broken, 0 not tried"), "{report}");
    let report = check("well");
    assert_eq!((broken(&report).as_str(), not_tried(&report).as_str()), ("", "cancel end-of-input"), "{report}");
    assert_eq!(report.program.as_deref(), Some("misbehave 1"));
}

#[rstest]
#[case("abort", "list-complete list-exit")]
#[case("hang", "list-complete list-exit")]
#[case("complaint", "no-complaint")]
#[case("twice", "no-duplicates")]
#[case("child_twice", "no-duplicates")]
#[case("child_above", "names")]
#[case("garbage", "only-messages list-count")]
#[case("short", "list-count")]
#[case("half", "list-complete list-exit")]
#[case("config", "config")]
#[case("exit_3", "list-exit")]
#[case("phase", "list-messages")]
#[case("talks_on", "list-complete only-messages")]
fn a_bad_list_breaks_its_rules(#[case] how: &str, #[case] expected: &str) {
    let report = check(how);
    let (found, mut expected): (Vec<_>, Vec<_>) =
        (rules(&report, |outcome| matches!(outcome, Outcome::Broken { .. })), expected.split(' ').collect());
    let position = |rule: &&str| report.findings.iter().position(|finding| finding.rule == *rule);
    expected.sort_by_key(position);
    assert_eq!(found, expected, "{report}");
}

#[rstest]
#[case("exit_0", "run-ended")]
#[case("abort", "run-ended")]
#[case("wrong_protocol", "protocol-number")]
#[case("wrong_api", "api-version")]
#[case("no_hello", "run-hello")]
#[case("two_verdicts", "run-ended")]
#[case("talks_after_verdict", "run-ended")]
#[case("verdict_then_exit_3", "run-exit")]
#[case("verdict_then_hang", "run-exit")]
#[case("garbage", "only-messages")]
#[case("invalid_utf8", "only-messages")]
#[case("nul_bytes", "only-messages")]
#[case("half_a_line", "only-messages")]
#[case("endless_line", "line-length")]
#[case("child_in_group", "leaves-nothing")]
#[case("daemon_then_good", "leaves-nothing")]
#[case("hang_hard", "cancel")]
#[case("hang_hard", "end-of-input")]
#[case("hang_in_cleanup", "cleanup")]
#[case("many_phases", "cleanup")]
#[case("never_reads", "waits")]
#[case("never_reads", "end-before-request")]
#[case("flood_subsubtests", "run-messages")]
fn a_bad_run_breaks_its_rule(#[case] kind: &str, #[case] rule: &str) {
    let report = check(&format!("only_{kind}"));
    assert!(report.broken().any(|finding| finding.rule == rule), "{report}");
}

#[test]
fn a_program_that_cannot_be_started_is_told() {
    let report = HostCheck::new(HostProgram::new("/no/such/host")).run().unwrap();
    assert_eq!(broken(&report), "starts");
    assert_eq!(not_tried(&report).split(' ').count(), report.findings.len() - 1);
}
