//! Steps run in an instance, and programs find there what they were told.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{GOOD, MAKE, Project, provision};
use crate::environment::Provider;
use crate::environment::callout::quote;
use crate::host::{HostProgram, StepEnd};
use crate::verdict::Verdict;

/// One instance runs one command after the other, and is disposed of once.
#[test]
fn an_instance_serves_for_many_commands() {
    let project = Project::new();
    let provider = project.provider(Project::callouts(MAKE));
    let instances = provision(&provider, 1).unwrap();
    let host = project.host(GOOD);
    for _ in 0..3 {
        let (end, _) = project.step(&*instances[0], &host);
        assert!(matches!(&end, StepEnd::Ended(ending) if ending.verdict == Verdict::Good), "{end:?}");
        assert_eq!(instances[0].problem(), None);
    }
    assert_eq!(provider.dispose(instances), []);
    assert_eq!(provider.dispose(Vec::new()), []);
    drop(provider);
    let executes = ["execute i1"; 3];
    assert_eq!(project.calls(), [&["provision 1"][..], &executes, &["dispose i1"]].concat());
    assert!(project.is_clean());
}

/// What each callout sees.
#[test]
fn a_callout_has_its_values_in_its_text_and_in_its_environment() {
    let project = Project::new();
    let mut callouts = Project::callouts("echo 'it;s`id`&|>X'");
    callouts.execute = "printf '%s\\n' $INSTANCE_ID $FILES -- $COMMAND - $QUOTED_COMMAND >seen; pwd >>seen
        printenv INSTANCE_ID FILES COMMAND DOCKERTEST_RESULTS >>seen"
        .to_owned();
    let provider = project.provider(callouts);
    let instances = provision(&provider, 1).unwrap();
    let (host, plugin) = (project.host(GOOD), project.path().join("a b.so"));
    fs::write(&plugin, "").unwrap();
    let program = HostProgram::plugin(&host, &plugin);
    let started = instances[0].host(&program, Path::new("/res ults"));
    assert!(started.shown().ends_with("a b.so"));
    let status = std::process::Command::new(&started.path).args(&started.arguments).arg("run").arg("a/b").status();
    assert!(status.unwrap().success());
    let seen = fs::read_to_string(project.path().join("seen")).unwrap();
    let (host, plugin) = (host.path.display().to_string(), plugin.display().to_string());
    let (host_word, plugin_word) = (quote::word(&host), quote::word(&plugin));
    let command = format!("{host_word} plugin {plugin_word} run a/b");
    let id = "it;s`id`&|>X";
    let project_folder = fs::canonicalize(project.path()).unwrap().display().to_string();
    let files = format!("{host_word} {plugin_word}");
    let expected = [
        id,
        &host,
        &plugin,
        "--",
        &host,
        "plugin",
        &plugin,
        "run",
        "a/b",
        "-",
        &command,
        &project_folder,
        id,
        &files,
        &command,
        "/res ults",
    ];
    assert_eq!(seen.lines().collect::<Vec<_>>(), expected);
    assert!(!project.path().join("X").exists());
}

/// Whatever stands behind a program's own arguments.
#[test]
fn a_command_is_re_created_word_by_word() {
    let project = Project::new();
    let mut callouts = Project::callouts(MAKE);
    callouts.execute = "$COMMAND; sh -c $QUOTED_COMMAND".to_owned();
    let provider = project.provider(callouts);
    let instances = provision(&provider, 1).unwrap();
    let program = HostProgram { path: "/usr/bin/printf".into(), arguments: vec!["[%s]".into(), "it's".into()] };
    let started = instances[0].host(&program, project.path());
    let further = ["", "a b", "it's; $(exit 3) \\ `x`", "*", "run", "-H x --debug", "\u{e4}\ttab"];
    let output = std::process::Command::new(&started.path).args(&started.arguments).args(further).output().unwrap();
    let one: String = std::iter::once("it's").chain(further).map(|word| format!("[{word}]")).collect();
    let seen = String::from_utf8(output.stdout).unwrap();
    assert_eq!(seen, one.repeat(2));
}

/// What runs in an instance: its standard streams, its status and its end are those of the callout.
#[test]
fn the_end_of_a_step_is_passed_through() {
    let project = Project::new();
    let provider = project.provider(Project::callouts(MAKE));
    let instances = provision(&provider, 1).unwrap();
    let host = project.host("echo oops >&2; exit 7");
    let (end, _) = project.step(&*instances[0], &host);
    let StepEnd::Ended(ending) = end else { panic!("{end:?}") };
    assert_eq!(ending.verdict, Verdict::Abort);
    assert!(ending.reason.starts_with("the host ended with status 7 without a verdict"), "{}", ending.reason);
    assert!(ending.reason.contains("oops"), "{}", ending.reason);
    let problem = instances[0].problem().unwrap();
    assert_eq!(problem, "`instance_execute` ended with status 7 in the instance `i1`, which is not used any more");
}

/// An instance in which a command was killed is known to be broken.
#[test]
fn an_instance_whose_command_was_killed_has_a_problem() {
    let project = Project::new();
    let provider = project.provider(Project::callouts(MAKE));
    let instances = provision(&provider, 1).unwrap();
    assert_eq!(instances[0].problem(), None);
    let host = project.host("kill -9 0");
    let (end, _) = project.step(&*instances[0], &host);
    assert!(matches!(&end, StepEnd::Ended(ending) if ending.verdict == Verdict::Abort), "{end:?}");
    assert!(instances[0].problem().unwrap().starts_with("the last command in the instance `i1` was killed"));
}

/// What a command leaves behind with our pipes in its hands.
#[test]
fn a_step_ends_though_something_holds_its_output() {
    let project = Project::new();
    let mut callouts = Project::callouts(MAKE);
    callouts.execute = "sleep 600 & $COMMAND".to_owned();
    let provider = project.provider(callouts);
    let instances = provision(&provider, 1).unwrap();
    let began = Instant::now();
    let (end, messages) = project.step(&*instances[0], &project.host(GOOD));
    assert!(began.elapsed() < Duration::from_secs(50), "{:?}", began.elapsed());
    let StepEnd::Ended(ending) = end else { panic!("{end:?}") };
    assert_eq!(ending.verdict, Verdict::Warn, "{ending:?}");
    assert!(ending.reason.contains("sleep 600"), "{}", ending.reason);
    assert!(!messages.is_empty());
}

/// A callout that writes to standard output spoils the protocol, and that is told with the line.
#[test]
fn other_words_on_standard_output_are_an_error() {
    let project = Project::new();
    let mut callouts = Project::callouts(MAKE);
    callouts.execute = "echo copying files; $COMMAND".to_owned();
    let provider = project.provider(callouts);
    let instances = provision(&provider, 1).unwrap();
    let (end, _) = project.step(&*instances[0], &project.host(GOOD));
    let StepEnd::Ended(ending) = end else { panic!("{end:?}") };
    assert_eq!(ending.verdict, Verdict::Error);
    assert!(ending.reason.contains("is not a message of the protocol: `copying files`"), "{}", ending.reason);
}

#[test]
fn names_for_messages_do_not_hide_the_program() {
    let other = HostProgram { path: PathBuf::from("/opt/x"), arguments: vec!["instance_execute".into()] };
    assert_eq!(other.shown(), Path::new("/opt/x"));
}
