//! What a fault is.

use serde::{Deserialize, Serialize};

/// The name of the folder of a trial without a fault; no fault may have it.
pub(super) const PLAIN: &str = "plain";

/// A comment that says which sub-subtests are to notice the fault.
const SUBSUBTESTS: &str = "subsubtests:";

/// A promise broken on purpose: a piece of a shell script that stands between a subtest and the engine's command line.
///
/// Its first comment line says which promise it breaks. A line `# subsubtests: a, b` names the sub-subtests that are to
/// notice it, so that only these are run. The script is given `"$@"` (all words of the command line), `"${WORDS[@]}"` (those
/// after the options for all commands), `$SUBCOMMAND` (the first of these), `$DOCKER` (the real program), `real …` (a function that runs the real
/// program with the same options and other words), and `$FAULT_STATE` (an empty folder). When it comes to its end, the
/// real program takes over.
///
/// ```
/// use dockertest::faults::Fault;
///
/// let script = "# Exits with 0 when the container is not there.\nreal \"$@\" || exit 0; exit\n";
/// let fault = Fault { name: "never_fails".to_owned(), script: script.to_owned() };
/// assert_eq!(fault.promise(), "Exits with 0 when the container is not there.");
/// assert!(fault.subsubtests().is_empty()); // all of them
/// ```
// A name and a script are a fault, so this is not `#[non_exhaustive]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Fault {
    /// Its name: that of its file.
    pub name: String,
    /// The text of its file.
    pub script: String,
}

/// A fault that cannot be tried.
///
/// ```
/// use dockertest::faults::Fault;
///
/// let fault = Fault { name: "silent".to_owned(), script: "exit 0\n".to_owned() };
/// let bad = fault.check().unwrap_err();
/// assert_eq!(bad.to_string(), "the fault `silent` does not begin with a comment that says which promise it breaks");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadFault {
    /// A folder is named after it.
    #[error("a fault's name is of a-z, 0-9 and _, a letter first, and not `plain`; seen `{0}`")]
    Name(String),
    /// Nobody knows what it is for.
    #[error("the fault `{0}` does not begin with a comment that says which promise it breaks")]
    NoPromise(String),
    /// It would break everything, and prove nothing.
    #[error("the fault `{name}` is no script that bash can read: {problem}")]
    Script {
        /// Its name.
        name: String,
        /// What bash says.
        problem: String,
    },
}

impl Fault {
    /// The promise that it breaks, in words: its first line of comment.
    ///
    /// ```
    /// # use dockertest::faults::Fault;
    /// let fault = Fault { name: "x".to_owned(), script: "#!/bin/bash\n# Forgets the newest.\n".to_owned() };
    /// assert_eq!(fault.promise(), "Forgets the newest.");
    /// ```
    #[must_use]
    pub fn promise(&self) -> &str {
        self.comments().find(|comment| !comment.is_empty()).unwrap_or_default()
    }

    /// The last components of the sub-subtests that are to notice it; none stands for all.
    ///
    /// ```
    /// # use dockertest::faults::Fault;
    /// let fault = Fault { name: "x".to_owned(), script: "# Lies.\n# subsubtests: stress, bad\n".to_owned() };
    /// assert_eq!(fault.subsubtests(), ["stress", "bad"]);
    /// ```
    #[must_use]
    pub fn subsubtests(&self) -> Vec<String> {
        let named = self.comments().find_map(|comment| comment.strip_prefix(SUBSUBTESTS)).unwrap_or_default();
        named.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    /// The lines of comment at its beginning.
    fn comments(&self) -> impl Iterator<Item = &str> {
        let lines = self.script.lines().map_while(|line| line.strip_prefix('#'));
        lines.filter(|line| !line.starts_with('!')).map(str::trim)
    }

    /// Whether it can be tried.
    ///
    /// # Errors
    /// Its name is not made of `a-z`, `0-9` and `_` after a first letter, or is `plain`; or it does not say what it
    /// breaks. Whether bash can read it is seen when it is tried.
    ///
    /// ```
    /// # use dockertest::faults::Fault;
    /// let fault = |name: &str| Fault { name: name.to_owned(), script: "# Does nothing.\nexit 0\n".to_owned() };
    /// assert!(fault("does_nothing").check().is_ok());
    /// assert!(fault("../nothing").check().is_err());
    /// ```
    pub fn check(&self) -> Result<(), BadFault> {
        let letters = self.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !letters || !self.name.starts_with(|first: char| first.is_ascii_lowercase()) || self.name == PLAIN {
            return Err(BadFault::Name(self.name.clone()));
        }
        if self.promise().is_empty() || self.promise().starts_with(SUBSUBTESTS) {
            return Err(BadFault::NoPromise(self.name.clone()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn fault(name: &str, script: &str) -> Fault {
        Fault { name: name.to_owned(), script: script.to_owned() }
    }

    #[rstest]
    #[case::upper_case("Lies", "# x\n")]
    #[case::empty("", "# x\n")]
    #[case::path("../x", "# x\n")]
    #[case::digit("1x", "# x\n")]
    #[case::taken("plain", "# x\n")]
    #[case::no_comment("lies", "exit 0\n# too late\n")]
    #[case::empty_comment("lies", "#\nexit 0\n")]
    #[case::no_promise("lies", "# subsubtests: a\n")]
    fn what_cannot_be_tried_is_refused(#[case] name: &str, #[case] script: &str) {
        assert!(fault(name, script).check().is_err());
    }

    #[test]
    fn the_comment_may_have_more_lines() {
        let fault = fault("lies", "#!/bin/bash\n# Lies.\n# It really does.\n# subsubtests: a ,b,\n\nexit 0 # no\n");
        assert_eq!(fault.check(), Ok(()));
        assert_eq!((fault.promise(), fault.subsubtests()), ("Lies.", vec!["a".to_owned(), "b".to_owned()]));
    }
}
