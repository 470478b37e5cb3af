//! What will be done.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::name::{Kind, SubtestName, TestId};
use crate::outcome::{Ending, finite};

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
    /// The steps, in order. A step's [`StepId`](crate::name::StepId) is its index here.
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
