//! What a runner says.

use serde::{Deserialize, Serialize};

use super::RunRequest;

/// What a runner says.
///
/// ```
/// use dockertest::host::protocol::RunnerMessage;
///
/// let cancel = RunnerMessage::Cancel { reason: "SIGINT".to_owned(), grace_ms: 30_000 };
/// assert_eq!(serde_json::to_string(&cancel)?, r#"{"cancel":{"reason":"SIGINT","grace-ms":30000}}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[non_exhaustive]
pub enum RunnerMessage {
    /// Run the subtest. The first message, exactly once.
    Run(Box<RunRequest>),
    /// Stop, clean up and end.
    Cancel {
        /// Why: goes into the ending's reason.
        reason: String,
        /// How long the clean-up may take before everything is killed, in milliseconds.
        grace_ms: u64,
    },
}
