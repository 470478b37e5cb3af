//! Builds of engines beside the one that is installed: other versions, of the distribution or of one's own, that a
//! capsule can have in place of it. Nothing of what is installed is touched.

mod build;
mod capsule;
mod failure;
mod probe;
mod record;
mod suite;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

pub use build::{EngineBuild, Flavor, Origin};
pub use failure::BuildFailure;
pub use record::Layer;

use super::capsule::remove_prepared;
use crate::user_folders;

/// The file of a build's folder that says what it is.
const RECORD: &str = "build.json";
/// The file of a build's folder with the programs of another release.
const IMAGE: &str = "image.squashfs";
/// Held while a build is added or removed.
const LOCK: &str = "lock";
/// The beginning of a name of a folder that is being filled.
const UNFINISHED: &str = ".adding-";

/// The builds that a user has, a folder each.
///
/// ```
/// use dockertest::environment::Builds;
///
/// let folder = tempfile::tempdir()?;
/// let builds = Builds::in_folder(folder.path().join("engines"));
/// assert!(builds.all()?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Builds {
    folder: PathBuf,
    /// Where lists of packages are kept between two times; a new folder each time if there is none.
    cache: Option<PathBuf>,
    /// Where capsules keep what they prepare with them; nothing: these are not the builds that it is kept for.
    prepared: Option<PathBuf>,
}

/// Where a build is to come from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildSource {
    /// Packages of another release of the distribution.
    Suite {
        /// The release, for example `trixie`.
        suite: String,
        /// The address of the archive; nothing: the one that this machine uses.
        mirror: Option<String>,
        /// More packages than the engine's own.
        packages: Vec<String>,
    },
    /// A root file system that holds the engine. It is not copied.
    Root(PathBuf),
    /// A folder with the engine's programs, as a build of one's own has. It is not copied.
    Path(PathBuf),
}

impl Builds {
    /// Those in this folder; it need not be there.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Builds {
        Builds { folder: folder.into(), cache: None, prepared: None }
    }

    /// The same with a folder for what can be fetched again.
    #[must_use]
    pub fn caching_in(mut self, folder: impl Into<PathBuf>) -> Builds {
        self.cache = Some(folder.into());
        self
    }

    /// Those of the user: in `dockertest/engines` of the XDG data folder. Nothing without a home.
    ///
    /// ```
    /// println!("{:?}", dockertest::environment::Builds::of_user());
    /// ```
    #[must_use]
    pub fn of_user() -> Option<Builds> {
        let variable = |name: &str| std::env::var_os(name);
        Some(Builds {
            folder: user_folders::engines(variable)?,
            cache: user_folders::package_lists(variable),
            prepared: user_folders::templates(variable),
        })
    }

    /// All, by name.
    ///
    /// # Errors
    /// The folder, or what it says of a build, cannot be read.
    pub fn all(&self) -> Result<Vec<EngineBuild>, BuildFailure> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(BuildFailure::file(&self.folder, source)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(|source| BuildFailure::file(&self.folder, source))?.path();
            let record = path.join(RECORD);
            if record.is_file() && !is_unfinished(&path) {
                found.push(record::read(&record)?);
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// The build of that name.
    ///
    /// # Errors
    /// There is none; then the failure says which there are.
    pub fn get(&self, name: &str) -> Result<EngineBuild, BuildFailure> {
        let all = self.all()?;
        let names = || all.iter().map(|build| build.name.clone()).collect();
        all.iter()
            .find(|build| build.name == name)
            .cloned()
            .ok_or_else(|| BuildFailure::Unknown { name: name.to_owned(), known: names() })
    }

    /// Adds a build. `flavor` is needed only where the name does not begin with `docker` or `podman`.
    ///
    /// # Errors
    /// The name is taken or cannot be one, something cannot be fetched or written, or there is no engine in it. Then
    /// nothing has been added.
    pub fn add(&self, name: &str, wanted: &BuildSource, flavor: Option<Flavor>) -> Result<EngineBuild, BuildFailure> {
        check_name(name)?;
        let flavor = match (flavor, Flavor::of_name(name)) {
            (Some(flavor), Some(named)) if flavor != named => {
                return Err(BuildFailure::Disagree { name: name.to_owned(), flavor });
            }
            (flavor, named) => flavor.or(named).ok_or_else(|| BuildFailure::Flavor(name.to_owned()))?,
        };
        let _lock = self.lock()?;
        self.remove_unfinished();
        let place = self.folder.join(name);
        if place.symlink_metadata().is_ok() {
            return Err(BuildFailure::Taken { name: name.to_owned(), place });
        }
        let cannot = |source| BuildFailure::file(&self.folder, source);
        let unfinished = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(&self.folder).map_err(cannot)?;
        let mut build = match wanted {
            BuildSource::Suite { suite, mirror, packages } => {
                let order = suite::Order { suite, mirror: mirror.as_deref(), more: packages, flavor };
                let image = unfinished.path().join(IMAGE);
                let packages = suite::fetch(&order, self.cache.as_deref(), &image)?;
                let version = flavor.version_in(&packages);
                let origin = Origin::Suite { suite: suite.clone(), packages };
                EngineBuild { name: name.to_owned(), flavor, version, origin, image: Some(place.join(IMAGE)) }
            }
            BuildSource::Root(folder) => {
                let folder = existing_folder(folder)?;
                let version = probe::version_in_root(&folder, flavor)?;
                EngineBuild { name: name.to_owned(), flavor, version, origin: Origin::Root { folder }, image: None }
            }
            BuildSource::Path(folder) => {
                let folder = existing_folder(folder)?;
                let version = probe::version_in_path(&folder, flavor)?;
                EngineBuild { name: name.to_owned(), flavor, version, origin: Origin::Path { folder }, image: None }
            }
        };
        build.version = build.version.trim().to_owned();
        record::write(&unfinished.path().join(RECORD), &build)?;
        fs::rename(unfinished.keep(), &place).map_err(|source| BuildFailure::file(&place, source))?;
        Ok(build)
    }

    /// Removes a build; one of the user's with the test image as it was prepared with it. Folders that the user gave stay as
    /// they are.
    ///
    /// # Errors
    /// There is none of that name, or it cannot be removed.
    pub fn remove(&self, name: &str) -> Result<(), BuildFailure> {
        let build = self.get(name)?;
        let _lock = self.lock()?;
        let place = self.folder.join(&build.name);
        fs::remove_dir_all(&place).map_err(|source| BuildFailure::file(&place, source))?;
        if let Some(prepared) = &self.prepared {
            remove_prepared(prepared, &build.capsule());
        }
        Ok(())
    }

    fn lock(&self) -> Result<File, BuildFailure> {
        let file = self.folder.join(LOCK);
        fs::create_dir_all(&self.folder)
            .and_then(|()| File::options().create(true).append(true).open(&file))
            .and_then(|opened| opened.lock().map(|()| opened))
            .map_err(|source| BuildFailure::file(&file, source))
    }

    /// What somebody left who was killed; nobody else adds anything while we hold the lock.
    fn remove_unfinished(&self) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().map_while(Result::ok);
        for path in entries.map(|entry| entry.path()).filter(|path| is_unfinished(path)) {
            // What cannot be removed is in nobody's way.
            drop(fs::remove_dir_all(path));
        }
    }
}

fn is_unfinished(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(UNFINISHED))
}

fn existing_folder(folder: &Path) -> Result<PathBuf, BuildFailure> {
    let absolute = folder.canonicalize().map_err(|source| BuildFailure::file(folder, source))?;
    if absolute.is_dir() { Ok(absolute) } else { Err(BuildFailure::NoFolder(absolute)) }
}

/// Names become names of folders, columns of tables, and words on the command line.
fn check_name(name: &str) -> Result<(), BuildFailure> {
    let is_fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_');
    let first = name.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    if first && name.len() <= 64 && name.chars().all(is_fit) {
        Ok(())
    } else {
        Err(BuildFailure::Name(name.to_owned()))
    }
}

#[cfg(test)]
mod tests;
