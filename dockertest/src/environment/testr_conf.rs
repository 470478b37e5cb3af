//! `.testr.conf`: the file in which projects that come from testr say how their instances are made.
//!
//! It is read as testr reads it, by the rules of Python's `ConfigParser`: only the section `[DEFAULT]` counts, names are
//! in any case, `=` or `:` stands between name and value, a comment has a line of its own, indented lines continue a value,
//! and `%` is special.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use super::settings::SettingsFailure;
use crate::config::{Origin, Setting};

/// The section that counts.
const SECTION: &str = "DEFAULT";

/// How deep references may go: as deep as for `ConfigParser`.
const MAX_DEPTH: usize = 10;

/// Larger than this is no such file.
const MAX_BYTES: u64 = 1 << 20;

/// The options of a `.testr.conf`, as they stand there.
#[derive(Debug, Clone, Default)]
pub(super) struct TestrConf {
    path: String,
    /// Value and line by lower-case name.
    options: BTreeMap<String, (String, u32)>,
}

impl TestrConf {
    /// Reads a file; one that is not there has no options.
    pub(super) fn read(path: &Path) -> Result<TestrConf, SettingsFailure> {
        let shown = path.display().to_string();
        let failure = |problem: String| SettingsFailure::new(origin(&shown, 0), problem);
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(TestrConf::default()),
            Ok(found) if found.len() > MAX_BYTES => return Err(failure("the file is too large".to_owned())),
            _ => {}
        }
        let text = fs::read_to_string(path).map_err(|error| failure(format!("cannot be read: {error}")))?;
        TestrConf::parse(&shown, &text)
    }

    fn parse(path: &str, text: &str) -> Result<TestrConf, SettingsFailure> {
        let mut parser = Parser { path, section: None, last: None, indent: 0, options: BTreeMap::new() };
        for (line, number) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().zip(1..) {
            parser.line(line, number)?;
        }
        let joined = |(lines, number): (Vec<String>, u32)| (lines.join("\n").trim_end().to_owned(), number);
        let options = parser.options.into_iter().map(|(name, value)| (name, joined(value))).collect();
        Ok(TestrConf { path: path.to_owned(), options })
    }

    /// The value of an option with all that it refers to.
    pub(super) fn get(&self, option: &str) -> Result<Option<Setting>, SettingsFailure> {
        let Some((value, line)) = self.options.get(option) else { return Ok(None) };
        let origin = origin(&self.path, *line);
        match self.resolved(value, 1) {
            Ok(value) => Ok(Some(Setting { value, origin })),
            Err(problem) => Err(SettingsFailure::new(origin, format!("option `{option}`: {problem}"))),
        }
    }

    fn resolved(&self, value: &str, depth: usize) -> Result<String, String> {
        if depth > MAX_DEPTH {
            return Err("its references do not come to an end".to_owned());
        }
        let mut out = String::new();
        let mut rest = value;
        while let Some((before, after)) = rest.split_once('%') {
            out.push_str(before);
            if let Some(after) = after.strip_prefix('%') {
                out.push('%');
                rest = after;
                continue;
            }
            let reference = after.strip_prefix('(').and_then(|after| after.split_once(")s"));
            let Some((name, after)) = reference.filter(|(name, _)| !name.contains(')')) else {
                return Err(
                    "a single `%` is not allowed; write `%%`, or `%(option)s` for the value of an option".into()
                );
            };
            let Some((found, _)) = self.options.get(&name.to_lowercase()) else {
                return Err(format!("`%({name})s` refers to an option that `[{SECTION}]` does not have"));
            };
            out.push_str(&self.resolved(found, depth + 1)?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }
}

fn origin(path: &str, line: u32) -> Origin {
    Origin::File { path: path.to_owned(), line }
}

struct Parser<'a> {
    path: &'a str,
    /// Whether a section has begun, and whether it is the one that counts.
    section: Option<bool>,
    /// The option that an indented line continues; nothing within it for one of another section.
    last: Option<Option<String>>,
    indent: usize,
    options: BTreeMap<String, (Vec<String>, u32)>,
}

impl Parser<'_> {
    fn line(&mut self, line: &str, number: u32) -> Result<(), SettingsFailure> {
        let text = line.trim();
        if text.starts_with(['#', ';']) {
            return Ok(());
        }
        if text.is_empty() {
            self.more("");
            return Ok(());
        }
        let indent = line.chars().take_while(|c| c.is_whitespace()).count();
        if self.last.is_some() && indent > self.indent {
            self.more(text);
            return Ok(());
        }
        self.indent = indent;
        if let Some((name, _)) = text.strip_prefix('[').and_then(|rest| rest.rsplit_once(']'))
            && !name.is_empty()
        {
            self.section = Some(name == SECTION);
            self.last = None;
            return Ok(());
        }
        self.option(text, number)
    }

    fn more(&mut self, text: &str) {
        if let Some(Some(name)) = &self.last
            && let Some((lines, _)) = self.options.get_mut(name)
        {
            lines.push(text.to_owned());
        }
    }

    fn option(&mut self, text: &str, number: u32) -> Result<(), SettingsFailure> {
        let failure = |problem: &str| Err(SettingsFailure::new(origin(self.path, number), problem));
        let Some(counts) = self.section else {
            return failure("the line stands before any section; write `[DEFAULT]` above it");
        };
        let Some((name, value)) = text.split_once(['=', ':']) else {
            return failure("there is no `=` in the line; indent it if it continues the value above");
        };
        let name = name.trim().to_lowercase();
        if counts {
            if self.options.contains_key(&name) {
                return failure(&format!("option `{name}` is set twice"));
            }
            self.options.insert(name.clone(), (vec![value.trim().to_owned()], number));
        }
        self.last = Some(Some(name).filter(|_| counts));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn value(text: &str) -> Result<Option<String>, String> {
        let found = TestrConf::parse(".testr.conf", text).and_then(|conf| conf.get("instance_execute"));
        found.map(|found| found.map(|setting| setting.value)).map_err(|failure| failure.to_string())
    }

    #[rstest]
    #[case::plain("[DEFAULT]\ninstance_execute=q $INSTANCE_ID -- $COMMAND\n", "q $INSTANCE_ID -- $COMMAND")]
    #[case::any_case_and_colon("[DEFAULT]\nInstance_Execute : q\n", "q")]
    #[case::inline_comments_are_part_of_it("[DEFAULT]\ninstance_execute = a ; b # c\n", "a ; b # c")]
    #[case::first_separator("[DEFAULT]\ninstance_execute = a=b:c\n", "a=b:c")]
    #[case::next_lines("[DEFAULT]\ninstance_execute = a\n  b\n# no\n\n\tc\n\n", "a\nb\n\nc")]
    #[case::percent("[DEFAULT]\ninstance_execute = date +%%Y\n", "date +%Y")]
    #[case::reference("[DEFAULT]\nx=1\nY=%(X)s%%2\ninstance_execute = a %(y)s\n", "a 1%2")]
    #[case::other_section("[DEFAULT]\ninstance_execute=a\n[other]\ninstance_execute=b\n  c\n", "a")]
    fn a_value_is_what_the_parser_of_testr_reads(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(value(text), Ok(Some(expected.to_owned())));
    }

    #[rstest]
    #[case::empty("")]
    #[case::other_section("[testr]\ninstance_execute=b\n")]
    #[case::comment("[DEFAULT]\n;instance_execute=b\n  # instance_execute=c\n")]
    fn a_file_without_it_has_none(#[case] text: &str) {
        assert_eq!(value(text), Ok(None));
    }

    #[rstest]
    #[case::lone_percent(
        "[DEFAULT]\n\ninstance_execute = date +%Y\n",
        ".testr.conf:3: option `instance_execute`: a single `%`"
    )]
    #[case::unknown(
        "[DEFAULT]\ninstance_execute = %(x)s\n",
        ".testr.conf:2: option `instance_execute`: `%(x)s` refers"
    )]
    #[case::no_end("[DEFAULT]\ninstance_execute = %(instance_execute)s\n", "do not come to an end")]
    #[case::no_section("instance_execute = a\n", ".testr.conf:1: the line stands before any section")]
    #[case::no_separator("[DEFAULT]\ninstance_execute\n", ".testr.conf:2: there is no `=`")]
    #[case::twice("[DEFAULT]\nx=1\nX=2\n", ".testr.conf:3: option `x` is set twice")]
    fn what_is_wrong_is_told_with_its_line(#[case] text: &str, #[case] expected: &str) {
        let failure = value(text).unwrap_err();
        assert!(failure.contains(expected), "{failure}");
    }

    #[test]
    fn a_lone_percent_elsewhere_does_no_harm() {
        assert_eq!(value("[DEFAULT]\ntest_command = date +%Y\ninstance_execute = a\n"), Ok(Some("a".to_owned())));
    }
}
