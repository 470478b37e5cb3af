//! What the journal promises: nothing lost, nothing doubled, every cut readable, every failure said.

use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, mpsc};

use proptest::prelude::*;
use rstest::rstest;

use super::sample::{self, logged, run_started, small_run};
use super::*;
use crate::outcome::Level;

/// Keeps what it gets.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<(Vec<Record>, Vec<Record>)>>);

impl Sink for Memory {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.0.lock().unwrap().0.push(record.clone());
        Ok(())
    }

    fn past(&mut self, record: &Record) -> io::Result<()> {
        self.0.lock().unwrap().1.push(record.clone());
        Ok(())
    }
}

impl Memory {
    fn seen(&self) -> Vec<Record> {
        self.0.lock().unwrap().0.clone()
    }
}

/// A sink whose disk is always full.
struct Full;

impl Sink for Full {
    fn record(&mut self, _: &Record) -> io::Result<()> {
        Err(io::Error::from_raw_os_error(nix::errno::Errno::ENOSPC as i32))
    }
}

/// A sink that waits until the other end is dropped.
struct Slow(mpsc::Receiver<()>);

impl Sink for Slow {
    fn record(&mut self, _: &Record) -> io::Result<()> {
        let _ = self.0.recv();
        Ok(())
    }
}

/// A sink with a mistake.
struct Broken;

impl Sink for Broken {
    fn record(&mut self, _: &Record) -> io::Result<()> {
        panic!("a mistake in a sink, made on purpose");
    }
}

fn events_of(records: Vec<Record>) -> Vec<Event> {
    records.into_iter().map(|record| record.event).collect()
}

fn line(number: u32) -> Event {
    logged(0, Level::Info, &format!("line {number}"))
}

#[test]
fn what_is_written_reads_back_and_reached_the_sinks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    let memory = Memory::default();
    let writer = Writer::create(&path, vec![Box::new(memory.clone())]).unwrap();
    for event in small_run() {
        writer.append(event);
    }
    writer.close().unwrap();
    let reading = read(&path).unwrap();
    assert_eq!(reading.records, memory.seen());
    assert_eq!((reading.valid_bytes, reading.torn_bytes), (path.metadata().unwrap().len(), 0));
    assert_eq!(events_of(reading.records), small_run());
}

#[test]
fn a_commit_is_on_disk_when_its_ticket_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    let writer = Writer::create(&path, Vec::new()).unwrap();
    let mut expected = Vec::new();
    for event in small_run() {
        writer.commit(vec![event.clone()]).wait().unwrap();
        expected.push(event);
        assert_eq!(events_of(read(&path).unwrap().records), expected);
    }
}

#[test]
fn events_of_many_threads_keep_each_threads_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    let writer = Writer::create(&path, Vec::new()).unwrap();
    writer.append(run_started());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let writer = &writer;
            scope.spawn(move || {
                for number in 0..500 {
                    writer.append(line(thread * 1000 + number));
                }
                writer.commit(vec![line(thread * 1000 + 500)]).wait().unwrap();
            });
        }
    });
    writer.close().unwrap();
    let records = read(&path).unwrap().records;
    assert_eq!(records.len(), 1 + 4 * 501);
    for thread in 0..4 {
        let prefix = |event: &Event| matches!(event, Event::Logged(logged) if (0..501).any(|n| logged.text == format!("line {}", thread * 1000 + n)));
        let own: Vec<Event> = records.iter().map(|record| record.event.clone()).filter(prefix).collect();
        assert_eq!(own, (0..501).map(|number| line(thread * 1000 + number)).collect::<Vec<_>>());
    }
}

#[test]
fn dropping_the_writer_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    let (release, gate) = mpsc::channel();
    let writer = Writer::create(&path, vec![Box::new(Slow(gate))]).unwrap();
    writer.append(run_started());
    for number in 0..100 {
        writer.append(line(number));
    }
    drop(release);
    drop(writer);
    assert_eq!(read(&path).unwrap().records.len(), 101);
}

#[test]
fn an_existing_journal_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    sample::write(&path, small_run()).unwrap();
    let failure = Writer::create(&path, Vec::new()).unwrap_err();
    assert!(matches!(failure, WriteFailure::Exists { .. }), "{failure}");
    assert_eq!(read(&path).unwrap().records.len(), small_run().len());
}

#[test]
fn a_journal_in_a_folder_that_is_missing_is_refused() {
    let failure = Writer::create(Path::new("/nowhere/at all/journal.jsonl"), Vec::new()).unwrap_err();
    insta::assert_snapshot!(failure, @"cannot create the journal `/nowhere/at all/journal.jsonl`: No such file or directory (os error 2); make the folder first");
}

#[test]
fn a_reopened_journal_goes_on_after_its_torn_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    let mut first = small_run();
    let second = first.split_off(5);
    sample::write(&path, first.clone()).unwrap();
    let mut text = std::fs::read(&path).unwrap();
    text.extend_from_slice(b"{\"seq\":5,\"time_us\":17999");
    std::fs::write(&path, text).unwrap();

    let reading = read(&path).unwrap();
    assert_eq!(reading.torn_bytes, 24);
    let memory = Memory::default();
    let writer = Writer::reopen(&path, &reading, vec![Box::new(memory.clone())]).unwrap();
    writer.commit(second.clone()).wait().unwrap();
    writer.close().unwrap();
    assert_eq!(events_of(read(&path).unwrap().records), small_run());
    let (new, past) = memory.0.lock().unwrap().clone();
    assert_eq!((events_of(past), events_of(new)), (first, second));
}

#[test]
fn a_report_that_fails_does_not_stop_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    let writer = Writer::create(&path, vec![Box::new(Full)]).unwrap();
    for event in small_run() {
        writer.commit(vec![event]).wait().unwrap();
    }
    let failure = writer.close().unwrap_err().to_string();
    assert!(failure.contains("No space left on device") && failure.contains("the journal is complete"), "{failure}");
    assert_eq!(events_of(read(&path).unwrap().records), small_run());
}

#[test]
fn a_failure_is_called_out_once_also_to_those_who_ask_late() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::create(&folder.path().join("journal.jsonl"), vec![Box::new(Broken)]).unwrap();
    let (told, tell) = mpsc::channel();
    let late = told.clone();
    writer.when_failed(move |failure| told.send(failure.to_string()).unwrap());
    writer.append(run_started());
    let first = tell.recv().unwrap();
    assert_eq!(Some(&first), writer.failure().map(|failure| failure.to_string()).as_ref());
    writer.when_failed(move |failure| late.send(failure.to_string()).unwrap());
    assert_eq!(tell.iter().collect::<Vec<_>>(), [first]);
}

#[test]
fn a_sink_that_panics_is_a_failure_and_nobody_waits_forever() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::create(&folder.path().join(FILE_NAME), vec![Box::new(Broken)]).unwrap();
    writer.commit(vec![run_started()]).wait().unwrap();
    while writer.commit(vec![line(0)]).wait().is_ok() {}
    assert!(matches!(writer.close(), Err(WriteFailure::Stopped { .. })));
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_utf_8_cannot_be_kept_and_says_so() {
    use std::os::unix::ffi::OsStringExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    let writer = Writer::create(&path, Vec::new()).unwrap();
    let Event::RunStarted(mut start) = run_started() else { unreachable!() };
    start.invocation.config_custom = Some(std::ffi::OsString::from_vec(vec![b'/', 0xff]).into());
    let failure = writer.commit(vec![Event::RunStarted(start)]).wait().unwrap_err();
    assert!(failure.to_string().contains("invalid UTF-8"), "{failure}");
    assert_eq!(path.metadata().unwrap().len(), 0);
}

/// The folder whose disk has room for a few lines.
const FULL_FOLDER: &str = "DOCKERTEST_TEST_FULL_FOLDER";

/// Fills the disk, and checks what the journal then says and holds.
fn fill_the_disk(folder: &Path) {
    let path = folder.join(FILE_NAME);
    let memory = Memory::default();
    let writer = Writer::create(&path, vec![Box::new(memory.clone())]).unwrap();
    let mut durable = 0;
    writer.commit(vec![run_started()]).wait().unwrap();
    let failure = loop {
        match writer.commit(vec![line(durable), line(durable)]).wait() {
            Ok(()) => durable += 1,
            Err(failure) => break failure,
        }
    };
    assert!(matches!(failure, WriteFailure::Write { records_lost: 1..=2, .. }), "{failure}");
    writer.append(line(0));
    let later = writer.commit(vec![line(0)]).wait().unwrap_err();
    assert!(matches!(later, WriteFailure::Write { records_lost: 3..=4, .. }), "{later}");
    assert!(writer.failure().is_some());
    assert!(writer.close().is_err());
    let reading = read(&path).unwrap();
    assert_eq!(reading.torn_bytes, 0, "the line that did not fit was cut off again");
    assert!(reading.records.len() > 2 * durable as usize, "nothing that was promised is missing");
    assert_eq!(reading.records, memory.seen(), "nothing was shown that is not on disk");
    println!("{failure}");
}

/// Runs a shell script whose `"$@"` is a process that fills the disk of the folder.
fn fill_in_child(script: &str, folder: &Path) -> String {
    let this = test_needs::again("journal::tests::a_limit_of_file_sizes_is_said_and_no_torn_line_stays");
    let output = Command::new("sh")
        .args(["-ec", script, "sh"])
        .arg(this.get_program())
        .args(this.get_args())
        .env(test_needs::AGAIN, "1")
        .env(FULL_FOLDER, folder)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    text
}

#[test]
fn a_limit_of_file_sizes_is_said_and_no_torn_line_stays() {
    if test_needs::is_again() {
        return fill_the_disk(Path::new(&std::env::var_os(FULL_FOLDER).unwrap()));
    }
    let folder = tempfile::tempdir().unwrap();
    let text = fill_in_child("trap '' XFSZ; ulimit -f 9; exec \"$@\"", folder.path());
    assert!(text.contains("File too large") && text.contains("ulimit -f"), "{text}");
}

#[test]
fn a_full_disk_is_said_and_no_torn_line_stays() {
    if !test_needs::root("can mount a small file system") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // The mount lives and ends with the child's own mount namespace.
    let mount = format!("mount -t tmpfs -o size=16k none \"${FULL_FOLDER}\"; exec \"$@\"");
    let script = format!("exec unshare --mount sh -ec '{mount}' sh \"$@\"");
    let text = fill_in_child(&script, folder.path());
    assert!(text.contains("No space left on device") && text.contains("free space"), "{text}");
}

#[test]
fn a_journal_cut_at_every_byte_reads_as_a_prefix() {
    let records = sample::records(small_run());
    let text = sample::text(&records);
    for cut in 0..=text.len() {
        check_prefix(&records, &text[..cut]);
    }
}

#[track_caller]
fn check_prefix(records: &[Record], text: &[u8]) {
    let reading = parse(Path::new("cut"), text).unwrap();
    assert_eq!(reading.records, records[..reading.records.len()]);
    assert_eq!(reading.valid_bytes + reading.torn_bytes, text.len() as u64);
    let complete = text.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(reading.records.len(), complete);
}

proptest! {
    #[test]
    fn any_log_text_reads_back_and_any_cut_is_a_prefix(texts in prop::collection::vec(".*", 1..8), cut in 0.0..1.0) {
        let events = texts.iter().map(|text| logged(0, Level::Warning, text));
        let records = sample::records(std::iter::once(run_started()).chain(events));
        let text = sample::text(&records);
        prop_assert_eq!(&parse(Path::new("whole"), &text).unwrap().records, &records);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a small text")]
        let cut = (text.len() as f64 * cut) as usize;
        check_prefix(&records, &text[..cut]);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(Path::new("any"), &bytes);
    }
}

#[test]
fn a_last_line_that_is_whole_but_not_json_is_torn() {
    let mut text = sample::text(&sample::records(small_run()));
    text.extend_from_slice(b"\0\0\0\0\n");
    let reading = parse(Path::new("torn"), &text).unwrap();
    assert_eq!((reading.records.len(), reading.torn_bytes), (small_run().len(), 5));
}

/// A journal with NUL bytes from the end of its fifth line, or `into` bytes behind it, to the end of a block; and how
/// many of its bytes are before that line's end.
fn with_hole(into: usize) -> (Vec<u8>, usize) {
    let logged = (0..40).map(|_| logged(0, Level::Info, "some text"));
    let mut text = sample::text(&sample::records(std::iter::once(run_started()).chain(logged)));
    let valid = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(4).unwrap().0 + 1;
    let begin = valid + into;
    let end = (begin + 512).next_multiple_of(512);
    text[begin..end].fill(0);
    (text, valid)
}

#[test]
fn a_hole_that_a_power_cut_leaves_is_dropped_with_what_is_behind_it() {
    let (text, valid) = with_hole(0);
    let reading = parse(Path::new("hole"), &text).unwrap();
    assert_eq!(reading.records.len(), 5);
    assert_eq!((reading.valid_bytes, reading.torn_bytes), (valid as u64, (text.len() - valid) as u64));
    // One that begins in the midst of a line, and not at a block, was not made by a cut.
    let (text, _) = with_hole(3);
    assert!(matches!(parse(Path::new("hole"), &text), Err(ReadFailure::Garbage { line: 6, .. })));
    let (mut text, valid) = with_hole(0);
    text[valid + 3..valid.next_multiple_of(512) + 512].fill(b'x');
    assert!(matches!(parse(Path::new("hole"), &text), Err(ReadFailure::Garbage { line: 6, .. })));
}

#[test]
fn what_was_behind_a_hole_is_kept_beside_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    let (text, valid) = with_hole(0);
    std::fs::write(&path, &text).unwrap();
    let writer = Writer::reopen(&path, &read(&path).unwrap(), Vec::new()).unwrap();
    writer.commit(small_run().split_off(5)).wait().unwrap();
    writer.close().unwrap();
    assert_eq!(read(&path).unwrap().torn_bytes, 0);
    assert_eq!(std::fs::read(folder.path().join("journal.jsonl.cut-off")).unwrap(), text[valid..]);
}

#[test]
fn a_duration_that_is_no_number_leaves_the_journal_readable() {
    let ending = crate::outcome::Ending { seconds: f64::NAN, ..sample::ending(crate::verdict::Verdict::Good, "") };
    let text = sample::text(&sample::records([run_started(), sample::ended(0, ending)]));
    assert_eq!(parse(Path::new("nan"), &text).unwrap().records.len(), 2);
}

#[rstest]
#[case::garbage(r#"{"seq":1,"time_"#, "j:2:15: not a record of a journal: EOF while parsing a string")]
#[case::not_utf8("\u{0}", "j:2:1: not a record of a journal: expected value")]
#[case::field(
    r#"{"seq":1,"time_us":"x","event":{"run-interrupted":{"reason":""}}}"#,
    "j:2:22: not a record of a journal: invalid type: string \"x\", expected i64"
)]
#[case::gap(
    r#"{"seq":2,"time_us":0,"event":{"run-interrupted":{"reason":""}}}"#,
    "j:2: expected record 1 here, but this is record 2: lines are missing or doubled"
)]
#[case::unknown(
    r#"{"seq":1,"time_us":0,"event":{"moon-rose":{"full":true}}}"#,
    "j:2: this program does not know the event `moon-rose`, which a newer dockertest has written; \
     this is dockertest 0.9.0, and the run was begun by 0.9.0"
)]
fn wrong_lines_in_the_middle_are_errors_with_their_line(#[case] wrong: &str, #[case] message: &str) {
    let beginning = sample::text(&sample::records([run_started()]));
    let text = [beginning.as_slice(), wrong.as_bytes(), b"\n", b"{}\n"].concat();
    assert_eq!(parse(Path::new("j"), &text).unwrap_err().to_string(), message);
}

#[test]
fn an_event_of_a_newer_program_is_not_taken_for_a_torn_line() {
    let mut text = sample::text(&sample::records([run_started()]));
    text.extend_from_slice(b"{\"seq\":1,\"time_us\":0,\"event\":{\"moon-rose\":{}}}\n");
    assert!(matches!(parse(Path::new("j"), &text), Err(ReadFailure::UnknownEvent { line: 2, .. })));
}

#[rstest]
#[case::same_shape("")]
#[case::other_shape(r#","moon":"full","session":[]"#)]
fn another_format_says_which_program_reads_it(#[case] more: &str) {
    let mut text = sample::text(&sample::records([run_started()]));
    let shape = String::from_utf8(text).unwrap().replace("\"format\":1", "\"format\":2").replace("0.9.0", "3.1.0");
    text = shape.into_bytes();
    if !more.is_empty() {
        let head = r#"{"seq":0,"time_us":0,"event":{"run-started":{"format":2,"api-version":"3.1.0""#;
        text = format!("{head}{more}}}}}}}\n").into_bytes();
    }
    let failure = parse(Path::new("j"), &text).unwrap_err().to_string();
    assert_eq!(
        failure,
        "j:1: the journal has format 2 and was written by dockertest 3.1.0; this is dockertest 0.9.0, \
         which reads format 1: use dockertest 3.1.0"
    );
}

#[test]
fn a_journal_is_known_by_its_beginning_however_many_names_were_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy");
    let mut event = run_started();
    let Event::RunStarted(started) = &mut event else { panic!("{event:?}") };
    started.invocation.args =
        (0..30_000).map(|number| format!("docker_cli/a_subtest_of_a_long_name/{number}")).collect();
    let expected = started.clone();
    std::fs::write(&path, sample::text(&sample::records([event]))).unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() > 1 << 20);
    assert_eq!(beginning(&path), Some(expected));
    std::fs::write(&path, "no record\n").unwrap();
    assert_eq!(beginning(&path), None);
}

#[test]
fn a_journal_that_begins_in_the_middle_is_refused() {
    let text = sample::text(&sample::records([line(0)]));
    let failure = parse(Path::new("j"), &text).unwrap_err().to_string();
    assert_eq!(failure, "j:1: a journal begins with `run-started`, but this one begins with `logged`");
}

#[test]
fn every_event_has_its_name_in_the_list() {
    for event in small_run() {
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json.as_object().unwrap().keys().next().unwrap(), event.kind());
        assert!(Event::KINDS.contains(&event.kind()));
    }
}
