//! What a repository must keep right, whatever happens to runs, results and the repository itself.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::journal::sample::{ended, planned, run_ended, started, step};
use crate::journal::{
    EngineFacts, Event, FILE_NAME, FORMAT, Invocation, PlannedStep, RebootRequested, RunInterrupted, RunStarted,
    Session, Sink as _, SubsubtestEnded,
};
use crate::name::{Kind, StepId};
use crate::outcome::Ending;
use crate::verdict::Verdict;
use crate::version::API_VERSION;

mod failing;
mod figures;
mod loaded;
mod stored;

/// A folder with a repository, and runs in it.
struct Place {
    folder: tempfile::TempDir,
    /// When the next run begins.
    time_us: std::cell::Cell<i64>,
}

/// How a run that is made here stops.
#[derive(Clone, Copy, PartialEq)]
enum Stops {
    Complete,
    Interrupted,
    Killed,
}

impl Place {
    fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap(), time_us: 1_800_000_000_000_000.into() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(FOLDER)
    }

    fn results(&self, run: &str) -> PathBuf {
        self.folder.path().join("results").join(run)
    }

    fn open(&self) -> Repository {
        Repository::create(&self.path()).unwrap()
    }

    fn failing(&self) -> Vec<String> {
        self.open().failing()
    }

    /// A complete run of these subtests.
    fn run(&self, name: &str, steps: &[(&str, Verdict)]) {
        let steps: Vec<_> = steps.iter().map(|(name, verdict)| (*name, Some(*verdict))).collect();
        self.make(name, "docker", &steps, Stops::Complete);
    }

    /// A run of these subtests; one without a verdict was begun and did not end.
    fn make(&self, name: &str, engine: &str, steps: &[(&str, Option<Verdict>)], stops: Stops) {
        let plan = steps.iter().map(|(name, _)| step(name, "test_1-of-1")).collect();
        let mut events = beginning(name, engine, plan);
        for (index, (_, verdict)) in (0..).zip(steps) {
            events.push(started(index, 1));
            events.extend(verdict.map(|verdict| ended(index, Ending { seconds: 1.5, ..Ending::new(verdict, "why") })));
        }
        match stops {
            Stops::Complete => events.push(run_ended(Verdict::Good)),
            Stops::Interrupted => {
                events.push(Event::RunInterrupted(RunInterrupted { reason: "SIGINT".to_owned() }));
            }
            Stops::Killed => {}
        }
        self.record(name, events);
    }

    /// The results folder of a run that begins, and what takes its records in.
    fn recorder(&self, name: &str) -> (PathBuf, Recorder) {
        let results = self.results(name);
        fs::create_dir_all(&results).unwrap();
        let recorder = self.open().recorder(&results);
        (results, recorder)
    }

    /// Writes the journal as a runner does, and has it recorded.
    fn record(&self, name: &str, events: Vec<Event>) {
        let (results, mut recorder) = self.recorder(name);
        let mut text = String::new();
        for (seq, mut event) in (0..).zip(events) {
            if let Event::RunStarted(run) = &mut event {
                run.invocation.results = Some(results.clone());
            }
            let time_us = self.time_us.get();
            self.time_us.set(time_us + 500_000);
            let record = Record { seq, time_us, event };
            text += &(serde_json::to_string(&record).unwrap() + "\n");
            fs::write(results.join(FILE_NAME), &text).unwrap();
            recorder.record(&record).unwrap();
        }
        assert_eq!(recorder.told().problem(), None);
    }

    /// Goes on with a run as a runner does: what it gives back is in the journal, and the recorder has not heard of it.
    fn resume(&self, name: &str) -> (Recorder, Record) {
        let journal = self.results(name).join(FILE_NAME);
        let mut recorder = Recorder::new(&self.path(), &self.results(name));
        let records = journal::read(&journal).unwrap().records;
        records.iter().for_each(|record| recorder.past(record).unwrap());
        let (seq, time_us) = (records.len() as u64, self.time_us.get());
        let resumed = Record { seq, time_us, event: Event::RunResumed(Session::default()) };
        let text = fs::read_to_string(&journal).unwrap() + &serde_json::to_string(&resumed).unwrap() + "\n";
        fs::write(&journal, text).unwrap();
        (recorder, resumed)
    }
}

fn beginning(name: &str, engine: &str, steps: Vec<PlannedStep>) -> Vec<Event> {
    let started = RunStarted {
        format: FORMAT,
        run: name.to_owned(),
        api_version: API_VERSION,
        invocation: Invocation::default(),
        session: Session::default(),
        loaded: None,
    };
    let facts = EngineFacts { flavor: engine.to_owned(), version: "1".to_owned(), ..EngineFacts::default() };
    let mut events = vec![Event::RunStarted(started), planned(steps)];
    events.extend((!engine.is_empty()).then_some(Event::Engine(facts)));
    events
}

use Verdict::{Abort, Error, Fail, Good, TestNa, Warn};
