//! Commands in the background, with a shell in the engine's place.

use rstest::rstest;

use super::*;
use crate::subtest::testing::{context, request, section};
use crate::verdict::Verdict;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(100);

/// A context whose engine is a shell, and its folder.
fn shell() -> (crate::subtest::Context, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut request = request("probe", folder.path());
    request.section = section("probe", &[("docker_path", "/bin/sh"), ("wait_ready", "60"), ("docker_timeout", "60")]);
    (context(request), folder)
}

/// A script in the background.
fn script(script: &str) -> (Running, tempfile::TempDir) {
    let (ctx, folder) = shell();
    (ctx.docker(["-c", script]).spawn().unwrap(), folder)
}

#[rstest]
#[case::stdout("echo one; echo two 2; exec sleep 1000", "^two \\d$", "two 2")]
#[case::stderr("echo oops >&2; exec sleep 1000", "o+ps", "oops")]
#[case::later("sleep 0.2; echo late; exec sleep 1000", "late", "late")]
#[case::ended("echo first; echo last", "last", "last")]
#[case::no_line_end("printf end", "end", "end")]
#[case::terminal_line("printf 'a\\r\\n'; exec sleep 1000", "^a$", "a")]
fn a_line_is_waited_for(#[case] text: &str, #[case] pattern: &str, #[case] line: &str) {
    let (mut running, _folder) = script(text);
    assert_eq!(running.wait_for(pattern, LONG).unwrap(), line);
}

#[rstest]
#[case::not_printed("echo one; exec sleep 1000", SHORT, "did not print a line that matches `two` within 0.1 s")]
#[case::not_complete("printf two; exec sleep 1000", SHORT, "did not print a line that matches `two` within 0.1 s")]
#[case::ended("echo one; exit 3", LONG, "ended without a line that matches `two`")]
fn a_line_that_does_not_come_is_a_failure(#[case] text: &str, #[case] limit: Duration, #[case] reason: &str) {
    let (mut running, _folder) = script(text);
    let failure = running.wait_for("two", limit).unwrap_err();
    assert_eq!(failure.verdict(), Verdict::Fail);
    assert!(failure.reason().ends_with(reason), "{failure}");
    let evidence = failure.evidence().unwrap();
    assert!(evidence.command.as_deref().unwrap().starts_with("/bin/sh -c"), "{evidence:?}");
    assert!(evidence.expected.as_deref().unwrap().contains("`two`"), "{evidence:?}");
}

#[test]
fn a_pattern_that_is_none_is_our_fault() {
    let (mut running, _folder) = script("exec sleep 1000");
    assert_eq!(running.wait_for("(", LONG).unwrap_err().verdict(), Verdict::Error);
}

#[test]
fn only_what_is_new_counts_after_a_mark() {
    let (mut running, _folder) = script("echo same; printf 'half '; read word; echo and $word; read word");
    running.wait_for("same", LONG).unwrap();
    let mark = running.mark();
    assert_eq!(running.new_lines(&mark).unwrap(), Vec::<String>::new());
    running.write_stdin(b"half\n").unwrap();
    assert_eq!(running.wait_for_new(&mark, "half", LONG).unwrap(), "half and half");
    assert!(running.wait_for_new(&mark, "same", SHORT).is_err());
    assert_eq!(running.new_lines(&mark).unwrap(), ["half and half"]);
    assert_eq!(running.stdout_so_far(), "same\nhalf and half\n");
}

/// `cargo xtask torture` sets more.
#[test]
fn torture_a_line_far_behind_in_a_long_output_is_found_in_little_memory() {
    let megabytes: u64 = std::env::var("DOCKERTEST_TORTURE_MEGABYTES").map_or(50, |text| text.parse().unwrap());
    let text = format!("yes $(printf '%099d' 7) | head -c {megabytes}000000; echo READY; exec sleep 1000");
    let (mut running, folder) = script(&text);
    running.wait_ready().unwrap();
    let mark = running.mark();
    assert_eq!(running.new_lines(&mark).unwrap(), Vec::<String>::new());
    assert!(running.stdout_so_far().len() <= 16 << 20);
    let kept = std::fs::metadata(folder.path().join("output/command-1-stdout")).unwrap().len();
    assert_eq!(kept, megabytes * 1_000_000 + 6);
}

#[test]
fn the_end_is_waited_for() {
    let (running, _folder) = script("cat; exit 5");
    let seen = running.wait(LONG).unwrap();
    assert_eq!(seen.status.code(), Some(5), "standard input has ended");
    assert!(seen.must_fail(5).is_ok());
}

#[test]
fn an_end_that_does_not_come_is_a_failure_and_nothing_is_left() {
    let (running, _folder) = script("trap '' TERM; echo here; while :; do sleep 1000; done");
    let pid = running.pid();
    let failure = running.wait(SHORT).unwrap_err();
    assert_eq!(failure.verdict(), Verdict::Fail);
    assert!(failure.reason().ends_with("did not end within 0.1 s"), "{failure}");
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn a_signal_arrives() {
    let (mut running, _folder) = script("trap 'echo got it' USR1; echo READY; while :; do sleep 0.01; done");
    running.wait_ready().unwrap();
    running.signal(Signal::SIGUSR1).unwrap();
    running.wait_for("^got it$", LONG).unwrap();
    assert!(running.is_running());
    running.signal(Signal::SIGTERM).unwrap();
    assert_eq!(running.wait(LONG).unwrap().ended(), "was killed by SIGTERM");
}

#[test]
fn who_has_ended_gets_no_signal() {
    let (mut running, _folder) = script("echo over");
    assert!(running.wait_for("never", LONG).is_err());
    let failure = running.signal(Signal::SIGTERM).unwrap_err();
    assert_eq!(failure.verdict(), Verdict::Fail);
    assert!(failure.reason().ends_with("has ended"), "{failure}");
    assert!(!running.is_running());
    assert_eq!(running.write_stdin(b"x").unwrap_err().verdict(), Verdict::Fail);
}

#[test]
fn a_wish_to_stop_ends_every_wait() {
    let (ctx, _folder) = shell();
    let mut running = ctx.docker(["-c", "exec sleep 1000"]).spawn().unwrap();
    ctx.shared().cancel.cancel("enough");
    assert_eq!(running.wait_for("x", LONG).unwrap_err().verdict(), Verdict::Abort);
    assert_eq!(running.write_stdin(&vec![0; 1 << 21]).unwrap_err().verdict(), Verdict::Abort);
    assert_eq!(running.wait(LONG).unwrap_err().verdict(), Verdict::Abort);
}

#[test]
fn what_runs_at_the_end_is_killed_with_it_but_not_its_siblings() {
    let (ctx, _folder) = shell();
    let child = ctx.child("one");
    let mut of_step = ctx.docker(["-c", "exec sleep 1000"]).spawn().unwrap();
    let mut of_child = child.docker(["-c", "exec sleep 1000"]).spawn().unwrap();
    ctx.shared().background.end(Some("one"));
    assert!(of_step.is_running() && !of_child.is_running());
    ctx.shared().background.end(None);
    assert!(!of_step.is_running());
    assert_eq!(of_child.signal(Signal::SIGTERM).unwrap_err().verdict(), Verdict::Fail);
}

#[test]
fn variables_are_typed_and_given() {
    let (ctx, _folder) = shell();
    let command = ctx.docker(["-c", "echo $GREETING"]).variable("GREETING", "good day");
    assert_eq!(command.typed(), "GREETING='good day' /bin/sh -c 'echo $GREETING'");
    assert_eq!(command.run().unwrap().stdout_text(), "good day\n");
}

#[test]
fn the_time_is_accounted_for() {
    let (ctx, _folder) = shell();
    ctx.docker(["-c", "sleep 0.2"]).must_pass().unwrap();
    let running = ctx.docker(["-c", "sleep 0.3"]).spawn().unwrap();
    running.wait(LONG).unwrap();
    let figures = ctx.shared().spent.figures().unwrap();
    let figure = |name: &str| figures[name].parse::<f64>().unwrap();
    assert!(figure("time_engine") >= 0.2 && figure("time_waiting") >= 0.25, "{figures:?}");
    assert_eq!(figures["engine_commands"], "2");
}
