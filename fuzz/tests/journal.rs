//! The journal's reader and the reports made of what it reads.

use std::path::Path;

use bolero::check;
use dockertest::journal::{Reading, Record, parse};
use dockertest::report::{Console, Progress, Results, RunState, Style, status};
use fuzz::test_time;

/// A journal with every event.
const WHOLE: &str = concat!(
    r#"{"seq":0,"time_us":1799967600000000,"event":{"run-started":{"format":1,"run":"r","api-version":"0.9.0","invocation":{},"session":{"pid":7}}}}"#,
    "\n",
    r#"{"seq":1,"time_us":1799967600000001,"event":{"planned":{"steps":[{"kind":"subtest","name":"a/b","tag":"test_1-of-2"},{"kind":"pretest","name":"c","tag":"test_2-of-2","timeout_seconds":1.5}]}}}"#,
    "\n",
    r#"{"seq":2,"time_us":1799967600000002,"event":{"engine":{"flavor":"docker","facts":{"kernel":"6"}}}}"#,
    "\n",
    r#"{"seq":3,"time_us":1799967600000003,"event":{"step-started":{"step":0,"attempt":1}}}"#,
    "\n",
    r#"{"seq":4,"time_us":1799967600000004,"event":{"phase-started":{"step":0,"phase":"run_once","iteration":{"number":2,"of":3}}}}"#,
    "\n",
    r#"{"seq":5,"time_us":1799967600000005,"event":{"logged":{"step":0,"level":"warning","text":"one\ntwo"}}}"#,
    "\n",
    r#"{"seq":6,"time_us":1799967600000006,"event":{"keyvals":{"step":0,"iteration":1,"values":{"k":"v"}}}}"#,
    "\n",
    r#"{"seq":7,"time_us":1799967600000007,"event":{"subsubtest-started":{"step":0,"subsubtest":"x"}}}"#,
    "\n",
    r#"{"seq":8,"time_us":1799967600000008,"event":{"subsubtest-ended":{"step":0,"subsubtest":"x","ending":{"verdict":"GOOD","reason":"","seconds":0.5}}}}"#,
    "\n",
    r#"{"seq":9,"time_us":1799967600000009,"event":{"reboot-requested":{"step":0,"resume_at":"here","resume-at":"here","reason":"why"}}}"#,
    "\n",
    r#"{"seq":10,"time_us":1799967600000010,"event":{"run-interrupted":{"reason":"SIGINT"}}}"#,
    "\n",
    r#"{"seq":11,"time_us":1799967600000011,"event":{"run-resumed":{"pid":8}}}"#,
    "\n",
    r#"{"seq":12,"time_us":1799967600000012,"event":{"step-ended":{"step":0,"ending":{"verdict":"FAIL","reason":"r\tx\ry","seconds":1.5,"evidence":{"seen":"s"}}}}}"#,
    "\n",
    r#"{"seq":13,"time_us":1799967600000013,"event":{"run-ended":{"verdict":"FAIL","seconds":2.5}}}"#,
    "\n",
);

/// Everything that is made of records.
fn report(records: &[Record]) {
    let status = status::render(records);
    let state = RunState::of(records);
    for step in &state.steps {
        let end = format!("\t{}\t", step.planned.folder());
        let ends = status.lines().filter(|line| line.starts_with("\tEND ") && line.contains(&end)).count();
        let twins = state.steps.iter().filter(|twin| twin.planned.folder() == step.planned.folder());
        assert_eq!(ends, twins.filter(|twin| twin.ending.is_some()).count());
    }
    assert!(status.lines().filter(|line| line.starts_with("END ")).count() <= 1);
    assert!(status.lines().all(|line| !line.contains(|c: char| c.is_control() && c != '\t')));
    let json = Results::of(&state).to_json();
    serde_json::from_str::<Results>(&json).expect("results can be read back");
    let mut console = Console::new(Vec::new(), Style::Plain, Path::new("results"));
    let mut progress = Progress::default();
    for record in records {
        console.show(record).expect("a vector takes everything");
        progress.record(record);
        let _ = progress.line(record.time_us);
    }
    let shown = String::from_utf8(console.into_inner()).expect("text");
    assert!(!shown.contains(['\u{1b}', '\r']));
}

/// A reading accounts for every byte and can be written and read again.
fn check_reading(text: &[u8], reading: &Reading) {
    assert_eq!(reading.valid_bytes + reading.torn_bytes, text.len() as u64);
    for (seq, record) in (0..).zip(&reading.records) {
        assert_eq!(record.seq, seq);
        let again = serde_json::to_vec(record).expect("a record that was read can be written");
        assert_eq!(&serde_json::from_slice::<Record>(&again).expect("and read again"), record);
    }
}

#[test]
fn the_sample_is_whole() {
    let reading = parse(Path::new("whole"), WHOLE.as_bytes()).expect("a journal");
    assert_eq!((reading.records.len(), reading.torn_bytes), (14, 0));
    report(&reading.records);
}

/// What becomes a path and a column of the status log is no place for a control character or for `..`.
#[test]
fn a_tag_that_is_no_part_of_a_name_is_damage() {
    for tag in ["test_\u{7f}1-of-2", "../../x", "", "a\\tb"] {
        let damaged = WHOLE.replace("test_1-of-2", tag);
        assert!(parse(Path::new("damaged"), damaged.as_bytes()).is_err(), "{tag:?}");
    }
}

#[test]
fn any_bytes() {
    check!().with_test_time(test_time()).for_each(|bytes: &[u8]| {
        if let Ok(reading) = parse(Path::new("any"), bytes) {
            check_reading(bytes, &reading);
        }
    });
}

#[test]
fn a_damaged_journal() {
    check!().with_test_time(test_time()).with_type::<(u16, Vec<(u16, u8)>)>().for_each(|(cut, damage)| {
        let mut text = WHOLE.as_bytes().to_vec();
        for (place, byte) in damage {
            let place = usize::from(*place) % text.len();
            text[place] = *byte;
        }
        text.truncate(usize::from(*cut) % (text.len() + 1));
        if let Ok(reading) = parse(Path::new("damaged"), &text) {
            check_reading(&text, &reading);
            report(&reading.records);
        }
    });
}

#[test]
fn lines_of_a_journal_in_any_order() {
    check!().with_test_time(test_time()).with_type::<Vec<(u8, i64, u32)>>().for_each(|picks| {
        let lines: Vec<Record> = WHOLE.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
        let mut records = lines[..2].to_vec();
        for (pick, time_us, step) in picks {
            let line = &lines[usize::from(*pick) % lines.len()];
            let text =
                serde_json::to_string(line).expect("text").replace("\"step\":0", &format!("\"step\":{}", step % 3));
            let record: Record = serde_json::from_str(&text).expect("a record");
            records.push(Record::new(records.len() as u64, *time_us, record.event));
        }
        report(&records);
    });
}
