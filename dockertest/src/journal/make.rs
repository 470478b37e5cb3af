//! Events made by who writes a journal of one's own. Their types may have more fields one day, so they are not built from
//! these; what a function does not ask for is empty and can be set.

use std::collections::BTreeMap;

use super::{
    Event, FORMAT, InstanceDisposed, InstanceProvisioned, Invocation, Keyvals, Logged, PhaseStarted, Plan, PlannedStep,
    RebootRequested, Record, RunEnded, RunInterrupted, RunStarted, Session, StepEnded, StepStarted, SubsubtestEnded,
    SubsubtestStarted,
};
use crate::name::{Kind, StepId, SubtestName};
use crate::outcome::{Ending, Level, Phase};
use crate::verdict::Verdict;
use crate::version::API_VERSION;

impl Record {
    /// An event with its place and time.
    #[must_use]
    pub const fn new(seq: u64, time_us: i64, event: Event) -> Record {
        Record { seq, time_us, event }
    }
}

impl RunStarted {
    /// A run of this version, with a journal of this [`FORMAT`].
    #[must_use]
    pub fn new(run: impl Into<String>, invocation: Invocation, session: Session) -> RunStarted {
        RunStarted { format: FORMAT, run: run.into(), api_version: API_VERSION, invocation, session, loaded: None }
    }
}

impl Plan {
    /// Steps in the order of their [`StepId`]s.
    #[must_use]
    pub const fn new(steps: Vec<PlannedStep>) -> Plan {
        Plan { steps }
    }
}

impl PlannedStep {
    /// A step that is run with all its sub-subtests, without a limit.
    #[must_use]
    pub fn new(kind: Kind, name: SubtestName, tag: impl Into<String>) -> PlannedStep {
        let tag = tag.into();
        let disabled = BTreeMap::new();
        PlannedStep { kind, name, foreign: None, tag, subsubtests: None, disabled, preset: None, timeout_seconds: 0.0 }
    }

    /// A test of another program, by its name there.
    ///
    /// ```
    /// use dockertest::journal::PlannedStep;
    ///
    /// let step = PlannedStep::of_another("tests.test_x::test_z[param 1]", "test_1-of-1");
    /// assert_eq!((step.title(), step.name.as_str()), ("tests.test_x::test_z[param 1]", "tests.test_x__test_z_param_1_"));
    /// ```
    #[must_use]
    pub fn of_another(test: impl Into<String>, tag: impl Into<String>) -> PlannedStep {
        let test = test.into();
        let step = PlannedStep::new(Kind::Subtest, SubtestName::like(&test), tag);
        PlannedStep { foreign: Some(test), ..step }
    }
}

impl InstanceProvisioned {
    /// Made by a provider of that name.
    #[must_use]
    pub fn new(provider: impl Into<String>, instance: impl Into<String>) -> InstanceProvisioned {
        InstanceProvisioned { provider: provider.into(), instance: instance.into() }
    }
}

impl InstanceDisposed {
    /// Gone without a problem.
    #[must_use]
    pub fn new(instance: impl Into<String>) -> InstanceDisposed {
        InstanceDisposed { instance: instance.into(), problem: None }
    }
}

impl StepStarted {
    /// A step of a run that has but one worker, on this machine.
    #[must_use]
    pub const fn new(step: StepId, attempt: u32) -> StepStarted {
        StepStarted { step, attempt, worker: None, instance: None }
    }
}

impl PhaseStarted {
    /// A phase of the step itself, without iterations.
    #[must_use]
    pub const fn new(step: StepId, phase: Phase) -> PhaseStarted {
        PhaseStarted { step, subsubtest: None, phase, iteration: None }
    }
}

impl Logged {
    /// A line of the runner itself, which belongs to no step.
    #[must_use]
    pub fn new(level: Level, text: impl Into<String>) -> Logged {
        Logged { step: None, subsubtest: None, level, text: text.into() }
    }
}

impl Keyvals {
    /// Facts of the whole step.
    #[must_use]
    pub const fn new(step: StepId, values: BTreeMap<String, String>) -> Keyvals {
        Keyvals { step, iteration: None, values }
    }
}

impl SubsubtestStarted {
    /// By the last component of its name.
    #[must_use]
    pub fn new(step: StepId, subsubtest: impl Into<String>) -> SubsubtestStarted {
        SubsubtestStarted { step, subsubtest: subsubtest.into() }
    }
}

impl SubsubtestEnded {
    /// By the last component of its name.
    #[must_use]
    pub fn new(step: StepId, subsubtest: impl Into<String>, ending: Ending) -> SubsubtestEnded {
        SubsubtestEnded { step, subsubtest: subsubtest.into(), ending }
    }
}

impl RebootRequested {
    /// With where it wants to be entered again, and why.
    #[must_use]
    pub fn new(step: StepId, resume_at: impl Into<String>, reason: impl Into<String>) -> RebootRequested {
        RebootRequested { step, resume_at: resume_at.into(), reason: reason.into() }
    }
}

impl StepEnded {
    /// How it ended.
    #[must_use]
    pub const fn new(step: StepId, ending: Ending) -> StepEnded {
        StepEnded { step, ending }
    }
}

impl RunInterrupted {
    /// Why, in words.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> RunInterrupted {
        RunInterrupted { reason: reason.into() }
    }
}

impl RunEnded {
    /// With the worst verdict of all steps, and how long it took.
    #[must_use]
    pub const fn new(verdict: Verdict, seconds: f64) -> RunEnded {
        RunEnded { verdict, seconds }
    }
}
