//! Capsules, made by the host program of the bundled subtests.
//!
//! Each test starts a real engine. Without root and `dockerd` they have nothing to test; `cargo xtask test` wants them to.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::num::NonZeroUsize;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use dockertest::engine::Api;
use dockertest::engine::daemon::search_path;
use dockertest::engine::fixtures::test_image;
use dockertest::environment::Provider;
use dockertest::environment::capsule::{self, Capsule, CapsuleOptions, CapsuleProvider, DataRoot, EngineKind};
use dockertest::host::{CancelToken, HostProgram};

use support::{host, remains};

/// Whether a capsule can be made here.
#[track_caller]
fn possible() -> bool {
    test_needs::is_met(CapsuleProvider::new(host(), CapsuleOptions::new()).obstacle())
}

/// Runs a command in the capsule.
fn run(capsule: &Capsule, shared: &[&Path], words: &[&str]) -> Output {
    let program = HostProgram::new(words[0]).arguments(&words[1..]);
    let inside = capsule.program(&program, shared);
    Command::new(inside.path).args(inside.arguments).output().unwrap()
}

/// The same, and what it printed when it ended well.
fn printed(capsule: &Capsule, shared: &[&Path], words: &[&str]) -> String {
    let output = run(capsule, shared, words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

#[test]
fn a_program_in_a_capsule_finds_the_engine_without_options() {
    if !possible() {
        return;
    }
    let capsule = Capsule::start(&host(), &CapsuleOptions::new()).unwrap();
    let folder = capsule.folder().to_owned();
    let version = printed(&capsule, &[], &["docker", "version", "--format", "{{.Server.Version}}"]);
    assert!(!version.is_empty());
    assert_eq!(printed(&capsule, &[], &["docker", "ps", "--all", "--quiet"]), "");
    assert_eq!(printed(&capsule, &[], &["uname", "-n"]), capsule.id());
    capsule.dispose().unwrap();
    assert_eq!(remains(&folder), Vec::<PathBuf>::new());
}

#[test]
fn a_host_in_an_instance_writes_into_the_results_and_nowhere_else() {
    if !possible() {
        return;
    }
    let results = tempfile::tempdir().unwrap();
    let provider = CapsuleProvider::new(host(), CapsuleOptions::new());
    let cancel = CancelToken::new().unwrap();
    let mut instances = provider.provision(NonZeroUsize::MIN, &cancel).unwrap();
    let instance = instances.pop().unwrap();
    assert_eq!(instance.problem(), None);

    let listing = instance.host(&host(), results.path()).list(Duration::from_secs(60)).unwrap();
    let names: Vec<String> = listing.subtests.iter().map(|subtest| subtest.name.to_string()).collect();
    assert!(names.contains(&"docker_cli/version".to_owned()), "{names:?}");

    let lost = format!("/root/dockertest-lost-{}", std::process::id());
    let kept = results.path().join("kept");
    let script = format!("echo kept > {}; echo lost > {lost}; cat {lost}; pwd", kept.display());
    let shell = HostProgram::new("/bin/sh").arguments(["-c", &script]);
    let shell = instance.host(&shell, results.path());
    let output = Command::new(shell.path).args(shell.arguments).current_dir(results.path()).output().unwrap();
    let expected = format!("lost\n{}\n", results.path().display());
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{output:?}");
    instance.dispose().unwrap();
    assert_eq!(fs::read_to_string(kept).unwrap(), "kept\n");
    assert!(!Path::new(&lost).exists());
}

#[test]
fn a_program_in_a_capsule_ends_as_it_would_here() {
    if !possible() {
        return;
    }
    let capsule = Capsule::start(&host(), &CapsuleOptions::new()).unwrap();
    let status = |script: &str| run(&capsule, &[], &["/bin/sh", "-c", script]).status;
    assert_eq!(status("exit 7").code(), Some(7));
    assert_eq!(status("kill -9 $$").signal(), Some(9));
    assert_eq!(status("kill -15 $$").signal(), Some(15));
    assert_eq!(run(&capsule, &[], &["/no/such/program"]).status.code(), Some(127));

    // A signal to the process here comes to the program there.
    let script = "trap 'echo got it; exit 3' TERM; echo ready; while :; do sleep 0.05; done";
    let shell = HostProgram::new("/bin/sh").arguments(["-c", script]);
    let shell = capsule.program(&shell, &[]);
    let mut child = Command::new(shell.path).args(shell.arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert_eq!(lines.next().unwrap().unwrap(), "got it");
    assert_eq!(child.wait().unwrap().code(), Some(3));

    // What is killed here is killed there.
    let shell = HostProgram::new("/bin/sleep").arguments(["987654"]);
    let shell = capsule.program(&shell, &[]);
    let mut child = Command::new(shell.path).args(shell.arguments).spawn().unwrap();
    let sleeps = || run(&capsule, &[], &["pgrep", "-f", "^/bin/sleep 987654$"]).status.success();
    test_needs::wait_until("the program runs", sleeps);
    child.kill().unwrap();
    child.wait().unwrap();
    test_needs::wait_until("the program is gone", || !sleeps());
    capsule.dispose().unwrap();
}

/// What a capsule must not change: rules, links, mounts, and what the engine of the machine has.
fn machine() -> Vec<(&'static str, String)> {
    let output = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).env("PATH", search_path()).output();
        output.map_or_else(|error| error.to_string(), |output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    // Comments have the time, and brackets have counters.
    let is_rule = |line: &&str| !line.starts_with('#') && !line.starts_with(':');
    let rules: Vec<String> = output("iptables-save", &[]).lines().filter(is_rule).map(str::to_owned).collect();
    let mut links: Vec<String> = fs::read_dir("/sys/class/net")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    links.sort();
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    // Others may mount something meanwhile, but nothing of a capsule's.
    let ours: Vec<&str> = mounts.lines().filter(|line| line.contains("dockertest-capsule")).collect();
    let docker = |words: &[&str]| output("docker", words);
    vec![
        ("rules", rules.join("\n")),
        ("links", links.join(" ")),
        ("mounts", ours.join("\n")),
        ("containers", docker(&["ps", "--all", "--quiet", "--no-trunc"])),
        ("images", docker(&["images", "--all", "--quiet", "--no-trunc"])),
        ("networks", docker(&["network", "ls", "--no-trunc"])),
    ]
}

/// The process namespace of a process. It is held: the kernel gives the number of one that is gone to the next one.
struct Namespace {
    number: PathBuf,
    _held: fs::File,
}

impl Namespace {
    fn of(process: impl std::fmt::Display) -> Namespace {
        let path = format!("/proc/{process}/ns/pid");
        let held = fs::File::open(&path).unwrap();
        Namespace { number: fs::read_link(path).unwrap(), _held: held }
    }
}

/// The processes of a process namespace.
fn processes_of(namespace: &Namespace) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let inside =
        processes.filter(|process| fs::read_link(process.join("ns/pid")).is_ok_and(|found| found == namespace.number));
    let told = |process: PathBuf| {
        let text = |file: &str| fs::read_to_string(process.join(file)).unwrap_or_default().replace('\0', " ");
        format!("{}: {}; {}", process.display(), text("cmdline"), text("stat"))
    };
    inside.map(told).collect()
}

#[test]
fn nothing_of_the_machine_is_changed_by_a_capsule() {
    if !possible() {
        return;
    }
    let before = machine();
    let capsule = Capsule::start(&host(), &CapsuleOptions::new().engine_options([""; 0])).unwrap();
    let folder = capsule.folder().to_owned();
    let namespace = Namespace::of(capsule.pid());
    with_test_image(&capsule);
    let running = "docker run --detach --publish 8080:80 --volume /data dockertest/inside:latest sleep 1000";
    printed(&capsule, &[], &["/bin/sh", "-c", running]);
    assert!(printed(&capsule, &[], &["/bin/sh", "-c", "iptables-save -t nat"]).contains("8080"));
    assert!(!processes_of(&namespace).is_empty());
    assert_eq!(machine(), before, "while a container runs in a capsule");
    capsule.dispose().unwrap();
    assert_eq!(machine(), before, "after it");
    assert_eq!(processes_of(&namespace), Vec::<String>::new());
    assert_eq!(remains(&folder), Vec::<PathBuf>::new());
}

/// Brings the test image into the capsule.
fn with_test_image(capsule: &Capsule) {
    let address = format!("unix://{}", capsule.seen("/run/docker.sock").display());
    let api = Api::connect(&address, Duration::from_secs(60)).unwrap();
    test_image::ensure(&api, "dockertest/inside:latest").unwrap();
}

/// The test that is the owner of a capsule, too, where it is started by another one.
const OWNER: &str = "a_capsule_goes_when_its_owner_is_killed_even_with_a_first_process_that_was_stopped";

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
    let capsule = Capsule::start(&host(), &CapsuleOptions::new()).unwrap();
    with_test_image(&capsule);
    printed(&capsule, &[], &["docker", "run", "--detach", "dockertest/inside:latest", "sleep", "1000"]);
    println!("\ncapsule: {} {}", capsule.pid(), capsule.folder().display());
    // Until it is killed.
    drop(std::io::stdin().lines().next());
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

fn parent(process: u32) -> u32 {
    let told = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    told.rsplit(") ").next().unwrap().split(' ').nth(1).unwrap().parse().unwrap()
}

fn kill(pid: u32, signal: &str) {
    assert!(Command::new("kill").args([format!("-{signal}"), pid.to_string()]).status().unwrap().success());
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

#[test]
fn a_capsule_is_gone_at_once_also_after_whoever_went_in_was_killed() {
    if !possible() {
        return;
    }
    // The best of a few, since what else the machine does is not the capsule's fault.
    let times = (0..3).map(|_| {
        let capsule = Capsule::start(&host(), &CapsuleOptions::new()).unwrap();
        let folder = capsule.folder().to_owned();
        let shell = HostProgram::new("/bin/sh").arguments(["-c", "echo there; exec sleep 1000"]);
        let shell = capsule.program(&shell, &[]);
        let mut inside = Command::new(shell.path).args(shell.arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        let mut pipe = BufReader::new(inside.stdout.take().unwrap());
        pipe.read_line(&mut said).unwrap();
        inside.kill().unwrap();
        inside.wait().unwrap();
        // The shell dies by that, too.
        assert_eq!((said.as_str(), pipe.read_line(&mut String::new()).unwrap()), ("there\n", 0));
        let began = Instant::now();
        capsule.dispose().unwrap();
        let took = began.elapsed();
        assert_eq!(remains(&folder), Vec::<PathBuf>::new());
        took
    });
    let best = times.min().unwrap();
    assert!(best < Duration::from_millis(500), "it took {best:?}");
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
        drop(capsule::prune());
        remains(&folder)
    };
    test_needs::wait_until_eq("nothing is left", pruned, &Vec::new());
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

#[test]
fn images_are_in_a_capsule_from_the_beginning_and_stay_when_one_removes_them() {
    if !possible() {
        return;
    }
    let name = "dockertest/prepared:latest";
    let options = CapsuleOptions::new().with_test_image(&host(), name).unwrap();
    assert_eq!(options, CapsuleOptions::new().with_test_image(&host(), name).unwrap());
    let mut identities = Vec::new();
    for _ in 0..2 {
        let capsule = Capsule::start(&host(), &options).unwrap();
        let said = printed(&capsule, &[], &["docker", "run", "--rm", name, "echo", "hello"]);
        assert_eq!(said, "hello");
        identities.push(printed(&capsule, &[], &["docker", "info", "--format", "{{.ID}}"]));
        printed(&capsule, &[], &["docker", "rmi", "--force", name]);
        assert_eq!(printed(&capsule, &[], &["docker", "images", "--all", "--quiet"]), "");
        capsule.dispose().unwrap();
    }
    assert_ne!(identities[0], identities[1], "each engine is one of its own");
}

#[test]
fn podman_has_images_from_the_beginning_too_and_can_remove_them() {
    let options = CapsuleOptions::new().kind(EngineKind::Podman);
    if !test_needs::is_met(CapsuleProvider::new(host(), options.clone()).obstacle()) {
        return;
    }
    let name = "dockertest/prepared:latest";
    let prepared = options.clone().with_test_image(&host(), name).unwrap();
    assert_eq!(prepared, options.with_test_image(&host(), name).unwrap());
    for _ in 0..2 {
        let capsule = Capsule::start(&host(), &prepared).unwrap();
        let said =
            printed(&capsule, &[], &["podman", "run", "--rm", "--network=none", name, "stat", "-c%u", "/home/user"]);
        assert_eq!(said, "1000", "owners are kept");
        printed(&capsule, &[], &["podman", "rmi", name]);
        assert_eq!(printed(&capsule, &[], &["podman", "images", "--all", "--quiet"]), "");
        // Nothing of it is left that would be in the way of the same image once more.
        let script =
            "mkdir /tmp/root && podman import --quiet - again </dev/null && podman images --quiet | wc --lines";
        assert!(printed(&capsule, &[], &["/bin/sh", "-c", script]).ends_with('1'));
        capsule.dispose().unwrap();
    }
}

#[test]
fn a_capsule_for_podman_is_a_clean_engine_without_a_daemon() {
    let options = CapsuleOptions::new().kind(EngineKind::Podman);
    if !test_needs::is_met(CapsuleProvider::new(host(), options.clone()).obstacle()) {
        return;
    }
    let mut capsule = Capsule::start(&host(), &options).unwrap();
    assert_eq!(capsule.problem(), None);
    assert_eq!(printed(&capsule, &[], &["podman", "images", "--quiet"]), "");
    let script = "mkdir /tmp/root && cp $(command -v busybox) /tmp/root && tar -C /tmp/root -c . | podman import --quiet - made \
                  && podman run --rm made /busybox echo hello";
    let said = printed(&capsule, &[], &["/bin/sh", "-c", script]);
    assert!(said.ends_with("hello"), "{said}");
    let folder = capsule.folder().to_owned();
    capsule.dispose().unwrap();
    assert_eq!(remains(&folder), Vec::<PathBuf>::new());
}

/// Podman of somebody who is not root, in the user namespace that it makes for itself. What it needs of the kernel and of the
/// distribution is looked for first.
#[test]
fn podman_without_root_runs_containers_in_a_capsule() {
    let options = CapsuleOptions::new().kind(EngineKind::Podman);
    if !test_needs::is_met(CapsuleProvider::new(host(), options.clone()).obstacle()) {
        return;
    }
    let capsule = Capsule::start(&host(), &options).unwrap();
    let does = |script: &str| run(&capsule, &[], &["/bin/sh", "-c", script]).status.success();
    let has_tools = does("command -v newuidmap && command -v newgidmap && command -v useradd");
    if !test_needs::is_met((!has_tools).then(|| "there is no `newuidmap` (Debian: uidmap)".to_owned())) {
        return;
    }
    if !does("setpriv --reuid 65534 --regid 65534 --clear-groups unshare --user true") {
        test_needs::skip("users may not make user namespaces");
        return;
    }
    // It has ranges of users of its own, a folder for sockets, and mounts that reach the namespaces below.
    let script = "set -e
        useradd --create-home ordinary
        grep -q ordinary /etc/subuid || { echo ordinary:100000:65536 >>/etc/subuid; echo ordinary:100000:65536 >>/etc/subgid; }
        mkdir -p /tmp/root /run/user/ordinary && chmod 755 /tmp/root && chown ordinary /run/user/ordinary
        cp $(command -v busybox) /tmp/root
        mount --make-rshared /
        cd /home/ordinary
        exec setpriv --reuid ordinary --regid ordinary --init-groups env --unset=CONTAINER_HOST HOME=/home/ordinary \
            XDG_RUNTIME_DIR=/run/user/ordinary /bin/sh -c 'set -e
                podman info --format {{.Host.Security.Rootless}}
                tar -C /tmp/root -c . | podman import --quiet - made >&2
                podman run --rm --network none made /busybox id -u
                podman run --rm --network none --user 1234 made /busybox id -u'";
    assert_eq!(printed(&capsule, &[], &["/bin/sh", "-c", script]), "true\n0\n1234");
    let folder = capsule.folder().to_owned();
    capsule.dispose().unwrap();
    assert_eq!(remains(&folder), Vec::<PathBuf>::new());
}
