//! The API version, and what happens when configuration was written for another one.

mod gate;
mod loose;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use gate::{DocumentationMismatch, NO_VERSION_CHECK, VersionMismatch, check_documentation, check_section};

/// The version of this library's API, to which configuration and documentation are tied.
pub const API_VERSION: ApiVersion = ApiVersion { major: 0, minor: 9, revision: 0 };

/// Three numbers; the first two decide whether two versions fit together.
///
/// ```
/// use dockertest::version::ApiVersion;
///
/// let ours: ApiVersion = "0.9.0".parse()?;
/// assert!(ours.fits("0.9.7".parse()?));
/// assert!(!ours.fits("0.8.0".parse()?));
/// # Ok::<(), dockertest::version::BadVersion>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApiVersion {
    /// Changed when subtests must be rewritten.
    pub major: u8,
    /// Changed when subtests or configuration may have to be adapted.
    pub minor: u8,
    /// Changed when neither is touched.
    pub revision: u8,
}

impl ApiVersion {
    /// Whether the two versions have the same major and minor number; the revision does not count.
    #[must_use]
    pub const fn fits(self, other: ApiVersion) -> bool {
        self.major == other.major && self.minor == other.minor
    }
}

/// A text that is not a version of three numbers from 0 to 255.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a version (expected three numbers from 0 to 255, as in `0.9.0`)")]
pub struct BadVersion(String);

impl FromStr for ApiVersion {
    type Err = BadVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadVersion(text.to_owned());
        let mut numbers = text.trim().split('.').map(|part| part.parse::<u8>().map_err(|_| bad()));
        let mut next = || numbers.next().unwrap_or_else(|| Err(bad()));
        let version = ApiVersion { major: next()?, minor: next()?, revision: next()? };
        if numbers.next().is_some() { Err(bad()) } else { Ok(version) }
    }
}

impl TryFrom<String> for ApiVersion {
    type Error = BadVersion;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ApiVersion> for String {
    fn from(version: ApiVersion) -> Self {
        version.to_string()
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.revision)
    }
}
