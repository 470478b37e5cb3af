//! The files of a results folder that are made while the run goes on: `status` of the run and of each step, the keyval
//! files, and `results.json`.
//!
//! This is on the way from one step to the next, so text is collected and written when nothing else is to be done. No
//! file is made before there is something to write into it. When a run is resumed, each file is put into the state that
//! the journal demands, whatever the cut left of it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{RESULTS_NAME, Results, RunState, STATUS_NAME, keyval, status};
use crate::journal::{Event, Keyvals, Record, Sink};
use crate::name::StepId;

/// Text is written out when this much of it waits, in bytes.
const PENDING_BYTES: usize = 1 << 16;

/// A sink that writes the files of a results folder.
///
/// ```
/// use dockertest::journal::{Event, Plan, RunEnded, Writer};
/// use dockertest::report::{RESULTS_NAME, files};
/// use dockertest::verdict::Verdict;
///
/// # let folder = tempfile::tempdir()?;
/// # let results = folder.path();
/// let journal = Writer::create(&results.join("journal.jsonl"), vec![files(results)])?;
/// // … what happens in the run …
/// # journal.append(Event::Planned(Plan::default()));
/// journal.append(Event::RunEnded(RunEnded::new(Verdict::Good, 1.5)));
/// journal.close()?;
/// assert!(results.join(RESULTS_NAME).exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn files(results: &Path) -> Box<dyn Sink> {
    Box::new(Files {
        folder: results.to_owned(),
        state: RunState::default(),
        status: ReportFile::new(results.join(STATUS_NAME)),
        steps: BTreeMap::new(),
        lines: String::new(),
        past: false,
        results_due: false,
    })
}

struct Files {
    folder: PathBuf,
    state: RunState,
    status: ReportFile,
    /// The files of the steps that have not ended.
    steps: BTreeMap<StepId, StepFiles>,
    /// Used again for every record.
    lines: String,
    /// Whether files of an earlier process may be there.
    past: bool,
    /// Whether the run ended in an earlier process, which may not have come to write its results.
    results_due: bool,
}

impl Sink for Files {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.take(record)?;
        match &record.event {
            Event::RunResumed(_) | Event::RunInterrupted(_) | Event::RunEnded(_) => self.write_results(),
            _ => Ok(()),
        }
    }

    fn past(&mut self, record: &Record) -> io::Result<()> {
        if !self.past {
            self.past = true;
            self.status.past = true;
        }
        self.results_due |= matches!(record.event, Event::RunEnded(_));
        self.take(record)
    }

    fn idle(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.results_due) {
            self.write_results()?;
        }
        self.status.flush()?;
        self.steps.values_mut().try_for_each(StepFiles::flush)
    }
}

impl Files {
    fn take(&mut self, record: &Record) -> io::Result<()> {
        self.lines.clear();
        if let Some(step) = status::write_record(&self.state, record, &mut self.lines) {
            let lines = std::mem::take(&mut self.lines);
            self.files_of(step).status.push(&lines)?;
            self.lines = lines;
        }
        self.status.push(&self.lines)?;
        if let Event::Keyvals(keyvals) = &record.event {
            self.take_keyvals(keyvals)?;
        }
        self.state.record(record);
        if let Event::StepEnded(ended) = &record.event
            && let Some(mut files) = self.steps.remove(&ended.step)
        {
            files.flush()?;
        }
        Ok(())
    }

    fn take_keyvals(&mut self, keyvals: &Keyvals) -> io::Result<()> {
        if self.state.step(keyvals.step).is_none_or(|step| step.ending.is_some()) {
            return Ok(());
        }
        let mut text = String::new();
        keyval::write(keyvals, &mut text);
        let files = self.files_of(keyvals.step);
        if keyvals.iteration.is_some() { files.figures.push(&text) } else { files.facts.push(&text) }
    }

    fn files_of(&mut self, step: StepId) -> &mut StepFiles {
        let Files { steps, state, folder, past, .. } = self;
        steps.entry(step).or_insert_with(|| {
            let place = state.step(step).map(|step| step.planned.folder()).unwrap_or_default();
            StepFiles::new(&folder.join(place), *past)
        })
    }

    fn write_results(&self) -> io::Result<()> {
        let text = Results::of(&self.state).to_json();
        replace(&self.folder.join(RESULTS_NAME), text.as_bytes())
    }
}

/// The files of a step.
struct StepFiles {
    status: ReportFile,
    facts: ReportFile,
    figures: ReportFile,
}

impl StepFiles {
    fn new(folder: &Path, past: bool) -> StepFiles {
        let file = |name: &str| ReportFile { past, ..ReportFile::new(folder.join(name)) };
        StepFiles { status: file(STATUS_NAME), facts: file("keyval"), figures: file("results/keyval") }
    }

    fn flush(&mut self) -> io::Result<()> {
        [&mut self.status, &mut self.facts, &mut self.figures].into_iter().try_for_each(ReportFile::flush)
    }
}

/// A file that grows.
struct ReportFile {
    path: PathBuf,
    /// Open once something was written.
    file: Option<File>,
    /// What is to be written next.
    pending: String,
    /// Whether an earlier process may have written the file.
    past: bool,
}

impl ReportFile {
    fn new(path: PathBuf) -> ReportFile {
        ReportFile { path, file: None, pending: String::new(), past: false }
    }

    fn push(&mut self, text: &str) -> io::Result<()> {
        self.pending.push_str(text);
        // The past is compared as a whole.
        if self.pending.len() > PENDING_BYTES && !self.past { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let mut file = match self.file.take() {
            Some(file) => file,
            None => self.open().map_err(|error| explain(&self.path, &error))?,
        };
        let written = file.write_all(self.pending.as_bytes());
        self.pending.clear();
        self.file = Some(file);
        written.map_err(|error| explain(&self.path, &error))
    }

    /// Opens the file for what is pending; of the past nothing is pending any more when the file has it already.
    fn open(&mut self) -> io::Result<File> {
        let past = std::mem::take(&mut self.past);
        if past && self.is_as_it_should_be() {
            self.pending.clear();
            return File::options().append(true).open(&self.path);
        }
        create(&self.path)
    }

    fn is_as_it_should_be(&self) -> bool {
        fs::read(&self.path).is_ok_and(|found| found == self.pending.as_bytes())
    }
}

/// The same error with the file's name.
fn explain(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}

/// Makes a file, and its folder if that is missing.
fn create(path: &Path) -> io::Result<File> {
    match (File::create(path), path.parent()) {
        (Err(error), Some(folder)) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder)?;
            File::create(path)
        }
        (made, _) => made,
    }
}

/// Replaces a file as a whole: whoever reads it finds the old text or the new one.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let new = path.with_extension("json.new");
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(text)?;
        file.sync_data()?;
        fs::rename(&new, path)
    });
    written.map_err(|error| {
        // What could only be written in part is of no use to anybody.
        let _ = fs::remove_file(&new);
        explain(path, &error)
    })
}
