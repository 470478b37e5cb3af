//! `control.ini`: what is run and how long it may take, as far as it does not concern one subtest.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::configuration::Configuration;
use super::read::ReadFailure;
use super::section::{Origin, Section};
use super::types;

/// The section `[Control]`.
///
/// ```
/// use dockertest::config::{Control, Layers, Source};
///
/// let text = "[Control]\nexclude = example, subexample\njob_timeout = 60\n".to_owned();
/// let configuration = Layers::new().custom(Source::Memory(vec![("control.ini".to_owned(), text)])).load()?;
/// let control = Control::read(&configuration)?;
/// assert_eq!(control.exclude, ["example", "subexample"]);
/// assert_eq!(control.job_timeout.as_secs(), 60);
/// assert_eq!(control.pretests, "pretests");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Control {
    /// Candidates, in order; empty: every subtest there is.
    pub subthings: Vec<String>,
    /// If not empty, keep only these.
    pub include: Vec<String>,
    /// Leave these out.
    pub exclude: Vec<String>,
    /// Files and folders with plug-ins. Relative ones are below the folder of the file that names them.
    pub plugins: Vec<String>,
    /// The folder of the pretests; empty: no pretests.
    pub pretests: String,
    /// The folder of the subtests; empty: no subtests.
    pub subtests: String,
    /// The folder of the intratests; empty: no intratests.
    pub intratests: String,
    /// The folder of the posttests; empty: no posttests.
    pub posttests: String,
    /// How long the whole run may take; zero: as long as it needs.
    #[serde(with = "types::seconds")]
    pub job_timeout: Duration,
    /// How long the run waits when the documentation is for another version.
    #[serde(with = "types::seconds")]
    pub docs_version_delay: Duration,
    /// The file of known failures, below the folder of custom configuration.
    pub known_failures: String,
    /// The folder of the repository of runs; empty: the one that is found.
    pub repository: String,
    /// How many journals the repository keeps; zero: all.
    pub keep_journals: u32,
    /// Where each option was set.
    #[serde(skip)]
    origins: BTreeMap<String, Origin>,
}

impl Default for Control {
    /// What holds without any `control.ini`.
    fn default() -> Self {
        Control {
            subthings: Vec::new(),
            include: Vec::new(),
            exclude: Vec::new(),
            plugins: Vec::new(),
            pretests: "pretests".to_owned(),
            subtests: "subtests".to_owned(),
            intratests: "intratests".to_owned(),
            posttests: "posttests".to_owned(),
            job_timeout: Duration::from_secs(4 * 60 * 60),
            docs_version_delay: Duration::from_secs(10),
            known_failures: "known_failures.txt".to_owned(),
            repository: String::new(),
            keep_journals: 0,
            origins: BTreeMap::new(),
        }
    }
}

impl Control {
    /// The name of the section.
    pub const SECTION: &str = "Control";

    /// Reads the section; what it does not set has the default.
    ///
    /// # Errors
    /// [`ReadFailure`] when a value does not fit.
    ///
    /// ```
    /// # use dockertest::config::{Control, Layers, Source};
    /// let configuration = Layers::new().set("Control.job_timeout=soon").load()?;
    /// let failure = Control::read(&configuration).unwrap_err();
    /// assert_eq!((failure.option(), failure.value()), ("job_timeout", Some("soon")));
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    pub fn read(configuration: &Configuration) -> Result<Control, ReadFailure> {
        let section: Section = configuration.section(Self::SECTION);
        let mut control: Control = section.read()?;
        control.origins = section.settings.into_iter().map(|(option, setting)| (option, setting.origin)).collect();
        Ok(control)
    }

    /// To compare what was read with what holds anyway.
    #[cfg(test)]
    pub(super) fn without_origins(self) -> Self {
        Control { origins: BTreeMap::new(), ..self }
    }

    /// Where an option was set, or nothing when it has its default.
    ///
    /// ```
    /// # use dockertest::config::{Control, Layers};
    /// let control = Control::read(&Layers::new().set("Control.exclude=example").load()?)?;
    /// assert_eq!(control.origin("exclude").unwrap().to_string(), "--set Control.exclude=example");
    /// assert_eq!(control.origin("include"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn origin(&self, option: &str) -> Option<&Origin> {
        self.origins.get(option)
    }
}
