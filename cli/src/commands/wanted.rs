//! What `dockertest run` is to run: `--args`, narrowed to what a file lists and to what fails.

use std::path::Path;

use dockertest::name::SubtestName;
use dockertest::run::{Giver, PlanFailure};

use crate::args::Run;
use crate::kept;
use crate::screen::{Problem, Screen};

/// What is to be run.
pub(super) struct Wanted {
    /// The values of `--args`.
    pub(super) args: Vec<String>,
    /// The names of a list, each with its place in it.
    listed: Vec<(String, String)>,
}

impl Wanted {
    /// Says of each unknown name that the list gave where it is there.
    pub(super) fn explain(&self, mut failure: PlanFailure) -> PlanFailure {
        if let PlanFailure::Unknown { names, .. } = &mut failure {
            for unknown in names.iter_mut().filter(|unknown| unknown.giver == Giver::Args) {
                if let Some((_, place)) = self.listed.iter().find(|(name, _)| *name == unknown.name) {
                    unknown.giver = Giver::List { place: place.clone() };
                }
            }
        }
        failure
    }
}

/// What is to be run; nothing if only what fails was asked for, and nothing fails.
pub(super) fn wanted(run: &Run, screen: &Screen) -> Result<Option<Wanted>, Problem> {
    let listed = run.load_list.as_deref().map(read).transpose()?;
    let failing = if run.failing { Some(failing(run, screen)?) } else { None };
    let in_list = || listed.iter().flatten().map(|(name, _)| name.clone());
    let names: Vec<String> = match (&listed, failing) {
        (None, None) => return Ok(Some(Wanted { args: run.args.clone(), listed: Vec::new() })),
        (Some(_), None) => in_list().collect(),
        (None, Some(failing)) => failing,
        (Some(_), Some(failing)) => in_list().filter(|name| is_of(name, &failing)).collect(),
    };
    if names.is_empty() {
        return Ok(None);
    }
    let names = names.join(",");
    let args = if run.args.is_empty() {
        // In this order.
        vec![names]
    } else {
        run.args.iter().cloned().chain([format!("i={names}")]).collect()
    };
    Ok(Some(Wanted { args, listed: listed.unwrap_or_default() }))
}

/// What fails and can be run here.
pub(super) fn failing(run: &Run, screen: &Screen) -> Result<Vec<String>, Problem> {
    let repository = kept::open(&run.kept, screen)?;
    let others = repository.failing_steps().iter().filter(|step| step.name.subtest().is_none()).count();
    if others > 0 {
        let tests = if others == 1 { "a test".to_owned() } else { format!("{others} tests") };
        screen.note(format!(
            "{tests} of other programs, whose runs were loaded, cannot be run here: `dockertest failing`"
        ));
    }
    Ok(repository.failing())
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
