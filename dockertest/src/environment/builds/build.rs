//! What a build is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Layer;

/// A build of an engine.
///
/// ```
/// use dockertest::environment::{EngineBuild, Flavor, Layer, Origin};
///
/// let build: EngineBuild = serde_json::from_str(
///     r#"{"name":"mine","flavor":"docker","version":"29.0.0","origin":{"path":{"folder":"/src/bundles/binary"}}}"#,
/// )?;
/// assert_eq!(build.flavor, Flavor::Docker);
/// assert_eq!(build.origin, Origin::Path { folder: "/src/bundles/binary".into() });
/// assert_eq!(build.layers(), [Layer::Folder("/".into())]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct EngineBuild {
    /// What the user calls it, for example `docker-28.5`.
    pub name: String,
    /// What kind of engine it is.
    pub flavor: Flavor,
    /// Its version; empty where nobody could say.
    pub version: String,
    /// Where it comes from.
    pub origin: Origin,
    /// The file system image with its programs, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<PathBuf>,
}

/// A kind of engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Flavor {
    /// A daemon and a client.
    Docker,
    /// No daemon.
    Podman,
}

/// Where a build comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Origin {
    /// Packages of a release of the distribution.
    Suite {
        /// The release.
        suite: String,
        /// The packages, as `name=version`.
        packages: Vec<String>,
    },
    /// A root file system.
    Root {
        /// Where it is.
        folder: PathBuf,
    },
    /// A folder with programs.
    Path {
        /// Where it is.
        folder: PathBuf,
    },
}

impl EngineBuild {
    /// What the root of a capsule with this engine is made of, the uppermost first.
    #[must_use]
    pub fn layers(&self) -> Vec<Layer> {
        match (&self.origin, &self.image) {
            (Origin::Root { folder }, _) => vec![Layer::Folder(folder.clone())],
            (_, Some(image)) => vec![Layer::Image(image.clone()), Layer::Folder("/".into())],
            (_, None) => vec![Layer::Folder("/".into())],
        }
    }

    /// The folder whose programs count more than those of the same name elsewhere, if there is one.
    #[must_use]
    pub fn programs(&self) -> Option<&PathBuf> {
        match &self.origin {
            Origin::Path { folder } => Some(folder),
            Origin::Suite { .. } | Origin::Root { .. } => None,
        }
    }

    /// The command line under test, as it is named in a capsule with this engine.
    #[must_use]
    pub fn client(&self) -> PathBuf {
        let program = self.flavor.client();
        self.programs().map_or_else(|| PathBuf::from("/usr/bin").join(program), |folder| folder.join(program))
    }
}

impl Flavor {
    /// The program of its command line.
    #[must_use]
    pub const fn client(self) -> &'static str {
        match self {
            Flavor::Docker => "docker",
            Flavor::Podman => "podman",
        }
    }

    /// The flavor that a build's name begins with.
    pub(super) fn of_name(name: &str) -> Option<Flavor> {
        [Flavor::Docker, Flavor::Podman].into_iter().find(|flavor| name.starts_with(flavor.client()))
    }

    /// The packages that make an engine of this flavor: those that must be there, and those that not every release has.
    pub(super) const fn packages(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            // Some releases have the client in a package of its own.
            Flavor::Docker => (&["docker.io"], &["docker-cli"]),
            // The network of containers is made by programs that podman only recommends.
            Flavor::Podman => (&["podman", "crun", "conmon"], &["netavark", "aardvark-dns", "nftables", "catatonit"]),
        }
    }

    /// The version of the engine, by the packages that it comes from.
    pub(super) fn version_in(self, packages: &[String]) -> String {
        let main = self.packages().0.first().copied().unwrap_or_default();
        let versions = packages.iter().filter_map(|package| package.split_once('='));
        let found = versions.into_iter().find(|(name, _)| *name == main).map(|(_, version)| version);
        // An epoch before it, and the distribution's own revision behind it.
        let upstream = found.map(|version| version.rsplit(':').next().unwrap_or(version));
        upstream.and_then(|version| version.split(['+', '-', '~']).next()).unwrap_or_default().to_owned()
    }
}

impl fmt::Display for Flavor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.client())
    }
}

impl FromStr for Flavor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Flavor::of_name(text)
            .filter(|flavor| flavor.client() == text)
            .ok_or_else(|| format!("`{text}` is no flavor; expected docker or podman"))
    }
}
