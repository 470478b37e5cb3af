//! A line of the index: a run with all that is asked of it often, so that no journal need be opened.
//!
//! Fields with tabs between them: the run's name, the length of its journal, how far it has come (a letter), when it
//! began, its engine and the rest of its head as JSON, its subtests, and a checksum of all before. JSON has no raw tabs
//! and line ends, so nothing that an engine or a person says can break a line.
//!
//! Subtests are `NAME KIND VERDICT STARTED MILLISECONDS ENDED`, then `+NAME:VERDICT` for each test that tells on it and
//! `NAME:VERDICT:MILLISECONDS` for each sub-subtest, with semicolons between them. Names have none of these characters;
//! those of other programs' tests, which may have any, are written as `=NAME` with `%XX` for all that is not plain.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::summary::{RunIs, RunSummary, StepSummary, Summary};
use crate::journal::Loaded;
use crate::name::{Kind, SubtestName, TestId};
use crate::report::Totals;
use crate::verdict::Verdict;

/// How many tabs a line has.
const TABS: usize = 7;

/// The part of a run's head that is only read to be shown.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    reason: Option<String>,
    verdict: Verdict,
    seconds: f64,
    utc_offset_seconds: i32,
    results: String,
    args: Vec<String>,
    planned: usize,
    totals: Totals,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    matrix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    loaded: Option<Loaded>,
}

/// Where the fields of a line are within the index.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    start: usize,
    tabs: [usize; TABS],
    /// How long the journal was.
    pub(super) bytes: u64,
    pub(super) state: RunIs,
    pub(super) started_us: i64,
    /// Whether the journal was removed to save space.
    pub(super) archived: bool,
}

/// A subtest within a line. Most of it stays text: of some hundred thousand of them one is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'a> {
    pub(super) name: &'a str,
    pub(super) kind: u8,
    pub(super) verdict: Verdict,
    pub(super) started: u32,
    pub(super) milliseconds: u64,
    /// When it ended, in milliseconds after the run began.
    pub(super) ended_ms: i64,
    rest: &'a str,
}

/// The kind of intratests that had no subtests to follow.
pub(super) const LONE_INTRATEST: u8 = b'a';
pub(super) const INTRATEST: u8 = b'i';
/// A subtest of which only some sub-subtests were asked for.
const PART: u8 = b'S';

/// The line of a run, with its end.
pub(super) fn encode(summary: &Summary, bytes: u64) -> String {
    let run = &summary.run;
    let head = Head {
        reason: run.reason.clone(),
        verdict: run.verdict,
        seconds: run.seconds,
        utc_offset_seconds: run.utc_offset_seconds,
        results: run.results.to_string_lossy().into_owned(),
        args: run.args.clone(),
        matrix: run.matrix.clone(),
        planned: run.planned,
        totals: run.totals,
        loaded: run.loaded.clone(),
    };
    // Texts and numbers always have JSON.
    let engine = serde_json::to_string(&run.engine).unwrap_or_default();
    let head = serde_json::to_string(&head).unwrap_or_default();
    let mut line = format!("{}\t{bytes}\t{}\t{}\t{engine}\t{head}\t", run.run, state_letter(run.state), run.started_us);
    for (index, step) in summary.steps.iter().enumerate() {
        if index > 0 {
            line.push(';');
        }
        push_step(&mut line, step, run.started_us, summary.only_intratests);
    }
    let sum = crc32fast::hash(line.as_bytes());
    let _ = writeln!(line, "\t{sum:08x}");
    line
}

fn push_step(line: &mut String, step: &StepSummary, run_started_us: i64, only_intratests: bool) {
    let kind = match step.kind {
        Kind::Pretest => b'p',
        Kind::Subtest if step.is_partial => PART,
        Kind::Subtest => b's',
        Kind::Intratest if only_intratests => LONE_INTRATEST,
        Kind::Intratest => INTRATEST,
        Kind::Posttest => b'o',
    };
    let ended_ms = step.ended_us.saturating_sub(run_started_us).div_euclid(1000);
    let (verdict, milliseconds) = (verdict_letter(step.verdict), milliseconds(step.seconds));
    let name = encode_name(&step.name);
    let _ = write!(line, "{name} {} {verdict} {} {milliseconds} {ended_ms}", char::from(kind), step.started);
    for (name, verdict) in &step.told_on {
        let _ = write!(line, " +{name}:{}", verdict_letter(*verdict));
    }
    for (name, verdict, seconds) in &step.subsubtests {
        // What a foreign host calls its sub-subtests may be anything; one that is no name cannot be asked for.
        if name.parse::<SubtestName>().is_ok_and(|name| name.parent().is_none()) {
            let _ = write!(line, " {name}:{}:{}", verdict_letter(*verdict), self::milliseconds(*seconds));
        }
    }
}

/// The sign of a test of another program. No name of a subtest begins with it.
const FOREIGN: char = '=';

/// A name as it stands in a line. Two names never read the same there.
pub(super) fn encode_name(id: &TestId) -> Cow<'_, str> {
    let name = match id {
        TestId::Subtest(name) => return Cow::Borrowed(name.as_str()),
        TestId::Foreign(name) => name,
    };
    let mut encoded = String::from(FOREIGN);
    for c in name.chars() {
        // The separators of a line are ASCII; no other character can be taken for one.
        if c.is_ascii_alphanumeric() || !c.is_ascii() || "_-./[](),=<>@#'\"".contains(c) {
            encoded.push(c);
        } else {
            let _ = write!(encoded, "%{:02x}", u32::from(c));
        }
    }
    Cow::Owned(encoded)
}

/// The name that was encoded; what no program of ours has written is taken as it is.
pub(super) fn decode_name(text: &str) -> TestId {
    let Some(encoded) = text.strip_prefix(FOREIGN) else {
        return text.parse().map_or_else(|_| TestId::Foreign(text.to_owned()), TestId::Subtest);
    };
    let mut name = String::with_capacity(encoded.len());
    let mut parts = encoded.split('%');
    name.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let code = part.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok()).filter(u8::is_ascii);
        match code {
            Some(code) => {
                name.push(char::from(code));
                name.push_str(&part[2..]);
            }
            None => {
                name.push('%');
                name.push_str(part);
            }
        }
    }
    TestId::Foreign(name)
}

/// Whether a name of a line is that of a test of another program.
pub(super) fn is_foreign(name: &str) -> bool {
    name.starts_with(FOREIGN)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and no time is below zero")]
fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1000.0).round() as u64
}

#[expect(clippy::cast_precision_loss, reason = "exact for all times that a step can take")]
pub(super) fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

const fn verdict_letter(verdict: Verdict) -> char {
    match verdict {
        Verdict::Good => 'G',
        Verdict::TestNa => 'N',
        Verdict::Warn => 'W',
        Verdict::Fail => 'F',
        Verdict::Error => 'E',
        Verdict::Abort => 'A',
    }
}

fn verdict_of(letter: &str) -> Option<Verdict> {
    Verdict::ALL.into_iter().find(|verdict| letter.chars().eq([verdict_letter(*verdict)]))
}

const fn state_letter(state: RunIs) -> char {
    match state {
        RunIs::Running => 'r',
        RunIs::Complete => 'c',
        RunIs::Interrupted => 'i',
        RunIs::CutOff => 'k',
        RunIs::Unreadable => 'u',
    }
}

impl Row {
    /// Finds the fields of a line, which begins at `start` of the index; nothing if it is damaged.
    pub(super) fn parse(line: &str, start: usize, archived: bool) -> Option<Row> {
        let mut tabs = [0; TABS];
        let mut found = memchr::memchr_iter(b'\t', line.as_bytes());
        for tab in &mut tabs {
            *tab = found.next()?;
        }
        let sum = u32::from_str_radix(line.get(tabs[6] + 1..)?, 16).ok()?;
        if found.next().is_some() || sum != crc32fast::hash(&line.as_bytes()[..tabs[6]]) {
            return None;
        }
        let state = match &line[tabs[1] + 1..tabs[2]] {
            "r" => RunIs::Running,
            "c" => RunIs::Complete,
            "i" => RunIs::Interrupted,
            "k" => RunIs::CutOff,
            "u" => RunIs::Unreadable,
            _ => return None,
        };
        let bytes = line[tabs[0] + 1..tabs[1]].parse().ok()?;
        let started_us = line[tabs[2] + 1..tabs[3]].parse().ok()?;
        Some(Row { start, tabs, bytes, state, started_us, archived })
    }

    /// The same row, whether or not its journal is kept.
    pub(super) fn with_archived(self, archived: bool) -> Row {
        Row { archived, ..self }
    }

    fn field<'a>(&self, text: &'a str, number: usize) -> &'a str {
        let begin = if number == 0 { 0 } else { self.tabs[number - 1] + 1 };
        &text[self.start + begin..self.start + self.tabs[number]]
    }

    /// The whole line without its end.
    pub(super) fn line<'a>(&self, text: &'a str) -> &'a str {
        let line = &text[self.start..];
        line.split('\n').next().unwrap_or(line)
    }

    /// The run's name.
    pub(super) fn run<'a>(&self, text: &'a str) -> &'a str {
        self.field(text, 0)
    }

    /// The engine, as JSON: good to compare.
    pub(super) fn engine<'a>(&self, text: &'a str) -> &'a str {
        self.field(text, 4)
    }

    /// Whether it is one of several runs that are compared with each other. Only the head's own names have quotes that are
    /// not escaped.
    pub(super) fn is_in_matrix(&self, text: &str) -> bool {
        self.field(text, 5).contains("\"matrix\":\"")
    }

    /// Whether it was loaded from reports; by the same sign.
    pub(super) fn is_loaded(&self, text: &str) -> bool {
        self.field(text, 5).contains("\"loaded\":{")
    }

    /// Whether it was loaded from reports of a whole suite; by the same sign.
    pub(super) fn is_of_whole_suite(&self, text: &str) -> bool {
        self.field(text, 5).contains("\"complete\":true")
    }

    /// The subtests, as text: good to search.
    pub(super) fn steps<'a>(&self, text: &'a str) -> &'a str {
        self.field(text, 6)
    }

    pub(super) fn words<'a>(&self, text: &'a str) -> impl Iterator<Item = Word<'a>> {
        self.texts(text).filter_map(Word::parse)
    }

    /// The text of each word.
    fn texts<'a>(&self, text: &'a str) -> impl Iterator<Item = &'a str> {
        let steps = self.steps(text);
        let mut begin = 0;
        // Faster than `split`, and of an index of many runs that is most of the time.
        memchr::memchr_iter(b';', steps.as_bytes()).chain([steps.len()]).map(move |end| {
            let word = &steps[begin..end];
            begin = end + 1;
            word
        })
    }

    /// The words whose names are wanted; the others are not looked at any further.
    pub(super) fn words_if<'a>(
        &self,
        text: &'a str,
        mut is_wanted: impl FnMut(&'a str) -> bool,
    ) -> impl Iterator<Item = Word<'a>> {
        let words = self.texts(text).filter(move |word| word.split_once(' ').is_some_and(|(name, _)| is_wanted(name)));
        words.filter_map(Word::parse)
    }

    /// The run, as it is told. The checksum was right, so nothing of it can be missing.
    pub(super) fn summary(&self, text: &str) -> Option<RunSummary> {
        let head: Head = serde_json::from_str(self.field(text, 5)).ok()?;
        Some(RunSummary {
            run: self.run(text).to_owned(),
            state: self.state,
            reason: head.reason,
            verdict: head.verdict,
            started_us: self.started_us,
            seconds: head.seconds,
            utc_offset_seconds: head.utc_offset_seconds,
            engine: plain(self.engine(text)),
            results: PathBuf::from(head.results),
            args: head.args,
            matrix: head.matrix,
            planned: head.planned,
            totals: head.totals,
            loaded: head.loaded,
            has_journal: !self.archived,
        })
    }

    /// All that the line was made of.
    pub(super) fn whole(&self, text: &str) -> Option<Summary> {
        let only_intratests = self.words(text).any(|word| word.kind == LONE_INTRATEST);
        let steps = self.words(text).map(|word| word.summary(self.started_us)).collect();
        Some(Summary { run: self.summary(text)?, steps, only_intratests })
    }
}

/// The text of a JSON text.
pub(super) fn plain(json: &str) -> String {
    serde_json::from_str(json).unwrap_or_default()
}

impl<'a> Word<'a> {
    fn parse(text: &'a str) -> Option<Word<'a>> {
        let mut rest = text;
        // The parts are so short that no search is faster than a look at each byte.
        let mut next = || {
            let end = rest.bytes().position(|byte| byte == b' ').unwrap_or(rest.len());
            let part = &rest[..end];
            rest = rest.get(end + 1..).unwrap_or_default();
            part
        };
        Some(Word {
            name: next(),
            kind: *next().as_bytes().first()?,
            verdict: verdict_of(next())?,
            started: next().parse().ok()?,
            milliseconds: next().parse().ok()?,
            ended_ms: next().parse().ok()?,
            rest,
        })
    }

    /// The tests that tell on it, with their verdict.
    pub(super) fn told_on(&self) -> impl Iterator<Item = (&'a str, Verdict)> {
        let told = self.rest.split(' ').filter_map(|part| part.strip_prefix('+')?.rsplit_once(':'));
        told.filter_map(|(name, verdict)| Some((name, verdict_of(verdict)?)))
    }

    /// The verdict, and those of the tests that tell on it.
    pub(super) fn verdict_with_told(&self) -> Verdict {
        // Most have nobody who tells on them.
        if !self.rest.starts_with('+') {
            return self.verdict;
        }
        self.told_on().map(|(_, verdict)| verdict).fold(self.verdict, Verdict::max)
    }

    /// Its sub-subtests, with verdict and milliseconds.
    pub(super) fn children(&self) -> impl Iterator<Item = (&'a str, Verdict, u64)> {
        let children = self.rest.split(' ').filter(|part| !part.starts_with('+'));
        children.filter_map(|part| {
            let (rest, milliseconds) = part.rsplit_once(':')?;
            let (name, verdict) = rest.rsplit_once(':')?;
            Some((name, verdict_of(verdict)?, milliseconds.parse().ok()?))
        })
    }

    /// Whether only some of its sub-subtests were asked for.
    pub(super) const fn is_partial(&self) -> bool {
        self.kind == PART
    }

    /// When it ended, in microseconds since 1970.
    pub(super) const fn ended_us(&self, run_started_us: i64) -> i64 {
        run_started_us.saturating_add(self.ended_ms.saturating_mul(1000))
    }

    pub(super) fn summary(&self, run_started_us: i64) -> StepSummary {
        let kind = match self.kind {
            b'p' => Kind::Pretest,
            b's' | PART => Kind::Subtest,
            b'o' => Kind::Posttest,
            _ => Kind::Intratest,
        };
        StepSummary {
            name: decode_name(self.name),
            kind,
            is_partial: self.is_partial(),
            verdict: self.verdict,
            started: self.started,
            seconds: seconds(self.milliseconds),
            ended_us: self.ended_us(run_started_us),
            told_on: self.told_on().map(|(name, verdict)| (name.to_owned(), verdict)).collect(),
            subsubtests: self
                .children()
                .map(|(name, verdict, milliseconds)| (name.to_owned(), verdict, seconds(milliseconds)))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::journal::sample::{ended, ending, planned, records, run_ended, run_started, started, step};
    use crate::repository::summary::Gathering;

    fn summary(engine: &str, args: Vec<String>) -> Summary {
        let steps = vec![step("a", "test_1-of-2"), step("b/c", "test_2-of-2")];
        let bad = ending(Verdict::Fail, "x");
        let good = ending(Verdict::Good, "");
        let events =
            [run_started(), planned(steps), started(0, 1), ended(0, good), ended(1, bad), run_ended(Verdict::Fail)];
        let mut summary = Gathering::of(&records(events)).summary(Path::new("/r\te s")).unwrap();
        summary.run.engine = engine.to_owned();
        summary.run.args = args;
        summary
    }

    proptest! {
        #[test]
        fn whatever_people_and_engines_say_comes_back(engine in "\\PC*|.*", args in prop::collection::vec(any::<String>(), 0..3)) {
            let summary = summary(&engine, args);
            let line = encode(&summary, 77);
            prop_assert_eq!(line.matches('\n').count(), 1);
            let row = Row::parse(line.trim_end_matches('\n'), 0, false).unwrap();
            prop_assert_eq!(row.summary(&line).unwrap(), summary.run.clone());
            let steps: Vec<_> = row.words(&line).map(|word| word.summary(row.started_us)).collect();
            prop_assert_eq!(steps, summary.steps);
        }

        #[test]
        fn whatever_others_call_their_tests_comes_back(name in "\\PC*|.*|[ a;:%+=\\t\\n/]*", other in "[ a;:%+=/]{0,3}") {
            let mut summary = summary("", vec![]);
            let (id, other) = (TestId::Foreign(name), TestId::Foreign(other));
            prop_assert_eq!(encode_name(&id) == encode_name(&other), id == other);
            summary.steps[1].name = id;
            let line = encode(&summary, 77);
            prop_assert_eq!(line.matches('\n').count(), 1);
            let row = Row::parse(line.trim_end_matches('\n'), 0, false).unwrap();
            let steps: Vec<_> = row.words(&line).map(|word| word.summary(row.started_us)).collect();
            prop_assert_eq!(steps, summary.steps);
        }

        #[test]
        fn no_damage_goes_unnoticed(at in 0_usize..200, byte in 1_u8..127) {
            let mut line = encode(&summary("docker 1", vec![]), 77).into_bytes();
            line.pop();
            let at = at % line.len();
            prop_assume!(line[at] != byte && line[at].is_ascii() && !(line[at].is_ascii_alphabetic() && line[at].eq_ignore_ascii_case(&byte)));
            line[at] = byte;
            prop_assert_eq!(Row::parse(std::str::from_utf8(&line).unwrap(), 0, false), None);
        }
    }

    #[test]
    fn subsubtests_and_who_tells_on_a_step_come_back() {
        let mut summary = summary("", vec![]);
        summary.steps[0].told_on.push(("garbage_check".to_owned(), Verdict::Warn));
        summary.steps[0].is_partial = true;
        summary.steps[0].subsubtests.push(("one".to_owned(), Verdict::Abort, 0.25));
        let line = encode(&summary, 1);
        let row = Row::parse(line.trim_end(), 0, true).unwrap();
        let word = row.words(&line).next().unwrap();
        assert_eq!(word.summary(row.started_us), summary.steps[0]);
        assert_eq!(word.verdict_with_told(), Verdict::Warn);
        summary.steps[0].subsubtests = vec![("no name:\n".to_owned(), Verdict::Good, 1.0)];
        let line = encode(&summary, 1);
        let row = Row::parse(line.trim_end(), 0, true).unwrap();
        assert_eq!(row.words(&line).map(|word| word.children().count()).collect::<Vec<_>>(), [0, 0]);
    }
}
