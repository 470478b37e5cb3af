//! Images that are in a capsule from the beginning: the data folder of an engine that had them, kept among what the user
//! has that can be made again.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::once::Once;
use super::options::{CapsuleOptions, DataRoot, EngineKind};
use super::planning::{data_name, engine_files};
use super::running::Capsule;
use super::templates::{Key, Templates};
use crate::engine::daemon::DaemonFailure;
use crate::engine::fixtures::test_image::{self, TestImageFailure};
use crate::engine::{Api, ApiFailure};
use crate::held::Held;
use crate::host::{CancelToken, HostProgram};

/// What `dockerd` keeps beside images that should not be the same in all capsules, or be there at all.
const NOT_KEPT: [&str; 6] = ["engine-id", "containers", "swarm", "tmp", "plugins", "runtimes"];

/// Changes with what is in a template, so that older ones are not taken.
const VERSION: u32 = 3;

/// How long an engine may take to answer.
const API_LIMIT: Duration = Duration::from_secs(60);

/// The images of a capsule cannot be prepared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImagesFailure {
    /// There is no folder to keep them in.
    #[error("there is no place for prepared images: set HOME or XDG_CACHE_HOME")]
    NoPlace,
    /// Nobody knows which engine it would be.
    #[error("the engine's program `{}` is not below the root of the capsule", .0.display())]
    NoEngine(PathBuf),
    /// The folder cannot be filled.
    #[error("cannot prepare images in {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The engine that was to take them did not come up, or did not end.
    #[error(transparent)]
    Engine(#[from] DaemonFailure),
    /// It does not answer.
    #[error("the engine that was to take the images does not answer")]
    Api(#[from] ApiFailure),
    /// It was tried before, in the same environment.
    #[error("{0}")]
    TriedBefore(String),
    /// Somebody wanted to stop.
    #[error("interrupted while the test image was prepared: {0}")]
    Interrupted(String),
    /// The test image cannot be made.
    #[error(transparent)]
    Image(#[from] TestImageFailure),
}

impl ImagesFailure {
    /// Whether capsules can be had all the same, only without the image. Without what it is made of, or a place for it, the
    /// steps have to see where they get it. An engine that does not load images is one that they have something to say about;
    /// of one that does not come up, whoever wants a capsule of it hears.
    pub(super) fn leaves_capsules(&self) -> bool {
        match self {
            ImagesFailure::Image(image) => {
                matches!(image, TestImageFailure::Missing(_) | TestImageFailure::Api(_) | TestImageFailure::Lost(_))
            }
            ImagesFailure::NoPlace
            | ImagesFailure::NoEngine(_)
            | ImagesFailure::Engine(_)
            | ImagesFailure::Api(_)
            | ImagesFailure::TriedBefore(_) => true,
            ImagesFailure::Folder { .. } | ImagesFailure::Interrupted(_) => false,
        }
    }
}

impl CapsuleOptions {
    /// The same with the test image under this name in the engine from the beginning. The first time, an engine of this
    /// kind is started to take the image; what it made of it is kept below `$XDG_CACHE_HOME/dockertest/templates` and
    /// is laid below every capsule. When somebody wants to stop meanwhile, all is taken down at once.
    ///
    /// # Errors
    /// It cannot be prepared, or somebody wants to stop.
    ///
    /// ```no_run
    /// use dockertest::environment::capsule::CapsuleOptions;
    /// use dockertest::host::{CancelToken, HostProgram};
    ///
    /// let host = HostProgram::new("/usr/local/bin/dockertest-host");
    /// let options = CapsuleOptions::new().with_test_image(&host, "dockertest/test:latest", &CancelToken::new()?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_test_image(self, host: &HostProgram, name: &str, cancel: &CancelToken) -> Result<Self, ImagesFailure> {
        self.with_test_image_once(host, name, cancel, &Once::default())
    }

    /// The same, unless it has been tried in vain.
    pub(super) fn with_test_image_once(
        self,
        host: &HostProgram,
        name: &str,
        cancel: &CancelToken,
        tried: &Once,
    ) -> Result<Self, ImagesFailure> {
        let templates = Templates::of_user().ok_or(ImagesFailure::NoPlace)?;
        let (template, held) = prepared(&templates, host, &self, name, (cancel, tried))?;
        let data = template.join(data_name(self.kind.data()));
        Ok(self.held_template(data, held))
    }
}

/// The template with the test image; made if it is not there.
fn prepared(
    templates: &Templates,
    host: &HostProgram,
    options: &CapsuleOptions,
    name: &str,
    (cancel, tried): (&CancelToken, &Once),
) -> Result<(PathBuf, Held), ImagesFailure> {
    let key = key(options, name)?;
    let found = || templates.found(&key);
    let make = || {
        let failed = |source| ImagesFailure::Folder { path: templates.folder.clone(), source };
        let (making, held) = templates.begin().map_err(failed)?;
        fill(making.path(), host, options, name, cancel)?;
        templates.finish(&making, held, &key).map_err(failed)
    };
    // Another host may be the one that can.
    let what = format!("{} {host:?}", templates.folder.join(key.name()).display());
    tried.make(&what, cancel, found, make)
}

/// Starts an engine with its data in the folder, gives it the image, and terminates it: one that is killed has not
/// written all.
fn fill(
    folder: &Path,
    host: &HostProgram,
    options: &CapsuleOptions,
    name: &str,
    cancel: &CancelToken,
) -> Result<(), ImagesFailure> {
    let options = CapsuleOptions { data_root: DataRoot::Folder(folder.to_owned()), template: None, ..options.clone() };
    let mut capsule = Capsule::start_cut_off(host, &options, cancel)?;
    let api = Api::connect(&format!("unix://{}", capsule.seen(options.kind.socket()).display()), API_LIMIT)?;
    test_image::ensure(&api, name)?;
    if options.kind == EngineKind::Podman {
        // It keeps nothing in mind that it has answered for.
        return Ok(capsule.dispose()?);
    }
    capsule.stop_engine()?;
    capsule.dispose()?;
    for unwanted in NOT_KEPT {
        let path = folder.join(data_name(options.kind.data())).join(unwanted);
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(ImagesFailure::Folder { path, source: error });
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Differs with the engine's program or the build that it is in, its options, and the image. A build that is added again
/// under the same name is another file.
fn key(options: &CapsuleOptions, name: &str) -> Result<Key, ImagesFailure> {
    let files = engine_files(options);
    if files.is_empty() {
        return Err(ImagesFailure::NoEngine(options.engine.clone()));
    }
    let mut content = DefaultHasher::new();
    for file in files {
        let data = fs::metadata(&file).map_err(|source| ImagesFailure::Folder { path: file.clone(), source })?;
        (&file, data.len(), data.mtime(), data.mtime_nsec()).hash(&mut content);
    }
    test_image::archive(&[name])?.hash(&mut content);
    let wanted = short(&(VERSION, &options.engine_options, options.containerd_first, name));
    Ok(Key { build: build(options), wanted, content: content.finish() })
}

/// Of which engine a template is, by where it comes from: it may have changed, or be gone.
fn build(options: &CapsuleOptions) -> String {
    let kind = match options.kind {
        EngineKind::Docker => "docker",
        EngineKind::Podman => "podman",
    };
    format!("{kind}-{}", short(&(&options.lower, &options.engine)))
}

/// Enough to tell a few things apart.
fn short(what: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    format!("{:08x}", hasher.finish() >> 32)
}

/// Removes what was prepared in a folder with an engine that is gone, unless a capsule uses it.
pub(in crate::environment) fn remove_prepared(folder: &Path, options: &CapsuleOptions) {
    Templates { folder: folder.to_owned() }.remove_of(&build(options));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_prepared_with_a_build_goes_where_it_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let options = CapsuleOptions::new().lower(["/nonexistent"]);
        for build in [build(&options), build(&CapsuleOptions::new())] {
            fs::create_dir(folder.path().join(format!("{build}-prepared"))).unwrap();
        }
        remove_prepared(folder.path(), &options);
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [&*format!("{}-prepared", build(&CapsuleOptions::new()))]);
    }

    #[test]
    fn a_build_that_is_another_one_now_has_other_images() {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("image.squashfs");
        fs::write(&image, "one").unwrap();
        let options = CapsuleOptions::new().lower([&image]);
        let key = |options: &CapsuleOptions| key(options, "a:b");
        let missing = match key(&options) {
            Err(ImagesFailure::Image(TestImageFailure::Missing(program))) => Some(program.to_string()),
            Ok(_) | Err(_) => None,
        };
        if !test_needs::is_met(missing) {
            return;
        }
        let before = key(&options).unwrap();
        assert_eq!(before, key(&options).unwrap());
        let podman = key(&options.clone().kind(EngineKind::Podman)).unwrap();
        assert!(before.name().starts_with("docker-") && podman.name().starts_with("podman-"), "{before:?} {podman:?}");
        fs::write(&image, "another").unwrap();
        let after = key(&options).unwrap();
        assert!(before.name() != after.name() && before.build == after.build, "{before:?} {after:?}");
        assert_ne!(before.wanted, key(&options.clone().containerd_first()).unwrap().wanted);
        let nowhere = key(&CapsuleOptions::new().lower(["/nonexistent"])).unwrap_err();
        assert!(matches!(nowhere, ImagesFailure::NoEngine(_)), "{nowhere}");
    }
}
