//! Links in Markdown files: every one that stays on this machine must lead to a file, and to a heading in it.
//!
//! This knows the Markdown that we write (inline links, fenced code, ATX headings), not all that there is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// A link and the line that it stands on, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Link {
    line: usize,
    target: String,
}

/// Checks a book's source folder: its links, and that its summary names every page. Returns one line for each problem.
pub(crate) fn check_book(source: &Path) -> Vec<String> {
    let summary = source.join("SUMMARY.md");
    let mut problems = check_files(&pages(source), source);
    let listed: BTreeSet<PathBuf> =
        links(&read(&summary)).iter().map(|link| normal(&source.join(path_and_anchor(&link.target).0))).collect();
    for page in pages(source).into_iter().filter(|page| *page != summary && !listed.contains(page)) {
        problems.push(format!("{}: not in SUMMARY.md, so not in the book", page.display()));
    }
    problems
}

/// Checks the Markdown files right in this folder; their links must stay within it.
pub(crate) fn check_folder(folder: &Path) -> Vec<String> {
    let is_page = |file: &PathBuf| file.is_file() && file.extension().is_some_and(|extension| extension == "md");
    check_files(&entries(folder).into_iter().filter(is_page).collect::<Vec<_>>(), folder)
}

fn check_files(files: &[PathBuf], boundary: &Path) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        for link in links(&read(file)) {
            if let Some(problem) = problem_with(&link.target, file, boundary) {
                problems.push(format!("{}:{}: link to `{}`: {problem}", file.display(), link.line, link.target));
            }
        }
    }
    problems
}

fn problem_with(target: &str, file: &Path, boundary: &Path) -> Option<&'static str> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = path_and_anchor(target);
    let folder = file.parent().unwrap_or(boundary);
    let destination = if path.is_empty() { file.to_path_buf() } else { normal(&folder.join(path)) };
    if !destination.starts_with(boundary) {
        return Some("leads out of the book or the repository");
    }
    if !destination.exists() {
        return Some("there is no such file");
    }
    let known = |anchor: &str| headings(&read(&destination)).iter().any(|heading| heading == anchor);
    anchor.filter(|anchor| !known(anchor)).map(|_| "there is no such heading")
}

fn path_and_anchor(target: &str) -> (&str, Option<&str>) {
    match target.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (target, None),
    }
}

/// The path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                result.pop();
            }
            other => result.push(other),
        }
    }
    result
}

/// All Markdown files below the folder, sorted.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in entries(folder) {
        if entry.is_dir() {
            found.extend(pages(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "md") {
            found.push(entry);
        }
    }
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// A file that cannot be read has no links; whoever links to it is told.
fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

/// The lines that are not in fenced code, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fence: Option<&str> = None;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let start = line.trim_start();
        match fence {
            Some(mark) => {
                if start.starts_with(mark) {
                    fence = None;
                }
                None
            }
            None => {
                fence = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
                fence.is_none().then_some((index + 1, line))
            }
        }
    })
}

/// The inline links, as in `[text](target)`, outside of code.
fn links(text: &str) -> Vec<Link> {
    let mut found = Vec::new();
    for (line, content) in prose(text) {
        let plain: String = content.split('`').step_by(2).collect::<Vec<_>>().join("`");
        for after in plain.split("](").skip(1) {
            let target = after.split(')').next().unwrap_or(after).trim();
            // A title may follow: [text](target "title").
            let target = target.split(' ').next().unwrap_or(target);
            found.push(Link { line, target: target.to_owned() });
        }
    }
    found
}

/// The anchors of the headings, as mdbook and the usual code hosts make them.
fn headings(text: &str) -> Vec<String> {
    let titles =
        prose(text).filter(|(_, line)| line.starts_with('#')).map(|(_, line)| line.trim_start_matches('#').trim());
    titles.map(anchor).collect()
}

fn anchor(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use rstest::rstest;

    use super::{Link, anchor, check_book, check_folder, links};

    #[track_caller]
    fn check_problems(files: &[(&str, &str)], check: impl Fn(&Path) -> Vec<String>, expected: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let prefix = format!("{}/", folder.path().display());
        let problems: Vec<String> = check(folder.path()).iter().map(|line| line.replace(&prefix, "")).collect();
        assert_eq!(problems, expected);
    }

    #[test]
    fn finds_links_outside_of_code() {
        let text = "[a](a.md) and [b](b/c.md#d \"title\")\n```text\n[x](x.md)\n```\nsee `[y](y.md)` or [z](#z)\n";
        let expected = [(1, "a.md"), (1, "b/c.md#d"), (5, "#z")];
        let expected = expected.map(|(line, target)| Link { line, target: target.to_owned() });
        assert_eq!(links(text), expected);
    }

    #[rstest]
    #[case("Writing a subtest", "writing-a-subtest")]
    #[case("`status`: the lines", "status-the-lines")]
    #[case("What is *not* there", "what-is-not-there")]
    fn makes_the_anchors_that_mdbook_makes(#[case] title: &str, #[case] expected: &str) {
        assert_eq!(anchor(title), expected);
    }

    #[test]
    fn sound_book_has_no_problems() {
        let summary = "# Summary\n\n[Start](start.md)\n- [Deep](deep/page.md)\n";
        let start = "# Start\n[on](deep/page.md#the-end) [here](#start) [far](https://example.org/x)\n";
        let files = [("SUMMARY.md", summary), ("start.md", start), ("deep/page.md", "# The end\n[up](../start.md)\n")];
        check_problems(&files, check_book, &[]);
    }

    #[test]
    fn every_kind_of_problem_is_told_with_its_place() {
        let start = "# Start\n\n[gone](gone.md) [out](../../outside.md) [no](#nowhere)\n";
        let files = [("SUMMARY.md", "[Start](start.md)\n[Later](later.md)\n"), ("start.md", start), ("lost.md", "")];
        let expected = [
            "SUMMARY.md:2: link to `later.md`: there is no such file",
            "start.md:3: link to `gone.md`: there is no such file",
            "start.md:3: link to `../../outside.md`: leads out of the book or the repository",
            "start.md:3: link to `#nowhere`: there is no such heading",
            "lost.md: not in SUMMARY.md, so not in the book",
        ];
        check_problems(&files, check_book, &expected);
    }

    #[test]
    fn files_beside_the_book_may_link_anywhere_in_the_repository() {
        let files = [("README.md", "[book](docs/src/a.md) [no](docs/b.md)\n"), ("docs/src/a.md", "")];
        check_problems(&files, check_folder, &["README.md:1: link to `docs/b.md`: there is no such file"]);
    }
}
