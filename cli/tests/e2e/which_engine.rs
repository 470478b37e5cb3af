//! Which engine is under test when nobody says where subtests run: a new one for each, unless something names another.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;

use rstest::rstest;

use crate::env::{nobody_can_run, possible};
use crate::support::{Done, Place};

/// A host of two subtests that need no engine.
const HOST: &str = r##"
hello='{"hello":{"protocol":1,"api-version":"VERSION","program":"shell-host 1"}}'
case $1 in
list) echo "$hello"
    for name in a b; do echo '{"subtest":{"name":"my/'$name'"}}'; done
    echo '{"listed":{"subtests":2}}';;
run) read -r request
    echo "$hello"
    echo '{"ended":{"verdict":"GOOD","reason":"on '$(uname -n)'","seconds":0.1}}';;
esac
exit 0"##;

/// Somebody's folder, in whose environment nothing names an engine.
fn place() -> Place {
    let place = Place::new().with("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    place.script("host", &HOST.replace("VERSION", env!("CARGO_PKG_VERSION")));
    ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "HOME"]
        .into_iter()
        .fold(place, |place, name| place.with(name, ""))
}

const RUN: [&str; 4] = ["run", "--plugin", "host", "--args=my/a,my/b"];

fn run(place: &Place, more: &[&str]) -> Done {
    place.run(&[&RUN[..], more].concat())
}

#[test]
fn where_nothing_names_an_engine_every_subtest_has_a_new_one() {
    if !possible() {
        return;
    }
    let place = place();
    let reports = ["--report=junit=junit.xml", "--report=html=page.html", "--report=tap=run.tap"];
    let done = run(&place, &reports).expect(0);
    let first = done.stdout.lines().next().unwrap();
    let settings = "dockerd --exec-opt=native.cgroupdriver=cgroupfs --iptables=false --ip6tables=false";
    assert!(first.ends_with(&format!(", our own, in capsules, with {settings}")), "{}", done.stdout);
    let ends =
        [("results/default/status", "GOOD"), ("junit.xml", "<testcase"), ("page.html", "<nav"), ("run.tap", "ok 1")];
    for (report, end_of_head) in ends {
        let text = place.read(report);
        let head = text.split(end_of_head).next().unwrap();
        // In XML and HTML nothing of it needs to be escaped.
        assert!(head.contains(settings) && head.len() < text.len(), "{report}: {head}");
    }
    assert_eq!(place.results()["engine"]["facts"]["engine-settings"], settings);
    let values = place.read("results/default/docker/subtests/my/a.test_1-of-2/keyval");
    assert!(values.contains(&format!("engine-settings={settings}")), "{values}");
    assert_eq!(done.stderr, "");
    let results = place.results();
    let instances: Vec<_> = results["steps"].as_array().unwrap().iter().map(|step| step["instance"].as_str()).collect();
    assert!(instances[0].unwrap().starts_with("dockertest-capsule-") && instances[0] != instances[1], "{instances:?}");
    place.expect_no_process();
}

#[rstest]
#[case::variable("DOCKER_HOST", "unix:///nonexistent/docker.sock", &[], "DOCKER_HOST")]
#[case::context("DOCKER_CONTEXT", "elsewhere", &[], "DOCKER_CONTEXT")]
#[case::context_in_use("DOCKER_CONFIG", "config", &[], "docker context elsewhere")]
#[case::option("TZ", "UTC", &["--set", "docker_options=-H unix:///nonexistent/docker.sock"], "docker_options")]
#[case::program("TZ", "UTC", &["--set", "docker_path=/bin/false"], "docker_path")]
fn an_engine_that_is_named_is_the_one(
    #[case] variable: &str,
    #[case] value: &str,
    #[case] set: &[&str],
    #[case] named_by: &str,
) {
    let place = place().with(variable, value);
    place.write("config/config.json", r#"{"currentContext":"elsewhere"}"#);
    let done = run(&place, set).expect(0);
    let first = done.stdout.lines().next().unwrap();
    assert!(first.starts_with("engine under test: ") && first.contains(&format!(", named by {named_by}")), "{first}");
    // It is wanted, so nothing is said but that.
    assert_eq!(done.stderr, "");
    assert_eq!(place.results()["steps"][0]["instance"], serde_json::Value::Null);
}

#[test]
fn a_program_that_no_capsule_has_is_run_here_and_it_is_said_why() {
    let place = place();
    // What is below `/tmp` is not seen in one.
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let client = folder.path().join("docker");
    test_needs::script(&client, "#!/bin/sh\nexit 1\n");
    let done = run(&place, &["--set", &format!("docker_path={}", client.display()), "--until-failure=2"]).expect(0);
    let why = "note: the engine that is configured is used, not a capsule: `docker_path` is ";
    assert_eq!(done.stderr.matches(why).count(), 1, "{}", done.stderr);
    assert!(done.stderr.contains("which is not seen in a capsule"), "{}", done.stderr);
    assert_eq!(place.results()["steps"][0]["instance"], serde_json::Value::Null);
}

#[test]
fn without_root_the_engine_that_is_configured_is_tested_and_it_is_said_why() {
    let place = place();
    let mut command = place.command(&RUN);
    if nix::unistd::geteuid().is_root() {
        if !nobody_can_run(command.get_program().as_ref()) {
            test_needs::skip("whoever is nobody cannot reach the folder of the programs");
            return;
        }
        chown(place.path(""), Some(65534), Some(65534)).unwrap();
        command.uid(65534).gid(65534);
    }
    let done = Done::from(command.output().unwrap()).expect(0);
    let why = "note: the engine that is configured is used, not a capsule: a capsule needs root";
    assert!(done.stderr.starts_with(why) && done.stderr.lines().count() == 1, "{}", done.stderr);
    let first = done.stdout.lines().next().unwrap();
    assert!(first.starts_with("engine under test: ") && !first.contains("our own"), "{first}");
    assert!(run(&place, &["--env=shared", "--results=other"]).expect(0).stderr.is_empty());
}
