//! The subtests that fail.
//!
//! For each engine and each subtest the last word counts, by the time at which it was spoken; so it does not matter in
//! which order runs come into the index, or how many go on side by side.
//!
//! * A run speaks only of the subtests that it ran. What a filter left out keeps what is known of it. So does a sub-subtest
//!   that failed and was not among those that were asked for: its subtest fails until it has passed, too.
//! * That something passes is believed only of a complete run, that it fails of every one. So an interruption adds what
//!   was cut off, and takes nothing away.
//! * A subtest that was switched off says nothing.
//! * What a test found after a subtest (its leftovers) is told of that subtest, because running the finder alone, on what
//!   is clean by then, proves nothing.
//! * What failed while no engine answered is forgotten once the subtest has been run on one.
//! * Tests of other programs, whose runs were loaded, follow the same rules, but of them that something passes is believed
//!   of every run: nothing is run after them that could tell on them. They are none of an engine.
//! * What a report of a whole suite does not name any more is no test any more.

use std::collections::{BTreeMap, HashMap};

use super::index::Index;
use super::line::{INTRATEST, LONE_INTRATEST, Row, Word, decode_name, is_foreign, plain};
use super::summary::RunIs;
use super::whole::Whole;
use crate::name::TestId;
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
    /// The name of the subtest, or of a test of another program.
    pub name: TestId,
    /// The engine that it fails on, as `docker 20.10.24`; empty when none answered, or the test is none of an engine.
    pub engine: String,
    /// Whether that is the [current engine](super::Repository::current_engine), or it is none of an engine.
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

/// A word about a subtest.
#[derive(Clone, Copy)]
struct Said<'a> {
    ended_us: i64,
    row: &'a Row,
    word: Word<'a>,
}

/// What counts of all that was said about a subtest.
#[derive(Default)]
struct Known<'a> {
    /// The last word about all of it.
    whole: Option<Said<'a>>,
    /// Those about some of its sub-subtests, in no order.
    parts: Vec<Said<'a>>,
}

impl<'a> Known<'a> {
    fn add(&mut self, said: Said<'a>) {
        if said.word.is_partial() {
            self.parts.push(said);
        } else if self.whole.is_none_or(|whole| whole.ended_us <= said.ended_us) {
            self.whole = Some(said);
        }
    }

    fn last_us(&self) -> i64 {
        self.whole.iter().chain(&self.parts).map(|said| said.ended_us).max().unwrap_or(i64::MIN)
    }

    /// The last word that it fails, unless it has passed since.
    fn failure(&self) -> Option<Said<'a>> {
        let mut parts: Vec<Said<'a>> = self.parts.clone();
        parts.retain(|part| self.whole.is_none_or(|whole| whole.ended_us < part.ended_us));
        parts.sort_by_key(|part| part.ended_us);
        // What failed by itself, and the sub-subtests that did.
        let mut own = None;
        let mut children: BTreeMap<&str, Said<'a>> = BTreeMap::new();
        for said in self.whole.into_iter().chain(parts) {
            let is_believed = said.row.state == RunIs::Complete;
            own = (!said.word.verdict_with_told().is_passed()).then_some(said);
            for (child, verdict, _) in said.word.children() {
                if !verdict.is_passed() {
                    children.insert(child, said);
                } else if is_believed {
                    children.remove(child);
                }
            }
        }
        own.into_iter().chain(children.into_values()).max_by_key(|said| said.ended_us)
    }
}

pub(super) fn failing(index: &Index) -> Vec<FailingStep> {
    let text = &index.text;
    let mut engines: HashMap<&str, HashMap<&str, Known<'_>>> = HashMap::new();
    let whole = Whole::of(index);
    for row in &index.rows {
        let is_complete = row.state == RunIs::Complete;
        let said = row.words(text).filter(|word| is_said(*word, is_complete));
        for word in said.filter(|word| !whole.forgets(row, *word, text)) {
            let ended_us = word.ended_us(row.started_us);
            let known = engines.entry(engine_of(row, word, text)).or_default();
            known.entry(word.name).or_default().add(Said { ended_us, row, word });
        }
    }
    let known: Vec<(&str, &str, Known<'_>)> = engines
        .into_iter()
        .flat_map(|(engine, known)| known.into_iter().map(move |(name, known)| (engine, name, known)))
        .collect();
    let current = index.last_of_an_engine().map(|row| row.engine(text));
    let overruled: HashMap<&str, i64> =
        known.iter().filter(|(engine, ..)| *engine != NONE).fold(HashMap::new(), |mut latest, (_, name, known)| {
            let time = latest.entry(*name).or_insert(i64::MIN);
            *time = known.last_us().max(*time);
            latest
        });
    let fails = known.iter().filter_map(|(engine, name, known)| {
        let is_overruled = *engine == NONE && overruled.get(name).is_some_and(|later| *later > known.last_us());
        known.failure().filter(|_| !is_overruled).map(|said| (*engine, *name, said))
    });
    let mut failing: Vec<FailingStep> = fails
        .map(|(engine, name, said)| FailingStep {
            name: decode_name(name),
            engine: plain(engine),
            is_current: engine == NONE || Some(engine) == current,
            verdict: said.word.verdict,
            told_on: said.word.told_on().map(|(name, verdict)| (name.to_owned(), verdict)).collect(),
            run: said.row.run(text).to_owned(),
            ended_us: said.ended_us,
        })
        .collect();
    failing.sort_by(|a, b| (&a.name, &a.engine).cmp(&(&b.name, &b.engine)));
    failing
}

/// The engine that a run's word is about. A report of ours may have been loaded with those of others: they are about none.
pub(super) fn engine_of<'a>(row: &Row, word: Word<'_>, text: &'a str) -> &'a str {
    if is_foreign(word.name) { NONE } else { row.engine(text) }
}

/// Whether the run's word about a subtest counts.
fn is_said(word: Word<'_>, is_complete: bool) -> bool {
    let was_run_or_fails = word.started > 0 || !word.verdict.is_passed();
    // Tests of other programs have nobody who tells on them later.
    let is_believed = is_complete || is_foreign(word.name) || !word.verdict_with_told().is_passed();
    // What intratests find is told of the subtest that they follow, if they follow any. Of other programs, only what is
    // no test is one: it cannot be run again, so nothing would take it back.
    let is_told = word.kind == INTRATEST || (word.kind == LONE_INTRATEST && is_foreign(word.name));
    !is_told && was_run_or_fails && is_believed
}

impl Index {
    /// The run that began last, of those that have stopped and can be read.
    pub(super) fn last_row(&self) -> Option<&Row> {
        self.stopped().next()
    }

    /// The same without runs in which no engine answered, or whose reports name none: they say nothing about any. Whoever
    /// compares engines goes on with the one of before.
    pub(super) fn last_of_an_engine(&self) -> Option<&Row> {
        let of_an_engine = || self.stopped().filter(|row| row.engine(&self.text) != NONE);
        of_an_engine().find(|row| !row.is_in_matrix(&self.text)).or_else(|| of_an_engine().next())
    }

    /// The runs that have stopped and can be read, the last one first.
    fn stopped(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().rev().filter(|row| !matches!(row.state, RunIs::Running | RunIs::Unreadable))
    }
}
