//! The INI dialect: one file's text becomes sections and options, each with its place.
//!
//! Nothing is copied but values of several lines: names and values are [`Span`]s of the text. What a value refers to
//! and which layer it belongs to is not known here.

use super::lines::{Line, Lines, is_blank, is_remark, shorten, trim, trim_end};

/// The longest section name that is accepted, in bytes.
const MAX_SECTION_NAME: usize = 1000;

/// How many faults are kept for one file; the others are only counted.
pub(super) const MAX_FAULTS: usize = 100;

/// A part of a text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    /// The text's size is limited long before 4 GiB (see `source`), so nothing is cut off here.
    #[expect(clippy::cast_possible_truncation, reason = "texts are limited to 16 MiB")]
    pub(super) fn new(start: usize, end: usize) -> Self {
        Span { start: start as u32, end: end as u32 }
    }

    pub(super) fn of(self, text: &str) -> &str {
        &text[self.start as usize..self.end as usize]
    }
}

/// An option as it stands in a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// The option's name as written.
    pub(super) name: Span,
    /// The value: a part of the file's text, or of [`Parsed::joined`] when it has several lines.
    pub(super) value: Span,
    /// Whether the value has continuation lines.
    pub(super) joined: bool,
    /// Whether the value contains a `%`.
    pub(super) references: bool,
    /// The line of the option's name, counted from 1.
    pub(super) line: u32,
}

/// A section header and which entries follow it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) name: Span,
    pub(super) line: u32,
    /// Index of the section's first entry; its last one precedes the next header's first.
    pub(super) first: u32,
}

/// Something in a text that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// What is wrong: never empty unless the line is.
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// What a text consists of.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) headers: Vec<Header>,
    pub(super) entries: Vec<Entry>,
    /// Values of several lines, joined by newlines.
    pub(super) joined: String,
    pub(super) faults: Vec<Fault>,
    /// How many faults there were beyond [`MAX_FAULTS`].
    pub(super) more_faults: usize,
}

impl Parsed {
    /// The entries of the section with this index.
    pub(super) fn entries_of(&self, header: usize) -> std::ops::Range<usize> {
        let end = self.headers.get(header + 1).map_or(self.entries.len(), |next| next.first as usize);
        self.headers[header].first as usize..end
    }

    /// An entry's value as written, its lines joined by newlines, references not resolved.
    pub(super) fn value<'a>(&'a self, text: &'a str, entry: &Entry) -> &'a str {
        entry.value.of(if entry.joined { &self.joined } else { text })
    }
}

/// Whether an option may stand without `=` and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Valueless {
    Refused,
    Accepted,
}

/// Takes a text apart. Lines that are not understood become faults and are skipped.
pub(super) fn parse(text: &str, valueless: Valueless) -> Parsed {
    let lines_guess = text.len() / 32;
    let mut parser = Parser {
        text,
        valueless,
        place: Place::BeforeSections,
        last: Last::Nothing,
        out: Parsed {
            entries: Vec::with_capacity(lines_guess),
            headers: Vec::with_capacity(lines_guess / 16),
            ..Parsed::default()
        },
    };
    for line in Lines::new(text) {
        parser.line(line);
    }
    parser.out
}

/// Where options belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    BeforeSections,
    Section,
    /// To a section whose header was not understood: they are dropped without another word.
    Unknown,
}

/// What an indented line continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    Option,
    /// Something that already was a fault.
    Fault,
}

struct Parser<'a> {
    text: &'a str,
    valueless: Valueless,
    place: Place,
    last: Last,
    out: Parsed,
}

impl Parser<'_> {
    fn line(&mut self, line: Line) {
        let bytes = &self.text.as_bytes()[line.start..line.end];
        match bytes.first() {
            None | Some(b'#' | b';') => {}
            Some(b'[') => self.header(line, bytes),
            Some(&first) if is_blank(first) => self.indented(line),
            Some(b'r' | b'R') if is_remark(bytes) => {}
            Some(_) => self.option(line, bytes),
        }
    }

    fn header(&mut self, line: Line, bytes: &[u8]) {
        self.last = Last::Nothing;
        self.place = Place::Unknown;
        let Some(close) = bytes.iter().position(|b| *b == b']') else {
            let end = trim_end(self.text, line.start, line.end);
            self.fault(line.start, end, "the section header has no `]`", Some("write `[section name]`"));
            return;
        };
        if close == 1 {
            self.fault(line.start, line.start + 2, "the section has no name", Some("write `[section name]`"));
        } else if close - 1 > MAX_SECTION_NAME {
            let message = format!("the section name is longer than {MAX_SECTION_NAME} bytes");
            self.fault(line.start, line.start + close + 1, &message, None);
        } else {
            self.place = Place::Section;
            let name = Span::new(line.start + 1, line.start + close);
            let first = Span::new(self.out.entries.len(), 0).start;
            self.out.headers.push(Header { name, line: line.number, first });
        }
    }

    fn indented(&mut self, line: Line) {
        let (start, end) = trim(self.text, line.start, line.end);
        if start == end {
            return;
        }
        match self.last {
            Last::Option => self.continue_value(start, end),
            Last::Fault => {}
            Last::Nothing => {
                self.last = Last::Fault;
                let help = "start an option at the beginning of its line; indented lines continue the value above them";
                self.fault(
                    start,
                    end,
                    "the line is indented, but there is no option that it could continue",
                    Some(help),
                );
            }
        }
    }

    fn continue_value(&mut self, start: usize, end: usize) {
        let Some(entry) = self.out.entries.last_mut() else { return };
        let joined = &mut self.out.joined;
        if !entry.joined {
            let begin = joined.len();
            joined.push_str(entry.value.of(self.text));
            entry.value = Span::new(begin, joined.len());
            entry.joined = true;
        }
        let line = &self.text[start..end];
        joined.push('\n');
        joined.push_str(line);
        entry.value = Span::new(entry.value.start as usize, joined.len());
        entry.references |= line.contains('%');
    }

    fn option(&mut self, line: Line, bytes: &[u8]) {
        self.last = Last::Fault;
        let separator = bytes.iter().position(|b| matches!(b, b'=' | b':'));
        let name_end = trim_end(self.text, line.start, separator.map_or(line.end, |at| line.start + at));
        if self.place != Place::Section {
            self.option_outside(line.start, name_end);
            return;
        }
        if name_end == line.start {
            let message = "an option's name is missing before the separator";
            self.fault(line.start, line.start + 1, message, Some("write `option = value`"));
            return;
        }
        let value = match separator {
            Some(at) => first_value(self.text, line.start + at + 1, line.end),
            None if self.valueless == Valueless::Accepted => (name_end, name_end),
            None => {
                let help = "write `option = value`; indent the line if it continues the value above";
                let name = shorten(&self.text[line.start..name_end], 60);
                self.fault(line.start, name_end, &format!("`{name}` has no `=` and no value"), Some(help));
                return;
            }
        };
        self.last = Last::Option;
        self.out.entries.push(Entry {
            name: Span::new(line.start, name_end),
            value: Span::new(value.0, value.1),
            joined: false,
            references: self.text.as_bytes()[value.0..value.1].contains(&b'%'),
            line: line.number,
        });
    }

    /// An option before the first section is reported once; the others follow from it.
    fn option_outside(&mut self, start: usize, end: usize) {
        if self.place == Place::BeforeSections {
            self.place = Place::Unknown;
            let message = "the option stands before the first section";
            self.fault(start, end.max(start + 1), message, Some("write a line `[section name]` above it"));
        }
    }

    fn fault(&mut self, start: usize, end: usize, message: &str, help: Option<&str>) {
        if self.out.faults.len() >= MAX_FAULTS {
            self.out.more_faults += 1;
            return;
        }
        let span = Span::new(start, end);
        self.out.faults.push(Fault { span, message: message.to_owned(), help: help.map(str::to_owned) });
    }
}

/// The part of an option's first line that is its value: without blanks around it and without an inline comment.
/// Only the first `;` can start a comment, and only after a blank. Two double quotes are an empty value.
pub(super) fn first_value(text: &str, start: usize, end: usize) -> (usize, usize) {
    let (start, end) = trim(text, start, end);
    let bytes = &text.as_bytes()[start..end];
    let end = match bytes.iter().position(|b| *b == b';') {
        Some(at) if at > 0 && is_blank(bytes[at - 1]) => trim_end(text, start, start + at),
        _ => end,
    };
    if &text.as_bytes()[start..end] == b"\"\"" { (start, start) } else { (start, end) }
}
