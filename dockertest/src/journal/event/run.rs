//! How a run begins, goes on and ends, and who asked for it.

use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::outcome::finite;
use crate::verdict::Verdict;
use crate::version::ApiVersion;

/// How a run began.
///
/// ```
/// use dockertest::journal::{FORMAT, RunStarted};
///
/// let json = r#"{
///     "format": 1, "run": "20270115-080000-4711", "api-version": "0.9.0",
///     "invocation": {"args": ["docker_cli/version"]}, "session": {"pid": 4711, "hostname": "bench"}
/// }"#;
/// let started: RunStarted = serde_json::from_str(json)?;
/// assert_eq!(started.format, FORMAT);
/// assert_eq!(started.invocation.args, ["docker_cli/version"]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct RunStarted {
    /// The format of this journal: [`FORMAT`](super::FORMAT).
    pub format: u32,
    /// A name for the run that no other run has.
    pub run: String,
    /// The API version of the program that ran it.
    pub api_version: ApiVersion,
    /// What was asked for.
    pub invocation: Invocation,
    /// The process that began it.
    pub session: Session,
    /// Where the run is from, if this program did not run it itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loaded: Option<Box<Loaded>>,
}

/// Where a run is from that this program did not run itself: `dockertest load` took it in from reports.
///
/// ```
/// use dockertest::journal::Loaded;
///
/// let loaded = Loaded { files: vec!["report.xml".to_owned()], tool: "pytest".to_owned(), ..Loaded::default() };
/// assert_eq!(loaded.to_string(), "loaded from report.xml (pytest)");
/// ```
// Built with `..Loaded::default()`, which leaves room for more: so it is not `#[non_exhaustive]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Loaded {
    /// The reports, as they were named.
    pub files: Vec<String>,
    /// The program that has run the tests, as far as its reports tell; else the form of the reports: `junit`, `subunit`.
    pub tool: String,
    /// When it was loaded, in microseconds since 1970-01-01 UTC.
    pub time_us: i64,
    /// The SHA-256 of all reports, one after the other: those that were loaded before are known by it.
    pub digest: String,
    /// Whether these are the reports of whole suites, by the word of whoever loaded them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub complete: bool,
}

impl std::fmt::Display for Loaded {
    /// Of many files only the first is named.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Loaded { files, tool, .. } = self;
        match files.as_slice() {
            [] => write!(f, "loaded ({tool})"),
            [file] => write!(f, "loaded from {file} ({tool})"),
            [file, others @ ..] => write!(f, "loaded from {file} and {} more ({tool})", others.len()),
        }
    }
}

/// What was asked for, enough to plan the same run again.
///
/// ```
/// use dockertest::journal::Invocation;
///
/// // dockertest run --args=docker_cli/version --set docker_timeout=30
/// let invocation = Invocation {
///     args: vec!["docker_cli/version".to_owned()],
///     set: vec!["docker_timeout=30".to_owned()],
///     ..Invocation::default()
/// };
/// # assert_eq!(invocation.config_custom, None);
/// ```
// Embedders build it with `..Invocation::default()`, which leaves room for more: so it is not `#[non_exhaustive]`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Invocation {
    /// Every value of `--args`, as typed.
    pub args: Vec<String>,
    /// Every value of `--set`, as typed, but for secrets, whose values are masked.
    pub set: Vec<String>,
    /// The folder of `--config-defaults`, made absolute.
    pub config_defaults: Option<PathBuf>,
    /// The folder of `--config-custom`, made absolute.
    pub config_custom: Option<PathBuf>,
    /// Every file or folder of `--plugin`, made absolute.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<PathBuf>,
    /// The value of `--retries`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<NonZeroU32>,
    /// Whether there was `--isolated`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub isolated: bool,
    /// The folder of `--results`, made absolute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub results: Option<PathBuf>,
    /// The name of the engine, if the run is one of several that are compared with each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matrix: Option<String>,
}

/// The process that runs a run, or a part of it after a resume.
///
/// Two sessions of one run tell whether the machine was rebooted between them:
///
/// ```
/// use dockertest::journal::Session;
///
/// let before = Session { boot_id: "5f0c".to_owned(), ..Session::default() };
/// let after = Session { boot_id: "a217".to_owned(), ..Session::default() };
/// assert_ne!(before.boot_id, after.boot_id);
/// ```
// Built with `..Session::default()`, which leaves room for more: so it is not `#[non_exhaustive]`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Session {
    /// Its process id.
    pub pid: u32,
    /// The kernel's name for the current boot; it differs after a reboot.
    pub boot_id: String,
    /// The host's name.
    pub hostname: String,
    /// How far the local time zone was ahead of UTC, in seconds. Reports use it to show local times.
    pub utc_offset_seconds: i32,
}

/// The run stopped before its end and can be resumed.
///
/// ```
/// use dockertest::journal::RunInterrupted;
///
/// let interrupted = RunInterrupted::new("SIGTERM");
/// assert_eq!(serde_json::to_string(&interrupted)?, r#"{"reason":"SIGTERM"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct RunInterrupted {
    /// Why, in words: a signal, a limit, a reboot that a step asked for.
    pub reason: String,
}

/// The run is complete.
///
/// ```
/// use dockertest::journal::RunEnded;
/// use dockertest::verdict::Verdict;
///
/// let ended = RunEnded::new(Verdict::Warn, 12.5);
/// assert_eq!(serde_json::to_string(&ended)?, r#"{"verdict":"WARN","seconds":12.5}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct RunEnded {
    /// The worst verdict of all steps; `GOOD` when there were none.
    pub verdict: Verdict,
    /// How long the run took, in seconds, without the time between a cut-off and its resume.
    #[serde(serialize_with = "finite")]
    pub seconds: f64,
}
