//! An error in words, with what it comes from.

use std::error::Error;

/// An error and all its causes on one line. A cause whose words stand there already is left out.
///
/// ```
/// use std::io;
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("cannot read the journal")]
/// struct Unreadable(#[source] io::Error);
///
/// let error = Unreadable(io::Error::other("the disk is gone"));
/// assert_eq!(dockertest::with_causes(&error), "cannot read the journal: the disk is gone");
/// ```
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let words = next.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Layer {
        text: &'static str,
        source: Option<Box<Layer>>,
    }

    #[test]
    fn causes_follow_once_each() {
        let layers = ["in the end: no file", "no file", "the disk is gone"];
        let error = layers.into_iter().rev().fold(None, |source, text| Some(Box::new(Layer { text, source })));
        assert_eq!(with_causes(&error.unwrap()), "in the end: no file: the disk is gone");
    }
}
