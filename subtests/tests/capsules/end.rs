//! How a capsule goes, whoever is killed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use dockertest::environment::capsule::{self, Capsule, CapsuleOptions};
use dockertest::host::HostProgram;

use crate::support::{host, kill, remains};
use crate::{Namespace, possible, printed, processes_of, with_test_image};

/// The test that is the owner of a capsule, too, where it is started by another one.
pub(crate) const OWNER: &str =
    "end::a_capsule_goes_when_its_owner_is_killed_even_with_a_first_process_that_was_stopped";

/// Another process, and the folder and first process of the capsule that it has.
fn owner() -> (Child, PathBuf, u32) {
    let mut owner = test_needs::again(OWNER).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines().map_while(Result::ok);
    let told = lines.find_map(|line| line.strip_prefix("capsule: ").map(str::to_owned)).unwrap();
    let (pid, folder) = told.split_once(' ').unwrap();
    (owner, PathBuf::from(folder), pid.parse().unwrap())
}

/// The process that [`owner`] starts, and that is killed.
#[expect(clippy::print_stdout, reason = "the test that starts it reads that")]
fn be_owner() {
    let capsule = Capsule::start(&host(), &CapsuleOptions::new().engine_options([""; 0])).unwrap();
    with_test_image(&capsule);
    let running = "docker run --detach --publish 8080:80 --volume /data dockertest/inside:latest sleep 1000";
    printed(&capsule, &[], &["/bin/sh", "-c", running]);
    assert!(printed(&capsule, &[], &["/bin/sh", "-c", "iptables-save -t nat"]).contains("8080"));
    println!("\ncapsule: {} {}", capsule.pid(), capsule.folder().display());
    // Until it is killed.
    drop(std::io::stdin().lines().next());
}

fn parent(process: u32) -> u32 {
    let told = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    told.rsplit(") ").next().unwrap().split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_capsule_goes_when_its_owner_is_killed_even_with_a_first_process_that_was_stopped() {
    if !possible() {
        return;
    }
    if test_needs::is_again() {
        return be_owner();
    }
    for stopped in [false, true] {
        let (mut owner, folder, first) = owner();
        let namespace = Namespace::of(first);
        if stopped {
            kill(first, "STOP");
        }
        // What looks after it has to be there until the end: else only the sweep of another start would remove the rest.
        let keeper = parent(first);
        owner.kill().unwrap();
        owner.wait().unwrap();
        let watched = || {
            let is_kept = Path::new(&format!("/proc/{keeper}")).exists();
            let left = remains(&folder);
            assert!(is_kept || left.is_empty(), "what looks after it died before it had cleaned up: {left:?}");
            left
        };
        test_needs::wait_until_eq("nothing is left", watched, &Vec::new());
        assert_eq!(processes_of(&namespace), Vec::<String>::new());
    }
}

/// How long that takes, `cargo xtask bench environments` measures.
#[test]
fn a_capsule_waits_for_nobody_outside_also_after_whoever_went_in_was_killed() {
    if !possible() {
        return;
    }
    let capsule = Capsule::start(&host(), &CapsuleOptions::new()).unwrap();
    let folder = capsule.folder().to_owned();
    // What goes in passes to the first process of the capsule, which reaps it at once. That of the machine may never do so.
    let script = "sed -n 's/^PPid:.//p' /proc/$PPID/status; exec sleep 1000";
    let shell = capsule.program(&HostProgram::new("/bin/sh").arguments(["-c", script]), &[]);
    let mut inside = Command::new(shell.path).args(shell.arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let mut pipe = BufReader::new(inside.stdout.take().unwrap());
    pipe.read_line(&mut said).unwrap();
    inside.kill().unwrap();
    inside.wait().unwrap();
    // The shell dies by that, too.
    assert_eq!((said.as_str(), pipe.read_line(&mut String::new()).unwrap()), ("1\n", 0));
    capsule.dispose().unwrap();
    assert_eq!(remains(&folder), Vec::<PathBuf>::new());
}

#[test]
fn what_was_killed_together_with_all_that_looked_after_it_is_pruned() {
    if !possible() {
        return;
    }
    let (mut owner, folder, first) = owner();
    kill(parent(first), "KILL");
    owner.kill().unwrap();
    owner.wait().unwrap();
    let pruned = || {
        drop(capsule::prune(&CapsuleOptions::new()));
        remains(&folder)
    };
    test_needs::wait_until_eq("nothing is left", pruned, &Vec::new());
}
