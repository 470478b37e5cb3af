//! The readers of reports of other programs.

use bolero::check;
use dockertest::journal::{Event, Record};
use dockertest::load::{Form, LoadFailure, Options, Report, load};
use dockertest::report::subunit::{Packet, Status};
use fuzz::test_time;

const JUNIT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="r" tests="3" failures="1" time="1.5" timestamp="2026-01-02T03:04:05">
  <testsuite name="s" tests="2"><properties><property name="a" value="b"/></properties>
    <testcase classname="c" name="one[&#65;&amp;]" time="0.5"><failure message="m" type="t">x<![CDATA[<y>]]></failure></testcase>
    <testcase name="two"><skipped/><system-out>ü &lt;o&gt;</system-out></testcase>
    <testsuite name="inner"><testcase name="three" status="notrun"/></testsuite>
  </testsuite>
</testsuites>
"#;

fn stream() -> Vec<u8> {
    let packet = |name: &str, status| Packet { status, ..Packet::of_test(name) }.encode().expect("a packet");
    [packet("a", Status::InProgress), packet("a", Status::Fail), packet("b", Status::Success)].concat()
}

/// Reports are refused with a text, or make a run that is one: it can be kept, and each of its tests has one end, if the run has.
fn read(bytes: &[u8], form: Option<Form>, (partial, complete): (bool, bool)) {
    let options = Options { form, partial, complete };
    let run = match load(&[Report::new("report", bytes)], &options) {
        Ok(run) => run,
        Err(failure @ LoadFailure::Text { line, column, .. }) => {
            let lines = bytes.split(|byte| *byte == b'\n').count();
            assert!((1..=lines).contains(&line) && (1..=bytes.len() + 1).contains(&column), "{failure}");
            return;
        }
        Err(failure) => return assert!(!failure.to_string().is_empty()),
    };
    let mut ends = Vec::new();
    for record in run.records() {
        let text = serde_json::to_string(record).expect("records have JSON");
        let again: Record = serde_json::from_str(&text).expect("it can be read again");
        assert_eq!(&again, record);
        match &record.event {
            Event::Planned(plan) => ends = vec![0; plan.steps.len()],
            Event::StepEnded(ended) => ends[ended.step.index()] += 1,
            _ => {}
        }
    }
    let last = run.records().last().map(|record| &record.event);
    let least = match last {
        Some(Event::RunEnded(_)) => 1,
        // Some of its tests have not ended.
        Some(Event::RunInterrupted(_)) => 0,
        _ => panic!("{last:?}"),
    };
    let is_doubted = run.notes().iter().any(|note| note.contains("does not tell of all tests"));
    assert_eq!(is_doubted, complete && least == 0);
    assert!(!ends.is_empty() && ends.iter().all(|ends| (least..=1).contains(ends)), "{ends:?}");
}

#[test]
fn any_bytes() {
    check!().with_test_time(test_time()).for_each(|bytes: &[u8]| {
        for form in [None, Some(Form::Junit), Some(Form::Subunit)] {
            let is_clear = |bit: u8| bytes.first().is_some_and(|byte| byte & bit == 0);
            read(bytes, form, (is_clear(1), is_clear(2)));
        }
    });
}

fn damaged(whole: &[u8], cut: u16, damage: &[(u16, u8)]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for (place, byte) in damage {
        let place = usize::from(*place) % bytes.len();
        bytes[place] = *byte;
    }
    bytes.truncate(usize::from(cut) % (bytes.len() + 1));
    bytes
}

#[test]
fn a_damaged_report_of_junit() {
    check!().with_test_time(test_time()).with_type::<(u16, Vec<(u16, u8)>)>().for_each(|(cut, damage)| {
        read(&damaged(JUNIT.as_bytes(), *cut, damage), None, (false, cut % 2 == 0));
    });
}

#[test]
fn elements_in_any_order() {
    const PARTS: [&str; 16] = [
        "<testsuites>",
        "</testsuites>",
        "<testsuite name='s' tests='2'>",
        "</testsuite>",
        "<testcase name='a'>",
        "</testcase>",
        "<failure>",
        "</failure>",
        "<skipped/>",
        "<properties>",
        "</properties>",
        "<property name='folder' value='docker/subtests/a.test_1-of-1'/>",
        "<system-out>",
        "</system-out>",
        "<testcase classname='a' name='a'/>",
        "<property name='verdict' value='WARN'/>",
    ];
    check!().with_test_time(test_time()).with_type::<Vec<u8>>().for_each(|parts| {
        let text: String = parts.iter().map(|part| PARTS[usize::from(*part) % PARTS.len()]).collect();
        read(text.as_bytes(), None, (false, parts.len() % 2 == 0));
    });
}

#[test]
fn a_damaged_stream_of_subunit() {
    check!().with_test_time(test_time()).with_type::<(bool, u16, Vec<(u16, u8)>)>().for_each(
        |(partial, cut, damage)| {
            read(&damaged(&stream(), *cut, damage), None, (*partial, cut % 2 == 0));
        },
    );
}
