//! Figures about all runs.

use std::collections::HashMap;
use std::path::Path;

use super::failing::engine_of;
use super::index::Index;
use super::line::{decode_name, plain};
use super::store;
use super::summary::RunIs;
use crate::name::TestId;
use crate::report::Totals;

/// Figures about all runs of a repository.
///
/// ```
/// # use dockertest::repository::Repository;
/// # let folder = tempfile::tempdir()?;
/// # let repository = Repository::create(&folder.path().join(".dockertest"))?;
/// let stats = repository.stats();
/// assert_eq!((stats.runs, stats.complete, stats.first_us), (0, 0, None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// How many runs there are.
    pub runs: usize,
    /// How many of them are complete.
    pub complete: usize,
    /// How many of them are complete and passed.
    pub passed: usize,
    /// How many steps ended with each verdict.
    pub totals: Totals,
    /// How long all runs took together, in seconds.
    pub seconds: f64,
    /// When the first one began, in microseconds since 1970-01-01 UTC.
    pub first_us: Option<i64>,
    /// When the last one began, in microseconds since 1970-01-01 UTC.
    pub last_us: Option<i64>,
    /// How many of them were loaded from reports.
    pub loaded: usize,
    /// How many runs there are for each engine, most first; without those that were loaded from reports that name none.
    pub engines: Vec<(String, usize)>,
    /// How many journals are kept, and how many bytes they have.
    pub journals: (usize, u64),
    /// The subtests that changed between passing and failing on one engine, most often first.
    pub unsteady: Vec<Unsteady>,
}

/// A subtest that changed between passing and failing.
///
/// ```
/// use dockertest::repository::Unsteady;
///
/// fn is_flaky(subtest: &Unsteady) -> bool {
///     subtest.changes * 4 > subtest.runs
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unsteady {
    /// The name of the subtest, or of a test of another program.
    pub name: TestId,
    /// How often a run on the same engine said otherwise than the one before.
    pub changes: usize,
    /// In how many runs it was run.
    pub runs: usize,
}

pub(super) fn stats(index: &Index, repository: &Path) -> Stats {
    let text = &index.text;
    let mut stats = Stats { runs: index.rows.len(), ..Stats::default() };
    let mut engines: HashMap<&str, usize> = HashMap::new();
    let mut passing: HashMap<(&str, &str), bool> = HashMap::new();
    let mut counts: HashMap<&str, (usize, usize)> = HashMap::new();
    for row in &index.rows {
        let mut is_of_an_engine = row.state != RunIs::Unreadable;
        if let Some(run) = row.summary(text) {
            stats.loaded += usize::from(run.loaded.is_some());
            is_of_an_engine &= run.loaded.is_none() || !run.engine.is_empty();
            let is_complete = run.state == RunIs::Complete;
            stats.complete += usize::from(is_complete);
            stats.passed += usize::from(is_complete && run.verdict.is_passed());
            stats.totals.add(&run.totals);
            stats.seconds += run.seconds;
        }
        if is_of_an_engine {
            *engines.entry(row.engine(text)).or_default() += 1;
        }
        if row.state != RunIs::Unreadable {
            stats.first_us = stats.first_us.or(Some(row.started_us));
            stats.last_us = Some(row.started_us);
        }
        for word in row.words(text).filter(|word| word.started > 0) {
            let passes = word.verdict.is_passed();
            let count = counts.entry(word.name).or_default();
            count.0 += 1;
            let before = passing.insert((engine_of(row, word, text), word.name), passes);
            count.1 += usize::from(before.is_some_and(|before| before != passes));
        }
    }
    stats.engines = engines.into_iter().map(|(engine, count)| (plain(engine), count)).collect();
    stats.engines.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    let unsteady = counts.into_iter().filter(|(_, (_, changes))| *changes > 0);
    stats.unsteady =
        unsteady.map(|(name, (runs, changes))| Unsteady { name: decode_name(name), changes, runs }).collect();
    stats.unsteady.sort_by(|a, b| (b.changes, &a.name).cmp(&(a.changes, &b.name)));
    let with_journal = index.rows.iter().filter(|row| !row.archived);
    let lengths = with_journal.filter_map(|row| store::length(&store::journal(repository, row.run(text))));
    stats.journals = lengths.fold((0, 0), |(count, bytes), length| (count + 1, bytes + length));
    stats
}
