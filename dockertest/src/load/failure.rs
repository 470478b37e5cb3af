//! Why a report cannot be loaded.

use std::io;
use std::path::PathBuf;

/// A report that cannot be loaded. Nothing of it is kept.
///
/// ```
/// use dockertest::load::{LoadFailure, Report};
///
/// let failure = Report::read("no/such/report.xml".as_ref()).unwrap_err();
/// assert!(matches!(failure, LoadFailure::Read { .. }));
/// assert!(failure.to_string().starts_with("cannot read the report `no/such/report.xml`: "));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadFailure {
    /// The system refused.
    #[error("cannot read the report `{}`: {source}", path.display())]
    Read {
        /// The report.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It has more bytes, or tests, than are taken in.
    #[error("`{file}` has more than {most}: split it")]
    TooLong {
        /// The report.
        file: String,
        /// How many are taken in, in words.
        most: String,
    },
    /// It is no report of a form that is known.
    #[error("`{file}` is neither JUnit XML nor a stream of subunit: {found}")]
    Unknown {
        /// The report.
        file: String,
        /// What it seems to be, and what to do.
        found: String,
    },
    /// There is something at this place that cannot be.
    #[error("{file}:{line}:{column}: {problem}")]
    Text {
        /// The report.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1 in characters.
        column: usize,
        /// What is wrong.
        problem: String,
    },
    /// The stream is damaged or was cut off. With [`Options::partial`](super::Options::partial), what can be read is taken in.
    #[error("{file}: byte {at}: the stream is damaged: {problem}")]
    Damaged {
        /// The report.
        file: String,
        /// The byte, counted from 0.
        at: u64,
        /// What is wrong.
        problem: String,
    },
    /// There is no test in any of the reports.
    #[error("no test is told of in {}, so there is nothing to load", quoted(files))]
    NoTests {
        /// The reports.
        files: Vec<String>,
    },
}

impl LoadFailure {
    /// Something at a byte of a text.
    pub(super) fn at(file: &str, text: &[u8], at: usize, problem: impl Into<String>) -> LoadFailure {
        let before = &text[..at.min(text.len())];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let column = String::from_utf8_lossy(&before[line_start..]).chars().count() + 1;
        LoadFailure::Text { file: file.to_owned(), line, column, problem: problem.into() }
    }
}

fn quoted(files: &[String]) -> String {
    let quoted: Vec<String> = files.iter().map(|file| format!("`{file}`")).collect();
    quoted.join(", ")
}
