//! Lines and blanks of an INI file, by the rules of the dialect: only ASCII blanks count, a line ends with `\n`, and
//! the `\r` before it is a blank like others.

/// A line without its line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: u32,
    /// Where it starts, in bytes.
    pub(super) start: usize,
    /// Where its `\n` is, or the end of the text.
    pub(super) end: usize,
}

/// The lines of a text. A mark of the byte order at its start is skipped.
#[derive(Debug, Clone)]
pub(super) struct Lines<'a> {
    text: &'a str,
    start: usize,
    number: u32,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Lines { text, start: if text.starts_with('\u{feff}') { 3 } else { 0 }, number: 0 }
    }

    /// The lines from a place that is the start of line `number`.
    pub(super) fn from(text: &'a str, start: usize, number: u32) -> Self {
        Lines { text, start, number: number.saturating_sub(1) }
    }
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        let rest = self.text.as_bytes().get(self.start..).filter(|rest| !rest.is_empty())?;
        let end = memchr::memchr(b'\n', rest).map_or(self.text.len(), |at| self.start + at);
        self.number = self.number.saturating_add(1);
        let line = Line { number: self.number, start: self.start, end };
        self.start = end + 1;
        Some(line)
    }
}

/// Blank, tab, carriage return, vertical tab, form feed, line end.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c)
}

/// The part of `text[start..end]` without blanks around it.
pub(super) fn trim(text: &str, start: usize, end: usize) -> (usize, usize) {
    let bytes = text.as_bytes();
    let mut first = start;
    while first < end && is_blank(bytes[first]) {
        first += 1;
    }
    (first, trim_end(text, first, end))
}

/// The end of `text[start..end]` without blanks behind it.
pub(super) fn trim_end(text: &str, start: usize, end: usize) -> usize {
    let bytes = text.as_bytes();
    let mut last = end;
    while last > start && is_blank(bytes[last - 1]) {
        last -= 1;
    }
    last
}

/// Whether the line's first word is `rem`, in any case.
pub(super) fn is_remark(line: &[u8]) -> bool {
    line.len() >= 3 && line[..3].eq_ignore_ascii_case(b"rem") && line.get(3).is_none_or(|b| is_blank(*b))
}

/// The text, or its beginning and `…` when it has more than `limit` characters.
pub(super) fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
