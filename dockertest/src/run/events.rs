//! Following a run: its records as they come, read from the journal, where they are before anybody is told.
//!
//! Nobody who follows can hold up the run or fill its memory: the journal's thread only says how far the journal is, and
//! everybody reads from the file at a pace of their own.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use crate::journal::{Record, Sink};
use crate::report::{RunState, files};

use super::builder::Watching;
use super::failure::RunFailure;
use super::folder::ResultsFolder;
use super::outcome::Outcome;

/// What is called for every record.
pub(super) type Callback = Box<dyn FnMut(&Record) + Send>;

/// How far the journal of a run is.
#[derive(Debug, Clone, Default)]
pub(super) struct Feed(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    known: Mutex<Known>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct Known {
    /// The journal, once there is one.
    path: Option<PathBuf>,
    /// How many records are in it.
    records: u64,
    /// Whether there will be no more.
    closed: bool,
    state: RunState,
}

impl Feed {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sink that keeps this up to date, for a journal at this path. When it is dropped, the run is over.
    fn sink(&self, journal: &Path) -> Box<dyn Sink> {
        self.known().path = Some(journal.to_owned());
        Box::new(Feeder(self.clone()))
    }

    /// Nothing more will come: the end of every iterator.
    pub(super) fn close(&self) {
        self.known().closed = true;
        self.0.news.notify_all();
    }

    /// What the records so far say.
    fn state(&self) -> RunState {
        self.known().state.clone()
    }

    /// The records from the first one on.
    pub(super) fn events(&self) -> Events {
        Events { feed: self.clone(), journal: None, next: 0, line: Vec::new(), failure: None }
    }

    /// Waits until the record with this number is in the journal; gives back where that is, or nothing if it will never
    /// be there.
    fn wait_for(&self, seq: u64) -> Option<PathBuf> {
        let waiting = |known: &mut Known| known.records <= seq && !known.closed;
        let known = self.0.news.wait_while(self.known(), waiting).unwrap_or_else(PoisonError::into_inner);
        if known.records > seq { known.path.clone() } else { None }
    }
}

/// Tells a feed what happens.
struct Feeder(Feed);

impl Sink for Feeder {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        let mut known = self.0.known();
        known.records = record.seq + 1;
        known.state.record(record);
        drop(known);
        self.0.0.news.notify_all();
        Ok(())
    }

    fn past(&mut self, record: &Record) -> io::Result<()> {
        self.record(record)
    }
}

impl Drop for Feeder {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The records of a run as they come, from the first one on. Each is on disk before it is given out.
///
/// It waits for the next one; it ends when the run is over. Somebody who is slow misses nothing and holds up nothing. In a
/// resume, the records of the processes before this one come first, so that what is made of the records is the same.
///
/// ```
/// # use dockertest::host::HostProgram;
/// use dockertest::report::RunState;
/// use dockertest::run::Runner;
///
/// # let script = r#"hello='{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}'
/// # case $0 in
/// #     list) printf '%s\n' "$hello" '{"subtest":{"name":"example"}}' '{"listed":{"subtests":1}}';;
/// #     run) read request; printf '%s\n' "$hello" '{"ended":{"verdict":"GOOD","reason":"","seconds":0.1}}';;
/// # esac"#;
/// # let host = HostProgram::new("/bin/sh").arguments(["-c", script]);
/// # let folder = tempfile::tempdir()?;
/// # let (results, state) = (folder.path().join("results"), folder.path().join("state"));
/// # let builder = Runner::builder().host(host).results(results).state(state).without_engine();
/// let run = builder.build()?.start();
/// let mut state = RunState::default();
/// for record in run.events() {
///     state.record(&record);
/// }
/// assert!(state.is_ended());
/// assert_eq!(run.wait()?.steps, state.steps);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Events {
    feed: Feed,
    journal: Option<BufReader<File>>,
    next: u64,
    line: Vec<u8>,
    failure: Option<io::Error>,
}

impl Events {
    /// What kept the journal from being read, if that is why there are no more records.
    #[must_use]
    pub fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }

    fn read(&mut self, path: &Path) -> io::Result<Record> {
        if self.journal.is_none() {
            self.journal = Some(BufReader::new(File::open(path)?));
        }
        self.line.clear();
        if let Some(journal) = &mut self.journal {
            journal.read_until(b'\n', &mut self.line)?;
        }
        Ok(serde_json::from_slice(&self.line)?)
    }
}

impl Iterator for Events {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        if self.failure.is_some() {
            return None;
        }
        let path = self.feed.wait_for(self.next)?;
        match self.read(&path) {
            Ok(record) => {
                self.next += 1;
                Some(record)
            }
            Err(failure) => {
                self.failure = Some(failure);
                None
            }
        }
    }
}

/// Everybody who is told what happens in a run.
pub(super) struct Told {
    /// For the journal.
    pub(super) sinks: Vec<Box<dyn Sink>>,
    pub(super) callers: Callers,
}

impl Told {
    /// Begins to tell, with the files of the results folder first.
    pub(super) fn begin(feed: &Feed, watching: &mut Watching, folder: &ResultsFolder) -> Result<Told, RunFailure> {
        let callers = Callers::start(std::mem::take(&mut watching.callbacks), feed)?;
        let mut sinks = vec![files(folder.path())];
        sinks.append(&mut watching.sinks);
        sinks.push(feed.sink(&folder.journal()));
        Ok(Told { sinks, callers })
    }
}

/// The threads on which callbacks are called.
#[derive(Debug)]
pub(super) struct Callers(Vec<JoinHandle<Option<String>>>);

impl Callers {
    fn start(callbacks: Vec<Callback>, feed: &Feed) -> Result<Callers, RunFailure> {
        let mut callers = Callers(Vec::with_capacity(callbacks.len()));
        for callback in callbacks {
            let events = feed.events();
            let thread = thread::Builder::new().name("events".to_owned()).spawn(move || call(callback, events));
            match thread {
                Ok(thread) => callers.0.push(thread),
                Err(source) => {
                    feed.close();
                    callers.finish();
                    return Err(RunFailure::Start { what: "a thread for events", source });
                }
            }
        }
        Ok(callers)
    }

    /// Waits until every callback has seen everything, and completes the outcome.
    pub(super) fn conclude(self, outcome: Result<Outcome, RunFailure>, feed: &Feed) -> Result<Outcome, RunFailure> {
        // The journal is closed; if there never was one, nobody has said so.
        feed.close();
        let callback_failure = self.finish();
        outcome.map(|outcome| Outcome { steps: feed.state().steps, callback_failure, ..outcome })
    }

    /// Waits until every callback has seen everything; gives back what was wrong with the first that has not.
    fn finish(self) -> Option<String> {
        let ends = self.0.into_iter().map(|thread| {
            thread.join().unwrap_or_else(|panic| Some(format!("a callback panicked: {}", panic_text(&*panic))))
        });
        // All of them are waited for, whatever the first one says.
        ends.collect::<Vec<_>>().into_iter().flatten().next()
    }
}

/// Calls until there are no more records; gives back why it did not come to that.
fn call(mut callback: Callback, mut events: Events) -> Option<String> {
    for record in events.by_ref() {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| callback(&record))) {
            let (kind, text) = (record.event.kind(), panic_text(&*panic));
            return Some(format!("the callback panicked at record {} ({kind}): {text}", record.seq));
        }
    }
    events.failure().map(|failure| format!("the journal cannot be read for the callback: {failure}"))
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no text".to_owned())
}
