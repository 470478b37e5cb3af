//! The API version, and what happens when configuration was written for another one.
//!
//! ```
//! use dockertest::version::{API_VERSION, ApiVersion};
//!
//! let written_for = ApiVersion { revision: 7, ..API_VERSION };
//! assert!(written_for.fits(API_VERSION)); // such configuration is used as it is
//! assert!(!ApiVersion { minor: API_VERSION.minor + 1, ..API_VERSION }.fits(API_VERSION));
//! ```

mod gate;
mod loose;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub(crate) use loose::compare;

pub use gate::{DocumentationMismatch, NO_VERSION_CHECK, VersionMismatch, check_documentation, check_section};

/// The version of this library's API, to which configuration and documentation are tied.
///
/// ```
/// # use dockertest::version::API_VERSION;
/// let new_section = format!("[docker_cli/version]\nconfig_version = {API_VERSION}\n");
/// assert!(new_section.split(" = ").nth(1).unwrap().parse::<dockertest::version::ApiVersion>()?.fits(API_VERSION));
/// # Ok::<(), dockertest::version::BadVersion>(())
/// ```
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
// Three numbers by definition, written out in code and configuration: so this is not `#[non_exhaustive]`.
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
    ///
    /// ```
    /// # use dockertest::version::ApiVersion;
    /// let version = |text: &str| text.parse::<ApiVersion>();
    /// assert!(version("0.9.0")?.fits(version("0.9.12")?));
    /// assert!(!version("0.9.0")?.fits(version("1.9.0")?));
    /// # Ok::<(), dockertest::version::BadVersion>(())
    /// ```
    #[must_use]
    pub const fn fits(self, other: ApiVersion) -> bool {
        self.major == other.major && self.minor == other.minor
    }
}

/// A text that is not a version of three numbers from 0 to 255.
///
/// ```
/// use dockertest::version::ApiVersion;
///
/// let bad = "0.9".parse::<ApiVersion>().unwrap_err();
/// assert_eq!(bad.to_string(), "`0.9` is not a version (expected three numbers from 0 to 255, as in `0.9.0`)");
/// ```
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

#[cfg(test)]
mod tests {
    use super::API_VERSION;

    #[test]
    fn the_package_has_the_version_of_the_api() {
        assert_eq!(env!("CARGO_PKG_VERSION"), API_VERSION.to_string(), "Cargo.toml, and API_VERSION");
    }
}
