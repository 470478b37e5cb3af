//! Runs in instances that callouts make.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use dockertest::environment::{Callout, Callouts, prune_callouts};
use dockertest::host::CancelToken;
use dockertest::run::{EXIT_FAILED, EXIT_PASSED, Outcome, RunnerBuilder};
use dockertest::verdict::Verdict;

use crate::Test;
use crate::parallel::{by_step, places};
use crate::support::{Place, host};
use crate::torture::{in_role, torture};

pub(crate) const TESTS: &[Test] = &[
    ("callouts::a_run_in_callouts_equals_the_serial_run", a_run_in_callouts_equals_the_serial_run),
    ("callouts::one_step_needs_one_instance_also_for_its_list", one_step_needs_one_instance_also_for_its_list),
    ("callouts::a_failed_instance_is_replaced", a_failed_instance_is_replaced),
    ("callouts::verdicts_stand_when_disposing_fails", verdicts_stand_when_disposing_fails),
    ("callouts::without_instances_nothing_is_disposed_of", without_instances_nothing_is_disposed_of),
    ("callouts::no_instance_is_left_by_kills", no_instance_is_left_by_kills),
];

const SMALL: &str = "[Control]\nexclude = pre\n";
const MANY: &str = "good,fail,parent,step/00,step/01,step/02,step/03";

/// Where callouts run: their log is there.
fn project(state: &Path) -> PathBuf {
    state.parent().unwrap().to_owned()
}

/// Each instance has a name that was never there before.
fn callouts() -> Callouts {
    let provision = "for i in $(seq $INSTANCE_COUNT); do
        id=vm-$(cut -c -8 /proc/sys/kernel/random/uuid)
        echo made $id >>log
        echo $id
    done";
    // The test host compares what it is told with what it finds.
    let execute = "echo used $INSTANCE_ID >>log; export TEST_INSTANCE=$INSTANCE_ID; $COMMAND";
    Callouts::new(provision, execute, "for id in $INSTANCE_IDS; do echo gone $id >>log; done")
}

fn in_callouts(builder: RunnerBuilder, callouts: Callouts, project: PathBuf, jobs: usize) -> RunnerBuilder {
    builder.provider(Arc::new(Callout::new(callouts, project))).jobs(NonZeroUsize::new(jobs).unwrap())
}

/// How often each instance was made, used, and disposed of.
fn log(place: &Place) -> BTreeMap<String, [usize; 3]> {
    let mut counts: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    for line in fs::read_to_string(project(&place.state()).join("log")).unwrap_or_default().lines() {
        let (what, id) = line.split_once(' ').unwrap();
        let count = counts.entry(id.to_owned()).or_default();
        match what {
            "made" => count[0] += 1,
            "used" => {
                assert_eq!(count[2], 0, "{id} was used after it had been disposed of");
                count[1] += 1;
            }
            _ => count[2] += 1,
        }
    }
    counts
}

fn run(place: &Place, args: &str, callouts: Callouts, jobs: usize) -> Outcome {
    let builder = place.builder(args, SMALL).host(host(&[]));
    let runner = in_callouts(builder, callouts, project(&place.state()), jobs).build().unwrap();
    place.run(runner, |_| {}, &CancelToken::new().unwrap())
}

fn a_run_in_callouts_equals_the_serial_run() {
    let serial = Place::new();
    let runner = serial.builder(MANY, SMALL).host(host(&[])).build().unwrap();
    let expected = serial.run(runner, |_| {}, &CancelToken::new().unwrap());
    let told = by_step(&serial.journal());
    let place = Place::new();
    let outcome = run(&place, MANY, callouts(), 2);
    assert_eq!((outcome.counts, outcome.exit_status()), (expected.counts, EXIT_FAILED));
    assert_eq!(by_step(&place.journal()), told);
    let log = log(&place);
    assert_eq!(log.len(), 2, "{log:?}");
    assert!(log.values().all(|[made, used, gone]| (*made, *gone) == (1, 1) && *used > 0), "{log:?}");
    // Every result names its instance.
    let named: BTreeSet<String> =
        places(&place.journal()).into_iter().map(|(_, instance, _)| instance.unwrap()).collect();
    assert_eq!(named, log.into_keys().collect());
}

/// That in which hosts were asked is the one that the step runs in.
fn one_step_needs_one_instance_also_for_its_list() {
    let place = Place::new();
    let cancel = CancelToken::new().unwrap();
    let builder = place.builder("good", SMALL).host(host(&[]));
    let runner = in_callouts(builder, callouts(), project(&place.state()), 4).build().unwrap();
    let runner = runner.listed_inside(NonZeroUsize::MIN, &cancel).unwrap();
    assert_eq!(place.run(runner, |_| {}, &cancel).exit_status(), EXIT_PASSED);
    assert_eq!(log(&place).into_values().collect::<Vec<_>>(), [[1, 2, 1]], "listed, run");
}

/// Of a step whose callout fails the verdict is that; the others get another instance.
fn a_failed_instance_is_replaced() {
    let place = Place::new();
    let mut failing = callouts();
    failing.execute = "echo used $INSTANCE_ID >>log; case $(grep -c used log) in 2) exit 9;; esac
        export TEST_INSTANCE=$INSTANCE_ID; $COMMAND"
        .to_owned();
    let outcome = run(&place, "step/00,step/01,step/02", failing, 1);
    assert_eq!((outcome.counts.of(Verdict::Good), outcome.steps.len()), (2, 3));
    let log = log(&place);
    assert_eq!(log.len(), 2, "{log:?}");
    assert!(log.values().all(|[made, _, gone]| (*made, *gone) == (1, 1)), "{log:?}");
}

/// What could not be disposed of stays on record, for whoever prunes.
fn verdicts_stand_when_disposing_fails() {
    let place = Place::new();
    let mut sticky = callouts();
    sticky.dispose = Some("[ -e mended ] && echo gone $INSTANCE_IDS >>log".to_owned());
    let outcome = run(&place, "good,fail", sticky, 1);
    assert_eq!((outcome.exit_status(), outcome.left.len()), (EXIT_FAILED, 1), "{outcome:?}");
    fs::write(project(&place.state()).join("mended"), "").unwrap();
    let pruned = prune_callouts(&project(&place.state()), &|_| {}).unwrap();
    assert_eq!(pruned.into_iter().map(|pruned| pruned.instance).collect::<Vec<_>>(), outcome.left);
    let log = log(&place);
    assert!(!log.is_empty() && log.values().all(|counts| counts[2] == 1), "{log:?}");
}

/// A callout that prints no instance is an error at once.
fn without_instances_nothing_is_disposed_of() {
    let place = Place::new();
    let mut silent = callouts();
    silent.provision = Some("true".to_owned());
    let outcome = run(&place, "good", silent, 2);
    assert_ne!(outcome.exit_status(), EXIT_PASSED);
    assert_eq!(log(&place), BTreeMap::new());
}

/// `callout-runner RESULTS STATE ARGS`: as `runner`, two at a time.
pub(crate) fn runner_main(arguments: &[&str]) -> ExitCode {
    in_role(arguments, |builder, state| in_callouts(builder, callouts(), project(state), 2))
}

/// Whenever a kill comes, what was made is disposed of by a later start.
fn no_instance_is_left_by_kills() {
    torture("callout-runner", &|place| {
        let project = project(&place.state());
        // Only what the last start left, if it was killed when the run was complete already.
        let problems = prune_callouts(&project, &|_| {}).unwrap().into_iter().filter_map(|pruned| pruned.problem);
        assert_eq!(problems.collect::<Vec<_>>(), [] as [String; 0]);
        let log = log(place);
        assert!(log.values().all(|[made, _, gone]| (*made, *gone >= 1) == (1, true)), "{log:?}");
        assert_eq!(fs::read_dir(project.join(".dockertest/callouts")).unwrap().count(), 0);
    });
}
