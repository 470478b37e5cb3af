//! Every way in which a host can end or misbehave has a verdict and a text, and leaves nothing behind.

#![allow(clippy::unwrap_used)]

mod common;

use common::Bench;
use dockertest::host::StepEnd;
use dockertest::host::protocol::HostMessage;
use dockertest::outcome::Level;
use dockertest::verdict::Verdict;
use rstest::rstest;

#[rstest]
fn each_end_has_a_verdict_and_a_text(
    #[values(
        "pass",
        "fail",
        "error",
        "panic",
        "abort",
        "abort_in_cleanup",
        "exit_0",
        "exit_3",
        "segfault",
        "sigkill",
        "close_stdout",
        "garbage",
        "nul_bytes",
        "invalid_utf8",
        "half_a_line",
        "endless_line",
        "no_hello",
        "wrong_protocol",
        "wrong_api",
        "two_verdicts",
        "talks_after_verdict",
        "verdict_then_exit_3",
        "verdict_then_hang",
        "child_holds_pipes",
        "child_in_group",
        "daemon_holds_pipes",
        "daemon_then_good",
        "daemon_then_abort"
    )]
    kind: &str,
) {
    let mut bench = Bench::new();
    let outcome = bench.run(kind);
    let text = if kind == "endless_line" { shortened(&bench.show(&outcome)) } else { bench.show(&outcome) };
    insta::assert_snapshot!(kind, text);
}

#[rstest]
fn each_end_at_the_time_limit_has_a_text(
    #[values(
        "hang",
        "hang_hard",
        "hang_in_cleanup",
        "good_when_cancelled",
        "crash_when_cancelled",
        "daemon_then_hang",
        "fifty_children",
        "closes_stdin"
    )]
    kind: &str,
) {
    let mut bench = Bench::new().hasty();
    let outcome = bench.run(kind);
    insta::assert_snapshot!(format!("limit_{kind}"), bench.show(&outcome));
}

#[rstest]
fn each_end_by_a_cancellation_has_a_text(
    #[values("hang", "hang_hard", "good_when_cancelled", "fail_when_cancelled")] kind: &str,
) {
    let mut bench = Bench::new();
    bench.cleanup_limit = std::time::Duration::from_millis(500);
    let cancel = bench.cancel.clone();
    bench.on_message = Box::new(move |message| {
        if matches!(message, HostMessage::Phase { .. }) && !cancel.is_cancelled() {
            cancel.signalled(2);
        }
    });
    let outcome = bench.run(kind);
    insta::assert_snapshot!(format!("cancel_{kind}"), bench.show(&outcome));
}

#[test]
fn processes_that_come_and_go_are_caught() {
    for _ in 0..10 {
        let text = Bench::new().run_and_show("chain_then_abort");
        assert!(text.contains("the host left processes behind, which were killed: "), "{text}");
    }
}

#[test]
fn an_urgent_cancellation_kills_at_once_and_leaves_the_clean_up() {
    let mut bench = Bench::new();
    let cancel = bench.cancel.clone();
    bench.on_message = Box::new(move |_| cancel.cancel_now("SIGINT twice"));
    let outcome = bench.run("daemon_then_hang");
    assert_eq!(bench.show(&outcome), "ABORT [run_once]: interrupted at once (SIGINT twice), in run_once");
    assert!(outcome.elapsed < bench.cleanup_limit);
}

#[test]
fn a_host_that_never_reads_its_large_request_is_stopped() {
    let mut bench = Bench::new().hasty();
    bench.set("large", &"x".repeat(500_000));
    let outcome = bench.run("never_reads");
    insta::assert_snapshot!("limit_never_reads", bench.show(&outcome));
}

#[test]
fn a_request_that_no_host_would_accept_is_not_sent() {
    let mut bench = Bench::new();
    bench.set("large", &"x".repeat(1 << 20));
    let StepEnd::Ended(ending) = bench.run("pass").end else { panic!() };
    assert_eq!(ending.verdict, Verdict::Error);
    assert!(ending.reason.ends_with("that a host accepts; its sections are too large"), "{}", ending.reason);
}

#[rstest]
#[case("flood_stdout", "flood_stdout.DEBUG")]
#[case("flood_stderr", "stderr")]
fn a_flood_is_capped_in_its_file(#[case] kind: &str, #[case] file: &str) {
    let mut bench = Bench::new();
    let outcome = bench.run(kind);
    insta::assert_snapshot!(kind, bench.show(&outcome));
    let bytes = std::fs::metadata(bench.folder.path().join("debug").join(file)).unwrap().len();
    let cap = 64 << 20;
    assert!((cap..cap + 100).contains(&bytes), "{bytes}");
}

#[test]
fn a_flood_of_log_lines_is_told_in_part() {
    let mut bench = Bench::new();
    let outcome = bench.run("flood_info");
    insta::assert_snapshot!("flood_info", bench.show(&outcome));
    let told = outcome.messages.into_iter().map(|message| match message {
        HostMessage::Log { level: Level::Info, text, .. } => text.len(),
        _ => 0,
    });
    assert!((7 << 20..=8 << 20).contains(&told.sum::<usize>()));
}

#[rstest]
fn a_flood_of_facts_is_told_in_part(#[values("flood_phases", "flood_keyvals", "flood_subsubtests")] kind: &str) {
    let mut bench = Bench::new();
    let outcome = bench.run(kind);
    insta::assert_snapshot!(kind, bench.show(&outcome).replace(&"x".repeat(160), "xxx"));
    let told: usize = outcome.messages.iter().map(|message| serde_json::to_vec(message).unwrap().len()).sum();
    assert!((2 << 20..9 << 20).contains(&told), "{told}");
}

fn shortened(text: &str) -> String {
    text.replace(&"x".repeat(160), "xxx")
}
