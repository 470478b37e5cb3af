//! A line of the journal, and all that one may be about.

use serde::{Deserialize, Serialize};

use super::{
    EngineFacts, InstanceDisposed, InstanceProvisioned, Keyvals, Logged, PhaseStarted, Plan, RebootRequested, RunEnded,
    RunInterrupted, RunStarted, Session, StepEnded, StepStarted, SubsubtestEnded, SubsubtestStarted,
};
use crate::name::StepId;

/// The number of this journal format. It changes when an older program would misread a newer journal.
pub const FORMAT: u32 = 1;

/// One line of the journal.
///
/// ```
/// use dockertest::journal::{Event, Record};
///
/// let line = r#"{"seq":7,"time_us":1800000000000000,"event":{"step-started":{"step":0,"attempt":1}}}"#;
/// let record: Record = serde_json::from_str(line)?;
/// assert!(matches!(record.event, Event::StepStarted(_)));
/// assert_eq!(serde_json::to_string(&record)?, line);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record {
    /// The number of the record within its run, counted from 0 without gaps, across resumes.
    pub seq: u64,
    /// When it was appended, in microseconds since 1970-01-01 UTC.
    pub time_us: i64,
    /// What happened.
    pub event: Event,
}

/// Something that a run learned.
///
/// ```
/// use dockertest::journal::{Event, StepStarted};
/// use dockertest::name::StepId;
///
/// let event = Event::StepStarted(StepStarted::new(StepId(0), 1));
/// assert_eq!(event.kind(), "step-started");
/// assert_eq!(event.step(), Some(StepId(0)));
/// assert!(Event::KINDS.contains(&event.kind()));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    /// The run began. Always the first record.
    RunStarted(RunStarted),
    /// What will be done, in order. Always the second record.
    Planned(Plan),
    /// The run goes on in a new process after it was cut off or interrupted.
    RunResumed(Session),
    /// What the engine under test said about itself.
    Engine(EngineFacts),
    /// An instance was made. Durable before anything is run in it.
    InstanceProvisioned(InstanceProvisioned),
    /// An instance is gone, or is left over for good.
    InstanceDisposed(InstanceDisposed),
    /// A step is about to be run. Durable before the host gets the step.
    StepStarted(StepStarted),
    /// A step, or one of its sub-subtests, entered a phase.
    PhaseStarted(PhaseStarted),
    /// A line of a log. Only lines of level info and above are kept here; all of them are in the step's log files.
    Logged(Logged),
    /// Facts for the step's keyval file.
    Keyvals(Keyvals),
    /// A sub-subtest began.
    SubsubtestStarted(SubsubtestStarted),
    /// A sub-subtest ended.
    SubsubtestEnded(SubsubtestEnded),
    /// The step wants the machine to be rebooted, and to be entered again afterwards.
    RebootRequested(RebootRequested),
    /// A step ended. There is exactly one for each step of the plan when the run is complete.
    StepEnded(StepEnded),
    /// The run stopped before its end and can be resumed.
    RunInterrupted(RunInterrupted),
    /// The run is complete. Always the last record.
    RunEnded(RunEnded),
}

impl Event {
    /// The names of all events, as they are written in the journal.
    pub const KINDS: &'static [&'static str] = &[
        "run-started",
        "planned",
        "run-resumed",
        "engine",
        "instance-provisioned",
        "instance-disposed",
        "step-started",
        "phase-started",
        "logged",
        "keyvals",
        "subsubtest-started",
        "subsubtest-ended",
        "reboot-requested",
        "step-ended",
        "run-interrupted",
        "run-ended",
    ];

    /// The step that the event is about, if it is about one.
    ///
    /// ```
    /// use dockertest::journal::{Event, Logged, RunInterrupted};
    /// use dockertest::outcome::Level;
    ///
    /// let of_runner = Logged::new(Level::Warning, "no `sysinfo`");
    /// assert_eq!(Event::Logged(of_runner).step(), None);
    /// assert_eq!(Event::RunInterrupted(RunInterrupted::new("SIGINT")).step(), None);
    /// ```
    #[must_use]
    pub const fn step(&self) -> Option<StepId> {
        match self {
            Event::StepStarted(StepStarted { step, .. })
            | Event::PhaseStarted(PhaseStarted { step, .. })
            | Event::Keyvals(Keyvals { step, .. })
            | Event::SubsubtestStarted(SubsubtestStarted { step, .. })
            | Event::SubsubtestEnded(SubsubtestEnded { step, .. })
            | Event::RebootRequested(RebootRequested { step, .. })
            | Event::StepEnded(StepEnded { step, .. }) => Some(*step),
            Event::Logged(Logged { step, .. }) => *step,
            Event::RunStarted(_)
            | Event::Planned(_)
            | Event::RunResumed(_)
            | Event::Engine(_)
            | Event::InstanceProvisioned(_)
            | Event::InstanceDisposed(_)
            | Event::RunInterrupted(_)
            | Event::RunEnded(_) => None,
        }
    }

    /// The event's name in the journal, for example `step-started`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Event::RunStarted(_) => "run-started",
            Event::Planned(_) => "planned",
            Event::RunResumed(_) => "run-resumed",
            Event::Engine(_) => "engine",
            Event::InstanceProvisioned(_) => "instance-provisioned",
            Event::InstanceDisposed(_) => "instance-disposed",
            Event::StepStarted(_) => "step-started",
            Event::PhaseStarted(_) => "phase-started",
            Event::Logged(_) => "logged",
            Event::Keyvals(_) => "keyvals",
            Event::SubsubtestStarted(_) => "subsubtest-started",
            Event::SubsubtestEnded(_) => "subsubtest-ended",
            Event::RebootRequested(_) => "reboot-requested",
            Event::StepEnded(_) => "step-ended",
            Event::RunInterrupted(_) => "run-interrupted",
            Event::RunEnded(_) => "run-ended",
        }
    }
}
