//! What the engine under test says about itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What the engine under test said about itself, asked once.
///
/// An engine that does not answer leaves nothing but its address and the reason:
///
/// ```
/// use dockertest::journal::EngineFacts;
///
/// let facts = EngineFacts {
///     address: "unix:///var/run/docker.sock".to_owned(),
///     problem: Some("nobody listens there".to_owned()),
///     ..EngineFacts::default()
/// };
/// assert!(facts.version.is_empty());
/// ```
// Embedders build it with `..EngineFacts::default()`, which leaves room for more: so it is not `#[non_exhaustive]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct EngineFacts {
    /// Where it was asked, for example `unix:///var/run/docker.sock`.
    pub address: String,
    /// `docker` or `podman`; empty when it did not answer.
    pub flavor: String,
    /// The engine's version; empty when it did not answer.
    pub version: String,
    /// The version of the API that it speaks; empty when it did not answer.
    pub api_version: String,
    /// Other facts by name: `cgroup-version`, `storage-driver`, `kernel`, `operating-system`, ….
    pub facts: BTreeMap<String, String>,
    /// Why it did not answer, if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}
