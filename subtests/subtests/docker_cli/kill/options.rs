//! The options of the section `[docker_cli/kill]` and of those below it.

use std::time::Duration;

use dockertest::config::types;
use dockertest::prelude::*;
use serde::Deserialize;

use super::signals::Signals;

/// The options as they are written.
#[derive(Debug, Deserialize)]
pub(super) struct Options {
    top_name_prefix: String,
    /// Another name of it, which counts if it is set.
    kill_name_prefix: String,
    #[serde(with = "types::list")]
    pub(super) run_options_csv: Vec<String>,
    #[serde(with = "types::list")]
    pub(super) attach_options_csv: Vec<String>,
    #[serde(with = "types::list")]
    pub(super) kill_options_csv: Vec<String>,
    exec_cmd: String,
    #[serde(with = "types::seconds")]
    pub(super) wait_start: Duration,
    pub(super) no_iterations: usize,
    kill_map_signals: String,
    pub(super) signals_sequence: String,
    kill_signals: String,
    skip_signals: String,
    kill_sigproxy: String,
    #[serde(with = "types::flag")]
    pub(super) run_container_attached: bool,
    pub(super) check_stdout: String,
    #[serde(with = "types::seconds")]
    pub(super) stress_cmd_timeout: Duration,
    #[serde(with = "types::seconds")]
    pub(super) test_length: Duration,
    #[serde(with = "types::list")]
    pub(super) bad_signals: Vec<String>,
}

impl Options {
    /// What the container's name begins with.
    pub(super) fn prefix(&self) -> &str {
        if self.kill_name_prefix.is_empty() { &self.top_name_prefix } else { &self.kill_name_prefix }
    }

    /// The container's script. One that is quoted for a shell as a whole is taken out of its quotes.
    pub(super) fn script(&self) -> String {
        match shlex::split(&self.exec_cmd).as_deref() {
            Some([script]) => script.clone(),
            _ => self.exec_cmd.clone(),
        }
    }

    /// Whether the script tells when it is ready.
    pub(super) fn says_ready(&self) -> bool {
        self.exec_cmd.contains("READY")
    }

    /// Whether signals go to the client.
    pub(super) fn sigproxy(&self) -> Outcome<bool> {
        Ok(optional_flag("kill_sigproxy", &self.kill_sigproxy)?.unwrap_or(false))
    }

    /// Whether signals are given as names; nothing is a random choice for each.
    pub(super) fn by_name(&self) -> Outcome<Option<bool>> {
        optional_flag("kill_map_signals", &self.kill_map_signals)
    }

    /// The signals that may be sent.
    pub(super) fn signals(&self) -> Outcome<Signals> {
        let read = |option: &str, text: &str| {
            let numbers: Result<Vec<i32>, _> = text.split_whitespace().map(str::parse).collect();
            numbers.map_err(|error| Failure::from(error).context(format!("the option `{option}` is `{text}`")))
        };
        let range = read("kill_signals", &self.kill_signals)?;
        let skipped = read("skip_signals", &self.skip_signals)?;
        Signals::of_range(&range, &skipped)
    }
}

/// `yes`, `no`, or neither.
fn optional_flag(option: &str, text: &str) -> Outcome<Option<bool>> {
    match text.trim().to_lowercase().as_str() {
        "" | "none" => Ok(None),
        "yes" | "true" | "on" | "1" => Ok(Some(true)),
        "no" | "false" | "off" | "0" => Ok(Some(false)),
        _ => {
            Err(std::io::Error::other(format!("the option `{option}` is `{text}`, expected yes, no or nothing")).into())
        }
    }
}
