//! The book: `docs/src` made into pages by mdbook.

use std::fs;
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
    check_links()?;
    let mdbook = provide()?;
    let docs = paths::root().join("docs");
    child::must_succeed(Command::new(mdbook).arg("build").arg(&docs), "build the book")?;
    eprintln!("xtask: the book is in {}", docs.join("book/index.html").display());
    Ok(())
}

fn check_links() -> Result<(), Failure> {
    let root = paths::root();
    let mut problems = links::check_book(&root.join("docs/src"));
    problems.extend(links::check_folder(&root));
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
    use std::fs;

    use dockertest::version::{API_VERSION, ApiVersion};

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
        assert_eq!(super::check_links(), Ok(()));
    }
}
