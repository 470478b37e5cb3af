//! What a runner and a host say to each other: JSON, one message a line.
//!
//! `HOST list` writes [`HostMessage::Hello`], a [`HostMessage::Subtest`] for each subtest that it holds, a
//! [`HostMessage::Config`] for each file with defaults of theirs, and [`HostMessage::Listed`]. `HOST run NAME` reads one [`RunnerMessage::Run`] from standard input, executes the
//! subtest, and writes `Hello`, what happens, and one [`HostMessage::Ended`] (or [`HostMessage::Reboot`]) as its last
//! message. Standard input stays open for the life of the step: [`RunnerMessage::Cancel`] asks the step to stop and
//! clean up; the end of standard input means that the runner is gone, and the host must end itself and all its
//! children. The book's page on the protocol has the whole text with examples.
//!
//! A message is an object with one key, the message's name:
//!
//! ```
//! use dockertest::host::protocol::HostMessage;
//!
//! let line = r#"{"log":{"level":"info","text":"client 20.10.24, server 20.10.24"}}"#;
//! let message: HostMessage = serde_json::from_str(line)?;
//! assert!(matches!(message, HostMessage::Log { .. }));
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::Section;
use crate::faults::Fault;
use crate::journal::{EngineFacts, Iteration};
use crate::name::{Kind, SubtestName};
use crate::outcome::{Ending, Level, Phase};
use crate::version::{API_VERSION, ApiVersion};

/// The number of this protocol. A host and a runner with different numbers do not talk.
pub const PROTOCOL: u32 = 1;

/// The longest line that either side accepts, in bytes, without its line end.
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// The environment variable that holds the run's name in every process of a step. A runner that was cut off finds
/// what is left of its steps by it.
pub const RUN_VARIABLE: &str = "DOCKERTEST_RUN";

/// The environment variable that holds the step's folder (see `PlannedStep::folder`) in every process of a step.
pub const STEP_VARIABLE: &str = "DOCKERTEST_STEP";

/// What a host says.
///
/// ```
/// use dockertest::host::protocol::HostMessage;
/// use dockertest::outcome::{Ending, Phase};
/// use dockertest::verdict::Verdict;
///
/// let phase = HostMessage::Phase { subsubtest: None, phase: Phase::Cleanup, iteration: None };
/// assert_eq!(serde_json::to_string(&phase)?, r#"{"phase":{"phase":"cleanup"}}"#);
/// let ended = HostMessage::Ended(Ending::new(Verdict::Good, ""));
/// assert_eq!(serde_json::to_string(&ended)?, r#"{"ended":{"verdict":"GOOD","reason":"","seconds":0.0}}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[non_exhaustive]
pub enum HostMessage {
    /// The first message of each call.
    Hello(Hello),
    /// A subtest that this host holds. Only in `list`.
    Subtest(SubtestInfo),
    /// Defaults of its subtests' options. Only in `list`.
    Config(ConfigFile),
    /// All subtests have been listed. The last message of `list`.
    Listed {
        /// How many there were.
        subtests: u32,
    },
    /// A phase begins.
    Phase {
        /// The sub-subtest, by its last component, if it is one that entered the phase.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subsubtest: Option<String>,
        /// The phase.
        phase: Phase,
        /// Which iteration, in phases that have one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        iteration: Option<Iteration>,
    },
    /// A line for the log.
    Log {
        /// The sub-subtest, by its last component.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subsubtest: Option<String>,
        /// How important it is.
        level: Level,
        /// The text; may have several lines.
        text: String,
    },
    /// Facts for the keyval file.
    Keyvals {
        /// The iteration that they were measured in; nothing for facts of the whole step.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        iteration: Option<u32>,
        /// Values by name.
        values: BTreeMap<String, String>,
    },
    /// A sub-subtest begins.
    SubsubtestStarted {
        /// Its name's last component.
        subsubtest: String,
    },
    /// A sub-subtest ended.
    SubsubtestEnded {
        /// Its name's last component.
        subsubtest: String,
        /// How.
        ending: Ending,
    },
    /// The step wants the machine to be rebooted and to be entered again. Last message, in place of `Ended`.
    Reboot {
        /// Where it wants to be entered again: handed back in [`Mode::Resume`].
        resume_at: String,
        /// Why, in words.
        reason: String,
    },
    /// The step ended. The last message of `run`.
    Ended(Ending),
}

/// Who is speaking.
///
/// ```
/// use dockertest::host::protocol::{Hello, PROTOCOL};
/// use dockertest::version::API_VERSION;
///
/// let hello = Hello::new("my-subtests 1.0");
/// assert_eq!((hello.protocol, hello.api_version), (PROTOCOL, API_VERSION));
/// let json = r#"{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}"#;
/// assert_eq!(serde_json::to_string(&hello)?, json);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Hello {
    /// The protocol that the host speaks: [`PROTOCOL`].
    pub protocol: u32,
    /// The API version that its subtests were written for.
    pub api_version: ApiVersion,
    /// The host's name and version, for people.
    pub program: String,
    /// Whether it adopts what its children leave behind, and ends it before its last message, as hosts that are written
    /// with this library do. For others the runner looks for it, which takes a few milliseconds a step.
    #[serde(default, skip_serializing_if = "is_false")]
    pub adopts_orphans: bool,
}

impl Hello {
    /// Of a program that is built with this version of the library, and speaks its protocol by itself.
    #[must_use]
    pub fn new(program: impl Into<String>) -> Self {
        Hello { protocol: PROTOCOL, api_version: API_VERSION, program: program.into(), adopts_orphans: false }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// A file with defaults for the options of a host's own subtests, in the dialect of all configuration.
///
/// ```
/// use dockertest::host::protocol::ConfigFile;
///
/// let json = r#"{"file":"disk_quota.ini","text":"[disk_quota]\nlimit_mb = 10\n"}"#;
/// let config: ConfigFile = serde_json::from_str(json)?;
/// assert_eq!(config.text.lines().next(), Some("[disk_quota]"));
/// # Ok::<(), serde_json::Error>(())
/// ```
// A name and a text are a file; there is no more to it, so it is not `#[non_exhaustive]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ConfigFile {
    /// Its name, for people.
    pub file: String,
    /// What it contains: only sections of the host's own subtests and sub-subtests.
    pub text: String,
}

/// A subtest, as its host describes it.
///
/// Only the name is required:
///
/// ```
/// use dockertest::host::protocol::SubtestInfo;
/// use dockertest::name::Kind;
///
/// let info: SubtestInfo = serde_json::from_str(r#"{"name":"docker_cli/kill","subsubtests":["sigstop"]}"#)?;
/// assert_eq!(info.kind, Kind::Subtest);
/// assert!(!info.needs_engine);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct SubtestInfo {
    /// Its name, which is also its configuration section.
    pub name: SubtestName,
    /// When it runs.
    #[serde(default = "SubtestInfo::default_kind")]
    pub kind: Kind,
    /// What it checks, in one line.
    #[serde(default)]
    pub summary: String,
    /// The last components of its sub-subtests' names, in order of registration.
    #[serde(default)]
    pub subsubtests: Vec<String>,
    /// Whether it needs to know the engine's facts before it runs.
    #[serde(default)]
    pub needs_engine: bool,
    /// Promises that can be broken on purpose, to see whether it notices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
}

impl SubtestInfo {
    /// A [subtest](Kind::Subtest) of which nothing else is known yet.
    ///
    /// ```
    /// use dockertest::host::protocol::SubtestInfo;
    ///
    /// let mut info = SubtestInfo::new("docker_cli/kill".parse()?);
    /// info.subsubtests.push("sigstop".to_owned());
    /// # Ok::<(), dockertest::name::BadName>(())
    /// ```
    #[must_use]
    pub fn new(name: SubtestName) -> SubtestInfo {
        let (summary, subsubtests, faults) = Default::default();
        SubtestInfo { name, kind: SubtestInfo::default_kind(), summary, subsubtests, needs_engine: false, faults }
    }

    fn default_kind() -> Kind {
        Kind::Subtest
    }

    /// Its name, and those of its sub-subtests.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        let children = self.subsubtests.iter().map(|child| format!("{}/{child}", self.name));
        std::iter::once(self.name.to_string()).chain(children)
    }

    /// Whether a section of the configuration is its own, or of one of its sub-subtests.
    pub(crate) fn owns_section(&self, section: &str) -> bool {
        let Some(below) = section.strip_prefix(self.name.as_str()) else { return false };
        let child = below.strip_prefix('/');
        below.is_empty() || child.is_some_and(|child| self.subsubtests.iter().any(|known| known == child))
    }
}

/// What a runner says.
///
/// ```
/// use dockertest::host::protocol::RunnerMessage;
///
/// let cancel = RunnerMessage::Cancel { reason: "SIGINT".to_owned(), grace_ms: 30_000 };
/// assert_eq!(serde_json::to_string(&cancel)?, r#"{"cancel":{"reason":"SIGINT","grace-ms":30000}}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[non_exhaustive]
pub enum RunnerMessage {
    /// Run the subtest. The first message, exactly once.
    Run(Box<RunRequest>),
    /// Stop, clean up and end.
    Cancel {
        /// Why: goes into the ending's reason.
        reason: String,
        /// How long the clean-up may take before everything is killed, in milliseconds.
        grace_ms: u64,
    },
}

/// All that a subtest gets to know.
///
/// The least that a request says:
///
/// ```
/// use dockertest::host::protocol::{Mode, RunRequest};
///
/// let json = r#"{
///     "protocol": 1, "run": "20270115-080000-4711", "step": "docker/subtests/example.test_1-of-1",
///     "mode": "full", "section": {"name": "example", "settings": {}},
///     "folders": {"output": "/r/docker/subtests/example.test_1-of-1", "tmp": "/r/tmp/0", "state": "/r/state"}
/// }"#;
/// let request: RunRequest = serde_json::from_str(json)?;
/// assert_eq!(request.mode, Mode::Full);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct RunRequest {
    /// The protocol that the runner speaks: [`PROTOCOL`].
    pub protocol: u32,
    /// The run's name.
    pub run: String,
    /// The step's folder within the results, for example `docker/subtests/example.test_1-of-2`.
    pub step: String,
    /// What to do.
    pub mode: Mode,
    /// The subtest's own section.
    pub section: Section,
    /// The sections of its sub-subtests, by the last component of their names, each with all that it inherits.
    #[serde(default)]
    pub subsections: BTreeMap<String, Section>,
    /// The sub-subtests to run, in order; nothing: what the section's option `subsubtests` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subsubtests: Option<Vec<String>>,
    /// Folders of the step.
    pub folders: Folders,
    /// What the engine said about itself, for a subtest that needs to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<EngineFacts>,
    /// Failures of this subtest (empty name) and its sub-subtests that are known for this engine: description by last
    /// component.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub known_failures: BTreeMap<String, String>,
    /// What has been before in the run.
    #[serde(default)]
    pub history: History,
}

impl RunRequest {
    /// The least that a request says: all phases of a step, with nothing before it.
    ///
    /// ```
    /// use dockertest::config::Section;
    /// use dockertest::host::protocol::{Folders, Mode, RunRequest};
    ///
    /// let folders = Folders { output: "/r/output".into(), tmp: "/r/tmp/0".into(), state: "/r/state".into() };
    /// let mut request = RunRequest::new("my-run", "docker/subtests/example.test_1-of-1", Section::default(), folders);
    /// request.mode = Mode::Resume { resume_at: "second half".to_owned(), rebooted: true };
    /// ```
    #[must_use]
    pub fn new(run: impl Into<String>, step: impl Into<String>, section: Section, folders: Folders) -> RunRequest {
        let (subsections, known_failures, history) = Default::default();
        RunRequest {
            protocol: PROTOCOL,
            run: run.into(),
            step: step.into(),
            mode: Mode::Full,
            section,
            subsections,
            subsubtests: None,
            folders,
            engine: None,
            known_failures,
            history,
        }
    }
}

/// What a step may know of the run that it is part of.
///
/// ```
/// use dockertest::host::protocol::History;
///
/// let json = r#"{"results":"/r","previous":"docker/subtests/docker_cli/kill.test_1-of-2"}"#;
/// let history: History = serde_json::from_str(json)?;
/// assert_eq!(history.shared(), std::path::Path::new("/r/shared"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct History {
    /// The results folder of the whole run, absolute.
    #[serde(default)]
    pub results: PathBuf,
    /// For an intratest: the folder within the results of the step that it runs after, which is no intratest. Nothing
    /// before the first one that was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// The instance that the step is run in; nothing if that is this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

impl History {
    /// Of a step that nothing was before.
    #[must_use]
    pub fn new(results: impl Into<PathBuf>) -> History {
        History { results: results.into(), ..History::default() }
    }

    /// The same in an instance.
    #[must_use]
    pub fn in_instance(self, instance: impl Into<String>) -> History {
        History { instance: Some(instance.into()), ..self }
    }

    /// The folder for what one step leaves for later ones of the same run in the same instance. It need not exist.
    ///
    /// ```
    /// # use dockertest::host::protocol::History;
    /// let history = History::new("/r");
    /// assert_eq!(history.shared(), std::path::Path::new("/r/shared"));
    /// let inside = history.in_instance("vm/1");
    /// assert_eq!(inside.shared(), std::path::Path::new("/r/shared/in-vm%2f1"));
    /// ```
    #[must_use]
    pub fn shared(&self) -> PathBuf {
        let shared = self.results.join("shared");
        match &self.instance {
            None => shared,
            Some(instance) => shared.join(format!("in-{}", as_file_name(instance))),
        }
    }
}

/// A name that somebody else has chosen, as part of the name of a file.
fn as_file_name(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let part = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") };
    name.bytes().map(part).collect()
}

/// What a host is to do with a subtest.
///
/// ```
/// use dockertest::host::protocol::Mode;
///
/// let mode = Mode::Resume { resume_at: "second half".to_owned(), rebooted: true };
/// assert_eq!(serde_json::to_string(&mode)?, r#"{"resume":{"resume-at":"second half","rebooted":true}}"#);
/// assert_eq!(serde_json::to_string(&Mode::Full)?, r#""full""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[non_exhaustive]
pub enum Mode {
    /// All phases.
    Full,
    /// Only `cleanup`, because an earlier process of this step did not get to it.
    Cleanup {
        /// What became of the earlier process.
        reason: String,
    },
    /// All phases again after a reboot that the subtest asked for.
    Resume {
        /// Where the subtest wanted to be entered.
        resume_at: String,
        /// Whether the machine has been rebooted since.
        rebooted: bool,
    },
}

/// Folders of a step. All exist when the host gets them, and all are absolute.
///
/// ```
/// use dockertest::host::protocol::Folders;
///
/// let json = r#"{"output":"/r/docker/subtests/example.test_1-of-1","tmp":"/r/tmp/0","state":"/r/state"}"#;
/// let folders: Folders = serde_json::from_str(json)?;
/// assert_eq!(folders.tmp.join("work"), std::path::Path::new("/r/tmp/0/work"));
/// # Ok::<(), serde_json::Error>(())
/// ```
// Who runs a step has to make each folder, so a new one is to be noticed: it is not `#[non_exhaustive]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Folders {
    /// The step's results; also the host's working folder.
    pub output: PathBuf,
    /// Empty at the start and removed after the step. Later processes of the step, for its clean-up or after a reboot,
    /// find it as it was left.
    pub tmp: PathBuf,
    /// Kept between runs: holds each subtest's source folder and its version.
    pub state: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The book's page, which tells authors of hosts what to write.
    const PAGE: &str = include_str!("../../../docs/src/protocol.md");

    #[test]
    fn the_page_shows_messages_as_they_are() {
        let mut shown = 0;
        for line in PAGE.lines().map(str::trim_start) {
            if let Some(request) = line.strip_prefix("← ") {
                serde_json::from_str::<RunnerMessage>(request).unwrap();
            } else if line.starts_with("→ ") || line.starts_with('{') {
                serde_json::from_str::<HostMessage>(line.trim_start_matches("→ ")).unwrap();
            } else {
                continue;
            }
            shown += 1;
        }
        assert_eq!(shown, 16);
    }

    #[test]
    fn the_page_shows_every_mode_as_it_is() {
        let resume = Mode::Resume { resume_at: "second half".to_owned(), rebooted: true };
        for mode in [Mode::Full, Mode::Cleanup { reason: "...".to_owned() }, resume] {
            let text = serde_json::to_string(&mode).unwrap();
            assert!(PAGE.contains(&format!("`{text}`")), "{text}");
        }
    }
}
