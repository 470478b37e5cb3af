//! The vocabulary of the journal: everything that a run learns.
//!
//! A record is one line of `journal.jsonl`. Names are kebab-case; a reader skips fields that it does not know, so
//! that an older program reads a newer journal of the same format number.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::name::{Kind, StepId, SubtestName};
use crate::outcome::{Ending, Level, Phase, finite};
use crate::verdict::Verdict;
use crate::version::ApiVersion;

/// The number of this journal format. It changes when an older program would misread a newer journal.
pub const FORMAT: u32 = 1;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The number of the record within its run, counted from 0 without gaps, across resumes.
    pub seq: u64,
    /// When it was appended, in microseconds since 1970-01-01 UTC.
    pub time_us: i64,
    /// What happened.
    pub event: Event,
}

/// Something that a run learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// The run began. Always the first record.
    RunStarted(RunStarted),
    /// What will be done, in order. Always the second record.
    Planned(Plan),
    /// The run goes on in a new process after it was cut off or interrupted.
    RunResumed(Session),
    /// What the engine under test said about itself.
    Engine(EngineFacts),
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
    pub const KINDS: [&'static str; 14] = [
        "run-started",
        "planned",
        "run-resumed",
        "engine",
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

/// How a run began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunStarted {
    /// The format of this journal: [`FORMAT`].
    pub format: u32,
    /// A name for the run that no other run has.
    pub run: String,
    /// The API version of the program that ran it.
    pub api_version: ApiVersion,
    /// What was asked for.
    pub invocation: Invocation,
    /// The process that began it.
    pub session: Session,
}

/// What was asked for, enough to plan the same run again.
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
}

/// The process that runs a run, or a part of it after a resume.
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

/// What will be done.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Plan {
    /// The steps, in order. A step's [`StepId`] is its index here.
    pub steps: Vec<PlannedStep>,
}

/// A step of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedStep {
    /// When it runs.
    pub kind: Kind,
    /// The name of the subtest.
    pub name: SubtestName,
    /// What makes its folder unique, for example `test_1-of-2`.
    pub tag: String,
    /// The sub-subtests to run, by the last component of their names, in order. Absent: it has none, or all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subsubtests: Option<Vec<String>>,
    /// The sub-subtests that are switched off although they were asked for, with the reason. Each ends as `TEST_NA`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub disabled: BTreeMap<String, String>,
    /// How it ends without being run: switched off, or written for another version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<Ending>,
    /// The limit of the whole step, in seconds; 0 is none.
    #[serde(default, serialize_with = "finite")]
    pub timeout_seconds: f64,
}

impl PlannedStep {
    /// The step's folder within the results, which is also its name in the status log, for example
    /// `docker/subtests/docker_cli/version.test_2-of-2`.
    #[must_use]
    pub fn folder(&self) -> String {
        format!("docker/{}/{}.{}", self.kind.folder(), self.name, self.tag)
    }
}

/// What the engine under test said about itself, asked once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct EngineFacts {
    /// Where it was asked, for example `unix:///var/run/docker.sock`.
    pub address: String,
    /// `docker` or `podman`; empty when it did not answer.
    pub flavor: String,
    /// The engine's version; empty when it did not answer.
    pub version: String,
    /// The version of the API that it speaks; empty when it did not answer.
    pub api_version: String,
    /// Other facts by name: `cgroup-version`, `storage-driver`, `kernel`, `operating-system`, ….
    pub facts: BTreeMap<String, String>,
    /// Why it did not answer, if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A step is about to be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepStarted {
    /// The step.
    pub step: StepId,
    /// 1 for the first time; more after an interrupted attempt or a reboot.
    pub attempt: u32,
}

/// A step entered a phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Iteration {
    /// The iteration, counted from 1.
    pub number: u32,
    /// How many there will be.
    pub of: u32,
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Keyvals {
    /// The step.
    pub step: StepId,
    /// The iteration that they were measured in; nothing for facts of the whole step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iteration: Option<u32>,
    /// Values by name, secrets masked.
    pub values: BTreeMap<String, String>,
}

/// A sub-subtest began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SubsubtestStarted {
    /// The step.
    pub step: StepId,
    /// The sub-subtest, by its last component.
    pub subsubtest: String,
}

/// A sub-subtest ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SubsubtestEnded {
    /// The step.
    pub step: StepId,
    /// The sub-subtest, by its last component.
    pub subsubtest: String,
    /// How it ended.
    pub ending: Ending,
}

/// The step wants the machine to be rebooted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RebootRequested {
    /// The step.
    pub step: StepId,
    /// Where it wants to be entered again: a word of its own choice.
    pub resume_at: String,
    /// Why, in words.
    pub reason: String,
}

/// A step ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepEnded {
    /// The step.
    pub step: StepId,
    /// How it ended.
    pub ending: Ending,
}

/// The run stopped before its end and can be resumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunInterrupted {
    /// Why, in words: a signal, a limit, a reboot that a step asked for.
    pub reason: String,
}

/// The run is complete.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunEnded {
    /// The worst verdict of all steps; `GOOD` when there were none.
    pub verdict: Verdict,
    /// How long the run took, in seconds, without the time between a cut-off and its resume.
    #[serde(serialize_with = "finite")]
    pub seconds: f64,
}
