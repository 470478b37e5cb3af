//! One effective section: what a subtest gets to see of the configuration.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// In a configuration file.
    File {
        /// The file, as the user would type it. Files that are compiled in read `<built in>/…`.
        path: String,
        /// The line of the option's name, counted from 1.
        line: u32,
    },
    /// On the command line, by `--set`.
    CommandLine {
        /// The argument as typed.
        argument: String,
    },
    /// By the program that embeds the library.
    Program,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::File { path, line } => write!(f, "{path}:{line}"),
            Origin::CommandLine { argument } => write!(f, "--set {argument}"),
            Origin::Program => f.write_str("<program>"),
        }
    }
}

/// The effective value of an option, with all `%(option)s` resolved, and where it was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// The value as text.
    pub value: String,
    /// Where the text was set (not where the options it refers to were set).
    pub origin: Origin,
}

/// A section with everything that applies to it: its own options, those of its parent sections and the `DEFAULTS`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Section {
    /// The section's name, for example `docker_cli/version`.
    pub name: String,
    /// Every option, by its lower-case name.
    pub settings: BTreeMap<String, Setting>,
}

impl Section {
    /// The value of an option, by its name in any case.
    #[must_use]
    pub fn get(&self, option: &str) -> Option<&str> {
        self.setting(option).map(|setting| setting.value.as_str())
    }

    /// The value of an option together with where it was set.
    #[must_use]
    pub fn setting(&self, option: &str) -> Option<&Setting> {
        self.settings.get(option).or_else(|| self.settings.get(&option.to_lowercase()))
    }
}
