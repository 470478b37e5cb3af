//! One run of a subtest under a fault, or without one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::config::Configuration;
use crate::engine::DEFAULT_PATH;
use crate::journal::{self, Event};
use crate::name::SubtestName;
use crate::outcome::Ending;
use crate::verdict::Verdict;

use super::fault::{BadFault, Fault, PLAIN};
use super::wrapper;

/// A run of a subtest under a fault, or without one. It has a folder of its own below the matrix's:
/// `docker_cli/kill/sends_nothing`, with the program that stands in for the engine's command line and the results.
///
/// ```
/// use dockertest::faults::Trial;
///
/// // dockertest run --args=docker_cli/kill/sigstop --results results/faults/docker_cli/kill/plain/results
/// fn command(trial: &Trial) -> String {
///     format!("dockertest run --args={} --results {}", trial.arguments().join(","), trial.results().display())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trial {
    /// The subtest.
    pub subtest: SubtestName,
    /// The fault; without one, the engine is as it is.
    pub fault: Option<Fault>,
    /// The sub-subtests to run, by the last component of their names; none stands for all.
    pub subsubtests: Vec<String>,
    /// The trial's folder.
    pub folder: PathBuf,
}

/// How a trial ended.
///
/// ```
/// use dockertest::faults::TrialResult;
///
/// // docker_cli/kill: ERROR under sends_nothing, expected FAIL
/// fn complaint(seen: &TrialResult) -> Option<String> {
///     let fault = seen.fault.as_ref()?;
///     // Only FAIL says that the engine broke its promise.
///     (!seen.is_right()).then(|| format!("{}: {} under {fault}, expected FAIL", seen.subtest, seen.verdict))
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct TrialResult {
    /// The subtest.
    pub subtest: SubtestName,
    /// The fault's name; nothing for the run without a fault.
    pub fault: Option<String>,
    /// The promise that the fault breaks.
    pub promise: String,
    /// The subtest's verdict.
    pub verdict: Verdict,
    /// Its reason.
    pub reason: String,
    /// How long the subtest took.
    pub seconds: f64,
    /// The results folder of the trial's run.
    pub results: PathBuf,
}

impl TrialResult {
    /// Whether it ended as it should: `GOOD` without a fault, `FAIL` under one.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.verdict == if self.fault.is_some() { Verdict::Fail } else { Verdict::Good }
    }
}

/// Why a trial cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unprepared {
    #[error(transparent)]
    Fault(#[from] BadFault),
    #[error("cannot {what} `{}`: {source}", path.display())]
    Io { what: &'static str, path: PathBuf, source: io::Error },
}

impl Trial {
    /// The name of the folder of a trial within that of its subtest.
    pub(super) fn folder_name(fault: Option<&Fault>) -> &str {
        fault.map_or(PLAIN, |fault| &fault.name)
    }

    /// What to run: the names for `--args`.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        if self.subsubtests.is_empty() {
            return vec![self.subtest.to_string()];
        }
        self.subsubtests.iter().map(|name| format!("{}/{name}", self.subtest)).collect()
    }

    /// The results folder of its run.
    #[must_use]
    pub fn results(&self) -> PathBuf {
        self.folder.join("results")
    }

    /// Where the program is that stands in for the engine's command line.
    fn program(&self) -> PathBuf {
        self.folder.join("docker")
    }

    /// What the program would be, whether it is there or not. Nothing without a fault.
    fn program_text(&self, configuration: &Configuration) -> Option<String> {
        let section = configuration.section(self.subtest.as_str());
        let docker = section.get("docker_path").filter(|path| !path.is_empty()).unwrap_or(DEFAULT_PATH);
        Some(wrapper::text(self.fault.as_ref()?, docker, &self.state()))
    }

    fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// Makes its folder and program; gives back the arguments of `--set` by which they are used.
    pub(super) fn prepare(&self, configuration: &Configuration) -> Result<Vec<String>, Unprepared> {
        let io = |what, path: &Path| {
            let path = path.to_owned();
            move |source| Unprepared::Io { what, path, source }
        };
        fs::create_dir_all(&self.folder).map_err(io("make the folder", &self.folder))?;
        let (Some(fault), Some(text)) = (&self.fault, self.program_text(configuration)) else { return Ok(Vec::new()) };
        fault.check()?;
        let (state, program) = (self.state(), self.program());
        match fs::remove_dir_all(&state) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io("clear", &state)(error)),
            _ => {}
        }
        fs::create_dir(&state).map_err(io("make the folder", &state))?;
        wrapper::write(&program, &text).map_err(io("write", &program))?;
        wrapper::check(&program, fault)?;
        let value = program.to_string_lossy().replace('%', "%%");
        // A sub-subtest may have a program of its own in its section.
        let sections = std::iter::once(self.subtest.to_string()).chain(self.children_with_sections(configuration));
        Ok(sections.map(|section| format!("{section}.docker_path={value}")).collect())
    }

    fn children_with_sections(&self, configuration: &Configuration) -> Vec<String> {
        let own = format!("{}/", self.subtest);
        configuration.sections().filter(|name| name.starts_with(&own)).map(str::to_owned).collect()
    }

    /// How it ended, if its run is complete, was of the same fault, and was not interrupted.
    pub(super) fn earlier(&self, configuration: &Configuration) -> Option<TrialResult> {
        if let Some(text) = self.program_text(configuration)
            && fs::read_to_string(self.program()).ok()? != text
        {
            return None;
        }
        self.result().filter(|result| result.verdict != Verdict::Abort)
    }

    /// How it ended, by its journal; nothing if it is not complete.
    pub(super) fn result(&self) -> Option<TrialResult> {
        let reading = journal::read(&self.results().join(journal::FILE_NAME)).ok()?;
        let events = || reading.records.iter().map(|record| &record.event);
        if !events().any(|event| matches!(event, Event::RunEnded(_))) {
            return None;
        }
        events().rev().find_map(|event| match event {
            Event::StepEnded(end) => Some(self.ended(&end.ending)),
            _ => None,
        })
    }

    fn ended(&self, ending: &Ending) -> TrialResult {
        TrialResult {
            subtest: self.subtest.clone(),
            fault: self.fault.as_ref().map(|fault| fault.name.clone()),
            promise: self.fault.as_ref().map(|fault| fault.promise().to_owned()).unwrap_or_default(),
            verdict: ending.verdict,
            reason: ending.reason.clone(),
            seconds: ending.seconds,
            results: self.results(),
        }
    }

    /// How it ended, if it could not be run.
    pub(super) fn not_run(&self, reason: String) -> TrialResult {
        self.ended(&Ending::new(Verdict::Error, reason))
    }
}
