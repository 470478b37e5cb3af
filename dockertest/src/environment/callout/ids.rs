//! The ids that a provisioning callout prints.

use std::collections::BTreeSet;

/// Longer than this is no id.
const MAX_ID_BYTES: usize = 1024;

/// What a callout printed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Printed {
    /// The ids, in the order in which they came. All of them have to be disposed of, whatever else was printed.
    pub(super) ids: Vec<String>,
    /// What is wrong with the rest, in words.
    pub(super) problem: Option<String>,
}

/// Reads what was printed: ids that are separated by blanks, best one a line. `known` are ids of earlier calls.
pub(super) fn read(output: &[u8], known: &BTreeSet<String>) -> Printed {
    let mut printed = Printed::default();
    for (line, number) in output.split(|byte| *byte == b'\n').zip(1..) {
        let text = String::from_utf8_lossy(line);
        for token in text.split_ascii_whitespace() {
            match wrong(token, &printed.ids, known) {
                None => printed.ids.push(token.to_owned()),
                Some(why) => {
                    let shown: String = token.chars().take(80).collect();
                    let text = format!("line {number} of its standard output: `{}` {why}", shown.escape_debug());
                    printed.problem.get_or_insert(text);
                }
            }
        }
    }
    printed
}

fn wrong(token: &str, before: &[String], known: &BTreeSet<String>) -> Option<&'static str> {
    if token.len() > MAX_ID_BYTES {
        Some("is too long for an id")
    } else if token.contains(char::REPLACEMENT_CHARACTER) {
        Some("is not UTF-8")
    } else if token.chars().any(char::is_control) {
        Some("has control characters, which no id may have")
    } else if token.starts_with('-') {
        Some("looks like an option, which no id may do")
    } else if before.iter().any(|id| id == token) {
        Some("is there twice")
    } else if known.contains(token) {
        Some("is the id of an instance that is there already")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn known() -> BTreeSet<String> {
        ["old".to_owned()].into()
    }

    #[rstest]
    #[case::lines(b"a\nb\n".as_slice(), &["a", "b"])]
    #[case::blanks(b"b a\t c\r\n".as_slice(), &["b", "a", "c"])]
    #[case::no_line_end(b"a".as_slice(), &["a"])]
    #[case::nothing(b" \n\n".as_slice(), &[])]
    #[case::odd_ones(b"user@host:22 {'x':1} \xc3\xa4".as_slice(), &["user@host:22", "{'x':1}", "\u{e4}"])]
    fn ids_are_words(#[case] output: &[u8], #[case] expected: &[&str]) {
        let printed = read(output, &known());
        assert_eq!((printed.ids, printed.problem), (expected.iter().map(|id| (*id).to_owned()).collect(), None));
    }

    #[rstest]
    #[case::control(b"a\x1b[31mred\nb\n".as_slice(), &["b"], "line 1 of its standard output: `a\\u{1b}[31mred` has control")]
    #[case::nul(b"a\nb\0\n".as_slice(), &["a"], "line 2 of its standard output: `b\\0` has control")]
    #[case::twice(b"a\na\n".as_slice(), &["a"], "line 2 of its standard output: `a` is there twice")]
    #[case::known(b"old\na\n".as_slice(), &["a"], "line 1 of its standard output: `old` is the id of an instance")]
    #[case::option(b"-rf a\n".as_slice(), &["a"], "line 1 of its standard output: `-rf` looks like an option")]
    #[case::bytes(b"\xff\na\n".as_slice(), &["a"], "is not UTF-8")]
    fn what_is_no_id_is_told_and_the_others_are_kept(#[case] output: &[u8], #[case] ids: &[&str], #[case] text: &str) {
        let printed = read(output, &known());
        assert_eq!(printed.ids, ids);
        let problem = printed.problem.unwrap();
        assert!(problem.contains(text), "{problem}");
    }
}
