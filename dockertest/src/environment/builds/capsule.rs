//! How a capsule gets a build as its engine.

use std::path::PathBuf;

use super::{EngineBuild, Flavor, Layer};
use crate::engine::daemon::search_path;
use crate::environment::Wanted;
use crate::environment::capsule::{CapsuleOptions, EngineKind};

/// Engines of these versions wait a second for a `containerd` that they start themselves.
const SLOW_WITH_CONTAINERD: std::ops::RangeInclusive<u32> = 23..=27;

/// Podman from version 5 on says at each command that these cgroups are old.
const NO_WARNING: &str = "PODMAN_IGNORE_CGROUPSV1_WARNING";

impl EngineBuild {
    /// A capsule with this engine.
    ///
    /// ```
    /// use dockertest::environment::EngineBuild;
    ///
    /// let build: EngineBuild = serde_json::from_str(
    ///     r#"{"name":"docker-26.1","flavor":"docker","version":"26.1.5","image":"/srv/26.squashfs",
    ///         "origin":{"suite":{"suite":"trixie","packages":["docker.io=26.1.5+dfsg1-9"]}}}"#,
    /// )?;
    /// let options = build.capsule();
    /// assert_eq!(options.lower, ["/srv/26.squashfs", "/"].map(std::path::PathBuf::from));
    /// assert!(options.containerd_first);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn capsule(&self) -> CapsuleOptions {
        let lower = self.layers().into_iter().map(|layer| match layer {
            Layer::Folder(path) | Layer::Image(path) => path,
        });
        let mut options = CapsuleOptions::new().lower(lower);
        if let Some(folder) = self.programs() {
            let own = folder.join("dockerd");
            options = options.engine(own).variable("PATH", format!("{}:{}", folder.display(), search_path()));
        }
        match self.flavor {
            Flavor::Docker if self.major().is_some_and(|major| SLOW_WITH_CONTAINERD.contains(&major)) => {
                options.kind(EngineKind::Docker).containerd_first()
            }
            Flavor::Docker => options.kind(EngineKind::Docker),
            Flavor::Podman => options.kind(EngineKind::Podman).variable(NO_WARNING, "1"),
        }
    }

    /// The options of the configuration with which the suite tests this engine in such capsules, as arguments of `--set`.
    ///
    /// ```
    /// use dockertest::config::Layers;
    /// use dockertest::environment::EngineBuild;
    ///
    /// # let record = r#"{"name":"podman-5.4","flavor":"podman","version":"5.4.2","image":"/srv/5.4.squashfs",
    /// #     "origin":{"suite":{"suite":"trixie","packages":[]}}}"#;
    /// let build: EngineBuild = serde_json::from_str(record)?;
    /// let layers = build.settings().iter().fold(Layers::new(), |layers, argument| layers.set(argument));
    /// let configuration = layers.load()?;
    /// assert_eq!(configuration.defaults().get("docker_path"), Some("/usr/bin/podman"));
    /// assert_eq!(configuration.section("environment").get("engine"), Some("podman-5.4"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn settings(&self) -> Vec<String> {
        let client: PathBuf = self.client();
        vec![
            format!("environment.engine={}", self.name),
            // Nothing else can have it.
            format!("environment.provider={}", Wanted::Capsule),
            format!("docker_path={}", client.display()),
            "docker_options=".to_owned(),
        ]
    }

    fn major(&self) -> Option<u32> {
        self.version.split('.').next()?.parse().ok()
    }
}
