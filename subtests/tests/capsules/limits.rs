//! What goes wrong in a capsule: it has a problem, and nobody else.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use dockertest::environment::capsule::{Capsule, CapsuleOptions, DataRoot};

use crate::support::{host, remains};
use crate::{possible, printed, run};

/// A process outside of every capsule, for as long as this is there.
struct Sleeper(Child);

impl Sleeper {
    fn start() -> Sleeper {
        Sleeper(Command::new("sleep").arg("600").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn a_capsule_whose_engine_dies_or_hangs_has_a_problem() {
    if !possible() {
        return;
    }
    let mut capsule = Capsule::start(&host(), &CapsuleOptions::new()).unwrap();
    let folder = capsule.folder().to_owned();
    assert_eq!(capsule.problem(), None);
    run(&capsule, &[], &["pkill", "-STOP", "dockerd"]);
    let problem = capsule.problem().unwrap();
    assert!(problem.contains("does not answer"), "{problem}");
    run(&capsule, &[], &["pkill", "-KILL", "dockerd"]);
    test_needs::wait_until_eq("nothing is left", || remains(&folder), &Vec::new());
    let problem = capsule.problem().unwrap();
    assert!(problem.contains("is gone") && problem.contains("ended of itself"), "{problem}");
    capsule.dispose().unwrap();
}

#[test]
fn a_capsule_whose_engine_has_died_is_gone_also_while_what_it_leaves_cannot_be_removed() {
    if !possible() {
        return;
    }
    let mut capsule = Capsule::start(&host(), &CapsuleOptions::new()).unwrap();
    // As the kernel does for a while, this one keeps a group of the capsule's busy, from outside.
    let busy = Sleeper::start();
    let groups = fs::read_dir("/sys/fs/cgroup").unwrap().flatten().map(|hierarchy| hierarchy.path());
    let mut groups = groups.chain([PathBuf::from("/sys/fs/cgroup")]).map(|hierarchy| hierarchy.join(capsule.id()));
    let group = groups.find(|group| group.is_dir()).unwrap();
    // In version 2, only a group without others below may have processes.
    let leaf = [group.join("init"), group].into_iter().find(|leaf| leaf.is_dir()).unwrap();
    fs::write(leaf.join("cgroup.procs"), busy.0.id().to_string()).unwrap();
    run(&capsule, &[], &["pkill", "-KILL", "dockerd"]);
    let problem = capsule.problem().unwrap();
    assert!(capsule.folder().exists(), "what looks after it is not done");
    drop(busy);
    capsule.dispose().unwrap();
    assert!(problem.contains("is gone") && problem.contains("ended of itself"), "{problem}");
}

#[test]
fn a_capsule_whose_first_process_is_killed_says_so() {
    if !possible() {
        return;
    }
    let mut capsule = Capsule::start(&host(), &CapsuleOptions::new()).unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(capsule.pid()), nix::sys::signal::Signal::SIGKILL).unwrap();
    test_needs::wait_until("it has a problem", || capsule.problem().is_some());
    let problem = capsule.problem().unwrap();
    capsule.dispose().unwrap();
    assert!(problem.contains("is gone") && problem.contains("killed by SIGKILL"), "{problem}");
}

#[test]
fn a_fork_bomb_and_a_full_disk_hurt_nobody_outside() {
    if !possible() {
        return;
    }
    let small = DataRoot::Memory { bytes: 64 << 20 };
    let options = CapsuleOptions::new().processes(200).data_root(small).scratch_bytes(16 << 20);
    let mut capsule = Capsule::start(&host(), &options).unwrap();

    // Each of them starts another one, until the kernel refuses. What is started is killed.
    let bomb = "import os, signal\n\
                started = []\n\
                while True:\n\
                \x20   try: pid = os.fork()\n\
                \x20   except OSError as refused: said = refused.strerror; break\n\
                \x20   if pid == 0: signal.pause()\n\
                \x20   started.append(pid)\n\
                for pid in started: os.kill(pid, signal.SIGKILL)\n\
                print(said, 50 < len(started) < 200)\n";
    let refused = printed(&capsule, &[], &["python3", "-c", bomb]);
    assert_eq!(refused, "Resource temporarily unavailable True");

    for place in ["/var/lib/docker", "/tmp", "/root"] {
        let fill = format!("head -c 100000000 /dev/zero > {place}/full");
        let filled = run(&capsule, &[], &["/bin/sh", "-c", &fill]);
        let said = String::from_utf8_lossy(&filled.stderr).into_owned();
        assert!(!filled.status.success() && said.contains("No space left"), "{place}: {said}");
        let problem = capsule.problem().unwrap();
        assert!(problem.contains("no space is left"), "{place}: {problem}");
        run(&capsule, &[], &["rm", &format!("{place}/full")]);
    }
    assert!(!Path::new("/root/full").exists());
    assert_eq!(capsule.problem(), None);
    capsule.dispose().unwrap();
}

#[test]
fn who_takes_too_much_memory_is_killed_and_nobody_else() {
    if !possible() {
        return;
    }
    let options = CapsuleOptions::new().memory_bytes(400 << 20);
    let mut capsule = Capsule::start(&host(), &options).unwrap();
    let glutton = run(&capsule, &[], &["python3", "-c", "x = b'x' * (1 << 30)"]);
    assert_eq!(glutton.status.signal(), Some(9), "{glutton:?}");
    assert_eq!(capsule.problem(), None);
    capsule.dispose().unwrap();
}
