//! `dockertest engines`: other engines beside the one that is installed.

use std::process::Command;

use crate::env::possible;
use crate::support::{Done, Place};

/// A folder with a program that says that it is an engine.
fn programs(place: &Place) -> String {
    place.script("bin/dockerd", "echo 'Docker version 29.0.1, build 123'");
    place.path("bin").display().to_string()
}

#[test]
fn an_engine_of_ones_own_is_added_shown_and_removed() {
    let place = Place::new();
    assert!(place.run(&["engines", "list"]).expect(0).stdout.starts_with("no engine builds yet"));
    let bin = programs(&place);
    let added = place.run(&["engines", "add", "docker-mine", "--path", &bin]).expect(0);
    assert_eq!(added.stdout, format!("added docker-mine: docker 29.0.1, the programs in {bin}\n"));
    let listed = place.run(&["engines", "list"]).expect(0);
    assert_eq!(listed.stdout, format!("docker-mine  docker  29.0.1      the programs in {bin}\n"));
    let json: serde_json::Value =
        serde_json::from_str(&place.run(&["engines", "list", "--json"]).expect(0).stdout).unwrap();
    assert_eq!(json[0]["origin"]["path"]["folder"], bin.as_str());
    let again = place.run(&["engines", "add", "docker-mine", "--path", &bin]).expect(2);
    assert!(again.stderr.contains("remove it first: dockertest engines remove docker-mine"), "{}", again.stderr);
    let typo = place.run(&["engines", "remove", "docker-mime"]).expect(2);
    assert!(typo.stderr.contains("did you mean `docker-mine`?"), "{}", typo.stderr);
    place.run(&["engines", "remove", "docker-mine"]).expect(0);
    assert!(place.run(&["engines", "list"]).expect(0).stdout.starts_with("no engine builds yet"));
    assert!(place.path("bin/dockerd").exists());
}

#[test]
fn what_cannot_be_added_is_refused_with_what_to_do() {
    let place = Place::new();
    let refused = |arguments: &[&str]| place.run(&[&["engines", "add"], arguments].concat()).expect(2).stderr;
    assert!(refused(&["docker-1"]).contains("--suite <RELEASE>|--root <DIR>|--path <DIR>"));
    assert!(refused(&["mine", "--path", "/"]).contains("Say `--flavor`"));
    assert!(refused(&["Mine", "--path", "/", "--flavor", "docker"]).contains("expected a-z, 0-9"));
    assert!(refused(&["mine", "--path", "/", "--flavor", "rkt"]).contains("expected docker or podman"));
    assert!(refused(&["docker-1", "--path", "/no/such/folder"]).contains("/no/such/folder"));
    assert!(refused(&["docker-1", "--suite", "../etc"]).contains("expected a word like `trixie`"));
    assert!(refused(&["docker-1", "--suite", "sid", "--mirror", "sid"]).contains("is not the address of an archive"));
}

#[test]
fn builds_of_another_user_are_not_looked_for_in_silence() {
    if !test_needs::root("becomes root by sudo") {
        return;
    }
    let place = Place::new().with("SUDO_USER", "mia");
    let bin = programs(&place);
    let added = place.run(&["engines", "add", "docker-mine", "--path", &bin]).expect(0);
    assert_eq!(added.stderr, "", "it was added for root");
    for arguments in [&["matrix", "--engines=docker-hers"][..], &["run", "--engine=docker-hers", "--args=example"]] {
        let refused = place.run(arguments).expect(2).stderr;
        assert!(refused.contains("what mia has added without it may not be among these"), "{refused}");
    }
}

/// What apt says when no archive answers.
const NO_NETWORK: [&str; 3] = ["Could not resolve", "Temporary failure resolving", "Could not connect"];

#[test]
fn the_engine_of_another_release_is_fetched_and_nothing_is_installed() {
    if !test_needs::program("apt-get") || !test_needs::program("mksquashfs") {
        return;
    }
    let installed = || Command::new("dpkg-query").args(["--show"]).output().unwrap().stdout;
    let before = installed();
    let place = Place::new();
    // What a machine has apt do after an update is not done: it would change the machine.
    let (hook, done) = (place.path("hook.conf"), place.path("done"));
    std::fs::write(&hook, format!("APT::Update::Post-Invoke {{ \"touch {}\"; }};\n", done.display())).unwrap();
    let words = ["engines", "add", "podman-next", "--suite", "trixie"];
    let added = Done::from(place.command(&words).env("APT_CONFIG", &hook).output().unwrap());
    if added.status != 0 && NO_NETWORK.iter().any(|words| added.stderr.contains(words)) {
        return test_needs::skip("no archive of packages answers");
    }
    let added = added.expect(0);
    assert!(added.stdout.starts_with("added podman-next: podman 5."), "{}", added.stdout);
    assert!(installed() == before, "the package manager knows of nothing new");
    assert!(!done.exists(), "a hook of the machine's configuration was run");
    let image = place.path("xdg/data/dockertest/engines/podman-next/image.squashfs");
    let content = Command::new("unsquashfs").args(["-lls"]).arg(&image).output().unwrap().stdout;
    let content = String::from_utf8(content).unwrap();
    let has = |file: &str| content.lines().any(|line| line.contains(&format!("squashfs-root/{file}")));
    assert!(has("usr/bin/podman") && has("usr/bin/crun") && has("usr/lib/x86_64-linux-gnu/libc.so.6"), "{content}");
    assert!(!has("etc/passwd") && !has("usr/bin/dpkg") && !has("lib/"), "the base is the machine's");
    if possible() {
        // The test image is prepared by the build itself, and is there as if it had been loaded.
        let script = "podman version --format {{.Client.Version}} && podman images --format '{{.Repository}}' \
                      && podman run --rm --network=none dockertest/test echo hello && podman rmi dockertest/test >&2 && podman images --quiet";
        let done = place.run(&["env", "shell", "--engine", "podman-next", "--", "/bin/sh", "-c", script]).expect(0);
        let said: Vec<&str> = done.stdout.lines().collect();
        assert!(said[0].starts_with("5.") && said[1..] == ["localhost/dockertest/test", "hello"], "{done:?}");
    }
    let missing = place.run(&["engines", "add", "docker-x", "--suite", "no-such-release"]).expect(2);
    assert!(missing.stderr.contains("is `no-such-release` a release in "), "{}", missing.stderr);
    assert_eq!(place.run(&["engines", "list"]).expect(0).stdout.lines().count(), 1);
}
