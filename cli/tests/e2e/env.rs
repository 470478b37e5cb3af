//! `dockertest env`: capsules by hand.
//!
//! Without root and `dockerd` there is nothing to test but that this is said; `cargo xtask test` wants more.

use std::path::Path;
use std::process::Command;

use dockertest::environment::capsule::{CapsuleOptions, CapsuleProvider};
use dockertest::host::HostProgram;

use crate::support::{Done, Place};

/// Whether a capsule can be made here.
#[track_caller]
pub(crate) fn possible() -> bool {
    test_needs::is_met(CapsuleProvider::new(HostProgram::new("host"), CapsuleOptions::new()).obstacle())
}

/// Whatever other engine the environment names, it is not that of the capsule.
fn place() -> Place {
    Place::new().with("DOCKER_HOST", "unix:///nonexistent/docker.sock").with("DOCKER_CONTEXT", "nonexistent")
}

#[test]
fn a_command_in_a_fresh_capsule_finds_an_engine_as_a_step_does() {
    if !possible() {
        return;
    }
    let place = place();
    // A context in use names another one, too, where its file is seen.
    let config = place.write("config.json", r#"{"currentContext":"elsewhere"}"#);
    let place = place.with("DOCKER_CONFIG", config.parent().unwrap().to_str().unwrap());
    let script = "docker ps --all --quiet && docker images --format '{{.Repository}}' && echo kept > kept && exit 3";
    let share = place.path("");
    let done = place.run(&["env", "shell", "--share", share.to_str().unwrap(), "--", "/bin/sh", "-c", script]);
    // The test image is there where it can be made.
    assert!(["", "dockertest/test\n"].contains(&done.stdout.as_str()) && done.status == 3, "{done:?}");
    assert_eq!(place.read("kept"), "kept\n");
    place.expect_no_process();
}

#[test]
fn a_capsule_that_was_provisioned_stays_until_it_is_disposed_of() {
    if !possible() {
        return;
    }
    let place = place();
    let ids = place.run(&["env", "provision", "2"]).stdout;
    let ids: Vec<&str> = ids.lines().collect();
    let [first, second] = ids[..] else { panic!("{ids:?}") };

    let listed: serde_json::Value = serde_json::from_str(&place.run(&["env", "list", "--json"]).stdout).unwrap();
    let entry = listed.as_array().unwrap().iter().find(|entry| entry["id"] == first).unwrap();
    assert_eq!((entry["engine"].as_str(), entry["stays"].as_bool()), (Some("dockerd"), Some(true)));
    assert!(Path::new(&format!("/proc/{}", entry["pid"])).exists());

    let made = place.run(&["env", "exec", first, "--", "docker", "volume", "create", "mark"]);
    assert_eq!(made.status, 0, "{made:?}");
    let seen = |id| place.run(&["env", "exec", id, "--", "docker", "volume", "ls", "--quiet"]).stdout;
    assert_eq!((seen(first).as_str(), seen(second).as_str()), ("mark\n", ""));

    let number = second.rsplit_once("capsule-").unwrap().1;
    assert_eq!(place.run(&["env", "dispose", first, number]).status, 0);
    let gone = place.run(&["env", "exec", first, "--", "true"]);
    assert_eq!(gone.status, 2);
    assert!(gone.stderr.contains(&format!("there is no capsule `{first}`")), "{}", gone.stderr);
    place.expect_no_process();
}

#[test]
fn without_root_it_is_said_what_is_missing_and_what_to_do() {
    let place = Place::new();
    let mut command = place.command(&["env", "shell", "--", "true"]);
    if nix::unistd::geteuid().is_root() {
        use std::os::unix::process::CommandExt;
        // Whoever is nobody may not see the folder of the tests.
        command.uid(65534).current_dir("/");
        if !nobody_can_run(command.get_program().as_ref()) {
            test_needs::skip("whoever is nobody cannot reach the folder of the programs");
            return;
        }
    }
    let done = Done::from(command.output().unwrap());
    assert_eq!(done.status, 2, "{done:?}");
    assert!(done.stderr.contains("needs root") && done.stderr.contains("--env shared"), "{}", done.stderr);
}

pub(crate) fn nobody_can_run(program: &Path) -> bool {
    use std::os::unix::process::CommandExt;
    Command::new(program).arg("--version").uid(65534).current_dir("/").output().is_ok_and(|done| done.status.success())
}
