//! The stream of subunit, and stestr, which drives the program by it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use dockertest::report::subunit::{Decoder, Item, Packet, Status};

use crate::support::{Done, Place};

fn packets(stream: &[u8]) -> Vec<Packet> {
    let mut decoder = Decoder::default();
    decoder.push(stream);
    let packet = |item| match item {
        Item::Packet(packet) => packet,
        other => panic!("no packet: {other:?}"),
    };
    decoder.finish().into_iter().map(packet).collect()
}

fn with_status(packets: &[Packet], wanted: Status) -> Vec<&str> {
    packets.iter().filter(|packet| packet.status == wanted).filter_map(|packet| packet.test.as_deref()).collect()
}

#[test]
fn the_list_has_what_can_be_run_by_itself() {
    let place = Place::new();
    let listed = packets(&place.command(&["list", "--subunit"]).output().unwrap().stdout);
    let names = with_status(&listed, Status::Exists);
    assert_eq!(names.len(), listed.len());
    for name in ["example", "subexample/one", "subexample/two"] {
        assert!(names.contains(&name), "{names:?}");
    }
    // Neither a parent, whose children are run by themselves, nor what always runs.
    assert!(!names.contains(&"subexample") && !names.contains(&"garbage_check"), "{names:?}");
}

#[test]
fn a_run_writes_the_stream_and_nothing_else() {
    let place = Place::new();
    let arguments = ["run", "--args=example,subexample/two", "--subunit", "--set", "example.iterations=none"];
    let output = place.command(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = packets(&output.stdout);
    assert_eq!(with_status(&told, Status::InProgress), ["example", "subexample", "subexample/two"]);
    assert_eq!(with_status(&told, Status::Fail), ["example"]);
    assert_eq!(with_status(&told, Status::Success), ["subexample/two", "subexample"]);
    let later = place.command(&["report", "--format", "subunit"]).output().unwrap().stdout;
    assert_eq!(output.stdout, later);
}

#[test]
fn two_reports_cannot_share_standard_output() {
    let place = Place::new();
    let done = place.run(&["run", "--args=example", "--subunit", "--report", "tap=-"]).expect(2);
    assert!(done.stderr.contains("tap and subunit cannot share standard output"), "{}", done.stderr);
    assert!(!place.path("results").exists());
}

/// The program `stestr` in a Python of its own.
#[track_caller]
pub(crate) fn stestr() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-stestr");
    Some(test_needs::with_packages(&folder, "stestr", &["stestr==4.2.1"])?.join("stestr"))
}

/// The configuration and the script of the book.
pub(crate) fn set_up(place: &Place) {
    let shown = include_str!("../../../docs/examples/stestr/dockertest-for-stestr");
    let body = shown.strip_prefix("#!/bin/sh\n").unwrap();
    // Its subtests run without those before and after, as in all tests here.
    let body = body.replace(" run ", " run --set Control.pretests= --set Control.intratests= ");
    place.script("dockertest-for-stestr", &body);
    place.write(".stestr.conf", include_str!("../../../docs/examples/stestr/.stestr.conf"));
}

pub(crate) fn drive(place: &Place, stestr: &Path, arguments: &[&str], options: &[(&str, &str)]) -> Done {
    let mut command = Command::new(stestr);
    command.args(arguments).current_dir(place.path("")).stdin(Stdio::null());
    command.env("PYTHON", place.path("dockertest-for-stestr")).env("DOCKERTEST", env!("CARGO_BIN_EXE_dockertest"));
    command.envs(options.iter().copied());
    Done::from(command.output().unwrap())
}

#[test]
fn stestr_drives_the_program() {
    let Some(stestr) = stestr() else { return };
    let place = Place::new();
    set_up(&place);
    drive(&place, &stestr, &["init"], &[]);
    let listed = drive(&place, &stestr, &["list", "example"], &[]).expect(0).stdout;
    // It keeps them in a set, which has no order.
    let is_listed = |name: &str| listed.lines().any(|line| line == name);
    assert!(["example", "subexample/one", "subexample/two"].into_iter().all(is_listed), "{listed}");

    place.write("config_custom/broken.ini", "[example]\niterations = none\n");
    let failed = drive(&place, &stestr, &["run", "--serial", "^(sub)?example"], &[]).expect(1).stdout;
    assert!(failed.contains("Passed: 3") && failed.contains("Failed: 1"), "{failed}");
    let failing = drive(&place, &stestr, &["failing", "--list"], &[]);
    assert_eq!(failing.stdout.trim(), "example", "{failing:?}");

    fs::remove_file(place.path("config_custom/broken.ini")).unwrap();
    let mended = drive(&place, &stestr, &["run", "--failing"], &[]).expect(0).stdout;
    assert!(mended.contains("Passed: 1") && mended.contains("Failed: 0"), "{mended}");
    // Two at a time, each with results of its own.
    let both = drive(&place, &stestr, &["run", "--concurrency", "2", "^(sub)?example"], &[]).expect(0).stdout;
    assert!(both.contains("Failed: 0") && both.contains("Worker 1"), "{both}");
}
