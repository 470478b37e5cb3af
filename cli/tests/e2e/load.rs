//! Reports of other programs, taken into the repository of runs.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use dockertest::report::subunit::{Packet, Status, Timestamp};

use crate::support::{Done, Place};

/// A report of pytest; `bad` fails if it is to.
fn pytest(hour: u32, bad: bool) -> String {
    let bad = if bad { "<failure message='1 is not 2'>assert 1 == 2</failure>" } else { "" };
    format!(
        "<testsuites name='pytest tests'><testsuite name='pytest' timestamp='2026-01-02T{hour:02}:00:00+00:00'>\
         <testcase classname='tests.test_x.TestY' name='test_z[param 1]' time='0.25'>{bad}</testcase>\
         <testcase classname='tests.test_x' name='test_ü' time='1.5'/>\
         <testcase classname='tests.test_x' name='test_off'><skipped message='not here'/></testcase>\
         </testsuite></testsuites>"
    )
}

fn json(done: &Done) -> serde_json::Value {
    serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:?}"))
}

#[test]
fn a_report_of_all_tests_forgets_those_that_are_gone() {
    let place = Place::new();
    place.write("one.xml", pytest(1, true));
    place.run(&["load", "one.xml"]).expect(1);
    place.write("two.xml", pytest(2, false).replace("test_z[param 1]", "test_renamed"));
    place.run(&["load", "two.xml"]).expect(0);
    place.run(&["failing"]).expect(1);
    let refused = place.run(&["load", "two.xml", "--complete", "--partial"]).expect(2);
    assert!(refused.stderr.contains("cannot be used with"), "{refused:?}");
    place.run(&["load", "two.xml", "--complete"]).expect(0);
    assert_eq!(place.run(&["failing", "--list"]).expect(0).stdout, "");
    assert_eq!(place.run(&["runs"]).expect(0).stdout.lines().count(), 2);
    place.run(&["history", "tests.test_x.TestY::test_z[param 1]"]).expect(0);
}

#[test]
fn every_command_tells_of_a_run_of_pytest() {
    let place = Place::new();
    place.write("one.xml", pytest(1, true));
    let done = place.run(&["load", "one.xml"]).expect(1);
    assert!(done.stdout.contains("FAIL    tests.test_x.TestY::test_z[param 1]: 1 is not 2"), "{}", done.stdout);
    assert!(done.stdout.contains("1 GOOD, 1 TEST_NA, 1 FAIL; loaded from one.xml (pytest)"), "{}", done.stdout);
    assert!(!done.stdout.contains("dockertest r"), "what cannot be run here is not offered: {}", done.stdout);
    assert_eq!(place.run(&["last"]).expect(1).stdout, done.stdout);

    let failing = place.run(&["failing"]).expect(1).stdout;
    assert!(failing.starts_with("FAIL  tests.test_x.TestY::test_z[param 1]  loaded  2026"), "{failing}");
    assert_eq!(place.run(&["failing", "--list"]).expect(1).stdout, "tests.test_x.TestY::test_z[param 1]\n");
    assert_eq!(json(&place.run(&["failing", "--json"]).expect(1))[0]["foreign"], true);

    place.write("two.xml", pytest(2, false));
    place.run(&["load", "two.xml"]).expect(0);
    assert_eq!(place.run(&["failing"]).expect(0).stdout, "");
    let history = place.run(&["history", "tests.test_x.TestY::test_z[param 1]"]).expect(0).stdout;
    let verdicts: Vec<&str> = history.lines().map(|line| line.split_whitespace().nth(2).unwrap()).collect();
    assert_eq!(verdicts, ["FAIL", "GOOD"], "{history}");
    assert!(history.lines().all(|line| line.contains(" s  pytest  2026")), "{history}");
    assert_eq!(place.run(&["history", "tests.test_x::test_ü"]).expect(0).stdout.lines().count(), 2);
    let slowest = place.run(&["slowest"]).expect(0).stdout;
    let rows: Vec<String> = slowest.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(rows[1..], ["1.500 1.500 tests.test_x::test_ü", "0.250 0.250 tests.test_x.TestY::test_z[param 1]"]);
    let stats = place.run(&["stats"]).expect(0).stdout;
    assert!(stats.contains("2 (2 complete, 1 of these passed)") && stats.contains("2 of the runs"), "{stats}");
    assert!(stats.contains("tests.test_x.TestY::test_z[param 1]: changed 1 time in 2 runs"), "{stats}");
    let runs = place.run(&["runs"]).expect(0).stdout;
    let lines: Vec<&str> = runs.lines().collect();
    assert!(lines.len() == 2 && lines[0].contains("  pytest  loaded from one.xml (pytest)"), "{runs}");
    assert!(lines[1].contains("2026-01-02 02:00:00  TEST_NA  3/3 steps"), "{runs}");
    let report = place.run(&["report", "--run", "20260102t01", "--format", "tap"]).expect(0).stdout;
    assert!(report.contains("not ok 1 - tests.test_x.TestY::test_z[param 1]\n"), "{report}");
    place.run(&["report", "--run", "2025"]).expect(2);
    let last = json(&place.run(&["last", "--json"]).expect(0));
    assert_eq!(
        (&last["loaded"]["tool"], &last["steps"][0]["foreign"]),
        (&"pytest".into(), &"tests.test_x.TestY::test_z[param 1]".into())
    );
}

#[test]
fn old_journals_go_as_after_a_run() {
    let place = Place::new();
    place.write("config_custom/keep.ini", "[Control]\nkeep_journals = 1\n");
    place.write("new.xml", pytest(2, false));
    place.write("old.xml", pytest(1, true));
    place.run(&["load", "new.xml"]).expect(0);
    let kept = || json(&place.run(&["stats", "--json"]).expect(0))["journals"]["count"].clone();
    assert_eq!(kept(), 1);
    // It is older than the other one, so it is shown, counts, and is not kept.
    let done = place.run(&["load", "old.xml"]).expect(1);
    assert!(done.stdout.contains("test_z[param 1]: 1 is not 2"), "{done:?}");
    let runs = json(&place.run(&["runs", "--json"]).expect(0));
    let have: Vec<_> = runs.as_array().unwrap().iter().map(|run| run["has_journal"].as_bool().unwrap()).collect();
    assert_eq!((kept(), have), (1.into(), vec![false, true]));
    let stats = place.run(&["stats"]).expect(0).stdout;
    assert!(stats.contains("changed 1 time in 2 runs"), "{stats}");
}

#[test]
fn what_is_no_report_changes_nothing() {
    let place = Place::new();
    place.write("good.xml", pytest(1, false));
    place.write("cut.xml", &pytest(2, true)[..300]);
    place.write("page.html", "<!DOCTYPE html>\n<html></html>\n");
    place.write("old.subunit", "test: a\nsuccess: a\n");
    let refused = |arguments: &[&str], told: &str| {
        let done = place.run(arguments).expect(2);
        assert!(done.stderr.contains(told) && done.stdout.is_empty(), "{done:?}");
    };
    refused(&["load", "good.xml", "cut.xml"], "error: cut.xml:1:");
    refused(&["load", "page.html"], "error: page.html:1:1: a report has no document type");
    refused(&["load", "old.subunit"], "`subunit-1to2 < FILE` makes version 2 of it");
    refused(&["load", "none.xml"], "cannot read the report `none.xml`");
    refused(&["load", "good.xml", "-", "-"], "can be read once only");
    refused(&["load", "--form", "tap", "good.xml"], "expected junit or subunit");
    refused(&["load"], "<FILE>");
    assert!(!place.path(".dockertest").exists(), "nothing was taken in");
    place.run(&["load", "good.xml"]).expect(0);
    refused(&["load", "cut.xml"], "error: cut.xml:1:");
    assert_eq!(place.run(&["runs"]).expect(0).stdout.lines().count(), 1);
}

#[test]
fn the_same_reports_make_the_same_run() {
    let place = Place::new();
    place.write("one.xml", pytest(1, false));
    place.run(&["load", "one.xml"]).expect(0);
    let again = place.run(&["load", "one.xml"]).expect(0);
    assert!(again.stderr.contains("these reports were loaded before, as run 20260102t010000-"), "{}", again.stderr);
    assert_eq!(place.run(&["runs"]).expect(0).stdout.lines().count(), 1);
}

#[test]
fn loads_at_the_same_time_share_a_repository_that_none_has_made() {
    let place = Place::new();
    let begin = |number: u32| {
        place.write(&format!("{number}.xml"), pytest(number / 2, number < 2));
        let file = format!("{number}.xml");
        place.command(&["load", &file]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let begun: Vec<_> = (0..8).map(begin).collect();
    for (number, child) in begun.into_iter().enumerate() {
        Done::from(child.wait_with_output().unwrap()).expect(i32::from(number < 2));
    }
    let runs = json(&place.run(&["runs", "--json"]).expect(0));
    // Two and two of them were the same report.
    assert_eq!(runs.as_array().unwrap().len(), 4, "{runs}");
    fs::remove_file(place.path(".dockertest/index-1")).unwrap();
    assert_eq!(json(&place.run(&["runs", "--json"]).expect(0)), runs, "the journals tell the same");
    assert_eq!(fs::read_dir(place.path(".dockertest/runs")).unwrap().count(), 4, "nothing else is left");
}

fn stream(tests: &[(&str, Status)]) -> Vec<u8> {
    let packet = |(second, (name, status)): (u32, &(&str, Status))| {
        let time = Some(Timestamp { seconds: 1_700_000_000 + second, nanoseconds: 0 });
        Packet { time, status: *status, ..Packet::of_test(*name) }.encode().unwrap()
    };
    (0..).zip(tests).flat_map(packet).collect()
}

#[test]
fn parts_of_a_suite_change_only_what_they_tell_of() {
    let place = Place::new();
    let load = |arguments: &[&str], stream: &[u8]| {
        let mut command = place.command(&[&["load", "-"], arguments].concat());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stream).unwrap();
        Done::from(child.wait_with_output().unwrap())
    };
    let failing = || place.run(&["failing", "--list"]).stdout.lines().map(str::to_owned).collect::<Vec<_>>();
    use Status::{Fail, InProgress, Success};
    load(&[], &stream(&[("t.a", Fail), ("t.b", Fail), ("t.c", InProgress)])).expect(1);
    assert_eq!(failing(), ["t.a", "t.b", "t.c"]);
    // A second later than the first stream, some of it.
    let part = stream(&[("x", Success), ("x", Success), ("x", Success), ("x", Success), ("t.b", Success)]);
    load(&[], &part).expect(0);
    assert_eq!(failing(), ["t.a", "t.c"]);
    let mut cut =
        stream(&[("x", Success), ("x", Success), ("x", Success), ("x", Success), ("x", Success), ("t.a", Success)]);
    cut.extend(&stream(&[("t.c", Success)])[..9]);
    let refused = load(&[], &cut).expect(2);
    assert!(refused.stderr.contains("standard input: byte ") && refused.stderr.contains("`--partial`"), "{refused:?}");
    assert_eq!(failing(), ["t.a", "t.c"]);
    let partial = load(&["--partial"], &cut).expect(1);
    assert!(partial.stdout.contains("interrupted: byte "), "{partial:?}");
    assert_eq!(failing(), ["t.c"]);
    // The process that ran them ended badly: that is nobody's failure, but no pass either.
    let ended = load(&[], &stream(&[("t.a", Success), ("process-returncode", Fail)])).expect(1);
    assert!(ended.stdout.contains("process-returncode"), "{ended:?}");
    assert_eq!(failing(), ["t.c"]);
}

#[test]
fn what_fails_elsewhere_and_is_ours_can_be_run_again_here() {
    let there = Place::new();
    let arguments = ["run", "--args=example,subexample", "--set", "example.iterations=none"];
    there.run(&[&arguments[..], &["--report", "junit=j.xml", "--report", "subunit=s"]].concat()).expect(1);
    for report in ["j.xml", "s"] {
        let here = Place::new();
        here.write("report", fs::read(there.path(report)).unwrap());
        here.write("other.xml", pytest(1, true));
        let loaded = here.run(&["load", "report"]).expect(1);
        assert!(loaded.stdout.contains("dockertest run --args=example"), "{}", loaded.stdout);
        here.run(&["load", "other.xml"]).expect(1);
        let names = here.run(&["failing", "--list"]).expect(1).stdout;
        assert_eq!(names, "example\ntests.test_x.TestY::test_z[param 1]\n", "{report}");
        let again = here.run(&["run", "--failing"]).expect(0);
        assert!(
            again.stderr.contains("a test of other programs, whose runs were loaded, cannot be run here"),
            "{again:?}"
        );
        assert!(again.stdout.contains("1 step in"), "{}", again.stdout);
        assert_eq!(
            here.run(&["failing", "--list"]).expect(1).stdout,
            "tests.test_x.TestY::test_z[param 1]\n",
            "{report}"
        );
        assert!(here.run(&["run", "--failing"]).expect(0).stderr.contains("nothing of this fails, so nothing is run"));
    }
}
