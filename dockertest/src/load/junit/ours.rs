//! A suite that this program has written itself: a step with its sub-subtests.

use super::case::Case;
use super::suite::Suite;
use crate::engine::SETTINGS;
use crate::journal::EngineFacts;
use crate::load::test::{Child, Content, Test, Who};
use crate::load::times::microseconds;
use crate::name::{Kind, SubtestName};
use crate::outcome::Ending;
use crate::report::{VERDICT, WHOSE};
use crate::verdict::Verdict;

/// The step that the suite is, if it is one.
pub(super) fn step(suite: &mut Suite, content: &mut Content) -> Option<Test> {
    let (kind, name, tag) = place(property(suite, "folder")?)?;
    let mut cases = std::mem::take(&mut suite.cases);
    let own = cases.pop_if(|case| is_own(case, &name));
    let children: Vec<Child> = cases.iter().map(|case| child(suite, case)).collect();
    let mut test = Test::new(Who::Ours(kind, name, Some(tag)));
    test.was_run = suite.started_us.is_some();
    test.started_us = suite.started_us;
    let seconds = suite.seconds.unwrap_or(0.0);
    test.ended_us = suite.started_us.map(|start| start.saturating_add(microseconds(seconds)));
    test.output = own.as_ref().map(Case::log).unwrap_or_default();
    test.worker = property(suite, "worker").and_then(|worker| worker.parse().ok());
    test.instance = property(suite, "instance").map(str::to_owned);
    let verdict = match property(suite, VERDICT) {
        // Where it is told, only a step that has ended has one.
        Some(verdict) => verdict.parse().ok(),
        // Before it was told, a step was as bad as the worst of its cases.
        None => cases.iter().chain(&own).map(|case| case.ending().verdict).max(),
    };
    test.ending = verdict.map(|verdict: Verdict| {
        let mut ending = own.as_ref().map_or_else(|| Ending::new(verdict, ""), Case::ending);
        if !verdict.is_passed() && ending.reason.is_empty() {
            ending.reason = reason(&children);
        }
        (ending.verdict, ending.seconds) = (verdict, seconds);
        ending
    });
    if test.ending.is_none() {
        content.incomplete = Some("the report tells of a run that was not complete".to_owned());
    }
    test.children = children;
    content.tool = "dockertest";
    content.engine = content.engine.take().or_else(|| engine(suite));
    Some(test)
}

fn property<'a>(suite: &'a Suite, name: &str) -> Option<&'a str> {
    suite.properties.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Kind, name and tag, from `docker/subtests/NAME.test_1-of-2`.
fn place(folder: &str) -> Option<(Kind, SubtestName, String)> {
    let (kind, rest) = folder.strip_prefix("docker/")?.split_once('/')?;
    let kind = Kind::ALL.into_iter().find(|known| known.folder() == kind)?;
    let (name, number) = rest.rsplit_once(".test_")?;
    let tag: SubtestName = format!("test_{number}").parse().ok().filter(|tag: &SubtestName| tag.parent().is_none())?;
    Some((kind, name.parse().ok()?, tag.to_string()))
}

/// Whether a case is the step itself.
fn is_own(case: &Case, name: &SubtestName) -> bool {
    let class = name.parent().map_or_else(|| name.to_string(), |parent| parent.to_string());
    case.name == name.last() && case.class == class.replace('/', ".")
}

fn child(suite: &Suite, case: &Case) -> Child {
    let mut ending = case.ending();
    // A case has no word for a warning.
    if suite.properties.iter().any(|(name, child)| name == "warned" && *child == case.name) {
        ending.verdict = Verdict::Warn;
    }
    Child { name: case.name.clone(), ending: Some(ending), output: case.log() }
}

/// A step that ended no worse than its sub-subtests is no case of its own.
pub(in crate::load) fn reason(children: &[Child]) -> String {
    let failed = |child: &&Child| child.ending.as_ref().is_none_or(|ending| !ending.verdict.is_passed());
    let failed: Vec<&str> = children.iter().filter(failed).map(|child| child.name.as_str()).collect();
    if failed.is_empty() { String::new() } else { format!("sub-subtests that failed: {}", failed.join(", ")) }
}

fn engine(suite: &Suite) -> Option<EngineFacts> {
    let part = |name: &str| property(suite, &format!("engine-{name}")).map(str::to_owned);
    let facts = [("client-path", "path"), ("client-options", "options"), (SETTINGS, "settings"), (WHOSE, "whose")];
    let facts = facts.into_iter().filter_map(|(name, known)| Some((name.to_owned(), part(known)?)));
    property(suite, "engine").map(|_| EngineFacts {
        address: part("address").unwrap_or_default(),
        flavor: part("flavor").unwrap_or_default(),
        version: part("version").unwrap_or_default(),
        facts: facts.collect(),
        problem: part("problem"),
        ..EngineFacts::default()
    })
}
