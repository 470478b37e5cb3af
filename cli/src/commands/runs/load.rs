//! `dockertest load`

use std::path::Path;

use dockertest::load::{LoadFailure, Options, Report, load as read};
use dockertest::repository::{Added, Repository};

use super::{last, pretty, run_json};
use crate::args::Load;
use crate::kept;
use crate::screen::{Problem, Screen};

pub(crate) fn load(wanted: &Load, screen: &Screen) -> Result<u8, Problem> {
    if wanted.files.iter().filter(|file| *file == Path::new("-")).count() > 1 {
        return Err(Problem::new("standard input (`-`) can be read once only"));
    }
    let reports: Vec<Report> = wanted.files.iter().map(|file| report(file)).collect::<Result<_, _>>()?;
    let run = read(&reports, &Options { form: wanted.form, partial: wanted.partial })?;
    run.notes().iter().for_each(|note| screen.warning(note));
    let repository = kept::create(&wanted.kept, None, screen)?;
    let added = repository.add(&run)?;
    let repository = Repository::open(repository.path())?;
    let Some(kept) = repository.run(run.name()) else {
        let place = repository.path().display();
        return Err(Problem::new(format!("the run was kept in `{place}`, but somebody has just removed it")));
    };
    if added == Added::Known {
        screen.note(format!("these reports were loaded before, as run {}", kept.run));
    }
    let text = if wanted.json {
        pretty(&run_json(&repository, &kept))?
    } else {
        last::text(&repository, &kept, screen.colored_output())?
    };
    screen.output(text)?;
    Ok(last::status_of(&kept))
}

fn report(file: &Path) -> Result<Report, LoadFailure> {
    if file == Path::new("-") {
        Report::read_from("standard input", std::io::stdin().lock())
    } else {
        Report::read(file)
    }
}
