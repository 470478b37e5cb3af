//! Reports for other tools: written live and made later, and read by those tools.

use std::process::Command;

use crate::support::Place;

/// A run of subtests that need no engine, with these reports; one of its steps fails.
fn run(place: &Place, reports: &[&str]) -> i32 {
    let mut arguments = vec![
        "run",
        "--args=example,subexample",
        "--set",
        "example.iterations=none",
        "--set",
        "example.greeting=good day",
    ];
    for report in reports {
        arguments.extend(["--report", report]);
    }
    let done = place.run(&arguments);
    assert!(done.stderr.is_empty(), "{}", done.stderr);
    done.status
}

#[test]
fn a_report_that_is_written_live_has_the_bytes_of_one_made_later() {
    let place = Place::new();
    let status = run(
        &place,
        &["junit=j.xml", "tap=t.tap", "jsonl=l.jsonl", "json=r.json", "console=c.txt", "status=s", "html=h.html"],
    );
    assert_eq!(status, 1);
    let files = [("junit", "j.xml"), ("tap", "t.tap"), ("jsonl", "l.jsonl"), ("json", "r.json"), ("console", "c.txt")];
    for (format, file) in files.into_iter().chain([("status", "s"), ("html", "h.html")]) {
        let later = place.run(&["report", "--format", format]).expect(0);
        assert_eq!(later.stdout, place.read(file), "{format}");
    }
    let lines: Vec<serde_json::Value> =
        place.read("l.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0]["engine"]["facts"]["client-path"].is_string(), "{}", lines[0]);
    assert_eq!((&lines[1]["name"], &lines[1]["verdict"]), (&"example".into(), &"ERROR".into()));
}

#[test]
fn a_report_that_cannot_be_is_refused_before_anything_has_run() {
    let place = Place::new();
    let refused = |report: &str| place.run(&["run", "--args=example", "--report", report]).expect(2).stderr;
    assert!(refused("junut=x").contains("did you mean `junit`?"));
    assert!(refused("junit").contains("expected FORMAT=FILE, for example junit=report.xml"));
    assert!(refused("junit=").contains("expected FORMAT=FILE"));
    assert!(refused("tap=no/such/folder").contains("cannot write the report `no/such/folder`"));
    assert!(!place.path("results/default/journal.jsonl").exists());
}

/// `prove` reads version 13, in which all of a report but its first line is valid, too: so says version 14.
#[test]
fn prove_reads_the_tap() {
    if !test_needs::program("prove") {
        return;
    }
    let place = Place::new();
    run(&place, &["tap=t.tap"]);
    let older = place.read("t.tap").replacen("TAP version 14", "TAP version 13", 1);
    place.write("older.tap", older);
    let proved = Command::new("prove").args(["--exec", "cat"]).arg(place.path("older.tap")).output().unwrap();
    let said = String::from_utf8_lossy(&proved.stdout).into_owned() + &String::from_utf8_lossy(&proved.stderr);
    assert!(said.contains("Failed test:  1"), "{said}");
    assert!(said.contains("Tests: 2 Failed: 1)") && !said.contains("Parse errors"), "{said}");
}

#[test]
fn junitparser_reads_the_junit_xml() {
    let Some(python) = test_needs::has_module("junitparser", "python3-junitparser") else { return };
    let place = Place::new();
    run(&place, &["junit=j.xml"]);
    let script = "import sys, junitparser\n\
                  for suite in junitparser.JUnitXml.fromfile(sys.argv[1]):\n\
                  \x20   for case in suite:\n\
                  \x20       print(suite.name, case.classname, case.name, [type(one).__name__ for one in case.result])\n";
    let read = Command::new(python).args(["-c", script]).arg(place.path("j.xml")).output().unwrap();
    let said = String::from_utf8(read.stdout).unwrap();
    assert!(said.starts_with("example example example ['Error']\n"), "{said}{}", String::from_utf8_lossy(&read.stderr));
    assert_eq!(said.lines().filter(|line| line.starts_with("subexample subexample ")).count(), 2, "{said}");
}
