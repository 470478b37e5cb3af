//! Values as serde sees them: a section is a table of [`config::Value`]s, which convert words; lists, empty values and
//! the words of an error are ours.

use std::fmt;

use config::{Map, Value, ValueKind};
use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{self, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::section::split_list;

/// What does not fit, while it is not yet known in which section.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) option: Option<String>,
    pub(super) expected: String,
}

impl Wrong {
    fn expected(what: impl fmt::Display) -> Self {
        Wrong { option: None, expected: what.to_string() }
    }

    pub(super) fn of(mut self, option: &str) -> Self {
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
pub(super) struct Table(pub(super) Map<String, Value>);

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
pub(super) struct Item(pub(super) Value);

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
