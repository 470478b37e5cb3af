//! What every report is: something that takes in records one by one, and writes.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Console, Format, Results, RunState, RunnerIs, StepState, Style, html, junit, lines, status, stream, tap};
use crate::journal::{self, Event, FILE_NAME, Record, Sink};

/// A report in the making. The same records make the same bytes, whether they come live or from a journal.
pub(super) trait Projection: Send {
    /// Takes in the next record, and writes what can be written by now.
    fn record(&mut self, record: &Record, out: &mut dyn Write) -> io::Result<()>;

    /// Writes what could not be written before there were no more records.
    fn finish(&mut self, _runner: RunnerIs, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// The projection that makes reports of a format.
pub(super) fn of(format: Format, results: &Path) -> Box<dyn Projection> {
    match format {
        Format::Status => Box::new(Status::default()),
        Format::Json => Box::new(Json::default()),
        Format::Console => Box::new(Console::new(Vec::new(), Style::Plain, results)),
        Format::Junit => Box::new(junit::Junit::default()),
        Format::Tap => Box::new(tap::Tap::default()),
        Format::Subunit => Box::new(stream::Stream::default()),
        Format::JsonLines => Box::new(lines::Lines::default()),
        Format::Html => Box::new(html::Page::default()),
    }
}

/// Takes a record in, and tells the step that it ended, if it ended one.
pub(super) fn ended_by<'s>(state: &'s mut RunState, record: &Record) -> Option<&'s StepState> {
    let Event::StepEnded(ended) = &record.event else {
        state.record(record);
        return None;
    };
    let is_news = state.step(ended.step).is_some_and(|step| step.ending.is_none());
    state.record(record);
    state.step(ended.step).filter(|_| is_news)
}

#[derive(Default)]
struct Status {
    state: RunState,
    lines: String,
}

impl Projection for Status {
    fn record(&mut self, record: &Record, out: &mut dyn Write) -> io::Result<()> {
        self.lines.clear();
        status::write_record(&self.state, record, &mut self.lines);
        self.state.record(record);
        out.write_all(self.lines.as_bytes())
    }
}

#[derive(Default)]
struct Json {
    state: RunState,
}

impl Projection for Json {
    fn record(&mut self, record: &Record, _out: &mut dyn Write) -> io::Result<()> {
        self.state.record(record);
        Ok(())
    }

    fn finish(&mut self, runner: RunnerIs, out: &mut dyn Write) -> io::Result<()> {
        if runner == RunnerIs::Gone {
            self.state.note_cut();
        }
        out.write_all(Results::of(&self.state).to_json().as_bytes())
    }
}

impl Projection for Console<Vec<u8>> {
    fn record(&mut self, record: &Record, out: &mut dyn Write) -> io::Result<()> {
        self.show(record)?;
        out.write_all(&self.take())
    }
}

/// A sink that writes a report into a file while the run goes on. Formats that are one document are written when the run
/// ends or is interrupted.
///
/// The file is made at once, so that one that cannot be written is told before anything has run.
///
/// ```
/// use dockertest::journal::{Event, Plan, Writer};
/// use dockertest::report::{Format, live};
///
/// # let folder = tempfile::tempdir()?;
/// # let results = folder.path();
/// let sink = live(Format::Tap, &results.join("report.tap"), results)?;
/// let journal = Writer::create(&results.join("journal.jsonl"), vec![sink])?;
/// journal.append(Event::Planned(Plan::default()));
/// journal.close()?;
/// assert_eq!(std::fs::read_to_string(results.join("report.tap"))?, "TAP version 14\n1..0 # SKIP nothing was planned\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The file cannot be made, or is the journal of a run.
///
/// ```
/// use dockertest::report::{Format, live};
///
/// # let folder = tempfile::tempdir()?;
/// # let results = folder.path();
/// let journal = results.join("journal.jsonl");
/// std::fs::write(&journal, "what a run has found out")?;
/// assert!(live(Format::Html, &journal, results).is_err());
/// assert_eq!(std::fs::read_to_string(&journal)?, "what a run has found out");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn live(format: Format, file: &Path, results: &Path) -> io::Result<Box<dyn Sink>> {
    let out = create(file, results)?;
    Ok(Box::new(Live::new(format, file, Box::new(out), results)))
}

/// Makes the file of a report of the run in `results`. What was in it is gone.
///
/// # Errors
/// It cannot be made, or is the journal of a run.
///
/// ```
/// use dockertest::journal::read;
/// use dockertest::report::{Format, RunnerIs, create, write_of};
///
/// # let folder = tempfile::tempdir()?;
/// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
/// # let file = folder.path().join("report.tap");
/// let records = read(&results.join("journal.jsonl"))?.records;
/// write_of(&records, RunnerIs::Gone, results, Format::Tap, &mut create(&file, results)?)?;
/// assert!(std::fs::read_to_string(&file)?.starts_with("TAP version 14\n"));
/// assert!(create(&results.join("journal.jsonl"), results).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn create(file: &Path, results: &Path) -> io::Result<File> {
    if is_journal(file, results) {
        let problem = io::Error::new(io::ErrorKind::InvalidInput, "it is the journal of a run; name another file");
        return Err(explain(file, &problem));
    }
    File::create(file).map_err(|error| explain(file, &error))
}

/// The same for something that is open already, for example standard output. When nobody reads it any more, the run goes
/// on.
///
/// ```
/// use dockertest::report::{Format, live_into};
///
/// let sink = live_into(Format::Subunit, Box::new(std::io::stdout()), "results/default".as_ref());
/// # drop(sink);
/// ```
#[must_use]
pub fn live_into(format: Format, out: Box<dyn Write + Send>, results: &Path) -> Box<dyn Sink> {
    Box::new(Live::new(format, Path::new("-"), out, results))
}

struct Live {
    projection: Box<dyn Projection>,
    file: PathBuf,
    out: BufWriter<Box<dyn Write + Send>>,
    finished: bool,
}

impl Live {
    fn new(format: Format, file: &Path, out: Box<dyn Write + Send>, results: &Path) -> Live {
        let (projection, out) = (of(format, results), BufWriter::new(out));
        Live { projection, file: file.to_owned(), out, finished: false }
    }

    /// A reader that went away is no fault of the run.
    fn unless_gone(&self, done: io::Result<()>) -> io::Result<()> {
        match done {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            done => done.map_err(|error| explain(&self.file, &error)),
        }
    }

    fn take(&mut self, record: &Record) -> io::Result<()> {
        let taken = self.projection.record(record, &mut self.out);
        self.unless_gone(taken)
    }

    fn finish(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.finished, true) {
            return Ok(());
        }
        let done = self.projection.finish(RunnerIs::Unknown, &mut self.out).and_then(|()| self.out.flush());
        self.unless_gone(done)
    }
}

impl Sink for Live {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.take(record)?;
        match &record.event {
            Event::RunInterrupted(_) | Event::RunEnded(_) => self.finish(),
            _ => Ok(()),
        }
    }

    fn past(&mut self, record: &Record) -> io::Result<()> {
        self.take(record)
    }

    fn idle(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        self.unless_gone(flushed)
    }
}

/// Whether a file is a journal: by its name, as a new one has nothing in it yet; because it is that of these results under
/// another name, as a repository of runs has it; or by what is in it.
fn is_journal(file: &Path, results: &Path) -> bool {
    let identity = |path: &Path| fs::metadata(path).ok().map(|facts| (facts.dev(), facts.ino()));
    let is_ours = || identity(file).is_some_and(|found| Some(found) == identity(&results.join(FILE_NAME)));
    file.file_name().is_some_and(|name| name == FILE_NAME) || is_ours() || journal::beginning(file).is_some()
}

/// The same error with the file's name.
fn explain(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot write the report `{}`: {error}", path.display()))
}
