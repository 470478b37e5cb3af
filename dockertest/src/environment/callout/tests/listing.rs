//! Subtests are listed in an instance.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::{GOOD, MAKE, Project, ids, provision};
use crate::environment::{Instance, Provider};
use crate::host::CancelToken;

/// Listing goes through the callout, too.
#[test]
fn subtests_are_listed_in_an_instance() {
    let project = Project::new();
    let provider = project.provider(Project::callouts(MAKE));
    let instances = provision(&provider, 1).unwrap();
    let host = instances[0].host(&project.host(GOOD), project.path());
    let listing = host.list(Duration::from_secs(60)).unwrap();
    assert_eq!(listing.subtests[0].name.as_str(), "example");
    assert!(host.shown().ends_with("it's a host.sh"), "people see the host: {}", host.shown().display());
    assert_eq!(project.calls()[1..], ["execute i1"]);
}

/// The instance in which hosts are asked is the first one of the run.
#[test]
fn one_instance_is_enough_to_list_and_to_run() {
    let project = Project::new();
    let provider = project.provider(Project::callouts(MAKE));
    let host = project.host(GOOD);
    let mut names = Vec::new();
    let cancel = CancelToken::new().unwrap();
    let ask = &mut |instance: &dyn Instance, limit| {
        let listing = instance.host(&host, project.path()).list(limit).unwrap();
        names.extend(listing.subtests.into_iter().map(|subtest| subtest.name.to_string()));
    };
    provider.list(NonZeroUsize::MIN, &cancel, ask).unwrap();
    assert_eq!(names, ["example"]);
    let instances = provision(&provider, 1).unwrap();
    assert_eq!(ids(&instances), ["i1"]);
    assert_eq!(provider.dispose(instances), []);
    assert_eq!(project.calls(), ["provision 1", "execute i1", "dispose i1"]);
}

/// An instance that is only listed in is disposed of, too, and one that failed is not used.
#[test]
fn who_only_lists_leaves_nothing() {
    let project = Project::new();
    let mut callouts = Project::callouts("echo i$(wc -l <calls)");
    callouts.execute = "false".to_owned();
    let provider = project.provider(callouts);
    let (host, cancel) = (project.host(GOOD), CancelToken::new().unwrap());
    let ask = &mut |instance: &dyn Instance, limit| {
        instance.host(&host, project.path()).list(limit).unwrap_err();
    };
    provider.list(NonZeroUsize::MIN, &cancel, ask).unwrap();
    assert_eq!(project.calls(), ["provision 1", "dispose i1"]);
    provider.list(NonZeroUsize::MIN, &cancel, &mut |_, _| {}).unwrap();
    drop(provider);
    assert_eq!(project.calls()[2..], ["provision 1", "dispose i3"]);
    assert!(project.is_clean());
}
