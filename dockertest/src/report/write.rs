//! Making a report again from the journal of a results folder.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::projection;
use crate::config::nearest;
use crate::journal::{self, FILE_NAME, ReadFailure, Record};

/// A report that can be made at any time.
///
/// ```
/// use dockertest::report::Format;
///
/// assert_eq!("json".parse(), Ok(Format::Json));
/// assert!(Format::ALL.iter().any(|format| format.as_str() == "json"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Autotest's status log: the bytes of the file `status`.
    Status,
    /// The results for programs: the bytes of the file `results.json`.
    Json,
    /// The tree that the run showed, without colours.
    Console,
    /// `JUnit` XML.
    Junit,
    /// TAP, the Test Anything Protocol, version 14.
    Tap,
    /// A stream of subunit, version 2.
    Subunit,
    /// A line of JSON for each step that has ended.
    JsonLines,
    /// A page for the browser that needs no other file.
    Html,
}

impl Format {
    /// All formats.
    pub const ALL: &'static [Format] = &[
        Format::Status,
        Format::Json,
        Format::Console,
        Format::Junit,
        Format::Tap,
        Format::Subunit,
        Format::JsonLines,
        Format::Html,
    ];

    /// The word for it on the command line, for example `status`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::Status => "status",
            Format::Json => "json",
            Format::Console => "console",
            Format::Junit => "junit",
            Format::Tap => "tap",
            Format::Subunit => "subunit",
            Format::JsonLines => "jsonl",
            Format::Html => "html",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is the name of no format.
///
/// ```
/// use dockertest::report::Format;
///
/// let failure = "xml".parse::<Format>().unwrap_err();
/// let expected = "`xml` is not a report format (expected status, json, console, junit, tap, subunit, jsonl or html)";
/// assert_eq!(failure.to_string(), expected);
/// let typo = "junut".parse::<Format>().unwrap_err().to_string();
/// assert!(typo.ends_with("; did you mean `junit`?"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not a report format (expected {}){}", expected(), near(word))]
pub struct UnknownFormat {
    word: String,
}

fn expected() -> String {
    let words: Vec<&str> = Format::ALL.iter().copied().map(Format::as_str).collect();
    words.split_last().map(|(last, others)| format!("{} or {last}", others.join(", "))).unwrap_or_default()
}

fn near(word: &str) -> String {
    let near = nearest(word, Format::ALL.iter().copied().map(Format::as_str));
    near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Format::ALL
            .iter()
            .copied()
            .find(|format| format.as_str() == word)
            .ok_or_else(|| UnknownFormat { word: word.to_owned() })
    }
}

/// A report that cannot be made.
///
/// ```
/// use dockertest::report::{Format, ReportFailure, write};
///
/// let failure = write("results/none".as_ref(), Format::Json, &mut std::io::sink()).unwrap_err();
/// assert!(matches!(failure, ReportFailure::NoRun { .. }));
/// assert_eq!(failure.to_string(), "`results/none` holds no run (there is no `journal.jsonl` in it)");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportFailure {
    /// There is no journal.
    #[error("`{}` holds no run (there is no `{FILE_NAME}` in it)", path.display())]
    NoRun {
        /// The folder.
        path: PathBuf,
    },
    /// The journal is empty.
    #[error("the run in `{}` was cut off before it began", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] ReadFailure),
    /// The report cannot be written.
    #[error("cannot write the report: {0}")]
    Write(#[from] io::Error),
}

/// What the caller knows of the process that makes the run.
///
/// ```
/// use dockertest::report::{Format, RunnerIs, write_knowing};
///
/// # let results = tempfile::tempdir()?;
/// # let example = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example/journal.jsonl");
/// # let text = std::fs::read_to_string(example)?;
/// # let lines: Vec<&str> = text.lines().take(5).collect();
/// # std::fs::write(results.path().join("journal.jsonl"), lines.join("\n") + "\n")?;
/// # let results = results.path();
/// let state = |runner| -> Result<String, Box<dyn std::error::Error>> {
///     let mut json = Vec::new();
///     write_knowing(runner, results, Format::Json, &mut json)?; // its journal has no end
///     Ok(serde_json::from_slice::<serde_json::Value>(&json)?["state"].to_string())
/// };
/// assert_eq!(state(RunnerIs::Unknown)?, "\"running\"");
/// assert_eq!(state(RunnerIs::Gone)?, "\"interrupted\"");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunnerIs {
    /// It may be at work.
    Unknown,
    /// There is none: a run whose journal has no end was cut off.
    Gone,
}

/// Makes a report from the journal in a results folder: the same bytes that the run has written.
///
/// # Errors
/// [`ReportFailure`].
///
/// ```
/// use dockertest::report::{Format, write};
///
/// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
/// let mut status = Vec::new();
/// write(results, Format::Status, &mut status)?;
/// assert!(status.starts_with(b"START\t----\t----\t"));
/// # Ok::<(), dockertest::report::ReportFailure>(())
/// ```
pub fn write(results: &Path, format: Format, out: &mut dyn Write) -> Result<(), ReportFailure> {
    write_knowing(RunnerIs::Unknown, results, format, out)
}

/// The same for a caller who knows whether the run can still go on. Only `results.json` tells a run that was cut off
/// from one that is running.
///
/// # Errors
/// [`ReportFailure`].
pub fn write_knowing(
    runner: RunnerIs,
    results: &Path,
    format: Format,
    out: &mut dyn Write,
) -> Result<(), ReportFailure> {
    let path = results.join(FILE_NAME);
    if matches!(path.try_exists(), Ok(false)) {
        return Err(ReportFailure::NoRun { path: results.to_owned() });
    }
    let records = journal::read(&path)?.records;
    if records.is_empty() {
        return Err(ReportFailure::Empty { path: results.to_owned() });
    }
    write_of(&records, runner, results, format, out)?;
    Ok(())
}

/// Makes a report of records, wherever they are from; `results` is the results folder as people know it.
///
/// # Errors
/// What `out` cannot do.
///
/// ```
/// use dockertest::journal::read;
/// use dockertest::report::{Format, RunnerIs, write, write_of};
///
/// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
/// let records = read(&results.join("journal.jsonl"))?.records;
/// let (mut of_records, mut of_folder) = (Vec::new(), Vec::new());
/// write_of(&records, RunnerIs::Unknown, results, Format::Tap, &mut of_records)?;
/// write(results, Format::Tap, &mut of_folder)?;
/// assert_eq!(of_records, of_folder);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_of(
    records: &[Record],
    runner: RunnerIs,
    results: &Path,
    format: Format,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut projection = projection::of(format, results);
    for record in records {
        projection.record(record, out)?;
    }
    projection.finish(runner, out)?;
    out.flush()
}
