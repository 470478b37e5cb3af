//! Several runs side by side: the same suite on many engines, and what is different.

mod html;
mod text;

use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;

use super::RunState;
use super::state::{Standing, StepState};
use super::text::first_line;
use super::under_test::UnderTest;
use crate::journal::EngineFacts;
use crate::name::Kind;
use crate::outcome::{Ending, Evidence};
use crate::verdict::Verdict;

/// The runs of one suite, each on an engine of its own, compared.
///
/// ```
/// # use dockertest::{journal, report::RunState};
/// use dockertest::report::Comparison;
///
/// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
/// let state = RunState::of(&journal::read(&results.join(journal::FILE_NAME))?.records);
/// let compared = Comparison::of([("docker-20.10", &state), ("docker-28.5", &state)]);
/// assert!(compared.rows.iter().all(|row| !row.differs()), "the same run twice");
/// assert!(compared.table().contains("docker_cli/version"));
/// # Ok::<(), journal::ReadFailure>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Comparison {
    /// The runs, in the order in which they were given.
    pub engines: Vec<ComparedEngine>,
    /// The subtests and sub-subtests of all runs, in the order of the first run that has them.
    pub rows: Vec<ComparedRow>,
}

/// A run on one engine.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct ComparedEngine {
    /// What the user calls the engine.
    pub name: String,
    /// What it said about itself, if it was asked.
    pub facts: Option<EngineFacts>,
    /// Which one it is, in a line as every report has it: command and options, flavor, version, address, whose it is.
    pub under_test: Option<String>,
    /// The verdict of the run; at least `ABORT` if it is not complete.
    pub verdict: Verdict,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Why it is not complete, if it is not.
    pub incomplete: Option<String>,
}

/// A subtest or a sub-subtest.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct ComparedRow {
    /// Its name, for example `docker_cli/kill` or `docker_cli/kill/sigstop`.
    pub name: String,
    /// When it runs.
    pub kind: Kind,
    /// Whether it is a part of the row before it that has no such mark.
    pub is_subsubtest: bool,
    /// How it ended on each engine, in the order of the engines; nothing where it was not run.
    pub cells: Vec<Option<ComparedCell>>,
}

/// How a subtest or a sub-subtest ended on an engine.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct ComparedCell {
    /// The verdict.
    pub verdict: Verdict,
    /// The first line of the reason.
    pub reason: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The check that failed, if a check decided the verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Box<Evidence>>,
    /// The description of the known failure that excused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_failure: Option<String>,
}

impl Comparison {
    /// Compares runs; each comes with the name of its engine.
    pub fn of<'a>(runs: impl IntoIterator<Item = (&'a str, &'a RunState)>) -> Comparison {
        let runs: Vec<(&str, &RunState)> = runs.into_iter().collect();
        let engines = runs.iter().map(|(name, state)| ComparedEngine::of(name, state)).collect();
        let mut rows: Vec<ComparedRow> = Vec::new();
        for (column, (_, state)) in runs.iter().enumerate() {
            for found in state.steps.iter().flat_map(found_in) {
                let at = place(&mut rows, &found, runs.len());
                let cell = &mut rows[at].cells[column];
                // A subtest may be run several times, as the ones after each subtest are: then the worst counts.
                if cell.as_ref().is_none_or(|earlier| earlier.verdict < found.cell.verdict) {
                    *cell = Some(found.cell);
                }
            }
        }
        Comparison { engines, rows }
    }

    /// The rows in which engines differ, or any is not as it should be.
    pub fn remarkable(&self) -> impl Iterator<Item = &ComparedRow> {
        self.rows
            .iter()
            .filter(|row| row.differs() || row.cells.iter().flatten().any(|cell| cell.verdict != Verdict::Good))
    }

    /// Each verdict that is not `GOOD`, by row, and engines that did the same together. A subtest whose sub-subtests say it
    /// is left out.
    fn explanations(&self) -> Vec<Explanation<'_>> {
        let mut found: Vec<Explanation<'_>> = Vec::new();
        for (at, row) in self.rows.iter().enumerate() {
            let children = self.rows[at + 1..].iter().take_while(|child| !row.is_subsubtest && child.is_subsubtest);
            let children: Vec<&ComparedRow> = children.collect();
            let first_of_row = found.len();
            for (column, cell) in row.cells.iter().enumerate() {
                let Some(cell) = cell.as_ref().filter(|cell| cell.verdict != Verdict::Good) else { continue };
                let told =
                    |child: &&ComparedRow| child.cells[column].as_ref().is_some_and(|it| it.verdict == cell.verdict);
                if children.iter().any(told) {
                    continue;
                }
                let likeness = cell.likeness(&self.engines[column]);
                match found[first_of_row..].iter_mut().find(|earlier| earlier.likeness == likeness) {
                    Some(earlier) => earlier.columns.push(column),
                    None => found.push(Explanation { row: at, columns: vec![column], cell, likeness }),
                }
            }
        }
        found
    }

    /// The engines that an explanation is about.
    fn names(&self, explanation: &Explanation<'_>) -> String {
        let names = explanation.columns.iter().map(|column| self.engines[*column].name.as_str());
        names.collect::<Vec<_>>().join(", ")
    }

    /// The worst verdict of all runs; at least `ABORT` if one is not complete.
    #[must_use]
    pub fn worst(&self) -> Verdict {
        self.engines.iter().map(|engine| engine.verdict).max().unwrap_or(Verdict::Good)
    }
}

impl ComparedEngine {
    fn of(name: &str, state: &RunState) -> ComparedEngine {
        let incomplete = match &state.standing {
            Standing::Ended { .. } => None,
            Standing::Interrupted { reason } => Some(reason.clone()),
            Standing::Running => Some("the run goes on, or was cut off".to_owned()),
        };
        let (facts, seconds) = (state.engine.clone(), state.seconds());
        let under_test = UnderTest::of(state).map(|engine| engine.told());
        let verdict = if incomplete.is_some() { state.verdict().max(Verdict::Abort) } else { state.verdict() };
        ComparedEngine { name: name.to_owned(), facts, under_test, verdict, seconds, incomplete }
    }

    /// Which one it is, or that nobody knows.
    fn told(&self) -> &str {
        self.under_test.as_deref().unwrap_or("it has not been asked")
    }

    /// Flavor and version, as the engine itself says.
    #[must_use]
    pub fn version(&self) -> String {
        match &self.facts {
            Some(facts) if facts.problem.is_none() => format!("{} {}", facts.flavor, facts.version),
            _ => "unknown".to_owned(),
        }
    }
}

impl ComparedRow {
    /// Whether the verdicts are not all the same.
    #[must_use]
    pub fn differs(&self) -> bool {
        let verdict = |cell: &Option<ComparedCell>| cell.as_ref().map(|cell| cell.verdict);
        self.cells.windows(2).any(|pair| verdict(&pair[0]) != verdict(&pair[1]))
    }
}

impl ComparedCell {
    fn of(ending: &Ending) -> ComparedCell {
        ComparedCell {
            verdict: ending.verdict,
            reason: first_line(&ending.reason).to_owned(),
            seconds: ending.seconds,
            evidence: ending.evidence.clone(),
            known_failure: ending.known_failure.clone(),
        }
    }

    /// Two engines did the same if these are the same: all that is said, without what is another one in each run.
    fn likeness(&self, engine: &ComparedEngine) -> (Verdict, Vec<String>) {
        let evidence = self.evidence.as_deref().cloned().unwrap_or_default();
        let Evidence { command, expected, seen, difference, help } = evidence;
        let parts = [Some(self.reason.clone()), self.known_failure.clone(), command, expected, seen, difference, help];
        // The folder of the results has the engine's name. As a word alone it is none: it may be `1`.
        let folder = format!("/{}/", engine.name);
        let version = engine.facts.as_ref().map_or("", |facts| &facts.version);
        let without = |text: String| {
            let text = without_word(&text.replace(&folder, "/"), version);
            MADE_UP.replace_all(&text, "").into_owned()
        };
        (self.verdict, parts.into_iter().map(|part| part.map(without).unwrap_or_default()).collect())
    }
}

/// What engines did that is not `GOOD`, once for those that did the same.
struct Explanation<'c> {
    row: usize,
    /// The engines, in their order.
    columns: Vec<usize>,
    /// What the first of them did.
    cell: &'c ComparedCell,
    likeness: (Verdict, Vec<String>),
}

/// What is another one in each run: the end of a name that was made up for an object, the engine's ids of it, and how long
/// something took.
static MADE_UP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"-[0-9a-f]{8}\b|\b(?:[0-9a-f]{64}|[0-9a-f]{12})\b|\b[0-9]+\.[0-9]+ s\b").expect("it is a pattern")
});

/// The text without a word, wherever it is not a part of a longer one.
fn without_word(text: &str, word: &str) -> String {
    if word.is_empty() {
        return text.to_owned();
    }
    let is_border = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let mut kept = String::with_capacity(text.len());
    let mut begin = 0;
    for (at, _) in text.match_indices(word) {
        let end = at + word.len();
        if is_border(text[..at].chars().next_back()) && is_border(text[end..].chars().next()) {
            kept.push_str(&text[begin..at]);
            begin = end;
        }
    }
    kept.push_str(&text[begin..]);
    kept
}

/// What a run has for a row.
struct Found {
    name: String,
    kind: Kind,
    /// The name of its subtest, for a sub-subtest.
    of: Option<String>,
    cell: ComparedCell,
}

/// A step that has ended, then its sub-subtests.
fn found_in(step: &StepState) -> Vec<Found> {
    let (name, kind) = (step.planned.name.to_string(), step.planned.kind);
    let Some(ending) = &step.ending else { return Vec::new() };
    let itself = Found { name: name.clone(), kind, of: None, cell: ComparedCell::of(ending) };
    let children = step.subsubtests.iter().filter_map(|child| {
        let cell = ComparedCell::of(child.ending.as_ref()?);
        Some(Found { name: format!("{name}/{}", child.name), kind, of: Some(name.clone()), cell })
    });
    std::iter::once(itself).chain(children).collect()
}

/// The row of something that was found; a new one stands behind the others of its subtest.
fn place(rows: &mut Vec<ComparedRow>, found: &Found, columns: usize) -> usize {
    let is_its = |row: &ComparedRow| row.kind == found.kind && row.name == found.name;
    if let Some(at) = rows.iter().position(is_its) {
        return at;
    }
    let family = |row: &ComparedRow| {
        let belongs = |of: &String| row.name == *of || (row.is_subsubtest && row.name.starts_with(&format!("{of}/")));
        row.kind == found.kind && found.of.as_ref().is_some_and(belongs)
    };
    let at = rows.iter().rposition(family).map_or(rows.len(), |last| last + 1);
    let (name, kind) = (found.name.clone(), found.kind);
    rows.insert(at, ComparedRow { name, kind, is_subsubtest: found.of.is_some(), cells: vec![None; columns] });
    at
}

#[cfg(test)]
mod tests;
