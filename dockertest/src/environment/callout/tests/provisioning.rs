//! Instances are made: all, some, none, more than were wanted.

use std::fs;
use std::num::NonZeroUsize;
use std::time::Duration;

use rstest::rstest;

use super::{GOOD, MAKE, Project, ids, provision};
use crate::environment::{Callouts, Provider};
use crate::host::{CancelToken, StepEnd};
use crate::verdict::Verdict;

/// All that are wanted come with one call, and go with one.
#[test]
fn several_instances_come_and_go_together() {
    let project = Project::new();
    let provider = project.provider(Project::callouts(MAKE));
    let instances = provision(&provider, 3).unwrap();
    assert_eq!(ids(&instances), ["i1", "i2", "i3"]);
    assert_eq!(provider.dispose(instances), []);
    assert_eq!(project.calls(), ["provision 3", "dispose i1 i2 i3"]);
}

#[test]
fn an_instance_may_come_back_under_its_name() {
    let project = Project::new();
    let provider = project.provider(Project::callouts("echo cached"));
    for _ in 0..2 {
        let instances = provision(&provider, 1).unwrap();
        assert_eq!(provider.dispose(instances), []);
    }
    let left = provision(&provider, 1).unwrap();
    assert_eq!(ids(&left), ["cached"]);
    let record = provider.shared.state().record.as_ref().unwrap().ids().unwrap();
    assert_eq!(record, ["cached"]);
}

/// What a failing call printed is disposed of.
#[rstest]
#[case::blanks(
    "echo a b; echo no disk >&2; exit 1",
    "dispose a b",
    "ended with status 1; it had printed a, b\n    no disk"
)]
#[case::killed("echo a; kill -9 $$", "dispose a", "ended with status 137; it had printed a")]
#[case::garbage(
    "echo a; printf 'x\\033[0m\\n'",
    "dispose a",
    "line 3 of its standard output: `x\\u{1b}[0m` has control"
)]
#[case::twice("echo a; echo a", "dispose a", "`a` is there twice")]
fn what_a_failing_call_printed_is_disposed_of(#[case] callout: &str, #[case] dispose: &str, #[case] text: &str) {
    let project = Project::new();
    let provider = project.provider(Project::callouts(callout));
    let failure = provision(&provider, 2).unwrap_err();
    assert!(failure.to_string().contains(text.trim_start_matches("line 3 of its ")), "{failure}");
    assert_eq!(failure.left(), [] as [String; 0]);
    drop(provider);
    assert_eq!(project.calls(), ["provision 2", dispose]);
    assert!(project.is_clean());
}

/// No progress is an error at once, and nothing is disposed of.
#[test]
fn a_call_that_prints_nothing_is_the_last_one() {
    let project = Project::new();
    let failure = provision(&project.provider(Project::callouts("true")), 2).unwrap_err();
    assert_eq!(failure.to_string(), "`instance_provision` was asked for 2 and printed no id");
    assert_eq!(project.calls(), ["provision 2"]);
    assert!(project.is_clean());
}

#[test]
fn it_is_called_again_for_those_that_are_missing() {
    let project = Project::new();
    let provider = project.provider(Project::callouts("echo i$(wc -l <calls)"));
    let instances = provision(&provider, 3).unwrap();
    assert_eq!(ids(&instances), ["i1", "i2", "i3"]);
    assert_eq!(project.calls(), ["provision 3", "provision 2", "provision 1"]);
}

#[test]
fn some_are_better_than_none() {
    let project = Project::new();
    let provider = project.provider(Project::callouts("[ $INSTANCE_COUNT = 1 ] && { echo half; exit 3; }; echo i1"));
    let instances = provision(&provider, 2).unwrap();
    assert_eq!(ids(&instances), ["i1"]);
    assert_eq!(project.calls(), ["provision 2", "provision 1", "dispose half"]);
    let told = project.told();
    assert!(told.contains("ended with status 3; it had printed half\ngoing on with i1"), "{told}");
}

#[test]
fn more_than_were_wanted_are_disposed_of_with_the_others() {
    let project = Project::new();
    let provider = project.provider(Project::callouts("echo a b c"));
    let instances = provision(&provider, 2).unwrap();
    assert_eq!(ids(&instances), ["a", "b", "c"]);
    assert!(project.told().contains("was asked for 2 and made 3"));
    assert_eq!(provider.dispose(instances), []);
    assert_eq!(project.calls(), ["provision 2", "dispose a b c"]);
}

/// Interrupted, or too slow: what is there is disposed of.
#[rstest]
#[case::limit(false, "did not end within 1 s (`instance_provision_timeout`)")]
#[case::signal(true, "was interrupted (SIGTERM)")]
fn what_a_stopped_call_printed_is_disposed_of(#[case] is_cancelled: bool, #[case] text: &str) {
    let project = Project::new();
    let mut callouts = Project::callouts("trap 'echo last; exit' TERM; echo first; touch there; sleep 600 & wait");
    callouts.limits.provision = if is_cancelled { Duration::ZERO } else { Duration::from_secs(1) };
    let provider = project.provider(callouts);
    let cancel = CancelToken::new().unwrap();
    let failure = std::thread::scope(|scope| {
        let provisioning = scope.spawn(|| provider.provision(NonZeroUsize::MIN, &cancel));
        if is_cancelled {
            test_needs::wait_until("it has printed something", || project.path().join("there").exists());
            // Twice: the second one does not keep anything from being disposed of.
            cancel.signalled(15);
            cancel.signalled(15);
        }
        provisioning.join().unwrap().unwrap_err()
    });
    assert!(failure.to_string().contains(text), "{failure}");
    assert_eq!(project.calls(), ["provision 1", "dispose first last"]);
    drop(provider);
    assert!(project.is_clean());
}

#[test]
fn after_a_wish_to_stop_nothing_is_made() {
    let project = Project::new();
    let cancel = CancelToken::new().unwrap();
    cancel.cancel("SIGINT");
    let provider = project.provider(Project::callouts(MAKE));
    assert!(provider.provision(NonZeroUsize::MIN, &cancel).unwrap_err().to_string().contains("interrupted (SIGINT)"));
    assert_eq!(project.calls(), [] as [String; 0]);
}

#[test]
fn a_fixed_set_is_shared_out_and_never_disposed_of() {
    let project = Project::new();
    let callouts = Callouts {
        provision: None,
        dispose: None,
        ids: vec!["vm-1".to_owned(), "vm-2".to_owned()],
        ..Project::callouts("")
    };
    let provider = project.provider(callouts);
    assert_eq!(provider.at_most().map(usize::from), Some(2));
    let mut instances = provision(&provider, 3).unwrap();
    assert_eq!(ids(&instances), ["vm-1", "vm-2"]);
    assert!(provision(&provider, 1).unwrap_err().to_string().contains("are in use"));
    let (end, _) = project.step(&*instances[0], &project.host(GOOD));
    assert!(matches!(&end, StepEnd::Ended(ending) if ending.verdict == Verdict::Good), "{end:?}");
    instances.remove(0).dispose().unwrap();
    assert_eq!(ids(&provision(&provider, 1).unwrap()), ["vm-1"]);
    drop((instances, provider));
    assert_eq!(project.calls(), ["execute vm-1"]);
    assert!(project.is_clean());
}

#[test]
fn without_a_place_for_records_nothing_is_made() {
    let project = Project::new();
    fs::write(project.path().join(".dockertest"), "").unwrap();
    let failure = provision(&project.provider(Project::callouts(MAKE)), 1).unwrap_err().to_string();
    assert!(failure.starts_with("cannot record instances in `"), "{failure}");
    assert_eq!(project.calls(), [] as [String; 0]);
}
