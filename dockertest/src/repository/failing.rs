//! The subtests that fail.
//!
//! For each engine and each subtest the last word counts, by the time at which it was spoken; so it does not matter in
//! which order runs come into the index, or how many go on side by side.
//!
//! * A run speaks only of the subtests that it ran. What a filter left out keeps what is known of it.
//! * That something passes is believed only of a complete run, that it fails of every one. So an interruption adds what
//!   was cut off, and takes nothing away.
//! * A subtest that was switched off says nothing.
//! * What a test found after a subtest (its leftovers) is told of that subtest, because running the finder alone, on what
//!   is clean by then, proves nothing.
//! * What failed while no engine answered is forgotten once the subtest has been run on one.

use std::collections::HashMap;

use super::index::Index;
use super::line::{INTRATEST, Row, Word, plain};
use super::summary::RunIs;
use crate::verdict::Verdict;

/// The engine of a run in which none answered, as JSON.
const NONE: &str = "\"\"";

/// A subtest that fails.
///
/// ```
/// use dockertest::repository::FailingStep;
///
/// fn tell(step: &FailingStep) -> String {
///     format!("{} {} in run {}", step.verdict, step.name, step.run)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailingStep {
    /// The name of the subtest.
    pub name: String,
    /// The engine that it fails on, as `docker 20.10.24`; empty when none answered.
    pub engine: String,
    /// Whether that is the engine that was tested last.
    pub is_current: bool,
    /// How it failed last.
    pub verdict: Verdict,
    /// The tests after it that found something, with their verdict.
    pub told_on: Vec<(String, Verdict)>,
    /// The run in which it failed last.
    pub run: String,
    /// When that was, in microseconds since 1970-01-01 UTC.
    pub ended_us: i64,
}

/// The last word about a subtest.
struct Said<'a> {
    ended_us: i64,
    row: &'a Row,
    word: Word<'a>,
}

pub(super) fn failing(index: &Index) -> Vec<FailingStep> {
    let text = &index.text;
    let mut last: HashMap<(&str, &str), Said<'_>> = HashMap::new();
    for row in &index.rows {
        let engine = row.engine(text);
        let is_complete = row.state == RunIs::Complete;
        for word in row.words(text).filter(|word| is_said(*word, is_complete)) {
            let ended_us = word.ended_us(row.started_us);
            let said = last.entry((engine, word.name)).or_insert(Said { ended_us, row, word });
            if said.ended_us <= ended_us {
                *said = Said { ended_us, row, word };
            }
        }
    }
    let current = index.last_row().map(|row| row.engine(text));
    let overruled: HashMap<&str, i64> =
        last.iter().filter(|((engine, _), _)| *engine != NONE).fold(HashMap::new(), |mut latest, ((_, name), said)| {
            let time = latest.entry(*name).or_insert(said.ended_us);
            *time = said.ended_us.max(*time);
            latest
        });
    let fails = last.iter().filter(|((engine, name), said)| {
        let is_overruled = *engine == NONE && overruled.get(name).is_some_and(|later| *later > said.ended_us);
        !said.word.verdict_with_told().is_passed() && !is_overruled
    });
    let mut failing: Vec<FailingStep> = fails
        .map(|((engine, name), said)| FailingStep {
            name: (*name).to_owned(),
            engine: plain(engine),
            is_current: *engine == NONE || Some(*engine) == current,
            verdict: said.word.verdict,
            told_on: said.word.told_on().map(|(name, verdict)| (name.to_owned(), verdict)).collect(),
            run: said.row.run(text).to_owned(),
            ended_us: said.ended_us,
        })
        .collect();
    failing.sort_by(|a, b| (&a.name, &a.engine).cmp(&(&b.name, &b.engine)));
    failing
}

/// Whether the run's word about a subtest counts.
fn is_said(word: Word<'_>, is_complete: bool) -> bool {
    let was_run_or_fails = word.started > 0 || !word.verdict.is_passed();
    let is_believed = is_complete || !word.verdict_with_told().is_passed();
    // What intratests find is told of the subtest that they follow, if they follow any.
    word.kind != INTRATEST && was_run_or_fails && is_believed
}

impl Index {
    /// The run that began last, of those that have stopped and can be read.
    pub(super) fn last_row(&self) -> Option<&Row> {
        self.rows.iter().rev().find(|row| !matches!(row.state, RunIs::Running | RunIs::Unreadable))
    }
}
