//! What the readers of reports have in common: the tests that a report tells of.

use std::collections::BTreeMap;

use crate::journal::EngineFacts;
use crate::name::{Kind, SubtestName};
use crate::outcome::{Ending, Level};

/// How many tests a report may have: each costs memory.
pub(super) const MOST_TESTS: usize = 1_000_000;

/// How much of each output of a test is kept, in bytes.
const OUTPUT_BYTES: usize = 1 << 20;

/// What a report tells.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) tests: Vec<Test>,
    /// The program that has run them, or the form of the report.
    pub(super) tool: &'static str,
    /// What the engine was, if this is a report of our own.
    pub(super) engine: Option<EngineFacts>,
    /// What belongs to no test.
    pub(super) output: Vec<String>,
    /// What is odd, in words.
    pub(super) notes: Vec<String>,
    /// Why the run was not complete, if it was not.
    pub(super) incomplete: Option<String>,
    /// The machine that it was run on.
    pub(super) hostname: String,
    /// When it began and ended, where that is told.
    pub(super) began_us: Option<i64>,
    pub(super) ended_us: Option<i64>,
    /// How long it took, in seconds, where that is told.
    pub(super) seconds: Option<f64>,
    /// When the report was written.
    pub(super) written_us: Option<i64>,
}

/// A test that a report tells of.
#[derive(Debug, Clone)]
pub(super) struct Test {
    pub(super) who: Who,
    /// How it ended; nothing for one of ours that did not.
    pub(super) ending: Option<Ending>,
    /// Whether it was started.
    pub(super) was_run: bool,
    pub(super) started_us: Option<i64>,
    pub(super) ended_us: Option<i64>,
    pub(super) worker: Option<u32>,
    pub(super) instance: Option<String>,
    pub(super) output: Vec<Line>,
    /// Other facts by name.
    pub(super) facts: BTreeMap<String, String>,
    /// The sub-subtests of one of ours.
    pub(super) children: Vec<Child>,
}

/// Whose test it is.
#[derive(Debug, Clone)]
pub(super) enum Who {
    /// One of another program.
    Foreign(String),
    /// What is told like a test of another program, but is none: that a process ended badly, for example.
    NoTest(String),
    /// A step of ours; the tag if it is known.
    Ours(Kind, SubtestName, Option<String>),
}

/// A sub-subtest of one of our own steps.
#[derive(Debug, Clone)]
pub(super) struct Child {
    pub(super) name: String,
    /// How it ended; nothing if it did not.
    pub(super) ending: Option<Ending>,
    pub(super) output: Vec<Line>,
}

/// Something that a test has written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) level: Level,
    pub(super) text: String,
}

impl Test {
    pub(super) fn new(who: Who) -> Test {
        Test {
            who,
            ending: None,
            was_run: true,
            started_us: None,
            ended_us: None,
            worker: None,
            instance: None,
            output: Vec::new(),
            facts: BTreeMap::new(),
            children: Vec::new(),
        }
    }

    /// How long it took, in seconds.
    pub(super) fn seconds(&self) -> f64 {
        self.ending.as_ref().map_or(0.0, |ending| ending.seconds)
    }
}

impl Line {
    /// An output under its name.
    pub(super) fn output(name: &str, text: &str) -> Option<Line> {
        let text = shortened(text.trim_end());
        (!text.is_empty()).then(|| Line { level: Level::Info, text: format!("{name}:\n{text}") })
    }

    /// The lines of a log of ours: each begins with its level, and may have more lines.
    pub(super) fn of_log(text: &str) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        for line in text.lines() {
            let level = Level::ALL
                .into_iter()
                .find_map(|level| Some((level, line.strip_prefix(level.as_str())?.strip_prefix(": ")?)));
            match (level, lines.last_mut()) {
                (Some((level, text)), _) => lines.push(Line { level, text: text.to_owned() }),
                (None, Some(last)) => {
                    last.text.push('\n');
                    last.text.push_str(line.strip_prefix("        ").unwrap_or(line));
                }
                (None, None) => lines.push(Line { level: Level::Info, text: line.to_owned() }),
            }
        }
        lines
    }
}

/// A text without its middle, if it is too long to be kept; it says so.
pub(super) fn shortened(text: &str) -> String {
    if text.len() <= OUTPUT_BYTES {
        return text.to_owned();
    }
    let head = text.floor_char_boundary(OUTPUT_BYTES / 2);
    let tail = text.ceil_char_boundary(text.len() - OUTPUT_BYTES / 2);
    format!("{}\n… {} bytes are left out …\n{}", &text[..head], tail - head, &text[tail..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_of_ours_has_its_levels_again() {
        let lines = Line::of_log("WARNING: one\n        two\nINFO: three\n");
        let expected = [(Level::Warning, "one\ntwo"), (Level::Info, "three")];
        assert_eq!(lines, expected.map(|(level, text)| Line { level, text: text.to_owned() }));
        assert_eq!(Line::of_log("plain"), [Line { level: Level::Info, text: "plain".to_owned() }]);
    }

    #[test]
    fn a_long_output_loses_its_middle_and_says_so() {
        let long = "ü".repeat(OUTPUT_BYTES);
        let short = shortened(&long);
        assert!(short.len() < OUTPUT_BYTES + 100 && short.contains("bytes are left out") && short.starts_with('ü'));
        assert_eq!(shortened("as it is"), "as it is");
    }
}
