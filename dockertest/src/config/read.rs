//! Typed reading: a section becomes a struct that the reader declares.
//!
//! This is what readers see of it; how a value becomes a field is in `value`.

use std::fmt;
use std::time::Duration;

use config::{Map, Source, Value};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::lines::shorten;
use super::problem::{nearest, visible};
use super::secret::{MASK, is_secret};
use super::section::{Origin, Section};
use super::types;
use super::value::{Item, Table, Wrong};

/// How many characters of a value that does not fit are shown.
const MAX_SHOWN: usize = 200;

/// A section does not hold what its reader needs.
///
/// ```
/// use dockertest::config::{Layers, Source};
///
/// let text = "[docker_cli/version]\ndocker_timeout = soon\n".to_owned();
/// let files = Source::Memory(vec![("mine.ini".to_owned(), text)]);
/// let section = Layers::new().custom(files).load()?.section("docker_cli/version");
/// let failure = section.seconds("docker_timeout").unwrap_err();
/// assert_eq!(
///     failure.to_string(),
///     "mine.ini:2: option `docker_timeout` of `[docker_cli/version]` is `soon`; expected a number of seconds from 0"
/// );
/// assert_eq!((failure.section(), failure.option()), ("docker_cli/version", "docker_timeout"));
/// assert_eq!((failure.value(), failure.expected()), (Some("soon"), "a number of seconds from 0"));
/// assert_eq!(failure.origin().unwrap().to_string(), "mine.ini:2");
/// # Ok::<(), dockertest::config::LoadFailure>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFailure {
    details: Box<Details>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Details {
    section: String,
    /// Empty when it is not about one option.
    option: String,
    value: Option<String>,
    expected: String,
    origin: Option<Origin>,
    nearest: Option<String>,
}

impl ReadFailure {
    /// The section that was read.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// let section = Layers::new().set("example.iterations=many").load()?.section("example");
    /// assert_eq!(section.number::<u32>("iterations").unwrap_err().section(), "example");
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    #[must_use]
    pub fn section(&self) -> &str {
        &self.details.section
    }

    /// The option that is missing or does not fit; empty when it is not about one.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// #[derive(Debug, serde::Deserialize)]
    /// struct Options {
    ///     iterations: u32,
    /// }
    ///
    /// let failure = Layers::new().load()?.section("example").read::<Options>().unwrap_err();
    /// assert_eq!(failure.option(), "iterations");
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    #[must_use]
    pub fn option(&self) -> &str {
        &self.details.option
    }

    /// The option's value (a mask for a secret), or nothing when it is not set.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// let section = Layers::new().set("iterations=many").set("api_token=abc").load()?.defaults();
    /// assert_eq!(section.number::<u32>("iterations").unwrap_err().value(), Some("many"));
    /// assert_eq!(section.flag("api_token").unwrap_err().value(), Some("********"));
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.details.value.as_deref()
    }

    /// What the reader expects, to be read after `expected`.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// let section = Layers::new().set("step_timeout=-1").load()?.defaults();
    /// assert_eq!(section.seconds("step_timeout").unwrap_err().expected(), "a number of seconds from 0");
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.details.expected
    }

    /// Where the value was set, or nothing when it is not set.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// let section = Layers::new().set("enable=perhaps").load()?.defaults();
    /// assert_eq!(section.flag("enable").unwrap_err().origin().unwrap().to_string(), "--set enable=perhaps");
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    #[must_use]
    pub fn origin(&self) -> Option<&Origin> {
        self.details.origin.as_ref()
    }
}

impl fmt::Display for ReadFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { section, option, value, expected, origin, nearest } = &*self.details;
        if let Some(origin) = origin {
            write!(f, "{origin}: ")?;
        }
        match value {
            Some(value) => {
                let value = shorten(&visible(value), MAX_SHOWN);
                write!(f, "option `{option}` of `[{section}]` is `{value}`; expected {expected}")?;
            }
            None if option.is_empty() => write!(f, "section `[{section}]`: expected {expected}")?,
            None => write!(f, "option `{option}` of `[{section}]` is not set; expected {expected}")?,
        }
        match nearest {
            Some(near) => write!(f, "; is `{near}` meant?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ReadFailure {}

impl Section {
    /// Reads the section into a struct: each field takes the option of its name.
    ///
    /// Text, booleans (yes/no/true/false/on/off/1/0), numbers, lists separated by commas, enums (by name) and `Option`
    /// of them are understood; an empty value is `None`. Durations need a helper of [`types`](super::types). Options
    /// without a field are left alone, so several structs can be read from one section; `serde(flatten)` and
    /// `serde(deny_unknown_fields)` do not fit here.
    ///
    /// # Errors
    /// [`ReadFailure`] for the first option that is missing or does not fit.
    ///
    /// ```
    /// use std::time::Duration;
    /// use dockertest::config::{Layers, Source, types};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Options {
    ///     iterations: u32,
    ///     remove_after_test: bool,
    ///     preserve_cnames: Vec<String>,
    ///     user: Option<String>,
    ///     #[serde(with = "types::seconds")]
    ///     docker_timeout: Duration,
    /// }
    ///
    /// let text = "[example]\niterations = 3\nremove_after_test = yes\npreserve_cnames = a, b\nuser =\ndocker_timeout = 2.5\n";
    /// let source = Source::Memory(vec![("example.ini".to_owned(), text.to_owned())]);
    /// let options: Options = Layers::new().defaults(source).load()?.section("example").read()?;
    /// assert_eq!((options.iterations, options.remove_after_test, options.user), (3, true, None));
    /// assert_eq!(options.preserve_cnames, ["a", "b"]);
    /// assert_eq!(options.docker_timeout, Duration::from_millis(2500));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ReadFailure> {
        let table = self.collect().map_err(|error| self.failure(Wrong::from(error)))?;
        T::deserialize(Table(table)).map_err(|wrong| self.failure(wrong))
    }

    /// A boolean, or nothing when the option is not set or empty.
    ///
    /// # Errors
    /// [`ReadFailure`] when the value is none of yes, no, true, false, on, off, 1, 0.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// let section = Layers::new().set("remove_after_test=On").set("enable=perhaps").load()?.defaults();
    /// assert_eq!(section.flag("remove_after_test")?, Some(true));
    /// assert_eq!(section.flag("preserve_cnames")?, None);
    /// assert!(section.flag("enable").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn flag(&self, option: &str) -> Result<Option<bool>, ReadFailure> {
        self.one(option)
    }

    /// A number, or nothing when the option is not set or empty.
    ///
    /// # Errors
    /// [`ReadFailure`] when the value is not a number of this type.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// let section = Layers::new().set("iterations=3").load()?.defaults();
    /// assert_eq!(section.number::<u32>("iterations")?, Some(3));
    /// assert_eq!(section.number::<u32>("retries")?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn number<T: DeserializeOwned>(&self, option: &str) -> Result<Option<T>, ReadFailure> {
        self.one(option)
    }

    /// A duration in seconds, or nothing when the option is not set or empty.
    ///
    /// # Errors
    /// [`ReadFailure`] when the value is not a number of seconds from 0.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use dockertest::config::Layers;
    /// let section = Layers::new().set("docker_timeout=0.5").set("wait_stop=").load()?.defaults();
    /// assert_eq!(section.seconds("docker_timeout")?, Some(Duration::from_millis(500)));
    /// assert_eq!(section.seconds("wait_stop")?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seconds(&self, option: &str) -> Result<Option<Duration>, ReadFailure> {
        Ok(self.one::<types::Seconds>(option)?.map(|seconds| seconds.0))
    }

    fn one<T: DeserializeOwned>(&self, option: &str) -> Result<Option<T>, ReadFailure> {
        let Some(setting) = self.setting(option) else { return Ok(None) };
        let item = Item(Value::new(None, setting.value.clone()));
        <Option<T>>::deserialize(item).map_err(|wrong| self.failure(wrong.of(option)))
    }

    fn failure(&self, wrong: Wrong) -> ReadFailure {
        let option = wrong.option.unwrap_or_default();
        let setting = self.setting(&option);
        let shown = |value: &str| if is_secret(&option) { MASK.to_owned() } else { value.to_owned() };
        let near = if setting.is_none() { nearest(&option, self.settings.keys().map(String::as_str)) } else { None };
        // The argument of a `--set` may hold the secret as well.
        let origin = self.masked().setting(&option).map(|setting| setting.origin.clone());
        let details = Details {
            section: self.name.clone(),
            value: setting.map(|setting| shown(&setting.value)),
            expected: wrong.expected,
            origin,
            nearest: near.map(str::to_owned),
            option,
        };
        ReadFailure { details: Box::new(details) }
    }
}

/// A section is a source of the `config` crate, so it can be mixed with sources of other kinds. Each value's origin is
/// where it was set.
///
/// ```
/// let section = dockertest::config::Layers::new().set("docker_repo_name=busybox").load()?.defaults();
/// let mixed = config::Config::builder().add_source(section).set_override("docker_repo_tag", "1.36")?.build()?;
/// assert_eq!(mixed.get_string("docker_repo_name")?, "busybox");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl Source for Section {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        let value =
            |setting: &super::section::Setting| Value::new(Some(&setting.origin.to_string()), setting.value.clone());
        Ok(self.settings.iter().map(|(option, setting)| (option.clone(), value(setting))).collect())
    }
}
