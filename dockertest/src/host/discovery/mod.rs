//! Hosts from outside: plug-in libraries and executables, found in files and folders and asked for their lists.

mod ask;
mod cache;
mod find;
mod identity;

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fmt, io};

pub(crate) use ask::{Ask, ask_all};
use cache::Cache;

use super::program::HostProgram;
use crate::user_folders;

/// How long a host may take to list its subtests.
pub(crate) const LIST_LIMIT: Duration = Duration::from_secs(30);

/// Where plug-ins are looked for.
///
/// A plug-in is a library (its name ends in `.so`) or an executable that is a [host](super). In a folder, all of these
/// are taken, in the order of their names, and everything else is passed over. A file that is found twice, by whatever
/// paths, is one plug-in.
///
/// ```
/// use dockertest::host::{HostProgram, Plugins};
///
/// # let folder = tempfile::tempdir()?;
/// # let plug_ins = folder.path();
/// std::fs::write(plug_ins.join("disk_quota.so"), "")?;
/// std::fs::write(plug_ins.join("README"), "Not a plug-in.")?;
///
/// let plugins = Plugins::new(HostProgram::new("/usr/bin/dockertest-host")).named(plug_ins, "--plugin");
/// let found = plugins.find()?;
/// assert_eq!(found.len(), 1);
/// assert_eq!(found[0].shown(), plug_ins.join("disk_quota.so"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Plugins {
    loader: HostProgram,
    places: Vec<Place>,
    limit: Duration,
    cache: Option<Cache>,
}

/// A file or folder to look at.
#[derive(Debug, Clone)]
struct Place {
    path: PathBuf,
    /// Who named it. Nothing: it need not exist.
    giver: Option<String>,
}

impl Plugins {
    /// No place yet. Libraries will be loaded by `loader`, a program that serves as a host.
    #[must_use]
    pub fn new(loader: HostProgram) -> Plugins {
        Plugins { loader, places: Vec::new(), limit: LIST_LIMIT, cache: None }
    }

    /// Adds a file or a folder, which must be there. `giver` says who named it, for people. A relative path is one from
    /// the working folder.
    #[must_use]
    pub fn named(mut self, path: impl Into<PathBuf>, giver: impl Into<String>) -> Plugins {
        self.places.push(Place { path: path.into(), giver: Some(giver.into()) });
        self
    }

    /// Adds a folder, which need not exist.
    ///
    /// ```
    /// use dockertest::host::{HostProgram, Plugins};
    ///
    /// let plugins = Plugins::new(HostProgram::new("dockertest-host")).folder("/no/such/folder");
    /// assert!(plugins.find()?.is_empty());
    /// # Ok::<(), dockertest::host::NoPlugin>(())
    /// ```
    #[must_use]
    pub fn folder(mut self, path: impl Into<PathBuf>) -> Plugins {
        self.places.push(Place { path: path.into(), giver: None });
        self
    }

    /// How long each may take to list its subtests, 30 seconds if nothing else is said.
    #[must_use]
    pub fn limit(self, limit: Duration) -> Plugins {
        Plugins { limit, ..self }
    }

    /// Keeps the lists in a folder, which need not exist. A plug-in is asked again only when its file, or its loader,
    /// has changed. If what it lists depends on more than its file, touch the file when that has changed. One that took
    /// too long is not asked again either.
    #[must_use]
    pub fn cache(mut self, folder: impl Into<PathBuf>) -> Plugins {
        self.cache = Some(Cache::new(folder.into()));
        self
    }

    /// Adds the folder where a user keeps plug-ins, `$XDG_DATA_HOME/dockertest/plugins`, and keeps lists in
    /// `$XDG_CACHE_HOME/dockertest/plugins`. Without these variables the folders are `~/.local/share` and `~/.cache`.
    #[must_use]
    pub fn of_user(self) -> Plugins {
        let variable = |name: &str| std::env::var_os(name);
        let with_folder = match user_folders::plugins(variable) {
            Some(folder) => self.folder(folder),
            None => self,
        };
        match user_folders::plugin_lists(variable) {
            Some(folder) => with_folder.cache(folder),
            None => with_folder,
        }
    }

    /// How to ask them.
    pub(crate) fn asks<'a>(&'a self, found: &'a [HostProgram]) -> impl Iterator<Item = Ask<'a>> {
        found.iter().map(|program| Ask { program, limit: self.limit, cache: self.cache.as_ref() })
    }

    /// The files and folders that were named, from the root.
    pub(crate) fn named_paths(&self) -> Vec<PathBuf> {
        let named = self.places.iter().filter(|place| place.giver.is_some());
        named.map(|place| std::path::absolute(&place.path).unwrap_or_else(|_| place.path.clone())).collect()
    }

    /// The plug-ins that are there, place by place. Nothing is started.
    ///
    /// # Errors
    /// A place that was named is no plug-in and no folder, or cannot be read.
    pub fn find(&self) -> Result<Vec<HostProgram>, NoPlugin> {
        find::find(&self.loader, &self.places)
    }
}

/// A plug-in that was named, and is none.
///
/// ```
/// use dockertest::host::{HostProgram, Plugins};
///
/// let plugins = Plugins::new(HostProgram::new("dockertest-host")).named("/no/such.so", "--plugin");
/// let failure = plugins.find().unwrap_err();
/// assert_eq!(failure.to_string(), "the plug-in `/no/such.so` (--plugin): No such file or directory (os error 2)");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("the plug-in `{}` ({giver}): {source}", path.display())]
#[non_exhaustive]
pub struct NoPlugin {
    /// The file or folder.
    pub path: PathBuf,
    /// Who named it.
    pub giver: String,
    /// What is wrong with it.
    pub source: io::Error,
}

/// A plug-in that cannot be used. Nothing else is the worse for it; its subtests are not known.
///
/// ```
/// use dockertest::host::BrokenPlugin;
///
/// // a plug-in is left out: `/opt/quota.so list`: it is empty
/// fn warn(broken: &[BrokenPlugin]) {
///     broken.iter().for_each(|plugin| eprintln!("{plugin}"));
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokenPlugin {
    /// The plug-in.
    pub file: PathBuf,
    /// What is wrong with it, with its name.
    pub problem: String,
}

impl fmt::Display for BrokenPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a plug-in is left out: {}", self.problem)
    }
}

/// Whether a file's name says that it is a plug-in library.
fn is_library(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "so")
}
