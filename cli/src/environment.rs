//! Where a run's steps are run, and how many at a time: what the command line says of it, and what is said about it.

use dockertest::config::Configuration;
use dockertest::environment::{Environment, EnvironmentNote, Wanted};
use dockertest::host::CancelToken;
use dockertest::run::{
    Catalog, EXIT_ENVIRONMENT, EXIT_INTERRUPTED, EXIT_SETUP, EXIT_TERMINATED, EnterFailure, PlanFailure, Purpose,
    Runner, SetupFailure,
};
use signal_hook::consts::SIGTERM;

use crate::args::{Engine, Place};
use crate::commands::engines::builds;
use crate::screen::{Problem, Screen};
use crate::{hosts, signals};

impl Place {
    /// The same as arguments of `--set`, so that they are kept with the run and a resume does as the run did.
    pub(crate) fn as_settings(&self) -> Result<Vec<String>, Problem> {
        if let (Some(name), Some(env @ (Wanted::Shared | Wanted::Callout))) = (&self.engine.engine, self.env) {
            return Err(Problem::new(format!("`--engine {name}` is for capsules, and cannot go with `--env {env}`")));
        }
        let mut settings = self.engine.as_settings()?;
        settings.extend(self.env.map(|wanted| format!("environment.provider={wanted}")));
        settings.extend(self.jobs.as_ref().map(|jobs| format!("environment.jobs={jobs}")));
        Ok(settings)
    }
}

impl Engine {
    /// The same for which engine is in capsules.
    pub(crate) fn as_settings(&self) -> Result<Vec<String>, Problem> {
        Ok(match &self.engine {
            Some(name) => builds()?.get(name)?.settings(),
            None => Vec::new(),
        })
    }
}

/// What the configuration says, with all that this program has to do with it.
pub(crate) fn configured() -> Result<Environment, Problem> {
    Ok(Environment::new(hosts::door()?).folder(std::env::current_dir()?).telling(say))
}

/// Has a runner run its steps where the configuration says. What can be run in the user's instances is known when this
/// returns. `explain` says more of what cannot be planned.
pub(crate) fn enter(
    runner: Runner,
    purpose: Purpose,
    cancel: &CancelToken,
    screen: &Screen,
    explain: impl FnOnce(PlanFailure) -> PlanFailure,
) -> Result<Runner, Problem> {
    let entered = runner.enter(&configured()?, purpose, cancel).map_err(|failure| match failure {
        EnterFailure::Plan(failure) => explain(failure).into(),
        other => other,
    });
    let (runner, notes) = entered.map_err(|failure| not_entered(failure, cancel))?;
    tell(&notes, screen);
    Ok(runner)
}

/// What can be run where the configuration says, for what only wants to know that. An instance of the user's that is made
/// for it is gone when this returns.
pub(crate) fn look_around(
    catalog: Catalog,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Catalog, Problem> {
    let cancel = CancelToken::new()?;
    let _forwarding = signals::forward(&cancel)?;
    let looked = catalog.looked_at_in(&configured()?, configuration, &cancel);
    let (catalog, notes) = looked.map_err(|failure| not_entered(failure, &cancel))?;
    tell(&notes, screen);
    Ok(catalog)
}

/// Why steps cannot run there, or why nobody knows what can be run there.
fn not_entered(failure: EnterFailure, cancel: &CancelToken) -> Problem {
    let EnterFailure::Listing(failure) = failure else { return failure.into() };
    let status = match (cancel.signal(), &failure) {
        (Some(SIGTERM), _) => EXIT_TERMINATED,
        (Some(_), _) => EXIT_INTERRUPTED,
        (None, SetupFailure::Instance(_)) => EXIT_ENVIRONMENT,
        (None, _) => EXIT_SETUP,
    };
    Problem::from(failure).with_status(status)
}

fn tell(notes: &[EnvironmentNote], screen: &Screen) {
    for note in notes {
        match note {
            EnvironmentNote::FewerJobs { .. } => screen.warning(note),
            EnvironmentNote::LeftOut(broken) => screen.problem(&Problem::new(broken.to_string())),
            // A run may be made several times.
            _ => screen.note_once(note),
        }
    }
}

/// What callouts say, beside the tree of the run.
fn say(text: &str) {
    use std::io::Write;
    // Nobody is left to be told when standard error is gone.
    let _ = writeln!(std::io::stderr().lock(), "{}", crate::screen::visible(text.trim_end()));
}
