//! What capsules leave as it is: the machine that they are on.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use dockertest::environment::capsule::{Capsule, CapsuleOptions};
use dockertest::host::HostProgram;

use crate::end::OWNER;
use crate::support::{host, remains};
use crate::{Namespace, possible, printed, processes_of, with_test_image};

#[test]
fn nothing_of_a_capsule_is_seen_outside_and_nothing_is_left() {
    if !possible() {
        return;
    }
    let capsule = Capsule::start(&host(), &CapsuleOptions::new()).unwrap();
    let folder = capsule.folder().to_owned();
    let namespace = Namespace::of(capsule.pid());
    with_test_image(&capsule);
    printed(&capsule, &[], &["docker", "run", "--detach", "dockertest/inside:latest", "sleep", "1000"]);
    assert!(!processes_of(&namespace).is_empty());
    let mounts = || fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts().contains(capsule.id()), "{}", mounts());
    capsule.dispose().unwrap();
    assert_eq!(processes_of(&namespace), Vec::<String>::new());
    assert_eq!(remains(&folder), Vec::<PathBuf>::new());
}

/// All of a machine that has an engine of its own with rules, a network and a container: a capsule stands for it, in which
/// nobody else does anything.
fn all_of(machine: &Capsule) -> Vec<(&'static str, String)> {
    let said = |name: &'static str, words: &[&str]| {
        let text = printed(machine, &[], words);
        // Comments have the time, brackets have counters, and whoever looks sees itself.
        let lines: Vec<&str> =
            text.lines().filter(|line| !line.starts_with(['#', ':']) && !line.ends_with(&words.join(" "))).collect();
        (name, lines.join("\n"))
    };
    vec![
        said("rules", &["iptables-save"]),
        said("links", &["ls", "/sys/class/net"]),
        said("routes", &["cat", "/proc/net/route"]),
        said("mounts", &["cat", "/proc/self/mountinfo"]),
        said("processes", &["ps", "-e", "-o", "pid=,args="]),
        said("cgroups", &["find", "/sys/fs/cgroup", "-type", "d"]),
        said("folders", &["ls", "-A", "/tmp"]),
        said(
            "containers",
            &["docker", "ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.State}} {{.Ports}}"],
        ),
        said("images", &["docker", "images", "--all", "--no-trunc"]),
        said("networks", &["docker", "network", "ls", "--no-trunc"]),
        said("volumes", &["docker", "volume", "ls"]),
    ]
}

#[test]
fn the_engine_of_a_machine_is_untouched_by_capsules_on_it_also_by_one_whose_owner_is_killed() {
    if !possible() {
        return;
    }
    let machine = Capsule::start(&host(), &CapsuleOptions::new().engine_options([""; 0])).unwrap();
    with_test_image(&machine);
    let running = "docker run --detach --publish 8080:80 --volume /data dockertest/inside:latest sleep 1000";
    printed(&machine, &[], &["/bin/sh", "-c", running]);
    let this = test_needs::again(OWNER);
    let this = HostProgram::new(this.get_program()).arguments(this.get_args());
    // It starts a host, wherever that was built: the machine has a `/tmp` of its own.
    let built = Path::new(env!("CARGO_BIN_EXE_dockertest-host")).parent().unwrap();
    let owner = machine.program(&this, &[built]);
    let owner = || {
        let mut command = Command::new(&owner.path);
        command.args(&owner.arguments).env(test_needs::AGAIN, "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    };
    // Whatever is brought in for the programs is there from now on.
    owner().wait_with_output().unwrap();
    let before = all_of(&machine);
    assert!(before[0].1.contains("8080") && before[7].1.contains("running"), "{before:?}");

    for is_killed in [false, true] {
        let mut owner = owner();
        let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.starts_with("capsule: ")), "a container runs in it");
        let during = all_of(&machine);
        let (same, others): (Vec<_>, Vec<_>) = during.iter().zip(&before).partition(|(now, then)| now == then);
        let names: Vec<_> = others.iter().map(|(now, _)| now.0).collect();
        assert_eq!(names, ["processes", "cgroups", "folders"], "{same:?}");
        if is_killed {
            owner.kill().unwrap();
        }
        drop(owner.stdin.take());
        owner.wait().unwrap();
        test_needs::wait_until_eq("all is as it was", || all_of(&machine), &before);
    }
    machine.dispose().unwrap();
}
