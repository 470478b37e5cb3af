//! The section `[environment]` of `control.ini`: where subtests run, how many at a time, and the user's callouts.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use regex::Regex;
use serde::{Deserialize, Deserializer, de};

use super::testr_conf::TestrConf;
use crate::config::{Configuration, Origin, ReadFailure, Section, Setting, types};

/// The options that a `.testr.conf` may have, too.
const OF_TESTR: [&str; 5] =
    ["group_regex", "instance_dispose", "instance_execute", "instance_provision", "test_run_concurrency"];

/// Of these, the ones that only make sense together: they all come from one place.
const CALLOUTS: [&str; 3] = ["instance_provision", "instance_execute", "instance_dispose"];

/// Which environment is wanted.
///
/// ```
/// use dockertest::environment::Wanted;
///
/// assert_eq!("callout".parse(), Ok(Wanted::Callout));
/// assert_eq!(Wanted::Auto.to_string(), "auto");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Wanted {
    /// Engines of our own, where there can be any and nobody has named another one; else the one that is configured.
    #[default]
    Auto,
    /// This machine, with the engine that is configured.
    Shared,
    /// Engines of our own.
    Capsule,
    /// Instances that the user's commands make.
    Callout,
}

impl Wanted {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Wanted; 4] = [Wanted::Auto, Wanted::Shared, Wanted::Capsule, Wanted::Callout];
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wanted::Auto => "auto",
            Wanted::Shared => "shared",
            Wanted::Capsule => "capsule",
            Wanted::Callout => "callout",
        })
    }
}

impl std::str::FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Wanted, String> {
        let found = Wanted::ALL.into_iter().find(|wanted| wanted.to_string() == text);
        found.ok_or_else(|| format!("`{text}` is no environment; expected auto, shared, capsule or callout"))
    }
}

/// How long each callout may take; zero: as long as it likes.
///
/// ```
/// use dockertest::environment::CalloutLimits;
///
/// assert_eq!(CalloutLimits::default().provision.as_secs(), 600);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CalloutLimits {
    /// One call of `instance_provision`.
    pub provision: Duration,
    /// A call of `instance_execute` that lists subtests. Steps have limits of their own, which count the callout, too.
    pub execute: Duration,
    /// One call of `instance_dispose`.
    pub dispose: Duration,
    /// The call of `test_run_concurrency`.
    pub concurrency: Duration,
}

impl Default for CalloutLimits {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        CalloutLimits { provision: minutes(10), execute: minutes(2), dispose: minutes(2), concurrency: minutes(1) }
    }
}

/// The user's commands for instances, as far as they fit together.
///
/// ```
/// use dockertest::config::{Layers, Source};
/// use dockertest::environment::EnvironmentSettings;
///
/// # let text = "[environment]\ninstance_provision = make-vms $INSTANCE_COUNT\ninstance_execute = in-vm $INSTANCE_ID -- $COMMAND\n\
/// #     instance_dispose = drop-vms $INSTANCE_IDS\n".to_owned();
/// # let layers = Layers::new().custom(Source::Memory(vec![("control.ini".to_owned(), text)]));
/// let settings = EnvironmentSettings::read(&layers.load()?, "/my/project".as_ref())?;
/// let callouts = settings.callouts()?;
/// assert_eq!(callouts.dispose.as_deref(), Some("drop-vms $INSTANCE_IDS"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Callouts {
    /// Makes instances; nothing if there is a fixed set of them.
    pub provision: Option<String>,
    /// Runs a command in an instance.
    pub execute: String,
    /// Takes instances down; nothing if they are kept.
    pub dispose: Option<String>,
    /// The fixed set of instances, if there is one.
    pub ids: Vec<String>,
    /// How long each may take.
    pub limits: CalloutLimits,
}

impl Callouts {
    /// The three callouts, with the usual limits.
    ///
    /// ```
    /// use dockertest::environment::Callouts;
    ///
    /// let callouts = Callouts::new("lab provision $INSTANCE_COUNT", "lab execute $INSTANCE_ID", "lab dispose $INSTANCE_IDS");
    /// assert!(callouts.ids.is_empty());
    /// ```
    pub fn new(provision: impl Into<String>, execute: impl Into<String>, dispose: impl Into<String>) -> Callouts {
        Callouts {
            provision: Some(provision.into()),
            execute: execute.into(),
            dispose: Some(dispose.into()),
            ids: Vec::new(),
            limits: CalloutLimits::default(),
        }
    }
}

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
    raw: Raw,
    origins: BTreeMap<String, Origin>,
}

/// The options as they stand in the section.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
struct Raw {
    provider: Wanted,
    engine: Option<String>,
    jobs: Jobs,
    group_regex: Option<String>,
    test_run_concurrency: Option<String>,
    instance_provision: Option<String>,
    instance_execute: Option<String>,
    instance_dispose: Option<String>,
    instance_ids: Vec<String>,
    instance_keep: bool,
    #[serde(with = "types::seconds")]
    instance_provision_timeout: Duration,
    #[serde(with = "types::seconds")]
    instance_execute_timeout: Duration,
    #[serde(with = "types::seconds")]
    instance_dispose_timeout: Duration,
    #[serde(with = "types::seconds")]
    test_run_concurrency_timeout: Duration,
    testr_conf: Option<String>,
}

impl Default for Raw {
    /// What holds without any `control.ini`.
    fn default() -> Self {
        let limits = CalloutLimits::default();
        Raw {
            provider: Wanted::Auto,
            engine: None,
            jobs: Jobs(None),
            group_regex: None,
            test_run_concurrency: None,
            instance_provision: None,
            instance_execute: None,
            instance_dispose: None,
            instance_ids: Vec::new(),
            instance_keep: false,
            instance_provision_timeout: limits.provision,
            instance_execute_timeout: limits.execute,
            instance_dispose_timeout: limits.dispose,
            test_run_concurrency_timeout: limits.concurrency,
            testr_conf: Some(".testr.conf".to_owned()),
        }
    }
}

/// A number from 1, or nothing for `auto`, 0 and an empty value.
#[derive(Debug, Clone, Copy)]
struct Jobs(Option<NonZeroUsize>);

impl<'de> Deserialize<'de> for Jobs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Within the visitor, so that a failure knows the option.
        deserializer.deserialize_str(JobsReader)
    }
}

struct JobsReader;

impl de::Visitor<'_> for JobsReader {
    type Value = Jobs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number from 1, or `auto`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Jobs, E> {
        number_of_jobs(text).map(Jobs).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

/// What a text says of the number of jobs: a number from 1, or no limit (`auto`, 0, empty). Else it says nothing.
#[expect(clippy::option_option, reason = "no limit is not the same as no answer")]
pub(super) fn number_of_jobs(text: &str) -> Option<Option<NonZeroUsize>> {
    match text.trim() {
        "" | "auto" => Some(None),
        number => number.parse().ok().map(NonZeroUsize::new),
    }
}

/// Options of the environment that do not fit, alone or together.
///
/// ```
/// use dockertest::config::{Layers, Source};
/// use dockertest::environment::EnvironmentSettings;
///
/// let text = "[environment]\ninstance_execute = ssh $INSTANCE_ID $COMMAND\n".to_owned();
/// let layers = Layers::new().custom(Source::Memory(vec![("control.ini".to_owned(), text)]));
/// let failure = EnvironmentSettings::read(&layers.load()?, "/my/project".as_ref()).unwrap_err();
/// assert!(failure.to_string().starts_with("control.ini:2: `instance_execute` is set, but nothing makes instances"));
/// # Ok::<(), dockertest::config::LoadFailure>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsFailure {
    text: String,
}

impl SettingsFailure {
    pub(super) fn new(origin: impl Into<Option<Origin>>, problem: impl fmt::Display) -> SettingsFailure {
        let text = match origin.into() {
            // A file as a whole has no line.
            Some(Origin::File { path, line: 0 }) => format!("{path}: {problem}"),
            Some(origin) => format!("{origin}: {problem}"),
            None => problem.to_string(),
        };
        SettingsFailure { text }
    }
}

impl fmt::Display for SettingsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for SettingsFailure {}

impl From<ReadFailure> for SettingsFailure {
    fn from(failure: ReadFailure) -> Self {
        SettingsFailure { text: failure.to_string() }
    }
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
        let raw: Raw = section.read()?;
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

    /// The user's callouts.
    ///
    /// # Errors
    /// There are none, or only some of those that belong together.
    pub fn callouts(&self) -> Result<Callouts, SettingsFailure> {
        let Raw { instance_provision, instance_execute, instance_dispose, instance_ids, instance_keep, .. } = &self.raw;
        let wrong = |option: &str, problem: &str| {
            Err(SettingsFailure::new(self.origin(option).cloned(), format!("`{option}` is set, but {problem}")))
        };
        let (provision, dispose) = (instance_provision.is_some(), instance_dispose.is_some());
        let fixed = !instance_ids.is_empty();
        let Some(execute) = instance_execute else {
            let is_set = |option: &&&str| self.origins.contains_key(**option) && self.value(option).is_some();
            if let Some(option) = CALLOUTS.iter().find(is_set) {
                return wrong(option, "not `instance_execute`: commands would run here, not in the instances");
            }
            if fixed {
                return wrong("instance_ids", "not `instance_execute`: nothing says how a command is run in them");
            }
            let problem = "the environment `callout` needs commands: set `instance_provision`, `instance_execute` and \
                           `instance_dispose` in `[environment]` of a control.ini below config_custom";
            return Err(SettingsFailure::new(None, problem));
        };
        match (provision, fixed) {
            (false, false) => {
                let problem = "nothing makes instances: set `instance_provision`, or `instance_ids` if there is a fixed \
                               set of them";
                return wrong("instance_execute", problem);
            }
            (true, true) => return wrong("instance_ids", "`instance_provision` is, too: leave out one of them"),
            _ => {}
        }
        match (dispose, *instance_keep, fixed) {
            (true, _, true) => {
                return wrong("instance_dispose", "the instances of `instance_ids` are not ours to remove");
            }
            (true, true, false) => return wrong("instance_keep", "`instance_dispose` is, too: leave out one of them"),
            (false, false, false) => {
                let problem = "nothing disposes of what it makes: set `instance_dispose`, or `instance_keep = yes` if \
                               instances are to be left over";
                return wrong("instance_provision", problem);
            }
            _ => {}
        }
        Ok(Callouts {
            provision: instance_provision.clone(),
            execute: execute.clone(),
            dispose: instance_dispose.clone(),
            ids: instance_ids.clone(),
            limits: self.limits,
        })
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

    fn value(&self, option: &str) -> Option<&str> {
        match option {
            "instance_provision" => self.raw.instance_provision.as_deref(),
            "instance_execute" => self.raw.instance_execute.as_deref(),
            _ => self.raw.instance_dispose.as_deref(),
        }
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

#[cfg(test)]
mod tests {
    use std::fs;

    use rstest::rstest;

    use super::*;
    use crate::config::{Layers, Source};

    fn read(ini: &str, testr: Option<&str>) -> Result<EnvironmentSettings, String> {
        let folder = tempfile::tempdir().unwrap();
        if let Some(text) = testr {
            fs::write(folder.path().join(".testr.conf"), text).unwrap();
        }
        let text = format!("[environment]\n{ini}");
        let layers = Layers::new().custom(Source::Memory(vec![("control.ini".to_owned(), text)]));
        let failure =
            |failure: SettingsFailure| failure.to_string().replace(&format!("{}/", folder.path().display()), "");
        EnvironmentSettings::read(&layers.load().unwrap(), folder.path()).map_err(failure)
    }

    #[test]
    fn without_a_section_it_is_what_can_be_had() {
        let settings = EnvironmentSettings::read(&Layers::new().load().unwrap(), Path::new("/nonexistent")).unwrap();
        assert_eq!((settings.provider, settings.jobs), (Wanted::Auto, None));
        assert_eq!(settings.limits, CalloutLimits::default());
        let missing = settings.callouts().unwrap_err().to_string();
        assert!(missing.starts_with("the environment `callout` needs commands"), "{missing}");
    }

    #[test]
    fn the_shipped_file_says_what_holds_without_it() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config_defaults");
        let shipped = Layers::new().defaults(Source::Folder(folder)).load().unwrap();
        let settings = EnvironmentSettings::read(&shipped, Path::new("/nonexistent")).unwrap();
        let without = EnvironmentSettings::read(&Layers::new().load().unwrap(), Path::new("/nonexistent")).unwrap();
        assert_eq!(format!("{:?}", settings.raw), format!("{:?}", without.raw));
        let mut shipped: Vec<&String> = settings.origins.keys().collect();
        shipped.sort();
        assert_eq!(shipped.len(), 19, "every option is there with its comment: {shipped:?}");
    }

    #[rstest]
    #[case::auto("jobs = auto\n", None)]
    #[case::zero("jobs = 0\n", None)]
    #[case::empty("jobs =\n", None)]
    #[case::three("jobs = 3\n", Some(3))]
    fn jobs_are_a_number_or_left_open(#[case] ini: &str, #[case] jobs: Option<usize>) {
        assert_eq!(read(ini, None).unwrap().jobs.map(usize::from), jobs);
    }

    #[rstest]
    #[case::execute_alone(
        "instance_execute = e\n",
        "control.ini:2: `instance_execute` is set, but nothing makes instances"
    )]
    #[case::no_execute(
        "instance_provision = p\ninstance_dispose = d\n",
        "control.ini:2: `instance_provision` is set, but not `instance_execute`"
    )]
    #[case::dispose_alone(
        "\ninstance_dispose = d\n",
        "control.ini:3: `instance_dispose` is set, but not `instance_execute`"
    )]
    #[case::leak(
        "instance_execute = e\ninstance_provision = p\n",
        "control.ini:3: `instance_provision` is set, but nothing disposes"
    )]
    #[case::ids_alone("instance_ids = a\n", "control.ini:2: `instance_ids` is set, but not `instance_execute`")]
    #[case::both_ways(
        "instance_execute = e\ninstance_provision = p\ninstance_dispose = d\ninstance_ids = a, b\n",
        "control.ini:5: `instance_ids` is set, but `instance_provision` is, too"
    )]
    #[case::not_ours(
        "instance_execute = e\ninstance_dispose = d\ninstance_ids = a\n",
        "control.ini:3: `instance_dispose` is set, but the instances of `instance_ids`"
    )]
    #[case::kept(
        "instance_execute = e\ninstance_provision = p\ninstance_dispose = d\ninstance_keep = yes\n",
        "control.ini:5: `instance_keep` is set, but `instance_dispose` is, too"
    )]
    #[case::none("provider = callout\n", "the environment `callout` needs commands")]
    #[case::regex("group_regex = (\n", "control.ini:2: option `group_regex` is no regular expression")]
    #[case::unbalanced("group_regex = a)(b\n", "control.ini:2: option `group_regex` is no regular expression")]
    #[case::jobs(
        "jobs = -1\n",
        "control.ini:2: option `jobs` of `[environment]` is `-1`; expected a whole number from 1, or `auto`"
    )]
    #[case::limit("instance_dispose_timeout = soon\n", "control.ini:2: option `instance_dispose_timeout`")]
    #[case::provider(
        "provider = vm\n",
        "control.ini:2: option `provider` of `[environment]` is `vm`; expected one of `auto`, `shared`"
    )]
    fn what_does_not_fit_is_refused_with_its_line(#[case] ini: &str, #[case] expected: &str) {
        let failure = read(ini, None).unwrap_err();
        assert!(failure.starts_with(expected), "{failure}");
    }

    #[test]
    fn a_fixed_set_of_instances_and_one_that_is_kept_are_fine() {
        let fixed = read("instance_execute = e\ninstance_ids = a, b\n", None).unwrap().callouts().unwrap();
        assert_eq!((fixed.ids, fixed.provision, fixed.dispose), (vec!["a".to_owned(), "b".to_owned()], None, None));
        let kept = read("instance_execute = e\ninstance_provision = p\ninstance_keep = yes\n", None).unwrap();
        assert_eq!(kept.callouts().unwrap().dispose, None);
    }

    const TESTR: &str = "[DEFAULT]\ntest_command = python -m subunit.run discover\ngroup_regex=([^\\.]+\\.)+\n\
        test_run_concurrency = echo 3\ninstance_provision=p -c $INSTANCE_COUNT\ninstance_execute=e\ninstance_dispose=d\n";

    #[test]
    fn who_comes_from_testr_is_understood() {
        let settings = read("", Some(TESTR)).unwrap();
        assert_eq!(settings.group("a.b.c"), Some("a.b."));
        assert_eq!(settings.test_run_concurrency.as_deref(), Some("echo 3"));
        assert_eq!(settings.callouts().unwrap().provision.as_deref(), Some("p -c $INSTANCE_COUNT"));
        assert!(settings.origin("instance_dispose").unwrap().to_string().ends_with("/.testr.conf:7"));
    }

    #[test]
    fn our_own_callouts_are_not_mixed_with_those_of_testr() {
        let failure = read("instance_execute = mine\n", Some(TESTR)).unwrap_err();
        assert!(failure.starts_with("control.ini:2: `instance_execute` is set, but nothing makes"), "{failure}");
        let mixed = read("test_run_concurrency = echo 1\n", Some(TESTR)).unwrap();
        assert_eq!(mixed.test_run_concurrency.as_deref(), Some("echo 1"));
        assert!(mixed.callouts().is_ok());
    }

    #[test]
    fn half_of_testrs_callouts_matter_only_to_who_wants_callouts() {
        let half = "[DEFAULT]\ninstance_execute=e\n";
        assert!(read("", Some(half)).unwrap().callouts().is_err());
        let failure = read("provider = callout\n", Some(half)).unwrap_err();
        assert!(failure.starts_with(".testr.conf:2: `instance_execute` is set"), "{failure}");
    }

    #[test]
    fn a_file_of_testr_can_be_left_out() {
        let broken = "[DEFAULT]\ninstance_execute=%\n";
        assert!(read("", Some(broken)).unwrap_err().starts_with(".testr.conf:2: option `instance_execute`: a single"));
        assert!(read("testr_conf =\n", Some(broken)).is_ok());
    }
}
