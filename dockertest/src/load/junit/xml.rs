//! XML as far as reports have it: elements with attributes, and text. Everything that is not well-formed is an error with
//! its place. There are no document types, so no entities but the five that XML has itself.

use std::str::from_utf8;

use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::escape::{EscapeError, resolve_xml_entity, unescape};
use quick_xml::events::attributes::AttrError;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};

use crate::load::failure::LoadFailure;

/// How deep elements may lie within each other. Reports need about six.
const DEEPEST: usize = 200;

/// A part of a report.
#[derive(Debug, PartialEq)]
pub(super) enum Part {
    Open(Element),
    /// The end of the element that was opened last and not ended.
    Close,
    Text(String),
    /// Nothing more comes.
    End,
}

/// The beginning of an element.
#[derive(Debug, PartialEq)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    at: usize,
}

impl Element {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Takes a report apart.
pub(super) struct Xml<'a> {
    file: &'a str,
    text: &'a str,
    reader: Reader<&'a [u8]>,
    /// Where the elements begin that have not ended.
    open: Vec<usize>,
    had_root: bool,
}

impl<'a> Xml<'a> {
    pub(super) fn new(file: &'a str, bytes: &'a [u8]) -> Result<Xml<'a>, LoadFailure> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = from_utf8(bytes).map_err(|error| {
            let problem =
                "the text is not UTF-8; if it is ISO 8859-1, `iconv -f ISO-8859-1 -t UTF-8` makes UTF-8 of it";
            LoadFailure::at(file, bytes, error.valid_up_to(), problem)
        })?;
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Ok(Xml { file, text, reader, open: Vec::new(), had_root: false })
    }

    /// The next part.
    pub(super) fn next(&mut self) -> Result<Part, LoadFailure> {
        loop {
            let at = self.place();
            let event = self.reader.read_event().map_err(|error| self.ill_formed(&error))?;
            match event {
                Event::Start(start) => return self.open(&start, at).map(Part::Open),
                Event::End(_) => {
                    self.open.pop();
                    return Ok(Part::Close);
                }
                Event::Text(text) => {
                    let text = text.xml10_content().map_err(|error| self.at(at, error.to_string()))?;
                    if !self.open.is_empty() {
                        return Ok(Part::Text(text.into_owned()));
                    }
                    if let Some(text_at) = text.find(|c: char| !c.is_whitespace()) {
                        return Err(self.at(at + text_at, "there is text outside of all elements"));
                    }
                }
                Event::CData(text) if !self.open.is_empty() => {
                    let text = text.xml10_content().map_err(|error| self.at(at, error.to_string()))?;
                    return Ok(Part::Text(text.into_owned()));
                }
                Event::GeneralRef(reference) if !self.open.is_empty() => {
                    return self.reference(&reference, at).map(Part::Text);
                }
                Event::CData(_) | Event::GeneralRef(_) => {
                    return Err(self.at(at, "there is text outside of all elements"));
                }
                Event::DocType(_) => {
                    return Err(self.at(at, "a report has no document type (`<!DOCTYPE`): entities are not taken in"));
                }
                Event::Decl(declaration) => self.check_encoding(&declaration, at)?,
                Event::Empty(_) | Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => return self.end(),
            }
        }
    }

    /// The text of the element that was opened last, up to its end, with that of all elements in it but outputs.
    pub(super) fn text(&mut self) -> Result<String, LoadFailure> {
        let mut text = String::new();
        // Of each element within, whether its text is passed over.
        let mut within: Vec<bool> = Vec::new();
        loop {
            let is_passed_over = within.last().copied().unwrap_or(false);
            match self.next()? {
                Part::Text(more) if !is_passed_over => text.push_str(&more),
                Part::Text(_) => {}
                Part::Open(element) => within.push(is_passed_over || element.name.starts_with("system-")),
                Part::Close if within.is_empty() => return Ok(text),
                Part::Close => drop(within.pop()),
                // Elements that have not ended are an error before that.
                Part::End => return Ok(text),
            }
        }
    }

    /// An error at an element.
    pub(super) fn at_element(&self, element: &Element, problem: impl Into<String>) -> LoadFailure {
        self.at(element.at, problem)
    }

    fn place(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    fn at(&self, at: usize, problem: impl Into<String>) -> LoadFailure {
        LoadFailure::at(self.file, self.text.as_bytes(), at, problem)
    }

    fn open(&mut self, start: &BytesStart<'_>, at: usize) -> Result<Element, LoadFailure> {
        if self.open.is_empty() && self.had_root {
            return Err(self.at(at, "there is a second root element; one report ends before it"));
        }
        if self.open.len() == DEEPEST {
            return Err(self.at(at, format!("elements lie more than {DEEPEST} deep in each other")));
        }
        // The reader's text is UTF-8, so nothing of it is lost here.
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| self.at(at + 1 + place_of(&error), attribute_problem(&error)))?;
            let name = text(attribute.key.local_name().as_ref());
            let raw = text(&attribute.value);
            let value =
                unescape(&raw).map_err(|error| self.at(at, format!("in `{name}`: {}", reference_problem(&error))))?;
            attributes.push((name, value.into_owned()));
        }
        self.had_root = true;
        self.open.push(at);
        Ok(Element { name: text(start.local_name().as_ref()), attributes, at })
    }

    fn reference(&self, reference: &BytesRef<'_>, at: usize) -> Result<String, LoadFailure> {
        let name = String::from_utf8_lossy(reference).into_owned();
        match reference.resolve_char_ref() {
            Ok(Some(character)) => Ok(character.to_string()),
            Ok(None) => {
                let known = resolve_xml_entity(&name).map(str::to_owned);
                known.ok_or_else(|| self.at(at, unknown_entity(&name)))
            }
            Err(_) => Err(self.at(at, format!("`&{};` is no character", name.escape_debug()))),
        }
    }

    /// Only what is not ASCII reads otherwise in another encoding.
    fn check_encoding(&self, declaration: &BytesDecl<'_>, at: usize) -> Result<(), LoadFailure> {
        let Some(Ok(encoding)) = declaration.encoding() else { return Ok(()) };
        let encoding = String::from_utf8_lossy(&encoding).into_owned();
        let is_utf8 = ["utf-8", "utf8", "us-ascii", "ascii"].iter().any(|known| encoding.eq_ignore_ascii_case(known));
        if is_utf8 || self.text.is_ascii() {
            return Ok(());
        }
        let encoding = encoding.escape_debug();
        Err(self
            .at(at, format!("the encoding is said to be {encoding}, but only UTF-8 is read: convert it with `iconv`")))
    }

    fn end(&self) -> Result<Part, LoadFailure> {
        match self.open.last() {
            Some(begin) => {
                let name = self.text[*begin..].trim_start_matches('<');
                let name = name.split(|c: char| c.is_whitespace() || matches!(c, '/' | '>')).next().unwrap_or_default();
                let line = memchr::memchr_iter(b'\n', &self.text.as_bytes()[..*begin]).count() + 1;
                let problem = format!("the report ends within `<{name}>` of line {line}: it was cut off");
                Err(self.at(self.text.len(), problem))
            }
            None if !self.had_root => Err(self.at(self.text.len(), "there is no element in it")),
            None => Ok(Part::End),
        }
    }

    fn ill_formed(&self, error: &Error) -> LoadFailure {
        let problem = match error {
            Error::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
                format!("expected `</{expected}>`, but found `</{found}>`")
            }
            Error::IllFormed(IllFormedError::UnmatchedEndTag(found)) => format!("nothing ends with this `</{found}>`"),
            Error::IllFormed(IllFormedError::UnclosedReference) => {
                "this `&` begins no reference: it is `&amp;`".to_owned()
            }
            Error::Syntax(SyntaxError::InvalidBangMarkup) => "`<!` begins nothing here".to_owned(),
            Error::Syntax(error) => format!("the report ends within this ({error})"),
            error => error.to_string(),
        };
        self.at(usize::try_from(self.reader.error_position()).unwrap_or(usize::MAX), problem)
    }
}

/// Where in its element an attribute is wrong.
fn place_of(error: &AttrError) -> usize {
    match error {
        AttrError::ExpectedEq(at)
        | AttrError::ExpectedValue(at)
        | AttrError::UnquotedValue(at)
        | AttrError::ExpectedQuote(at, _)
        | AttrError::Duplicated(at, _) => *at,
    }
}

fn attribute_problem(error: &AttrError) -> &'static str {
    match error {
        AttrError::ExpectedEq(_) => "an attribute has no `=`",
        AttrError::ExpectedValue(_) => "an attribute has no value",
        AttrError::UnquotedValue(_) => "the value of an attribute is not quoted",
        AttrError::ExpectedQuote(..) => "the value of an attribute does not end",
        AttrError::Duplicated(..) => "an attribute is there twice",
    }
}

fn reference_problem(error: &EscapeError) -> String {
    match error {
        EscapeError::UnrecognizedEntity(_, name) => unknown_entity(name),
        EscapeError::UnterminatedEntity(_) => "an `&` begins no reference: it is `&amp;`".to_owned(),
        EscapeError::InvalidCharRef(_) => "a reference names no character".to_owned(),
        error @ EscapeError::TooManyNestedEntities => error.to_string(),
    }
}

fn unknown_entity(name: &str) -> String {
    format!("there is no entity `&{};` in XML", name.escape_debug())
}
