//! One effective section: what a subtest gets to see of the configuration.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::read::ReadFailure;

/// Where a value was set.
///
/// ```
/// use dockertest::config::Origin;
///
/// let file = Origin::File { path: "config_custom/mine.ini".to_owned(), line: 7 };
/// assert_eq!(file.to_string(), "config_custom/mine.ini:7");
/// let typed = Origin::CommandLine { argument: "iterations=3".to_owned() };
/// assert_eq!(typed.to_string(), "--set iterations=3");
/// assert_eq!(Origin::Program.to_string(), "<program>");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
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
///
/// ```
/// use dockertest::config::{Layers, Source};
///
/// # let text = "[DEFAULTS]\nname = busybox\n[example]\nimage = %(name)s:latest\n".to_owned();
/// # let files = Source::Memory(vec![("example.ini".to_owned(), text)]);
/// let example = Layers::new().defaults(files).set("name=alpine").load()?.section("example");
/// let image = example.setting("image").unwrap(); // image = %(name)s:latest
/// assert_eq!((image.value.as_str(), image.origin.to_string().as_str()), ("alpine:latest", "example.ini:4"));
/// # Ok::<(), dockertest::config::LoadFailure>(())
/// ```
// What programs that speak for a runner build: a value from somewhere, so it is not `#[non_exhaustive]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// The value as text.
    pub value: String,
    /// Where the text was set (not where the options it refers to were set).
    pub origin: Origin,
}

/// A section with everything that applies to it: its own options, those of its parent sections and the `DEFAULTS`.
///
/// A program that has no files makes one itself:
///
/// ```
/// use dockertest::config::{Origin, Section, Setting};
///
/// let timeout = Setting { value: "2.5".to_owned(), origin: Origin::Program };
/// let section =
///     Section { name: "docker_cli/version".to_owned(), settings: [("docker_timeout".to_owned(), timeout)].into() };
/// assert_eq!(section.get("docker_timeout"), Some("2.5"));
/// assert_eq!(section.get("docker_path"), None);
/// ```
// What programs that speak for a runner build: a name and values are a section, so it is not `#[non_exhaustive]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Section {
    /// The section's name, for example `docker_cli/version`.
    pub name: String,
    /// Every option, by its lower-case name.
    pub settings: BTreeMap<String, Setting>,
}

impl Section {
    /// The value of an option, by its name in any case.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// let section = Layers::new().set("docker_path=/usr/bin/podman").set("docker_options=").load()?.defaults();
    /// assert_eq!(section.get("Docker_Path"), Some("/usr/bin/podman"));
    /// assert_eq!(section.get("docker_options"), Some("")); // set, to nothing
    /// assert_eq!(section.get("docker_timeout"), None);
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    #[must_use]
    pub fn get(&self, option: &str) -> Option<&str> {
        self.setting(option).map(|setting| setting.value.as_str())
    }

    /// The value of an option together with where it was set.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// let section = Layers::new().set("iterations=3").load()?.defaults();
    /// assert_eq!(section.setting("iterations").unwrap().origin.to_string(), "--set iterations=3");
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    #[must_use]
    pub fn setting(&self, option: &str) -> Option<&Setting> {
        self.settings.get(option).or_else(|| self.settings.get(&option.to_lowercase()))
    }

    /// Where the section's subtest is switched off (`enable = no`), or nothing when it is on.
    ///
    /// # Errors
    /// [`ReadFailure`] when `enable` is neither yes nor no.
    ///
    /// ```
    /// use dockertest::config::{Layers, Source};
    ///
    /// let files = vec![("off.ini".to_owned(), "[example]\nenable = no\n".to_owned())];
    /// let configuration = Layers::new().custom(Source::Memory(files)).load()?;
    /// let section = configuration.section("example");
    /// assert_eq!(section.disabled()?.unwrap().to_string(), "off.ini:2");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn disabled(&self) -> Result<Option<&Origin>, ReadFailure> {
        let is_on = self.flag("enable")?.unwrap_or(true);
        Ok(self.setting("enable").filter(|_| !is_on).map(|setting| &setting.origin))
    }

    /// The items of a list whose items are separated by commas, without blanks around them and without empty ones.
    /// An option that is not set is an empty list.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// let section = Layers::new().set("subsubtests=sigstop, , run_tty,").load()?.defaults();
    /// assert_eq!(section.list("subsubtests"), ["sigstop", "run_tty"]);
    /// assert!(section.list("preserve_cnames").is_empty());
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    #[must_use]
    pub fn list(&self, option: &str) -> Vec<String> {
        split_list(self.get(option).unwrap_or_default()).map(str::to_owned).collect()
    }
}

/// The items of a list whose items are separated by commas.
pub(super) fn split_list(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty())
}
