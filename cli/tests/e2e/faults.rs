//! `dockertest faults`, with a host that is a few lines of shell and an engine that is one.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use crate::support::{Done, Place};

/// Its subtest asks the engine's command line for `right`. Each run of a subtest is noted in the file `runs`.
const HOST: &str = r#"
hello='{"hello":{"protocol":1,"api-version":"0.9.0","program":"host 1.0"}}'
case $1 in
    list)
        printf '%s\n' "$hello"
        printf '%s\n' '{"subtest":{"name":"asks","subsubtests":["one"],"faults":[@FAULTS@]}}'
        printf '%s\n' '{"listed":{"subtests":1}}'
        ;;
    run)
        printf '%s\n' "$hello"
        read -r request
        echo "$2" >>"$RUNS"
        docker=$(printf '%s\n' "$request" | sed 's/.*"docker_path":{"value":"\([^"]*\)".*/\1/')
        case $($docker --debug ask) in
            right) verdict=GOOD ;;
            *) verdict=FAIL ;;
        esac
        printf '{"ended":{"verdict":"%s","reason":"as it was","seconds":0.1}}\n' "$verdict"
        ;;
esac"#;

/// A fault as a host tells of it.
fn fault(name: &str, script: &str) -> String {
    serde_json::json!({"name": name, "script": script}).to_string()
}

/// A place with an engine and a host that has these faults.
fn place(faults: &[String]) -> Place {
    let place = Place::new();
    place.script("docker", "[ \"$1\" = --version ] || echo right");
    let host = place.script("host", &HOST.replace("@FAULTS@", &faults.join(",")));
    let runs = place.path("runs");
    place.with("DOCKERTEST_HOST", &host.display().to_string()).with("RUNS", &runs.display().to_string())
}

fn faults(place: &Place, arguments: &[&str]) -> Done {
    let docker = format!("docker_path={}", place.path("docker").display());
    place.run(&[&["faults", "--set", &docker], arguments].concat())
}

fn lies() -> String {
    fault("lies", "# Lies.\n[ \"$SUBCOMMAND\" = ask ] && echo wrong && exit 0\n")
}

fn harmless() -> String {
    fault("harmless", "# Does no harm.\n")
}

#[test]
fn a_fault_that_nobody_notices_is_told() {
    let place = place(&[lies(), harmless()]);
    let done = faults(&place, &[]).expect(1);
    let lines: Vec<Vec<&str>> = done.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[1][..3], ["asks", "-", "GOOD"], "{}", done.stdout);
    assert_eq!(lines[2][..3], ["asks", "lies", "FAIL"], "{}", done.stdout);
    assert_eq!(lines[3][..4], ["asks", "harmless", "GOOD", "!"], "{}", done.stdout);
    assert!(done.stdout.ends_with("1 of 2 faults caught (50 %)\n"), "{}", done.stdout);
    assert!(place.path("results/faults/asks/lies/results/journal.jsonl").is_file());
}

#[test]
fn one_that_is_chosen_and_noticed_is_all_right() {
    let place = place(&[lies(), harmless()]);
    let done = faults(&place, &["--args=asks", "--fault=lies", "--json"]).expect(0);
    let report: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!((&report["faults"], &report["caught"]), (&1.into(), &1.into()));
    assert_eq!(report["trials"][1]["promise"], "Lies.");
    assert_eq!(report["trials"][1]["verdict"], "FAIL");
}

#[test]
fn what_has_been_tried_is_not_tried_again() {
    let place = place(&[lies()]);
    faults(&place, &[]).expect(0);
    assert_eq!(place.read("runs").lines().count(), 2);
    let again = faults(&place, &["--resume"]).expect(0);
    assert!(again.stdout.contains("1 of 1 faults caught"), "{}", again.stdout);
    assert_eq!(place.read("runs").lines().count(), 2);
    faults(&place, &[]).expect(0);
    assert_eq!(place.read("runs").lines().count(), 4);
}

#[test]
fn a_script_that_cannot_be_read_catches_nothing() {
    let place = place(&[fault("broken", "# Breaks everything.\ncase x in\n")]);
    let done = faults(&place, &[]).expect(1);
    assert!(done.stdout.contains("the fault `broken` is no script that bash can read"), "{}", done.stdout);
    assert!(done.stdout.ends_with("0 of 1 faults caught (0 %)\n"), "{}", done.stdout);
}

#[test]
fn faults_of_a_subtest_that_fails_without_one_are_not_tried() {
    let place = place(&[lies()]);
    place.script("docker", "echo wrong");
    let done = faults(&place, &[]).expect(1);
    assert!(done.stdout.contains("one subtest is not GOOD without a fault"), "{}", done.stdout);
    assert_eq!(place.read("runs").lines().count(), 1);
}

#[test]
fn unknown_names_are_refused_and_nothing_is_tried() {
    let place = place(&[lies()]);
    assert!(faults(&place, &["--args=nobody"]).expect(2).stderr.contains("`nobody`"));
    assert!(faults(&place, &["--fault=nothing"]).expect(2).stderr.contains("`nothing`"));
    let listed = faults(&place, &["--list"]).expect(0);
    assert!(listed.stdout.contains("lies     Lies."), "{}", listed.stdout);
    assert!(!place.path("runs").exists());
}

#[test]
fn what_a_host_keeps_ends_with_whoever_wanted_it() {
    let place = Place::new();
    let folder = place.path("kept");
    fs::create_dir(&folder).unwrap();
    let folder_text = folder.display().to_string();
    let waits = "trap 'touch asked; exit' TERM; echo $$ >&2; while :; do sleep 0.02; done";
    let mut command = place.command(&["host", "keep", &folder_text, "sh", "-c", waits]);
    let mut keeper = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let mut stderr = keeper.stderr.take().unwrap();
    while !said.ends_with('\n') {
        let mut byte = [0];
        stderr.read_exact(&mut byte).unwrap();
        said.push(byte[0].into());
    }
    let process = format!("/proc/{}", said.trim());
    assert!(fs::exists(&process).unwrap());
    drop(keeper.stdin.take());
    assert!(keeper.wait().unwrap().success());
    assert!(!fs::exists(&process).unwrap() && !folder.exists());
    assert!(place.path("asked").exists(), "it is asked to end before it is killed");
}
