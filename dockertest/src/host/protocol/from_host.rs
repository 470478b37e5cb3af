//! What a host says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::PROTOCOL;
use crate::faults::Fault;
use crate::journal::Iteration;
use crate::name::{Kind, SubtestName};
use crate::outcome::{Ending, Level, Phase};
use crate::version::{API_VERSION, ApiVersion};

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
        /// Where it wants to be entered again: handed back in [`Mode::Resume`](super::Mode::Resume).
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
