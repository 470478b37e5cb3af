//! The options as they stand in the section, with what holds where it says nothing.

use std::time::Duration;

use serde::Deserialize;

use super::jobs::Jobs;
use super::limits::CalloutLimits;
use super::wanted::Wanted;
use crate::config::types;

/// The options that only make sense together: they all come from one place, this section or a `.testr.conf`.
pub(super) const CALLOUTS: [&str; 3] = ["instance_provision", "instance_execute", "instance_dispose"];

/// The options as they stand in the section.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Options {
    pub(super) provider: Wanted,
    pub(super) engine: Option<String>,
    pub(super) jobs: Jobs,
    pub(super) group_regex: Option<String>,
    pub(super) test_run_concurrency: Option<String>,
    pub(super) instance_provision: Option<String>,
    pub(super) instance_execute: Option<String>,
    pub(super) instance_dispose: Option<String>,
    pub(super) instance_ids: Vec<String>,
    pub(super) instance_keep: bool,
    #[serde(with = "types::seconds")]
    pub(super) instance_provision_timeout: Duration,
    #[serde(with = "types::seconds")]
    pub(super) instance_execute_timeout: Duration,
    #[serde(with = "types::seconds")]
    pub(super) instance_dispose_timeout: Duration,
    #[serde(with = "types::seconds")]
    pub(super) test_run_concurrency_timeout: Duration,
    pub(super) testr_conf: Option<String>,
}

impl Default for Options {
    /// What holds without any `control.ini`.
    fn default() -> Self {
        let limits = CalloutLimits::default();
        Options {
            provider: Wanted::Auto,
            engine: None,
            jobs: Jobs(None),
            group_regex: None,
            test_run_concurrency: None,
            instance_provision: None,
            instance_execute: None,
            instance_dispose: None,
            instance_ids: Vec::new(),
            instance_keep: false,
            instance_provision_timeout: limits.provision,
            instance_execute_timeout: limits.execute,
            instance_dispose_timeout: limits.dispose,
            test_run_concurrency_timeout: limits.concurrency,
            testr_conf: Some(".testr.conf".to_owned()),
        }
    }
}
