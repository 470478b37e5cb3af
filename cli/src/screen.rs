//! What the program writes to the person in front of it. Standard output is what was asked for; standard error is
//! the rest.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use dockertest::with_causes;

use crate::args::Color;
use crate::status;

/// Something that stopped a command before it could do its work, as text that may have several lines.
#[derive(Debug)]
pub(crate) struct Problem {
    text: String,
    status: u8,
}

impl Problem {
    /// A problem with a message of its own.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Problem { text: text.into(), status: status::USAGE }
    }

    /// The same, with which the program ends with another status than usual.
    pub(crate) fn with_status(self, status: u8) -> Self {
        Problem { status, ..self }
    }

    /// The status with which the program ends.
    pub(crate) fn status(&self) -> u8 {
        self.status
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<E: std::error::Error> From<E> for Problem {
    /// The error with all its causes on one line. A cause that the text before it already contains is left out.
    fn from(error: E) -> Self {
        Problem::new(with_causes(&error))
    }
}

/// The two output streams and what they can do.
#[derive(Debug)]
pub(crate) struct Screen {
    color: Color,
    /// What need not be said again.
    said: Mutex<BTreeSet<String>>,
}

impl Screen {
    pub(crate) fn new(color: Color) -> Self {
        Screen { color, said: Mutex::default() }
    }

    /// Whether standard output may have colour.
    pub(crate) fn colored_output(&self) -> bool {
        self.colored(io::stdout().is_terminal())
    }

    fn colored(&self, terminal: bool) -> bool {
        let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self.color {
            Color::Auto => terminal && !forbidden,
            Color::Always => true,
            Color::Never => false,
        }
    }

    /// Writes what was asked for. A reader that went away (`dockertest list | head`) is no error.
    pub(crate) fn output(&self, text: impl AsRef<[u8]>) -> Result<(), Problem> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_ref()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Problem::new(format!("cannot write to standard output: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// Says something that does not stop the command.
    pub(crate) fn warning(&self, text: impl Display) {
        self.say("warning", "\x1b[33m", &text.to_string());
    }

    /// Says what happens, for a person who watches.
    pub(crate) fn note(&self, text: impl Display) {
        self.say("note", "\x1b[36m", &text.to_string());
    }

    /// The same, unless this has been said before.
    pub(crate) fn note_once(&self, text: impl Display) {
        let text = text.to_string();
        let is_news = self.said.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone());
        if is_news {
            self.note(text);
        }
    }

    /// Says what stopped the command.
    pub(crate) fn problem(&self, problem: &Problem) {
        self.say("error", "\x1b[31m", &problem.text);
    }

    fn say(&self, word: &str, color: &str, text: &str) {
        let mut stderr = io::stderr().lock();
        let (on, off) = if self.colored(io::stderr().is_terminal()) {
            (format!("\x1b[1m{color}"), "\x1b[0m")
        } else {
            Default::default()
        };
        // Nobody is left to be told when standard error is gone.
        let _ = writeln!(stderr, "{on}{word}{off}: {}", visible(text.trim_end()));
    }
}

/// The text with everything made visible that would drive a terminal (`\u{1b}`). Line ends and tabs stay.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let escape = |c: char| if harmful(c) { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(escape).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_said_drives_a_terminal() {
        assert_eq!(visible("\u{1b}[31mred\u{7}\r\n\tü"), "\\u{1b}[31mred\\u{7}\\r\n\tü");
    }
}
