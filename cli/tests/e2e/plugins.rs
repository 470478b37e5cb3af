//! Subtests from outside: hosts that are not ours.

use rstest::rstest;

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
    let again =
        format!("again:         dockertest run --args=outside/bad --plugin {}", place.path("plug/host.sh").display());
    assert!(run.stdout.contains(&again), "{}", run.stdout);

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
    let unknown = place.run(&["host-check", "host.sh", "--subtest", "outside/godo"]).expect(2);
    let told = "the host `host.sh` cannot be checked: its list has no subtest `outside/godo`, but `outside/good`, `outside/bad`";
    assert!(unknown.stderr.contains(told), "{}", unknown.stderr);
}

/// The hosts of the book.
fn of_the_book(name: &str) -> String {
    format!("{}/../docs/src/examples/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The configuration by which the book's hosts take a while.
const PATIENT: [&str; 4] = ["--set", "python/patience.patience=60", "--set", "bash/moment.moment=60"];

#[rstest]
#[case("host.py", "python/patience", "--set=python/patience.patience=1.5")]
#[case("host.sh", "bash/moment", "--set=bash/moment.moment=1.5")]
fn the_hosts_of_the_book_keep_all_rules(#[case] host: &str, #[case] subtest: &str, #[case] set: &str) {
    let place = Place::new();
    let done = place.run(&["host-check", &of_the_book(host), "--subtest", subtest, set]).expect(0);
    assert!(done.stdout.ends_with("27 rules: 27 hold, 0 broken, 0 not tried\n"), "{}", done.stdout);
}

#[test]
fn a_host_in_python_gives_verdicts() {
    let place = Place::new();
    let plugin = format!("--plugin={}", of_the_book("host.py"));
    let list = place.run(&["list", &plugin]).expect(0);
    assert!(list.stdout.contains("Checks exit statuses [host.py]\n"), "{}", list.stdout);
    assert!(list.stdout.contains("    python/client/nonsense\n"), "{}", list.stdout);

    let good = place.script("good", "[ \"$1\" = --version ]");
    let args = "--args=python/client,python/patience";
    place.run(&["run", &plugin, args, "--set", &format!("docker_path={}", good.display())]).expect(0);
    let verdicts: Vec<_> = place.verdicts().into_iter().map(|(name, verdict, _)| format!("{name} {verdict}")).collect();
    assert_eq!(verdicts, ["python/client GOOD", "python/patience GOOD"]);

    let run = place.run(&["run", &plugin, "--args=python/client", "--set", "docker_path=/bin/true"]).expect(1);
    let told = ("python/client".to_owned(), "FAIL".to_owned(), "failed: nonsense".to_owned());
    assert_eq!(place.verdicts(), [told], "{}", run.stderr);
    let children = &place.results()["steps"][0]["subsubtests"];
    assert_eq!((&children[0]["verdict"], &children[1]["verdict"]), (&"GOOD".into(), &"FAIL".into()), "{children}");
    place.run(&["run", &plugin, "--args=python/client/version", "--set", "docker_path=/bin/true"]).expect(0);

    let shown = place.run(&["config", "python/patience", &plugin, "--origin"]).expect(0);
    assert!(shown.stdout.contains("# host.py: host.ini:3\npatience = 0.1\n"), "{}", shown.stdout);
}

#[rstest]
#[case("host.py", "python/patience")]
#[case("host.sh", "bash/moment")]
fn the_hosts_of_the_book_stop_when_asked(#[case] host: &str, #[case] subtest: &str) {
    let place = Place::new();
    let (plugin, args) = (format!("--plugin={}", of_the_book(host)), format!("--args={subtest}"));
    let limit = format!("{subtest}.step_timeout=1");
    let arguments = [&["run", &plugin, &args, "--set", &limit], &PATIENT[..]].concat();
    place.run(&arguments).expect(1);
    let (_, verdict, reason) = place.verdicts().remove(0);
    assert_eq!(verdict, "ABORT");
    assert!(reason.starts_with("did not end within 1 s") && !reason.contains("killed"), "{reason}");
}

#[test]
fn a_daemon_that_a_host_leaves_is_found() {
    let place = Place::new();
    let leaves = r#"run) setsid sleep 1000 < /dev/null > /dev/null 2>&1 &
    "#;
    place.script("host.sh", &HOST.replace("run) ", leaves));
    place.run(&["run", "--plugin", "host.sh", "--args=outside/good"]).expect(0);
    let (_, verdict, reason) = place.verdicts().remove(0);
    assert_eq!(verdict, "WARN");
    let told = "the host left processes behind, which were killed: ";
    assert!(reason.starts_with(told) && reason.contains("sleep 1000"), "{reason}");
}

#[test]
fn a_library_is_loaded_whatever_the_host_of_the_bundled_subtests_is() {
    // One that is linked statically, or a script, cannot load anything.
    let place = Place::new().with("DOCKERTEST_HOST", &of_the_book("host.sh"));
    let repository = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let library = place.path("plugin.so");
    let mut cc = std::process::Command::new("cc");
    cc.args(["-shared", "-fPIC", "-I"]).arg(format!("{repository}/dockertest/include")).arg("-o").arg(&library);
    assert!(cc.arg(format!("{repository}/docs/examples/plugin.c")).status().unwrap().success());
    let list = place.run(&["list", "--plugin", "plugin.so"]).expect(0);
    assert!(list.stdout.contains("[plugin.so]") && list.stderr.is_empty(), "{list:?}");
    assert!(list.stdout.contains("bash/moment"), "{}", list.stdout);
    let checked = place.run(&["host-check", "plugin.so"]);
    assert!(checked.stdout.contains("holds      `list` exits with status 0"), "{checked:?}");
}

#[test]
fn sub_subtests_from_outside_have_their_sections_too() {
    let place = Place::new();
    let host = r#"
hello='{"hello":{"protocol":1,"api-version":"0.9.0","program":"family 1"}}'
case $1 in
list) printf '%s\n' "$hello" '{"subtest":{"name":"family","subsubtests":["one","two"]}}' '{"listed":{"subtests":1}}';;
run) read -r request; echo "$hello"
    verdict=FAIL
    case $request in *'"subsections":{"one":{"name":"family/one"'*'"size":{"value":"3"'*'"two":{"name"'*) verdict=GOOD;; esac
    echo "{\"ended\":{\"verdict\":\"$verdict\",\"reason\":\"\",\"seconds\":0.1}}";;
esac"#;
    place.script("host.sh", host);
    place.run(&["run", "--plugin", "host.sh", "--args=family", "--set", "family/one.size=3"]).expect(0);
}

#[test]
fn a_plug_in_for_another_api_is_listed_as_such_and_fails() {
    let place = Place::new();
    place.script("old.sh", &HOST.replace("0.9.0", "0.8.3"));
    let list = place.run(&["list", "--plugin", "old.sh"]).expect(0);
    let line = list.stdout.lines().find(|line| line.contains("outside/good ")).unwrap();
    assert!(line.ends_with("[old.sh] (built for API version 0.8.3, not 0.9.0: build it again)"), "{line}");
    place.run(&["run", "--plugin", "old.sh", "--args=outside/good"]).expect(1);
    let (_, verdict, reason) = place.verdicts().remove(0);
    assert_eq!(verdict, "FAIL");
    assert!(reason.contains("built for API version 0.8.3") && reason.contains("build it again"), "{reason}");
}

#[test]
fn a_name_of_a_bundled_subtest_is_taken() {
    let place = Place::new();
    place.script("mine.sh", &HOST.replace("outside/bad", "example"));
    let done = place.run(&["list", "--plugin", "mine.sh"]).expect(2);
    let second = format!("` and `{}` (rename one of them", place.path("mine.sh").display());
    assert!(done.stderr.contains("subtest `example` is in two hosts: `"), "{}", done.stderr);
    assert!(done.stderr.contains("/dockertest") && done.stderr.contains(&second), "{}", done.stderr);
}
