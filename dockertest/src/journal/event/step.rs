//! What a step says while it runs, and how it ends.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::name::StepId;
use crate::outcome::{Ending, Level, Phase};

/// A step is about to be run.
///
/// ```
/// use dockertest::journal::{Event, StepStarted};
/// use dockertest::name::StepId;
///
/// let event = Event::StepStarted(StepStarted::new(StepId(3), 1));
/// assert_eq!(serde_json::to_string(&event)?, r#"{"step-started":{"step":3,"attempt":1}}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct StepStarted {
    /// The step.
    pub step: StepId,
    /// 1 for the first time; more after an interrupted attempt or a reboot.
    pub attempt: u32,
    /// The worker that runs it, counted from 0; absent in a run that has but one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<u32>,
    /// The instance that it is run in; absent if that is this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// A step entered a phase.
///
/// ```
/// use dockertest::journal::{Iteration, PhaseStarted};
/// use dockertest::name::StepId;
/// use dockertest::outcome::Phase;
///
/// let mut entered = PhaseStarted::new(StepId(0), Phase::RunOnce);
/// entered.iteration = Some(Iteration { number: 2, of: 3 });
/// let json = r#"{"step":0,"phase":"run_once","iteration":{"number":2,"of":3}}"#;
/// assert_eq!(serde_json::to_string(&entered)?, json);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct PhaseStarted {
    /// The step.
    pub step: StepId,
    /// The sub-subtest, by its last component, if it is one that entered the phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subsubtest: Option<String>,
    /// The phase.
    pub phase: Phase,
    /// The iteration, counted from 1, in phases that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iteration: Option<Iteration>,
}

/// Which iteration of how many.
///
/// ```
/// use dockertest::journal::Iteration;
///
/// let last = Iteration { number: 3, of: 3 };
/// assert_eq!(serde_json::to_string(&last)?, r#"{"number":3,"of":3}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
// One of two numbers without the other says nothing, and there is no third: so it is not `#[non_exhaustive]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Iteration {
    /// The iteration, counted from 1.
    pub number: u32,
    /// How many there will be.
    pub of: u32,
}

/// A line of a log.
///
/// A line of the runner itself, which belongs to no step:
///
/// ```
/// use dockertest::journal::Logged;
/// use dockertest::outcome::Level;
///
/// let logged = Logged::new(Level::Warning, "killed what was left of the run: 4711 (`sleep 60`)");
/// assert!(serde_json::to_string(&logged)?.starts_with(r#"{"level":"warning","text":"killed"#));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Logged {
    /// The step, or nothing for a line of the runner itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepId>,
    /// The sub-subtest, by its last component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subsubtest: Option<String>,
    /// How important it is.
    pub level: Level,
    /// The text; may have several lines.
    pub text: String,
}

/// Facts for the step's keyval file.
///
/// ```
/// use dockertest::journal::Keyvals;
/// use dockertest::name::StepId;
///
/// let values = [("docker_timeout".to_owned(), "300".to_owned())].into();
/// let keyvals = Keyvals::new(StepId(0), values);
/// assert_eq!(serde_json::to_string(&keyvals)?, r#"{"step":0,"values":{"docker_timeout":"300"}}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Keyvals {
    /// The step.
    pub step: StepId,
    /// The iteration that they were measured in; nothing for facts of the whole step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iteration: Option<u32>,
    /// Values by name, secrets masked.
    pub values: BTreeMap<String, String>,
}

/// The step wants the machine to be rebooted.
///
/// ```
/// use dockertest::journal::{Event, RebootRequested};
/// use dockertest::name::StepId;
///
/// let wish = RebootRequested::new(StepId(1), "after boot", "the kernel option takes effect at boot");
/// assert_eq!(Event::RebootRequested(wish).kind(), "reboot-requested");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct RebootRequested {
    /// The step.
    pub step: StepId,
    /// Where it wants to be entered again: a word of its own choice.
    pub resume_at: String,
    /// Why, in words.
    pub reason: String,
}

/// A step ended.
///
/// ```
/// use dockertest::journal::{Event, StepEnded};
/// use dockertest::name::StepId;
/// use dockertest::outcome::Ending;
/// use dockertest::verdict::Verdict;
///
/// let event = Event::StepEnded(StepEnded::new(StepId(0), Ending::new(Verdict::Good, "")));
/// let json = r#"{"step-ended":{"step":0,"ending":{"verdict":"GOOD","reason":"","seconds":0.0}}}"#;
/// assert_eq!(serde_json::to_string(&event)?, json);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct StepEnded {
    /// The step.
    pub step: StepId,
    /// How it ended.
    pub ending: Ending,
}
