//! Which environment is wanted.

use std::fmt;

use serde::Deserialize;

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
