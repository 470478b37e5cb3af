//! Reports of whole suites: a test that such a report does not name any more is no test any more, so nothing that was said
//! of it before counts.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::index::Index;
use super::line::{Row, Word, is_foreign};
use super::summary::RunIs;

/// The last report of each whole suite.
pub(super) struct Whole<'a> {
    suites: Vec<Suite<'a>>,
    /// The programs of each run that was loaded; of others nobody has to know.
    tools: HashMap<&'a str, BTreeSet<String>>,
}

struct Suite<'a> {
    tools: BTreeSet<String>,
    began_us: i64,
    engine: &'a str,
    names: HashSet<&'a str>,
}

impl<'a> Whole<'a> {
    pub(super) fn of(index: &'a Index) -> Whole<'a> {
        let text = &index.text;
        let mut last: HashMap<(BTreeSet<String>, &str), &Row> = HashMap::new();
        // The last one counts: rows are in order of their beginning.
        for row in index.rows.iter().filter(|row| row.state == RunIs::Complete && row.is_of_whole_suite(text)) {
            last.insert((tools(row, text), row.engine(text)), row);
        }
        // As a rule there are none, and no head is parsed.
        let loaded = index.rows.iter().filter(|row| !last.is_empty() && row.is_loaded(text));
        let tools = loaded.map(|row| (row.run(text), self::tools(row, text))).collect();
        let suite = |((tools, engine), row): ((BTreeSet<String>, &'a str), &Row)| {
            let names = row.words(text).map(|word| word.name).collect();
            Suite { tools, began_us: row.started_us, engine, names }
        };
        Whole { suites: last.into_iter().map(suite).collect(), tools }
    }

    /// Whether a later report of the whole suite does not name the test any more. Only words of the same programs' reports are
    /// asked for, and of subtests only those about the same engine.
    pub(super) fn forgets(&self, row: &Row, word: Word<'_>, text: &str) -> bool {
        let Some(tools) = self.tools.get(row.run(text)) else { return false };
        let ended_us = word.ended_us(row.started_us);
        self.suites.iter().any(|suite| {
            ended_us <= suite.began_us
                && tools.is_subset(&suite.tools)
                && (is_foreign(word.name) || suite.engine == row.engine(text))
                && !suite.names.contains(word.name)
        })
    }
}

/// The programs whose reports became the run.
fn tools(row: &Row, text: &str) -> BTreeSet<String> {
    let loaded = row.summary(text).and_then(|run| run.loaded);
    loaded.map(|loaded| loaded.tool.split(", ").map(str::to_owned).collect()).unwrap_or_default()
}
