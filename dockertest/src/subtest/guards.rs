//! Promises to do something at the end.

use std::fmt;

use crate::subtest::Outcome;

type Action = Box<dyn FnOnce() -> Outcome>;

/// Promises, in the order in which they were made.
#[derive(Default)]
pub(crate) struct Guards(Vec<(String, Action)>);

impl fmt::Debug for Guards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(what, _)| what)).finish()
    }
}

impl Guards {
    pub(crate) fn push(&mut self, what: String, action: Action) {
        self.0.push((what, action));
    }

    /// The promises, the last one first.
    pub(crate) fn last_first(self) -> impl Iterator<Item = (String, Action)> {
        self.0.into_iter().rev()
    }
}
