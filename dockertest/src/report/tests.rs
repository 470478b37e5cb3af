//! Every report of every scenario, and the promise that a report made later has the bytes of the run's own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::scenarios::{ALL, all_good};
use super::*;
use crate::journal::sample::{ended, ending, logged, phase, planned, records, run_started, started, step};
use crate::journal::{Event, FILE_NAME, Sink, Writer, read};
use crate::name::Kind;
use crate::outcome::{Level, Phase};
use crate::verdict::Verdict;

fn console(events: Vec<Event>, style: Style) -> String {
    let mut console = Console::new(Vec::new(), style, Path::new("results/default"));
    for record in records(events) {
        console.show(&record).unwrap();
    }
    String::from_utf8(console.into_inner()).unwrap()
}

#[test]
fn the_tree_of_every_scenario() {
    for (name, scenario) in ALL {
        insta::assert_snapshot!(format!("console_{name}"), console(scenario(), Style::Plain));
    }
}

#[test]
fn of_what_runs_after_every_subtest_the_tree_shows_only_what_is_said() {
    let mut check = step("garbage_check", "test_1-of-1");
    check.kind = Kind::Intratest;
    let shown = console(
        vec![
            run_started(),
            planned(vec![check]),
            started(0, 1),
            phase(0, Phase::RunOnce),
            logged(0, Level::Info, "a container stays"),
            ended(0, ending(Verdict::Good, "completed successfully")),
        ],
        Style::Plain,
    );
    assert!(!shown.contains("run_once"), "{shown}");
    assert!(shown.contains("a container stays") && shown.contains("END GOOD"), "{shown}");
}

#[test]
fn the_status_log_of_every_scenario() {
    for (name, scenario) in ALL {
        let status = status::render(&records(scenario())).replace('\t', "→");
        insta::assert_snapshot!(format!("status_{name}"), status);
    }
}

#[test]
fn the_results_of_every_scenario() {
    for (name, scenario) in ALL {
        let results = Results::of(&RunState::of(&records(scenario()))).to_json();
        insta::assert_snapshot!(format!("results_{name}"), results);
    }
}

/// The report of these events, as it is made from a journal.
fn made_from_a_journal(format: Format, events: Vec<Event>) -> String {
    let folder = tempfile::tempdir().unwrap();
    crate::journal::sample::write(&folder.path().join(FILE_NAME), events).unwrap();
    // Times are those of the writer, so they are set to what they should be.
    let path = folder.path().join(FILE_NAME);
    let read = read(&path).unwrap().records;
    let events = read.into_iter().map(|record| record.event);
    fs::write(&path, crate::journal::sample::text(&records(events))).unwrap();
    let mut bytes = Vec::new();
    write_knowing(RunnerIs::Gone, folder.path(), format, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn reports_for_other_tools_of_every_scenario() {
    for (name, scenario) in ALL {
        for format in [Format::Junit, Format::Tap, Format::JsonLines] {
            insta::assert_snapshot!(format!("{format}_{name}"), made_from_a_journal(format, scenario()));
        }
    }
}

#[test]
fn junit_is_read_back_as_it_was_meant() {
    for (name, scenario) in ALL {
        let xml = made_from_a_journal(Format::Junit, scenario());
        let report = quick_junit::Report::deserialize_from_str(&xml).unwrap_or_else(|error| panic!("{name}: {error}"));
        let state = RunState::of(&records(scenario()));
        assert_eq!(report.test_suites.len(), state.steps.len(), "{name}");
        let bad = state.steps.iter().filter(|step| step.ending.as_ref().is_some_and(|end| !end.verdict.is_passed()));
        let bad_suites = report.test_suites.iter().filter(|suite| suite.failures + suite.errors > 0);
        assert!(bad_suites.count() >= bad.count(), "{name}: {xml}");
    }
}

/// By the schema that most readers of such reports go by.
#[test]
fn junit_is_valid() {
    if !test_needs::program("xmllint") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let reports: Vec<PathBuf> = ALL
        .into_iter()
        .map(|(name, scenario)| {
            let file = folder.path().join(format!("{name}.xml"));
            fs::write(&file, made_from_a_journal(Format::Junit, scenario())).unwrap();
            file
        })
        .collect();
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/junit.xsd");
    let mut xmllint = std::process::Command::new("xmllint");
    let checked = xmllint.args(["--noout", "--schema"]).arg(schema).args(&reports).output().unwrap();
    let said = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{said}");
    assert_eq!(said.matches(" validates").count(), reports.len(), "{said}");
}

/// Not every format is text.
fn assert_same(live: &[u8], later: &[u8], what: &str) {
    assert_eq!(String::from_utf8_lossy(live), String::from_utf8_lossy(later), "{what}");
    assert!(live == later, "{what}: other bytes");
}

#[test]
fn a_report_that_is_written_live_has_the_bytes_of_one_made_later() {
    for (name, scenario) in ALL {
        for format in Format::ALL.iter().copied() {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("report");
            let mut sink = live(format, &file, folder.path()).unwrap();
            let records = records(scenario());
            records.iter().for_each(|record| sink.record(record).unwrap());
            sink.idle().unwrap();
            fs::write(folder.path().join(FILE_NAME), crate::journal::sample::text(&records)).unwrap();
            let mut later = Vec::new();
            write_knowing(RunnerIs::Unknown, folder.path(), format, &mut later).unwrap();
            // A run that was resumed has written a document at its interruption; the whole one comes with the resume.
            if records.iter().filter(|record| matches!(record.event, Event::RunInterrupted(_))).count() == 0 {
                assert_same(&fs::read(&file).unwrap(), &later, &format!("{name} {format}"));
            }
        }
    }
}

#[test]
fn a_live_report_of_a_resumed_run_is_whole() {
    for format in Format::ALL.iter().copied() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report");
        let records = records(super::scenarios::ALL[4].1());
        let cut = records.iter().position(|record| matches!(record.event, Event::RunInterrupted(_))).unwrap() + 1;
        let mut sink = live(format, &file, folder.path()).unwrap();
        records[..cut].iter().for_each(|record| sink.past(record).unwrap());
        records[cut..].iter().for_each(|record| sink.record(record).unwrap());
        drop(sink);
        fs::write(folder.path().join(FILE_NAME), crate::journal::sample::text(&records)).unwrap();
        let mut later = Vec::new();
        write_knowing(RunnerIs::Unknown, folder.path(), format, &mut later).unwrap();
        assert_same(&fs::read(&file).unwrap(), &later, &format.to_string());
    }
}

#[test]
fn a_file_that_cannot_be_made_is_told_at_once() {
    let failure = live(Format::Tap, Path::new("/no/such/folder/x.tap"), Path::new("results")).err().unwrap();
    assert!(failure.to_string().starts_with("cannot write the report `/no/such/folder/x.tap`: "), "{failure}");
}

#[test]
fn a_report_never_takes_the_place_of_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    let results = folder.path().join("results");
    let of_a_repository = folder.path().join("20261121t000500-9f86d081.jsonl");
    let journal = crate::journal::sample::text(&records(all_good()));
    fs::write(&of_a_repository, &journal).unwrap();
    let link = folder.path().join("out.json");
    std::os::unix::fs::symlink(&of_a_repository, &link).unwrap();
    for file in [&of_a_repository, &link] {
        let refused = live(Format::JsonLines, file, &results).err().unwrap().to_string();
        assert!(refused.ends_with("it is the journal of a run; name another file"), "{refused}");
        assert_eq!(fs::read(&of_a_repository).unwrap(), journal);
    }
    // A report of a run before is no journal.
    let report = folder.path().join("report.jsonl");
    fs::write(&report, made_from_a_journal(Format::JsonLines, all_good())).unwrap();
    assert!(live(Format::JsonLines, &report, &results).is_ok());
}

#[test]
fn what_others_call_their_tests_neither_drives_the_terminal_nor_forges_a_line() {
    let name = "a\u{1b}[2J\n0 FAIL    b";
    let events = vec![
        run_started(),
        planned(vec![crate::journal::PlannedStep::of_another(name, "test_1-of-1")]),
        started(0, 1),
        ended(0, ending(Verdict::Fail, "why\u{1b}[2J")),
        crate::journal::sample::run_ended(Verdict::Fail),
    ];
    let shown = console(events, Style::Plain);
    assert!(!shown.contains('\u{1b}') && !shown.contains("\n0 FAIL"), "{shown}");
    assert!(shown.contains(r"FAIL    a\u{1b}[2J\n0 FAIL    b: why\u{1b}[2J"), "{shown}");
}

#[test]
fn of_a_long_reason_the_tree_shows_the_beginning() {
    let lines: Vec<String> = (1..=100).map(|number| format!("line {number}")).collect();
    let end = |mut run: Vec<Event>| {
        run.extend([planned(vec![step("a", "test_1-of-1")]), started(0, 1)]);
        run.push(ended(0, ending(Verdict::Fail, &lines.join("\n"))));
        console(run, Style::Plain)
    };
    let shown = end(vec![run_started()]);
    assert!(shown.contains("line 40\n") && !shown.contains("line 41"), "{shown}");
    assert!(shown.contains("... 60 more lines, in `results.json`\n"), "{shown}");
    let Event::RunStarted(mut beginning) = run_started() else { unreachable!() };
    beginning.loaded = Some(Box::default());
    let shown = end(vec![Event::RunStarted(beginning)]);
    assert!(shown.contains("... 60 more lines, in the report\n"), "{shown}");
}

#[test]
fn colours_change_nothing_but_colours() {
    for (_, scenario) in ALL {
        let coloured = console(scenario(), Style::Coloured);
        assert!(coloured.contains('\u{1b}'));
        let plain = console(scenario(), Style::Plain);
        assert!(!plain.contains('\u{1b}'));
        assert_eq!(without_colours(&coloured), plain);
    }
}

fn without_colours(text: &str) -> String {
    let mut pieces = text.split('\u{1b}');
    let first = pieces.next().unwrap_or("").to_owned();
    pieces.fold(first, |out, piece| out + piece.split_once('m').unwrap().1)
}

/// A place that many can write to.
#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn made_again(results: &Path, format: Format) -> String {
    let mut out = Vec::new();
    write(results, format, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// All files but the journal, by their paths within the folder.
fn files_in(results: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![results.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with(FILE_NAME) {
                found.insert(path.strip_prefix(results).unwrap().to_owned(), fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

/// Writes events to a journal as a run does, from the beginning or after a cut.
fn run(results: &Path, events: &[Event], mut more: Vec<Box<dyn Sink>>) {
    let path = results.join(FILE_NAME);
    more.push(files(results));
    let writer = if path.exists() {
        Writer::reopen(&path, &read(&path).unwrap(), more).unwrap()
    } else {
        Writer::create(&path, more).unwrap()
    };
    for event in events {
        writer.append(event.clone());
    }
    writer.close().unwrap();
}

#[test]
fn a_folder_without_a_run_is_said_to_be_one() {
    let results = tempfile::tempdir().unwrap();
    let refused = || super::write(results.path(), Format::Status, &mut Vec::new()).unwrap_err().to_string();
    assert!(refused().contains("holds no run"), "{}", refused());
    fs::write(results.path().join("journal.jsonl"), "").unwrap();
    assert!(refused().contains("cut off before it began"), "{}", refused());
}

#[test]
fn a_report_made_again_has_the_bytes_of_the_run() {
    for (name, scenario) in ALL {
        let folder = tempfile::tempdir().unwrap();
        let results = folder.path();
        let screen = Screen::default();
        let tree = Console::new(screen.clone(), Style::Plain, results);
        run(results, &scenario(), vec![Box::new(tree)]);
        assert_eq!(
            made_again(results, Format::Status),
            fs::read_to_string(results.join(STATUS_NAME)).unwrap(),
            "{name}"
        );
        assert_eq!(
            made_again(results, Format::Json),
            fs::read_to_string(results.join(RESULTS_NAME)).unwrap(),
            "{name}"
        );
        let shown = String::from_utf8(screen.0.lock().unwrap().clone()).unwrap();
        assert_eq!(made_again(results, Format::Console), shown, "{name}");
    }
}

/// What the files must hold, made from the journal alone.
fn demanded(results: &Path) -> BTreeMap<PathBuf, String> {
    let records = read(&results.join(FILE_NAME)).unwrap().records;
    let mut state = RunState::default();
    let mut demanded: BTreeMap<PathBuf, String> = BTreeMap::new();
    for record in &records {
        let mut lines = String::new();
        if let Some(step) = status::write_record(&state, record, &mut lines) {
            let place = PathBuf::from(state.step(step).unwrap().planned.folder()).join(STATUS_NAME);
            demanded.entry(place).or_default().push_str(&lines);
        }
        demanded.entry(STATUS_NAME.into()).or_default().push_str(&lines);
        if let Event::Keyvals(keyvals) = &record.event {
            let file = if keyvals.iteration.is_some() { "results/keyval" } else { "keyval" };
            let place = PathBuf::from(state.step(keyvals.step).unwrap().planned.folder()).join(file);
            keyval::write(keyvals, demanded.entry(place).or_default());
        }
        state.record(record);
    }
    demanded.insert(RESULTS_NAME.into(), Results::of(&state).to_json());
    demanded
}

#[test]
fn after_a_cut_at_any_record_the_files_are_as_if_nothing_had_happened() {
    for (name, scenario) in ALL.into_iter().filter(|(name, _)| ["all_good", "preset", "reboot"].contains(name)) {
        let events = scenario();
        for cut in 1..events.len() {
            let folder = tempfile::tempdir().unwrap();
            let results = folder.path();
            run(results, &events[..cut], Vec::new());
            damage(results, cut);
            run(results, &events[cut..], Vec::new());
            assert_eq!(files_in(results), demanded(results), "{name}, cut after {cut} records");
        }
    }
}

/// What a power cut does: the journal ends in a torn line, other files are short, empty, too long or missing.
fn damage(results: &Path, cut: usize) {
    let journal = results.join(FILE_NAME);
    fs::write(&journal, [fs::read(&journal).unwrap(), b"{\"seq\":".to_vec()].concat()).unwrap();
    let files = files_in(results).into_iter().filter(|(path, _)| !path.ends_with(RESULTS_NAME));
    for (number, (path, text)) in files.enumerate() {
        let path = results.join(path);
        match (number + cut) % 5 {
            0 => {}
            1 => fs::write(path, &text[..text.len() / 2]).unwrap(),
            2 => fs::write(path, "").unwrap(),
            3 => fs::write(path, format!("{text}more\n")).unwrap(),
            _ => fs::remove_file(path).unwrap(),
        }
    }
}

#[test]
fn every_step_has_exactly_one_end_in_the_status_log() {
    for (name, scenario) in ALL {
        let records = records(scenario());
        let status = status::render(&records);
        for step in RunState::of(&records).steps {
            // But for one that was cut off, and nobody has gone on.
            let place = format!("\t{}\t", step.planned.folder());
            let ends = status.lines().filter(|line| line.starts_with("\tEND ") && line.contains(&place));
            assert_eq!(ends.count(), usize::from(step.ending.is_some()), "{name}");
        }
    }
}

#[test]
fn a_files_report_that_cannot_be_written_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(STATUS_NAME)).unwrap();
    let writer = Writer::create(&folder.path().join(FILE_NAME), vec![files(folder.path())]).unwrap();
    for event in all_good() {
        writer.append(event);
    }
    let failure = writer.close().unwrap_err().to_string();
    assert!(failure.contains("status`: Is a directory"), "{failure}");
}
