//! Reports of real programs, our own ones read back, and whatever else a report may be.

use proptest::prelude::*;
use quick_junit::{NonSuccessKind, Report as Made, TestCase, TestCaseStatus, TestSuite};
use rstest::rstest;

use super::*;
use crate::journal::sample::{records, text};
use crate::journal::{Event, FILE_NAME, InstanceProvisioned, parse};
use crate::report::scenarios::{ALL, Scenario, all_good, named_alike};
use crate::report::subunit::{Attachment, Packet, Status, Timestamp};
use crate::report::{Format, RunState, RunnerIs, StepState, Totals, write_knowing, write_of};
use crate::verdict::Verdict;

/// What is said of these reports; it must be possible to keep that.
fn loaded(reports: &[Report], options: &Options) -> LoadedRun {
    let run = load(reports, options).unwrap_or_else(|failure| panic!("{failure}"));
    let read = parse("x".as_ref(), &text(run.records())).unwrap();
    assert_eq!((read.records.as_slice(), read.torn_bytes), (run.records(), 0));
    run
}

fn junit(xml: &str) -> LoadedRun {
    loaded(&[Report::new("x", xml)], &Options::default())
}

fn refused(bytes: impl Into<Vec<u8>>) -> String {
    load(&[Report::new("x", bytes)], &Options::default()).unwrap_err().to_string()
}

/// A line for each test: how it ended, its name, how long it took, and why.
fn told(run: &LoadedRun) -> String {
    let state = RunState::of(run.records());
    let logs = |step: u32| {
        let logged = run.records().iter().filter_map(move |record| match &record.event {
            Event::Logged(logged) if logged.step.map(|id| id.0) == Some(step) => {
                Some(format!("    | {}\n", logged.text))
            }
            Event::Keyvals(keyvals) if keyvals.step.0 == step => Some(format!("    {:?}\n", keyvals.values)),
            _ => None,
        });
        logged.collect::<String>()
    };
    let line = |(number, step): (u32, &StepState)| {
        let Some(ending) = &step.ending else { return format!("(open) {}\n", step.planned.title()) };
        let run = if step.attempts == 0 { " not run" } else { "" };
        let known = ending.known_failure.as_ref().map(|known| format!(" (known: {known})")).unwrap_or_default();
        let kind = if step.planned.kind == crate::name::Kind::Subtest {
            String::new()
        } else {
            format!(" {}", step.planned.kind)
        };
        format!(
            "{:<7} {}{kind}{run} {:.3} {:?}{known}\n{}",
            ending.verdict,
            step.planned.title(),
            ending.seconds,
            ending.reason,
            logs(number)
        )
    };
    let head = state.beginning.as_ref().and_then(|run| run.loaded.as_ref()).unwrap().to_string();
    let general = run.records().iter().filter_map(|record| match &record.event {
        Event::Logged(logged) if logged.step.is_none() => Some(format!("| {}\n", logged.text)),
        Event::RunInterrupted(why) => Some(format!("interrupted: {}\n", why.reason)),
        _ => None,
    });
    let notes = run.notes().iter().map(|note| format!("note: {note}\n"));
    let lines: String = (0..).zip(&state.steps).map(line).collect();
    format!("{head}\n{}{}{lines}", notes.collect::<String>(), general.collect::<String>())
}

/// How each test ended, in order.
fn verdicts(run: &LoadedRun) -> Vec<(String, Verdict)> {
    let state = RunState::of(run.records());
    state.endings().map(|(step, ending)| (step.planned.title().to_owned(), ending.verdict)).collect()
}

fn verdict_of(case: &str) -> Verdict {
    verdicts(&junit(&format!("<testsuite><testcase name='a'>{case}</testcase></testsuite>")))[0].1
}

#[rstest]
#[case::pytest("pytest.xml", include_bytes!("fixtures/pytest.xml"))]
#[case::nextest("nextest.xml", include_bytes!("fixtures/nextest.xml"))]
#[case::surefire("surefire.xml", include_bytes!("fixtures/surefire.xml"))]
#[case::stestr("stestr.subunit", include_bytes!("fixtures/stestr.subunit"))]
#[case::python_subunit("python.subunit", include_bytes!("fixtures/python.subunit"))]
fn reports_of_real_programs(#[case] name: &str, #[case] bytes: &[u8]) {
    let run = loaded(&[Report::new(name, bytes)], &Options::default());
    insta::assert_snapshot!(name, told(&run));
}

#[rstest]
#[case::nothing("", Verdict::Good)]
#[case::output("<system-out>x</system-out>", Verdict::Good)]
#[case::failure("<failure/>", Verdict::Fail)]
#[case::error("<error/>", Verdict::Error)]
#[case::both("<failure/><error/>", Verdict::Error)]
#[case::skipped("<skipped/>", Verdict::TestNa)]
#[case::skipped_by_ant("<disabled/>", Verdict::TestNa)]
#[case::skipped_and_failed("<skipped/><failure/>", Verdict::Fail)]
#[case::expected("<skipped type='pytest.xfail'/>", Verdict::Warn)]
#[case::flaky("<flakyFailure/>", Verdict::Warn)]
#[case::flaky_error("<flakyError><stackTrace>x</stackTrace></flakyError>", Verdict::Warn)]
#[case::failed_again("<failure/><rerunFailure/>", Verdict::Fail)]
#[case::something_else("<something><failure/></something>", Verdict::Good)]
fn what_elements_mean(#[case] case: &str, #[case] expected: Verdict) {
    assert_eq!(verdict_of(case), expected);
}

#[rstest]
#[case::class_and_name("classname='a.B' name='c'", "a.B::c")]
#[case::the_same("classname='a' name='a'", "a")]
#[case::no_class("name='c'", "outer::inner::c")]
#[case::no_name("classname='a'", "a")]
#[case::nothing("", "outer::inner")]
#[case::any_text("classname='ä ö' name='[&lt;1&gt;] %;:+&#10;'", "ä ö::[<1>] %;:+\n")]
fn names_of_cases(#[case] attributes: &str, #[case] expected: &str) {
    let xml = format!(
        "<testsuites><testsuite name='outer'><testsuite name='inner'><testcase {attributes}/></testsuite></testsuite></testsuites>"
    );
    assert_eq!(verdicts(&junit(&xml)), [(expected.to_owned(), Verdict::Good)]);
}

#[rstest]
#[case::not_run("status='notrun'", Verdict::TestNa)]
#[case::suppressed("status='run' result='suppressed'", Verdict::TestNa)]
#[case::run("status='run' result='completed'", Verdict::Good)]
fn attributes_of_cases(#[case] attributes: &str, #[case] expected: Verdict) {
    assert_eq!(verdicts(&junit(&format!("<testsuite><testcase name='a' {attributes}/></testsuite>")))[0].1, expected);
}

#[rstest]
#[case::empty("<testsuite/>", "no test is told of in `x`, so there is nothing to load")]
#[case::blank("   ", "`x` is neither JUnit XML nor a stream of subunit: it is empty")]
#[case::another_root(
    "<html></html>",
    "x:1:1: the root of a JUnit report is `testsuites` or `testsuite`, but this is `html`"
)]
#[case::cut("<testsuite>\n <testcase", "x:2:2: the report ends within this")]
#[case::cut_within(
    "<testsuite>\n<testcase name='a'>\n",
    "x:3:1: the report ends within `<testcase>` of line 2: it was cut off"
)]
#[case::not_nested("<testsuite>\n<testcase></testsuite>", "x:2:11: expected `</testcase>`, but found `</testsuite>`")]
#[case::two_roots("<testsuite/>\n<testsuite/>", "x:2:1: there is a second root element")]
#[case::text_around("<testsuite/>\n ü text", "x:2:2: there is text outside of all elements")]
#[case::a_document_type(
    "<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY b 'c'>]><testsuite/>",
    "x:2:1: a report has no document type"
)]
#[case::an_entity("<testsuite>&bomb;</testsuite>", "x:1:12: there is no entity `&bomb;` in XML")]
#[case::an_entity_in_an_attribute("<testsuite name='&bomb;'/>", "x:1:1: in `name`: there is no entity `&bomb;` in XML")]
#[case::no_character("<testsuite>&#xd800;</testsuite>", "x:1:12: `&#xd800;` is no character")]
#[case::a_lone_ampersand("<testsuite>a & b</testsuite>", "x:1:14: this `&` begins no reference")]
#[case::an_attribute_twice("<testsuite name='a' name='b'/>", "x:1:21: an attribute is there twice")]
#[case::no_value("<testsuite name/>", "x:1:16: an attribute has no `=`")]
#[case::another_encoding(
    "<?xml version='1.0' encoding='ISO-8859-1'?><testsuite name='\u{e9}'/>",
    "x:1:1: the encoding is said to be ISO-8859-1"
)]
fn what_is_no_report_is_told_with_its_place(#[case] text: &str, #[case] expected: &str) {
    let failure = refused(text);
    assert!(failure.starts_with(expected), "{failure}\n{expected}");
}

#[test]
fn bytes_that_are_no_text_are_told_with_their_place() {
    let failure = refused(b"<testsuite>\n<testcase name='\xe9'/></testsuite>");
    assert!(failure.starts_with("x:2:17: the text is not UTF-8; if it is ISO 8859-1, `iconv"), "{failure}");
}

#[test]
fn elements_that_lie_too_deep_are_refused() {
    let deep = format!("{}<testcase/>{}", "<testsuite>".repeat(100_000), "</testsuite>".repeat(100_000));
    assert_eq!(refused(deep), "x:1:2201: elements lie more than 200 deep in each other");
    let deep = format!("<testsuite><testcase name='a'>{}", "<x>".repeat(100_000));
    assert!(refused(deep).contains("more than 200 deep"));
}

#[test]
fn a_suite_that_shows_none_of_its_failures_is_no_pass() {
    let run = junit(
        "<testsuites failures='1'><testsuite name='s' tests='1' errors='1'><testcase name='a'/></testsuite></testsuites>",
    );
    assert_eq!(verdicts(&run), [("s".to_owned(), Verdict::Error), ("s::a".to_owned(), Verdict::Good)]);
    let run = junit(
        "<testsuites tests='9' failures='1'><testsuite><testcase name='a'><failure/></testcase></testsuite></testsuites>",
    );
    assert_eq!(run.notes(), ["x: it says that it has 9 tests, but has 1"]);
}

#[test]
fn times_are_those_of_the_report() {
    let run = junit(
        "<testsuites><testsuite timestamp='2026-01-02T03:04:05' time='9'>\
         <testcase name='a' time='1.5'/><testcase name='b' time='soon'/><testcase name='c' time='0.5'/>\
         </testsuite></testsuites>",
    );
    let state = RunState::of(run.records());
    let started: Vec<_> = state.steps.iter().map(|step| step.started_us.unwrap() - state.started_us).collect();
    assert_eq!(started, [0, 1_500_000, 1_500_000]);
    assert_eq!((state.started_us, state.seconds()), (1_767_323_045_000_000, 9.0));
    assert_eq!(run.name().split('-').next(), Some("20260102t030405"));
    assert_eq!(run.notes(), ["x: b: `soon` is no duration"]);
}

#[test]
fn a_time_that_has_not_come_is_taken_for_now() {
    let before = now_us();
    let run = junit("<testsuite timestamp='2100-01-01T00:00:00Z'><testcase name='a' time='2'/></testsuite>");
    let last = run.records().last().unwrap().time_us;
    assert!((before..=now_us()).contains(&last));
    assert!(run.notes()[0].contains("of a time that has not come"), "{:?}", run.notes());
}

#[test]
fn several_reports_are_one_run() {
    let one = Report::new("one", "<testsuite name='pytest'><testcase name='a'/></testsuite>");
    let two = Report::new("two", packets(&[Packet { status: Status::Fail, ..Packet::of_test("b") }]));
    let run = loaded(&[one, two], &Options::default());
    assert_eq!(verdicts(&run), [("pytest::a".to_owned(), Verdict::Good), ("b".to_owned(), Verdict::Fail)]);
    let head = told(&run);
    assert!(head.starts_with("loaded from one and 1 more (pytest, subunit)\n"), "{head}");
}

#[test]
fn the_same_reports_in_another_order_are_the_same_run() {
    let digest = |texts: [&str; 2]| {
        let reports = texts.map(|text| Report::new("x", text));
        loaded(&reports, &Options::default()).digest().to_owned()
    };
    let one = "<testsuite><testcase name='a'/></testsuite>";
    let two = "<testsuite><testcase name='b'/></testsuite>";
    assert_eq!(digest([one, two]), digest([two, one]));
    assert_ne!(digest([one, two]), digest([one, one]));
    // The bytes of both are the same one after the other.
    let (end, begin) = (format!("{one}\n"), format!("\n{two}"));
    assert_ne!(digest([&end, two]), digest([one, &begin]));
}

#[test]
fn a_report_that_is_broken_keeps_the_others_out() {
    let reports =
        [Report::new("one", "<testsuite><testcase name='a'/></testsuite>"), Report::new("two", "<testsuite>")];
    assert!(load(&reports, &Options::default()).unwrap_err().to_string().starts_with("two:1:12: "));
}

fn packets(packets: &[Packet]) -> Vec<u8> {
    packets.iter().flat_map(|packet| packet.encode().unwrap()).collect()
}

fn at(seconds: u32, packet: Packet) -> Packet {
    Packet { time: Some(Timestamp { seconds, nanoseconds: 0 }), ..packet }
}

fn attached(name: &str, mime: Option<&str>, bytes: &[u8]) -> Packet {
    let attachment = Some(Attachment { name: name.to_owned(), bytes: bytes.to_vec() });
    Packet { attachment, mime: mime.map(str::to_owned), ..Packet::of_test("t") }
}

#[test]
fn a_stream_of_everything() {
    let of = |name: &str, status| Packet { status, ..Packet::of_test(name) };
    let mut stream = b"text before\n".to_vec();
    let text = Some("text/plain;charset=utf8");
    stream.extend(packets(&[
        of("listed only", Status::Exists),
        of("t", Status::Exists),
        at(1_700_000_000, of("t", Status::InProgress)),
        at(1_700_000_001, of("cut off", Status::InProgress)),
        attached("stdout", text, b"one "),
        attached("picture", Some("image/png"), b"\x89PNG"),
        attached("traceback", text, b"Traceback:\n  boom\n"),
        attached("stdout", text, b"two\n"),
        Packet { tags: ["slow", "worker-1"].map(str::to_owned).into(), ..at(1_700_000_003, of("t", Status::Fail)) },
        attached("late", text, b"after its end"),
        at(1_700_000_004, of("t", Status::Success)),
        at(1_700_000_004, of("skipped", Status::Skip)),
        of("expected", Status::ExpectedFailure),
        of("unexpected", Status::UnexpectedSuccess),
        Packet { test: Some("only a file".to_owned()), ..attached("log", text, b"x") },
        of("process-returncode", Status::Fail),
        Packet { test: None, ..attached("stderr", text, b"of no test\n") },
    ]));
    insta::assert_snapshot!("stream", told(&loaded(&[Report::new("s", stream)], &Options::default())));
}

#[test]
fn a_stream_that_was_cut_off_is_taken_in_only_if_that_is_wanted() {
    let whole = packets(&[
        Packet { status: Status::Success, ..Packet::of_test("a") },
        Packet { status: Status::Success, ..Packet::of_test("b") },
    ]);
    for cut in whole.len() / 2 + 1..whole.len() {
        let report = [Report::new("s", &whole[..cut])];
        let failure = load(&report, &Options::default()).unwrap_err().to_string();
        assert!(failure.starts_with("s: byte 10: the stream is damaged: "), "{failure}");
        assert!(!failure.contains("--partial"), "that is an option of a program: {failure}");
        let run = loaded(&report, &Options { partial: true, ..Options::default() });
        assert_eq!(verdicts(&run), [("a".to_owned(), Verdict::Good)]);
        assert!(told(&run).contains("interrupted: byte 10 of s: "), "{}", told(&run));
        assert_eq!(run.notes(), [] as [&str; 0]);
        let of_all = loaded(&report, &Options { partial: true, complete: true, ..Options::default() });
        assert!(of_all.notes()[0].contains("does not tell of all tests"), "{:?}", of_all.notes());
    }
}

#[test]
fn a_stream_that_only_lists_is_no_run() {
    let listed = packets(&[Packet { status: Status::Exists, ..Packet::of_test("a") }]);
    assert_eq!(refused(listed), "no test is told of in `x`, so there is nothing to load");
}

#[test]
fn a_form_that_is_named_is_not_guessed() {
    let form = |form| Options { form: Some(form), ..Options::default() };
    let stream = packets(&[Packet { status: Status::Success, ..Packet::of_test("a") }]);
    let failure = load(&[Report::new("s", stream)], &form(Form::Junit)).unwrap_err().to_string();
    assert!(failure.starts_with("s:1:1: the text is not UTF-8"), "{failure}");
    let xml = Report::new("s", "<testsuite><testcase/></testsuite>");
    let failure = load(&[xml], &form(Form::Subunit)).unwrap_err().to_string();
    assert!(failure.ends_with("it is XML or HTML"), "{failure}");
}

/// The report of this run in a form, as `dockertest report` makes it.
fn written(scenario: Scenario, format: Format) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE_NAME), text(&records(scenario()))).unwrap();
    let mut bytes = Vec::new();
    write_knowing(RunnerIs::Gone, folder.path(), format, &mut bytes).unwrap();
    bytes
}

/// On engines of our own, which listen where that of the system does.
fn in_capsules() -> Vec<Event> {
    let mut events = all_good();
    let facts = events.iter_mut().find_map(|event| match event {
        Event::Engine(facts) => Some(&mut facts.facts),
        _ => None,
    });
    let told = [
        ("client-path", "/opt/a, b at c/docker"),
        ("client-options", "--tls, -D"),
        ("engine-settings", "--storage-driver=overlay2"),
    ];
    facts.unwrap().extend(told.map(|(name, value)| (name.to_owned(), value.to_owned())));
    events.insert(2, Event::InstanceProvisioned(InstanceProvisioned::new("capsule", "capsule-1")));
    events
}

#[test]
fn our_own_reports_tell_the_same_when_they_are_loaded() {
    for (name, scenario) in
        ALL.into_iter().chain([("in_capsules", in_capsules as Scenario), ("named_alike", named_alike)])
    {
        for format in [Format::Junit, Format::Subunit] {
            let run = loaded(&[Report::new("x", written(scenario, format))], &Options::default());
            let (ours, theirs) = (RunState::of(&records(scenario())), RunState::of(run.records()));
            let steps = |state: &RunState| {
                let step = |step: &StepState| {
                    let verdict =
                        |ending: &Option<crate::outcome::Ending>| ending.as_ref().map(|ending| ending.verdict);
                    let children = step.subsubtests.iter().map(|child| {
                        // One that was cut off is told as such.
                        (child.name.clone(), verdict(&child.ending).unwrap_or(Verdict::Abort))
                    });
                    let began = step.attempts > 0;
                    (step.planned.id(), step.planned.kind, began, verdict(&step.ending), children.collect::<Vec<_>>())
                };
                state.steps.iter().map(step).collect::<Vec<_>>()
            };
            assert_eq!(steps(&theirs), steps(&ours), "{name} {format}");
            // Scenarios are in a time to come.
            let mut notes = run.notes().iter().filter(|note| !note.contains("a time that has not come"));
            assert_eq!(notes.next(), None, "{name} {format}");
            assert_eq!(Totals::of(&theirs), Totals::of(&ours), "{name} {format}");
            assert_eq!(theirs.is_ended(), ours.is_ended(), "{name} {format}");
            assert_eq!(theirs.engine_under_test(), ours.engine_under_test(), "{name} {format}");
            assert_eq!(theirs.beginning.unwrap().loaded.unwrap().tool, "dockertest");
        }
    }
}

/// The bytes of a run that was loaded, as a report again.
fn written_again(run: &LoadedRun, format: Format) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_of(run.records(), RunnerIs::Gone, "x".as_ref(), format, &mut bytes).unwrap();
    bytes
}

#[rstest]
#[case::pytest(include_bytes!("fixtures/pytest.xml"))]
#[case::nextest(include_bytes!("fixtures/nextest.xml"))]
#[case::surefire(include_bytes!("fixtures/surefire.xml"))]
#[case::python_subunit(include_bytes!("fixtures/python.subunit"))]
fn what_was_loaded_can_be_reported_and_loaded_again(#[case] bytes: &[u8]) {
    let first = loaded(&[Report::new("x", bytes)], &Options::default());
    for format in [Format::Junit, Format::Subunit] {
        let second = loaded(&[Report::new("x", written_again(&first, format))], &Options::default());
        let sorted = |run: &LoadedRun| {
            let mut verdicts = verdicts(run);
            verdicts.sort();
            verdicts
        };
        assert_eq!(sorted(&second), sorted(&first), "{format}");
    }
}

fn made_case((class, name, how, millis): (String, String, u8, u32)) -> TestCase {
    let status = match how % 4 {
        0 => TestCaseStatus::success(),
        1 => TestCaseStatus::skipped(),
        2 => TestCaseStatus::non_success(NonSuccessKind::Failure),
        _ => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    let mut case = TestCase::new(name, status);
    case.set_classname(class).set_time(std::time::Duration::from_millis(millis.into()));
    case
}

proptest! {
    #[test]
    fn every_case_becomes_a_test_with_its_verdict_and_duration(
        cases in prop::collection::vec(("[a-zä.:<&\"]{1,8}", "[A-Z \\[\\]%;]{1,8}", any::<u8>(), 0_u32..100_000), 1..9)
    ) {
        let mut suite = TestSuite::new("s");
        suite.add_test_cases(cases.iter().cloned().map(made_case));
        let mut report = Made::new("r");
        report.add_test_suite(suite);
        let run = junit(&report.to_string().unwrap());
        let state = RunState::of(run.records());
        prop_assert_eq!(state.steps.len(), cases.len());
        for (step, (class, name, how, millis)) in state.steps.iter().zip(cases) {
            let ending = step.ending.as_ref().unwrap();
            let verdicts = [Verdict::Good, Verdict::TestNa, Verdict::Fail, Verdict::Error];
            prop_assert_eq!(ending.verdict, verdicts[usize::from(how % 4)]);
            prop_assert_eq!(step.planned.title(), format!("{class}::{name}"));
            prop_assert!((ending.seconds - f64::from(millis) / 1000.0).abs() < 0.001);
        }
        prop_assert!(run.notes().is_empty());
    }
}

#[test]
fn a_report_of_ours_from_before_verdicts_were_told_has_those_of_its_cases() {
    let written = String::from_utf8(written(all_good, Format::Junit)).unwrap();
    let old: String = written.lines().filter(|line| !line.contains(r#"name="verdict""#)).collect();
    let run = junit(&old);
    assert!(old.len() < written.len() && RunState::of(run.records()).is_ended());
    let good = |name: &str| (name.to_owned(), Verdict::Good);
    assert_eq!(verdicts(&run), [good("example"), good("docker_cli/version")]);
    let cases = "<testcase classname='a' name='b'><failure/></testcase><testcase classname='a' name='c'/>";
    let folder = "<property name='folder' value='docker/subtests/a.test_1-of-1'/>";
    let run = junit(&format!("<testsuite name='a'><properties>{folder}</properties>{cases}</testsuite>"));
    assert_eq!(verdicts(&run), [("a".to_owned(), Verdict::Fail)]);
}

#[test]
fn no_two_steps_of_several_reports_have_one_folder() {
    let report = |name: &str| Report::new(name, written(all_good, Format::Junit));
    let run = loaded(&[report("a.xml"), report("b.xml")], &Options::default());
    let folders = |run: &LoadedRun| {
        RunState::of(run.records()).steps.iter().map(|step| step.planned.folder()).collect::<Vec<_>>()
    };
    let mut unlike = folders(&run);
    unlike.sort();
    unlike.dedup();
    assert_eq!(unlike.len(), 4, "{unlike:?}");
    let alone = folders(&loaded(&[report("a.xml")], &Options::default()));
    assert_eq!(alone[1], "docker/subtests/docker_cli/version.test_2-of-2", "as it was");
}

#[rstest]
#[case::a_pass(Status::Fail, "verdict-GOOD", Verdict::Fail)]
#[case::a_warning(Status::Fail, "verdict-WARN", Verdict::Fail)]
#[case::a_skip(Status::Skip, "verdict-ERROR", Verdict::TestNa)]
#[case::no_verdict(Status::Success, "verdict-pending", Verdict::Good)]
#[case::ours(Status::Fail, "verdict-ERROR", Verdict::Error)]
#[case::ours_that_warned(Status::Success, "verdict-WARN", Verdict::Warn)]
fn a_tag_of_others_turns_no_failure_into_a_pass(#[case] status: Status, #[case] tag: &str, #[case] expected: Verdict) {
    let packet = Packet { status, tags: [tag.to_owned()].into(), ..Packet::of_test("a") };
    let run = loaded(&[Report::new("s", packets(&[packet]))], &Options::default());
    assert_eq!(verdicts(&run), [("a".to_owned(), expected)]);
    assert_eq!(told(&run).contains(tag), tag != format!("verdict-{expected}"), "a tag that is not ours is a fact");
}

#[test]
fn of_many_long_failures_no_more_is_kept_than_of_one() {
    let failures = format!("<failure>{}</failure>", "long ".repeat(100_000)).repeat(5);
    let run = junit(&format!("<testsuite><testcase name='a'>{failures}</testcase></testsuite>"));
    let state = RunState::of(run.records());
    let reason = &state.steps[0].ending.as_ref().unwrap().reason;
    assert!(reason.len() < (1 << 20) + 100 && reason.contains("bytes are left out"), "{}", reason.len());
}
