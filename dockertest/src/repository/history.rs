//! What became of one subtest in all runs, and how long each usually takes.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::index::Index;
use super::line::{Row, Word, decode_name, encode_name, plain, seconds};
use crate::name::TestId;
use crate::verdict::Verdict;

/// How many of the last durations are looked at.
const LAST: usize = 5;

/// What became of a subtest or sub-subtest in one run.
///
/// ```
/// use dockertest::repository::Moment;
///
/// fn is_slow(moment: &Moment) -> bool {
///     moment.seconds > 10.0
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Moment {
    /// The run.
    pub run: String,
    /// When it ended there, in microseconds since 1970-01-01 UTC; of a sub-subtest, when its subtest did.
    pub ended_us: i64,
    /// How far the local time zone was ahead of UTC, in seconds.
    pub utc_offset_seconds: i32,
    /// The engine, as `docker 20.10.24`; empty when none answered.
    pub engine: String,
    /// The program that has run it, or the form of its reports, if the run was loaded.
    pub tool: Option<String>,
    /// Its verdict there.
    pub verdict: Verdict,
    /// The tests after it that found something, with their verdict.
    pub told_on: Vec<(String, Verdict)>,
    /// How long it took on average, in seconds.
    pub seconds: f64,
    /// How often it was started; 0: it was switched off.
    pub started: u32,
}

pub(super) fn history(index: &Index, name: &str) -> Vec<Moment> {
    let text = &index.text;
    let (parent, child) = name.rsplit_once('/').unwrap_or((name, ""));
    let foreign = TestId::Foreign(name.to_owned());
    let foreign = encode_name(&foreign);
    let mut moments = Vec::new();
    for row in &index.rows {
        for word in row.words_if(text, |known| known == name || known == parent || known == foreign) {
            let is_test = word.name == name || word.name == foreign;
            let found = if is_test {
                Some((word.verdict, word.milliseconds))
            } else {
                let mut children = word.children().filter(|(known, ..)| *known == child);
                children.next().map(|(_, verdict, milliseconds)| (verdict, milliseconds))
            };
            moments.extend(found.map(|found| moment(text, row, word, found, is_test)));
        }
    }
    moments
}

fn moment(text: &str, row: &Row, word: Word<'_>, found: (Verdict, u64), is_step: bool) -> Moment {
    let told_on = word.told_on().filter(|_| is_step).map(|(name, verdict)| (name.to_owned(), verdict));
    let run = row.summary(text);
    Moment {
        run: row.run(text).to_owned(),
        ended_us: word.ended_us(row.started_us),
        utc_offset_seconds: run.as_ref().map_or(0, |run| run.utc_offset_seconds),
        engine: plain(row.engine(text)),
        tool: run.and_then(|run| run.loaded).map(|loaded| loaded.tool),
        verdict: found.0,
        told_on: told_on.collect(),
        seconds: seconds(found.1),
        started: word.started,
    }
}

/// The median of the last five durations of each test. What ended before its work was done says nothing.
pub(super) fn durations(index: &Index) -> BTreeMap<TestId, Duration> {
    let mut last: HashMap<&str, Vec<u64>> = HashMap::new();
    for row in index.rows.iter().rev() {
        let lacks_some = |name| last.get(name).is_none_or(|times| times.len() < LAST);
        let words: Vec<Word<'_>> = row.words_if(&index.text, lacks_some).collect();
        for word in words {
            let was_run = word.started > 0 && matches!(word.verdict, Verdict::Good | Verdict::Warn | Verdict::Fail);
            if was_run {
                last.entry(word.name).or_default().push(word.milliseconds);
            }
        }
    }
    let medians = last.into_iter().map(|(name, mut times)| {
        times.sort_unstable();
        (decode_name(name), Duration::from_millis(times[times.len() / 2]))
    });
    medians.collect()
}
