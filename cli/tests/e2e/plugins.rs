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

/// A host of the subtest `quota`, with defaults for it.
fn quota(config: &str) -> String {
    let config = serde_json::json!({"config": {"file": "quota.ini", "text": config}});
    format!(
        r#"
case $1 in
list) cat <<'END'
{{"hello":{{"protocol":1,"api-version":"0.9.0","program":"quota 1"}}}}
{{"subtest":{{"name":"quota","subsubtests":["small"]}}}}
{config}
{{"listed":{{"subtests":1}}}}
END
echo "listed" >> "$0.listed";;
esac"#
    )
}

#[test]
fn defaults_of_a_plug_in_are_below_what_the_user_sets() {
    let place = Place::new();
    place.script("quota.sh", &quota("[quota]\n# MiB.\nlimit_mb = 10\nfill = %(limit_mb)s\n[quota/small]\nfill = 1\n"));
    place.write("config_custom/mine.ini", "[quota]\nlimit_mb = 20\n[quota/small]\nfil = 2\n");
    let shown = place.run(&["config", "quota", "--origin", "--plugin", "quota.sh"]).expect(0);
    for part in ["# config_custom/mine.ini:2\nlimit_mb = 20\n", "# quota.sh: quota.ini:4\nfill = 20\n"] {
        assert!(shown.stdout.contains(part), "{}", shown.stdout);
    }
    let slip = "config_custom/mine.ini:4: nothing reads option `fil` of section `[quota/small]`; did you mean `fill`?";
    assert!(shown.stderr.contains(slip), "{}", shown.stderr);
    let json = place.run(&["list", "--json", "--plugin", "quota.sh"]).expect(0);
    let entries: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let entry = |name: &str| entries.as_array().unwrap().iter().find(|entry| entry["name"] == name).unwrap().clone();
    assert_eq!(entry("quota")["plugin"], place.path("quota.sh").display().to_string());
    assert_eq!(entry("example")["plugin"], serde_json::Value::Null);
}

#[test]
fn a_plug_in_speaks_for_its_own_subtests_only() {
    let place = Place::new();
    place.script("foreign.sh", &quota("[quota]\na = 1\n[DEFAULTS]\ndocker_path = /tmp/docker\n"));
    place.script(
        "riddle.sh",
        &quota("[quota]\na = %(nowhere)s\n").replace("\"quota\"", "\"riddle\"").replace("[quota", "[riddle"),
    );
    let done = place.run(&["config", "DEFAULTS", "--plugin", "foreign.sh", "--plugin", "riddle.sh"]).expect(0);
    assert!(!done.stdout.contains("/tmp/docker"), "{}", done.stdout);
    assert_eq!(done.stderr.matches("error: a plug-in is left out").count(), 2, "{}", done.stderr);
    for part in ["foreign.sh: quota.ini:3:2: section `[DEFAULTS]` is none of", "riddle.sh: quota.ini:2"] {
        assert!(done.stderr.contains(part), "{part}: {}", done.stderr);
    }
    let run = place.run(&["run", "--plugin", "foreign.sh", "--args=quota"]).expect(2);
    let why = format!("something is wrong with a plug-in: `{}`", place.path("foreign.sh").display());
    assert!(run.stderr.contains("unknown name `quota`") && run.stderr.contains(&why), "{}", run.stderr);
    let faults = place.run(&["faults", "--plugin", "foreign.sh", "--args=quota"]).expect(2);
    assert!(faults.stderr.contains(&why), "{}", faults.stderr);
}

#[test]
fn plug_ins_are_found_in_the_configuration_and_in_the_users_folder() {
    let place = Place::new();
    place.script("config_custom/mine/quota.sh", &quota(""));
    place.write("config_custom/control.ini", "[Control]\nplugins = mine\n");
    place.script("xdg/data/dockertest/plugins/host.sh", HOST);
    let list = place.run(&["list"]).expect(0);
    assert!(list.stdout.contains("[quota.sh]") && list.stdout.contains("[host.sh]"), "{}", list.stdout);
    let run = place.run(&["run", "--args=outside/good", "--set", "Control.plugins=missing"]).expect(2);
    let told = "the plug-in `missing` (option `plugins`, --set Control.plugins=missing): No such file";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    place.run(&["run", "--args=outside/good"]).expect(0);
}

#[test]
fn a_plug_in_is_asked_again_only_when_it_has_changed() {
    let place = Place::new();
    let path = place.script("quota.sh", &quota(""));
    let asked = || std::fs::read_to_string(place.path("quota.sh.listed")).unwrap_or_default().lines().count();
    let list = |expected: &str| {
        let done = place.run(&["list", "--plugin", "quota.sh"]).expect(0);
        assert!(done.stdout.contains(expected), "{}", done.stdout);
    };
    // What was changed just now might be changed again at the same time, so it is not kept.
    let settled = std::time::SystemTime::now() + std::time::Duration::from_millis(200);
    while std::time::SystemTime::now() < settled {
        list("quota/small\n");
    }
    list("quota/small\n");
    let before = asked();
    list("quota/small\n");
    assert_eq!(asked(), before);
    // Damaged, the list is made again; so it is when nothing can be kept.
    let cache = place.path("xdg/cache/dockertest/plugins");
    let file = std::fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&file, "{}").unwrap();
    list("quota/small\n");
    assert_eq!(asked(), before + 1);
    list("quota/small\n");
    assert_eq!(asked(), before + 1);
    std::fs::write(&path, std::fs::read_to_string(&path).unwrap().replace("small", "large")).unwrap();
    list("quota/large\n");
}

#[test]
fn a_host_is_checked_rule_by_rule() {
    let place = Place::new();
    place.script("host.sh", HOST);
    let done = place.run(&["host-check", "host.sh", "--limit", "5"]).expect(1);
    assert!(done.stdout.starts_with("holds      it can be started\nholds      `list` begins with `hello`\n"));
    let unknown = "broken     a subtest that it does not hold ends `ERROR`\n             it ended GOOD: \n";
    assert!(done.stdout.contains(unknown), "{}", done.stdout);
    let json = place.run(&["host-check", "host.sh", "--json"]).expect(1);
    let report: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(report["program"], "shell-host 1");
    let rule = report["rules"].as_array().unwrap().iter().find(|rule| rule["rule"] == "unknown-name").unwrap();
    assert_eq!((rule["outcome"].as_str(), rule["seen"].as_str()), (Some("broken"), Some("it ended GOOD: ")));
    place.run(&["host-check", "missing.py"]).expect(2);
}
