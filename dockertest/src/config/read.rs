//! Typed reading: a section becomes a struct that the reader declares.
//!
//! A section is a table of [`config::Value`]s, which convert words and know where they were set; lists, empty values
//! and the words of an error are ours.

use std::fmt;
use std::time::Duration;

use config::{Map, Source, Value, ValueKind};
use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use super::lines::shorten;
use super::problem::{nearest, visible};
use super::secret::{MASK, is_secret};
use super::section::{Origin, Section, split_list};
use super::types;

/// How many characters of a value that does not fit are shown.
const MAX_SHOWN: usize = 200;

/// A section does not hold what its reader needs.
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
    #[must_use]
    pub fn section(&self) -> &str {
        &self.details.section
    }

    /// The option that is missing or does not fit; empty when it is not about one.
    #[must_use]
    pub fn option(&self) -> &str {
        &self.details.option
    }

    /// The option's value (a mask for a secret), or nothing when it is not set.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.details.value.as_deref()
    }

    /// What the reader expects, to be read after `expected`.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.details.expected
    }

    /// Where the value was set.
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
    pub fn flag(&self, option: &str) -> Result<Option<bool>, ReadFailure> {
        self.one(option)
    }

    /// A number, or nothing when the option is not set or empty.
    ///
    /// # Errors
    /// [`ReadFailure`] when the value is not a number of this type.
    pub fn number<T: DeserializeOwned>(&self, option: &str) -> Result<Option<T>, ReadFailure> {
        self.one(option)
    }

    /// A duration in seconds, or nothing when the option is not set or empty.
    ///
    /// # Errors
    /// [`ReadFailure`] when the value is not a number of seconds from 0.
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

/// What does not fit, while it is not yet known in which section.
#[derive(Debug)]
struct Wrong {
    option: Option<String>,
    expected: String,
}

impl Wrong {
    fn expected(what: impl fmt::Display) -> Self {
        Wrong { option: None, expected: what.to_string() }
    }

    fn of(mut self, option: &str) -> Self {
        self.option.get_or_insert_with(|| option.to_owned());
        self
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.expected)
    }
}

impl std::error::Error for Wrong {}

impl From<config::ConfigError> for Wrong {
    fn from(error: config::ConfigError) -> Self {
        match error {
            config::ConfigError::Type { expected, .. } => Wrong::expected(expected),
            other => Wrong::expected(other),
        }
    }
}

impl de::Error for Wrong {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let message = message.to_string();
        Wrong::expected(message.strip_prefix("expected ").unwrap_or(&message))
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Wrong::expected(expected)
    }

    fn invalid_value(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Wrong::expected(expected)
    }

    fn invalid_length(_: usize, expected: &dyn de::Expected) -> Self {
        Wrong::expected(expected)
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        let names: Vec<String> = expected.iter().map(|name| format!("`{name}`")).collect();
        let several = if names.len() > 1 { "one of " } else { "" };
        Wrong::expected(format!("{several}{}", names.join(", ")))
    }

    fn missing_field(field: &'static str) -> Self {
        Wrong::expected("a value").of(field)
    }
}

/// A whole section.
struct Table(Map<String, Value>);

impl<'de> Deserializer<'de> for Table {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        // In order, so that of several wrong options always the same one is reported.
        let mut options: Vec<(String, Value)> = self.0.into_iter().collect();
        options.sort_by(|a, b| a.0.cmp(&b.0));
        let items = options.into_iter().map(|(option, value)| (option.clone(), Named(option, Item(value))));
        visitor.visit_map(MapDeserializer::new(items))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// A value that tells its option when it does not fit.
struct Named(String, Item);

/// Passes each method on to the value and adds the option's name to an error.
macro_rules! named {
    ($($method:ident($($argument:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Wrong> {
            let Named(option, item) = self;
            item.$method($($argument,)* visitor).map_err(|wrong| wrong.of(&option))
        }
    )*};
}

impl<'de> Deserializer<'de> for Named {
    type Error = Wrong;

    named! {
        deserialize_any() deserialize_bool() deserialize_str() deserialize_string() deserialize_char()
        deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_bytes() deserialize_byte_buf() deserialize_option()
        deserialize_unit() deserialize_unit_struct(name: &'static str) deserialize_newtype_struct(name: &'static str)
        deserialize_seq() deserialize_tuple(len: usize) deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_map() deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
        deserialize_identifier() deserialize_ignored_any()
    }
}

impl<'de> IntoDeserializer<'de, Wrong> for Named {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// One value: always text.
struct Item(Value);

impl Item {
    fn text(&self) -> &str {
        match &self.0.kind {
            ValueKind::String(text) => text,
            _ => "",
        }
    }

    /// The value without blanks around it, for conversions.
    fn trimmed(&self) -> Value {
        Value::new(None, self.text().trim())
    }

    /// The `config` crate takes words such as `yes` for numbers; here they are mistakes.
    fn is_word(&self) -> bool {
        let first = self.text().trim().trim_start_matches(['+', '-']).chars().next();
        first.is_none_or(char::is_alphabetic)
    }

    fn integer<T: TryFrom<i128> + Bounds>(&self) -> Result<T, Wrong> {
        let wrong = || Wrong::expected(format!("a whole number{}", T::bounds()));
        if self.is_word() {
            return Err(wrong());
        }
        let number = self.trimmed().into_int128().map_err(|_| wrong())?;
        T::try_from(number).map_err(|_| wrong())
    }

    fn float(&self) -> Result<f64, Wrong> {
        let number = self.text().trim();
        let is_number_word = ["inf", "infinity", "nan"]
            .iter()
            .any(|word| number.trim_start_matches(['+', '-']).eq_ignore_ascii_case(word));
        if self.is_word() && !is_number_word {
            return Err(Wrong::expected("a number"));
        }
        self.trimmed().into_float().map_err(|_| Wrong::expected("a number"))
    }

    fn items(&self) -> impl Iterator<Item = Item> {
        split_list(self.text()).map(|item| Item(Value::new(None, item)))
    }
}

/// The smallest and the largest number of a type, in words.
trait Bounds {
    fn bounds() -> String;
}

macro_rules! bounds {
    ($($type:ident)*) => {$(
        impl Bounds for $type {
            fn bounds() -> String {
                if $type::BITS >= 64 && $type::MIN == 0 {
                    " from 0".to_owned()
                } else if $type::BITS >= 64 {
                    String::new()
                } else {
                    format!(" from {} to {}", $type::MIN, $type::MAX)
                }
            }
        }
    )*};
}

bounds! { i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 }

macro_rules! integers {
    ($($method:ident $visit:ident $type:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            visitor.$visit(self.integer::<$type>()?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Item {
    type Error = Wrong;

    integers! {
        deserialize_i8 visit_i8 i8 deserialize_i16 visit_i16 i16 deserialize_i32 visit_i32 i32
        deserialize_i64 visit_i64 i64 deserialize_i128 visit_i128 i128
        deserialize_u8 visit_u8 u8 deserialize_u16 visit_u16 u16 deserialize_u32 visit_u32 u32
        deserialize_u64 visit_u64 u64 deserialize_u128 visit_u128 u128
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_str(self.text())
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let expected = |_| Wrong::expected("yes or no (or true, false, on, off, 1, 0)");
        visitor.visit_bool(self.trimmed().into_bool().map_err(expected)?)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_f64(self.float()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        if self.text().trim().is_empty() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_seq(SeqDeserializer::new(self.items()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Wrong> {
        if self.items().count() == len {
            self.deserialize_seq(visitor)
        } else {
            Err(Wrong::expected(format!("{len} items separated by commas")))
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let word: StrDeserializer<'_, Wrong> = self.text().trim().into_deserializer();
        word.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Wrong> for Item {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
