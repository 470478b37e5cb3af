//! What `dockertest run` is to run: `--args`, narrowed to what a file lists and to what fails.

use std::path::Path;

use dockertest::name::SubtestName;

use crate::args::Run;
use crate::kept;
use crate::screen::{Problem, Screen};

/// The values of `--args`; nothing if only what fails was asked for, and nothing fails.
pub(super) fn args(run: &Run, screen: &Screen) -> Result<Option<Vec<String>>, Problem> {
    let listed = run.load_list.as_deref().map(read).transpose()?;
    let failing = if run.failing { Some(failing(run, screen)?) } else { None };
    let names = match (listed, failing) {
        (None, None) => return Ok(Some(run.args.clone())),
        (Some(listed), None) => listed,
        (None, Some(failing)) => failing,
        (Some(listed), Some(failing)) => listed.into_iter().filter(|name| is_of(name, &failing)).collect(),
    };
    if names.is_empty() {
        return Ok(None);
    }
    let names = names.join(",");
    if run.args.is_empty() {
        // In this order.
        return Ok(Some(vec![names]));
    }
    Ok(Some(run.args.iter().cloned().chain([format!("i={names}")]).collect()))
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

/// The names in a file, one a line.
fn read(file: &Path) -> Result<Vec<String>, Problem> {
    let text =
        if file == Path::new("-") { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    let text = text.map_err(|error| Problem::new(format!("cannot read the list `{}`: {error}", file.display())))?;
    let names: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    // A word such as `x=NAME` or `!!!` would not be a name any more where it is put together with the others.
    if let Some(bad) = names.iter().find(|name| name.parse::<SubtestName>().is_err()) {
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
