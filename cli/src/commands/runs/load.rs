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
    let run = read(&reports, &Options { form: wanted.form, partial: wanted.partial, complete: wanted.complete })
        .map_err(problem)?;
    run.notes().iter().for_each(|note| screen.warning(note));
    let control = kept::control(screen).unwrap_or_default();
    let repository = kept::create(&wanted.kept, Some(&control), screen)?;
    let name = match repository.add(&run)? {
        Added::Known { run } => {
            screen.note(format!("these reports were loaded before, as run {run}"));
            run
        }
        _ => run.name().to_owned(),
    };
    let repository = Repository::open(repository.path())?;
    kept::tell_notes(&repository, screen);
    let Some(kept) = repository.run(&name) else {
        let place = repository.path().display();
        return Err(Problem::new(format!("the run was kept in `{place}`, but somebody has just removed it")));
    };
    let text = if wanted.json {
        pretty(&run_json(&repository, &kept))?
    } else {
        last::text(&repository, &kept, screen.colored_output())?
    };
    screen.output(text)?;
    // Last, because the run itself may be one of the old ones.
    kept::prune(&repository, &control, screen);
    Ok(last::status_of(&kept))
}

/// What went wrong, and what to do about it here.
fn problem(failure: LoadFailure) -> Problem {
    match failure {
        LoadFailure::Damaged { .. } => Problem::new(format!("{failure} (`--partial` takes in what can be read)")),
        failure => failure.into(),
    }
}

fn report(file: &Path) -> Result<Report, LoadFailure> {
    if file == Path::new("-") {
        Report::read_from("standard input", std::io::stdin().lock())
    } else {
        Report::read(file)
    }
}
