use super::*;
use crate::journal::sample::{ended, ending, planned, records, run_ended, run_started, started, step};
use crate::journal::{Event, SubsubtestEnded, SubsubtestStarted};
use crate::name::StepId;

fn child(name: &str, ending: Ending) -> [Event; 2] {
    let subsubtest = name.to_owned();
    [
        Event::SubsubtestStarted(SubsubtestStarted { step: StepId(1), subsubtest: subsubtest.clone() }),
        Event::SubsubtestEnded(SubsubtestEnded { step: StepId(1), subsubtest, ending }),
    ]
}

/// A run of two steps, the second one with these sub-subtests.
fn run(children: &[(&str, Ending)]) -> RunState {
    let steps = vec![step("docker_cli/info", "test_1-of-2"), step("docker_cli/kill", "test_2-of-2")];
    let mut events = vec![run_started(), planned(steps), started(0, 1), ended(0, ending(Verdict::Good, ""))];
    events.push(started(1, 1));
    events.extend(children.iter().flat_map(|(name, ending)| child(name, ending.clone())));
    let worst = children.iter().map(|(_, ending)| ending.verdict).max().unwrap_or(Verdict::Good);
    events.extend([ended(1, ending(worst, "see its sub-subtests")), run_ended(worst)]);
    RunState::of(&records(events))
}

fn failed() -> Ending {
    let evidence = Evidence {
        command: Some("podman kill --signal=-1 x".to_owned()),
        expected: Some("exit status 125".to_owned()),
        seen: Some("exit status 0\nand\u{1b}[31m more".to_owned()),
        ..Evidence::default()
    };
    Ending { evidence: Some(Box::new(evidence)), ..ending(Verdict::Fail, "takes a signal that is none\n  details") }
}

#[test]
fn a_table_shows_every_difference_with_its_explanation() {
    let good = run(&[("bad", ending(Verdict::Good, "")), ("only_here", ending(Verdict::Good, ""))]);
    let bad = run(&[("bad", failed()), ("late", ending(Verdict::TestNa, "needs a daemon"))]);
    let compared = Comparison::of([("docker-20.10", &good), ("podman-4.3", &bad)]);
    insta::assert_snapshot!("table", compared.table());
    insta::assert_snapshot!("markdown", compared.markdown());
    let page = compared.html();
    let (begin, end) = (page.find("<body>").unwrap(), page.find("<script>").unwrap());
    insta::assert_snapshot!("page", page[begin..end].replace("><", ">\n<"));
    assert_eq!(compared.worst(), Verdict::Fail);
    assert_eq!(compared.remarkable().count(), 4);
}

#[test]
fn on_the_page_every_link_leads_to_an_explanation() {
    let [good, bad] = [run(&[("bad", ending(Verdict::Good, ""))]), run(&[("bad", failed())])];
    let page = Comparison::of([("<a>", &good), ("b", &bad)]).html();
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|part| part.split('"').next()).collect();
    let links: Vec<&str> = page.split("href=\"#").skip(1).filter_map(|part| part.split('"').next()).collect();
    assert!(links.iter().filter(|link| link.starts_with('r')).count() == 2, "of the subtest and its child: {links:?}");
    assert!(links.iter().all(|link| ids.contains(link)), "{links:?} {ids:?}");
    assert!(page.contains("&lt;a&gt;") && !page.contains("<a>") && page.contains("\\u{1b}[31m more"));
}

#[test]
fn what_was_cut_off_is_told_and_is_the_worst() {
    let whole = run(&[]);
    let cut =
        RunState::of(&records([run_started(), planned(vec![step("docker_cli/info", "test_1-of-1")]), started(0, 1)]));
    let compared = Comparison::of([("a", &whole), ("b", &cut)]);
    assert_eq!(compared.worst(), Verdict::Abort);
    assert!(compared.table().contains("b is not complete: the run goes on, or was cut off"));
    assert!(compared.rows[0].differs(), "it has not ended on b");
}

#[test]
fn nothing_to_compare_is_no_reason_to_fail() {
    let none = Comparison::of([]);
    assert_eq!((none.worst(), none.rows.len()), (Verdict::Good, 0));
    assert!(none.table().starts_with("subtest\n"));
}

#[test]
fn the_worst_of_several_times_counts() {
    let steps = vec![step("example", "test_1-of-2"), step("example", "test_2-of-2")];
    let mut events = vec![run_started(), planned(steps), started(0, 1), ended(0, failed()), started(1, 1)];
    events.extend([ended(1, ending(Verdict::Good, "")), run_ended(Verdict::Fail)]);
    let state = RunState::of(&records(events));
    let compared = Comparison::of([("a", &state)]);
    assert_eq!(compared.rows.len(), 1);
    assert_eq!(compared.rows[0].cells[0].as_ref().map(|cell| cell.verdict), Some(Verdict::Fail));
}

#[test]
fn what_an_engine_is_called_hides_no_difference() {
    let ended = |text: &str| run(&[("bad", ending(Verdict::Fail, text))]);
    let [one, two] = [ended("exit status 1"), ended("exit status 2")];
    let told = Comparison::of([("1", &one), ("2", &two)]).table();
    assert!(told.contains("exit status 1") && told.contains("exit status 2"), "{told}");
    let [one, two] = [ended("see /tmp/1/kill of 1.5 s"), ended("see /tmp/2/kill of 1.7 s")];
    let told = Comparison::of([("1", &one), ("2", &two)]).table();
    assert!(!told.contains("/tmp/2/kill"), "where results are is no difference: {told}");
    assert_eq!(without_word("docker 20.10, 120.10 20.10.1", "20.10"), "docker , 120.10 .1");
}
