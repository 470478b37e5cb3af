//! Words for `/bin/sh`.

/// What a shell takes as it is, wherever it stands in a word.
fn is_plain(char: char) -> bool {
    char.is_ascii_alphanumeric() || "_@%+=:,./-".contains(char)
}

/// A text as one word: bare if nothing in it is special, else in single quotes.
pub(super) fn word(text: &str) -> String {
    if !text.is_empty() && text.chars().all(is_plain) { text.to_owned() } else { quoted(text) }
}

/// A text in single quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", inner(text))
}

/// What stands between single quotes for a text.
pub(super) fn inner(text: &str) -> String {
    text.replace('\'', r"'\''")
}

/// A program and its arguments as words.
pub(super) fn words<'a>(all: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = String::new();
    for text in all {
        // At the beginning of a command, `a=b` would be an assignment.
        let is_assignment = out.is_empty() && text.contains('=');
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&if is_assignment { quoted(text) } else { word(text) });
    }
    out
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    /// The arguments that a shell makes of a text.
    pub(in crate::environment::callout) fn seen_by_sh(text: &str) -> Vec<String> {
        let script = format!("printf '%s\\0' {text}");
        let output = Command::new("/bin/sh").args(["-c", &script]).output().unwrap();
        assert!(output.status.success(), "{script}: {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.strip_suffix('\0').unwrap().split('\0').map(str::to_owned).collect()
    }

    #[test]
    fn usual_words_stay_as_they_are() {
        for plain in ["inst0", "/tmp/tmpab12cd", "docker_cli/kill", "a@b:22", "--x=1,2", "50%", "a+b"] {
            assert_eq!(word(plain), plain);
        }
        assert_eq!(words(["/bin/host", "run", "docker_cli/kill"]), "/bin/host run docker_cli/kill");
    }

    #[test]
    fn special_ones_are_quoted() {
        let cases = [("", "''"), ("a b", "'a b'"), ("a;touch X", "'a;touch X'"), ("it's", r"'it'\''s'"), ("~", "'~'")];
        for (text, expected) in cases {
            assert_eq!(word(text), expected);
        }
        assert_eq!(words(["a=b", "a=b"]), "'a=b' a=b");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_shell_makes_the_same_words_of_them(all in prop::collection::vec("[^\0]{0,12}|[ '\"$`\\\\!*?~#&|;<>()\n\t=-]{1,6}", 1..6)) {
            let text = words(all.iter().map(String::as_str));
            prop_assert_eq!(seen_by_sh(&text), all.clone());
        }

        #[test]
        fn one_word_of_a_command_is_that_command_for_another_shell(all in prop::collection::vec("[^\0]{0,8}|[ '\"$`\\\\]{1,4}", 1..4)) {
            let command = words(all.iter().map(String::as_str));
            let one = seen_by_sh(&word(&command));
            prop_assert_eq!(&one, &[command]);
            prop_assert_eq!(seen_by_sh(&one[0]), all);
        }
    }
}
