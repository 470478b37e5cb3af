//! Keyval files: one `key=value` a line.
//!
//! Facts of the whole step are in the step's `keyval`; figures of an iteration are in its `results/keyval`, where each
//! key ends in `{perf}` and an empty line follows each iteration. The keys of one message are sorted. A value always
//! takes one line: a backslash reads `\\`, a line end `\n`, a carriage return `\r`, a tab `\t`, and other control
//! characters `\u{1b}`. In a key, what is not a letter, digit, `_`, `-` or `.` reads `_`.
//!
//! Values keep their line, whatever is in them:
//!
//! ```
//! use dockertest::journal::Keyvals;
//! use dockertest::name::StepId;
//! use dockertest::report::keyval;
//!
//! let values = [("docker_options".to_owned(), "--debug\n".to_owned())].into();
//! let mut text = String::new();
//! keyval::write(&Keyvals::new(StepId(0), values), &mut text);
//! assert_eq!(text, "docker_options=--debug\\n\n");
//! ```

use crate::journal::Keyvals;

/// Appends facts as lines of a keyval file.
///
/// Figures of an iteration:
///
/// ```
/// use dockertest::journal::Keyvals;
/// use dockertest::name::StepId;
/// use dockertest::report::keyval;
///
/// let values = [("seconds".to_owned(), "1.5".to_owned())].into();
/// let mut text = String::new();
/// let mut keyvals = Keyvals::new(StepId(0), values);
/// keyvals.iteration = Some(1);
/// keyval::write(&keyvals, &mut text);
/// assert_eq!(text, "seconds{perf}=1.5\n\n");
/// ```
pub fn write(keyvals: &Keyvals, out: &mut String) {
    let suffix = if keyvals.iteration.is_some() { "{perf}" } else { "" };
    for (key, value) in &keyvals.values {
        out.extend(key.chars().map(|c| if is_plain(c) { c } else { '_' }));
        out.push_str(suffix);
        out.push('=');
        for c in value.chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => out.extend(c.escape_default()),
                c => out.push(c),
            }
        }
        out.push('\n');
    }
    if keyvals.iteration.is_some() {
        out.push('\n');
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::StepId;

    fn keyvals(iteration: Option<u32>, values: &[(&str, &str)]) -> String {
        let values = values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let mut out = String::new();
        write(&Keyvals { step: StepId(0), iteration, values }, &mut out);
        out
    }

    #[test]
    fn facts_are_sorted_lines_whatever_the_values_hold() {
        let out =
            keyvals(None, &[("version", "0.9.0"), ("b c=d", "one\ntwo\\n\r\u{1b}"), ("docker_path", "/bin/docker")]);
        assert_eq!(out, "b_c_d=one\\ntwo\\\\n\\r\\u{1b}\ndocker_path=/bin/docker\nversion=0.9.0\n");
    }

    #[test]
    fn figures_of_an_iteration_are_marked_and_set_apart() {
        assert_eq!(keyvals(Some(1), &[("seconds", "1.5"), ("bytes", "7")]), "bytes{perf}=7\nseconds{perf}=1.5\n\n");
    }
}
