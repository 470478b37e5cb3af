//! A text that configuration comes from, taken apart, and the way back from a value to its place.

use super::lines::{Lines, is_blank, is_remark, trim};
use super::parse::{Entry, Parsed, Span, Valueless, first_value, parse};
use super::problem::Problem;
use super::section::Origin;

/// Which of two values counts: the higher one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Layer {
    Shipped,
    /// What a host brings.
    Host,
    Custom,
    CommandLine,
}

impl Layer {
    /// How many there are.
    pub(super) const COUNT: usize = 4;

    /// Whether the user has had no part in it.
    pub(super) fn is_given(self) -> bool {
        matches!(self, Layer::Shipped | Layer::Host)
    }
}

/// A file or an argument of `--set`.
#[derive(Debug)]
pub(super) struct Text {
    /// The file as the user would type it; the argument itself for `--set`.
    pub(super) path: String,
    pub(super) text: String,
    pub(super) layer: Layer,
    pub(super) parsed: Parsed,
}

impl Text {
    /// Takes a file's text apart. Only files named `control.ini` may hold options without a value.
    pub(super) fn of_file(path: String, text: String, layer: Layer) -> Self {
        let is_control = path.rsplit('/').next() == Some("control.ini");
        let parsed = parse(&text, if is_control { Valueless::Accepted } else { Valueless::Refused });
        Text { path, text, layer, parsed }
    }

    /// Whether it has that section.
    pub(super) fn has_section(&self, name: &str) -> bool {
        self.parsed.headers.iter().any(|header| header.name.of(&self.text) == name)
    }

    pub(super) fn entry(&self, index: u32) -> &Entry {
        &self.parsed.entries[index as usize]
    }

    pub(super) fn value(&self, entry: &Entry) -> &str {
        self.parsed.value(&self.text, entry)
    }

    pub(super) fn origin(&self, entry: &Entry) -> Origin {
        match self.layer {
            Layer::CommandLine => Origin::CommandLine { argument: self.path.clone() },
            Layer::Shipped | Layer::Host | Layer::Custom => Origin::File { path: self.path.clone(), line: entry.line },
        }
    }

    /// A problem at a place of this text.
    pub(super) fn problem(&self, span: Span, message: impl Into<String>) -> Problem {
        match self.layer {
            Layer::CommandLine => Problem::in_argument(&self.path, span, message),
            Layer::Shipped | Layer::Host | Layer::Custom => Problem::at(&self.path, &self.text, span, message),
        }
    }

    /// Where in the text a part of a value stands. `from..to` counts bytes of the value; only the part in the line of
    /// `from` is found.
    pub(super) fn locate(&self, entry: &Entry, from: usize, to: usize) -> Span {
        let to = to.min((entry.value.end - entry.value.start) as usize);
        if !entry.joined {
            let start = entry.value.start as usize;
            return Span::new(start + from, start + to);
        }
        let mut passed = 0;
        for (start, end) in self.value_lines(entry) {
            if from <= passed + (end - start) {
                return Span::new(start + from - passed, start + to.min(passed + end - start) - passed);
            }
            passed += end - start + 1;
        }
        entry.name
    }

    /// The places of a value's lines: what the parser joined, found again.
    fn value_lines(&self, entry: &Entry) -> Vec<(usize, usize)> {
        let count = self.value(entry).matches('\n').count() + 1;
        let mut lines = Lines::from(&self.text, entry.name.start as usize, entry.line);
        let mut found = Vec::with_capacity(count);
        if let Some(first) = lines.next() {
            let name_end = entry.name.end as usize;
            let separator = self.text.as_bytes()[name_end..first.end].iter().position(|b| matches!(b, b'=' | b':'));
            found.push(
                separator.map_or((name_end, name_end), |at| first_value(&self.text, name_end + at + 1, first.end)),
            );
        }
        let continued = lines.filter_map(|line| {
            let bytes = &self.text.as_bytes()[line.start..line.end];
            let (start, end) = trim(&self.text, line.start, line.end);
            let counts = start < end && is_blank(bytes[0]) && !is_remark(bytes);
            counts.then_some((start, end))
        });
        found.extend(continued.take(count - 1));
        found
    }
}
