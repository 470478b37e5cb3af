//! `dockertest matrix` and `--engine`: real engines in capsules.

use dockertest::config::KnownFailures;

use crate::env::possible;
use crate::support::Place;

fn with_builds() -> Place {
    let place = Place::new();
    place.run(&["engines", "add", "docker-here", "--root", "/"]).expect(0);
    place.run(&["engines", "add", "podman-here", "--root", "/", "--flavor", "podman"]).expect(0);
    place
}

#[test]
fn docker_and_podman_are_compared_and_a_known_failure_is_a_warning() {
    if !possible() || !test_needs::program("podman") {
        return;
    }
    let place = with_builds();
    let arguments = ["matrix", "--engines", "docker-here,podman-here", "--args=docker_cli/version,docker_cli/kill/bad"];
    let done = place.run(&arguments).expect(1);
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

    place.write("config_custom/known_failures.txt", include_str!("../../../docs/src/examples/known_failures.txt"));
    let known = place.run(&["run", "--engine", "podman-here", "--args=docker_cli/kill/bad"]).expect(0).stdout;
    assert!(known.contains("WARN") && known.contains("takes `kill --signal=-1`"), "{known}");
}

#[test]
fn what_does_not_fit_is_told_before_anything_runs() {
    let place = with_builds();
    let refused = |arguments: &[&str]| {
        let done = place.run(arguments).expect(2);
        assert!(!place.path("results").exists(), "{done:?}");
        done.stderr
    };
    let typo = refused(&["matrix", "--engines", "docker-hare"]);
    assert!(typo.contains("there is no engine build `docker-hare`"), "{typo}");
    let typo = refused(&["run", "--engine", "podman-her"]);
    assert!(typo.contains("podman-here"), "{typo}");
    let shared = refused(&["run", "--engine", "docker-here", "--env", "shared", "--args=example"]);
    assert!(shared.contains("cannot go with `--env shared`"), "{shared}");
    if nix::unistd::geteuid().is_root() {
        let other = ["run", "--env", "capsule", "--set", "environment.engine=podman-here", "--args=example"];
        let other = refused(&other);
        assert!(other.contains("set `docker_path = /usr/bin/podman`"), "{other}");
        let typo = refused(&["matrix", "--engines", "docker-here", "--args=docker_cli/kil"]);
        assert!(typo.contains("docker_cli/kil"), "{typo}");
    }
}

#[test]
fn the_known_failures_of_the_book_are_such() {
    let text = include_str!("../../../docs/src/examples/known_failures.txt");
    let list = KnownFailures::parse("known_failures.txt", text).unwrap();
    let bad = "docker_cli/kill/bad".parse().unwrap();
    assert!(list.find("podman-5.8.6", &bad).is_some() && list.find("docker-28.5.2", &bad).is_none());
}
