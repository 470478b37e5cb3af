//! Helpers for fields whose type serde does not know how to write in an INI file, for `#[serde(with = "…")]`.
//!
//! [`Section::read`](super::Section::read) understands booleans and lists by itself; [`flag`] and [`list`] are for
//! structs that are read from other sources too.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A duration, written as a number of seconds: `300`, `0.5`.
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
pub mod seconds {
    use super::{Deserialize, Deserializer, Duration, Seconds, Serialize, Serializer};

    /// Reads a number of seconds.
    ///
    /// # Errors
    /// When the value is not a number from 0.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Seconds::deserialize(deserializer).map(|seconds| seconds.0)
    }

    /// Writes a number of seconds.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        Seconds(*duration).serialize(serializer)
    }
}

/// A [`Duration`] in seconds, or nothing when the value is empty. Needs `#[serde(default)]` when the option may be
/// missing altogether.
pub mod optional_seconds {
    use super::{Deserialize, Deserializer, Duration, Seconds, Serialize, Serializer};

    /// Reads a number of seconds or nothing.
    ///
    /// # Errors
    /// When the value is neither empty nor a number from 0.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<Seconds>::deserialize(deserializer)?.map(|seconds| seconds.0))
    }

    /// Writes a number of seconds or nothing.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        duration.map(Seconds).serialize(serializer)
    }
}

/// A boolean in words: yes, no, true, false, on, off, 1, 0.
pub mod flag {
    use super::{Deserialize, Deserializer, Serialize, Serializer, de};

    /// Reads a boolean.
    ///
    /// # Errors
    /// When the value is none of the words.
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
    pub fn serialize<S: Serializer>(flag: &bool, serializer: S) -> Result<S::Ok, S::Error> {
        if *flag { "yes" } else { "no" }.serialize(serializer)
    }
}

/// A list whose items are separated by commas; blanks around them and empty items are dropped.
pub mod list {
    use super::{Deserialize, Deserializer, Serialize, Serializer, de};

    /// Reads a list. Items are anything that can be parsed from text.
    ///
    /// # Errors
    /// When an item cannot be parsed; the error is the item's.
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
    pub fn serialize<S: Serializer, T: ToString>(items: &[T], serializer: S) -> Result<S::Ok, S::Error> {
        items.iter().map(ToString::to_string).collect::<Vec<_>>().join(",").serialize(serializer)
    }
}
