//! `dockertest env`: capsules by hand.
//!
//! Without root and `dockerd` there is nothing to test but that this is said; `cargo xtask test` wants more.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use dockertest::environment::capsule::{CapsuleOptions, CapsuleProvider};
use dockertest::host::HostProgram;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

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

/// What a folder has in it.
fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A place where data of engines can be on a disk, the folder for it, and the setting that names it.
#[track_caller]
fn place_with_disk() -> Option<(Place, PathBuf, String)> {
    if !possible() || !test_needs::program("mke2fs") {
        return None;
    }
    let place = place();
    let disk = place.path("disk");
    fs::create_dir(&disk).unwrap();
    let on_disk = format!("environment.capsule_data={}", disk.display());
    Some((place, disk, on_disk))
}

#[test]
fn data_on_a_disk_is_limited_and_goes_with_its_capsule() {
    let Some((place, disk, on_disk)) = place_with_disk() else { return };
    let script = "stat --file-system --format %T /var/lib/docker /var/lib/containers
        df --output=size --block-size=M /var/lib/docker | tail --lines=1
        docker volume create mark && test -d /var/lib/docker/volumes/mark && hostname
        head --bytes=100000000 /dev/zero >/var/lib/docker/full";
    let limited =
        ["env", "shell", "--set", &on_disk, "--set", "environment.capsule_data_mib=64", "--", "/bin/sh", "-c"];
    let done = place.run(&[&limited[..], &[script]].concat()).expect(1);
    let said: Vec<&str> = done.stdout.split_whitespace().collect();
    let [first, second, size, mark, id] = said[..] else { panic!("{done:?}") };
    assert_eq!((first, second, mark), ("ext2/ext3", "ext2/ext3", "mark"), "{done:?}");
    assert!(size.trim_end_matches('M').parse::<u32>().is_ok_and(|size| (48..=64).contains(&size)), "{done:?}");
    assert!(done.stderr.contains("No space left"), "{done:?}");
    assert!(id.starts_with("dockertest-capsule-") && names_in(&disk).is_empty(), "{done:?}");

    // Without a limit it is a folder as it is.
    let unlimited = ["env", "shell", "--set=environment.capsule_data=disk", "--set=environment.capsule_data_mib=0"];
    let look = "stat --file-system --format '%T %b' /var/lib/docker";
    let done = place.run(&[&unlimited[..], &["--", "/bin/sh", "-c", look]].concat()).expect(0);
    let here = Command::new("stat").args(["--file-system", "--format", "%T %b", "/tmp"]).output().unwrap();
    assert_eq!(done.stdout, String::from_utf8(here.stdout).unwrap());

    place.write("config_custom/control.ini", "[environment]\ncapsule_data = disc\n");
    let refused = place.run(&["env", "shell", "--", "true"]).expect(2).stderr;
    assert!(refused.contains("control.ini:2: option `capsule_data` of `[environment]` is `disc`"), "{refused}");
    place.expect_no_process();
}

#[test]
fn data_on_a_disk_goes_with_a_run_and_is_pruned_when_nobody_is_left_to_do_it() {
    let Some((place, disk, on_disk)) = place_with_disk() else { return };
    place.run(&["run", "--env=capsule", "--set", &on_disk, "--args=docker_cli/version"]).expect(0);
    assert!(names_in(&disk).is_empty());
    let provisioned = place.run(&["env", "provision", "--set", &on_disk]).expect(0).stdout;
    let id = provisioned.trim_end();
    assert_eq!(names_in(&disk), [id]);
    assert!(disk.join(id).join("data/disk").is_file());
    kill_with_all_that_looks_after_it(&place, id);
    // Somebody else who starts a capsule may be first, and still at it.
    place.run(&["env", "prune"]).expect(0);
    test_needs::wait_until_eq("nothing is left", || names_in(&disk), &Vec::new());
    place.expect_no_process();
}

/// As a power cut does.
fn kill_with_all_that_looks_after_it(place: &Place, id: &str) {
    let listed: serde_json::Value = serde_json::from_str(&place.run(&["env", "list", "--json"]).stdout).unwrap();
    let entry = listed.as_array().unwrap().iter().find(|entry| entry["id"] == id).unwrap();
    let first = entry["pid"].as_i64().unwrap();
    let status = fs::read_to_string(format!("/proc/{first}/status")).unwrap();
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim().parse().unwrap();
    // The first process is tied to that one.
    kill(Pid::from_raw(parent), Signal::SIGKILL).unwrap();
    test_needs::wait_until("the first process is gone", || !Path::new(&format!("/proc/{first}")).exists());
}

#[test]
fn without_root_it_is_said_what_is_missing_and_what_to_do() {
    const NEEDED: &str =
        "a capsule needs root: its engine makes mounts, networks and cgroups; run this command as root (`sudo`)";
    let place = Place::new();
    let builds = tempfile::tempdir().unwrap();
    fs::set_permissions(builds.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let said = |words: &[&str]| {
        let mut command = place.command(words);
        command.env("XDG_DATA_HOME", builds.path());
        if nix::unistd::geteuid().is_root() {
            // Whoever is nobody may not see the folder of the tests.
            command.uid(65534).current_dir("/");
            if !nobody_can_run(command.get_program().as_ref()) {
                test_needs::skip("whoever is nobody cannot reach the folder of the programs");
                return None;
            }
        }
        let done = Done::from(command.output().unwrap());
        assert_eq!(done.status, 2, "{done:?}");
        Some(done.stderr)
    };
    // Where there can be another engine, it is named; a capsule by hand has none.
    let Some(by_hand) = said(&["env", "shell", "--", "true"]) else { return };
    assert_eq!(by_hand, format!("error: {NEEDED}\n"));
    let run = said(&["run", "--env=capsule", "--args=example"]).unwrap();
    let advice = "or take the engine that is there with `--env shared`";
    assert!(run.contains(&format!("there can be no capsule here: {NEEDED}, {advice}\n")), "{run}");
    let root = builds.path().to_str().unwrap();
    let added = said(&["engines", "add", "docker-x", "--root", root]).unwrap();
    let expected = format!(
        "error: only root can ask the engine in `{root}` which version it is (`chroot`): run this command as root \
         (`sudo`)\n"
    );
    assert_eq!(added, expected);
}

#[test]
fn what_names_no_program_and_no_folder_is_told_as_that() {
    let place = Place::new();
    let slip = place.run(&["env", "shell", "--set", "docker_path=/nope", "--", "true"]).expect(2).stderr;
    assert_eq!(slip, "error: --set docker_path=/nope: there is no program `/nope`\n");
    // Whoever starts us is in a folder that is not there any more.
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "mkdir gone && cd gone && rmdir ../gone && exec \"$@\"", "sh"]);
    command.arg(place.command(&[]).get_program()).args(["run", "--args=example"]).current_dir(place.path(""));
    let gone = Done::from(command.output().unwrap()).expect(2).stderr;
    let expected = "error: the working folder has been removed: go to one that is there (`cd`) and try again\n";
    assert!(gone.ends_with(expected), "{gone}");
}

pub(crate) fn nobody_can_run(program: &Path) -> bool {
    Command::new(program).arg("--version").uid(65534).current_dir("/").output().is_ok_and(|done| done.status.success())
}
