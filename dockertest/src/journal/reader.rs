//! Reading a journal back.
//!
//! A runner can be cut off at any moment, so the last line may be torn: it is dropped, because nobody has been told
//! that it is durable. A power cut may also lose blocks in the midst of what was not durable yet: they read as NUL bytes,
//! with whole lines behind them. Those are dropped, too: what is durable is written before anything that is not. Anything
//! else that is wrong was not done by a cut, and is an error with its line.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, Read as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Event, FORMAT, Record, RunStarted};
use crate::version::{API_VERSION, ApiVersion};

/// The length of a usual line of a journal, in bytes.
const USUAL_LINE_BYTES: usize = 120;

/// The smallest block that a file system or a disk writes at once.
const BLOCK_BYTES: u64 = 512;

/// A journal as it was found.
///
/// What a runner leaves that was killed while it wrote its second record:
///
/// ```
/// use dockertest::journal::parse;
///
/// # let first = r#"{"seq":0,"time_us":0,"event":{"run-started":{"format":1,"run":"r","api-version":"0.9.0","#;
/// # let first = format!("{first}\"invocation\":{{}},\"session\":{{}}}}}}}}\n");
/// let text = format!("{first}{}", r#"{"seq":1,"time_us":18"#);
/// let reading = parse("journal.jsonl".as_ref(), text.as_bytes())?;
/// assert_eq!(reading.records.len(), 1);
/// assert_eq!(reading.valid_bytes, first.len() as u64);
/// assert_eq!(reading.torn_bytes, 21);
/// # Ok::<(), dockertest::journal::ReadFailure>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Reading {
    /// All records, in order. The record at index n has sequence number n.
    pub records: Vec<Record>,
    /// How many bytes of the file these records take up.
    pub valid_bytes: u64,
    /// How many bytes of a torn line follow, or of a hole and what is behind it.
    pub torn_bytes: u64,
}

/// A journal that cannot be read.
///
/// ```
/// use dockertest::journal::parse;
///
/// let text = br#"{"seq":0,"time_us":0,"event":{"run-ended":{"verdict":"GOOD","seconds":1.5}}}"#;
/// let failure = parse("journal.jsonl".as_ref(), &[text, &b"\n"[..]].concat()).unwrap_err();
/// let message = "journal.jsonl:1: a journal begins with `run-started`, but this one begins with `run-ended`";
/// assert_eq!(failure.to_string(), message);
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadFailure {
    /// The file cannot be read.
    #[error("cannot read the journal `{}`: {source}", path.display())]
    Open {
        /// The journal.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The journal has a format that this program does not know.
    #[error(
        "{}:1: the journal has format {format} and was written by dockertest {}; this is dockertest {API_VERSION}, which \
         reads format {FORMAT}: use dockertest {}", path.display(), Version(*version), Version(*version)
    )]
    Format {
        /// The journal.
        path: PathBuf,
        /// Its format.
        format: u64,
        /// The version of the program that wrote it, if it says so.
        version: Option<ApiVersion>,
    },
    /// The journal tells of something that this program does not know.
    #[error(
        "{}:{line}: this program does not know the event `{event}`, which a newer dockertest has written; this is \
         dockertest {API_VERSION}, and the run was begun by {}", path.display(), Version(*version)
    )]
    UnknownEvent {
        /// The journal.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The event's name.
        event: String,
        /// The version of the program that began the run.
        version: Option<ApiVersion>,
    },
    /// A line is no record.
    #[error("{}:{line}:{column}: not a record of a journal: {problem}", path.display())]
    Garbage {
        /// The journal.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The column, counted from 1 in bytes.
        column: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// Records are missing or doubled.
    #[error("{}:{line}: expected record {expected} here, but this is record {found}: lines are missing or doubled", path.display())]
    Gap {
        /// The journal.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The sequence number that should be there.
        expected: u64,
        /// The sequence number that is there.
        found: u64,
    },
    /// The first record is not the beginning of a run.
    #[error("{}:1: a journal begins with `run-started`, but this one begins with `{event}`", path.display())]
    NoBeginning {
        /// The journal.
        path: PathBuf,
        /// The first record's event.
        event: &'static str,
    },
}

/// Reads a journal.
///
/// # Errors
/// A [`ReadFailure`], but not for a torn end.
///
/// ```
/// use dockertest::journal::read;
///
/// # let folder = tempfile::tempdir()?;
/// let failure = read(&folder.path().join("journal.jsonl")).unwrap_err();
/// assert!(failure.to_string().starts_with("cannot read the journal `"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn read(path: &Path) -> Result<Reading, ReadFailure> {
    let text = std::fs::read(path).map_err(|source| ReadFailure::Open { path: path.to_owned(), source })?;
    parse(path, &text)
}

/// How long a first record may be, in bytes. It has the names of all steps that were chosen, which may have been read from a
/// file; this is enough for a million.
const LONGEST_BEGINNING: u64 = 64 << 20;

/// The beginning of the run that a file is the journal of, if it is one.
pub(crate) fn beginning(path: &Path) -> Option<RunStarted> {
    // Whoever opened a pipe would wait for its other end.
    let file = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).and_then(|_| File::open(path).ok())?;
    let mut reader = io::BufReader::new(file.take(LONGEST_BEGINNING));
    // What is no record need not be read to the end of its first line.
    if !reader.fill_buf().ok()?.starts_with(b"{") {
        return None;
    }
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).ok()?;
    match serde_json::from_slice::<Record>(&line).ok()?.event {
        Event::RunStarted(started) => Some(started),
        _ => None,
    }
}

/// Reads the text of a journal; `path` is only for messages.
///
/// # Errors
/// A [`ReadFailure`], but not for a torn end.
///
/// ```
/// use dockertest::journal::parse;
///
/// assert!(parse("journal.jsonl".as_ref(), b"")?.records.is_empty());
/// let failure = parse("journal.jsonl".as_ref(), b"no journal\n{}\n").unwrap_err();
/// assert!(failure.to_string().starts_with("journal.jsonl:1:2: not a record of a journal"));
/// # Ok::<(), dockertest::journal::ReadFailure>(())
/// ```
pub fn parse(path: &Path, text: &[u8]) -> Result<Reading, ReadFailure> {
    // Records are large; growing the list by copying would cost more than parsing some of them.
    let records = Vec::with_capacity(text.len() / USUAL_LINE_BYTES);
    let mut reading = Reading { records, ..Reading::default() };
    let mut rest = text;
    while let Some(line) = next_line(&mut rest) {
        match serde_json::from_slice::<Record>(line) {
            Ok(record) => {
                check_order(path, &reading, &record)?;
                reading.valid_bytes += line.len() as u64 + 1;
                reading.records.push(record);
            }
            Err(problem) => match explain(path, &reading, line, &problem) {
                Some(failure) => return Err(failure),
                None if rest.is_empty() || begins_with_hole(line, reading.valid_bytes) => break,
                None => return Err(garbage(path, &reading, &problem)),
            },
        }
    }
    reading.torn_bytes = text.len() as u64 - reading.valid_bytes;
    Ok(reading)
}

/// Whether a line is the first one behind blocks that were never written. Such blocks begin where the file ended when it
/// was last durable, which is the end of a line, or at the end of a block; and they end at the end of a block.
fn begins_with_hole(line: &[u8], offset: u64) -> bool {
    let Some(begin) = line.iter().position(|byte| *byte == 0) else { return false };
    let length = line[begin..].iter().take_while(|byte| **byte == 0).count();
    let at_block = |place: usize| (offset + place as u64).is_multiple_of(BLOCK_BYTES);
    (begin == 0 || at_block(begin)) && at_block(begin + length)
}

/// Takes the next line off the text, without its end; nothing when what is left has no end.
fn next_line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let all = *rest;
    let length = rest.skip_until(b'\n').unwrap_or(0);
    all[..length].strip_suffix(b"\n")
}

fn check_order(path: &Path, reading: &Reading, record: &Record) -> Result<(), ReadFailure> {
    let path = || path.to_owned();
    let expected = reading.records.len() as u64;
    if record.seq != expected {
        return Err(ReadFailure::Gap { path: path(), line: expected + 1, expected, found: record.seq });
    }
    match &record.event {
        Event::RunStarted(run) if run.format != FORMAT => {
            Err(ReadFailure::Format { path: path(), format: run.format.into(), version: Some(run.api_version) })
        }
        Event::RunStarted(_) => Ok(()),
        event if expected == 0 => Err(ReadFailure::NoBeginning { path: path(), event: event.kind() }),
        _ => Ok(()),
    }
}

/// What a line must at least have to be a record of any program.
#[derive(Deserialize)]
struct AnyRecord {
    #[serde(rename = "seq")]
    _seq: u64,
    event: BTreeMap<String, serde_json::Value>,
}

/// Tells a record of another program from garbage.
fn explain(path: &Path, reading: &Reading, line: &[u8], problem: &serde_json::Error) -> Option<ReadFailure> {
    if problem.is_eof() || problem.is_syntax() {
        return None;
    }
    let any: AnyRecord = serde_json::from_slice(line).ok()?;
    let (event, content) = any.event.first_key_value()?;
    if event == "run-started"
        && let Some(format) = content.get("format").and_then(serde_json::Value::as_u64)
        && format != u64::from(FORMAT)
    {
        let version = content.get("api-version").and_then(|version| version.as_str()?.parse().ok());
        return Some(ReadFailure::Format { path: path.to_owned(), format, version });
    }
    if Event::KINDS.contains(&event.as_str()) {
        return Some(garbage(path, reading, problem));
    }
    let version = reading.records.first().and_then(|record| match &record.event {
        Event::RunStarted(run) => Some(run.api_version),
        _ => None,
    });
    let line = reading.records.len() as u64 + 1;
    Some(ReadFailure::UnknownEvent { path: path.to_owned(), line, event: event.clone(), version })
}

fn garbage(path: &Path, reading: &Reading, problem: &serde_json::Error) -> ReadFailure {
    let text = problem.to_string();
    let text = text.split(" at line ").next().unwrap_or_default().to_owned();
    let (line, column) = (reading.records.len() as u64 + 1, problem.column().max(1) as u64);
    ReadFailure::Garbage { path: path.to_owned(), line, column, problem: text }
}

/// A version, if it is known.
struct Version(Option<ApiVersion>);

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(version) => version.fmt(f),
            None => f.write_str("of an unknown version"),
        }
    }
}
