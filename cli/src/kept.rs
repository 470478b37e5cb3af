//! Where the repository of runs is, and recording a run in it.

use std::path::{Path, PathBuf};

use dockertest::config::Control;
use dockertest::repository::{FOLDER, Repository, Told, find};
use dockertest::run::Runner;
use dockertest::with_causes;

use crate::args::Kept;
use crate::screen::{Problem, Screen};
use crate::sources::{self, Folders};

/// Names the repository when nobody does on the command line.
const VARIABLE: &str = "DOCKERTEST_REPOSITORY";

/// The state of subtests, within a repository.
const STATE: &str = "state";

/// Opens the repository to add runs to, and makes it if there is none. The configuration is read if nobody has read it.
pub(crate) fn create(kept: &Kept, control: Option<&Control>, screen: &Screen) -> Result<Repository, Problem> {
    let option = || control.map_or_else(|| configured(screen), |control| Some(control.repository.clone()));
    let path = named(kept, option).or_else(|| find(Path::new(".")));
    let repository = Repository::create(&path.unwrap_or_else(|| PathBuf::from(FOLDER)))?;
    tell_notes(&repository, screen);
    Ok(repository)
}

/// Opens the repository to look into it.
pub(crate) fn open(kept: &Kept, screen: &Screen) -> Result<Repository, Problem> {
    let path = named(kept, || configured(screen)).or_else(|| find(Path::new(".")));
    let Some(path) = path else {
        return Err(Problem::new(format!(
            "there is no repository of runs here or above (no folder `{FOLDER}` with runs in it): `dockertest run` makes \
             one, `--repository DIR` names another"
        )));
    };
    let repository = Repository::open(&path)?;
    tell_notes(&repository, screen);
    Ok(repository)
}

/// Says what was found and mended.
pub(crate) fn tell_notes(repository: &Repository, screen: &Screen) {
    repository.notes().iter().for_each(|note| screen.note_once(note));
}

fn named(kept: &Kept, configured: impl FnOnce() -> Option<String>) -> Option<PathBuf> {
    let variable = || std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let option = || configured().filter(|path| !path.is_empty()).map(PathBuf::from);
    kept.repository.clone().or_else(variable).or_else(option)
}

/// The option `repository` of the configuration that a run would have here.
fn configured(screen: &Screen) -> Option<String> {
    control(screen).map(|control| control.repository)
}

/// The section `Control` of the configuration that a run would have here. Where it cannot be read, that is said.
pub(crate) fn control(screen: &Screen) -> Option<Control> {
    let configuration = sources::layers(&Folders::here(), &[]).load();
    let control = configuration.map_err(|failure| sources::explain(&failure));
    let control = control.and_then(|configuration| Ok(Control::read(&configuration)?));
    control.map_err(|problem| screen.warning(problem)).ok()
}

/// Removes journals beyond `keep_journals`, as a run does that has ended.
pub(crate) fn prune(repository: &Repository, control: &Control, screen: &Screen) {
    let count = usize::try_from(control.keep_journals).unwrap_or(usize::MAX);
    // 0: all are kept.
    if count > 0
        && let Err(failure) = repository.keep_journals(count)
    {
        screen.warning(format!("old journals could not be removed: {}", with_causes(&failure)));
    }
}

/// Where subtests keep what they set up.
pub(crate) fn state(repository: &Repository) -> PathBuf {
    repository.path().join(STATE)
}

/// Has a run recorded.
pub(crate) fn record(runner: Runner, repository: &Repository, results: &Path) -> (Runner, Told) {
    let count = usize::try_from(runner.control().keep_journals).unwrap_or(usize::MAX);
    let recorder = repository.recorder(results).keep_journals(count);
    let told = recorder.told();
    (runner.state(state(repository)).sink(Box::new(recorder)), told)
}

/// Says what kept the run from being recorded. Nothing is lost by that: the next command takes it in.
pub(crate) fn tell(told: &Told, screen: &Screen) {
    if let Some(problem) = told.problem() {
        screen.warning(format!("the repository of runs could not be written (the results are complete): {problem}"));
    }
}
