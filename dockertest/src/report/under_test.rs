//! Which engine a run tests: what the head of every report says.

use super::RunState;
use crate::engine::{NAMED_BY, SETTINGS, SYSTEM};
use crate::journal::EngineFacts;

/// The fact that says whose the engine is where a run does not tell that itself: one that was loaded.
pub(crate) const WHOSE: &str = "whose";

impl RunState {
    /// Which engine is under test, in one line: its command and options, flavor and version, where it was asked, whose it is,
    /// and with which options it runs. Nothing as long as it has not been asked.
    ///
    /// ```
    /// # use dockertest::{journal, report::RunState};
    /// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
    /// # let state = RunState::of(&journal::read(&results.join(journal::FILE_NAME))?.records);
    /// let line = state.engine_under_test().expect("it was asked");
    /// assert_eq!(line, "engine under test: docker 20.10.24 at unix:///var/run/docker.sock, the system's");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn engine_under_test(&self) -> Option<String> {
        UnderTest::of(self).map(|engine| engine.line())
    }
}

/// What reports say of the engine under test: all of them say this, each in its own form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnderTest<'f> {
    facts: &'f EngineFacts,
    provider: Option<&'f str>,
}

impl<'f> UnderTest<'f> {
    /// The engine with these facts, which were asked in an instance of this provider.
    pub(super) fn new(facts: &'f EngineFacts, provider: Option<&'f str>) -> Self {
        UnderTest { facts, provider }
    }

    /// The engine of a run; nothing as long as it has not been asked.
    pub(super) fn of(state: &'f RunState) -> Option<Self> {
        state.engine.as_ref().map(|facts| UnderTest::new(facts, state.provider.as_deref()))
    }

    /// All of it in one line.
    pub(super) fn line(&self) -> String {
        format!("engine under test: {}", self.told())
    }

    /// The same where it is clear that it is said of the engine under test.
    pub(super) fn told(&self) -> String {
        let words = [self.fact("client-path"), self.fact("client-options"), &self.facts.flavor, &self.facts.version];
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        let what = if words.is_empty() { "unknown".to_owned() } else { words.join(" ") };
        let at = if self.facts.address.is_empty() { String::new() } else { format!(" at {}", self.facts.address) };
        let problem = self.problem().map_or_else(String::new, |problem| format!("; {problem}"));
        let settings = self.fact(SETTINGS);
        let settings = if settings.is_empty() { String::new() } else { format!(", with {settings}") };
        format!("{what}{at}, {}{settings}{problem}", self.whose())
    }

    /// The parts by name: each that is known.
    pub(super) fn parts(&self) -> Vec<(&'static str, String)> {
        let facts = self.facts;
        let parts = [
            ("path", self.fact("client-path").to_owned()),
            ("options", self.fact("client-options").to_owned()),
            ("flavor", facts.flavor.clone()),
            ("version", facts.version.clone()),
            ("address", facts.address.clone()),
            ("whose", self.whose()),
            ("settings", self.fact(SETTINGS).to_owned()),
            ("problem", self.problem().unwrap_or_default().to_owned()),
        ];
        parts.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    /// Whether it is the system's or our own, and why it is this one.
    pub(super) fn whose(&self) -> String {
        let is_system = SYSTEM.contains(&self.facts.address.as_str());
        match (self.provider, self.fact(NAMED_BY)) {
            (None, _) if !self.fact(WHOSE).is_empty() => self.fact(WHOSE).to_owned(),
            (Some("capsule"), _) => "our own, in capsules".to_owned(),
            (Some(provider), _) => format!("in instances of {provider}"),
            (None, "") if is_system => "the system's".to_owned(),
            (None, "") => "the one that is configured".to_owned(),
            (None, named) if is_system => format!("the system's, named by {named}"),
            (None, named) => format!("named by {named}"),
        }
    }

    fn fact(&self, name: &str) -> &'f str {
        self.facts.facts.get(name).map(String::as_str).unwrap_or_default()
    }

    fn problem(&self) -> Option<&'f str> {
        self.facts.problem.as_deref().and_then(|problem| problem.lines().next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_is_known() {
        let facts = EngineFacts {
            address: "unix:///run/a.sock".to_owned(),
            flavor: "docker".to_owned(),
            version: "20.10.24".to_owned(),
            facts: [("client-path", "/usr/bin/docker"), ("client-options", "-D")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            ..EngineFacts::default()
        };
        let line = "engine under test: /usr/bin/docker -D docker 20.10.24 at unix:///run/a.sock";
        assert_eq!(UnderTest::new(&facts, Some("capsule")).line(), format!("{line}, our own, in capsules"));
        assert_eq!(UnderTest::new(&facts, Some("callout")).line(), format!("{line}, in instances of callout"));
        assert_eq!(UnderTest::new(&facts, None).line(), format!("{line}, the one that is configured"));
        let mut named = facts.clone();
        named.facts.insert(NAMED_BY.to_owned(), "DOCKER_HOST".to_owned());
        assert_eq!(UnderTest::new(&named, None).line(), format!("{line}, named by DOCKER_HOST"));
        assert_eq!(UnderTest::new(&named, Some("capsule")).line(), format!("{line}, our own, in capsules"));
        named.address = SYSTEM[0].to_owned();
        assert!(
            UnderTest::new(&named, None)
                .line()
                .ends_with(" at unix:///var/run/docker.sock, the system's, named by DOCKER_HOST")
        );
        let mut told = facts.clone();
        told.facts.insert(SETTINGS.to_owned(), "dockerd --iptables=false".to_owned());
        let said = UnderTest::new(&told, Some("capsule"));
        assert_eq!(said.line(), format!("{line}, our own, in capsules, with dockerd --iptables=false"));
        assert!(said.parts().contains(&("settings", "dockerd --iptables=false".to_owned())));
        let silent = EngineFacts { problem: Some("no engine answers\nat all".to_owned()), ..EngineFacts::default() };
        let line = "engine under test: unknown, the one that is configured; no engine answers";
        assert_eq!(UnderTest::new(&silent, None).line(), line);
        let parts = [("whose", "the one that is configured"), ("problem", "no engine answers")];
        assert_eq!(UnderTest::new(&silent, None).parts(), parts.map(|(name, value)| (name, value.to_owned())));
    }
}
