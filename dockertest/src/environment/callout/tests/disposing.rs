//! Instances are removed, whatever happens.

use std::fs;
use std::time::Duration;

use super::{DISPOSE, MAKE, Project, provision};
use crate::environment::Provider;
use crate::environment::callout::{Pruned, prune};
use crate::host::HostProgram;

#[test]
fn what_is_dropped_is_disposed_of() {
    let project = Project::new();
    let provider = project.provider(Project::callouts(MAKE));
    let mut instances = provision(&provider, 2).unwrap();
    instances.pop().unwrap().dispose().unwrap();
    drop((instances, provider));
    assert_eq!(project.calls(), ["provision 2", "dispose i2", "dispose i1"]);
    assert!(project.is_clean());
}

/// What cannot be disposed of is named, with the reason, and stays on record.
#[test]
fn disposing_is_tried_again_one_by_one_and_what_is_left_is_told() {
    let project = Project::new();
    let mut callouts = Project::callouts(MAKE);
    callouts.dispose =
        Some(format!("{DISPOSE}; [ -e mended ] || case '$INSTANCE_IDS' in *i2*) echo busy >&2; exit 9;; esac"));
    let provider = project.provider(callouts);
    let failures = provider.dispose(provision(&provider, 3).unwrap());
    let texts: Vec<String> = failures.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["the instance `i2` is left: `instance_dispose` ended with status 9\n    busy"]);
    let expected = ["provision 3", "dispose i1 i2 i3", "dispose i1", "dispose i2", "dispose i2", "dispose i3"];
    assert_eq!(project.calls(), expected);
    // As long as its owner lives, nobody else touches it.
    assert_eq!(prune(project.path(), &|_| {}).unwrap(), []);
    drop(provider);
    let still = prune(project.path(), &|_| {}).unwrap();
    assert!(still[0].to_string().contains("`i2`, which an earlier run left, is still there: `instance_dispose` ended"));
    fs::write(project.path().join("mended"), "").unwrap();
    let gone = prune(project.path(), &|_| {}).unwrap();
    assert_eq!(gone, [Pruned { instance: "i2".to_owned(), problem: None }]);
    assert!(project.is_clean());
}

/// There is a limit, as for all callouts.
#[test]
fn a_callout_that_does_not_end_is_left_behind() {
    let project = Project::new();
    let mut callouts = Project::callouts("echo a");
    callouts.dispose = Some(format!("{DISPOSE}; sleep 600"));
    callouts.limits.dispose = Duration::from_millis(300);
    let provider = project.provider(callouts);
    let failures = provider.dispose(provision(&provider, 1).unwrap());
    assert!(
        failures[0].to_string().contains("`instance_dispose` did not end within 0.3 s (`instance_dispose_timeout`)")
    );
}

/// A command that is still there is ended before its instance goes.
#[test]
fn nothing_runs_in_an_instance_that_is_disposed_of() {
    let project = Project::new();
    let mut callouts = Project::callouts(MAKE);
    callouts.execute = "setsid sleep 600 >/dev/null 2>&1 & echo $! >pid; $COMMAND".to_owned();
    callouts.dispose = Some("grep -qs ' (sleep) S ' /proc/$(cat pid)/stat || echo $INSTANCE_IDS >>calls".to_owned());
    let provider = project.provider(callouts);
    let instances = provision(&provider, 1).unwrap();
    project.host("true").list(Duration::from_secs(60)).unwrap();
    let mut command = std::process::Command::new("/bin/sh");
    let program = instances[0].host(&HostProgram::new("/bin/true"), project.path());
    command.args(&program.arguments).status().unwrap();
    assert_eq!(provider.dispose(instances), []);
    assert_eq!(project.calls(), ["provision 1", "i1"]);
    assert!(project.told().contains("killed before its instance `i1` is disposed of"), "{}", project.told());
}
