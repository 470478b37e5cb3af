//! All that a host has to know to run a step.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::PROTOCOL;
use crate::config::Section;
use crate::journal::EngineFacts;

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
