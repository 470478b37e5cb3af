//! Helpers for fields whose type serde does not know how to write in an INI file, for `#[serde(with = "…")]`.
//!
//! [`Section::read`](super::Section::read) understands booleans and lists by itself; [`flag`] and [`list`] are for
//! structs that are read from other sources too.
//!
//! ```
//! use std::time::Duration;
//! use dockertest::config::{Layers, types};
//!
//! #[derive(serde::Deserialize)]
//! struct Options {
//!     #[serde(with = "types::flag")]
//!     remove_after_test: bool,
//!     #[serde(with = "types::list")]
//!     signals: Vec<String>,
//!     #[serde(with = "types::seconds")]
//!     wait_stop: Duration,
//! }
//!
//! let typed = Layers::new().set("remove_after_test=yes").set("signals=USR1, HUP").set("wait_stop=0.5");
//! let options: Options = typed.load()?.defaults().read()?;
//! assert!(options.remove_after_test && options.wait_stop == Duration::from_millis(500));
//! assert_eq!(options.signals, ["USR1", "HUP"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A duration, written as a number of seconds: `300`, `0.5`.
///
/// ```
/// use std::time::Duration;
/// use dockertest::config::types::Seconds;
///
/// assert_eq!(serde_json::from_str::<Seconds>("0.5")?, Seconds(Duration::from_millis(500)));
/// assert_eq!(serde_json::from_str::<Seconds>("\"300\"")?, Seconds(Duration::from_secs(300)));
/// assert!(serde_json::from_str::<Seconds>("-1").is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Seconds(pub Duration);

const EXPECTED_SECONDS: &str = "a number of seconds from 0";

/// Takes a number or the text of one.
struct Reader;

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

impl Visitor<'_> for Reader {
    type Value = Seconds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED_SECONDS)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Seconds, E> {
        let wrong = |_| E::invalid_value(de::Unexpected::Str(text), &EXPECTED_SECONDS);
        self.visit_f64(text.trim().parse().map_err(wrong)?)
    }

    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Seconds, E> {
        let wrong = |_| E::invalid_value(de::Unexpected::Float(seconds), &self);
        Duration::try_from_secs_f64(seconds).map(Seconds).map_err(wrong)
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Seconds, E> {
        Ok(Seconds(Duration::from_secs(seconds)))
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Seconds, E> {
        let wrong = |_| E::invalid_value(de::Unexpected::Signed(seconds), &self);
        u64::try_from(seconds).map(|seconds| Seconds(Duration::from_secs(seconds))).map_err(wrong)
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.as_secs_f64())
    }
}

/// A [`Duration`] in seconds.
///
/// ```
/// use std::time::Duration;
/// use dockertest::config::{Layers, types};
///
/// #[derive(serde::Deserialize)]
/// struct Options {
///     #[serde(with = "types::seconds")]
///     docker_timeout: Duration,
/// }
///
/// let options: Options = Layers::new().set("docker_timeout=2.5").load()?.defaults().read()?;
/// assert_eq!(options.docker_timeout, Duration::from_millis(2500));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub mod seconds {
    use super::{Deserialize, Deserializer, Duration, Seconds, Serialize, Serializer};

    /// Reads a number of seconds.
    ///
    /// # Errors
    /// When the value is not a number from 0.
    ///
    /// ```
    /// use dockertest::config::types;
    ///
    /// let wrong = types::seconds::deserialize(serde_json::json!("soon")).unwrap_err();
    /// assert!(wrong.to_string().ends_with("expected a number of seconds from 0"));
    /// ```
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Seconds::deserialize(deserializer).map(|seconds| seconds.0)
    }

    /// Writes a number of seconds.
    ///
    /// # Errors
    /// Those of the serializer.
    ///
    /// ```
    /// use std::time::Duration;
    /// use dockertest::config::types;
    ///
    /// let written = types::seconds::serialize(&Duration::from_millis(2500), serde_json::value::Serializer)?;
    /// assert_eq!(written, 2.5);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        Seconds(*duration).serialize(serializer)
    }
}

/// A [`Duration`] in seconds, or nothing when the value is empty. Needs `#[serde(default)]` when the option may be
/// missing altogether.
///
/// ```
/// use std::time::Duration;
/// use dockertest::config::{Layers, types};
///
/// #[derive(serde::Deserialize)]
/// struct Options {
///     #[serde(with = "types::optional_seconds", default)]
///     wait_stop: Option<Duration>,
/// }
///
/// let options = |layers: Layers| layers.load().unwrap().defaults().read::<Options>();
/// assert_eq!(options(Layers::new())?.wait_stop, None);
/// assert_eq!(options(Layers::new().set("wait_stop="))?.wait_stop, None);
/// assert_eq!(options(Layers::new().set("wait_stop=5"))?.wait_stop, Some(Duration::from_secs(5)));
/// # Ok::<(), dockertest::config::ReadFailure>(())
/// ```
pub mod optional_seconds {
    use super::{Deserialize, Deserializer, Duration, Seconds, Serialize, Serializer};

    /// Reads a number of seconds or nothing.
    ///
    /// # Errors
    /// When the value is neither empty nor a number from 0.
    ///
    /// ```
    /// use dockertest::config::types;
    ///
    /// assert_eq!(types::optional_seconds::deserialize(serde_json::json!(null))?, None);
    /// assert!(types::optional_seconds::deserialize(serde_json::json!(-1)).is_err());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<Seconds>::deserialize(deserializer)?.map(|seconds| seconds.0))
    }

    /// Writes a number of seconds or nothing.
    ///
    /// # Errors
    /// Those of the serializer.
    ///
    /// ```
    /// use dockertest::config::types;
    ///
    /// let written = types::optional_seconds::serialize(&None, serde_json::value::Serializer)?;
    /// assert!(written.is_null());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        duration.map(Seconds).serialize(serializer)
    }
}

/// A boolean in words: yes, no, true, false, on, off, 1, 0.
///
/// ```
/// use dockertest::config::{Layers, types};
///
/// #[derive(serde::Deserialize)]
/// struct Options {
///     #[serde(with = "types::flag")]
///     remove_after_test: bool,
/// }
///
/// let options: Options = Layers::new().set("remove_after_test=off").load()?.defaults().read()?;
/// assert!(!options.remove_after_test);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub mod flag {
    use super::{Deserialize, Deserializer, Serialize, Serializer, de};

    /// Reads a boolean.
    ///
    /// # Errors
    /// When the value is none of the words.
    ///
    /// ```
    /// use dockertest::config::types;
    ///
    /// assert!(types::flag::deserialize(serde_json::json!("On"))?);
    /// assert!(types::flag::deserialize(serde_json::json!("perhaps")).is_err());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong =
            |_| de::Error::invalid_value(de::Unexpected::Str(&text), &"yes or no (or true, false, on, off, 1, 0)");
        config::Value::new(None, text.trim()).into_bool().map_err(wrong)
    }

    /// Writes a boolean.
    ///
    /// # Errors
    /// Those of the serializer.
    ///
    /// ```
    /// use dockertest::config::types;
    ///
    /// assert_eq!(types::flag::serialize(&true, serde_json::value::Serializer)?, "yes");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn serialize<S: Serializer>(flag: &bool, serializer: S) -> Result<S::Ok, S::Error> {
        if *flag { "yes" } else { "no" }.serialize(serializer)
    }
}

/// A list whose items are separated by commas; blanks around them and empty items are dropped.
///
/// ```
/// use dockertest::config::{Layers, types};
///
/// #[derive(serde::Deserialize)]
/// struct Options {
///     #[serde(with = "types::list")]
///     exit_statuses: Vec<i32>,
/// }
///
/// let options: Options = Layers::new().set("exit_statuses=0, 125,").load()?.defaults().read()?;
/// assert_eq!(options.exit_statuses, [0, 125]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub mod list {
    use super::{Deserialize, Deserializer, Serialize, Serializer, de};

    /// Reads a list. Items are anything that can be parsed from text.
    ///
    /// # Errors
    /// When an item cannot be parsed; the error is the item's.
    ///
    /// ```
    /// use dockertest::config::types;
    ///
    /// let statuses: Vec<i32> = types::list::deserialize(serde_json::json!("0, 125,"))?;
    /// assert_eq!(statuses, [0, 125]);
    /// assert!(types::list::deserialize::<_, i32>(serde_json::json!("0, x")).is_err());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn deserialize<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
    where
        D: Deserializer<'de>,
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        let text = String::deserialize(deserializer)?;
        let parse = |item: &str| item.parse().map_err(|error| de::Error::custom(format!("items that fit: {error}")));
        crate::config::section::split_list(&text).map(parse).collect()
    }

    /// Writes a list.
    ///
    /// # Errors
    /// Those of the serializer.
    ///
    /// ```
    /// use dockertest::config::types;
    ///
    /// assert_eq!(types::list::serialize(&[0, 125], serde_json::value::Serializer)?, "0,125");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn serialize<S: Serializer, T: ToString>(items: &[T], serializer: S) -> Result<S::Ok, S::Error> {
        items.iter().map(ToString::to_string).collect::<Vec<_>>().join(",").serialize(serializer)
    }
}
