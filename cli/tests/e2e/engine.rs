//! Against the engine that `DOCKER_HOST` names, and against engines that are not there or misbehave.

use rstest::rstest;

use crate::support::Place;

/// The part of a line that does not change from run to run.
fn lines(stdout: &str) -> Vec<&str> {
    stdout.lines().map(str::trim_end).collect()
}

#[test]
fn the_quickstart_of_the_documentation_is_what_is_seen() {
    if !test_needs::engine() {
        return;
    }
    let place = Place::new();
    let done = place.run(&["run", "--args=example,docker_cli/version"]).expect(0);
    let seen = lines(&done.stdout);
    let expected = [
        "START   ----    ----",
        "    START   docker/subtests/example.test_1-of-2",
        "        RUNNING ----    INFO: initialize()",
        "        RUNNING ----    INFO: run_once()",
        "        RUNNING ----    INFO: postprocess_iteration(), iteration #1",
        "        RUNNING ----    INFO: run_once() iteration 2 of 3",
        "        RUNNING ----    INFO: postprocess_iteration(), iteration #2",
        "        RUNNING ----    INFO: run_once() iteration 3 of 3",
        "        RUNNING ----    INFO: postprocess_iteration(), iteration #3",
        "        RUNNING ----    INFO: postprocess()",
        "        RUNNING ----    INFO: cleanup()",
        "        GOOD    docker/subtests/example.test_1-of-2",
        "    END GOOD    docker/subtests/example.test_1-of-2",
        "    START   docker/subtests/docker_cli/version.test_2-of-2",
        "        RUNNING ----    INFO: Docker cli version matches docker client API version",
        "        GOOD    docker/subtests/docker_cli/version.test_2-of-2",
        "    END GOOD    docker/subtests/docker_cli/version.test_2-of-2",
        "END GOOD    ----    ----",
    ];
    let mut rest = seen.iter();
    for line in expected {
        assert!(rest.any(|seen| *seen == line), "`{line}` is not in its place in:\n{}", done.stdout);
    }
    assert!(done.stdout.contains("INFO: Found docker versions client: "), "{}", done.stdout);
    let verdicts: Vec<String> = place.verdicts().into_iter().map(|(_, verdict, _)| verdict).collect();
    assert_eq!(verdicts, ["GOOD", "GOOD"]);
}

#[test]
fn an_engine_that_is_down_is_an_error_that_says_where_it_was_looked_for() {
    let place = Place::new().with("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    let done = place.run(&["run", "--args=docker_cli/version"]).expect(1);
    assert_eq!(place.verdicts()[0].1, "ERROR");
    assert!(done.stdout.contains("unix:///nonexistent/docker.sock"), "{}", done.stdout);
}

#[test]
fn a_home_that_the_client_cannot_read_is_no_fault_of_the_engine() {
    if !test_needs::engine() {
        return;
    }
    let place = Place::new();
    // What a closed folder is for others, a folder in the place of the file is for root.
    std::fs::create_dir_all(place.path("home/.docker/config.json")).unwrap();
    let home = place.path("home").display().to_string();
    let done = place.with("HOME", &home).run(&["run", "--args=docker_cli/version"]).expect(0);
    assert!(done.stdout.contains("GOOD"), "{}", done.stdout);
}

/// It says which client it is, or the run would wait for that, as it does where all of it hangs.
const STUBBORN: &str = r#"[ "$1" = --version ] && exec echo "Docker version 20.10.24, build 1"
trap '' TERM; while :; do sleep 1000; done"#;

#[rstest]
#[case::missing(None, "ERROR", "nowhere/docker")]
#[case::hangs(Some("exec sleep 1000"), "FAIL", "0.5")]
#[case::ignores_being_terminated(Some(STUBBORN), "FAIL", "0.5")]
#[case::floods(Some("head -c 3000000 /dev/zero"), "FAIL", "bytes are left out here]")]
#[case::panics(Some("echo 'panic: runtime error: index out of range' >&2; exit 0"), "FAIL", "panic")]
fn a_broken_client_gets_a_verdict_that_helps(#[case] script: Option<&str>, #[case] verdict: &str, #[case] text: &str) {
    let place = Place::new();
    let path = match script {
        Some(body) => place.script("bin/docker", body),
        None => place.path("nowhere/docker"),
    };
    let set = format!("docker_path={}", path.display());
    let done = place.run(&["run", "--args=docker_cli/version", "--set", &set, "--set", "docker_timeout=0.5"]).expect(1);
    place.expect_no_process();
    let (_, seen, reason) = &place.verdicts()[0];
    assert_eq!(seen, verdict, "{reason}");
    assert!(done.stdout.contains(text), "{}", done.stdout);
    assert!(done.stdout.contains(path.to_str().unwrap()), "the command is not shown:\n{}", done.stdout);
}
