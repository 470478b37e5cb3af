//! Where an instance comes from, and where it goes.

use serde::{Deserialize, Serialize};

/// An instance was made.
///
/// ```
/// use dockertest::journal::InstanceProvisioned;
///
/// let made = InstanceProvisioned::new("callout", "vm-1");
/// assert_eq!(serde_json::to_string(&made)?, r#"{"provider":"callout","instance":"vm-1"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct InstanceProvisioned {
    /// What made it: `shared`, `capsule`, `callout`.
    pub provider: String,
    /// Its name.
    pub instance: String,
}

/// An instance is gone, or is left over for good.
///
/// ```
/// use dockertest::journal::InstanceDisposed;
///
/// let gone = InstanceDisposed::new("vm-1");
/// assert_eq!(serde_json::to_string(&gone)?, r#"{"instance":"vm-1"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct InstanceDisposed {
    /// Its name.
    pub instance: String,
    /// Why it is left over, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}
