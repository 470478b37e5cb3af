//! Runs that were loaded from reports, beside those of our own.

use super::*;
use crate::load::{LoadedRun, Options, Report, load};
use crate::name::TestId;
use crate::report::subunit::{Packet, Status};

/// Loads a report of pytest with these cases, which begins so many hours after the first run of a place.
fn load_cases(place: &Place, hours: i64, cases: &str) -> LoadedRun {
    let begin = crate::report::utc_time(1_700_000_000_000_000 + hours * 3_600_000_000);
    let xml = format!("<testsuite name='pytest' timestamp='{begin}'>{cases}</testsuite>");
    let run = load(&[Report::new("r.xml", xml)], &Options::default()).unwrap();
    assert_eq!(place.open().add(&run).unwrap(), Added::New);
    run
}

fn names(steps: &[FailingStep]) -> Vec<(TestId, bool)> {
    steps.iter().map(|step| (step.name.clone(), step.is_current)).collect()
}

#[test]
fn tests_of_others_are_kept_apart_from_subtests_of_the_same_name() {
    let place = Place::new();
    place.time_us.set(1_600_000_000_000_000);
    place.run("r1", &[("a", Fail), ("b", Fail)]);
    load_cases(&place, 0, "<testcase name='a' classname='a'/><testcase name='c' classname='c'><failure/></testcase>");
    let repository = place.open();
    assert_eq!(repository.failing(), ["a", "b"], "the engine that was tested last is still the one");
    let foreign = |name: &str| TestId::Foreign(name.to_owned());
    let subtest = |name: &str| TestId::Subtest(name.parse().unwrap());
    assert_eq!(names(&repository.failing_steps()), [(subtest("a"), true), (subtest("b"), true), (foreign("c"), true)]);
    let history: Vec<_> = repository.history("a").into_iter().map(|moment| (moment.verdict, moment.tool)).collect();
    assert_eq!(history, [(Fail, None), (Good, Some("pytest".to_owned()))]);
    assert_eq!(repository.durations().keys().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(repository.usual_durations().len(), 4);
    let stats = repository.stats();
    assert_eq!((stats.runs, stats.loaded, stats.engines), (2, 1, vec![("docker 1".to_owned(), 1)]));
    // What is older says nothing against what is newer, whenever it is loaded.
    load_cases(&place, -1, "<testcase name='c' classname='c'/>");
    assert_eq!(place.open().failing_steps().len(), 3);
    load_cases(&place, 1, "<testcase name='c' classname='c'><skipped/></testcase>");
    assert_eq!(place.open().failing_steps().len(), 3, "what was skipped has not passed");
    load_cases(&place, 2, "<testcase name='c' classname='c'/>");
    assert_eq!(place.open().failing_steps().len(), 2);
}

#[test]
fn tests_of_others_are_of_no_engine_even_beside_a_report_of_ours() {
    let place = Place::new();
    let report = |minute: u32, case: &str| {
        let suite = format!("<testsuite name='pytest' timestamp='2026-11-21T00:0{minute}:00Z'>{case}</testsuite>");
        Report::new("r.xml", suite)
    };
    let ours = Report::new(
        "ours.xml",
        "<testsuite name='a' tests='1' timestamp='2026-11-21T00:00:00Z'><properties>\
         <property name='folder' value='docker/subtests/a.test_1-of-1'/><property name='verdict' value='GOOD'/>\
         <property name='engine' value='docker 1'/><property name='engine-flavor' value='docker'/>\
         <property name='engine-version' value='1'/></properties><testcase classname='a' name='a'/></testsuite>",
    );
    let add = |reports: &[Report]| {
        place.open().add(&load(reports, &Options::default()).unwrap()).unwrap();
        place.open()
    };
    let repository = add(&[ours, report(1, "<testcase classname='p' name='a'><failure/></testcase>")]);
    assert_eq!(repository.last().unwrap().engine, "docker 1");
    assert_eq!(names(&repository.failing_steps()), [(TestId::Foreign("p::a".to_owned()), true)]);
    let repository = add(&[report(2, "<testcase classname='p' name='a'/>")]);
    assert_eq!(names(&repository.failing_steps()), []);
    assert_eq!(repository.stats().unsteady.len(), 1, "{:?}", repository.stats());
}

/// As `load_cases`, as the report of a whole suite of this program.
fn load_whole(place: &Place, tool: &str, hours: i64, cases: &str) -> Added {
    let begin = crate::report::utc_time(1_700_000_000_000_000 + hours * 3_600_000_000);
    let xml = format!("<testsuite name='{tool}' timestamp='{begin}'>{cases}</testsuite>");
    let options = Options { complete: true, ..Options::default() };
    place.open().add(&load(&[Report::new("r.xml", xml)], &options).unwrap()).unwrap()
}

#[test]
fn what_a_report_of_a_whole_suite_does_not_name_any_more_is_forgotten() {
    let place = Place::new();
    let case = |name: &str, what: &str| format!("<testcase name='{name}' classname='{name}'>{what}</testcase>");
    let failing = || place.open().failing_steps().iter().map(|step| step.name.to_string()).collect::<Vec<_>>();
    place.time_us.set(1_600_000_000_000_000);
    place.run("r1", &[("mine", Fail)]);
    load_cases(&place, 0, &(case("gone", "<failure/>") + &case("kept", "<failure/>") + &case("later", "<failure/>")));
    load_cases(&place, 2, &case("later", "<failure/>"));
    assert_eq!(failing(), ["mine", "gone", "kept", "later"]);
    // It knows nothing of what comes after it, of other programs' tests, and of our own.
    load_whole(&place, "gtest", 1, &case("other", ""));
    assert_eq!(failing(), ["mine", "gone", "kept", "later"]);
    load_whole(&place, "pytest", 1, &(case("kept", "<skipped/>") + &case("new", "<failure/>")));
    assert_eq!(failing(), ["mine", "kept", "later", "new"]);
    // A report that need not be whole takes nothing away, whenever it comes; what failed again after all is told again.
    load_cases(&place, 3, &case("gone", "<failure/>"));
    assert_eq!(failing(), ["mine", "gone", "kept", "later", "new"]);
    load_whole(&place, "pytest", 4, &case("new", "<failure/>"));
    assert_eq!(failing(), ["mine", "new"]);
    let index = place.path().join("index-1");
    fs::remove_file(&index).unwrap();
    assert_eq!(failing(), ["mine", "new"], "the journals know it, too");
}

#[test]
fn a_report_that_was_loaded_before_can_be_said_to_be_whole() {
    let place = Place::new();
    let failing = || place.open().failing_steps().len();
    load_cases(&place, 0, "<testcase name='gone' classname='gone'><failure/></testcase>");
    let now = "<testcase name='a' classname='a'/>";
    let first = load_cases(&place, 1, now);
    assert_eq!((failing(), place.open().runs().len()), (1, 2));
    assert_eq!(load_whole(&place, "pytest", 1, now), Added::New);
    assert_eq!((failing(), place.open().runs().len()), (0, 2));
    // From then on it is known as such.
    let known = Added::Known { run: first.name().to_owned() };
    assert_eq!(load_whole(&place, "pytest", 1, now), known);
    assert_eq!(place.open().add(&first).unwrap(), known);
    assert_eq!(failing(), 0);
    // Also when its journal is not kept any more.
    let archived = load_cases(&place, 2, "<testcase name='b' classname='b'><failure/></testcase>");
    load_cases(&place, 3, now);
    place.open().keep_journals(1).unwrap();
    assert_eq!(place.open().add(&archived).unwrap(), Added::Known { run: archived.name().to_owned() });
    assert_eq!(failing(), 1);
    load_whole(&place, "pytest", 3, now);
    assert_eq!((failing(), place.open().runs().len()), (0, 4));
}

#[test]
fn a_report_without_times_is_said_to_be_whole_once_also_when_it_is_in_the_archive() {
    let place = Place::new();
    let file = place.folder.path().join("r.xml");
    fs::write(&file, "<testsuite name='x'><testcase name='a' classname='a'/></testsuite>").unwrap();
    // Its run is named by when it was written.
    let load_at = |hours: u64, complete: bool| {
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000 + hours * 3600);
        fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
        let run = load(&[Report::read(&file).unwrap()], &Options { complete, ..Options::default() }).unwrap();
        (place.open().add(&run).unwrap(), run.name().to_owned())
    };
    assert_eq!(load_at(0, false).0, Added::New);
    load_cases(&place, 1, "<testcase name='b' classname='b'/>");
    assert_eq!(place.open().keep_journals(1).unwrap(), 1);
    let (added, whole) = load_at(2, true);
    assert_eq!((added, place.open().runs().len()), (Added::New, 3));
    for (hours, complete) in [(3, true), (4, false)] {
        assert_eq!(load_at(hours, complete).0, Added::Known { run: whole.clone() });
    }
    assert_eq!(place.open().runs().len(), 3);
}

#[test]
fn a_run_that_was_loaded_can_be_archived_and_stays_known() {
    let place = Place::new();
    let odd = "a;b %+: =c";
    let run = load_cases(&place, 0, &format!("<testcase name='{odd}' classname='{odd}'><failure/></testcase>"));
    load_cases(&place, 1, "<testcase name='x' classname='x'/>");
    let before = place.open().runs();
    assert_eq!(place.open().keep_journals(1).unwrap(), 1);
    fs::remove_file(place.path().join("index-1")).unwrap();
    let repository = place.open();
    let after: Vec<_> = repository.runs().into_iter().map(|run| RunSummary { has_journal: true, ..run }).collect();
    assert_eq!(after, before);
    assert_eq!(names(&repository.failing_steps()), [(TestId::Foreign(odd.to_owned()), true)]);
    assert_eq!(repository.add(&run).unwrap(), Added::Known { run: run.name().to_owned() });
}

#[test]
fn the_same_reports_are_the_same_run_whatever_time_it_is() {
    let place = Place::new();
    let file = place.folder.path().join("r.xml");
    let load_at = |hours: u64, text: &str| {
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000 + hours * 3600);
        fs::write(&file, text).unwrap();
        fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
        let run = load(&[Report::read(&file).unwrap()], &Options::default()).unwrap();
        (place.open().add(&run).unwrap(), run.name().to_owned())
    };
    let text = "<testsuite><testcase name='a' time='1'/></testsuite>";
    let (added, first) = load_at(0, text);
    assert_eq!(added, Added::New);
    let (added, second) = load_at(1, text);
    assert_eq!(added, Added::Known { run: first.clone() });
    assert_ne!(second, first, "of when it was, the report says nothing");
    assert_eq!(load_at(1, "<testsuite><testcase name='a' time='2'/></testsuite>").0, Added::New);
    assert_eq!(place.open().runs().len(), 2);
    // Whoever removes a journal wants the run to be forgotten.
    fs::remove_file(place.path().join(format!("runs/{first}.jsonl"))).unwrap();
    assert_eq!(load_at(2, text).0, Added::New);
}

#[test]
fn what_is_no_test_fails_its_run_only() {
    // In other tools it fails for ever.
    let place = Place::new();
    let packet = Packet { status: Status::Fail, ..Packet::of_test("process-returncode") };
    let run = load(&[Report::new("s", packet.encode().unwrap())], &Options::default()).unwrap();
    place.open().add(&run).unwrap();
    let repository = place.open();
    assert_eq!((repository.last().unwrap().verdict, repository.failing_steps().len()), (Fail, 0));
}

#[test]
fn a_load_that_was_killed_before_its_line_was_written_is_whole() {
    let place = Place::new();
    let run = load_cases(&place, 0, "<testcase name='a'><failure/></testcase>");
    let runs = place.open().runs();
    fs::remove_file(place.path().join("index-1")).unwrap();
    let repository = place.open();
    assert_eq!((repository.runs(), repository.records(run.name()).unwrap().as_slice()), (runs, run.records()));
    assert!(repository.notes().is_empty(), "{:?}", repository.notes());
}
