//! The section as a whole, with what a `.testr.conf` adds to it.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use regex::Regex;

use super::failure::SettingsFailure;
use super::limits::CalloutLimits;
use super::options::{CALLOUTS, Options};
use super::wanted::Wanted;
use crate::config::{Configuration, Origin, Section, Setting};
use crate::environment::testr_conf::TestrConf;

/// The options that a `.testr.conf` may have, too.
const OF_TESTR: [&str; 5] =
    ["group_regex", "instance_dispose", "instance_execute", "instance_provision", "test_run_concurrency"];

/// The section `[environment]`.
///
/// ```
/// use dockertest::config::Layers;
/// use dockertest::environment::{EnvironmentSettings, Wanted};
///
/// let configuration = Layers::new().set("environment.provider=capsule").set("environment.jobs=4").load()?;
/// let settings = EnvironmentSettings::read(&configuration, "/my/project".as_ref())?;
/// assert_eq!(settings.provider, Wanted::Capsule);
/// assert_eq!(settings.jobs.map(usize::from), Some(4));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EnvironmentSettings {
    /// Where subtests run.
    pub provider: Wanted,
    /// The build of an engine that capsules are made with; nothing: the one that is installed.
    pub engine: Option<String>,
    /// How many subtests run at a time; nothing: as many as provider and machine bear.
    pub jobs: Option<NonZeroUsize>,
    /// The command that prints how many there should be, if nobody says.
    pub test_run_concurrency: Option<String>,
    /// How long it and the other callouts may take.
    pub limits: CalloutLimits,
    group_regex: Option<Regex>,
    pub(super) raw: Options,
    pub(super) origins: BTreeMap<String, Origin>,
}

impl EnvironmentSettings {
    /// The name of the section.
    pub const SECTION: &str = "environment";

    /// Reads the section; what it does not set has the default. Callouts, the concurrency callout and `group_regex` that
    /// it does not set are taken from the `.testr.conf` in `folder`, if there is one.
    ///
    /// # Errors
    /// A value does not fit, options do not fit together, or `.testr.conf` cannot be read.
    pub fn read(configuration: &Configuration, folder: &Path) -> Result<EnvironmentSettings, SettingsFailure> {
        let mut section = configuration.section(Self::SECTION);
        let raw: Options = section.read()?;
        let has_own = CALLOUTS.iter().any(|option| is_set(&section, option)) || !raw.instance_ids.is_empty();
        let raw = match &raw.testr_conf {
            Some(file) => {
                take_over(&mut section, &TestrConf::read(&folder.join(file))?, has_own)?;
                section.read()?
            }
            None => raw,
        };
        let origins: BTreeMap<String, Origin> =
            section.settings.into_iter().map(|(option, setting)| (option, setting.origin)).collect();
        let limits = CalloutLimits {
            provision: raw.instance_provision_timeout,
            execute: raw.instance_execute_timeout,
            dispose: raw.instance_dispose_timeout,
            concurrency: raw.test_run_concurrency_timeout,
        };
        let group_regex = raw.group_regex.as_deref().map(|text| anchored(text, &origins)).transpose()?;
        let settings = EnvironmentSettings {
            provider: raw.provider,
            engine: raw.engine.clone(),
            jobs: raw.jobs.0,
            test_run_concurrency: raw.test_run_concurrency.clone(),
            limits,
            group_regex,
            raw,
            origins,
        };
        // What stands in a file for testr is no mistake as long as nobody wants callouts.
        if has_own || settings.provider == Wanted::Callout {
            settings.callouts()?;
        }
        Ok(settings)
    }

    /// Where an option was set, or nothing when it has its default.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// # use dockertest::environment::EnvironmentSettings;
    /// let configuration = Layers::new().set("environment.jobs=2").load()?;
    /// let settings = EnvironmentSettings::read(&configuration, "/my/project".as_ref())?;
    /// assert_eq!(settings.origin("jobs").unwrap().to_string(), "--set environment.jobs=2");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn origin(&self, option: &str) -> Option<&Origin> {
        self.origins.get(option)
    }

    /// The group of a subtest, whose members run one after the other by one worker: what `group_regex` matches at the
    /// beginning of its name. No match, or an empty one: it is alone.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// # use dockertest::environment::EnvironmentSettings;
    /// let configuration = Layers::new().set("environment.group_regex=([^/]+/)+").load()?;
    /// let settings = EnvironmentSettings::read(&configuration, "/my/project".as_ref())?;
    /// assert_eq!(settings.group("docker_cli/kill"), Some("docker_cli/"));
    /// assert_eq!(settings.group("example"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn group<'a>(&self, name: &'a str) -> Option<&'a str> {
        let found = self.group_regex.as_ref()?.find(name)?;
        Some(found.as_str()).filter(|key| !key.is_empty())
    }
}

fn is_set(section: &Section, option: &str) -> bool {
    section.get(option).is_some_and(|value| !value.trim().is_empty())
}

/// Takes what a section leaves open from a `.testr.conf`.
fn take_over(section: &mut Section, conf: &TestrConf, has_own_callouts: bool) -> Result<(), SettingsFailure> {
    for option in OF_TESTR {
        if is_set(section, option) || (has_own_callouts && CALLOUTS.contains(&option)) {
            continue;
        }
        if let Some(Setting { value, origin }) = conf.get(option)? {
            section.settings.insert(option.to_owned(), Setting { value, origin });
        }
    }
    Ok(())
}

/// A regular expression that matches only from the beginning on.
fn anchored(text: &str, origins: &BTreeMap<String, Origin>) -> Result<Regex, SettingsFailure> {
    // By itself first: an expression may not close our parentheses.
    let regex = Regex::new(text).and_then(|_| Regex::new(&format!(r"\A(?:{text})")));
    regex.map_err(|error| {
        let origin = origins.get("group_regex").cloned();
        SettingsFailure::new(origin, format!("option `group_regex` is no regular expression: {error}"))
    })
}
