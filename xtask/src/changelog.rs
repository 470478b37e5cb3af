//! The changelog has the form of "Keep a Changelog", so that people and programs find what a release brings.

use std::fs;

use dockertest::version::API_VERSION;

use crate::failure::Failure;
use crate::paths;

const KINDS: [&str; 6] = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];

/// Reads CHANGELOG.md and tells every line that is not as it should be, and a version that it does not have.
pub(crate) fn check() -> Result<(), Failure> {
    let file = paths::root().join("CHANGELOG.md");
    let text = fs::read_to_string(&file)
        .map_err(|error| Failure::failed(format!("cannot read {}: {error}", file.display())))?;
    let problems = problems(&text, &API_VERSION.to_string());
    if problems.is_empty() {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "CHANGELOG.md is not as https://keepachangelog.com has it:\n  {}",
        problems.join("\n  ")
    )))
}

/// What is wrong, with its line.
fn problems(text: &str, current: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let headings: Vec<(usize, &str)> =
        text.lines().enumerate().filter_map(|(number, line)| Some((number + 1, line.strip_prefix("## ")?))).collect();
    if headings.first().map(|(_, heading)| *heading) != Some("[Unreleased]") {
        problems
            .push("the first section has to be `## [Unreleased]`: it takes what the next release brings".to_owned());
    }
    for (number, heading) in headings.iter().filter(|(_, heading)| *heading != "[Unreleased]") {
        if version(heading).is_none() {
            problems.push(format!(
                "{number}: `## {heading}`, expected `## [{current}] - 2027-01-15`, or no day before the release"
            ));
        }
    }
    if !headings.iter().any(|(_, heading)| version(heading) == Some(current)) {
        problems.push(format!("there is no section `## [{current}]` for the version that this is"));
    }
    problems.extend(entries(text));
    problems
}

/// Each entry belongs to a kind, and no kind is without entries.
fn entries(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    // The kind that the lines are below, with the line of its heading, as long as no entry has come.
    let (mut kind, mut waiting) = (None, None);
    let empty = |(number, kind): (usize, &str)| format!("{number}: `### {kind}` has no entry below it");
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line)) {
        if line.starts_with("## ") || line.starts_with("### ") {
            problems.extend(waiting.take().map(empty));
            kind = line.strip_prefix("### ");
            waiting = kind.map(|kind| (number, kind));
            if let Some(name) = kind.filter(|name| !KINDS.contains(name)) {
                problems.push(format!("{number}: `### {name}`, expected one of {}", KINDS.join(", ")));
            }
        } else if line.starts_with("* ") || line.starts_with("- ") {
            waiting = None;
            if kind.is_none() {
                problems.push(format!("{number}: an entry has to stand below one of {}", KINDS.join(", ")));
            }
        }
    }
    problems.extend(waiting.map(empty));
    problems
}

/// The version of a heading `[0.9.0]` or `[0.9.0] - 2027-01-15`.
fn version(heading: &str) -> Option<&str> {
    let (version, rest) = heading.strip_prefix('[')?.split_once(']')?;
    let is_version = version.split('.').count() == 3 && version.split('.').all(|number| number.parse::<u8>().is_ok());
    let is_day = rest.strip_prefix(" - ").is_some_and(|day| {
        day.len() == 10
            && day.split('-').map(str::len).eq([4, 2, 2])
            && day.bytes().all(|c| c == b'-' || c.is_ascii_digit())
    });
    (is_version && (rest.is_empty() || is_day)).then_some(version)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::problems;

    const WELL: &str = "\
# Changelog

## [Unreleased]

### Added

* One.

## [0.9.0]

Not released yet.

## [0.8.0] - 2026-11-21

### Fixed

* Two,
  in two lines.
";

    #[test]
    fn nothing_is_wrong_with_an_ordinary_one() {
        assert_eq!(problems(WELL, "0.9.0"), Vec::<String>::new());
        assert_eq!(super::check(), Ok(()));
    }

    #[rstest]
    #[case::no_unreleased("## [Unreleased]", "## [0.9.1]", "the first section has to be `## [Unreleased]`")]
    #[case::other_form("## [0.9.0]", "## 0.9.0", "9: `## 0.9.0`, expected")]
    #[case::no_day("2026-11-21", "yesterday", "13: `## [0.8.0] - yesterday`, expected")]
    #[case::unknown_version("## [0.9.0]", "## [0.7.0]", "there is no section `## [0.9.0]`")]
    #[case::unknown_kind("### Fixed", "### Mended", "15: `### Mended`, expected one of Added, Changed")]
    #[case::no_kind("Not released", "* Not released", "11: an entry has to stand below one of Added")]
    #[case::no_entry("* One.\n", "One.\n", "5: `### Added` has no entry below it")]
    #[case::no_entry_at_the_end("* Two,", "Two,", "15: `### Fixed` has no entry below it")]
    fn tells_what_is_wrong(#[case] from: &str, #[case] to: &str, #[case] expected: &str) {
        let problems = problems(&WELL.replace(from, to), "0.9.0");
        assert!(problems.iter().any(|problem| problem.starts_with(expected)), "{problems:?}");
    }
}
