//! The repository of runs: what is told of runs that are over, however they ended.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use rstest::rstest;

use crate::support::{Done, Place};

/// A host of subtests that fail as long as a file of their name is there; `my/slow` waits for ever if one is.
const HOST: &str = r##"
hello='{"hello":{"protocol":1,"api-version":"0.9.0","program":"shell-host 1"}}'
case $1 in
list) echo "$hello"
    for name in one two slow; do echo '{"subtest":{"name":"my/'$name'"}}'; done
    echo '{"listed":{"subtests":3}}';;
run) read -r request; echo "$hello"
    verdict='"verdict":"GOOD","reason":""'
    name=${2##*/}
    if [ -e "${0%/*}/$name.bad" ]; then
        [ $name = slow ] && read -r for_ever
        verdict='"verdict":"FAIL","reason":"the file is there"'
    fi
    echo "{\"ended\":{$verdict,\"seconds\":0.25}}";;
esac"##;

/// A place with that host, whose subtests of these names fail.
fn place(bad: &[&str]) -> Place {
    let place = Place::new();
    place.script("plug/host.sh", HOST);
    for name in bad {
        place.write(&format!("plug/{name}.bad"), "");
    }
    place
}

fn run(place: &Place, names: &str) -> Done {
    place.run(&["run", "--plugin", "plug/host.sh", &format!("--args={names}")])
}

fn failing(place: &Place) -> Vec<String> {
    let done = place.run(&["failing", "--list"]);
    assert_eq!(done.status, i32::from(!done.stdout.is_empty()), "{done:?}");
    done.stdout.lines().map(str::to_owned).collect()
}

#[rstest]
#[case(&["last"])]
#[case(&["failing"])]
#[case(&["slowest"])]
#[case(&["history", "example"])]
#[case(&["stats"])]
#[case(&["runs"])]
fn without_a_repository_there_is_a_clear_text(#[case] command: &[&str]) {
    let place = Place::new();
    let done = place.run(command).expect(2);
    assert!(done.stderr.contains("there is no repository of runs here or above"), "{}", done.stderr);
    assert!(!place.path(".dockertest").exists());
    place.write(".dockertest/runs/.keep", "");
    let done = place.run(command);
    let is_told = ["no run has ended yet", "no run in the repository", "has no runs yet", "0 (0 complete"];
    let said = done.stderr.clone() + &done.stdout;
    assert!(is_told.iter().any(|text| said.contains(text)), "{done:?}");
}

#[test]
fn the_failing_set_outlives_runs_of_a_few_and_interruptions() {
    let place = place(&["one", "two"]);
    run(&place, "my/one,my/two,my/slow").expect(1);
    assert_eq!(failing(&place), ["my/one", "my/two"]);
    let told = place.run(&["failing"]).expect(1);
    assert!(told.stdout.starts_with("FAIL  my/one") && told.stdout.contains("the file is there"), "{}", told.stdout);
    fs::remove_file(place.path("plug/two.bad")).unwrap();
    run(&place, "my/two").expect(0);
    assert_eq!(failing(&place), ["my/one"]);

    // Killed in the midst of a subtest that was good before.
    place.write("plug/slow.bad", "");
    fs::remove_file(place.path("plug/one.bad")).unwrap();
    let arguments = ["run", "--plugin", "plug/host.sh", "--args=my/one,my/slow"];
    let mut child = place.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.find(|line| line.as_ref().unwrap().contains("START   docker/subtests/my/slow")).unwrap().unwrap();
    let during = place.run(&["runs"]).expect(0);
    assert!(during.stdout.contains("  running  "), "{}", during.stdout);
    assert_eq!(failing(&place), ["my/one"]);
    child.kill().unwrap();
    child.wait().unwrap();
    let last = place.run(&["last"]).expect(1);
    assert!(last.stderr.contains("is gone; what its journal tells was taken in"), "{}", last.stderr);
    assert!(last.stdout.contains("cut off after 2 of 2 steps"), "{}", last.stdout);
    let slow = last.stdout.split_once("END ABORT").map(|(before, _)| before).unwrap_or_default();
    assert!(slow.contains("my/slow") && slow.contains("cut off: the process that ran it is gone"), "{}", last.stdout);
    assert_eq!(failing(&place), ["my/one", "my/slow"]);

    // Its results may go; what is known stays.
    fs::remove_dir_all(place.path("results")).unwrap();
    fs::remove_file(place.path(".dockertest/index-1")).unwrap();
    assert_eq!(failing(&place), ["my/one", "my/slow"]);
    fs::remove_file(place.path("plug/slow.bad")).unwrap();
    run(&place, "my/one,my/slow").expect(0);
    assert!(failing(&place).is_empty());
}

#[test]
fn what_fails_and_is_in_no_host_here_keeps_nothing_else_from_being_run() {
    let place = place(&["one"]);
    place.script("other/host.sh", &HOST.replace("my/", "their/"));
    place.write("other/one.bad", "");
    let both = ["run", "--plugin", "plug/host.sh", "--plugin", "other/host.sh"];
    place.run(&[&both[..], &["--args=my/one,their/one"]].concat()).expect(1);
    let failing_here = ["run", "--plugin", "plug/host.sh", "--failing"];
    fs::remove_file(place.path("plug/one.bad")).unwrap();
    let some = place.run(&failing_here).expect(0);
    let other = place.path("other/host.sh");
    let advice = format!("no host that is named here holds it; it was run with `--plugin {}`", other.display());
    assert!(some.stderr.contains(&format!("`their/one` fails, but is not run: {advice}")), "{some:?}");
    assert!(some.stdout.contains("GOOD") && some.stdout.contains("my/one"), "{some:?}");
    assert_eq!(failing(&place), ["their/one"]);

    // Nothing is left, which does not mean all.
    let none = place.run(&failing_here).expect(2);
    assert!(none.stderr.contains("unknown name `their/one` in what fails (--failing)"), "{none:?}");
    assert!(none.stderr.contains(&advice), "{none:?}");
    let typo = place.run(&[&failing_here[..], &["--args=my/noe"]].concat()).expect(2);
    assert!(typo.stderr.contains("unknown name `my/noe` in --args; did you mean `my/one`?"), "{typo:?}");
    place.run(&[&both[..], &["--failing"]].concat()).expect(1);

    place.script("other/host.sh", &HOST.replace("my/", "their/new-"));
    let gone = place.run(&[&both[..], &["--failing"]].concat()).expect(2);
    assert!(gone.stderr.contains("it is forgotten, with all else that they tell, once the journals"), "{gone:?}");
    assert_eq!(failing(&place), ["their/one"]);
}

#[test]
fn what_fails_and_was_run_before_journals_were_removed_is_told_without_a_guess() {
    let place = place(&[]);
    place.script("other/host.sh", &HOST.replace("my/", "their/"));
    place.write("other/one.bad", "");
    place.write("config_custom/keep.ini", "[Control]\nkeep_journals = 1\n");
    place.run(&["run", "--plugin", "other/host.sh", "--args=their/one"]).expect(1);
    place.run(&["run", "--plugin", "plug/host.sh", "--args=my/one"]).expect(0);
    let run = place.run(&["run", "--plugin", "plug/host.sh", "--failing"]).expect(2);
    assert!(!run.stderr.contains("no host here holds it any more"), "{run:?}");
    let archive = place.path(".dockertest/archive-1");
    let advice = format!("and the lines of those that have no journal from `{}`", archive.display());
    assert!(run.stderr.contains("is not kept any more") && run.stderr.contains(&advice), "{run:?}");
    assert_eq!(failing(&place), ["their/one"]);
    // What it says is true.
    fs::write(archive, "").unwrap();
    assert!(failing(&place).is_empty());
}

#[test]
fn runs_at_the_same_time_share_a_repository_that_none_has_made() {
    let place = place(&["one", "two"]);
    let begin = |number: usize, names: &str| {
        let results = format!("out/{number}");
        let names = format!("--args={names}");
        let arguments = ["run", "--plugin", "plug/host.sh", "--results", &results, &names];
        place.command(&arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let wanted = ["my/one", "my/two,my/slow", "my/slow", "my/slow,my/one", "my/two"];
    let begun: Vec<_> = wanted.iter().enumerate().map(|(number, names)| begin(number, names)).collect();
    for (child, names) in begun.into_iter().zip(wanted) {
        let done = Done::from(child.wait_with_output().unwrap()).expect(i32::from(names != "my/slow"));
        assert!(done.stderr.is_empty(), "{}", done.stderr);
    }
    assert_eq!(failing(&place), ["my/one", "my/two"]);
    let runs: serde_json::Value = serde_json::from_str(&place.run(&["runs", "--json"]).expect(0).stdout).unwrap();
    let complete = runs.as_array().unwrap().iter().filter(|run| run["state"] == "complete").count();
    assert_eq!(complete, wanted.len(), "{runs}");
}

#[test]
fn a_resumed_run_is_one_run() {
    let place = place(&[]);
    place.script(
        "plug/host.sh",
        &HOST.replace(
            "run) ",
            r#"run) [ -e "$0.ran" ] || {
        : > "$0.ran"; read -r request
        printf '%s\n' "$hello" '{"reboot":{"resume-at":"x","reason":"new kernel"}}'; exit
    }
    "#,
        ),
    );
    run(&place, "my/one").expect(5);
    let last = place.run(&["last"]).expect(1);
    assert!(last.stdout.contains("waits for a reboot") && failing(&place).is_empty(), "{}", last.stdout);
    place.run(&["resume"]).expect(0);
    place.run(&["last"]).expect(0);
    let runs: serde_json::Value = serde_json::from_str(&place.run(&["runs", "--json"]).expect(0).stdout).unwrap();
    assert_eq!((runs.as_array().unwrap().len(), &runs[0]["state"]), (1, &"complete".into()));
}

#[test]
fn each_command_tells_its_part() {
    let place = place(&["two"]);
    for _ in 0..2 {
        run(&place, "my/one,my/two").expect(1);
    }
    let last = place.run(&["last"]).expect(1);
    assert!(last.stdout.contains("the file is there") && last.stdout.contains("the same verdicts"), "{}", last.stdout);
    let results = place.run(&["last", "--json"]).expect(1).stdout;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&results).unwrap(), place.results());
    let slowest = place.run(&["slowest"]).expect(0).stdout;
    let rows: Vec<Vec<&str>> = slowest.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows, [["seconds", "usually", "subtest"], ["0.250", "0.250", "my/one"], ["0.250", "0.250", "my/two"]]);
    let history = place.run(&["history", "my/two"]).expect(0).stdout;
    assert_eq!(history.lines().filter(|line| line.contains("  FAIL  ")).count(), 2, "{history}");
    place.run(&["history", "my/three"]).expect(2);
    let stats = place.run(&["stats"]).expect(0).stdout;
    assert!(stats.contains("2 (2 complete, 0 of these passed)") && stats.contains("4: 2 GOOD, 2 FAIL"), "{stats}");
    let runs: serde_json::Value = serde_json::from_str(&place.run(&["runs", "--json"]).expect(0).stdout).unwrap();
    let results: Vec<_> = (0..2).map(|run| runs[run]["results"].as_str().unwrap().to_owned()).collect();
    assert_eq!(results, ["results/default.1", "results/default"].map(|name| place.path(name).display().to_string()));
    let other = place.run(&["slowest", "--run", "nix"]).expect(2).stderr;
    assert!(other.contains("has no run `nix`"), "{other}");
}

#[rstest]
#[case::by_what_reads_it(&["failing"], 1)]
#[case::by_what_adds_to_it(&["load", "other.xml"], 0)]
fn a_damaged_index_is_made_again_and_said(#[case] command: &[&str], #[case] status: i32) {
    let place = place(&["one"]);
    run(&place, "my/one").expect(1);
    place.write("other.xml", "<testsuite name='pytest'><testcase classname='other' name='one'/></testsuite>");
    place.write(".dockertest/index-1", "rubbish\n");
    let done = place.run(command).expect(status);
    let said = "was damaged in line 1: it was made again from 1 journals";
    assert_eq!(done.stderr.matches(said).count(), 1, "{}", done.stderr);
    assert_eq!(failing(&place), ["my/one"]);
}

#[test]
fn the_repository_is_that_of_the_nearest_folder_above_or_the_one_that_is_named() {
    let place = place(&[]);
    place.write(".dockertest/runs/.keep", "");
    place.write("below/here/.dockertest/state/.keep", "");
    let arguments = ["run", "--args=my/one", "--plugin", "../../plug/host.sh"];
    let from_below = |more: &[&str]| {
        let mut command = place.command(&[&arguments[..], more].concat());
        Done::from(command.current_dir(place.path("below/here")).output().unwrap()).expect(0)
    };
    let count = |folder: &str| fs::read_dir(place.path(folder).join("runs")).map_or(0, Iterator::count);
    from_below(&[]);
    assert_eq!(count(".dockertest"), 2);
    from_below(&["--repository", "named"]);
    assert_eq!(count("below/here/named"), 1);
    from_below(&["--set", "Control.repository=configured"]);
    assert_eq!(count("below/here/configured"), 1);
    let place = place.with("DOCKERTEST_REPOSITORY", "elsewhere");
    run(&place, "my/one").expect(0);
    assert_eq!(
        place.run(&["stats"]).expect(0).stdout.lines().next().unwrap(),
        "runs      1 (1 complete, 1 of these passed)"
    );
    assert!(place.path("elsewhere/runs").is_dir());
}

#[test]
fn only_so_many_journals_are_kept() {
    let place = place(&["one"]);
    place.write("config_custom/keep.ini", "[Control]\nkeep_journals = 1\n");
    for _ in 0..3 {
        run(&place, "my/one,my/two").expect(1);
    }
    assert_eq!(fs::read_dir(place.path(".dockertest/runs")).unwrap().count(), 1);
    assert_eq!(place.run(&["history", "my/one"]).expect(0).stdout.lines().count(), 3);
}

#[test]
fn a_repository_that_cannot_be_made_is_told_before_anything_runs() {
    let place = place(&[]);
    place.write(".dockertest", "");
    let done = run(&place, "my/one").expect(2);
    assert!(done.stderr.contains("name another repository"), "{}", done.stderr);
    assert!(!place.path("results").exists());
}
