//! Which form a report has, and what it seems to be if it has none.

use super::failure::LoadFailure;
use super::test::Content;
use super::{Form, Options, Report, junit, subunit};
use crate::report::subunit::is_version_1;

/// How each file begins that is no report, whatever else is in it: somewhere in a large one, a few bytes look like the
/// beginning of a packet.
const BINARY: &[(&[u8], &str)] = &[
    (b"\xff\xfe", "it is UTF-16; `iconv -f UTF-16 -t UTF-8` makes UTF-8 of it"),
    (b"\xfe\xff", "it is UTF-16; `iconv -f UTF-16 -t UTF-8` makes UTF-8 of it"),
    (b"\x1f\x8b", "it is compressed (gzip); unpack it first"),
    (b"\x28\xb5\x2f\xfd", "it is compressed (zstd); unpack it first"),
    (b"PK\x03\x04", "it is an archive (zip); unpack it first"),
    (b"\x7fELF", "it is a program"),
];

/// How texts begin that are often taken for a report.
const OTHERS: &[(&[u8], &str)] = &[
    (b"TAP version", "it looks like TAP, which cannot be loaded"),
    (b"1..", "it looks like TAP, which cannot be loaded"),
    (b"ok ", "it looks like TAP, which cannot be loaded"),
    (b"not ok ", "it looks like TAP, which cannot be loaded"),
    (b"{", "it looks like JSON, which cannot be loaded"),
    (b"[", "it looks like JSON or like a configuration file, neither of which can be loaded"),
];

/// What is said of version 1, whether or not subunit was asked for.
const VERSION_1: &str = "it is a stream of subunit version 1, which is text; `subunit-1to2 < FILE` makes version 2 of it, which can be loaded";

/// Reads a report in the form that it has, or is said to have.
pub(super) fn read(report: &Report, options: &Options) -> Result<Content, LoadFailure> {
    let file = report.name();
    if options.form.is_none() && begins_as(BINARY, report.bytes()).is_some() {
        return Err(LoadFailure::Unknown { file: file.to_owned(), found: found(report.bytes()) });
    }
    let form = options.form.unwrap_or_else(|| if is_markup(report.bytes()) { Form::Junit } else { Form::Subunit });
    let mut content = match form {
        Form::Junit => junit::read(file, report.bytes())?,
        Form::Subunit => subunit::read(file, report.bytes(), options.partial)?
            .ok_or_else(|| LoadFailure::Unknown { file: file.to_owned(), found: found(report.bytes()) })?,
    };
    content.written_us = report.written_us();
    content.notes.iter_mut().for_each(|note| *note = format!("{file}: {note}"));
    Ok(content)
}

/// Whether XML begins here, if this is text at all.
fn is_markup(bytes: &[u8]) -> bool {
    start(bytes).starts_with(b"<")
}

fn start(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start()
}

fn begins_as(others: &[(&[u8], &'static str)], bytes: &[u8]) -> Option<&'static str> {
    let start = start(bytes);
    others.iter().find(|(begin, _)| start.starts_with(begin)).map(|(_, what)| *what)
}

/// What a report seems to be that is none.
fn found(bytes: &[u8]) -> String {
    let start = start(bytes);
    let other = begins_as(BINARY, bytes).or_else(|| begins_as(OTHERS, bytes));
    match other {
        _ if start.is_empty() => "it is empty".to_owned(),
        _ if is_version_1(bytes) => VERSION_1.to_owned(),
        Some(what) => what.to_owned(),
        None if is_markup(bytes) => "it is XML or HTML".to_owned(),
        None => {
            let line =
                String::from_utf8_lossy(&start[..start.len().min(60)]).lines().next().unwrap_or_default().to_owned();
            format!("it begins with `{}`", line.escape_debug())
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::nothing(b"", "it is empty")]
    #[case::blanks(b" \n\t\n", "it is empty")]
    #[case::version_1(b"time: 2024-01-02 03:04:05Z\ntest: a\nsuccess: a\n", "subunit version 1")]
    #[case::compressed(b"\x1f\x8b\x08\0\0\0", "gzip")]
    #[case::utf_16(b"\xff\xfe<\0t\0", "iconv")]
    #[case::tap(b"not ok 1 - x\n", "looks like TAP")]
    #[case::json(b" [1]", "looks like JSON")]
    #[case::text(b"all tests passed\x1b\nyes", "it begins with `all tests passed\\u{1b}`")]
    #[case::bytes(b"\x80\x81", "it begins with `\u{fffd}\u{fffd}`")]
    fn what_is_no_report_is_told_by_what_it_seems_to_be(#[case] bytes: &[u8], #[case] told: &str) {
        for form in [None, Some(Form::Subunit)] {
            let options = Options { form, ..Options::default() };
            let failure = read(&Report::new("x", bytes), &options).unwrap_err().to_string();
            assert!(failure.starts_with("`x` is neither JUnit XML nor a stream of subunit: "), "{failure}");
            assert!(failure.contains(told), "{failure}");
        }
    }

    #[test]
    fn what_looks_like_a_packet_within_an_archive_is_none() {
        let archive = b"\x1f\x8b\x08\0\0\n\xb3\x28\0\x01\n\xb3\x2a\xff\xff";
        let failure = read(&Report::new("x.gz", *archive), &Options::default()).unwrap_err().to_string();
        assert!(failure.ends_with("it is compressed (gzip); unpack it first"), "{failure}");
    }
}
