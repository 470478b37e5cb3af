//! Names of subtests and steps. A name is a place: `docker_cli/version` is the module
//! `subtests/docker_cli/version`, its configuration section and what `--args` selects.
//!
//! ```
//! use dockertest::name::{Kind, SubtestName};
//!
//! let name: SubtestName = "docker_cli/version".parse()?;
//! assert_eq!(format!("{}/{name}", Kind::Subtest.folder()), "subtests/docker_cli/version");
//! # Ok::<(), dockertest::name::BadName>(())
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a subtest or sub-subtest (either is a *subthing*): path components joined by `/`.
///
/// A component consists of ASCII letters, digits, `_`, `-` and `.`, and does not start with `.`, so a name is
/// always safe as a relative path.
///
/// ```
/// use dockertest::name::SubtestName;
///
/// let name: SubtestName = "docker_cli/kill/sigstop".parse()?;
/// assert_eq!(name.last(), "sigstop");
/// assert_eq!(name.parent().unwrap().as_str(), "docker_cli/kill");
/// assert!("../etc".parse::<SubtestName>().is_err());
/// # Ok::<(), dockertest::name::BadName>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SubtestName(String);

/// A text that cannot be the name of a subtest.
///
/// ```
/// use dockertest::name::SubtestName;
///
/// let bad = "docker_cli/run -d".parse::<SubtestName>().unwrap_err();
/// assert!(bad.to_string().starts_with("`docker_cli/run -d` is not a subtest name: ` ` is not allowed"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{name}` is not a subtest name: {problem} \
     (a name is path components of letters, digits, `_`, `-` and `.`, joined by `/`)"
)]
pub struct BadName {
    name: String,
    problem: String,
}

impl SubtestName {
    /// The name as text, for example `docker_cli/version`.
    ///
    /// ```
    /// # use dockertest::name::SubtestName;
    /// let name: SubtestName = "docker_cli/version".parse()?;
    /// assert_eq!(name.as_str(), "docker_cli/version");
    /// # Ok::<(), dockertest::name::BadName>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last component: `version` of `docker_cli/version`.
    ///
    /// ```
    /// # use dockertest::name::SubtestName;
    /// assert_eq!("docker_cli/version".parse::<SubtestName>()?.last(), "version");
    /// assert_eq!("example".parse::<SubtestName>()?.last(), "example");
    /// # Ok::<(), dockertest::name::BadName>(())
    /// ```
    #[must_use]
    pub fn last(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The name without its last component, or nothing for a name of one component.
    ///
    /// ```
    /// # use dockertest::name::SubtestName;
    /// let version: SubtestName = "docker_cli/version".parse()?;
    /// let folder = version.parent().unwrap();
    /// assert_eq!(folder.as_str(), "docker_cli");
    /// assert_eq!(folder.parent(), None);
    /// # Ok::<(), dockertest::name::BadName>(())
    /// ```
    #[must_use]
    pub fn parent(&self) -> Option<SubtestName> {
        self.0.rsplit_once('/').map(|(parent, _)| SubtestName(parent.to_owned()))
    }

    /// The name of a child: `docker_cli/kill` and `sigstop` give `docker_cli/kill/sigstop`.
    ///
    /// # Errors
    /// [`BadName`] when `child` is not a valid name itself.
    ///
    /// ```
    /// # use dockertest::name::SubtestName;
    /// let kill: SubtestName = "docker_cli/kill".parse()?;
    /// assert_eq!(kill.join("sigstop")?.as_str(), "docker_cli/kill/sigstop");
    /// assert!(kill.join("..").is_err());
    /// # Ok::<(), dockertest::name::BadName>(())
    /// ```
    pub fn join(&self, child: &str) -> Result<SubtestName, BadName> {
        format!("{}/{child}", self.0).parse()
    }
}

impl SubtestName {
    /// A place whose name reminds of any text: of several texts it may be the same.
    pub(crate) fn like(text: &str) -> SubtestName {
        let fit = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.') { c } else { '_' };
        let name: String = text.trim_start_matches('.').chars().take(100).map(fit).collect();
        SubtestName(if name.is_empty() { "_".to_owned() } else { name })
    }
}

impl FromStr for SubtestName {
    type Err = BadName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let bad = |problem: String| BadName { name: name.to_owned(), problem };
        for component in name.split('/') {
            if component.is_empty() {
                return Err(bad("it has an empty component".to_owned()));
            }
            if component.starts_with('.') {
                return Err(bad(format!("component `{component}` starts with a dot")));
            }
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            if let Some(c) = component.chars().find(|c| !allowed(*c)) {
                return Err(bad(format!("`{}` is not allowed", c.escape_debug())));
            }
        }
        Ok(SubtestName(name.to_owned()))
    }
}

impl TryFrom<String> for SubtestName {
    type Error = BadName;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl From<SubtestName> for String {
    fn from(name: SubtestName) -> Self {
        name.0
    }
}

impl fmt::Display for SubtestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The name of a test that a run tells of.
///
/// ```
/// use dockertest::name::TestId;
///
/// let ours = TestId::from("docker_cli/kill".parse::<dockertest::name::SubtestName>()?);
/// let other = TestId::Foreign("tests.test_x.TestY::test_z[param 1]".to_owned());
/// assert!(ours.subtest().is_some() && other.subtest().is_none());
/// assert_eq!(other.to_string(), "tests.test_x.TestY::test_z[param 1]");
/// # Ok::<(), dockertest::name::BadName>(())
/// ```
// A test is of this suite or it is not: so this is not `#[non_exhaustive]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TestId {
    /// A subtest: `--args` takes its name.
    Subtest(SubtestName),
    /// A test of another program, whose run was loaded: any text.
    Foreign(String),
}

impl TestId {
    /// The name as text.
    ///
    /// ```
    /// # use dockertest::name::TestId;
    /// assert_eq!(TestId::Foreign("krate::it works".to_owned()).as_str(), "krate::it works");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            TestId::Subtest(name) => name.as_str(),
            TestId::Foreign(name) => name,
        }
    }

    /// The subtest, if it is one.
    #[must_use]
    pub const fn subtest(&self) -> Option<&SubtestName> {
        match self {
            TestId::Subtest(name) => Some(name),
            TestId::Foreign(_) => None,
        }
    }
}

impl From<SubtestName> for TestId {
    fn from(name: SubtestName) -> Self {
        TestId::Subtest(name)
    }
}

impl fmt::Display for TestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// When a step runs: before everything, in its turn, after every subtest, or after everything.
///
/// ```
/// use dockertest::name::Kind;
///
/// let folders = Kind::ALL.map(Kind::folder);
/// assert_eq!(folders, ["pretests", "subtests", "intratests", "posttests"]);
/// ```
// The folders of a run are made of these; another kind would be another product: so this is not `#[non_exhaustive]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Runs once, before the first subtest.
    Pretest,
    /// An ordinary subtest.
    Subtest,
    /// Runs after every subtest.
    Intratest,
    /// Runs once, after everything else.
    Posttest,
}

impl Kind {
    /// All kinds, in the order in which a run starts with them.
    pub const ALL: [Kind; 4] = [Kind::Pretest, Kind::Subtest, Kind::Intratest, Kind::Posttest];

    /// The folder that holds tests of this kind, for example `subtests`.
    ///
    /// ```
    /// # use dockertest::name::Kind;
    /// assert_eq!(Kind::Pretest.folder(), "pretests");
    /// ```
    #[must_use]
    pub const fn folder(self) -> &'static str {
        match self {
            Kind::Pretest => "pretests",
            Kind::Subtest => "subtests",
            Kind::Intratest => "intratests",
            Kind::Posttest => "posttests",
        }
    }

    /// The word for one test of this kind, for example `subtest`.
    ///
    /// ```
    /// # use dockertest::name::Kind;
    /// assert_eq!(Kind::Intratest.as_str(), "intratest");
    /// assert_eq!(format!("{:>10}", Kind::Subtest), "   subtest");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Pretest => "pretest",
            Kind::Subtest => "subtest",
            Kind::Intratest => "intratest",
            Kind::Posttest => "posttest",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The number of a step within its run: 0 is the first step of the plan.
///
/// ```
/// use dockertest::name::StepId;
///
/// let (first, second) = (StepId(0), StepId(1));
/// assert!(first < second);
/// assert_eq!(second.to_string(), "1");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub u32);

impl StepId {
    /// The step as an index into the plan's list of steps.
    ///
    /// ```
    /// # use dockertest::name::StepId;
    /// let steps = ["docker_cli/version", "example"];
    /// assert_eq!(steps[StepId(1).index()], "example");
    /// ```
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::one("example")]
    #[case::deep("docker_cli/kill/run_sigproxy-2.x")]
    fn names_that_are_paths_are_accepted(#[case] name: &str) {
        assert_eq!(name.parse::<SubtestName>().unwrap().as_str(), name);
    }

    #[rstest]
    #[case::nothing("", "_")]
    #[case::dots("..", "_")]
    #[case::a_path("../etc/passwd", "_etc_passwd")]
    #[case::of_pytest("tests.test_x.TestY::test_z[ü 1]", "tests.test_x.TestY__test_z___1_")]
    fn any_text_has_a_place(#[case] text: &str, #[case] place: &str) {
        let name = SubtestName::like(text);
        assert_eq!((name.as_str(), name.as_str().parse()), (place, Ok(name.clone())));
    }

    #[rstest]
    #[case::empty("")]
    #[case::rooted("/a")]
    #[case::trailing("a/")]
    #[case::double("a//b")]
    #[case::up("a/../b")]
    #[case::hidden(".a")]
    #[case::blank("a b")]
    #[case::newline("a\nb")]
    fn names_that_could_leave_their_folder_are_refused(#[case] name: &str) {
        assert!(name.parse::<SubtestName>().is_err());
    }
}
