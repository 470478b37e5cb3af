//! Failures that are known for the engine under test: which of them concern a step, and what becomes of its verdict.

use std::collections::BTreeMap;

use crate::config::KnownFailures;
use crate::host::protocol::SubtestInfo;
use crate::journal::EngineFacts;
use crate::outcome::Ending;
use crate::verdict::Verdict;

/// What a row without a description reads.
const NO_DESCRIPTION: &str = "known failure";

/// The failures of a subtest (empty name) and its sub-subtests (last component) that are known for an engine, with
/// their descriptions.
pub(super) fn known_for(list: &KnownFailures, info: &SubtestInfo, engine: &EngineFacts) -> BTreeMap<String, String> {
    let engine = format!("{}-{}", engine.flavor, engine.version);
    let children = info.subsubtests.iter().filter_map(|child| Some((child.clone(), info.name.join(child).ok()?)));
    let names = std::iter::once((String::new(), info.name.clone())).chain(children);
    let describe = |(key, name)| {
        let description = &list.find(&engine, &name)?.description;
        let description = if description.is_empty() { NO_DESCRIPTION } else { description };
        Some((key, description.to_owned()))
    };
    names.filter_map(describe).collect()
}

/// Turns a step's own `FAIL` into `WARN` if it is known; any other verdict stays.
pub(super) fn excuse(ending: &mut Ending, known: &BTreeMap<String, String>) {
    if ending.verdict != Verdict::Fail {
        return;
    }
    if let Some(description) = known.get("") {
        ending.verdict = Verdict::Warn;
        ending.known_failure = Some(description.clone());
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::catalog::tests::catalog;
    use super::*;

    #[test]
    fn rows_concern_a_subtest_and_its_children() {
        let text = "docker-20.* docker_cli/kill/a never worked\ndocker-20.10.24 docker_cli/kill\n\
                    podman-* docker_cli/kill/b other\n* docker_cli/killer x\n";
        let list = KnownFailures::parse("list", text).unwrap();
        let engine = EngineFacts { flavor: "docker".into(), version: "20.10.24".into(), ..EngineFacts::default() };
        let catalog = catalog();
        let kill = &catalog.get(&"docker_cli/kill".parse().unwrap()).unwrap().info;
        let expected = [("", "known failure"), ("a", "never worked")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(known_for(&list, kill, &engine), BTreeMap::from(expected));
    }

    #[rstest]
    #[case::fail(Verdict::Fail, Verdict::Warn)]
    #[case::error(Verdict::Error, Verdict::Error)]
    #[case::good(Verdict::Good, Verdict::Good)]
    fn only_a_failure_is_excused(#[case] before: Verdict, #[case] after: Verdict) {
        let mut ending = Ending::new(before, "seen");
        excuse(&mut ending, &BTreeMap::from([(String::new(), "known".to_owned())]));
        assert_eq!(ending.verdict, after);
        assert_eq!(ending.known_failure.is_some(), before == Verdict::Fail);
    }
}
