//! What a configuration comes to. Capsules themselves are tried elsewhere: here nothing needs root or an engine.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::mpsc;

use rstest::rstest;
use tempfile::TempDir;

use super::{ChoiceFailure, Chosen, Environment, EnvironmentNote};
use crate::config::{Configuration, Layers};
use crate::environment::{BuildFailure, Builds, Wanted};
use crate::host::{CancelToken, HostProgram};

/// Instances that are always there, as callouts.
const FIXED: [&str; 3] = [
    "environment.provider=callout",
    "environment.instance_ids=a, b, c",
    "environment.instance_execute=ssh $INSTANCE_ID $COMMAND",
];

fn configuration(set: &[&str]) -> Configuration {
    set.iter().fold(Layers::new(), |layers, argument| layers.set(argument)).load().unwrap()
}

fn environment(folder: &Path) -> Environment {
    Environment::new(HostProgram::new("/no/such/host")).folder(folder)
}

/// What is chosen in an empty folder.
fn choose(set: &[&str]) -> Result<Chosen, ChoiceFailure> {
    let folder = tempfile::tempdir().unwrap();
    environment(folder.path()).choose(&configuration(set), &CancelToken::new().unwrap())
}

fn jobs(chosen: &Chosen) -> usize {
    chosen.jobs.get()
}

#[rstest]
#[case::shared(&["environment.provider=shared"], "shared")]
#[case::callout(&FIXED, "callout")]
#[case::named(&["docker_options=-H unix:///run/other.sock"], "shared")]
#[case::another_program(&["docker_path=/usr/bin/nerdctl"], "shared")]
fn what_is_wanted_is_chosen_and_nothing_is_said(#[case] set: &[&str], #[case] name: &str) {
    let chosen = choose(set).unwrap();
    assert_eq!((chosen.provider.name(), chosen.notes), (name, vec![]));
}

#[test]
fn the_caller_counts_more() {
    let folder = tempfile::tempdir().unwrap();
    let two = NonZeroUsize::MIN.saturating_add(1);
    let caller = environment(folder.path()).provider(Wanted::Callout).jobs(two);
    let chosen = caller
        .choose(&configuration(&[FIXED[1], FIXED[2], "environment.jobs=3"]), &CancelToken::new().unwrap())
        .unwrap();
    assert_eq!((chosen.provider.name(), jobs(&chosen)), ("callout", 2));
    let failure = caller.choose(&configuration(&[]), &CancelToken::new().unwrap()).unwrap_err().to_string();
    assert!(failure.starts_with("the environment `callout` needs commands"), "{failure}");
}

#[rstest]
#[case::as_many_as_there_are("environment.jobs=3", 3)]
#[case::fewer("environment.jobs=2", 2)]
#[case::by_a_callout("environment.test_run_concurrency=echo 2", 2)]
#[case::by_a_callout_that_says_more("environment.test_run_concurrency=echo 9", 3)]
fn as_many_run_at_a_time_as_are_wanted_and_can(#[case] set: &str, #[case] expected: usize) {
    let chosen = choose(&[&FIXED[..], &[set]].concat()).unwrap();
    assert_eq!((jobs(&chosen), chosen.notes), (expected, vec![]));
}

#[test]
fn the_processors_count_where_nobody_says_how_many() {
    let processors = std::thread::available_parallelism().unwrap().get();
    assert_eq!(jobs(&choose(&FIXED).unwrap()), processors.min(3));
}

#[test]
fn more_jobs_than_instances_are_told() {
    let chosen = choose(&[&FIXED[..], &["environment.jobs=9"]].concat()).unwrap();
    assert_eq!(jobs(&chosen), 3);
    let notes: Vec<String> = chosen.notes.iter().map(ToString::to_string).collect();
    assert_eq!(notes, ["9 steps were to run at a time, but callout has only 3 at a time"]);
}

#[test]
fn nobody_is_asked_how_many_where_only_one_is_possible() {
    let chosen = choose(&["environment.provider=shared", "environment.test_run_concurrency=exit 1"]).unwrap();
    assert_eq!(jobs(&chosen), 1);
}

#[test]
fn a_callout_that_fails_is_told_with_what_it_said() {
    let folder = tempfile::tempdir().unwrap();
    let (tell, told) = mpsc::channel();
    let environment = environment(folder.path()).telling(move |line| tell.send(line.to_owned()).unwrap());
    let set = [&FIXED[..], &["environment.test_run_concurrency=pwd >&2; exit 1"]].concat();
    let failure = environment.choose(&configuration(&set), &CancelToken::new().unwrap()).unwrap_err();
    assert!(matches!(failure, ChoiceFailure::Concurrency(_)), "{failure}");
    // It runs in the folder of the project.
    let here = folder.path().canonicalize().unwrap();
    assert_eq!(told.recv().unwrap(), format!("test_run_concurrency: {}", here.display()));
}

/// A folder with a docker of one's own, which is the build `docker-mine`.
fn with_build() -> (TempDir, Builds) {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let place = folder.path().join("engines/docker-mine");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(folder.path().join("docker"), "").unwrap();
    let origin = serde_json::json!({"path": {"folder": folder.path()}});
    let build = serde_json::json!({"name": "docker-mine", "flavor": "docker", "version": "1", "origin": origin});
    let record = serde_json::json!({"format": 1, "build": build});
    std::fs::write(place.join("build.json"), record.to_string()).unwrap();
    let builds = Builds::in_folder(folder.path().join("engines"));
    (folder, builds)
}

fn choose_build(set: &[&str], client: Option<&str>) -> Result<Chosen, ChoiceFailure> {
    let (folder, builds) = with_build();
    let client = format!("docker_path={}/{}", folder.path().display(), client.unwrap_or("docker"));
    let configuration = configuration(&[&[client.as_str()], set].concat());
    environment(folder.path()).builds(builds).choose(&configuration, &CancelToken::new().unwrap())
}

/// An engine is chosen, so it does not count what the environment of this process names.
#[test]
fn a_client_that_no_capsule_sees_is_told_and_the_engine_that_is_configured_is_used() {
    let chosen = choose_build(&["environment.engine=docker-mine"], None).unwrap();
    assert_eq!(chosen.provider.name(), "shared");
    let [EnvironmentNote::NoCapsule { reason }] = &chosen.notes[..] else { panic!("{:?}", chosen.notes) };
    assert!(reason.contains("/docker`, which is not seen in a capsule"), "{reason}");
}

#[test]
fn an_engine_of_another_kind_than_the_client_is_refused_with_what_to_do() {
    let failure = choose_build(&["environment.engine=docker-mine"], Some("podman")).unwrap_err().to_string();
    assert!(failure.starts_with("the engine docker-mine is docker, but `docker_path` names `/tmp/"), "{failure}");
    assert!(failure.contains("/podman`: set `docker_path = /tmp/"), "{failure}");
}

#[test]
fn an_engine_that_nobody_has_is_refused() {
    let failure = choose_build(&["environment.engine=docker-nine"], None).unwrap_err();
    assert!(matches!(failure, ChoiceFailure::Build(BuildFailure::Unknown { .. })), "{failure}");
    let homeless = Environment { builds: None, ..environment(Path::new("/")) };
    let failure = homeless
        .capsules(&configuration(&["environment.engine=docker-mine"]), &CancelToken::new().unwrap())
        .unwrap_err()
        .to_string();
    assert_eq!(failure, "there is no place for engine builds: set HOME or XDG_DATA_HOME");
}

/// What is missing for capsules depends on who runs this.
#[test]
fn capsules_that_cannot_be_are_refused_and_not_replaced() {
    let set = ["environment.provider=capsule", "environment.engine=docker-gone"];
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("engines/docker-gone");
    std::fs::create_dir_all(&place).unwrap();
    let record = r#"{"format":1,"build":{"name":"docker-gone","flavor":"docker","version":"1",
        "origin":{"root":{"folder":"/no/such/root"}}}}"#;
    std::fs::write(place.join("build.json"), record).unwrap();
    let environment = environment(folder.path()).builds(Builds::in_folder(folder.path().join("engines")));
    let failure = environment.choose(&configuration(&set), &CancelToken::new().unwrap()).unwrap_err().to_string();
    assert!(failure.starts_with("there can be no capsule here: a capsule needs "), "{failure}");
}

#[test]
fn only_instances_of_the_user_may_hold_other_subtests() {
    let folder = tempfile::tempdir().unwrap();
    let is_elsewhere = |set: &[&str]| environment(folder.path()).is_elsewhere(&configuration(set)).unwrap();
    assert!(is_elsewhere(&FIXED));
    assert!(!is_elsewhere(&["environment.provider=capsule"]) && !is_elsewhere(&[]));
}
