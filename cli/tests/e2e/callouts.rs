//! Instances of the user's own, by the real program: what was made is disposed of, whatever happens.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Command, Stdio};

use dockertest::report::subunit::{Decoder, Item};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rstest::rstest;

use crate::support::{Done, Place};

/// A lab whose instances are names. It logs what it does, and lingers where a file tells it to, which a test takes away.
const LAB: &str = r#"
linger() { [ ! -e "linger-$1" ] || { : >"lingers-$1"; while [ -e "linger-$1" ]; do sleep 0.05; done; }; }
what=$1
shift
case $what in
    provision)
        echo "asked for $1" >>calls
        for i in $(seq "$1"); do
            id=vm-$(cut -c -8 /proc/sys/kernel/random/uuid)
            echo "made $id" >>log
            echo "$id"
            linger provision
        done;;
    execute)
        id=$1
        echo "used $id" >>log
        while [ "$1" != -- ]; do shift; done
        shift
        case $* in *" run example"|*" run subexample") linger execute; [ ! -e after ] || . ./after;; esac
        exec "$@";;
    dispose)
        linger dispose
        [ ! -e sticky ] || exit 1
        for id; do echo "gone $id" >>log; done;;
esac"#;

/// What stands alone in the folder of a project.
const TESTR_CONF: &str = "[DEFAULT]
test_command = unused $IDOPTION
instance_provision = ./lab provision $INSTANCE_COUNT
instance_execute = ./lab execute $INSTANCE_ID $FILES -- $COMMAND
instance_dispose = ./lab dispose $INSTANCE_IDS
";

fn project() -> Place {
    let place = Place::new();
    place.script("lab", LAB);
    place.write(".testr.conf", TESTR_CONF);
    place
}

/// How often each instance was made, used, and disposed of.
fn log(place: &Place) -> BTreeMap<String, [usize; 3]> {
    let mut counts: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    for line in fs::read_to_string(place.path("log")).unwrap_or_default().lines() {
        let (what, id) = line.split_once(' ').unwrap();
        let count = counts.entry(id.to_owned()).or_default();
        let index = ["made", "used", "gone"].iter().position(|known| *known == what).unwrap();
        assert!(index == 2 || count[2] == 0, "{id} is {what} after it had been disposed of");
        count[index] += 1;
    }
    counts
}

fn calls(place: &Place) -> String {
    fs::read_to_string(place.path("calls")).unwrap_or_default()
}

/// Everything was made once, and disposed of once, and nobody remembers it.
#[track_caller]
fn expect_clean(place: &Place) {
    let log = log(place);
    assert!(log.values().all(|[made, _, gone]| (*made, *gone) == (1, 1)), "{log:?}");
    let records = place.path(".dockertest/callouts");
    assert_eq!(fs::read_dir(records).map_or(0, Iterator::count), 0);
    place.expect_no_process();
}

fn run<'a>(args: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    ["run", "--env", "callout", "--args", args].iter().chain(more).copied().collect()
}

/// Two instances come with one call; each result names the one that it is from.
#[test]
fn a_testr_conf_alone_is_enough() {
    let place = project();
    place.write("list", "example\nsubexample/two\n");
    let done = place.run(&["run", "--env", "callout", "--jobs", "2", "--load-list", "list"]).expect(0);
    assert!(done.stdout.contains(", in instances of callout"), "{}", done.stdout);
    assert_eq!(calls(&place), "asked for 2\n");
    expect_clean(&place);
    let log = log(&place);
    for step in place.results()["steps"].as_array().unwrap() {
        assert!(log.contains_key(step["instance"].as_str().unwrap()), "{step}");
    }
}

/// One step after the other in the one instance that there is.
#[test]
fn one_instance_serves_for_all_that_one_worker_does() {
    let place = project();
    place.run(&run("example", &["--jobs", "4"])).expect(0);
    // To list, to ask for the engine's facts, to run.
    assert_eq!(log(&place).into_values().collect::<Vec<_>>(), [[1, 3, 1]]);
    place.run(&run("example,subexample", &["--jobs", "1", "--until-failure=2"])).expect(0);
    assert_eq!(calls(&place), "asked for 1\n".repeat(3));
    expect_clean(&place);
}

/// Standard output is what was asked for, listed in an instance that is gone then.
#[test]
fn lists_come_from_an_instance_and_are_nothing_but_that() {
    let place = project();
    let here = place.run(&["list"]).expect(0).stdout;
    assert_eq!(log(&place), BTreeMap::new());
    assert_eq!(place.run(&["list", "--env", "callout"]).expect(0).stdout, here);
    let dry = place.run(&run("example", &["--dry-run"])).expect(0).stdout;
    assert_eq!(dry, "docker/subtests/example.test_1-of-1\n");
    let mut decoder = Decoder::default();
    decoder.push(&place.command(&["list", "--env", "callout", "--subunit"]).output().unwrap().stdout);
    decoder.push(&place.command(&run("example", &["--subunit"])).output().unwrap().stdout);
    let items = decoder.finish();
    assert!(items.len() > 3 && items.iter().all(|item| matches!(item, Item::Packet(_))), "{items:?}");
    expect_clean(&place);
    assert_eq!(log(&place).len(), 4);
}

/// What could not be disposed of is told, and costs no verdict; somebody else disposes of it later.
#[test]
fn a_dispose_that_fails_hides_no_verdict() {
    let place = project();
    place.write("sticky", "");
    let failed = place.run(&run("example,subexample", &["--set", "example.iterations=none"])).expect(1);
    let left = log(&place).into_keys().next().unwrap();
    assert!(failed.stderr.contains(&format!("instances are left over: {left}")), "{}", failed.stderr);
    place.run(&run("example", &[])).expect(6);
    fs::remove_file(place.path("sticky")).unwrap();
    let pruned = place.run(&["env", "prune"]);
    assert!(pruned.stdout.contains(&left) || pruned.stderr.contains(&left), "{pruned:?}");
    expect_clean(&place);
}

/// Who gets no instance is told why, and nothing is left.
#[rstest]
#[case::fails("instance_provision=./lab provision 2; echo why >&2; exit 3", 6, &["status 3", "why"])]
#[case::prints_nothing("instance_provision=true", 6, &["printed no id"])]
#[case::too_slow("instance_provision=./lab provision 1; sleep 1000", 6, &["instance_provision", "1 s"])]
#[case::no_number("test_run_concurrency=echo why >&2; exit 4", 2, &["test_run_concurrency", "status 4", "why"])]
#[case::list_fails("instance_execute=echo why >&2; exit 5", 2, &["list", "why"])]
fn without_instances_nothing_is_run(#[case] set: &str, #[case] status: i32, #[case] texts: &[&str]) {
    let place = project();
    let set = format!("environment.{set}");
    let mut arguments = run("example", &["--set", "environment.instance_provision_timeout=1", "--set", &set]);
    // All three belong together.
    let others = TESTR_CONF.lines().filter_map(|line| line.strip_prefix("instance_")?.split_once(" = "));
    let others: Vec<String> = others
        .filter(|(name, _)| !set.contains(&format!("instance_{name}")))
        .map(|(name, value)| format!("environment.instance_{name}={value}"))
        .collect();
    others.iter().for_each(|other| arguments.extend(["--set", other]));
    let done = place.run(&arguments).expect(status);
    assert!(texts.iter().all(|text| done.stderr.contains(text)), "{}", done.stderr);
    assert!(!place.path("results").exists());
    assert!(calls(&place).lines().count() <= 1);
    expect_clean(&place);
}

/// What is known to be wrong costs no instance. Only an instance can tell that it does not know a name, either.
#[rstest]
#[case::no_name("", &[], &["`--args` is given and names nothing"], 0)]
#[case::option("example", &["--set", "example.step_timeout=soon"], &["step_timeout", "soon"], 0)]
#[case::dry_run("example", &["--set", "example.step_timeout=soon", "--dry-run"], &["step_timeout", "soon"], 0)]
#[case::unknown_name("exampel", &[], &["unknown name `exampel`", "did you mean `example`?"], 1)]
fn what_is_wrong_is_told_before_instances_are_made(
    #[case] args: &str,
    #[case] more: &[&str],
    #[case] texts: &[&str],
    #[case] instances: usize,
) {
    let place = project();
    let done = place.run(&run(args, more)).expect(2);
    assert!(texts.iter().all(|text| done.stderr.contains(text)), "{}", done.stderr);
    assert_eq!(log(&place).len(), instances, "{}", calls(&place));
    expect_clean(&place);
}

/// What a command leaves behind ends with its step; an instance that failed is replaced.
#[test]
fn what_a_command_leaves_running_ends_with_its_step() {
    let place = project();
    place.write("after", "sleep 600 &\n");
    place.run(&run("example", &[])).expect(0);
    assert_eq!(place.verdicts()[0].1, "WARN", "{:?}", place.verdicts());
    expect_clean(&place);
    place.write("after", "mkdir once 2>/dev/null && exit 9\n");
    place.run(&run("example,subexample", &["--jobs", "1"])).expect(1);
    assert_eq!(place.verdicts()[1].1, "GOOD", "{:?}", place.verdicts());
    assert_eq!(log(&place).len(), 3);
    expect_clean(&place);
}

/// A run that is somewhere: in the midst of a call of that callout.
fn lingering(place: &Place, callout: &str) -> Child {
    let linger = place.write(&format!("linger-{callout}"), "");
    let arguments = ["--jobs", "1", "--set", "cleanup_timeout=1"];
    let command = place.command(&run("example,subexample", &arguments));
    let mut command = test_needs::run_by(&test_needs::HANGS_UP, &command);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A shell script in the callout can tell nothing but by a file, and that it has ended is looked at, too.
    test_needs::wait_until("the callout lingers", || {
        assert_eq!(child.try_wait().unwrap(), None, "{} is not called", linger.display());
        place.path(&format!("lingers-{callout}")).exists()
    });
    child
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

/// However it is stopped, and wherever it is, every instance is disposed of before it ends.
#[rstest]
fn a_signal_disposes_of_all(
    #[values(&[Signal::SIGTERM][..], &[Signal::SIGHUP], &[Signal::SIGINT, Signal::SIGINT])] signals: &[Signal],
    #[values("provision", "execute", "dispose")] callout: &str,
) {
    let place = project();
    let child = lingering(&place, callout);
    signals.iter().for_each(|which| signal(&child, *which));
    if callout == "dispose" {
        // It is not cut off, however urgent the wish to stop.
        fs::remove_file(place.path("linger-dispose")).unwrap();
    }
    let done = Done::from(child.wait_with_output().unwrap());
    let expected = if signals == [Signal::SIGTERM] { 143 } else { 130 };
    // All verdicts were there already when the instances were disposed of.
    assert_eq!(done.status, if callout == "dispose" { 0 } else { expected }, "{done:?}");
    assert!(!log(&place).is_empty());
    expect_clean(&place);
}

/// After SIGKILL, which nobody can catch, the next start finds what is left.
#[rstest]
#[case::provision("provision", &["env", "prune"])]
#[case::execute("execute", &["resume", "--env", "callout"])]
#[case::execute_and_another_run("execute", &["run", "--env", "callout", "--args", "example", "--results", "other"])]
#[case::dispose("dispose", &["env", "prune"])]
fn after_a_kill_the_next_start_disposes_of_all(#[case] callout: &str, #[case] next: &[&str]) {
    let place = project();
    let child = lingering(&place, callout);
    signal(&child, Signal::SIGKILL);
    Done::from(child.wait_with_output().unwrap()).expect(-9);
    fs::remove_file(place.path(&format!("linger-{callout}"))).unwrap();
    let done = place.run(next);
    assert!(matches!(done.status, 0 | 1), "{done:?}");
    let log = log(&place);
    // A call of `instance_dispose` that outlives the runner is made again.
    assert!(!log.is_empty() && log.values().all(|[made, _, gone]| *made == 1 && *gone >= 1), "{log:?}");
    assert_eq!(fs::read_dir(place.path(".dockertest/callouts")).map_or(0, Iterator::count), 0);
}

/// The scripts that are ready to be used.
fn example(name: &str) -> (String, String) {
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/callouts").join(name);
    let script = script.display().to_string();
    (TESTR_CONF.replace("./lab", &script), script)
}

#[track_caller]
fn expect_files_of_steps(place: &Place) {
    for (step, subtest) in place.verdicts().iter().zip(["example", "subexample"]) {
        assert_eq!((step.0.as_str(), step.1.as_str()), (subtest, "GOOD"), "{step:?}");
    }
    let step = "results/default/docker/subtests/example.test_1-of-2";
    for file in ["keyval", "results/keyval", "debug/example.DEBUG", "status"] {
        assert!(place.path(step).join(file).is_file(), "{file}");
    }
}

/// With a stand-in for ssh whose machines are this one, under two names.
#[test]
fn the_example_for_ssh_runs_subtests_and_keeps_what_they_write() {
    let mut place = Place::new();
    let ssh = place.script("ssh", "echo \"$1\" >>hosts; shift; exec /bin/sh -c \"$*\"");
    let (there, taken) = (place.path("there"), place.path("taken"));
    for (name, value) in [("SSH", &ssh), ("THERE", &there), ("TMPDIR", &taken)] {
        place = place.with(name, value.to_str().unwrap());
    }
    fs::create_dir(&taken).unwrap();
    let place = place.with("SSH_HOSTS", "one root@two");
    let (conf, script) = example("ssh-host");
    place.write(".testr.conf", format!("{conf}test_run_concurrency = {script} count\n"));
    place.run(&run("example,subexample", &[])).expect(0);
    expect_files_of_steps(&place);
    let hosts = place.read("hosts");
    assert!(hosts.contains("one\n") && hosts.contains("root@two\n"), "{hosts}");
    assert!(!there.exists(), "the copies are removed");
    let free = fs::read_dir(fs::read_dir(&taken).unwrap().next().unwrap().unwrap().path()).unwrap();
    assert_eq!(free.count(), 0, "all machines are given back");
    place.expect_no_process();
}

#[test]
fn the_example_for_capsules_runs_subtests_in_one_each() {
    if !crate::env::possible() {
        return;
    }
    let place = Place::new().with("DOCKERTEST", env!("CARGO_BIN_EXE_dockertest"));
    place.write(".testr.conf", example("capsule").0);
    place.run(&run("example,subexample", &["--jobs", "2"])).expect(0);
    expect_files_of_steps(&place);
    let results = place.results();
    let steps = results["steps"].as_array().unwrap();
    let capsules: Vec<&str> = steps.iter().map(|step| step["instance"].as_str().unwrap()).collect();
    assert_ne!(capsules[0], capsules[1]);
    let left = place.run(&["env", "list"]).stdout;
    assert!(capsules.iter().all(|capsule| !left.contains(capsule)), "{left}");
    place.expect_no_process();
}

/// Containers that see nothing of this machine but its programs, and share the engine.
#[test]
fn the_example_for_containers_runs_subtests_and_brings_back_what_they_write() {
    if !test_needs::engine() {
        return;
    }
    let address = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
    let socket = address.trim_start_matches("unix://");
    let programs = ["/usr", "/bin", "/lib", "/lib64"].map(|folder| format!("-v {folder}:{folder}:ro")).join(" ");
    let image = format!("dockertest-callout-{}", std::process::id());
    let place = Place::new().with("DOCKER", "/usr/bin/docker").with("IMAGE", &image).with("PRIVILEGES", "--init=false");
    let place = place.with("OPTIONS", &format!("{programs} -v {socket}:/var/run/docker.sock"));
    place.write(".testr.conf", example("container").0);
    let docker = |arguments: &[&str]| {
        let mut command = Command::new("/usr/bin/docker");
        Done::from(command.args(arguments).current_dir(place.path("")).output().unwrap())
    };
    fs::create_dir(place.path("root")).unwrap();
    let mut tar = Command::new("tar");
    tar.args(["-C", "root", "-cf", "root.tar", "."]).current_dir(place.path(""));
    assert!(tar.status().unwrap().success());
    docker(&["import", "--change", "CMD [\"sleep\", \"600\"]", "root.tar", &image]).expect(0);
    let done = place.run(&run("example,subexample", &["--jobs", "2"]));
    let left = docker(&["ps", "--all", "--quiet", "--filter", &format!("ancestor={image}")]);
    docker(&["rmi", &image]).expect(0);
    done.expect(0);
    assert_eq!(left.stdout, "");
    expect_files_of_steps(&place);
}
