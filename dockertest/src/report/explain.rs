//! What is to be said of something that did not end well, as parts with a name.

use crate::outcome::{Ending, Evidence};

/// The parts besides the reason, in the order in which they are read: what was known, what was run, expected and seen.
pub(super) fn parts(ending: &Ending) -> Vec<(&'static str, String)> {
    let mut parts: Vec<(&'static str, String)> = Vec::new();
    parts.extend(ending.phase.map(|phase| ("phase", format!("{phase}()"))));
    parts.extend(ending.known_failure.clone().map(|known| ("known failure", known)));
    if let Some(evidence) = &ending.evidence {
        let Evidence { command, expected, seen, difference, help } = evidence.as_ref();
        let named = [("command", command), ("expected", expected), ("seen", seen), ("difference", difference)];
        let named = named.into_iter().chain([("help", help)]);
        parts.extend(named.filter_map(|(name, value)| Some((name, value.clone()?))));
    }
    parts
}

/// The reason and the parts below one another.
pub(super) fn text(ending: &Ending) -> String {
    let mut text = ending.reason.trim_end().to_owned();
    for (name, value) in parts(ending) {
        text.push_str(&format!("\n{name}:"));
        let value = value.trim_end();
        if value.contains('\n') {
            text.extend(value.lines().map(|line| format!("\n    {line}")));
        } else {
            text.push_str(&format!(" {value}"));
        }
    }
    text
}
