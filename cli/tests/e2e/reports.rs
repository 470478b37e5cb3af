//! Reports for other tools: written live and made later, and read by those tools.

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
