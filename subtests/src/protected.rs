//! The images that stay when a run is over, as the pretest `docker_test_images` leaves them for later steps.

use std::fs;
use std::io;

use dockertest::host::protocol::History;
use dockertest::subtest::{Context, NotApplicable, Outcome};

/// Within the folder that the steps of a run share: a name in each line.
const FILE: &str = "preserve_fqins";

/// The names that an earlier step of this run has left.
pub(crate) fn read(history: &History) -> io::Result<Vec<String>> {
    match fs::read_to_string(history.shared().join(FILE)) {
        Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Adds names to those.
pub(crate) fn add(history: &History, names: &[String]) -> io::Result<()> {
    let mut all = read(history)?;
    all.extend(names.iter().filter(|name| !all.contains(name)).cloned().collect::<Vec<_>>());
    fs::create_dir_all(history.shared())?;
    fs::write(history.shared().join(FILE), all.iter().map(|name| format!("{name}\n")).collect::<String>())
}

/// Does not apply when the run has no engine: the subtests that need one will say so.
pub(crate) fn needs_an_engine(ctx: &Context) -> Outcome {
    match ctx.engine().and_then(|engine| engine.problem.as_ref()) {
        Some(problem) => Err(NotApplicable::because(problem).into()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_added_once() {
        let folder = std::env::temp_dir().join(format!("dockertest-protected-{}", std::process::id()));
        let history = History::new(&folder);
        assert_eq!(read(&history).unwrap(), Vec::<String>::new());
        add(&history, &["a:1".to_owned()]).unwrap();
        add(&history, &["a:1".to_owned(), "b".to_owned()]).unwrap();
        assert_eq!(read(&history).unwrap(), ["a:1", "b"]);
        fs::remove_dir_all(folder).unwrap();
    }
}
