//! What is wrong with the configuration, said so that it can be mended: file, line, column, the line itself, help.

use std::fmt;

use super::lines::shorten;
use super::parse::Span;

/// How many characters of a source line are shown.
const SHOWN: usize = 120;

/// One thing that is wrong, and where.
///
/// Its `Display` is one line, `path:line:column: message`; [`Problem::render`] gives the text with the source line and
/// a caret.
///
/// ```
/// use dockertest::config::{Layers, Source};
///
/// let text = "[docker_cli/version]\nimage = %(repo)s:latest\n".to_owned();
/// let files = Source::Memory(vec![("version.ini".to_owned(), text)]);
/// let problem = Layers::new().custom(files).load().unwrap_err().problems.remove(0);
/// assert_eq!((problem.path.as_str(), problem.line, problem.column, problem.width), ("version.ini", 2, 9, 8));
/// assert_eq!(problem.source_line, "image = %(repo)s:latest");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The file, as the user would type it; `--set` for the command line.
    pub path: String,
    /// The line, counted from 1; 0 when the problem is the file itself or an argument of the command line.
    pub line: u32,
    /// The column in characters, counted from 1; 0 when the problem is not at one place.
    pub column: u32,
    /// How many characters are wrong.
    pub width: u32,
    /// The line as it stands in the file, long ones cut around the place; empty when there is none to show.
    pub source_line: String,
    /// What is wrong.
    pub message: String,
    /// What to do, when that is known.
    pub help: Option<String>,
    /// Another place that has to do with it.
    pub related: Option<Related>,
    /// How many characters of `source_line` precede the place.
    caret: usize,
}

/// A place that explains a [`Problem`], such as the first of two definitions.
///
/// ```
/// use dockertest::config::{Layers, Source};
///
/// let files = ["a.ini", "b.ini"].map(|name| (name.to_owned(), "[example]\niterations = 3\n".to_owned()));
/// let failure = Layers::new().custom(Source::Memory(files.to_vec())).load().unwrap_err();
/// let first = failure.problems[0].related.as_ref().unwrap();
/// assert_eq!((first.path.as_str(), first.line), ("a.ini", 2));
/// assert_eq!(first.message, "it is also set here");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Related {
    /// The file.
    pub path: String,
    /// The line, counted from 1.
    pub line: u32,
    /// What stands there.
    pub message: String,
}

impl Problem {
    /// A problem of a file as a whole.
    pub(super) fn of_file(path: impl Into<String>, message: impl Into<String>) -> Self {
        Problem {
            path: path.into(),
            line: 0,
            column: 0,
            width: 0,
            source_line: String::new(),
            message: visible(&message.into()),
            help: None,
            related: None,
            caret: 0,
        }
    }

    /// A problem at a place of a text. The line is found by counting: this is not for the fast path.
    pub(super) fn at(path: impl Into<String>, text: &str, span: Span, message: impl Into<String>) -> Self {
        let start = (span.start as usize).min(text.len());
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let before = text[line_start..start].trim_start_matches('\u{feff}');
        let wrong = &text[start..(span.end as usize).clamp(start, line_end)];
        let after = &text[start + wrong.len()..line_end];
        let line = text[..line_start].bytes().filter(|b| *b == b'\n').count() + 1;
        let (source_line, caret) = cut(before, wrong, after.trim_end());
        Problem {
            line: number(line),
            column: number(before.chars().count() + 1),
            width: number(wrong.chars().count().max(1)),
            source_line,
            caret,
            ..Problem::of_file(path, message)
        }
    }

    /// A problem at a place of an argument, which has no lines.
    pub(super) fn in_argument(argument: &str, span: Span, message: impl Into<String>) -> Self {
        Problem { line: 0, ..Problem::at("--set", argument, span, message) }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(visible(&help.into()));
        self
    }

    pub(super) fn related(mut self, path: impl Into<String>, line: u32, message: impl Into<String>) -> Self {
        self.related = Some(Related { path: path.into(), line, message: message.into() });
        self
    }

    /// The problem as a person wants to see it, in several lines, without a line end.
    ///
    /// ```
    /// use dockertest::config::{Layers, Source};
    ///
    /// let text = "[example]\niterations 3\n".to_owned();
    /// let source = Source::Memory(vec![("example.ini".to_owned(), text)]);
    /// let failure = Layers::new().defaults(source).load().unwrap_err();
    /// assert_eq!(
    ///     failure.problems[0].render(),
    ///     "example.ini:2:1: `iterations 3` has no `=` and no value
    ///   |
    /// 2 | iterations 3
    ///   | ^^^^^^^^^^^^
    ///   = help: write `option = value`; indent the line if it continues the value above"
    /// );
    /// ```
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = self.to_string();
        let number = if self.line == 0 { String::new() } else { self.line.to_string() };
        let margin = " ".repeat(number.len());
        if self.column > 0 && !self.source_line.is_empty() {
            let shown = printable(&self.source_line);
            let carets = "^".repeat((self.width as usize).clamp(1, SHOWN));
            let blanks = " ".repeat(self.caret);
            out += &format!("\n{margin} |\n{number} | {shown}\n{margin} | {blanks}{carets}");
        }
        if let Some(related) = &self.related {
            out += &format!("\n{margin} = {}:{}: {}", related.path, related.line, related.message);
        }
        if let Some(help) = &self.help {
            out += &format!("\n{margin} = help: {help}");
        }
        out
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { path, line, column, message, .. } = self;
        match (line, column) {
            (0, _) => write!(f, "{path}: {message}"),
            (line, 0) => write!(f, "{path}:{line}: {message}"),
            (line, column) => write!(f, "{path}:{line}:{column}: {message}"),
        }
    }
}

/// The configuration cannot be used. Holds every problem that was found, not only the first.
///
/// Its `Display` is one line a problem; [`LoadFailure::render`] shows the source lines too.
///
/// ```
/// use dockertest::config::Layers;
///
/// let failure = Layers::new().set("docker_timeout").set("=5").load().unwrap_err();
/// assert_eq!(failure.problems.len(), 2);
/// assert_eq!(failure.to_string().lines().count(), 2);
/// assert!(failure.render().contains("help: write `--set OPTION=VALUE`"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadFailure {
    /// All problems, file by file in the order of reading, each file's from top to bottom. Never empty.
    pub problems: Vec<Problem>,
}

impl LoadFailure {
    /// All problems as [`Problem::render`] shows them, an empty line between two.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// let failure = Layers::new().set("docker_timeout").load().unwrap_err();
    /// assert_eq!(
    ///     failure.render(),
    ///     "--set: `=` and a value are missing
    ///  |
    ///  | docker_timeout
    ///  | ^^^^^^^^^^^^^^
    ///  = help: write `--set OPTION=VALUE` or `--set SECTION.OPTION=VALUE`"
    /// );
    /// ```
    #[must_use]
    pub fn render(&self) -> String {
        self.problems.iter().map(Problem::render).collect::<Vec<_>>().join("\n\n")
    }
}

impl fmt::Display for LoadFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for LoadFailure {}

/// The nearest of the known names, if one is near enough to be meant. Capital letters make no distance.
pub(crate) fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = &wanted.to_lowercase();
    let near = |name: &'a str| {
        let folded = &name.to_lowercase();
        let likeness = strsim::jaro_winkler(wanted, folded);
        let edits = strsim::osa_distance(wanted, folded);
        (likeness >= 0.8 && edits <= 2 + wanted.chars().count() / 4).then_some((likeness, name))
    };
    known.into_iter().filter_map(near).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

/// One line of at most about [`SHOWN`] characters around the place, and how many characters precede the place.
fn cut(before: &str, wrong: &str, after: &str) -> (String, usize) {
    let lead = before.chars().count();
    let mut line = String::new();
    if lead > SHOWN / 2 {
        line.push('…');
        line.extend(before.chars().skip(lead - SHOWN / 2));
    } else {
        line.push_str(before);
    }
    let caret = line.chars().count();
    line.push_str(&shorten(&format!("{wrong}{after}"), SHOWN));
    (line, caret)
}

/// The text with everything that a terminal would obey written as an escape.
pub(super) fn visible(text: &str) -> String {
    let escape = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    if text.contains(char::is_control) { text.chars().map(escape).collect() } else { text.to_owned() }
}

/// Without anything that a terminal would obey; every character stays one column wide as far as that can be said.
fn printable(line: &str) -> String {
    line.chars().map(|c| if c == '\t' { ' ' } else { c }).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
