//! Plans, by table and against a model.

use std::collections::HashSet;

use proptest::prelude::*;
use rstest::rstest;

use super::super::catalog::tests::catalog;
use super::*;
use crate::config::{Layers, Source};

const EXAMPLES_OFF: &str = "[Control]\nexclude = example, pre_example\n";

fn configured(text: &str) -> Configuration {
    Layers::new().defaults(Source::Memory(vec![("test.ini".to_owned(), text.to_owned())])).load().unwrap()
}

fn plan(args: &[&str], text: &str) -> Result<Plan, PlanFailure> {
    let configuration = configured(&format!("{EXAMPLES_OFF}{text}"));
    make(&catalog(), &configuration, &Selection::parse(args), &Control::read(&configuration).unwrap(), None)
}

fn folders(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(PlannedStep::folder).collect()
}

#[test]
fn kinds_run_in_order_and_count_for_themselves() {
    let plan = plan(&["zeta,docker_cli/version"], "").unwrap();
    insta::assert_snapshot!(folders(&plan).join("\n"), @r"
    docker/pretests/pre.test_1-of-1
    docker/subtests/zeta.test_1-of-2
    docker/intratests/intra.test_1-of-2
    docker/subtests/docker_cli/version.test_2-of-2
    docker/intratests/intra.test_2-of-2
    docker/posttests/post.test_1-of-1
    ");
}

#[test]
fn an_intratest_without_a_subtest_runs_once() {
    let plan = plan(&["intra x=pre"], "").unwrap();
    assert_eq!(folders(&plan), ["docker/intratests/intra.test_1-of-1", "docker/posttests/post.test_1-of-1"]);
}

/// The first subtest's verdict, reason, sub-subtests and switched-off ones.
fn first(args: &[&str], text: &str) -> String {
    let mut args = args.to_vec();
    args.push("x=pre,intra,post");
    let plan = plan(&args, text).unwrap();
    let step = &plan.steps[0];
    let preset = step.preset.as_ref().map(|ending| format!("{}: {}", ending.verdict, ending.reason));
    let children = step.subsubtests.as_ref().map_or("all".to_owned(), |children| children.join(" "));
    let disabled: Vec<_> = step.disabled.iter().map(|(child, reason)| format!("; {child} {reason}")).collect();
    format!("{} | {children}{}", preset.unwrap_or("runs".to_owned()), disabled.concat())
}

#[rstest]
#[case::plain(&["zeta"], "[zeta]\na = 1\n", "runs | all")]
#[case::disabled(&["zeta"], "[zeta]\nenable = no\n", "TEST_NA: disabled in configuration (test.ini:4) | all")]
#[case::disabled_before_mismatch(
    &["zeta"], "[zeta]\nenable = no\nconfig_version = 0.1.0\n", "TEST_NA: disabled in configuration (test.ini:4) | all"
)]
#[case::all_children(&["docker_cli/kill"], "[docker_cli/kill]\nsubsubtests = b, a\n", "runs | all")]
#[case::named_child(&["docker_cli/kill/a"], "[docker_cli/kill]\nsubsubtests = b, a\n", "runs | a")]
#[case::excluded_child(&["docker_cli/kill x=docker_cli/kill/b"], "", "runs | a")]
#[case::configured_order(
    &["docker_cli/kill"],
    "[docker_cli/kill]\nsubsubtests = c, b, a\n[docker_cli/kill/b]\nenable = off\n",
    "runs | c a; b disabled in configuration (test.ini:6)"
)]
#[case::disabled_child_that_nobody_wants(&["docker_cli/kill/a"], "[docker_cli/kill/b]\nenable = off\n", "runs | a")]
#[case::only_child_disabled(
    &["docker_cli/kill/a"],
    "[docker_cli/kill/a]\nenable = off\n",
    "TEST_NA: all of its sub-subtests are disabled in configuration | ; a disabled in configuration (test.ini:4)"
)]
#[case::disabled_parent(
    &["docker_cli/kill/a"],
    "[docker_cli/kill]\nenable = off\n",
    "TEST_NA: disabled in configuration (test.ini:4) | ; a disabled in configuration (test.ini:4)"
)]
fn configuration_decides_beforehand(#[case] args: &[&str], #[case] text: &str, #[case] expected: &str) {
    assert_eq!(first(args, text), expected);
}

#[test]
fn configuration_of_another_version_is_an_automatic_failure() {
    let text = first(&["zeta"], "[zeta]\nconfig_version = 0.1.0\n");
    assert!(text.starts_with("FAIL: ") && text.contains("test.ini:4"), "{text}");
}

#[test]
fn a_host_of_another_version_is_an_automatic_failure() {
    let mut catalog = Catalog::default();
    let mut entry = super::super::catalog::tests::catalog().get(&"zeta".parse().unwrap()).unwrap().clone();
    entry.api_version = "0.1.0".parse().unwrap();
    catalog.add(entry).unwrap();
    let plan = make(&catalog, &configured(""), &Selection::default(), &Control::default(), None).unwrap();
    let preset = plan.steps[0].preset.as_ref().unwrap();
    assert_eq!(preset.verdict, Verdict::Fail);
    assert!(preset.reason.contains("built for API version 0.1.0, but this is"), "{}", preset.reason);
}

#[test]
fn limits_come_from_the_step_s_own_section() {
    let text = "[DEFAULTS]\nstep_timeout = 5\n[zeta]\nstep_timeout = 0.5\n[example]\nstep_timeout =\n";
    let plan = plan(&["zeta,docker_cli/version,example x=pre,intra,post"], text).unwrap();
    let limits: Vec<_> = plan.steps.iter().map(|step| step.timeout_seconds).collect();
    assert_eq!(limits, [0.5, 5.0, 3600.0]);
}

#[test]
fn all_options_that_cannot_be_read_are_told_at_once() {
    let text = "[zeta]\nstep_timeout = long\ncleanup_timeout = -1\n[docker_cli/kill/b]\nenable = perhaps\n";
    let failure = plan(&["zeta,docker_cli/kill"], text).unwrap_err();
    insta::assert_snapshot!(failure, @r"
    test.ini:4: option `step_timeout` of `[zeta]` is `long`; expected a number of seconds from 0
    test.ini:5: option `cleanup_timeout` of `[zeta]` is `-1`; expected a number of seconds from 0
    test.ini:7: option `enable` of `[docker_cli/kill/b]` is `perhaps`; expected yes or no (or true, false, on, off, 1, 0)
    ");
}

#[test]
fn flags_of_removal_that_are_neither_yes_nor_no_are_refused_once() {
    let text = "[DEFAULTS]\nremove_after_test = maybe\n[zeta]\ntry_remove_after_test = 2\n\
                [docker_cli/kill/b]\nremove_after_test = perhaps\n";
    let failure = plan(&["zeta,docker_cli/kill,example"], text).unwrap_err().to_string();
    let told = |value: &str| failure.matches(&format!("is `{value}`; expected yes or no")).count();
    assert_eq!((told("maybe"), told("2"), told("perhaps")), (1, 1, 1), "{failure}");
    assert_eq!(failure.lines().count(), 3, "{failure}");
    assert!(failure.lines().all(|line| line.starts_with("test.ini:")), "{failure}");
}

#[rstest]
#[case(&[""], "`--args` is given and names nothing; leave it out to run every subtest")]
#[case(&["zeta i="], "`i=` in `--args` is given and names nothing; leave it out to run every subtest")]
fn a_list_that_is_given_and_empty_is_not_all(#[case] args: &[&str], #[case] expected: &str) {
    assert_eq!(plan(args, "").unwrap_err().to_string(), expected);
}

#[test]
fn nothing_to_run_is_an_error() {
    let failure = plan(&["zeta x=zeta"], "").unwrap_err();
    insta::assert_snapshot!(failure, @"nothing to run: no subtest is left after `--args` and the lists of [Control]");
}

/// Names of each kind: `p0`, `s0`, `i0`, `t0`, ….
fn catalog_of(counts: [usize; 4]) -> Catalog {
    let mut made = Catalog::default();
    let template = catalog().get(&"zeta".parse().unwrap()).unwrap().clone();
    for ((kind, letter), count) in Kind::ALL.into_iter().zip(["p", "s", "i", "t"]).zip(counts) {
        for number in 0..count {
            let mut entry = template.clone();
            entry.info.name = format!("{letter}{number}").parse().unwrap();
            entry.info.kind = kind;
            made.add(entry).unwrap();
        }
    }
    made
}

/// The same plan made by an obvious and slow rule.
fn model(counts: [usize; 4], asked: &[usize], excluded: &[String]) -> Vec<String> {
    let kept = |letter: &str, count: usize| -> Vec<String> {
        (0..count).map(|number| format!("{letter}{number}")).filter(|name| !excluded.contains(name)).collect()
    };
    let mut subtests = Vec::new();
    for name in asked.iter().map(|number| format!("s{number}")).filter(|name| !excluded.contains(name)) {
        if !subtests.contains(&name) {
            subtests.push(name);
        }
    }
    if asked.is_empty() {
        subtests = kept("s", counts[1]);
    }
    let mut names = kept("p", counts[0]);
    for subtest in subtests {
        names.push(subtest);
        names.extend(kept("i", counts[2]));
    }
    names.extend(kept("t", counts[3]));
    names
}

proptest! {
    #[test]
    fn plans_are_those_of_the_model(
        counts in [0usize..4, 1..8, 0..3, 0..3],
        asked in proptest::collection::vec(0usize..8, 0..6),
        excluded in proptest::collection::vec("[psit][0-3]", 0..5),
    ) {
        let asked: Vec<_> = asked.into_iter().filter(|number| *number < counts[1]).collect();
        let catalog = catalog_of(counts);
        let known = |name: &String| catalog.get(&name.parse().unwrap()).is_some();
        let excluded: Vec<String> = excluded.into_iter().filter(known).collect();
        let names: Vec<_> = asked.iter().map(|number| format!("s{number}")).collect();
        let args = [names.join(","), format!("x={}", excluded.join(","))];
        let control = Control::default();
        let expected = model(counts, &asked, &excluded);
        match make(&catalog, &configured(""), &Selection::parse(&args), &control, None) {
            Ok(plan) => {
                let made: Vec<_> = plan.steps.iter().map(|step| step.name.to_string()).collect();
                prop_assert_eq!(made, expected);
                let folders = folders(&plan);
                prop_assert_eq!(folders.iter().collect::<HashSet<_>>().len(), folders.len());
            }
            Err(failure) => {
                prop_assert!(matches!(failure, PlanFailure::Nothing));
                prop_assert!(!expected.iter().any(|name| name.starts_with('s')));
            }
        }
    }
}

#[test]
fn a_number_makes_an_order_and_the_same_number_the_same() {
    let order = |seed| {
        let args = Selection::parse(&["zeta,docker_cli/kill,docker_cli/version,example,pre,post".to_owned()]);
        let plan = make(&catalog(), &configured(""), &args, &Control::default(), Some(seed)).unwrap();
        plan.steps.iter().map(PlannedStep::folder).collect::<Vec<_>>()
    };
    assert_eq!(order(1), order(1));
    let orders: std::collections::BTreeSet<_> = (0..20).map(order).collect();
    assert!(orders.len() > 5, "{orders:?}");
    assert!(orders.iter().all(|order| order[0].contains("pretests") && order[order.len() - 1].contains("posttests")));
}
