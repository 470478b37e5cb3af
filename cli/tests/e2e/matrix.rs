//! `dockertest matrix` and `--engine`: real engines in capsules.

use std::process::Stdio;

use dockertest::config::KnownFailures;

use crate::env::possible;
use crate::support::{Done, Place};

fn with_builds() -> Place {
    let place = Place::new();
    place.run(&["engines", "add", "docker-here", "--root", "/"]).expect(0);
    place.run(&["engines", "add", "podman-here", "--root", "/", "--flavor", "podman"]).expect(0);
    place
}

/// How each run of the repository stands, and by which name its engine was compared.
fn kept(place: &Place) -> Vec<String> {
    let runs: serde_json::Value = serde_json::from_str(&place.run(&["runs", "--json"]).expect(0).stdout).unwrap();
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let told = |run: &serde_json::Value| format!("{} {}", word(&run["state"]), word(&run["matrix"])).trim().to_owned();
    runs.as_array().unwrap().iter().map(told).collect()
}

/// What is said where nothing is run.
fn refused(place: &Place, arguments: &[&str]) -> String {
    let done = place.run(arguments).expect(2);
    assert!(!place.path("results").exists(), "{done:?}");
    done.stderr
}

#[test]
fn docker_and_podman_are_compared_and_a_known_failure_is_a_warning() {
    if !possible() || !test_needs::program("podman") {
        return;
    }
    let place = with_builds();
    place.run(&["run", "--engine", "docker-here", "--args=docker_cli/version"]).expect(0);
    let arguments = ["matrix", "--engines", "docker-here,podman-here", "--args=docker_cli/version,docker_cli/kill/bad"];
    place.write(".dockertest/index-1", "rubbish\n");
    let done = place.run(&arguments).expect(1);
    assert_eq!(done.stderr.matches("was damaged in line 1").count(), 1, "{done:?}");
    let row = |table: &str, name: &str| {
        let line = table.lines().find(|line| line.split_whitespace().next() == Some(name)).unwrap_or_default();
        line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(row(&done.stdout, "subtest"), ["docker-here", "podman-here"], "{done:?}");
    assert_eq!(row(&done.stdout, "docker_cli/version"), ["GOOD", "GOOD"], "{done:?}");
    assert_eq!(row(&done.stdout, "docker_cli/kill/bad"), ["GOOD", "FAIL"], "{done:?}");
    let explained = "docker_cli/kill/bad on podman-here: FAIL: ";
    assert!(done.stdout.contains(explained), "{done:?}");
    for file in ["comparison.txt", "comparison.md", "comparison.html", "comparison.json"] {
        assert!(place.path("results/matrix").join(file).is_file(), "{file}");
    }
    assert_eq!(place.run(&["matrix", "--again"]).expect(1).stdout, done.stdout);

    // Both were kept; what fails on the other engine is told as such, and not taken for what fails here.
    assert_eq!(kept(&place), ["complete", "complete docker-here", "complete podman-here"]);
    assert!(place.run(&["runs"]).expect(0).stdout.contains(" (matrix: podman-here)"));
    let failing = place.run(&["failing"]).expect(0);
    assert!(failing.stderr.contains("nothing is known to fail on docker "), "{failing:?}");
    assert!(failing.stderr.contains("1 more on other engines"), "{failing:?}");
    let all = place.run(&["failing", "--all"]).expect(1).stdout;
    assert!(all.starts_with("FAIL  docker_cli/kill  podman "), "{all}");
    assert!(!place.path("results/matrix/state").exists() && place.path(".dockertest/state").is_dir());

    // Each build has prepared the test image for itself.
    let templates = std::fs::read_dir(place.path("xdg/cache/dockertest/templates")).unwrap();
    let mut templates: Vec<String> = templates
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().split('-').next().unwrap().to_owned())
        .collect();
    templates.sort();
    assert_eq!(templates, ["docker", "podman"]);

    place.write("config_custom/known_failures.txt", include_str!("../../../docs/src/examples/known_failures.txt"));
    let known = place.run(&["run", "--engine", "podman-here", "--args=docker_cli/kill/bad"]).expect(0).stdout;
    assert!(known.contains("WARN") && known.contains("takes `kill --signal=-1`"), "{known}");
}

#[test]
fn what_does_not_fit_is_told_before_anything_runs() {
    let place = with_builds();
    let refused = |arguments: &[&str]| refused(&place, arguments);
    let typo = refused(&["matrix", "--engines", "docker-hare"]);
    assert!(typo.contains("there is no engine build `docker-hare`"), "{typo}");
    let typo = refused(&["run", "--engine", "podman-her"]);
    assert!(typo.contains("podman-here"), "{typo}");
    let shared = refused(&["run", "--engine", "docker-here", "--env", "shared", "--args=example"]);
    assert!(shared.contains("cannot go with `--env shared`"), "{shared}");
    let expected = "error: `--engine docker-here` and `--set docker_path=/nope` do not go together, since each says which \
                    engine is tested: leave out one of them\n";
    let two = ["--engine", "docker-here", "--set", "docker_path=/nope"];
    assert_eq!(refused(&[&["run", "--args=example"][..], &two].concat()), expected);
    assert_eq!(refused(&[&["env", "shell"][..], &two].concat()), expected);
    let two =
        refused(&["matrix", "--engines", "docker-here", "--set", "docker_path=/usr/bin/podman", "--args=example"]);
    assert!(
        two.contains("`--engines docker-here` and `--set docker_path=/usr/bin/podman` do not go together"),
        "{two}"
    );
    let missing = refused(&["matrix", "--again", "--engines", "docker-here"]);
    assert!(missing.contains("nothing has been run on docker-here in `"), "{missing}");
    assert!(missing.contains("dockertest matrix --engines docker-here --results results/matrix"), "{missing}");
}

#[test]
fn what_a_capsule_cannot_have_is_told_before_anything_runs() {
    if !possible() {
        return;
    }
    let place = with_builds();
    let other = ["run", "--env", "capsule", "--set", "environment.engine=podman-here", "--args=example"];
    let other = refused(&place, &other);
    assert!(other.contains("set `docker_path = /usr/bin/podman`"), "{other}");
    let typo = refused(&place, &["matrix", "--engines", "docker-here", "--args=docker_cli/kil"]);
    assert!(typo.contains("docker_cli/kil"), "{typo}");
}

#[test]
fn an_engine_that_does_not_come_up_costs_the_others_nothing() {
    if !possible() {
        return;
    }
    let place = with_builds();
    let bad = "case $1 in --version) echo 'Docker version 29.0.1, build 123' ;; *) echo no way >&2; exit 1 ;; esac";
    place.script("bin/dockerd", bad);
    let bin = place.path("bin").display().to_string();
    place.run(&["engines", "add", "docker-bad", "--path", &bin]).expect(0);
    let done = place.run(&["matrix", "--engines", "docker-bad,docker-here", "--args=docker_cli/version"]).expect(6);
    assert!(done.stderr.contains("docker-bad: no instance could be made: "), "{done:?}");
    assert!(done.stderr.contains("docker-here: GOOD"), "{done:?}");
    assert!(place.path("results/matrix/comparison.html").is_file(), "{done:?}");
}

#[test]
fn an_interrupted_matrix_compares_what_it_has_run() {
    if !possible() {
        return;
    }
    let place = with_builds();
    place.run(&["engines", "add", "docker-other", "--root", "/"]).expect(0);
    let matrix = |engines: &str, args: &str| {
        let arguments = ["matrix", "--jobs=1", "--engines", engines, args];
        let mut command = place.command(&arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let first = matrix("docker-here,docker-other", "--args=docker_cli/version").wait_with_output().unwrap();
    let first = Done::from(first).expect(0);
    assert!(first.stdout.contains("docker-other"), "{first:?}");
    // Another one in the same folder is interrupted on its first engine.
    let journal = place.path("results/matrix/docker-here/journal.jsonl");
    let second = matrix("docker-here,docker-other", "--args=docker_cli/wait");
    let is_begun = || std::fs::read_to_string(&journal).is_ok_and(|text| text.contains("docker_cli/wait\""));
    test_needs::wait_until("the second one runs", is_begun);
    let pid = nix::unistd::Pid::from_raw(i32::try_from(second.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    let second = Done::from(second.wait_with_output().unwrap()).expect(130);
    assert!(
        second.stderr.contains("not begun: docker-other. The same command with `--engines docker-other`"),
        "{second:?}"
    );
    let header = second.stdout.lines().find(|line| line.starts_with("subtest")).unwrap_or_default();
    assert!(header.contains("docker-here") && !header.contains("docker-other"), "{second:?}");
    assert_eq!(kept(&place), ["complete docker-here", "complete docker-other", "interrupted docker-here"]);
    place.run(&["resume", "results/matrix/docker-here"]).expect(0);
    assert_eq!(kept(&place).last().unwrap(), "complete docker-here");
}

#[test]
fn two_at_the_same_time_are_kept_in_one_repository() {
    if !possible() {
        return;
    }
    let place = with_builds();
    let begin = |results: &str| {
        let arguments = ["matrix", "--engines", "docker-here", "--args=docker_cli/version", "--results", results];
        let mut command = place.command(&arguments);
        command.args(["--repository", "kept"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let begun: Vec<_> = ["out/1", "out/2"].into_iter().map(begin).collect();
    for child in begun {
        let done = Done::from(child.wait_with_output().unwrap()).expect(0);
        assert!(!done.stderr.contains("repository"), "{done:?}");
    }
    assert!(!place.path(".dockertest").exists());
    place.run(&["last", "--repository", "kept"]).expect(0);
    std::fs::rename(place.path("kept"), place.path(".dockertest")).unwrap();
    assert_eq!(kept(&place), ["complete docker-here", "complete docker-here"]);
}

#[test]
fn the_known_failures_of_the_book_are_such() {
    let text = include_str!("../../../docs/src/examples/known_failures.txt");
    let list = KnownFailures::parse("known_failures.txt", text).unwrap();
    let bad = "docker_cli/kill/bad".parse().unwrap();
    assert!(list.find("podman-5.8.6", &bad).is_some() && list.find("docker-28.5.2", &bad).is_none());
}
