//! The book: `docs/src`, with a page for each bundled subtest, made into pages by mdbook.
//!
//! The pages of the subtests are made of their module's comment, their INI file and their faults each time the book is
//! built. So they are never stale, and there is no second place to write the same into.

mod bundled;
mod ini;
mod pages;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::child::{self, cargo};
use crate::failure::Failure;
use crate::{links, paths};

/// The version that is built when none of this series is installed.
const VERSION: &str = "0.5.4";
const SERIES: &str = "mdbook v0.5.";

/// Checks the links of the book and of the Markdown files beside it, and builds the book into `docs/book`.
pub(crate) fn build() -> Result<(), Failure> {
    let assembled = paths::target().join("book");
    assemble_into(&assembled)?;
    check_links(&assembled)?;
    let missing = missing(&paths::root()).map_err(|error| Failure::failed(error.to_string()))?;
    if !missing.is_empty() {
        return Err(Failure::failed(missing.join("\n")));
    }
    let mdbook = provide()?;
    let built = paths::root().join("docs/book");
    let mut command = Command::new(mdbook);
    command.arg("build").arg(&assembled).arg("--dest-dir").arg(&built);
    child::must_succeed(&mut command, "build the book")?;
    eprintln!("xtask: the book is in {}", built.join("index.html").display());
    Ok(())
}

fn assemble_into(folder: &Path) -> Result<(), Failure> {
    assemble(&paths::root(), folder)
        .map_err(|error| Failure::failed(format!("cannot put the book together in {}: {error}", folder.display())))
}

/// Puts what mdbook reads into a folder of its own: the pages that are written, and those that are made.
fn assemble(root: &Path, folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let source = folder.join("src");
    copy(&root.join("docs/src"), &source)?;
    for file in ["book.toml", "book.css"] {
        fs::copy(root.join("docs").join(file), folder.join(file))?;
    }
    let tests = bundled::find(root)?;
    for test in &tests {
        let file = source.join(pages::path(test));
        fs::create_dir_all(file.parent().unwrap_or(&source))?;
        fs::write(file, pages::page(test))?;
    }
    fill(&source.join("SUMMARY.md"), pages::IN_SUMMARY, &pages::summary(&tests))?;
    fill(&source.join("subtests.md"), pages::IN_TABLE, &pages::table(&tests))?;
    fill(&source.join("faults.md"), pages::IN_FAULTS, &pages::all_faults(&tests))?;
    fill(&source.join("engines.md"), pages::IN_ENGINES, &pages::differences(&tests))
}

/// Replaces the mark in a page.
fn fill(file: &Path, mark: &str, text: &str) -> io::Result<()> {
    let page = fs::read_to_string(file)?;
    if !page.contains(mark) {
        return Err(io::Error::other(format!("{}: `{mark}` is missing", file.display())));
    }
    fs::write(file, page.replace(mark, text))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let copied = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &copied)?;
        } else {
            fs::copy(&path, &copied)?;
        }
    }
    Ok(())
}

/// What the bundled subtests' files do not say though a page needs it, a line each.
fn missing(root: &Path) -> io::Result<Vec<String>> {
    let sections = bundled::described(&root.join("config_defaults"))?;
    let everywhere = sections.iter().find(|section| section.name == "DEFAULTS");
    let mut problems = Vec::new();
    for test in bundled::find(root)? {
        if test.prose.is_empty() {
            problems.push(format!("{}: its module has no `//!` comment", test.name));
        }
        if test.sections.first().is_none_or(|section| section.about.is_empty()) {
            problems.push(format!("{}: its section has no comment", test.name));
        }
        let silent = pages::silent(&test, everywhere);
        problems.extend(silent.into_iter().map(|option| format!("{option}: no comment above it")));
        let faults = test.faults.iter().filter(|fault| fault.promise.is_empty());
        problems.extend(faults.map(|fault| format!("{}: its fault {} names no promise", test.name, fault.name)));
    }
    Ok(problems)
}

fn check_links(assembled: &Path) -> Result<(), Failure> {
    let mut problems = links::check_book(&assembled.join("src"));
    problems.extend(links::check_folder(&paths::root()));
    if problems.is_empty() { Ok(()) } else { Err(Failure::failed(problems.join("\n"))) }
}

/// The mdbook program: an installed one that fits, else our own, built once into the build folder (40 s on two cores).
fn provide() -> Result<PathBuf, Failure> {
    let tools = paths::target().join("tools");
    let own = tools.join("bin/mdbook");
    if let Some(found) = paths::find_program("mdbook").into_iter().chain([own.clone()]).find(|file| fits(file)) {
        return Ok(found);
    }
    eprintln!("xtask: building mdbook {VERSION} into {}", tools.display());
    let build = tools.join("build");
    let mut command = cargo();
    // A debug build: three quarters of the time would go into optimising a program that runs for half a second.
    command.args(["install", "mdbook", "--version", VERSION, "--locked", "--debug", "--quiet"]);
    command.args(["--no-default-features", "--features", "search"]);
    command.arg("--root").arg(&tools).arg("--target-dir").arg(&build);
    child::must_succeed(&mut command, "build mdbook")?;
    // Several hundred MB that are never needed again; if they stay, no harm is done.
    drop(fs::remove_dir_all(&build));
    Ok(own)
}

fn fits(file: &Path) -> bool {
    let output = Command::new(file).arg("--version").stdin(Stdio::null()).output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).starts_with(SERIES))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use dockertest::config::{Layers, Source};
    use dockertest::version::{API_VERSION, ApiVersion};
    use rstest::rstest;

    use super::{bundled, pages};
    use crate::paths::root;

    #[test]
    fn documentation_has_the_version_of_the_api() {
        let text = fs::read_to_string(root().join("docs/VERSION")).unwrap();
        let version: ApiVersion = text.trim().parse().unwrap();
        assert!(
            version.fits(API_VERSION),
            "docs/VERSION says {version}, the API is {API_VERSION}: go through the book"
        );
    }

    #[test]
    fn no_link_of_the_book_or_the_readme_is_broken() {
        let folder = tempfile::tempdir().unwrap();
        let assembled = folder.path().join("book");
        super::assemble_into(&assembled).unwrap();
        assert_eq!(super::check_links(&assembled), Ok(()));
    }

    #[test]
    fn two_assemblies_are_the_same() {
        let tests = || bundled::find(&root()).unwrap();
        let text = |test: &bundled::Bundled| format!("{}\n{}", pages::path(test), pages::page(test));
        let pages = || tests().iter().map(text).collect::<Vec<_>>();
        assert_eq!(pages(), pages());
        assert!(pages().iter().any(|page| page.starts_with("subtests/docker_cli/version.md\n# docker_cli/version\n")));
    }

    #[test]
    fn every_bundled_subtest_has_prose_and_a_comment_on_each_option() {
        assert_eq!(super::missing(&root()).unwrap(), Vec::<String>::new());
    }

    /// The comments are read by a reader of their own; it must see the same sections, options and values.
    #[test]
    fn the_described_options_are_those_that_the_library_reads() {
        let folder = root().join("config_defaults");
        let library = Layers::new().defaults(Source::Folder(folder.clone())).load().unwrap();
        let described = bundled::described(&folder).unwrap();
        assert!(described.len() >= 8, "{described:?}");
        for section in &described {
            let name = &section.name;
            let mut settings: BTreeMap<String, String> = BTreeMap::new();
            for setting in &section.options {
                settings.insert(setting.name.clone(), setting.value.clone());
            }
            for (option, value) in settings {
                let read = library.section(name).get(&option).unwrap_or_default().replace('\n', " ");
                // A value with a reference to another one is shown as it is written.
                assert!(
                    value.contains("%(") || read.trim() == value.replace("%%", "%"),
                    "[{name}] {option}: `{read}` is not `{value}`"
                );
            }
        }
    }

    #[rstest]
    #[case::nothing("", "mark", false)]
    #[case::mark("a mark b", "mark", true)]
    fn a_page_without_its_mark_is_refused(#[case] page: &str, #[case] mark: &str, #[case] well: bool) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("page.md");
        fs::write(&file, page).unwrap();
        assert_eq!(super::fill(&file, mark, "text").is_ok(), well);
    }
}
