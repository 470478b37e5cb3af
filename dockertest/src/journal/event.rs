//! The vocabulary of the journal: everything that a run learns.
//!
//! A record is one line of `journal.jsonl`. Names are kebab-case; a reader skips fields that it does not know, so
//! that an older program reads a newer journal of the same format number.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::name::{Kind, StepId, SubtestName, TestId};
use crate::outcome::{Ending, Level, Phase, finite};
use crate::verdict::Verdict;
use crate::version::ApiVersion;

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

/// What will be done.
///
/// ```
/// use dockertest::journal::Plan;
///
/// let json = r#"{"steps": [{"kind": "subtest", "name": "docker_cli/version", "tag": "test_1-of-1"}]}"#;
/// let plan: Plan = serde_json::from_str(json)?;
/// assert_eq!(plan.steps[0].name.as_str(), "docker_cli/version");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
#[non_exhaustive]
pub struct Plan {
    /// The steps, in order. A step's [`StepId`] is its index here.
    pub steps: Vec<PlannedStep>,
}

/// A step of the plan.
///
/// ```
/// use dockertest::journal::PlannedStep;
/// use dockertest::name::Kind;
///
/// let mut step = PlannedStep::new(Kind::Subtest, "docker_cli/version".parse()?, "test_2-of-2");
/// step.timeout_seconds = 600.0;
/// assert_eq!(step.folder(), "docker/subtests/docker_cli/version.test_2-of-2");
/// # Ok::<(), dockertest::name::BadName>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct PlannedStep {
    /// When it runs.
    pub kind: Kind,
    /// The name of the subtest. Of a test of another program, a place that is made of its name.
    pub name: SubtestName,
    /// The name of the test of another program whose run was loaded: any text. Absent for a subtest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign: Option<String>,
    /// What makes its folder unique, for example `test_1-of-2`.
    #[serde(deserialize_with = "component")]
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

/// Reads what becomes part of a path and of the status log: it must be fit for a component of a name.
fn component<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.parse::<SubtestName>() {
        Ok(name) if name.parent().is_none() => Ok(text),
        Ok(_) => Err(D::Error::custom("a tag has no `/`")),
        Err(bad) => Err(D::Error::custom(bad)),
    }
}

impl PlannedStep {
    /// The step's folder within the results, which is also its name in the status log, for example
    /// `docker/subtests/docker_cli/version.test_2-of-2`.
    #[must_use]
    pub fn folder(&self) -> String {
        format!("docker/{}/{}.{}", self.kind.folder(), self.name, self.tag)
    }

    /// The name of the test, whoever has run it.
    #[must_use]
    pub fn id(&self) -> TestId {
        self.foreign.clone().map_or_else(|| self.name.clone().into(), TestId::Foreign)
    }

    /// The name of the test as text.
    #[must_use]
    pub fn title(&self) -> &str {
        self.foreign.as_deref().unwrap_or_else(|| self.name.as_str())
    }

    /// What a person knows the step by: its folder, or the name of a test that has none.
    pub(crate) fn label(&self) -> String {
        self.foreign.clone().unwrap_or_else(|| self.folder())
    }
}

/// What the engine under test said about itself, asked once.
///
/// An engine that does not answer leaves nothing but its address and the reason:
///
/// ```
/// use dockertest::journal::EngineFacts;
///
/// let facts = EngineFacts {
///     address: "unix:///var/run/docker.sock".to_owned(),
///     problem: Some("nobody listens there".to_owned()),
///     ..EngineFacts::default()
/// };
/// assert!(facts.version.is_empty());
/// ```
// Embedders build it with `..EngineFacts::default()`, which leaves room for more: so it is not `#[non_exhaustive]`.
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

/// An instance was made.
///
/// ```
/// use dockertest::journal::InstanceProvisioned;
///
/// let made = InstanceProvisioned::new("callout", "vm-1");
/// assert_eq!(serde_json::to_string(&made)?, r#"{"provider":"callout","instance":"vm-1"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct InstanceProvisioned {
    /// What made it: `shared`, `capsule`, `callout`.
    pub provider: String,
    /// Its name.
    pub instance: String,
}

/// An instance is gone, or is left over for good.
///
/// ```
/// use dockertest::journal::InstanceDisposed;
///
/// let gone = InstanceDisposed::new("vm-1");
/// assert_eq!(serde_json::to_string(&gone)?, r#"{"instance":"vm-1"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct InstanceDisposed {
    /// Its name.
    pub instance: String,
    /// Why it is left over, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

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
