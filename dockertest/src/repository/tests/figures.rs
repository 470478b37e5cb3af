//! How long steps take, and what else many runs tell.

use super::*;

#[test]
fn the_median_of_the_last_five_is_how_long_a_step_takes() {
    let place = Place::new();
    for (number, (seconds, verdict)) in
        [(100.0, Good), (9.0, Good), (1.0, Good), (0.001, Abort), (3.0, Fail), (2.0, Good), (8.0, Warn)]
            .into_iter()
            .enumerate()
    {
        let name = format!("r{number}");
        let mut events = beginning(&name, "docker", vec![step("a", "test_1-of-1")]);
        events.extend([started(0, 1), ended(0, Ending { seconds, ..Ending::new(verdict, "") }), run_ended(verdict)]);
        place.record(&name, events);
    }
    assert_eq!(place.open().durations(), [("a".to_owned(), Duration::from_secs(3))].into());
}

#[test]
fn history_knows_sub_subtests() {
    let place = Place::new();
    let child = |name: &str, verdict: Verdict| {
        let ending = Ending { seconds: 0.5, ..Ending::new(verdict, "") };
        Event::SubsubtestEnded(crate::journal::SubsubtestEnded {
            step: crate::name::StepId(0),
            subsubtest: name.to_owned(),
            ending,
        })
    };
    let mut events = beginning("r1", "docker", vec![step("docker_cli/kill", "test_1-of-1")]);
    events.extend([started(0, 1), child("stop", Good), child("cont", Fail)]);
    events.extend([ended(0, Ending::new(Fail, "")), run_ended(Fail)]);
    place.record("r1", events);
    let repository = place.open();
    let said = |name: &str| repository.history(name).into_iter().map(|moment| moment.verdict).collect::<Vec<_>>();
    assert_eq!(said("docker_cli/kill"), [Fail]);
    assert_eq!(said("docker_cli/kill/stop"), [Good]);
    assert_eq!(said("docker_cli/kill/cont"), [Fail]);
    assert!(said("docker_cli/kil").is_empty() && said("docker_cli").is_empty() && said("").is_empty());
}

#[test]
fn figures_tell_who_changes_its_mind() {
    let place = Place::new();
    for (number, verdict) in [Good, Fail, Good, Good].into_iter().enumerate() {
        place.run(&format!("r{number}"), &[("a", verdict), ("b", Good)]);
    }
    let stats = place.open().stats();
    assert_eq!((stats.runs, stats.complete, stats.passed, stats.totals.total()), (4, 4, 3, 8));
    let unsteady: Vec<_> = stats.unsteady.iter().map(|one| (one.name.as_str(), one.changes, one.runs)).collect();
    assert_eq!(unsteady, [("a", 2, 4)]);
    assert_eq!((stats.journals.0, stats.engines), (4, vec![("docker 1".to_owned(), 4)]));
}

#[test]
fn runs_are_found_by_the_beginning_of_their_names() {
    let place = Place::new();
    place.run("20261121t0005-a", &[("a", Good)]);
    place.run("20261121t0006-b", &[("a", Good)]);
    let repository = place.open();
    let found = |name: &str| repository.run(name).map(|run| run.run);
    assert_eq!(found("20261121t0006").as_deref(), Some("20261121t0006-b"));
    assert_eq!((found("20261121"), found("2027")), (None, None));
}
