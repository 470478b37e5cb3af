//! What is said about a step while it runs and when it has ended: phases, log levels, endings.
//!
//! These are the words that a host sends, the journal keeps and every report shows. They are data only.
//!
//! ```
//! use dockertest::outcome::{Ending, Level, Phase};
//! use dockertest::verdict::Verdict;
//!
//! let mut ending = Ending::new(Verdict::Error, "no space left on device");
//! ending.phase = Some(Phase::Setup);
//! let level = if ending.verdict.is_passed() { Level::Info } else { Level::Error };
//! assert_eq!(format!("{level}: {} in {}", ending.reason, Phase::Setup), "ERROR: no space left on device in setup");
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::verdict::Verdict;

/// The part of a subtest's life that is running.
///
/// ```
/// use dockertest::outcome::Phase;
///
/// assert_eq!(Phase::RunOnce.to_string(), "run_once");
/// assert_eq!(serde_json::to_string(&Phase::PostprocessIteration)?, r#""postprocess_iteration""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// Before everything, each time.
    Initialize,
    /// After `initialize`, once per version: fills the source folder.
    Setup,
    /// The test itself, once per iteration.
    RunOnce,
    /// After each iteration.
    PostprocessIteration,
    /// After the last iteration.
    Postprocess,
    /// Always, whatever happened before.
    Cleanup,
}

impl Phase {
    /// The phase's method name, for example `run_once`.
    ///
    /// ```
    /// use dockertest::outcome::Phase;
    ///
    /// assert_eq!(Phase::PostprocessIteration.as_str(), "postprocess_iteration");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Phase::Initialize => "initialize",
            Phase::Setup => "setup",
            Phase::RunOnce => "run_once",
            Phase::PostprocessIteration => "postprocess_iteration",
            Phase::Postprocess => "postprocess",
            Phase::Cleanup => "cleanup",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How important a line of a step's log is.
///
/// Levels are ordered, so that what is important enough can be asked for:
///
/// ```
/// use dockertest::outcome::Level;
///
/// let shown: Vec<_> = Level::ALL.into_iter().filter(|level| *level >= Level::Warning).collect();
/// assert_eq!(shown, [Level::Warning, Level::Error]);
/// assert_eq!(Level::Warning.to_string(), "WARNING");
/// ```
// Who hands log lines on maps each level to one of another logger, and these four are all: it is not `#[non_exhaustive]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// For the step's log files only: commands, output, state.
    Debug,
    /// What a person watching the run wants to see.
    Info,
    /// Something that may explain a later failure.
    Warning,
    /// Something that went wrong, whatever the verdict will be.
    Error,
}

impl Level {
    /// All levels, from least to most important.
    pub const ALL: [Level; 4] = [Level::Debug, Level::Info, Level::Warning, Level::Error];

    /// The word in upper case, for example `WARNING`.
    ///
    /// ```
    /// use dockertest::outcome::Level;
    ///
    /// assert_eq!(Level::ALL.map(Level::as_str), ["DEBUG", "INFO", "WARNING", "ERROR"]);
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warning => "WARNING",
            Level::Error => "ERROR",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A check that did not hold, with all that a person needs to see it again by hand.
///
/// What is not known is left out, of the journal too:
///
/// ```
/// use dockertest::outcome::Evidence;
///
/// let evidence = Evidence {
///     command: Some("docker version --format '{{.Client.Version}}'".to_owned()),
///     expected: Some("20.10.24".to_owned()),
///     seen: Some("20.10.23".to_owned()),
///     ..Evidence::default()
/// };
/// assert!(!serde_json::to_string(&evidence)?.contains("difference"));
/// # Ok::<(), serde_json::Error>(())
/// ```
// Authors build it with `..Evidence::default()`, which leaves room for more: so it is not `#[non_exhaustive]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// The command as it can be pasted into a shell, if a command was checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// What the engine promises.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What was seen instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
    /// Where the two differ, line by line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
    /// What to do about it, when that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// How a step or a sub-subtest ended.
///
/// ```
/// use dockertest::outcome::{Ending, Phase};
/// use dockertest::verdict::Verdict;
///
/// let mut ending = Ending::new(Verdict::Fail, "still running");
/// (ending.seconds, ending.phase) = (1.25, Some(Phase::RunOnce));
/// let json = r#"{"verdict":"FAIL","reason":"still running","seconds":1.25,"phase":"run_once"}"#;
/// assert_eq!(serde_json::to_string(&ending)?, json);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ending {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in words; may have several lines. The first line goes into the status log.
    pub reason: String,
    /// How long it took, in seconds.
    #[serde(default, serialize_with = "finite")]
    pub seconds: f64,
    /// The phase that decided the verdict, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// The check that failed, if a check decided the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Box<Evidence>>,
    /// The description of the known failure that turned a `FAIL` into this `WARN`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_failure: Option<String>,
}

impl Ending {
    /// An ending that no time was spent on and that no check decided.
    ///
    /// ```
    /// use dockertest::outcome::Ending;
    /// use dockertest::verdict::Verdict;
    ///
    /// let ending = Ending::new(Verdict::TestNa, "disabled in configuration (kill.ini:12)");
    /// assert_eq!((ending.seconds, ending.phase, ending.evidence), (0.0, None, None));
    /// ```
    #[must_use]
    pub fn new(verdict: Verdict, reason: impl Into<String>) -> Self {
        Ending { verdict, reason: reason.into(), seconds: 0.0, phase: None, evidence: None, known_failure: None }
    }
}

/// Writes seconds. JSON has no word for a number that is none, and one such number must not make a journal unreadable.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
pub(crate) fn finite<S: serde::Serializer>(seconds: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(if seconds.is_finite() { *seconds } else { 0.0 })
}
