//! `results.json`: what a program wants to know about a run. The book has its schema.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::state::{RunState, Standing, StepState, SubsubtestState};
use super::time::{rfc3339, rounded};
use super::under_test::UnderTest;
use crate::journal::{EngineFacts, Loaded};
use crate::name::{Kind, SubtestName};
use crate::outcome::{Ending, Evidence, Phase};
use crate::verdict::Verdict;

/// The results of a run, complete or not.
///
/// What the file holds, made from the journal and read back:
///
/// ```
/// use dockertest::journal;
/// use dockertest::report::{Results, RunState};
/// use dockertest::verdict::Verdict;
///
/// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
/// let records = journal::read(&results.join(journal::FILE_NAME))?.records;
/// let text = Results::of(&RunState::of(&records)).to_json();
/// let results: Results = serde_json::from_str(&text)?;
/// assert_eq!(results.verdict, Verdict::Fail);
/// assert_eq!(results.started, "2027-01-15T08:00:00Z");
/// assert!(results.pending.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Results {
    /// The API version of the program that began the run.
    pub version: String,
    /// The run's name.
    pub run: String,
    /// `complete`, `interrupted` (can be resumed), or `running` (or cut off).
    pub state: String,
    /// Why it was interrupted, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interruption: Option<String>,
    /// The worst verdict of the steps that have ended; `GOOD` when there are none.
    pub verdict: Verdict,
    /// When it began, by RFC 3339.
    pub started: String,
    /// When it ended or was interrupted, by RFC 3339.
    pub ended: Option<String>,
    /// How long it took, in seconds, without the time between sessions.
    pub seconds: f64,
    /// How many steps ended with each verdict.
    pub totals: Totals,
    /// Every value of `--args`, as typed.
    pub args: Vec<String>,
    /// Where it is from, if this program did not run it itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loaded: Option<Loaded>,
    /// The machine that it ran on.
    pub host: HostResult,
    /// What the engine under test said about itself, if it was asked.
    pub engine: Option<EngineResult>,
    /// The steps that have ended, in order of the plan.
    pub steps: Vec<StepResult>,
    /// The folders of the steps that have not ended, in order of the plan.
    pub pending: Vec<String>,
}

/// How many steps ended with each verdict.
///
/// ```
/// # use dockertest::{journal, report::RunState};
/// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
/// # let state = RunState::of(&journal::read(&results.join(journal::FILE_NAME))?.records);
/// use dockertest::report::Totals;
/// use dockertest::verdict::Verdict;
///
/// let totals = Totals::of(&state);
/// assert_eq!((totals.good, totals.fail), (1, 1));
/// assert_eq!(totals.count(Verdict::Fail), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub struct Totals {
    /// Steps that ended as `GOOD`: the engine kept its promise.
    pub good: u32,
    /// Steps that ended as `TEST_NA`: the test does not apply here.
    pub test_na: u32,
    /// Steps that ended as `WARN`: kept, but somebody should look.
    pub warn: u32,
    /// Steps that ended as `FAIL`: the engine broke its promise.
    pub fail: u32,
    /// Steps that ended as `ERROR`: the test could not do its job.
    pub error: u32,
    /// Steps that ended as `ABORT`: the host or the runner died, or time ran out.
    pub abort: u32,
}

/// The machine that a run was made on.
///
/// ```
/// # use dockertest::{journal, report::RunState};
/// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
/// # let state = RunState::of(&journal::read(&results.join(journal::FILE_NAME))?.records);
/// use dockertest::report::Results;
///
/// let host = Results::of(&state).host;
/// let json = r#"{"hostname":"bench","boot_id":"b007","utc_offset_seconds":0}"#;
/// assert_eq!(serde_json::to_string(&host)?, json);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HostResult {
    /// Its name.
    pub hostname: String,
    /// The kernel's name for the boot; it differs after a reboot.
    pub boot_id: String,
    /// How far its local time was ahead of UTC, in seconds.
    pub utc_offset_seconds: i32,
}

/// The engine under test.
///
/// ```
/// # use dockertest::{journal, report::RunState};
/// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
/// # let state = RunState::of(&journal::read(&results.join(journal::FILE_NAME))?.records);
/// use dockertest::report::Results;
///
/// let engine = Results::of(&state).engine.expect("the engine was asked");
/// assert_eq!((engine.flavor.as_str(), engine.version.as_str()), ("docker", "20.10.24"));
/// assert_eq!(engine.problem, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EngineResult {
    /// Where it was asked.
    pub address: String,
    /// `docker` or `podman`; empty when it did not answer.
    pub flavor: String,
    /// Its version; empty when it did not answer.
    pub version: String,
    /// The version of the API that it speaks; empty when it did not answer.
    pub api_version: String,
    /// Other facts by name.
    pub facts: BTreeMap<String, String>,
    /// Why it did not answer, if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What made the instances that it runs in: `capsule`, `callout`; nothing if it is the one that is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Whose it is, in words: the system's, our own, or of instances of somebody else.
    #[serde(default)]
    pub whose: String,
}

/// A step that has ended.
///
/// ```
/// # use dockertest::{journal, report::RunState};
/// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
/// # let state = RunState::of(&journal::read(&results.join(journal::FILE_NAME))?.records);
/// use dockertest::report::Results;
/// use dockertest::verdict::Verdict;
///
/// let results = Results::of(&state);
/// let failed = results.steps.iter().find(|step| step.verdict == Verdict::Fail).expect("a step failed");
/// assert_eq!(failed.name.as_str(), "docker_cli/version");
/// let evidence = failed.evidence.as_ref().expect("a check decided");
/// assert_eq!(evidence.seen.as_deref(), Some("20.10.23"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepResult {
    /// The name of the subtest. Of a test of another program, a place that is made of its name.
    pub name: SubtestName,
    /// The name of the test of another program whose run was loaded; nothing for a subtest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign: Option<String>,
    /// When it runs.
    pub kind: Kind,
    /// Its verdict.
    pub verdict: Verdict,
    /// Why, in words; may have several lines.
    pub reason: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Its folder within the results.
    pub folder: String,
    /// When it was first started, by RFC 3339; nothing when it never was.
    pub started: Option<String>,
    /// When it ended, by RFC 3339.
    pub ended: Option<String>,
    /// How often it was started.
    pub attempts: u32,
    /// The worker that ran it last, if there were several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<u32>,
    /// The instance that it ran in last; nothing if that was this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The phase that decided the verdict, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// The check that failed, if a check decided the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// The description of the known failure that turned a `FAIL` into this `WARN`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_failure: Option<String>,
    /// Its sub-subtests, in the order in which they began.
    pub subsubtests: Vec<SubsubtestResult>,
}

/// A sub-subtest of a step that has ended.
///
/// ```
/// # use dockertest::{journal, report::RunState};
/// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
/// # let state = RunState::of(&journal::read(&results.join(journal::FILE_NAME))?.records);
/// use dockertest::report::Results;
///
/// let step = &Results::of(&state).steps[1];
/// let names: Vec<_> = step.subsubtests.iter().map(|subsubtest| subsubtest.name.as_str()).collect();
/// assert_eq!((step.name.as_str(), names), ("subexample", vec!["one", "two"]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SubsubtestResult {
    /// The last component of its name.
    pub name: String,
    /// Its verdict; `ABORT` for one that did not come to its end.
    pub verdict: Verdict,
    /// Why, in words; may have several lines.
    pub reason: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The phase that decided the verdict, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// The check that failed, if a check decided the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// The description of the known failure that turned a `FAIL` into this `WARN`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_failure: Option<String>,
}

impl Results {
    /// The results as far as they are known.
    #[must_use]
    pub fn of(state: &RunState) -> Results {
        let beginning = state.beginning.as_ref();
        let (word, interruption) = match &state.standing {
            Standing::Running => ("running", None),
            Standing::Interrupted { reason } => ("interrupted", Some(reason.clone())),
            Standing::Ended { .. } => ("complete", None),
        };
        Results {
            version: beginning.map(|run| run.api_version.to_string()).unwrap_or_default(),
            run: beginning.map(|run| run.run.clone()).unwrap_or_default(),
            state: word.to_owned(),
            interruption,
            verdict: state.verdict(),
            started: rfc3339(state.started_us),
            ended: (state.standing != Standing::Running).then(|| rfc3339(state.last_us)),
            seconds: rounded(state.seconds()),
            totals: Totals::of(state),
            args: beginning.map(|run| run.invocation.args.clone()).unwrap_or_default(),
            loaded: beginning.and_then(|run| run.loaded.as_deref().cloned()),
            host: HostResult {
                hostname: state.session.hostname.clone(),
                boot_id: state.session.boot_id.clone(),
                utc_offset_seconds: state.session.utc_offset_seconds,
            },
            engine: EngineResult::of_run(state),
            steps: state.endings().map(|(step, ending)| StepResult::of(step, ending)).collect(),
            pending: pending(state).map(|step| step.planned.label()).collect(),
        }
    }

    /// The text of `results.json`.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Only maps with keys that are no text, and own serializers, can fail; there are none here.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

fn pending(state: &RunState) -> impl Iterator<Item = &StepState> {
    state.steps.iter().filter(|step| step.ending.is_none())
}

impl Totals {
    /// Counts the steps that have ended.
    #[must_use]
    pub fn of(state: &RunState) -> Totals {
        Totals::count_all(state.endings().map(|(_, ending)| ending.verdict))
    }

    /// Counts verdicts.
    pub(crate) fn count_all(verdicts: impl IntoIterator<Item = Verdict>) -> Totals {
        let mut totals = Totals::default();
        for verdict in verdicts {
            *totals.count_mut(verdict) += 1;
        }
        totals
    }

    /// Adds others.
    pub(crate) const fn add(&mut self, other: &Totals) {
        self.good += other.good;
        self.test_na += other.test_na;
        self.warn += other.warn;
        self.fail += other.fail;
        self.error += other.error;
        self.abort += other.abort;
    }

    /// How many steps ended.
    ///
    /// ```
    /// # use dockertest::{journal, report::RunState};
    /// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
    /// # let state = RunState::of(&journal::read(&results.join(journal::FILE_NAME))?.records);
    /// use dockertest::report::Totals;
    ///
    /// assert_eq!(Totals::of(&state).total(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn total(&self) -> u32 {
        self.good + self.test_na + self.warn + self.fail + self.error + self.abort
    }

    /// How many steps ended with this verdict.
    #[must_use]
    pub const fn count(&self, verdict: Verdict) -> u32 {
        match verdict {
            Verdict::Good => self.good,
            Verdict::TestNa => self.test_na,
            Verdict::Warn => self.warn,
            Verdict::Fail => self.fail,
            Verdict::Error => self.error,
            Verdict::Abort => self.abort,
        }
    }

    const fn count_mut(&mut self, verdict: Verdict) -> &mut u32 {
        match verdict {
            Verdict::Good => &mut self.good,
            Verdict::TestNa => &mut self.test_na,
            Verdict::Warn => &mut self.warn,
            Verdict::Fail => &mut self.fail,
            Verdict::Error => &mut self.error,
            Verdict::Abort => &mut self.abort,
        }
    }
}

impl EngineResult {
    pub(super) fn of_run(state: &RunState) -> Option<EngineResult> {
        let whose = UnderTest::of(state)?.whose();
        let provider = state.provider.clone();
        state.engine.as_ref().map(|facts| EngineResult { provider, whose, ..EngineResult::of(facts) })
    }

    fn of(facts: &EngineFacts) -> EngineResult {
        EngineResult {
            provider: None,
            whose: String::new(),
            address: facts.address.clone(),
            flavor: facts.flavor.clone(),
            version: facts.version.clone(),
            api_version: facts.api_version.clone(),
            facts: facts.facts.clone(),
            problem: facts.problem.clone(),
        }
    }
}

impl StepResult {
    pub(super) fn of(step: &StepState, ending: &Ending) -> StepResult {
        StepResult {
            name: step.planned.name.clone(),
            foreign: step.planned.foreign.clone(),
            kind: step.planned.kind,
            verdict: ending.verdict,
            reason: ending.reason.clone(),
            seconds: rounded(ending.seconds),
            folder: step.planned.folder(),
            started: step.started_us.map(rfc3339),
            ended: step.ended_us.map(rfc3339),
            attempts: step.attempts,
            worker: step.worker,
            instance: step.instance.clone(),
            phase: ending.phase,
            evidence: ending.evidence.as_deref().cloned(),
            known_failure: ending.known_failure.clone(),
            subsubtests: step.subsubtests.iter().map(SubsubtestResult::of).collect(),
        }
    }
}

impl SubsubtestResult {
    fn of(subsubtest: &SubsubtestState) -> SubsubtestResult {
        let cut_off = || Ending::new(Verdict::Abort, "did not come to its end");
        let ending = subsubtest.ending.clone().unwrap_or_else(cut_off);
        SubsubtestResult {
            name: subsubtest.name.clone(),
            verdict: ending.verdict,
            reason: ending.reason,
            seconds: rounded(ending.seconds),
            phase: ending.phase,
            evidence: ending.evidence.map(|evidence| *evidence),
            known_failure: ending.known_failure,
        }
    }
}
