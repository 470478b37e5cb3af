//! `dockertest run --analyze-isolation`: which other subtests make those fail that fail.

use std::convert::identity;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use dockertest::environment::Environment;
use dockertest::host::CancelToken;
use dockertest::journal::Invocation;
use dockertest::name::{Kind, SubtestName};
use dockertest::run::{Culprits, EXIT_FAILED, EXIT_INTERRUPTED, Purpose, find_culprits};

use crate::args::{DEFAULT_RESULTS, Run};
use crate::commands::{run, wanted};
use crate::environment::{configured, enter};
use crate::screen::{Problem, Screen};
use crate::sources::{Folders, not_set_up};
use crate::{kept, signals, status};

/// Where the results of probes are, if nobody says.
const RESULTS: &str = "results/isolation";

/// A subtest of the plan.
struct Item {
    name: SubtestName,
    /// How it is asked for: by its name, or by those of its sub-subtests.
    asked: String,
}

pub(super) fn analyze(run: &Run, rounds: NonZeroU32, screen: &Screen) -> Result<u8, Problem> {
    let Some(wanted) = wanted::wanted(run, screen)? else { return Ok(status::SUCCESS) };
    let folders = Folders::find(&run.suite.sources);
    // Probes run one step after the other, so nobody has to be asked how many there could be.
    let one = "environment.jobs=1".to_owned();
    let own = &run.suite.sources.set;
    let set = own.iter().cloned().chain(run.place.as_settings(own)?).chain([one]).collect();
    let invocation =
        Invocation { args: wanted.args.clone(), set, plugins: run.suite.plugins().to_vec(), ..Invocation::default() };
    let runner = run::runner(&folders, &invocation, false, screen)?;
    let items: Vec<Item> = runner
        .plan()
        .map_err(|failure| wanted.explain(failure))?
        .steps
        .into_iter()
        .filter(|step| step.kind == Kind::Subtest && step.preset.is_none())
        .map(|step| Item { asked: asked(&step.name, step.subsubtests.as_deref()), name: step.name })
        .collect();
    let failing = super::wanted::failing(run, screen)?;
    let suspects: Vec<usize> = (0..items.len()).filter(|index| is_among(&items[*index].name, &failing)).collect();
    if suspects.is_empty() {
        screen.note("none of these subtests fails, by all runs up to now, so nothing is analyzed");
        return Ok(status::SUCCESS);
    }
    let results = if run.results == Path::new(DEFAULT_RESULTS) { PathBuf::from(RESULTS) } else { run.results.clone() };
    let cancel = CancelToken::new()?;
    let _forwarding = signals::forward(&cancel)?;
    let state = kept::state(&kept::create(&run.kept, Some(runner.control()), screen)?);
    let environment = configured()?;
    let mut probes = Probes { folders, invocation, environment, results, state, cancel: &cancel, screen, number: 0 };
    let mut depends = false;
    for suspect in suspects {
        let names = |items: &[Item]| items.iter().map(|item| item.asked.clone()).collect::<Vec<_>>();
        let (before, after) = (names(&items[..suspect]), names(&items[suspect + 1..]));
        let Item { name, asked } = &items[suspect];
        let found = find_culprits(asked, &before, &after, rounds, &mut |order| probes.probe(name, order));
        if cancel.is_cancelled() {
            screen.note("stopped before it was found out");
            return Ok(signals::status(&cancel).unwrap_or(EXIT_INTERRUPTED));
        }
        let found = found?;
        depends |= found != Culprits::Nobody;
        screen.output(format!("{name}: {found}\n"))?;
    }
    Ok(if depends { EXIT_FAILED } else { status::SUCCESS })
}

/// How a subtest of the plan is asked for.
fn asked(name: &SubtestName, subsubtests: Option<&[String]>) -> String {
    match subsubtests {
        Some(children) if !children.is_empty() => {
            children.iter().map(|child| format!("{name}/{child}")).collect::<Vec<_>>().join(",")
        }
        _ => name.to_string(),
    }
}

/// Whether it, or one of its sub-subtests, is in the list.
fn is_among(name: &SubtestName, list: &[String]) -> bool {
    let below = format!("{name}/");
    list.iter().any(|listed| listed == name.as_str() || listed.starts_with(&below))
}

/// Runs of a few subtests, which are not recorded: they say nothing about the others.
struct Probes<'a> {
    folders: Folders,
    invocation: Invocation,
    environment: Environment,
    results: PathBuf,
    state: PathBuf,
    cancel: &'a CancelToken,
    screen: &'a Screen,
    number: u32,
}

impl Probes<'_> {
    /// Runs these; tells whether the last one, whose name this is, failed.
    fn probe(&mut self, name: &SubtestName, order: &[String]) -> Result<bool, Problem> {
        self.number += 1;
        let (number, results) = (self.number, self.results.join(format!("{:03}", self.number)));
        let invocation = Invocation { args: vec![order.join(",")], ..self.invocation.clone() };
        let runner = run::builder(&self.folders, &invocation)?.results(&results).state(&self.state).build();
        let runner = runner.map_err(not_set_up)?;
        let runner = enter(runner, (&self.environment, Purpose::Run), self.cancel, self.screen, identity)?;
        let ending = runner.probe(name, self.cancel)?;
        let Some(ending) = ending.filter(|_| !self.cancel.is_cancelled()) else {
            let results = results.display();
            return Err(Problem::new(format!(
                "probe {number} did not come to its end; its results are in `{results}`"
            )));
        };
        let after = match order.split_last() {
            Some((_, [])) | None => "alone".to_owned(),
            Some((_, others)) if others.len() > 4 => format!("after {} others", others.len()),
            Some((_, others)) => format!("after {}", others.join(", ")),
        };
        self.screen.note(format!("probe {number}: {name} {after}: {}", ending.verdict));
        Ok(!ending.verdict.is_passed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_subtest_is_asked_for_by_its_parts() {
        let name: SubtestName = "docker_cli/kill".parse().unwrap();
        assert_eq!(asked(&name, None), "docker_cli/kill");
        let two = ["a".to_owned(), "b".to_owned()];
        assert_eq!(asked(&name, Some(&two)), "docker_cli/kill/a,docker_cli/kill/b");
        assert!(is_among(&name, &["docker_cli/kill/a".to_owned()]) && is_among(&name, &["docker_cli/kill".to_owned()]));
        assert!(!is_among(&name, &["docker_cli/killer".to_owned(), "docker_cli".to_owned()]));
    }
}
