//! What is known about each rule.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// The rules, in the order of the calls that show them: a short name, and what the host does that keeps it.
pub(super) const RULES: [(&str, &str); 27] = [
    ("starts", "it can be started"),
    ("list-hello", "`list` begins with `hello`"),
    ("protocol-number", "`hello` has the number of this protocol"),
    ("api-version", "`hello` has an API version that this program can run"),
    ("list-messages", "`list` says nothing but `hello`, `subtest`, `config`, `log` and `listed`"),
    ("list-complete", "`list` ends with `listed`, and nothing comes after it"),
    ("list-count", "`listed` says how many subtests there were"),
    ("names", "the names of sub-subtests are valid"),
    ("no-duplicates", "every subtest and every sub-subtest is listed once"),
    ("no-complaint", "it does not say itself that something is wrong with it"),
    ("config", "the defaults that it brings can be read, and are about its own subtests only"),
    ("list-exit", "`list` exits with status 0, within 2 s after `listed`"),
    ("unknown-name", "a subtest that it does not hold ends `ERROR`"),
    ("bad-request", "a line that is no request ends `ERROR`"),
    ("other-protocol", "a request of another protocol ends `ERROR`"),
    ("waits", "nothing but `hello` comes before the request"),
    ("end-before-request", "it exits when standard input ends before there is a request"),
    ("run-hello", "`run` begins with `hello`"),
    ("run-ended", "`run` ends with one `ended` or `reboot`, and nothing comes after it"),
    ("run-messages", "`run` says nothing that only belongs to `list`, and only of sub-subtests that were listed"),
    ("run-exit", "`run` exits with status 0, within 2 s after its last message"),
    ("cleanup", "in mode `cleanup` it enters no phase but `cleanup`, and ends"),
    ("cancel", "it stops when it is asked to, within the time that it is given"),
    ("end-of-input", "when standard input ends, it ends too, within 2 s"),
    ("only-messages", "standard output holds nothing but messages, one a line, in UTF-8, each with a line end"),
    ("line-length", "no line is longer than 1 MiB"),
    ("leaves-nothing", "when it has exited, none of its processes is left"),
];

/// How it stands with a rule.
///
/// ```
/// use dockertest::host::Outcome;
///
/// let outcome = Outcome::Broken { seen: "it names 3 subtests and says 5".to_owned() };
/// assert_eq!(outcome.to_string(), "broken");
/// assert_eq!(Outcome::Holds.to_string(), "holds");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
#[non_exhaustive]
pub enum Outcome {
    /// It is kept, as far as was seen.
    Holds,
    /// It is not.
    Broken {
        /// What was seen.
        seen: String,
    },
    /// Nothing is known about it.
    NotTried {
        /// Why.
        why: String,
    },
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Outcome::Holds => "holds",
            Outcome::Broken { .. } => "broken",
            Outcome::NotTried { .. } => "not tried",
        })
    }
}

/// A rule, and how it stands with it.
///
/// ```
/// use dockertest::host::{HostCheck, HostProgram};
///
/// let report = HostCheck::new(HostProgram::new("/no/such/host")).run()?;
/// let first = &report.findings[0];
/// assert_eq!((first.rule, first.says), ("starts", "it can be started"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The rule's short name.
    pub rule: &'static str,
    /// What a host does that keeps it.
    pub says: &'static str,
    /// Whether this one does.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What was found out about a host.
///
/// ```
/// use dockertest::host::{HostCheck, HostProgram};
///
/// let report = HostCheck::new(HostProgram::new("/no/such/host")).run()?;
/// assert_eq!(report.broken().count(), 1);
/// assert!(report.to_string().starts_with("broken     it can be started\n             No such file"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HostReport {
    /// The host's file.
    pub host: PathBuf,
    /// What it calls itself, if it has said so.
    pub program: Option<String>,
    /// All rules, in the order of the protocol.
    #[serde(rename = "rules")]
    pub findings: Vec<Finding>,
}

impl HostReport {
    /// Whether no rule is broken.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.broken().next().is_none()
    }

    /// The rules that are broken.
    pub fn broken(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| matches!(finding.outcome, Outcome::Broken { .. }))
    }
}

impl fmt::Display for HostReport {
    /// A line for each rule, what was seen below it, and a line with the numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { says, outcome, .. } in &self.findings {
            writeln!(f, "{outcome:<9}  {says}")?;
            if let Outcome::Broken { seen: text } | Outcome::NotTried { why: text } = outcome {
                for line in text.lines() {
                    writeln!(f, "{:<13}{line}", "")?;
                }
            }
        }
        let count = |wanted: &str| self.findings.iter().filter(|found| found.outcome.to_string() == wanted).count();
        let (holds, broken, not_tried) = (count("holds"), count("broken"), count("not tried"));
        write!(f, "{} rules: {holds} hold, {broken} broken, {not_tried} not tried", self.findings.len())
    }
}

/// Outcomes by rule. The first that is broken stands.
#[derive(Debug, Default)]
pub(super) struct Findings(BTreeMap<&'static str, Outcome>);

impl Findings {
    pub(super) fn holds(&mut self, rule: &'static str) {
        self.0.entry(rule).or_insert(Outcome::Holds);
    }

    pub(super) fn broken(&mut self, rule: &'static str, seen: impl Into<String>) {
        let outcome = self.0.entry(rule).or_insert(Outcome::Holds);
        if !matches!(outcome, Outcome::Broken { .. }) {
            *outcome = Outcome::Broken { seen: seen.into() };
        }
    }

    pub(super) fn not_tried(&mut self, rule: &'static str, why: impl Into<String>) {
        self.0.entry(rule).or_insert_with(|| Outcome::NotTried { why: why.into() });
    }

    /// Broken if anything was seen, else it holds.
    pub(super) fn unless(&mut self, rule: &'static str, seen: Option<String>) {
        match seen {
            Some(seen) => self.broken(rule, seen),
            None => self.holds(rule),
        }
    }

    /// None of the rules from that one on, as far as nothing is known of them, was tried.
    pub(super) fn not_tried_from(&mut self, rule: &str, why: &str) {
        for (rule, _) in RULES.iter().skip_while(|(name, _)| *name != rule) {
            self.not_tried(rule, why);
        }
    }

    pub(super) fn into_list(mut self) -> Vec<Finding> {
        let finding = |(rule, says): (&'static str, &'static str)| {
            let outcome = self.0.remove(rule);
            let why = "nothing was said that would show it".to_owned();
            Finding { rule, says, outcome: outcome.unwrap_or(Outcome::NotTried { why }) }
        };
        RULES.into_iter().map(finding).collect()
    }
}
