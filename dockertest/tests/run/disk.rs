//! Disks that are full or cannot be written. They need a mount namespace, so only root sees these tests.

use std::path::Path;
use std::process::{Command, Output};

use dockertest::journal::{Event, Record};

use crate::Test;
use crate::support::{Place, processes_of};

pub(crate) const TESTS: &[Test] = &[
    ("disk::a_full_disk_stops_the_run_at_once", a_full_disk_stops_the_run_at_once),
    ("disk::a_read_only_folder_is_told_before_anything_runs", a_read_only_folder_is_told_before_anything_runs),
];

/// Runs the runner with its results on a file system of its own, which is gone with it.
#[track_caller]
fn run_on(place: &Place, mount_options: &str, args: &str) -> Option<Output> {
    if !test_needs::root("can mount a file system") {
        return None;
    }
    let results = place.results();
    let disk = results.parent().unwrap();
    std::fs::create_dir_all(disk).unwrap();
    let script = r#"mount -t tmpfs -o "$1" none "$2" || exit 77; shift 2; "$@"; status=$?; head -n 1 "$3/journal.jsonl"; exit $status"#;
    let program = std::env::current_exe().unwrap();
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", script, "sh", mount_options, disk.to_str().unwrap()])
        .args([&program, Path::new("runner"), &results, &place.state(), Path::new(args)])
        .output()
        .unwrap();
    // There are places where not even root may mount anything.
    let is_refused = output.status.code() == Some(77);
    test_needs::is_met(is_refused.then(|| "mounting is not possible here".to_owned())).then_some(output)
}

fn a_full_disk_stops_the_run_at_once() {
    let place = Place::new();
    // Large enough for what is copied from /proc, however many processors and mounts there are.
    let Some(output) = run_on(&place, "size=2m", "flood,good") else { return };
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    for part in ["No space left on device", "not written", "the run was stopped in docker/subtests/flood"] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(place.witness(), "run flood \"full\"\n", "{text}");
    let record: Record = serde_json::from_slice(&output.stdout).expect(&text);
    let Event::RunStarted(started) = record.event else { panic!("{record:?}") };
    assert_eq!(processes_of(&started.run), Vec::<String>::new());
}

fn a_read_only_folder_is_told_before_anything_runs() {
    let place = Place::new();
    let Some(output) = run_on(&place, "ro", "good") else { return };
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("Read-only file system") && text.contains("choose a results folder"), "{text}");
    assert_eq!(place.witness(), "");
}
