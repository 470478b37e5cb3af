//! The commands beside `run` and `resume`.

use rstest::rstest;

use crate::support::Place;

#[test]
fn help_shows_examples_and_version_the_version() {
    let place = Place::new();
    let help = place.run(&["--help"]).expect(0).stdout;
    assert!(help.contains("Examples:"), "{help}");
    let help = place.run(&["run", "--help"]).expect(0).stdout;
    assert!(help.contains("--args=example,docker_cli/version"), "{help}");
    assert_eq!(place.run(&["--version"]).expect(0).stdout, format!("dockertest {}\n", env!("CARGO_PKG_VERSION")));
}

#[rstest]
#[case::overview(&["help"], &["--help"])]
#[case::command(&["help", "run"], &["run", "--help"])]
#[case::itself(&["help", "help"], &["help", "--help"])]
fn help_as_a_command_shows_the_same(#[case] command: &[&str], #[case] option: &[&str]) {
    let place = Place::new();
    let shown = place.run(command).expect(0).stdout;
    assert!(shown.contains("Usage: dockertest"), "{shown}");
    assert_eq!(shown.trim_end(), place.run(option).expect(0).stdout.trim_end());
}

#[test]
fn list_names_every_bundled_subtest() {
    let place = Place::new();
    let text = place.run(&["list"]).expect(0).stdout;
    for name in ["example", "subexample", "subexample/one", "docker_cli/version", "pretest_example"] {
        assert!(text.lines().any(|line| line.split_whitespace().any(|word| word == name)), "{name} is not in:\n{text}");
    }
    let json: serde_json::Value = serde_json::from_str(&place.run(&["list", "--json"]).expect(0).stdout).unwrap();
    let version = json.as_array().unwrap().iter().find(|entry| entry["name"] == "docker_cli/version").unwrap();
    assert_eq!(version["kind"], "subtest");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::new();
    let mut child = place.command(&["config"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn config_shows_layers_origins_and_no_secrets() {
    let place = Place::new();
    place.write("config_custom/mine.ini", "[example]\niterations = 7\nregistry_password = hunter2\n");
    let text = place.run(&["config", "example", "--origin"]).expect(0).stdout;
    assert!(text.contains("# config_custom/mine.ini:2\niterations = 7\n"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    let set = place.run(&["config", "example", "--set", "example.iterations=9", "--json", "--origin"]).expect(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&set).unwrap();
    assert_eq!(json["example"]["iterations"]["value"], "9");
    assert_eq!(json["example"]["iterations"]["origin"], "--set example.iterations=9");
    assert_eq!(json["example"]["docker_timeout"]["value"], "300");
}

#[test]
fn what_config_prints_can_be_loaded_again() {
    let place = Place::new();
    let printed = place.run(&["config"]).expect(0).stdout;
    let folder = place.path("again");
    place.write("again/defaults.ini", &printed);
    let again = place.run(&["config", "--config-defaults", folder.to_str().unwrap()]).expect(0).stdout;
    assert_eq!(again, printed);
}

#[rstest]
#[case::blank_before_it("a ;b; c ;d")]
#[case::behind_a_reference("100 %%(x)s ;")]
#[case::no_blank_before_the_first("a;b ;c")]
#[case::at_the_beginning(";b ;c")]
#[case::on_a_later_line("a\nb ;c")]
fn a_value_with_a_semicolon_can_be_loaded_again(#[case] value: &str) {
    let place = Place::new();
    let greeting = |arguments: &[&str]| {
        let json = place.run(&[&["config", "example", "--json"], arguments].concat()).expect(0).stdout;
        serde_json::from_str::<serde_json::Value>(&json).unwrap()["example"]["greeting"].clone()
    };
    // A value that stands for `;` already, and one that does not, are both in the way of nothing.
    let set = format!("example.greeting={value}");
    for other in ["semicolon=no", "semicolon=;", "x=1"] {
        let arguments = ["--set", &set, "--set", &format!("example.{other}")];
        let printed = place.run(&[&["config"], &arguments[..]].concat()).expect(0).stdout;
        place.write("again/all.ini", printed);
        assert_eq!(greeting(&["--config-defaults", "again"]), greeting(&arguments), "{other}");
        assert_eq!(greeting(&arguments), value.replace("%%", "%"));
    }
}

#[test]
fn config_shows_what_holds_for_a_subtest_without_a_section() {
    let place = Place::new();
    place.write("mine/defaults.ini", "[DEFAULTS]\ngreeting = moin\n");
    let shown = place.run(&["config", "subexample/one", "--config-defaults", "mine"]).expect(0).stdout;
    assert!(shown.starts_with("[subexample/one]\n") && shown.contains("greeting = moin\n"), "{shown}");
}

#[test]
fn config_warns_of_what_nothing_reads() {
    let done = Place::new().run(&["config", "example", "--set", "example.greetin=x"]).expect(0);
    assert!(done.stderr.contains("did you mean `greeting`?"), "{}", done.stderr);
}

#[test]
fn no_value_and_no_argument_drives_the_terminal() {
    let place = Place::new();
    let evil = "\u{1b}[31m\u{7}";
    let set = format!("example.greeting={evil}");
    let unknown = format!("--args={evil}");
    for arguments in
        [vec!["config", "--origin", "--set", &set], vec!["run", &unknown], vec!["report", evil], vec![evil]]
    {
        let done = place.run(&arguments);
        assert!(!done.stdout.contains('\u{1b}') && !done.stderr.contains('\u{1b}'), "{arguments:?}");
    }
    let shown = place.run(&["config", "example", "--set", &set]).expect(0).stdout;
    assert!(shown.contains(r"greeting = \u{1b}[31m\u{7}"), "{shown}");
}

#[test]
fn a_word_that_is_no_command_runs_the_program_of_that_name() {
    let place = Place::new();
    place.script("bin/dockertest-greet", "echo hello $1; exit 7");
    let path = format!("{}:{}", place.path("bin").display(), std::env::var("PATH").unwrap());
    let done = place.with("PATH", &path).run(&["greet", "you"]).expect(7);
    assert_eq!(done.stdout, "hello you\n");
}

#[test]
fn completions_are_made_for_every_shell() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(place.run(&["completions", shell]).expect(0).stdout.contains("dry-run"), "{shell}");
    }
}
