//! A report as it is found.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::UNIX_EPOCH;

use super::failure::LoadFailure;

/// How long a report may be, in bytes: it is held in memory.
const LONGEST: u64 = 512 << 20;

/// A report as it is found.
///
/// ```
/// use dockertest::load::Report;
///
/// let report = Report::new("the report of the night", "<testsuites/>");
/// assert_eq!((report.name(), report.bytes().len()), ("the report of the night", 13));
/// ```
#[derive(Debug, Clone)]
pub struct Report {
    name: String,
    bytes: Vec<u8>,
    /// When it was written: its tests had ended by then.
    written_us: Option<i64>,
}

impl Report {
    /// A report that is at hand; `name` is for people.
    #[must_use]
    pub fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Report {
        Report { name: name.into(), bytes: bytes.into(), written_us: None }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// The system refuses, or the file is too long.
    pub fn read(path: &Path) -> Result<Report, LoadFailure> {
        let failure = |source| LoadFailure::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(failure)?;
        let written = file.metadata().and_then(|facts| facts.modified()).ok();
        let report = Report::read_from(path.display().to_string(), file)?;
        let since_1970 = written.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Ok(Report { written_us: since_1970.and_then(|time| i64::try_from(time.as_micros()).ok()), ..report })
    }

    /// Reads what comes, to its end; `name` is for people.
    ///
    /// # Errors
    /// The system refuses, or it is too long.
    ///
    /// ```
    /// use dockertest::load::Report;
    ///
    /// let report = Report::read_from("standard input", &b"<testsuites/>"[..])?;
    /// assert_eq!(report.bytes(), b"<testsuites/>");
    /// # Ok::<(), dockertest::load::LoadFailure>(())
    /// ```
    pub fn read_from(name: impl Into<String>, reader: impl io::Read) -> Result<Report, LoadFailure> {
        let name = name.into();
        let mut bytes = Vec::new();
        let read = reader.take(LONGEST + 1).read_to_end(&mut bytes);
        let length = read.map_err(|source| LoadFailure::Read { path: name.clone().into(), source })?;
        if length as u64 > LONGEST {
            return Err(LoadFailure::TooLong { file: name, most: format!("{} MiB", LONGEST >> 20) });
        }
        Ok(Report::new(name, bytes))
    }

    /// Its name, for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) const fn written_us(&self) -> Option<i64> {
        self.written_us
    }
}
