//! Text of strangers made safe to show: what an engine prints may hold anything.

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

/// A text of any number of lines with the same made visible in each; also what cannot be in XML.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    // A carriage return before a line end belongs to the end.
    for c in text.replace("\r\n", "\n").chars() {
        if (is_harmful(c) && !matches!(c, '\n' | '\t')) || matches!(c, '\u{fffe}' | '\u{ffff}') {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
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
        assert_eq!(visible("a\tb\r\n10%\r\u{1b}[31mü\u{ffff}\n"), "a\tb\n10%\\r\\u{1b}[31mü\\u{ffff}\n");
    }

    #[test]
    fn lines_of_any_system_are_lines() {
        assert_eq!(lines("\r\n\none\r\ntwo\n\nthree\n\n").collect::<Vec<_>>(), ["one", "two", "", "three"]);
        assert_eq!(first_line(" \n"), "");
    }
}
