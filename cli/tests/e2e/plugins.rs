//! Subtests from outside: hosts that are not ours.

use crate::support::Place;

/// A host of two subtests. The second one fails, or does not when it is told `works = yes`.
const HOST: &str = r##"
hello='{"hello":{"protocol":1,"api-version":"0.9.0","program":"shell-host 1"}}'
case $1 in
list) printf '%s\n' "$hello" \
    '{"subtest":{"name":"outside/good","summary":"Is good","subsubtests":["one","two"]}}' \
    '{"subtest":{"name":"outside/bad","faults":[{"name":"lies","script":"# Lies.\nexit 1\n"}]}}' \
    '{"listed":{"subtests":2}}';;
run) read -r request; echo "$hello"
    verdict='"verdict":"GOOD","reason":""'
    case $2$request in
    outside/bad*'"works":{"value":"yes"'*) ;;
    outside/bad*) verdict='"verdict":"FAIL","reason":"it is broken"';;
    esac
    echo "{\"ended\":{$verdict,\"seconds\":0.1}}";;
esac"##;

#[test]
fn an_executable_is_a_host_like_any_other() {
    let place = Place::new();
    place.script("plug/host.sh", HOST);
    let list = place.run(&["list", "--plugin", "plug/host.sh"]).expect(0);
    let line = list.stdout.lines().find(|line| line.contains("outside/good")).unwrap();
    assert!(line.ends_with("Is good [host.sh]"), "{line}");
    assert!(list.stdout.contains("outside/good/two\n"), "{}", list.stdout);

    let names = "--args=outside/good,outside/bad,example";
    let run = place.run(&["run", "--plugin", "plug/host.sh", names]).expect(1);
    let verdicts: Vec<_> = place.verdicts().into_iter().map(|(name, verdict, _)| format!("{name} {verdict}")).collect();
    assert_eq!(verdicts, ["outside/good GOOD", "outside/bad FAIL", "example GOOD"], "{}", run.stderr);

    let set = ["--set", "outside/bad.works=yes"];
    place.run(&["run", "--plugin", "plug", names, set[0], set[1]]).expect(0);
    let shown = place.run(&["config", "outside/bad", "--plugin", "plug", set[0], set[1]]).expect(0);
    assert!(shown.stdout.contains("works = yes\n") && shown.stderr.is_empty(), "{shown:?}");
}

#[test]
fn a_resume_finds_the_plug_ins_of_its_run() {
    let place = Place::new();
    // Asks for a reboot when it is run for the first time.
    let reboots = r#"run) [ -e "$0.ran" ] || {
        : > "$0.ran"; read -r request
        printf '%s\n' "$hello" '{"reboot":{"resume-at":"x","reason":"new kernel"}}'; exit
    }
    "#;
    let host = HOST.replace("run) ", reboots);
    place.script("host.sh", &host);
    place.run(&["run", "--plugin", "host.sh", "--args=outside/good"]).expect(5);
    place.run(&["resume"]).expect(0);
    assert_eq!(place.verdicts()[0].1, "GOOD");
}

#[test]
fn faults_of_a_plug_in_are_tried() {
    let place = Place::new();
    place.script("host.sh", HOST);
    let list = place.run(&["faults", "--list", "--plugin", "host.sh", "--args=outside/bad"]).expect(0);
    assert!(list.stdout.contains("outside/bad  lies"), "{}", list.stdout);
}

#[test]
fn a_broken_plug_in_costs_a_line_and_nothing_else() {
    let place = Place::new();
    place.script("plug/good.sh", HOST);
    place.script("plug/crash.sh", "echo thread started; exit 3");
    place.write("plug/notes.txt", "not a plug-in");
    let list = place.run(&["list", "--plugin", "plug"]).expect(0);
    assert!(list.stdout.contains("outside/good"), "{}", list.stdout);
    let told: Vec<&str> = list.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(told.len(), 1, "{}", list.stderr);
    assert!(told[0].contains("plug/crash.sh list`: line 1 of the host's standard output is not"), "{}", told[0]);
    place.run(&["run", "--plugin", "plug", "--args=outside/good"]).expect(0);

    let named = place.run(&["list", "--plugin", "plug/notes.txt"]).expect(2);
    assert!(named.stderr.contains("notes.txt` (--plugin): is neither a library"), "{}", named.stderr);
}

#[test]
fn two_plug_ins_with_one_name_are_both_named() {
    let place = Place::new();
    place.script("a.sh", HOST);
    place.script("b.sh", HOST);
    let done = place.run(&["list", "--plugin", "a.sh", "--plugin", "b.sh"]).expect(2);
    let (first, second) = (place.path("a.sh"), place.path("b.sh"));
    let text = format!("subtest `outside/good` is in two hosts: `{}` and `{}`", first.display(), second.display());
    assert!(done.stderr.contains(&text), "{}", done.stderr);
    place.run(&["list", "--plugin", "a.sh", "--plugin", "./a.sh"]).expect(0);
}
