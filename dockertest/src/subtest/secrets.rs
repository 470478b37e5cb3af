//! Keeps the values of secret options out of what a step says: a command that was run with a password is logged and
//! shown in an evidence, and both go into files that people pass on.

use crate::config::hide;
use crate::host::protocol::{HostMessage, RunRequest};
use crate::outcome::Ending;

/// The values of all secret options of a step and its sub-subtests.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<String>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl Secrets {
    pub(crate) fn of(request: &RunRequest) -> Self {
        let sections = std::iter::once(&request.section).chain(request.subsections.values());
        let mut secrets: Vec<String> = sections.flat_map(|section| section.secrets().map(str::to_owned)).collect();
        secrets.sort();
        secrets.dedup();
        Secrets(secrets)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The message without secrets.
    pub(crate) fn hide_in(&self, message: &HostMessage) -> HostMessage {
        let mut message = message.clone();
        match &mut message {
            HostMessage::Log { text, .. } => self.hide(text),
            HostMessage::Keyvals { values, .. } => values.values_mut().for_each(|value| self.hide(value)),
            HostMessage::SubsubtestEnded { ending, .. } | HostMessage::Ended(ending) => self.hide_in_ending(ending),
            HostMessage::Reboot { reason, .. } => self.hide(reason),
            HostMessage::Hello(_)
            | HostMessage::Subtest(_)
            | HostMessage::Config(_)
            | HostMessage::Listed { .. }
            | HostMessage::Phase { .. }
            | HostMessage::SubsubtestStarted { .. } => {}
        }
        message
    }

    pub(crate) fn hide_in_ending(&self, ending: &mut Ending) {
        self.hide(&mut ending.reason);
        if let Some(evidence) = &mut ending.evidence {
            let parts = [
                &mut evidence.command,
                &mut evidence.expected,
                &mut evidence.seen,
                &mut evidence.difference,
                &mut evidence.help,
            ];
            parts.into_iter().flatten().for_each(|part| self.hide(part));
        }
    }

    fn hide(&self, text: &mut String) {
        if !self.is_empty() {
            *text = hide(text, &self.0);
        }
    }
}
