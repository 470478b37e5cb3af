//! From a bare machine to an engine that answers.

use crate::engine::{self, Engine};
use crate::failure::Failure;
use crate::packages::{self, ALWAYS, FOR_AN_ENGINE, Means, Need};

/// Installs what is missing, of this, too, and makes sure that an engine answers. Everything that stands in the way is
/// found before anything is changed.
fn set_up(more: &[Need]) -> Result<Engine, Failure> {
    let existing = engine::existing()?;
    let mut missing = packages::missing(ALWAYS);
    missing.extend(packages::missing(more));
    if existing.is_none() {
        missing.extend(packages::missing(FOR_AN_ENGINE));
        check_that_an_engine_can_start(&missing)?;
    }
    packages::provide(&missing, Means::of_this_machine())?;
    // A package of an engine may have started it as a service.
    let engine = match existing {
        Some(engine) => engine,
        None => engine::existing()?.map_or_else(engine::start, Ok)?,
    };
    eprintln!("xtask: the engine at {} answers", engine.address);
    Ok(engine)
}

/// Without root, both problems are told at once.
fn check_that_an_engine_can_start(missing: &[Need]) -> Result<(), Failure> {
    let Some(obstacle) = engine::obstacle() else { return Ok(()) };
    if missing.is_empty() {
        return Err(Failure::setup(obstacle));
    }
    Err(Failure::setup(format!("{obstacle}\n\n{}", packages::explain(missing, Means::of_this_machine()))))
}

/// Sets up, runs `work` against the engine, and stops what was started, whatever came out.
pub(crate) fn with_engine<T>(work: impl FnOnce(&Engine) -> Result<T, Failure>) -> Result<T, Failure> {
    with_engine_and(&[], work)
}

/// The same where more is needed.
pub(crate) fn with_engine_and<T>(
    more: &[Need],
    work: impl FnOnce(&Engine) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let engine = set_up(more)?;
    let result = work(&engine);
    let stopped = engine.stop();
    match (result, stopped) {
        (Ok(value), Ok(())) => Ok(value),
        (Ok(_), Err(failure)) | (Err(failure), Ok(())) => Err(failure),
        (Err(failure), Err(stop)) => {
            eprintln!("{stop}");
            Err(failure)
        }
    }
}
