//! What is on disk about instances outlives who made them.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{MAKE, Project, provision};
use crate::environment::callout::call::Call;
use crate::environment::callout::{PROVISION_VARIABLE, Pruned, dispose_of_kept, kept, prune, records, template};

/// A process that was killed with SIGKILL leaves its lock, its record, and perhaps a callout that still runs.
#[test]
fn what_a_killed_process_left_is_disposed_of_by_the_next() {
    let project = Project::new();
    let provider =
        project.provider(Project::callouts("echo a; touch there; until [ -e go ]; do sleep 0.02; done; echo b"));
    let shared = Arc::clone(&provider.shared);
    let (file, _, mark) = shared.state().output(&shared).unwrap();
    let call = Call {
        name: "instance_provision",
        text: template::expand(shared.callouts.provision.as_ref().unwrap(), &[]),
        folder: project.path(),
        variables: vec![(PROVISION_VARIABLE, mark)],
        limit: Duration::ZERO,
        cancel: None,
        tell: &|_| {},
    };
    std::thread::scope(|scope| {
        let running = scope.spawn(|| call.printing_to(file));
        test_needs::wait_until("the call has begun", || project.path().join("there").exists());
        // What the system does for a process that dies.
        drop(shared.state().record.take());
        let pruning = scope.spawn(|| prune(project.path(), &|_| {}));
        fs::write(project.path().join("go"), "").unwrap();
        running.join().unwrap().unwrap();
        let gone: Vec<String> = pruning.join().unwrap().unwrap().into_iter().map(|pruned| pruned.instance).collect();
        assert_eq!(gone, ["a", "b"]);
    });
    assert_eq!(project.calls().last().unwrap(), "dispose a b");
    assert!(project.is_clean());
    assert_eq!(prune(project.path(), &|_| {}).unwrap(), [], "once is enough");
}

#[test]
fn a_torn_record_is_passed_over() {
    let project = Project::new();
    let base = records(project.path());
    // No process has the first number; the second one is making it just now.
    let (gone, making) = (".new-4194999-1", format!(".new-{}-2", std::process::id()));
    for name in [gone, &making, "empty", "broken"] {
        fs::create_dir_all(base.join(name)).unwrap();
    }
    fs::write(base.join("broken/lock"), "").unwrap();
    fs::write(base.join("broken/callout.json"), "{").unwrap();
    assert_eq!(prune(project.path(), &|_| {}).unwrap(), []);
    assert!(!base.join(gone).exists() && base.join(making).exists());
}

#[test]
fn a_record_that_cannot_be_locked_is_told_and_does_not_keep_the_others() {
    let project = Project::new();
    let provider = project.provider(Project::callouts(MAKE));
    let _instances = provision(&provider, 1).unwrap();
    let base = records(project.path());
    // What nobody may write, not even root.
    fs::create_dir_all(base.join("0/lock")).unwrap();
    let told = Mutex::new(Vec::new());
    let prune = || prune(project.path(), &|text| told.lock().unwrap().push(text.to_owned())).unwrap();
    assert_eq!(prune(), [], "the process lives");
    // What the system does for a process that dies.
    drop(provider.shared.state().record.take());
    assert_eq!(prune(), [Pruned { instance: "i1".to_owned(), problem: None }]);
    let told = told.into_inner().unwrap();
    assert_eq!(told.len(), 2);
    assert!(told[0].starts_with(&format!("cannot lock `{}/0/lock`: ", base.display())), "{told:?}");
}

#[test]
fn what_is_kept_outlives_its_process() {
    let project = Project::new();
    let provider = project.provider(Project::callouts(MAKE));
    provider.keep(provision(&provider, 2).unwrap()).unwrap();
    drop(provider);
    assert_eq!(prune(project.path(), &|_| {}).unwrap(), []);
    assert_eq!(kept(project.path()).unwrap(), ["i1", "i2"]);
    assert_eq!(project.calls(), ["provision 2"]);
    let ids = ["i2", "i1", "i3"].map(str::to_owned);
    let gone = dispose_of_kept(project.path(), &ids[..1], &|_| {}).unwrap();
    assert_eq!(gone, [Pruned { instance: "i2".to_owned(), problem: None }]);
    assert_eq!(dispose_of_kept(project.path(), &ids, &|_| {}).unwrap().len(), 1);
    assert_eq!(project.calls()[1..], ["dispose i2", "dispose i1"]);
    assert!(project.is_clean());
}
