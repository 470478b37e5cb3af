//! Packages, and the tree of what is in them.

use std::cmp::Reverse;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};

use super::run;
use crate::environment::builds::BuildFailure;

/// Folders of the root that are links into `/usr` today. An older package may still have files in them.
const MERGED: [&str; 6] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/// Unpacks the archives into the new folder `tree`: those that are named, and those that are not the base of every system.
/// Gives back what is in it, as `name=version`, sorted.
///
/// Unpacking is mostly work for one processor an archive, so as many are unpacked at once as there are processors, each
/// into a folder of its own in `work`; they are laid over each other in the order of `archives`.
pub(super) fn unpack(
    archives: &[PathBuf],
    is_named: &(dyn Fn(&str) -> bool + Sync),
    work: &Path,
    tree: &Path,
) -> Result<Vec<String>, BuildFailure> {
    let single = work.join("single");
    for folder in [tree, &single] {
        fs::create_dir_all(folder).map_err(|source| BuildFailure::file(folder, source))?;
    }
    let folder_of = |index: usize| single.join(index.to_string());
    let take = |index: usize| -> Result<Option<String>, BuildFailure> {
        let package = Package::read(&archives[index])?;
        if !is_named(&package.name) && package.is_base() {
            return Ok(None);
        }
        let folder = folder_of(index);
        run(Command::new("dpkg-deb").arg("--extract").arg(&archives[index]).arg(&folder))?;
        merge_into_usr(&folder).map_err(|source| BuildFailure::file(&folder, source))?;
        Ok(Some(format!("{}={}", package.name, package.version)))
    };
    let mut packages = Vec::new();
    for (index, taken) in each_at_once(&largest_first(archives), take)? {
        if let Some(package) = taken {
            lay_over(&folder_of(index), tree, tree).map_err(|source| BuildFailure::file(tree, source))?;
            packages.push(package);
        }
    }
    packages.sort();
    Ok(packages)
}

/// The places of the archives, so that the longest work is not begun last.
fn largest_first(archives: &[PathBuf]) -> Vec<usize> {
    let mut indexes: Vec<usize> = (0..archives.len()).collect();
    indexes.sort_by_cached_key(|index| Reverse(archives[*index].metadata().map_or(0, |metadata| metadata.len())));
    indexes
}

/// Does something for each of these, in their order, as many at once as there are processors. Gives back what became of
/// each, sorted; the first failure of all if there is one, and then begins no more.
fn each_at_once<T: Send>(
    indexes: &[usize],
    action: impl Fn(usize) -> Result<T, BuildFailure> + Sync,
) -> Result<Vec<(usize, T)>, BuildFailure> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some(index) = indexes.get(next.fetch_add(1, Ordering::Relaxed)) {
            match action(*index) {
                Ok(result) => done.push((*index, result)),
                Err(failure) => {
                    next.store(indexes.len(), Ordering::Relaxed);
                    return Err(failure);
                }
            }
        }
        Ok(done)
    };
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let results: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..processors.min(indexes.len())).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let mut done = Vec::new();
    for result in results {
        done.extend(result?);
    }
    done.sort_by_key(|(index, _)| *index);
    Ok(done)
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
            fs::create_dir_all(tree.join("usr"))?;
            lay_over(&folder, &tree.join("usr").join(name), tree)?;
        }
    }
    Ok(())
}

/// Moves a folder to another place, and what is in it over what is there. As for the package manager, a folder that is
/// there stays one where a link comes, and what comes into a link goes where it leads if `tree` is the root: never out of
/// it.
fn lay_over(from: &Path, to: &Path, tree: &Path) -> io::Result<()> {
    let Ok(there) = to.symlink_metadata() else { return fs::rename(from, to) };
    let to = &if there.is_symlink() { within(tree, to)? } else { to.to_owned() };
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            lay_over(&entry.path(), &target, tree)?;
        } else if !(kind.is_symlink() && target.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())) {
            fs::rename(entry.path(), target)?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    fs::remove_dir(from)
}

/// Where a link to a folder leads if `tree` is the root.
fn within(tree: &Path, link: &Path) -> io::Result<PathBuf> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("the link {}: {error}", link.display()));
    let below = link.strip_prefix(tree).map_err(io::Error::other)?;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let found =
        File::open(tree).and_then(|root| Ok(openat2(root, below, flags, Mode::empty(), ResolveFlags::IN_ROOT)?));
    let folder = found.map_err(named)?;
    fs::read_link(format!("/proc/self/fd/{}", folder.as_raw_fd()))
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn what_comes_later_lies_over_what_is_there() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let (below, above) = (folder.path().join("below"), folder.path().join("above"));
        fs::create_dir_all(below.join("etc/deep")).unwrap();
        fs::create_dir_all(above.join("etc/deep")).unwrap();
        fs::create_dir_all(below.join("real")).unwrap();
        fs::create_dir_all(above.join("new/deep")).unwrap();
        fs::create_dir_all(above.join("linked")).unwrap();
        symlink("real", below.join("linked")).unwrap();
        // As a package has it: from the root on, which is not this machine's.
        fs::create_dir_all(below.join("usr/share/deep")).unwrap();
        fs::create_dir_all(above.join("etc/away")).unwrap();
        symlink("/usr/share/../share/deep", below.join("etc/away")).unwrap();
        fs::write(above.join("etc/away/file"), "away").unwrap();
        symlink("elsewhere", above.join("real")).unwrap();
        fs::write(below.join("etc/deep/both"), "below").unwrap();
        fs::write(below.join("etc/deep/old"), "below").unwrap();
        fs::write(above.join("etc/deep/both"), "above").unwrap();
        fs::write(above.join("linked/file"), "above").unwrap();
        lay_over(&above, &below, &below).unwrap();
        assert_eq!(fs::read_to_string(below.join("usr/share/deep/file")).unwrap(), "away");
        let read = |file: &str| fs::read_to_string(below.join(file)).unwrap();
        assert_eq!([read("etc/deep/both"), read("etc/deep/old"), read("real/file")], ["above", "below", "above"]);
        assert!(below.join("new/deep").is_dir() && below.join("linked").is_symlink());
        assert!(!above.exists());
    }

    #[test]
    fn each_is_done_once_and_the_first_failure_ends_all() {
        let indexes: Vec<usize> = (0..50).rev().collect();
        let done = each_at_once(&indexes, |index| Ok(index * 2)).unwrap();
        assert_eq!(done, (0..50).map(|index| (index, index * 2)).collect::<Vec<_>>());
        let begun = AtomicUsize::new(0);
        let failed = each_at_once(&indexes, |index| {
            begun.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(BuildFailure::Suite(index.to_string()))
        });
        assert!(matches!(failed, Err(BuildFailure::Suite(_))));
        let processors = thread::available_parallelism().unwrap().get();
        assert!(begun.into_inner() <= processors);
        assert_eq!(each_at_once(&[], |_| Ok(())).unwrap(), []);
    }
}
