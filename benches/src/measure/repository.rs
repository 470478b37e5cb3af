//! P16: what a repository of many runs costs whoever asks it.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Instant;

use dockertest::journal::{Event, Record, RunEnded, Sink, StepEnded, StepStarted, SubsubtestEnded};
use dockertest::name::StepId;
use dockertest::outcome::Ending;
use dockertest::repository::Repository;
use dockertest::verdict::Verdict;

use crate::journals;
use crate::setting::{Setting, timed};
use crate::stats::{Candidate, take_turns};
use crate::table::{Met, Row, ms};

const RUNS: u32 = 10_000;
/// As many as the bundled suite has, with about as many sub-subtests.
const STEPS: u32 = 55;
const SUBSUBTESTS: [&str; 3] = ["one", "another", "the_last_one"];

/// What a person who waits does not notice.
const LIMIT: f64 = 0.1;

pub(super) fn measure(setting: &Setting) -> io::Result<Vec<Row>> {
    let path = setting.disk.path().join("many/.dockertest");
    let runs = setting.pick(RUNS, RUNS / 10);
    let recorded = record(&path, runs)?;
    let index = fs::metadata(path.join("index-1"))?.len();
    let command = |arguments: &'static [&'static str]| {
        let path = &path;
        Candidate::new(arguments[0], move || {
            timed(setting.dockertest(&setting.programs.host).args(arguments).arg("--repository").arg(path))
        })
    };
    let commands: [&[&str]; 4] = [&["last"], &["failing"], &["history", "part/c00030/another"], &["--help"]];
    let durations = Candidate::new("durations", || {
        let start = Instant::now();
        let durations = Repository::open(&path).map_err(io::Error::other)?.durations();
        let took = start.elapsed();
        if durations.len() == STEPS as usize { Ok(took) } else { Err(io::Error::other("durations are missing")) }
    });
    let series = take_turns(setting.pick(21, 5), commands.into_iter().map(command).chain([durations]).collect())?;
    let row = |candidate: usize, what: &str| {
        let seconds = series.median(candidate);
        Row::new("P16", format!("{runs} runs of {STEPS} steps: {what}"))
            .measured(ms(seconds))
            .ratio(format!("{:.1} × `--help` ({})", series.ratio(candidate, 3), ms(series.median(3))))
            .target(format!("≤ {}", ms(LIMIT)), Met::at_most(seconds, LIMIT))
    };
    let megabytes = f64::from(u32::try_from(index / 1000).unwrap_or(u32::MAX)) / 1000.0;
    let recording = Row::new("P16", format!("{runs} runs: recording one (the index has {megabytes:.1} MB)"));
    Ok(vec![
        row(0, "`dockertest last`"),
        row(1, "`dockertest failing`"),
        row(2, "`dockertest history` of a sub-subtest"),
        row(4, "durations, for the order of a run (library)"),
        recording.measured(ms(recorded)),
    ])
}

/// Records runs that all have one journal, which is enough for the index; gives back the seconds for each.
fn record(path: &Path, runs: u32) -> io::Result<f64> {
    let repository = Repository::create(path).map_err(io::Error::other)?;
    let results = path.with_file_name("results");
    let head = journals::events(STEPS, 0)?;
    let end = Event::RunEnded(RunEnded::new(Verdict::Good, 180.0));
    let events: Vec<Event> = head.into_iter().chain((0..STEPS).map(StepId).flat_map(step)).chain([end]).collect();
    journals::write(&results, events.clone())?;
    let start = Instant::now();
    for number in 0..runs {
        let mut recorder = repository.recorder(&results);
        let begin_us = 1_800_000_000_000_000 + i64::from(number) * 200_000_000;
        for (time_us, (seq, mut event)) in (begin_us..).step_by(500_000).zip((0..).zip(events.iter().cloned())) {
            if let Event::RunStarted(started) = &mut event {
                started.run = format!("20270115t{number:06}-9f86d081");
            }
            recorder.record(&Record::new(seq, time_us, event))?;
        }
        recorder.told().problem().map_or(Ok(()), |problem| Err(io::Error::other(problem)))?;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(runs))
}

fn step(step: StepId) -> Vec<Event> {
    let ending = || {
        let mut ending = Ending::new(Verdict::Good, "completed successfully");
        ending.seconds = 1.234;
        ending
    };
    let children = SUBSUBTESTS.map(|name| Event::SubsubtestEnded(SubsubtestEnded::new(step, name, ending())));
    let mut events = vec![Event::StepStarted(StepStarted::new(step, 1))];
    events.extend(children);
    events.push(Event::StepEnded(StepEnded::new(step, ending())));
    events
}
