//! How many subtests run at a time, as an option says it.

use std::fmt;
use std::num::NonZeroUsize;

use serde::{Deserialize, Deserializer, de};

/// A number from 1, or nothing for `auto`, 0 and an empty value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Jobs(pub(super) Option<NonZeroUsize>);

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
pub(in crate::environment) fn number_of_jobs(text: &str) -> Option<Option<NonZeroUsize>> {
    match text.trim() {
        "" | "auto" => Some(None),
        number => number.parse().ok().map(NonZeroUsize::new),
    }
}
