//! Options that do not fit.

use std::fmt;

use crate::config::{Origin, ReadFailure};

/// Options of the environment that do not fit, alone or together.
///
/// ```
/// use dockertest::config::{Layers, Source};
/// use dockertest::environment::EnvironmentSettings;
///
/// let text = "[environment]\ninstance_execute = ssh $INSTANCE_ID $COMMAND\n".to_owned();
/// let layers = Layers::new().custom(Source::Memory(vec![("control.ini".to_owned(), text)]));
/// let failure = EnvironmentSettings::read(&layers.load()?, "/my/project".as_ref()).unwrap_err();
/// assert!(failure.to_string().starts_with("control.ini:2: `instance_execute` is set, but nothing makes instances"));
/// # Ok::<(), dockertest::config::LoadFailure>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsFailure {
    text: String,
}

impl SettingsFailure {
    pub(in crate::environment) fn new(
        origin: impl Into<Option<Origin>>,
        problem: impl fmt::Display,
    ) -> SettingsFailure {
        let text = match origin.into() {
            // A file as a whole has no line.
            Some(Origin::File { path, line: 0 }) => format!("{path}: {problem}"),
            Some(origin) => format!("{origin}: {problem}"),
            None => problem.to_string(),
        };
        SettingsFailure { text }
    }
}

impl fmt::Display for SettingsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for SettingsFailure {}

impl From<ReadFailure> for SettingsFailure {
    fn from(failure: ReadFailure) -> Self {
        SettingsFailure { text: failure.to_string() }
    }
}
