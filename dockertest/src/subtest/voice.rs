//! How a running step speaks: messages to the runner, in order, from any thread.

use std::fmt;
use std::sync::Arc;

use crate::host::protocol::HostMessage;
use crate::subtest::secrets::Secrets;

/// Texts longer than this are cut, so that a message always fits into a line of the protocol, however much of it
/// has to be escaped.
const MAX_TEXT_BYTES: usize = 128 * 1024;

/// Takes the messages of a step. Clones share the listener.
#[derive(Clone)]
pub(crate) struct Voice(Arc<dyn Fn(&HostMessage) + Send + Sync>);

impl fmt::Debug for Voice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Voice")
    }
}

impl Voice {
    /// A voice that is heard by `listener`.
    pub(crate) fn new(listener: impl Fn(&HostMessage) + Send + Sync + 'static) -> Self {
        Voice(Arc::new(listener))
    }

    /// The same voice, but it tells none of these.
    pub(crate) fn without(self, secrets: Secrets) -> Self {
        Voice::new(move |message| self.say(&secrets.hide_in(message)))
    }

    /// Says something.
    pub(crate) fn say(&self, message: &HostMessage) {
        (self.0)(message);
    }
}

/// The same for each of the six texts of an ending, which go into one message.
const MAX_PART_BYTES: usize = MAX_TEXT_BYTES / 6;

/// The text, cut at a character's border with a note of how much is missing, if it is too long for a message.
pub(crate) fn fitting(text: String) -> String {
    if text.len() <= MAX_TEXT_BYTES { text } else { cut(&text, MAX_TEXT_BYTES) }
}

/// The same for one of the texts of an ending.
pub(crate) fn fitting_part(text: &str) -> String {
    if text.len() <= MAX_PART_BYTES { text.to_owned() } else { cut(text, MAX_PART_BYTES) }
}

fn cut(text: &str, limit_bytes: usize) -> String {
    let kept = text.floor_char_boundary(limit_bytes);
    format!("{}\n[{} more bytes are left out here]", &text[..kept], text.len() - kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        let cut = fitting("é".repeat(MAX_TEXT_BYTES));
        assert!(
            cut.ends_with(&format!("[{MAX_TEXT_BYTES} more bytes are left out here]")),
            "{}",
            &cut[cut.len() - 60..]
        );
        assert_eq!(fitting("short".to_owned()), "short");
    }
}
