//! Taking in runs of other programs: their reports become a journal, and so a run like any other.
//!
//! Needs the feature `runner`.
//!
//! [`load`] reads reports, `JUnit` XML or streams of subunit version 2, and makes one run of them. A
//! [`Repository`](crate::repository::Repository::add) keeps it. A report is taken in wholly or not at all.
//!
//! ```
//! use dockertest::load::{Options, Report, load};
//! use dockertest::repository::Repository;
//!
//! # let folder = tempfile::tempdir()?;
//! let xml = r#"<testsuite name="pytest">
//!     <testcase classname="tests.test_x" name="test_good" time="0.5"/>
//!     <testcase classname="tests.test_x" name="test_bad[1]"><failure message="1 is not 2"/></testcase>
//! </testsuite>"#;
//! let run = load(&[Report::new("report.xml", xml)], &Options::default())?;
//!
//! let repository = Repository::create(&folder.path().join(".dockertest"))?;
//! repository.add(&run)?;
//! let failing = Repository::open(repository.path())?.failing_steps();
//! assert_eq!(failing[0].name.as_str(), "tests.test_x::test_bad[1]");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod failure;
mod journal;
mod junit;
mod recognize;
mod report;
mod subunit;
mod test;
#[cfg(test)]
mod tests;
mod times;

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::journal::{Event, Loaded, Record, now_us};

pub use failure::LoadFailure;
pub use report::Report;

/// The form of a report.
///
/// ```
/// use dockertest::load::Form;
///
/// assert_eq!("junit".parse(), Ok(Form::Junit));
/// let unknown = "tap".parse::<Form>().unwrap_err();
/// assert_eq!(unknown.to_string(), "`tap` is no form that can be loaded (expected junit or subunit)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// `JUnit` XML.
    Junit,
    /// A stream of subunit, version 2.
    Subunit,
}

impl Form {
    /// The word for it on the command line: `junit`, `subunit`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Form::Junit => "junit",
            Form::Subunit => "subunit",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is the name of no form.
///
/// ```
/// use dockertest::load::Form;
///
/// assert!("xml".parse::<Form>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no form that can be loaded (expected junit or subunit)")]
pub struct UnknownForm(String);

impl FromStr for Form {
    type Err = UnknownForm;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let mut forms = [Form::Junit, Form::Subunit].into_iter();
        forms.find(|form| form.as_str() == word).ok_or_else(|| UnknownForm(word.to_owned()))
    }
}

/// How reports are read.
///
/// ```
/// use dockertest::load::{Form, Options};
///
/// let options = Options { form: Some(Form::Subunit), ..Options::default() };
/// assert!(!options.partial);
/// ```
// Built with `..Options::default()`, which leaves room for more: so it is not `#[non_exhaustive]`.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The form of all reports; nothing: it is recognized.
    pub form: Option<Form>,
    /// Whether a stream is taken in that is damaged or was cut off. The run is not complete then.
    pub partial: bool,
    /// Whether the reports tell of all tests that their programs have: in a repository, what they do not name any more does not
    /// count as failing any more. Of a run that was not complete this is not believed, and so noted.
    pub complete: bool,
}

/// A run that was made of reports.
///
/// ```
/// use dockertest::load::{Options, Report, load};
///
/// let report = Report::new("report.xml", r#"<testsuite tests="2"><testcase name="a"/></testsuite>"#);
/// let run = load(&[report], &Options::default())?;
/// assert_eq!(run.notes(), ["report.xml: it says that it has 2 tests, but has 1"]);
/// assert_eq!(run.records().len(), 5); // it begins, is planned, a test starts and ends, it ends
/// # Ok::<(), dockertest::load::LoadFailure>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedRun {
    name: String,
    records: Vec<Record>,
    notes: Vec<String>,
}

impl LoadedRun {
    /// Its name: when it began, and the beginning of a digest of the reports.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The digest of its reports.
    pub(crate) fn digest(&self) -> &str {
        self.loaded().map_or("", |loaded| &loaded.digest)
    }

    /// Whether it is one of whole suites.
    pub(crate) fn is_complete(&self) -> bool {
        self.loaded().is_some_and(|loaded| loaded.complete)
    }

    /// Whether it came to its end.
    fn has_ended(&self) -> bool {
        matches!(self.records.last().map(|record| &record.event), Some(Event::RunEnded(_)))
    }

    fn loaded(&self) -> Option<&Loaded> {
        self.records.iter().find_map(|record| match &record.event {
            Event::RunStarted(run) => run.loaded.as_deref(),
            _ => None,
        })
    }

    /// What a journal has of it.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// What is odd about the reports, in words.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// Makes a run of reports.
///
/// # Errors
/// A report cannot be understood, or there is no test in any of them: then nothing is taken in.
///
/// ```
/// use dockertest::load::{Options, Report, load};
///
/// let refused = |text: &str| load(&[Report::new("r", text)], &Options::default()).unwrap_err().to_string();
/// assert_eq!(refused("<testsuite>\n  <testcase/>\n</testsuit>"), "r:3:1: expected `</testsuite>`, but found `</testsuit>`");
/// assert!(refused("1..2\nok 1\n").starts_with("`r` is neither JUnit XML nor a stream of subunit: it looks like TAP"));
/// ```
pub fn load(reports: &[Report], options: &Options) -> Result<LoadedRun, LoadFailure> {
    let now_us = now_us();
    let contents: Vec<test::Content> =
        reports.iter().map(|report| recognize::read(report, options)).collect::<Result<_, _>>()?;
    if contents.iter().all(|content| content.tests.is_empty()) {
        return Err(LoadFailure::NoTests { files: reports.iter().map(|report| report.name().to_owned()).collect() });
    }
    let mut tools: Vec<&str> = contents.iter().map(|content| content.tool).collect();
    tools.sort_unstable();
    tools.dedup();
    let files = reports.iter().map(|report| report.name().to_owned()).collect();
    let loaded = Loaded {
        files,
        tool: tools.join(", "),
        time_us: now_us,
        digest: digest_of(reports),
        complete: options.complete,
    };
    let mut run = journal::run(contents, loaded, now_us);
    if options.complete && !run.has_ended() {
        run.notes.push(
            "the run was not complete, so it does not tell of all tests: what it does not name stays as it was"
                .to_owned(),
        );
    }
    Ok(run)
}

/// The same for the same reports in any order: a shell's pattern and `find` do not name files in the same one.
fn digest_of(reports: &[Report]) -> String {
    let mut digests: Vec<_> = reports.iter().map(|report| Sha256::digest(report.bytes())).collect();
    digests.sort_unstable();
    let digest = digests.iter().fold(Sha256::new(), Digest::chain_update);
    digest.finalize().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
