//! The options of capsules in the section `[environment]`.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de};

use super::options::{CapsuleOptions, DATA_BYTES, DataRoot, EngineKind};
use crate::config::Configuration;
use crate::environment::{EnvironmentSettings, SettingsFailure};

/// What the section may say, in MiB where it is bytes; 0: no limit.
#[derive(Debug, Deserialize)]
#[serde(default)]
struct Limits {
    capsule_memory_mib: u64,
    capsule_data: Place,
    capsule_data_mib: u64,
    capsule_scratch_mib: u64,
    capsule_processes: u64,
}

impl Default for Limits {
    /// What holds without any `control.ini`.
    fn default() -> Self {
        let options = CapsuleOptions::new();
        Limits {
            capsule_memory_mib: options.memory_bytes >> 20,
            capsule_data: Place::Memory,
            capsule_data_mib: DATA_BYTES >> 20,
            capsule_scratch_mib: options.scratch_bytes >> 20,
            capsule_processes: options.processes,
        }
    }
}

/// Where the engine's data is to be.
#[derive(Debug)]
enum Place {
    Memory,
    Disk(Option<PathBuf>),
}

impl Place {
    fn of(text: &str) -> Option<Place> {
        match text {
            "memory" => Some(Place::Memory),
            "disk" => Some(Place::Disk(None)),
            path => Some(PathBuf::from(path)).filter(|path| path.is_absolute()).map(|path| Place::Disk(Some(path))),
        }
    }

    fn limited(self, bytes: u64) -> DataRoot {
        match self {
            Place::Memory => DataRoot::Memory { bytes },
            Place::Disk(folder) => DataRoot::Disk { folder, bytes },
        }
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Within the visitor, so that a failure knows the option.
        deserializer.deserialize_str(PlaceReader)
    }
}

struct PlaceReader;

impl de::Visitor<'_> for PlaceReader {
    type Value = Place;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`memory`, `disk`, or a folder that is there, from the root")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Place, E> {
        let place = Place::of(text.trim());
        place
            .filter(|place| !matches!(place, Place::Disk(Some(folder)) if !folder.is_dir()))
            .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

impl CapsuleOptions {
    /// What the configuration wants: `docker_path` says what kind of engine it is, and `capsule_memory_mib` and others of
    /// the section `[environment]` say how much it may use.
    ///
    /// # Errors
    /// A value does not fit.
    ///
    /// ```
    /// use dockertest::config::Layers;
    /// use dockertest::environment::capsule::{CapsuleOptions, EngineKind};
    ///
    /// let layers = Layers::new().set("docker_path=/usr/bin/podman").set("environment.capsule_processes=500");
    /// let options = CapsuleOptions::configured(&layers.load()?)?;
    /// assert_eq!((options.kind, options.processes), (EngineKind::Podman, 500));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn configured(configuration: &Configuration) -> Result<Self, SettingsFailure> {
        let defaults = configuration.defaults();
        let path = defaults.get("docker_path").unwrap_or_default();
        CapsuleOptions::new().kind(EngineKind::of_command(path.as_ref())).limited(configuration)
    }

    /// The same with the limits that the section `[environment]` has.
    ///
    /// # Errors
    /// A value does not fit.
    pub fn limited(self, configuration: &Configuration) -> Result<Self, SettingsFailure> {
        let limits: Limits = configuration.section(EnvironmentSettings::SECTION).read()?;
        let bytes = |mib: u64| mib.saturating_mul(1 << 20);
        Ok(self
            .memory_bytes(bytes(limits.capsule_memory_mib))
            .data_root(limits.capsule_data.limited(bytes(limits.capsule_data_mib)))
            .scratch_bytes(bytes(limits.capsule_scratch_mib))
            .processes(limits.capsule_processes))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Layers, Source};

    #[test]
    fn the_shipped_file_says_what_holds_without_it() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config_defaults");
        let shipped = Layers::new().defaults(Source::Folder(folder)).load().unwrap();
        assert_eq!(CapsuleOptions::configured(&shipped).unwrap(), CapsuleOptions::new());
        assert_eq!(CapsuleOptions::configured(&Layers::new().load().unwrap()).unwrap(), CapsuleOptions::new());
    }

    #[test]
    fn limits_are_whole_numbers_of_mebibytes_and_processes() {
        let layers = Layers::new().set("environment.capsule_data_mib=64").set("environment.capsule_memory_mib=0");
        let options = CapsuleOptions::configured(&layers.load().unwrap()).unwrap();
        assert_eq!((options.data_root, options.memory_bytes), (DataRoot::Memory { bytes: 64 << 20 }, 0));
        let bad = Layers::new().set("environment.capsule_data_mib=1G").load().unwrap();
        let said = CapsuleOptions::configured(&bad).unwrap_err().to_string();
        assert!(said.contains("capsule_data_mib") && said.contains("1G"), "{said}");
    }

    #[test]
    fn data_is_in_memory_or_on_a_disk() {
        let data = |ini: &str| {
            let text = format!("[environment]\ncapsule_data_mib = 64\ncapsule_data = {ini}\n");
            let layers = Layers::new().custom(Source::Memory(vec![("control.ini".to_owned(), text)]));
            CapsuleOptions::configured(&layers.load().unwrap()).map(|options| options.data_root)
        };
        let bytes = 64 << 20;
        assert_eq!(data("memory").unwrap(), DataRoot::Memory { bytes });
        assert_eq!(data("disk").unwrap(), DataRoot::Disk { folder: None, bytes });
        assert_eq!(data("/var/tmp").unwrap(), DataRoot::Disk { folder: Some("/var/tmp".into()), bytes });
        for bad in ["ram", "tmp", "/no/such/folder", "/etc/passwd", ""] {
            let said = data(bad).map(|root| format!("{root:?}")).unwrap_or_else(|failure| failure.to_string());
            let expected =
                format!("control.ini:3: option `capsule_data` of `[environment]` is `{bad}`; expected `memory`");
            assert!(said.starts_with(&expected) || (bad.is_empty() && said.contains("Memory")), "{said}");
        }
    }
}
