//! Which engine a run tests, in one line for people.

use super::RunState;
use crate::journal::EngineFacts;

/// Where the system's engine listens.
const SYSTEM: [&str; 3] = ["unix:///var/run/docker.sock", "unix:///run/docker.sock", "unix:///run/podman/podman.sock"];

impl RunState {
    /// Which engine is under test, in one line: its command and options, flavor and version, where it was asked, and whose it
    /// is. Nothing as long as it has not been asked.
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
        self.engine.as_ref().map(|facts| under_test(facts, self.provider.as_deref()))
    }
}

/// The line for these facts, which were asked in an instance of this provider.
pub(super) fn under_test(facts: &EngineFacts, provider: Option<&str>) -> String {
    let words = [path(facts), options(facts), &facts.flavor, &facts.version];
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let what = if words.is_empty() { "unknown".to_owned() } else { words.join(" ") };
    let at = if facts.address.is_empty() { String::new() } else { format!(" at {}", facts.address) };
    let problem = facts.problem.as_deref().and_then(|problem| problem.lines().next());
    let problem = problem.map_or_else(String::new, |problem| format!("; {problem}"));
    format!("engine under test: {what}{at}, {}{problem}", whose(facts, provider))
}

/// Whether it is the system's or our own.
pub(super) fn whose(facts: &EngineFacts, provider: Option<&str>) -> String {
    match provider {
        Some("capsule") => "our own, in capsules".to_owned(),
        Some(provider) => format!("in instances of {provider}"),
        None if SYSTEM.contains(&facts.address.as_str()) => "the system's".to_owned(),
        None => "the one that is configured".to_owned(),
    }
}

/// The command that it is tested with.
pub(super) fn path(facts: &EngineFacts) -> &str {
    facts.facts.get("client-path").map(String::as_str).unwrap_or_default()
}

/// The options of that command.
pub(super) fn options(facts: &EngineFacts) -> &str {
    facts.facts.get("client-options").map(String::as_str).unwrap_or_default()
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
        assert_eq!(under_test(&facts, Some("capsule")), format!("{line}, our own, in capsules"));
        assert_eq!(under_test(&facts, Some("callout")), format!("{line}, in instances of callout"));
        assert_eq!(under_test(&facts, None), format!("{line}, the one that is configured"));
        let silent = EngineFacts { problem: Some("no engine answers\nat all".to_owned()), ..EngineFacts::default() };
        let line = "engine under test: unknown, the one that is configured; no engine answers";
        assert_eq!(under_test(&silent, None), line);
    }
}
