//! Runs in capsules: what breaks in one breaks nothing else, and nothing is left, however a run ends.
//!
//! Without root and `dockerd` there is nothing to test; `cargo xtask test` wants more.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::env::possible;
use crate::support::{Done, Place};

/// A host whose subtests do what nobody should do to an engine. They do it in a capsule only.
const BREAKER: &str = r#"
echo '{"hello":{"protocol":1,"api-version":"VERSION","program":"breaker 1"}}'
if [ "$1" = list ]; then
    for name in clean killed stopped full hangs last waits; do echo '{"subtest":{"name":"'$name'"}}'; done
    echo '{"listed":{"subtests":7}}'
    exit
fi
read -r request
end() { echo '{"ended":{"verdict":"'$1'","reason":"'$2'"}}'; exit; }
case "$(uname -n)" in dockertest-capsule-*) ;; *) end ERROR "not in a capsule" ;; esac
case "$request" in *'"mode":{"cleanup"'*) end GOOD "nothing to clean up" ;; esac
echo '{"phase":{"phase":"run_once"}}'
case "$2" in
clean | last)
    [ -z "$(docker ps --all --quiet)" ] && [ -z "$(docker volume ls --quiet)" ] || end FAIL "somebody was here before"
    docker volume create mine >&2 || end FAIL "no volume"
    end GOOD fine ;;
killed) pkill -KILL -x dockerd; sleep 600 ;;
stopped) pkill -STOP -x dockerd; end FAIL "no answer" ;;
full) cat /dev/zero >/var/lib/docker/full; end FAIL "no space" ;;
hangs) touch "${0%/*}/results/default/hangs"; exec sleep 600 ;;
waits)
    until [ "$(grep -c '{"instance-provisioned":' "${0%/*}/results/default/journal.jsonl")" -ge 2 ]; do sleep 0.05; done
    end GOOD "the next one is there" ;;
esac
"#;

/// A working folder with that host. The image that capsules have is made once for all.
fn place() -> Place {
    let place = Place::new().with("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    let host = place.script("breaker", &BREAKER.replace("VERSION", env!("CARGO_PKG_VERSION")));
    place.with("DOCKERTEST_HOST", host.to_str().unwrap())
}

fn begin(place: &Place, arguments: &[&str]) -> Child {
    place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// What the process of that id leaves that does not dispose of its capsules: folders, cgroups and mounts. That nothing else
/// of a machine is changed, the tests of capsules themselves show, on a machine where nobody else does anything.
pub(crate) fn left_by(runner: u32) -> Vec<PathBuf> {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let cgroups = Path::new("/sys/fs/cgroup");
    let places = entries(cgroups).chain([cgroups.to_owned(), PathBuf::from("/tmp")]);
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let mounted = mounts.lines().filter_map(|line| line.split(' ').nth(4)).map(PathBuf::from);
    let name = format!("dockertest-capsule-{runner}");
    let is_name = |found: &str| found.strip_prefix(&name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    let is_ours = |path: &PathBuf| path.iter().any(|part| part.to_str().is_some_and(is_name));
    places.flat_map(|place| entries(&place).collect::<Vec<_>>()).chain(mounted).filter(is_ours).collect()
}

/// Of a runner that has ended there is nothing.
#[track_caller]
fn expect_nothing_left(place: &Place, runner: u32) {
    place.expect_no_process();
    assert_eq!(left_by(runner), Vec::<PathBuf>::new());
}

/// How many events of that name the journal has.
fn events(place: &Place, name: &str) -> usize {
    place.read("results/default/journal.jsonl").matches(&format!("\"{name}\":{{")).count()
}

#[test]
fn an_engine_that_dies_hangs_or_is_full_costs_its_step_and_no_other() {
    if !possible() {
        return;
    }
    let place = place();
    let arguments = ["run", "--env", "capsule", "--jobs", "2", "--set", "environment.capsule_data_mib=32"];
    let chosen = "--args=clean,killed,stopped,full,last";
    let runner = begin(&place, &[&arguments[..], &[chosen]].concat());
    let id = runner.id();
    let done = Done::from(runner.wait_with_output().unwrap()).expect(1);
    let verdicts = place.verdicts();
    let told: Vec<_> = verdicts.iter().map(|(name, verdict, _)| (name.as_str(), verdict.as_str())).collect();
    let expected = [("clean", "GOOD"), ("killed", "ABORT"), ("stopped", "ERROR"), ("full", "ERROR"), ("last", "GOOD")];
    assert_eq!(told, expected, "{}", done.stdout);
    for (step, reason) in [(1, "is gone"), (2, "does not answer"), (3, "no space is left")] {
        let (name, _, said) = &verdicts[step];
        assert!(said.contains("cannot be used any more") && said.contains(reason), "{name}: {said}");
    }
    let provisioned = events(&place, "instance-provisioned");
    assert!(provisioned >= told.len(), "each step had one of its own: {provisioned}");
    assert_eq!(events(&place, "instance-disposed"), provisioned);
    expect_nothing_left(&place, id);
}

#[test]
fn a_run_that_is_killed_leaves_nothing_and_is_resumed_in_new_capsules() {
    if !possible() {
        return;
    }
    let place = place();
    // While it hangs, the capsule of the other one is made. Nothing names an engine, so that `auto` means capsules.
    let mut command = place.command(&["run", "--env=auto", "--jobs", "1", "--args=hangs,last"]);
    let mut runner = command.env("DOCKER_HOST", "").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = runner.id();
    test_needs::wait_until("the step runs", || place.path("results/default/hangs").exists());
    assert_ne!(left_by(id), Vec::<PathBuf>::new(), "there is a capsule");
    runner.kill().unwrap();
    runner.wait().unwrap();
    test_needs::wait_until_eq("nothing is left", || left_by(id), &Vec::new());

    // Something names an engine now, and the run goes on as it began.
    let resumed = begin(&place, &["resume"]);
    let id = resumed.id();
    let done = Done::from(resumed.wait_with_output().unwrap()).expect(1);
    let told: Vec<_> = place.verdicts().into_iter().map(|(name, verdict, _)| (name, verdict)).collect();
    let expected = [("hangs", "ABORT"), ("last", "GOOD")].map(|(name, verdict)| (name.to_owned(), verdict.to_owned()));
    assert_eq!(told, expected, "{}", done.stdout);
    expect_nothing_left(&place, id);
}

#[test]
fn the_next_capsule_is_made_while_a_step_runs() {
    if !possible() {
        return;
    }
    let place = place();
    // The step ends when that has happened, or not at all.
    let arguments = ["run", "--env=capsule", "--jobs=1", "--args=waits,last", "--set=waits.step_timeout=60"];
    place.run(&arguments).expect(0);
    let journal = place.read("results/default/journal.jsonl");
    let at = |event: &str, number: usize| {
        let needle = format!("{{\"{event}\":");
        let mut lines = (0..).zip(journal.lines()).filter(|(_, line)| line.contains(&needle));
        let found: Option<(usize, &str)> = lines.nth(number);
        found.unwrap_or_else(|| panic!("no {event} {number}:\n{journal}")).0
    };
    let order = [
        at("instance-provisioned", 0),
        at("step-started", 0),
        at("instance-provisioned", 1),
        at("step-ended", 0),
        at("step-started", 1),
    ];
    assert!(order.is_sorted(), "{order:?}:\n{journal}");
    assert_eq!(events(&place, "instance-provisioned"), 2, "no more than there are steps");
    let results = place.results();
    let instances: Vec<&str> =
        results["steps"].as_array().unwrap().iter().map(|step| step["instance"].as_str().unwrap()).collect();
    assert_ne!(instances[0], instances[1]);
}

#[test]
fn two_runs_at_the_same_time_do_not_see_each_other() {
    if !possible() {
        return;
    }
    let places = [place(), place()];
    let runs =
        places.each_ref().map(|place| begin(place, &["run", "--env", "capsule", "--jobs", "2", "--args=clean,last"]));
    for (run, place) in runs.into_iter().zip(&places) {
        let id = run.id();
        Done::from(run.wait_with_output().unwrap()).expect(0);
        expect_nothing_left(place, id);
    }
}

#[test]
fn what_a_power_cut_leaves_is_pruned() {
    if !possible() {
        return;
    }
    // No process has that id.
    let folder = PathBuf::from(format!("/tmp/dockertest-capsule-99999999-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    let groups = fs::read_dir("/sys/fs/cgroup").unwrap().flatten().map(|entry| entry.path());
    let groups = groups.filter(|group| group.join("cgroup.procs").exists()).chain([PathBuf::from("/sys/fs/cgroup")]);
    for group in groups.filter(|group| group.join("cgroup.procs").exists()) {
        fs::create_dir_all(group.join(folder.file_name().unwrap()).join("container")).unwrap();
    }
    // From now on it may also be taken by whoever starts a capsule.
    fs::write(folder.join("lock"), "").unwrap();
    place().run(&["env", "prune"]).expect(0);
    test_needs::wait_until_eq("nothing is left", || left_by(99_999_999), &Vec::new());
}
