//! The parts of a step that have a verdict of their own.

use serde::{Deserialize, Serialize};

use crate::name::StepId;
use crate::outcome::Ending;

/// A sub-subtest began.
///
/// ```
/// use dockertest::journal::SubsubtestStarted;
/// use dockertest::name::StepId;
///
/// // `docker_cli/kill/sigstop`, within the step of `docker_cli/kill`:
/// let started = SubsubtestStarted::new(StepId(4), "sigstop");
/// assert_eq!(serde_json::to_string(&started)?, r#"{"step":4,"subsubtest":"sigstop"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct SubsubtestStarted {
    /// The step.
    pub step: StepId,
    /// The sub-subtest, by its last component.
    pub subsubtest: String,
}

/// A sub-subtest ended.
///
/// ```
/// use dockertest::journal::SubsubtestEnded;
/// use dockertest::name::StepId;
/// use dockertest::outcome::Ending;
/// use dockertest::verdict::Verdict;
///
/// let ending = Ending::new(Verdict::Fail, "the container still runs");
/// let ended = SubsubtestEnded::new(StepId(4), "sigstop", ending);
/// assert!(serde_json::to_string(&ended)?.contains(r#""ending":{"verdict":"FAIL""#));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct SubsubtestEnded {
    /// The step.
    pub step: StepId,
    /// The sub-subtest, by its last component.
    pub subsubtest: String,
    /// How it ended.
    pub ending: Ending,
}
