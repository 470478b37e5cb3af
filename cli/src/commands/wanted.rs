//! What `dockertest run` is to run: `--args`, narrowed to what a file lists and to what fails.

use std::path::{Path, PathBuf};

use dockertest::journal::Event;
use dockertest::name::SubtestName;
use dockertest::repository::{FailingStep, Repository};
use dockertest::run::{Giver, PlanFailure, Runner};

use crate::args::Run;
use crate::kept;
use crate::screen::{Problem, Screen};
use crate::sources::absolute;

/// What is to be run.
pub(super) struct Wanted {
    /// The values of `--args`.
    pub(super) args: Vec<String>,
    /// The names of a list, each with its place in it.
    listed: Vec<(String, String)>,
    /// What fails, if only that is to be run.
    failing: Option<Failing>,
}

/// What fails, by a repository.
struct Failing {
    repository: Repository,
    /// What the repository tells of it.
    steps: Vec<FailingStep>,
    names: Vec<String>,
    /// The plug-ins that are named.
    plugins: Vec<PathBuf>,
}

impl Wanted {
    /// Says of each unknown name that somebody else than `--args` gave who that was, and what to do.
    pub(super) fn explain(&self, mut failure: PlanFailure) -> PlanFailure {
        if let PlanFailure::Unknown { names, why } = &mut failure {
            for unknown in names.iter_mut().filter(|unknown| unknown.giver == Giver::Args) {
                if let Some((_, place)) = self.listed.iter().find(|(name, _)| *name == unknown.name) {
                    unknown.giver = Giver::List { place: place.clone() };
                } else if let Some(failing) = self.failing.as_ref().filter(|failing| failing.has(&unknown.name)) {
                    unknown.giver = Giver::Failing;
                    why.push_str(&format!("\n`{}`: {}", unknown.name, failing.how_to_run(&unknown.name)));
                }
            }
        }
        failure
    }

    /// Has what fails be run as far as it can be run here.
    pub(super) fn limit(&self, runner: Runner) -> Runner {
        match &self.failing {
            Some(failing) => runner.passing_over(failing.names.iter().cloned()),
            None => runner,
        }
    }

    /// Says what is not run because of that.
    pub(super) fn tell_passed_over(&self, runner: &Runner, screen: &Screen) {
        let Some(failing) = &self.failing else { return };
        for name in runner.passed_over() {
            screen.warning(format!("`{name}` fails, but is not run: {}", failing.how_to_run(&name)));
        }
    }
}

impl Failing {
    /// Whether it fails, or is a part of what does.
    fn has(&self, name: &str) -> bool {
        is_of(name, &self.names)
    }

    /// What to do about one that nobody holds here.
    fn how_to_run(&self, name: &str) -> String {
        let is_it = |step: &&FailingStep| step.is_current && is_of(name, &[step.name.as_str().to_owned()]);
        let run = self.steps.iter().find(is_it).and_then(|step| self.repository.run(&step.run));
        let folder = self.repository.path();
        let forget = format!(
            "If it is gone for good, it is forgotten, with all else that they tell, once the journals of the runs in which it \
             failed (`dockertest history {name}`) are removed from `{}`, and the lines of those that have no journal from `{}`",
            folder.join("runs").display(),
            folder.join("archive-1").display()
        );
        let Some(run) = run.filter(|run| run.has_journal) else {
            return format!(
                "no host that is named here holds it, and the journal of its run, which would tell by which plug-in it was \
                 run, is not kept any more. {forget}"
            );
        };
        let records = match self.repository.records(&run.run) {
            Ok(records) => records,
            Err(failure) => {
                let why = Problem::from(failure);
                return format!(
                    "no host that is named here holds it, and by which plug-in it was run cannot be read: {why}"
                );
            }
        };
        let began = records.iter().find_map(|record| match &record.event {
            Event::RunStarted(run) => Some(run),
            _ => None,
        });
        let plugins = began.map(|run| run.invocation.plugins.as_slice()).unwrap_or_default();
        let not_named = plugins.iter().filter(|plugin| !self.plugins.contains(plugin));
        let not_named: Vec<String> = not_named.map(|plugin| format!("--plugin {}", plugin.display())).collect();
        if !not_named.is_empty() {
            return format!("no host that is named here holds it; it was run with `{}`", not_named.join(" "));
        }
        format!("no host here holds it any more. {forget}")
    }
}

/// What is to be run; nothing if only what fails was asked for, and nothing fails.
pub(super) fn wanted(run: &Run, screen: &Screen) -> Result<Option<Wanted>, Problem> {
    let listed = run.load_list.as_deref().map(read).transpose()?;
    let failing = if run.failing { Some(look(run, screen)?) } else { None };
    let in_list = || listed.iter().flatten().map(|(name, _)| name.clone());
    let names: Vec<String> = match (&listed, &failing) {
        (None, None) => return Ok(Some(Wanted { args: run.args.clone(), listed: Vec::new(), failing: None })),
        (Some(_), None) => in_list().collect(),
        (None, Some(failing)) => failing.names.clone(),
        (Some(_), Some(failing)) => in_list().filter(|name| failing.has(name)).collect(),
    };
    if names.is_empty() {
        return Ok(None);
    }
    // Parts of what fails, too, that the list names.
    let failing = failing.map(|failing| Failing { names: names.clone(), ..failing });
    let names = names.join(",");
    let args = if run.args.is_empty() {
        // In this order.
        vec![names]
    } else {
        run.args.iter().cloned().chain([format!("i={names}")]).collect()
    };
    Ok(Some(Wanted { args, listed: listed.unwrap_or_default(), failing }))
}

/// What fails and can be run here.
pub(super) fn failing(run: &Run, screen: &Screen) -> Result<Vec<String>, Problem> {
    Ok(look(run, screen)?.names)
}

fn look(run: &Run, screen: &Screen) -> Result<Failing, Problem> {
    let repository = kept::open(&run.kept, screen)?;
    let steps = repository.failing_steps();
    let others = steps.iter().filter(|step| step.name.subtest().is_none()).count();
    if others > 0 {
        let tests = if others == 1 { "a test".to_owned() } else { format!("{others} tests") };
        screen.note(format!(
            "{tests} of other programs, whose runs were loaded, cannot be run here: `dockertest failing`"
        ));
    }
    let plugins = run.suite.plugins().iter().map(|plugin| absolute(plugin)).collect();
    Ok(Failing { names: repository.failing(), steps, repository, plugins })
}

/// Whether it is one of these, or a part of one.
fn is_of(name: &str, subtests: &[String]) -> bool {
    subtests
        .iter()
        .any(|subtest| name.strip_prefix(subtest.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// The names in a file, one a line, each with its place (`FILE:LINE`).
fn read(file: &Path) -> Result<Vec<(String, String)>, Problem> {
    let text =
        if file == Path::new("-") { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    let text = text.map_err(|error| Problem::new(format!("cannot read the list `{}`: {error}", file.display())))?;
    let lines = (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty());
    let names: Vec<(String, String)> =
        lines.map(|(number, line): (usize, &str)| (line.to_owned(), format!("{}:{number}", file.display()))).collect();
    // A word such as `x=NAME` or `!!!` would not be a name any more where it is put together with the others.
    if let Some((bad, _)) = names.iter().find(|(name, _)| name.parse::<SubtestName>().is_err()) {
        return Err(Problem::new(format!("the list `{}` has a line that is no name: `{bad}`", file.display())));
    }
    if names.is_empty() {
        return Err(Problem::new(format!("the list `{}` has no names, so nothing can be run", file.display())));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_what_fails_fails() {
        let failing = ["docker_cli/kill".to_owned()];
        assert!(is_of("docker_cli/kill", &failing) && is_of("docker_cli/kill/bad", &failing));
        assert!(!is_of("docker_cli/killer", &failing) && !is_of("docker_cli", &failing));
    }
}
