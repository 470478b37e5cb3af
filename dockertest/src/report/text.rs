//! Text of strangers made safe to show: what an engine prints may hold anything.

use std::borrow::Cow;

/// The lines of a text without blank ends; a carriage return before a line end belongs to the end.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.trim_start_matches(['\n', '\r']).trim_end().lines()
}

/// The first line of a text; empty if there is none.
pub(crate) fn first_line(text: &str) -> &str {
    lines(text).next().unwrap_or("")
}

/// Appends a line with what could break the line or drive a terminal made visible (`\r`, `\u{1b}`). Tabs become
/// `tab`.
pub(crate) fn push_line(out: &mut String, line: &str, tab: &str) {
    let mut rest = line;
    while let Some(at) = rest.find(is_harmful) {
        out.push_str(&rest[..at]);
        let mut chars = rest[at..].chars();
        match chars.next() {
            Some('\t') => out.push_str(tab),
            Some(harmful) => out.extend(harmful.escape_default()),
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

/// A text of any number of lines with all made visible that is harmful where it is shown. A carriage return before a line
/// end belongs to the end.
pub(super) fn escaped(text: &str, is_harmful: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.replace("\r\n", "\n").chars() {
        if is_harmful(c) {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// The same for XML: also what cannot be in it.
pub(super) fn for_xml(text: &str) -> Cow<'_, str> {
    escaped(text, |c| (is_harmful(c) && !matches!(c, '\n' | '\t')) || matches!(c, '\u{fffe}' | '\u{ffff}'))
}

/// Control characters, and the two line ends of Unicode at which some readers break lines.
fn is_harmful(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("as it is: ü", "as it is: ü")]
    #[case::tab("a\tb", "a        b")]
    #[case::progress("10%\r20%\r", r"10%\r20%\r")]
    #[case::colour("\u{1b}[31mred\u{7}", r"\u{1b}[31mred\u{7}")]
    #[case::feeds("\u{b}\u{c}\u{0}\u{7f}\u{85}\u{2028}", r"\u{b}\u{c}\u{0}\u{7f}\u{85}\u{2028}")]
    fn what_could_break_a_line_is_made_visible(#[case] line: &str, #[case] shown: &str) {
        let mut out = String::new();
        push_line(&mut out, line, "        ");
        assert_eq!(out, shown);
    }

    #[test]
    fn what_no_report_can_hold_is_made_visible_in_every_line() {
        assert_eq!(for_xml("a\tb\r\n10%\r\u{1b}[31mü\u{ffff}\n"), "a\tb\n10%\\r\\u{1b}[31mü\\u{ffff}\n");
    }

    #[test]
    fn lines_of_any_system_are_lines() {
        assert_eq!(lines("\r\n\none\r\ntwo\n\nthree\n\n").collect::<Vec<_>>(), ["one", "two", "", "three"]);
        assert_eq!(first_line(" \n"), "");
    }
}
