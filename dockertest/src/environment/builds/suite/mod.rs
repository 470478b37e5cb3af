//! The packages of an engine from another release of the distribution, in one file.
//!
//! apt chooses and fetches them, with folders of its own, so that it neither reads nor changes what is installed
//! ([`apt`]); they are unpacked side by side ([`unpack`]) and packed into one file system. What has to be in it is the
//! engine with all libraries that it needs, down to the C library: a program of another release seldom runs with those of
//! this one. The base of the system comes from the machine itself.

mod apt;
mod unpack;

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use apt::Apt;

use super::{BuildFailure, Flavor};
use crate::engine::daemon::search_path;

/// How much of what a failed program said is shown.
const SHOWN_LINES: usize = 6;

/// What is wanted.
#[derive(Debug)]
pub(super) struct Order<'a> {
    pub(super) suite: &'a str,
    pub(super) mirror: Option<&'a str>,
    pub(super) more: &'a [String],
    pub(super) flavor: Flavor,
}

/// Puts the packages into the file `image`; gives back those that are in it, as `name=version`.
pub(super) fn fetch(order: &Order<'_>, cache: Option<&Path>, image: &Path) -> Result<Vec<String>, BuildFailure> {
    check_word(order.suite)?;
    let here = image.parent().unwrap_or(Path::new("/"));
    let work = tempfile::Builder::new().prefix("work-").tempdir_in(here);
    let work = work.map_err(|source| BuildFailure::file(here, source))?;
    let lists = cache.map_or_else(|| work.path().join("lists"), |cache| cache.join(order.suite));
    let apt = Apt::prepare(order, work.path(), &lists)?;
    apt.update(order.suite)?;
    let archives = apt.download(order)?;
    let named = order.flavor.packages();
    let is_named = |name: &str| {
        named.0.iter().chain(named.1).any(|package| *package == name) || order.more.iter().any(|more| more == name)
    };
    let tree = work.path().join("tree");
    let packages = unpack::unpack(&archives, &is_named, work.path(), &tree)?;
    pack(&tree, image)?;
    Ok(packages)
}

/// A word that becomes a part of a path and of a file of apt's.
fn check_word(suite: &str) -> Result<(), BuildFailure> {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if !suite.is_empty() && !suite.starts_with(['.', '-']) && suite.chars().all(is_fit) {
        return Ok(());
    }
    Err(BuildFailure::Suite(suite.to_owned()))
}

/// One file of a tree: a file system of its own, because the kernel refuses a folder of the root as a layer over that
/// root.
fn pack(tree: &Path, image: &Path) -> Result<(), BuildFailure> {
    let mut command = Command::new("mksquashfs");
    command.arg(tree).arg(image).args(["-comp", "zstd", "-Xcompression-level", "3", "-noappend", "-no-progress"]);
    run(&mut command).map(drop)
}

/// Runs a program to its end, which must be a good one.
fn run(command: &mut Command) -> Result<Output, BuildFailure> {
    // What it says is read by people, but by us too.
    command.env("PATH", search_path()).env("LC_ALL", "C.UTF-8").env("DEBIAN_FRONTEND", "noninteractive");
    let done = command.stdin(Stdio::null()).output();
    let (how, advice) = match done {
        Ok(output) if output.status.success() => return Ok(output),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
            let end = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
            let shown: String = end.iter().map(|line| format!("\n  {line}")).collect();
            (format!("ended with {}", output.status), shown)
        }
        Err(error) => (format!("cannot be started: {error}"), package_of(command.get_program())),
    };
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
    let command = shlex::try_join(words.iter().map(AsRef::as_ref)).unwrap_or_else(|_| words.join(" "));
    Err(BuildFailure::Program { command, how, advice })
}

/// Where a program is to be had that is not there.
fn package_of(program: &OsStr) -> String {
    match program.to_str() {
        Some("mksquashfs") => "; the package `squashfs-tools` has it".to_owned(),
        Some("apt-get" | "apt-cache" | "dpkg-deb") => {
            "; only Debian and what descends from it has packages that can be taken: give a root file system (`--root`) \
             or a folder of programs (`--path`)"
                .to_owned()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_becomes_of_a_program_is_told_with_its_words() {
        let failure = run(Command::new("sh").args(["-c", "echo one >&2; echo two >&2; exit 3"])).unwrap_err();
        let expected = "`sh -c 'echo one >&2; echo two >&2; exit 3'` ended with exit status: 3\n  one\n  two";
        assert_eq!(failure.to_string(), expected);
        let missing = run(&mut Command::new("no-such-program-here")).unwrap_err().to_string();
        assert!(missing.starts_with("`no-such-program-here` cannot be started: No such file"), "{missing}");
    }

    #[test]
    fn a_release_is_a_word() {
        for bad in ["", "../x", "a b", "-o", "trixie\nURIs: x"] {
            assert!(matches!(check_word(bad), Err(BuildFailure::Suite(_))), "{bad:?}");
        }
        check_word("trixie-backports").unwrap();
    }
}
