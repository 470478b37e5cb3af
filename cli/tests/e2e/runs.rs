//! Whole runs of the bundled examples: results, reports, layering, gating.

use std::fs;

use crate::support::{Done, Place};

#[test]
fn reports_write_the_same_bytes_as_the_run_did() {
    let place = Place::new();
    let done = place.run(&["run", "--args=example,subexample"]).expect(0);
    let status = place.run(&["report", "results/default", "--format", "status"]).expect(0).stdout;
    assert_eq!(status, place.read("results/default/status"));
    let json = place.run(&["report", "results/default", "--format", "json"]).expect(0).stdout;
    assert_eq!(json, place.read("results/default/results.json"));
    let console = place.run(&["report", "results/default", "--format", "console"]).expect(0).stdout;
    assert!(done.stdout.contains("END GOOD    ----    ----"), "{}", done.stdout);
    assert!(console.contains("END GOOD    ----    ----"), "{console}");
}

#[test]
fn a_screen_that_takes_nothing_costs_the_status_but_no_result() {
    let place = Place::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = place.command(&["run", "--args=example"]).stdout(full).output().unwrap();
    let done = Done::from(output).expect(1);
    assert!(done.stderr.contains("a report is not complete"), "{}", done.stderr);
    assert_eq!(place.verdicts()[0].1, "GOOD");
}

#[test]
fn results_have_the_layout_of_the_documentation() {
    let place = Place::new();
    place.run(&["run", "--args=example"]).expect(0);
    for file in ["status", "journal.jsonl", "results.json", "docker/subtests/example.test_1-of-1/status"] {
        assert!(place.path("results/default").join(file).is_file(), "{file}");
    }
    let keyval = place.read("results/default/docker/subtests/example.test_1-of-1/keyval");
    assert!(keyval.lines().any(|line| line == "iterations=3"), "{keyval}");
    let json = place.results();
    assert_eq!(json["version"], "0.9.0");
    assert_eq!(json["steps"][0]["kind"], "subtest");
}

#[test]
fn a_finished_run_is_kept_aside_and_never_overwritten() {
    let place = Place::new();
    for _ in 0..3 {
        place.run(&["run", "--args=example"]).expect(0);
    }
    let kept = fs::read_dir(place.path("results")).unwrap().count();
    assert_eq!(kept, 3);
}

#[test]
fn sub_subtests_have_their_own_verdicts_and_can_be_chosen() {
    let place = Place::new();
    place.run(&["run", "--args=subexample"]).expect(0);
    let results = place.results();
    let names: Vec<&str> = results["steps"][0]["subsubtests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    place.run(&["run", "--args=subexample/two"]).expect(0);
    assert_eq!(place.results()["steps"][0]["subsubtests"].as_array().unwrap().len(), 1);
}

#[test]
fn a_dry_run_runs_nothing() {
    let place = Place::new();
    for arguments in [&["run", "--args=example", "--dry-run"][..], &["run", "--args=example !!!"][..]] {
        let done = place.run(arguments).expect(0);
        assert!(done.stdout.contains("docker/subtests/example.test_1-of-1"), "{}", done.stdout);
        assert!(!place.path("results").exists());
    }
}

#[test]
fn a_switched_off_subtest_is_not_applicable() {
    let place = Place::new();
    place.write("config_custom/off.ini", "[example]\nenable = no\n");
    place.run(&["run", "--args=example"]).expect(0);
    let (_, verdict, reason) = &place.verdicts()[0];
    assert_eq!(verdict, "TEST_NA");
    assert!(reason.contains("config_custom/off.ini:2"), "{reason}");
}

#[test]
fn configuration_for_another_version_fails_and_says_which_file_is_old() {
    let place = Place::new();
    place.write("config_custom/old.ini", "[example]\nconfig_version = 0.8.8\n");
    place.run(&["run", "--args=example,subexample"]).expect(1);
    let verdicts = place.verdicts();
    assert_eq!(verdicts[0].1, "FAIL");
    assert!(verdicts[0].2.contains("config_custom/old.ini:2"), "{}", verdicts[0].2);
    assert_eq!(verdicts[1].1, "GOOD");
}

#[test]
fn pre_intra_and_posttests_stand_around_every_subtest() {
    let place = Place::whole();
    place.write("config_custom/control.ini", "[Control]\nexclude =\nsubthings = example,subexample\n");
    place.run(&["run"]).expect(0);
    let mut names: Vec<String> = place.verdicts().into_iter().map(|(name, _, _)| name).collect();
    names.retain(|name| name.contains("example"));
    let expected =
        ["pretest_example", "example", "intratest_example", "subexample", "intratest_example", "posttest_example"];
    assert_eq!(names, expected);
}

#[test]
fn documentation_for_another_version_is_told_and_delays_the_run() {
    let place = Place::new();
    place.write("docs/VERSION", "0.8.0\n");
    let start = std::time::Instant::now();
    let done = place.run(&["run", "--args=example", "--set", "Control.docs_version_delay=0.7"]).expect(0);
    assert!(start.elapsed().as_secs_f64() >= 0.7);
    assert!(done.stdout.contains("0.8.0"), "{}", done.stdout);
}

#[test]
fn include_and_exclude_tokens_choose() {
    let place = Place::new();
    place.run(&["run", "--args=example,subexample x=example"]).expect(0);
    assert_eq!(place.verdicts().len(), 1);
    place.run(&["run", "--args=example,subexample", "--args=i=example"]).expect(0);
    assert_eq!(place.verdicts()[0].0, "example");
}

#[test]
fn a_file_written_for_the_original_is_loaded_and_only_its_version_is_refused() {
    let place = Place::new();
    place.write(
        "config_custom/defaults.ini",
        "[DEFAULTS]\nconfig_version = 0.8.8\ndocker_path = /usr/bin/docker\ndocker_timeout = 300.0\n__example__ = docker_repo_name\n",
    );
    let done = place.run(&["run", "--args=example"]).expect(1);
    assert!(place.verdicts()[0].2.contains("config_custom/defaults.ini:2"), "{}", done.stdout);
}

#[test]
fn a_command_line_secret_is_in_no_result() {
    let place = Place::new();
    place.run(&["run", "--args=example", "--set", "example.registry_password=hunter2"]).expect(0);
    let mut folders = vec![place.path("results")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                assert!(!String::from_utf8_lossy(&bytes).contains("hunter2"), "{}", path.display());
            }
        }
    }
}

#[test]
fn the_custom_example_overrides_one_option_and_keeps_the_others() {
    let place = Place::new();
    let custom = concat!(env!("CARGO_MANIFEST_DIR"), "/../config_custom/example.ini");
    place.write("config_custom/example.ini", fs::read(custom).unwrap());
    place.run(&["run", "--args=example"]).expect(0);
    let log = place.read("results/default/docker/subtests/example.test_1-of-1/debug/example.DEBUG");
    assert!(log.contains("good day"), "{log}");
    let keyval = place.read("results/default/docker/subtests/example.test_1-of-1/keyval");
    assert!(keyval.lines().any(|line| line == "iterations=3"), "{keyval}");
}
