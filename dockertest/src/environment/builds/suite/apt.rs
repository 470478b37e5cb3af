//! apt with folders of its own: what it finds and fetches does not depend on what is installed, and changes nothing of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Order, run};
use crate::environment::builds::BuildFailure;

/// The keys that distributions sign their archives with.
const KEYRINGS: [&str; 2] =
    ["/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/ubuntu-archive-keyring.gpg"];

/// What the machine's own configuration may have apt do besides: programs that it runs after it has fetched its lists,
/// which change the machine. And the names of its index, empty ones of which make every call read all lists again.
const OWN_WAYS: &str = "#clear APT::Update;\nDir::Cache::pkgcache \"pkgcache.bin\";\n\
                        Dir::Cache::srcpkgcache \"srcpkgcache.bin\";\n";

/// apt with folders of its own.
pub(super) struct Apt {
    /// What it reads after all other configuration, so that this is the last word.
    configuration: PathBuf,
    archives: PathBuf,
    mirror: String,
}

impl Apt {
    pub(super) fn prepare(order: &Order<'_>, work: &Path, lists: &Path) -> Result<Apt, BuildFailure> {
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
        let mut settings = format!("{OWN_WAYS}APT::Install-Recommends \"false\";\nAPT::Sandbox::User \"\";\n");
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
        command.arg("--config-file").arg(&self.configuration).args(words);
        command
    }

    /// Fetches the lists of what there is.
    pub(super) fn update(&self, suite: &str) -> Result<(), BuildFailure> {
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
    pub(super) fn download(&self, order: &Order<'_>) -> Result<Vec<PathBuf>, BuildFailure> {
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
    fn an_address_is_one() {
        for bad in ["", "trixie", "http://a b", "http://a\nSuites: x"] {
            assert!(matches!(check_uri(bad), Err(BuildFailure::Mirror(_))), "{bad:?}");
        }
    }
}
