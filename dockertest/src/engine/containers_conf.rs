//! What a `containers.conf` sets, of that what everybody may see.

use super::harmless::{is_private, option_in_list, shown};
use crate::config::MASK;

/// Settings of podman that may have in them what is nobody's business.
const PRIVATE: [&str; 2] = ["env", "annotations"];

/// Text on several lines. No setting needs it, and what it sets is not told from what it has in it.
const SEVERAL_LINES: [&str; 2] = ["\"\"\"", "'''"];

/// All that is no comment and no heading, a list on several lines in one.
pub(super) fn set_in(text: &str) -> Vec<String> {
    if SEVERAL_LINES.iter().any(|quotes| text.contains(quotes)) {
        return Vec::new();
    }
    let mut set: Vec<(String, String)> = Vec::new();
    // How many lists and tables have begun and not ended, and whether all below the heading is a secret.
    let (mut open, mut is_hidden) = (0, false);
    for line in text.lines().map(Line::of) {
        if let Some((name, value)) = line.setting {
            open = line.opened;
            set.extend(Some((name.to_owned(), value.to_owned())).filter(|_| !is_hidden));
        } else if open > 0 {
            open += line.opened;
            if let Some((_, value)) = set.last_mut().filter(|_| !is_hidden) {
                value.push_str(line.text);
            }
        } else if line.text.starts_with('[') {
            is_hidden = line.text.trim_matches(['[', ']']).split('.').any(is_hidden_name);
        }
    }
    let seen = set.iter().filter(|(name, _)| !name.split('.').any(is_nobodys));
    seen.map(|(name, value)| format!("{name} = {}", value_shown(name, value))).collect()
}

/// A line without its comment.
#[derive(Default)]
struct Line<'a> {
    text: &'a str,
    /// The name and the value, if one begins here.
    setting: Option<(&'a str, &'a str)>,
    /// How many more lists and tables begin than end here.
    opened: i32,
}

impl Line<'_> {
    fn of(line: &str) -> Line<'_> {
        let (mut opened, mut equals, mut end) = (0, None, line.len());
        let mut begin = 0;
        for (piece, is_string) in pieces(line) {
            for (at, c) in piece.char_indices().filter(|_| !is_string) {
                match c {
                    '#' => end = end.min(begin + at),
                    _ if end < line.len() => break,
                    '=' if opened == 0 => equals = equals.or(Some(begin + at)),
                    '[' | '{' => opened += 1,
                    ']' | '}' => opened -= 1,
                    _ => {}
                }
            }
            begin += piece.len();
        }
        let text = line.get(..end).unwrap_or_default();
        let setting = equals.and_then(|at| Some((text.get(..at)?.trim(), text.get(at + 1..)?.trim())));
        Line { text: text.trim(), setting, opened }
    }
}

/// A text in pieces: what is in quotes, with them, and what is between.
fn pieces(text: &str) -> Vec<(&str, bool)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let is_string = rest.starts_with(QUOTES);
        let length = if is_string { length_of_string(rest) } else { rest.find(QUOTES).unwrap_or(rest.len()) };
        let (piece, after) = rest.split_at(length);
        pieces.push((piece, is_string));
        rest = after;
    }
    pieces
}

const QUOTES: [char; 2] = ['"', '\''];

/// How long the string is that a text begins with, with its quotes.
fn length_of_string(text: &str) -> usize {
    let quote = text.chars().next();
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if is_escaped {
            is_escaped = false;
        } else if c == '\\' && quote == Some('"') {
            is_escaped = true;
        } else if Some(c) == quote {
            return at + 1;
        }
    }
    text.len()
}

fn bare(name: &str) -> &str {
    name.trim().trim_matches(QUOTES)
}

fn is_nobodys(name: &str) -> bool {
    PRIVATE.contains(&bare(name))
}

fn is_hidden_name(name: &str) -> bool {
    is_nobodys(name) || is_private(bare(name))
}

/// The value without secrets. Of a table in a line nothing is shown: what belongs to which name is not looked for.
fn value_shown(name: &str, value: &str) -> String {
    let name = bare(name);
    let pieces = pieces(value);
    if is_private(name) || pieces.iter().any(|(piece, is_string)| !is_string && piece.contains('{')) {
        return MASK.to_owned();
    }
    let mut before = name;
    let mut said = String::new();
    for (piece, is_string) in pieces {
        if !is_string {
            said.push_str(piece);
            continue;
        }
        let quote = piece.get(..1).unwrap_or_default();
        let inner = piece.trim_matches(QUOTES);
        said.push_str(&[quote, &shown(before, inner), quote].concat());
        before = option_in_list(inner).unwrap_or(name);
    }
    said
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::a_comment_behind_a_list("ulimits = [\"a\"] # ours\nenv = [\"TOKEN=x\"]\nb = 1", &["ulimits = [\"a\"]", "b = 1"])]
    #[case::a_comment_with_brackets("a = 1 # [\nenv = [\"TOKEN=x\"]", &["a = 1"])]
    #[case::a_comment_with_quotes("a = 1 # it's\nb = 2", &["a = 1", "b = 2"])]
    #[case::no_comment("a = \"x#[\" # y\nb = '#'", &["a = \"x#[\"", "b = '#'"])]
    #[case::an_escaped_quote("a = \"x\\\"#y\" # z", &["a = \"x\\\"#y\""])]
    #[case::a_list_that_does_not_end("a = [\n\"b\",\nenv = [\"TOKEN=x\"]\nc = 1", &["a = [\"b\",", "c = 1"])]
    #[case::lines("a = [ # x\n  \"b\", # ]\n  # c\n  \"d=e\",\n]\nf = 1", &["a = [\"b\",\"d=e\",]", "f = 1"])]
    #[case::lines_that_are_private("env = [\n  \"A=b\",\n  \"TOKEN=x\"\n]\na = 1", &["a = 1"])]
    #[case::lists_in_a_list("a = [\n[\"b\"],\n[\"c\"]\n]\n[h]\nd = 1", &["a = [[\"b\"],[\"c\"]]", "d = 1"])]
    #[case::quoted_and_dotted("\"env\" = [\"A=b\"]\ncontainers.env = [\"A=b\"]\n", &[])]
    #[case::secrets("api_token = \"x\"\nsysctls = [\"a=b\", \"token=x\"]", &["api_token = ********", "sysctls = [\"a=b\", \"token=********\"]"])]
    #[case::words("args = [\"--token\", \"x\", \"--debug\", \"y\"]", &["args = [\"--token\", \"********\", \"--debug\", \"y\"]"])]
    #[case::a_table("a = { token = \"x\" }\nb = 1", &["a = ********", "b = 1"])]
    #[case::below_a_heading("[secrets.opts] # x\na = \"x\"\nb = [\n\"x\"\n]\n[engine]\nc = 1", &["c = 1"])]
    #[case::a_login("uri = \"ssh://me:it's@host/x\"", &["uri = \"ssh://********@host/x\""])]
    #[case::text_on_lines("a = 1\nb = \"\"\"\nTOKEN=x\n\"\"\"", &[])]
    fn what_is_set_is_said_without_secrets(#[case] text: &str, #[case] expected: &[&str]) {
        assert_eq!(set_in(text), expected);
    }
}
