//! The packages of an engine from another release of the distribution, in one file.
//!
//! apt chooses and fetches them, with folders of its own, so that it neither reads nor changes what is installed. What
//! has to be in the file is the engine with all libraries that it needs, down to the C library: a program of another
//! release seldom runs with those of this one. The base of the system comes from the machine itself.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::{BuildFailure, Flavor};
use crate::engine::daemon::search_path;

/// Folders of the root that are links into `/usr` today. An older package may still have files in them.
const MERGED: [&str; 6] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/// The keys that distributions sign their archives with.
const KEYRINGS: [&str; 2] =
    ["/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/ubuntu-archive-keyring.gpg"];

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
    let tree = work.path().join("tree");
    fs::create_dir_all(&tree).map_err(|source| BuildFailure::file(&tree, source))?;
    let named = order.flavor.packages();
    let is_named = |name: &str| {
        named.0.iter().chain(named.1).any(|package| *package == name) || order.more.iter().any(|more| more == name)
    };
    let mut packages = Vec::new();
    for archive in &archives {
        let package = Package::read(archive)?;
        if is_named(&package.name) || !package.is_base() {
            run(Command::new("dpkg-deb").arg("--extract").arg(archive).arg(&tree))?;
            merge_into_usr(&tree).map_err(|source| BuildFailure::file(&tree, source))?;
            packages.push(format!("{}={}", package.name, package.version));
        }
    }
    pack(&tree, image)?;
    packages.sort();
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

/// apt with folders of its own.
struct Apt {
    /// What it reads before its other configuration.
    configuration: PathBuf,
    archives: PathBuf,
    mirror: String,
}

impl Apt {
    fn prepare(order: &Order<'_>, work: &Path, lists: &Path) -> Result<Apt, BuildFailure> {
        let mirror = match order.mirror {
            Some(mirror) => check_uri(mirror)?,
            None => own_mirror()?.ok_or_else(|| BuildFailure::NoArchive { suite: order.suite.to_owned() })?,
        };
        let (sources, status, archives) = (work.join("a.sources"), work.join("status"), work.join("archives"));
        let signed = KEYRINGS.iter().filter(|file| Path::new(file).is_file());
        let keys = signed.map(|file| format!("Signed-By: {file}\n")).next().unwrap_or_default();
        let text = format!("Types: deb\nURIs: {mirror}\nSuites: {}\nComponents: main\n{keys}", order.suite);
        let configuration = work.join("apt.conf");
        let folders = [
            ("Dir::Etc::sourcelist", sources.as_path()),
            ("Dir::Etc::sourceparts", Path::new("/dev/null")),
            ("Dir::State", work),
            ("Dir::State::lists", lists),
            ("Dir::State::status", &status),
            ("Dir::Cache", work),
            ("Dir::Cache::archives", &archives),
        ];
        let mut settings = "APT::Install-Recommends \"false\";\nAPT::Sandbox::User \"\";\n".to_owned();
        for (name, path) in folders {
            settings.push_str(&setting(name, path)?);
        }
        for (file, text) in [(&sources, text.as_str()), (&status, ""), (&configuration, &settings)] {
            fs::write(file, text).map_err(|source| BuildFailure::file(file, source))?;
        }
        for folder in [lists.join("partial"), archives.join("partial")] {
            fs::create_dir_all(&folder).map_err(|source| BuildFailure::file(&folder, source))?;
        }
        Ok(Apt { configuration, archives, mirror })
    }

    fn program(&self, name: &str, words: &[&str]) -> Command {
        let mut command = Command::new(name);
        command.args(words).env("APT_CONFIG", &self.configuration);
        command
    }

    /// Fetches the lists of what there is.
    fn update(&self, suite: &str) -> Result<(), BuildFailure> {
        let done = run(&mut self.program("apt-get", &["--quiet", "update"]));
        done.map(drop).map_err(|failure| match failure {
            BuildFailure::Program { command, how, advice } => {
                let advice = format!("{advice}\nis `{suite}` a release in {}?", self.mirror);
                BuildFailure::Program { command, how, advice }
            }
            other => other,
        })
    }

    /// Fetches the engine's packages and all that they need.
    fn download(&self, order: &Order<'_>) -> Result<Vec<PathBuf>, BuildFailure> {
        let (must, may) = order.flavor.packages();
        let is_known = |name: &&&str| run(&mut self.program("apt-cache", &["--quiet=2", "show", name])).is_ok();
        let known: Vec<&str> = may.iter().filter(is_known).copied().collect();
        let mut words = vec!["--quiet", "--assume-yes", "--download-only", "install"];
        words.extend(must.iter().copied().chain(known).chain(order.more.iter().map(String::as_str)));
        run(&mut self.program("apt-get", &words))?;
        let cannot = |source| BuildFailure::file(&self.archives, source);
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.archives).map_err(cannot)? {
            let path = entry.map_err(cannot)?.path();
            if path.extension().is_some_and(|extension| extension == "deb") {
                found.push(path);
            }
        }
        // The order in which they are unpacked should be the same every time.
        found.sort();
        Ok(found)
    }
}

/// A line of apt's configuration.
fn setting(name: &str, path: &Path) -> Result<String, BuildFailure> {
    match path.to_str() {
        Some(text) if !text.contains(['"', '\n']) => Ok(format!("{name} \"{text}\";\n")),
        _ => Err(BuildFailure::file(path, io::Error::other("apt takes no such path"))),
    }
}

/// An address that becomes a part of a line of apt's.
fn check_uri(uri: &str) -> Result<String, BuildFailure> {
    if uri.contains("://") && !uri.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Ok(uri.to_owned());
    }
    Err(BuildFailure::Mirror(uri.to_owned()))
}

/// The archive that this machine's own packages come from.
fn own_mirror() -> Result<Option<String>, BuildFailure> {
    let mut command = Command::new("apt-get");
    command.args(["indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)", "Identifier: Packages"]);
    let said = run(&mut command)?;
    Ok(main_archive(&String::from_utf8_lossy(&said.stdout)))
}

/// The archive of a distribution: the one whose label is the distribution's own. Its security archive has no other
/// releases' engines.
fn main_archive(targets: &str) -> Option<String> {
    let archives = targets.lines().filter_map(|line| {
        let [origin, label, component, uri] = line.split('|').collect::<Vec<_>>()[..] else { return None };
        Some((origin, label, component, uri))
    });
    let mut mains = archives.filter(|(_, _, component, _)| *component == "main");
    mains.find(|(origin, label, ..)| !origin.is_empty() && origin == label).map(|(.., uri)| uri.to_owned())
}

/// What a package says of itself.
struct Package {
    name: String,
    version: String,
    priority: String,
    section: String,
}

impl Package {
    fn read(archive: &Path) -> Result<Package, BuildFailure> {
        let mut command = Command::new("dpkg-deb");
        command.args(["--showformat", "${Package}\\n${Version}\\n${Priority}\\n${Section}", "--show"]).arg(archive);
        let said = run(&mut command)?;
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        let mut lines = text.lines().map(str::to_owned);
        let mut next = || lines.next().unwrap_or_default();
        Ok(Package { name: next(), version: next(), priority: next(), section: next() })
    }

    /// Whether it belongs to the base of every system, which the machine has itself: accounts, the package manager. Of
    /// libraries the engine needs its own.
    fn is_base(&self) -> bool {
        matches!(self.priority.as_str(), "required" | "important") && self.section != "libs"
    }
}

/// Moves what is in the root's own `bin`, `lib` and so on into `/usr`: over a root in which those are links into `/usr`,
/// folders would hide them with all that is in them.
fn merge_into_usr(tree: &Path) -> io::Result<()> {
    for name in MERGED {
        let folder = tree.join(name);
        if folder.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
            move_into(&folder, &tree.join("usr").join(name))?;
        }
    }
    Ok(())
}

fn move_into(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            move_into(&entry.path(), &target)?;
        } else {
            fs::rename(entry.path(), target)?;
        }
    }
    fs::remove_dir(from)
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
    fn the_archive_of_the_distribution_is_found_among_others() {
        let targets = "Docker|Docker CE|stable|http://a.example/linux/debian/\n\
                       Debian|Debian-Security|main|http://b.example/debian-security/\n\
                       Debian|Debian|contrib|http://c.example/debian/\n\
                       Debian|Debian|main|http://c.example/debian/\n";
        assert_eq!(main_archive(targets).as_deref(), Some("http://c.example/debian/"));
        assert_eq!(main_archive("||main|http://d.example/\n"), None);
        assert_eq!(main_archive(""), None);
    }

    #[test]
    fn the_base_of_the_system_stays_the_machines() {
        let package = |priority: &str, section: &str| {
            let (priority, section) = (priority.to_owned(), section.to_owned());
            Package { name: String::new(), version: String::new(), priority, section }
        };
        assert!(package("required", "admin").is_base());
        assert!(!package("required", "libs").is_base());
        assert!(!package("optional", "admin").is_base());
    }

    #[test]
    fn old_places_are_merged_into_usr() {
        let tree = tempfile::tempdir().unwrap();
        for (file, text) in [("lib/x/libold.so", "old"), ("usr/lib/x/libnew.so", "new"), ("sbin/tool", "tool")] {
            let file = tree.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        merge_into_usr(tree.path()).unwrap();
        let read = |file: &str| fs::read_to_string(tree.path().join(file)).unwrap();
        assert_eq!(read("usr/lib/x/libold.so") + &read("usr/lib/x/libnew.so") + &read("usr/sbin/tool"), "oldnewtool");
        assert!(!tree.path().join("lib").exists() && !tree.path().join("sbin").exists());
        // Links into /usr stay as they are.
        std::os::unix::fs::symlink("usr/lib", tree.path().join("lib")).unwrap();
        merge_into_usr(tree.path()).unwrap();
        assert!(tree.path().join("lib").is_symlink());
    }

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
        for bad in ["", "trixie", "http://a b", "http://a\nSuites: x"] {
            assert!(matches!(check_uri(bad), Err(BuildFailure::Mirror(_))), "{bad:?}");
        }
    }
}
