//! Failures that are known for an engine: a `FAIL` that is listed becomes a `WARN`.

use std::fs;
use std::io;
use std::path::Path;

use crate::name::SubtestName;

use super::parse::Span;
use super::problem::{LoadFailure, Problem};

/// The list of known failures.
///
/// One failure a line: a pattern for the engine's name and version, a pattern for the name of the subtest or
/// sub-subtest, and (optionally) a description. `*` in a pattern stands for any characters. Empty lines and lines that
/// start with `#` do not count.
///
/// ```
/// use dockertest::config::KnownFailures;
///
/// let list = KnownFailures::parse("known_failures.txt", "docker-20.10.* docker_cli/cp/* copies no links\n")?;
/// let known = list.find("docker-20.10.24", &"docker_cli/cp/symlink".parse()?).unwrap();
/// assert_eq!(known.description, "copies no links");
/// assert!(list.find("docker-24.0.7", &"docker_cli/cp/symlink".parse()?).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownFailures {
    rows: Vec<KnownFailure>,
}

/// A line of the list.
///
/// ```
/// use dockertest::config::KnownFailures;
///
/// let list = KnownFailures::parse("known_failures.txt", "# by engine\npodman-4.* docker_cli/kill/*\n")?;
/// let row = list.iter().next().unwrap();
/// assert_eq!((row.engine.as_str(), row.test.as_str(), row.line), ("podman-4.*", "docker_cli/kill/*", 2));
/// assert_eq!(row.description, "");
/// # Ok::<(), dockertest::config::LoadFailure>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownFailure {
    /// Which engines it is about, for example `docker-20.10.24*`.
    pub engine: String,
    /// Which subtests or sub-subtests it is about.
    pub test: String,
    /// What is known; may be empty.
    pub description: String,
    /// The line in the file, counted from 1.
    pub line: u32,
}

impl KnownFailures {
    /// Reads the list from a file; a file that does not exist is an empty list.
    ///
    /// # Errors
    /// [`LoadFailure`] when the file cannot be read or lines of it are not understood.
    ///
    /// ```
    /// use std::path::Path;
    /// use dockertest::config::KnownFailures;
    ///
    /// let none = KnownFailures::read(Path::new("no/such/known_failures.txt"))?;
    /// assert_eq!(none.iter().count(), 0);
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    pub fn read(path: &Path) -> Result<KnownFailures, LoadFailure> {
        let shown = path.to_string_lossy();
        match fs::read_to_string(path) {
            Ok(text) => KnownFailures::parse(&shown, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(KnownFailures::default()),
            Err(error) => {
                Err(LoadFailure { problems: vec![Problem::of_file(shown, format!("cannot be read: {error}"))] })
            }
        }
    }

    /// Takes a list apart; `path` is for messages.
    ///
    /// # Errors
    /// [`LoadFailure`] with every line that has no name of a test.
    ///
    /// ```
    /// # use dockertest::config::KnownFailures;
    /// let failure = KnownFailures::parse("known_failures.txt", "docker-20.10.*\n").unwrap_err();
    /// assert_eq!(failure.to_string(), "known_failures.txt:1:1: the name of the test is missing");
    /// ```
    pub fn parse(path: &str, text: &str) -> Result<KnownFailures, LoadFailure> {
        let mut rows = Vec::new();
        let mut problems = Vec::new();
        let mut start = 0;
        for (line, number) in text.split('\n').zip(1..) {
            let begin = start;
            start += line.len() + 1;
            let line_text = line.trim();
            if line_text.is_empty() || line_text.starts_with('#') {
                continue;
            }
            let (engine, rest) = next_word(line_text);
            let (test, description) = next_word(rest);
            if test.is_empty() {
                let span = Span::new(begin, begin + line.trim_end().len());
                let problem = Problem::at(path, text, span, "the name of the test is missing");
                problems.push(problem.help("write `ENGINE-VERSION TEST DESCRIPTION`; `*` stands for anything"));
                continue;
            }
            let [engine, test, description] = [engine, test, description].map(str::to_owned);
            rows.push(KnownFailure { engine, test, description, line: number });
        }
        if problems.is_empty() { Ok(KnownFailures { rows }) } else { Err(LoadFailure { problems }) }
    }

    /// The first line that is about this engine (name, dash, version: `docker-20.10.24`) and this test.
    ///
    /// ```
    /// # use dockertest::config::KnownFailures;
    /// let list = KnownFailures::parse("known_failures.txt", "* docker_cli/cp always\n")?;
    /// assert!(list.find("podman-4.3.1", &"docker_cli/cp".parse()?).is_some());
    /// assert!(list.find("podman-4.3.1", &"docker_cli/cp/symlink".parse()?).is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn find(&self, engine: &str, test: &SubtestName) -> Option<&KnownFailure> {
        self.rows.iter().find(|row| matches(&row.engine, engine) && matches(&row.test, test.as_str()))
    }

    /// All lines, in the order of the file.
    ///
    /// ```
    /// # use dockertest::config::KnownFailures;
    /// let list = KnownFailures::parse("known_failures.txt", "docker-* docker_cli/cp\n\npodman-* *\n")?;
    /// let lines: Vec<u32> = list.iter().map(|row| row.line).collect();
    /// assert_eq!(lines, [1, 3]);
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &KnownFailure> {
        self.rows.iter()
    }
}

fn next_word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

/// Whether the text has the form of the pattern, in which `*` stands for any characters.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::exact("docker-1.2", "docker-1.2", true)]
    #[case::longer_is_not_exact("docker-1.2", "docker-1.24", false)]
    #[case::end("docker-1.2*", "docker-1.24", true)]
    #[case::start("*-1.2", "podman-1.2", true)]
    #[case::middle("docker-*-rc1", "docker-1.2-rc1", true)]
    #[case::several("a*b*c", "axxbyyc", true)]
    #[case::several_in_order("a*b*c", "axxcyyb", false)]
    #[case::ends_do_not_overlap("ab*ba", "aba", false)]
    #[case::anything("*", "", true)]
    #[case::nothing("", "docker", false)]
    fn a_star_stands_for_any_characters(#[case] pattern: &str, #[case] text: &str, #[case] expected: bool) {
        assert_eq!(matches(pattern, text), expected);
    }

    #[test]
    fn the_description_is_optional_and_may_have_blanks() {
        let text = "# comment\r\n\r\ndocker-1.2  cp/links\t copies  no links\r\n  docker-* version\n";
        let list = KnownFailures::parse("list", text).unwrap();
        let rows: Vec<_> = list.iter().map(|row| (&*row.engine, &*row.test, &*row.description, row.line)).collect();
        assert_eq!(rows, [("docker-1.2", "cp/links", "copies  no links", 3), ("docker-*", "version", "", 4)]);
    }

    #[test]
    fn every_line_without_a_test_is_told() {
        let failure = KnownFailures::parse("list.txt", "docker-1.2\ndocker-1.3 x\ndocker-1.4 \n").unwrap_err();
        insta::assert_snapshot!(failure.render(), @r"
        list.txt:1:1: the name of the test is missing
          |
        1 | docker-1.2
          | ^^^^^^^^^^
          = help: write `ENGINE-VERSION TEST DESCRIPTION`; `*` stands for anything

        list.txt:3:1: the name of the test is missing
          |
        3 | docker-1.4
          | ^^^^^^^^^^
          = help: write `ENGINE-VERSION TEST DESCRIPTION`; `*` stands for anything
        ");
    }

    #[test]
    fn a_list_that_does_not_exist_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(KnownFailures::read(&folder.path().join("none.txt")), Ok(KnownFailures::default()));
        let failure = KnownFailures::read(folder.path()).unwrap_err().to_string();
        assert!(failure.contains("cannot be read"), "{failure}");
    }
}
