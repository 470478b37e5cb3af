//! Where a run's steps are run, and how many at a time: what the command line says of it, and what is said about it.

use dockertest::config::Configuration;
use dockertest::environment::{
    BuildFailure, ChoiceFailure, EngineBuild, Environment, EnvironmentNote, EnvironmentSettings, Wanted,
};
use dockertest::host::CancelToken;
use dockertest::run::{
    Catalog, EXIT_ENVIRONMENT, EXIT_SETUP, EnterFailure, PlanFailure, Purpose, Runner, SetupFailure,
};

use crate::args::{Engine, Place};
use crate::commands::engines;
use crate::screen::{Problem, Screen};
use crate::sources::here;
use crate::{hosts, signals};

impl Place {
    /// The same as arguments of `--set`, so that they are kept with the run and a resume does as the run did. `set` has
    /// those that were typed.
    pub(crate) fn as_settings(&self, set: &[String]) -> Result<Vec<String>, Problem> {
        if let (Some(name), Some(env @ (Wanted::Shared | Wanted::Callout))) = (&self.engine.engine, self.env) {
            return Err(Problem::new(format!("`--engine {name}` is for capsules, and cannot go with `--env {env}`")));
        }
        let mut settings = self.engine.as_settings(set)?;
        settings.extend(self.env.map(|wanted| format!("environment.provider={wanted}")));
        settings.extend(self.jobs.as_ref().map(|jobs| format!("environment.jobs={jobs}")));
        Ok(settings)
    }
}

impl Engine {
    /// The same for which engine is in capsules. What else was typed stands, but for what names another engine: nobody
    /// could tell which one is meant.
    pub(crate) fn as_settings(&self, set: &[String]) -> Result<Vec<String>, Problem> {
        match &self.engine {
            Some(name) => settings_of(&engines::build(name)?, "--engine", set),
            None => Ok(Vec::new()),
        }
    }
}

/// The settings that choose a build, which was named by that option.
pub(crate) fn settings_of(build: &EngineBuild, by: &str, set: &[String]) -> Result<Vec<String>, Problem> {
    let mut settings = build.settings();
    settings.retain(|own| option(own) != "docker_options" || set.iter().all(|typed| option(typed) != option(own)));
    let names_another = |typed: &&String| settings.iter().any(|own| option(own) == option(typed) && own != *typed);
    match set.iter().find(names_another) {
        Some(typed) => Err(Problem::new(format!(
            "`{by} {}` and `--set {typed}` do not go together, since each says which engine is tested: leave out one of them",
            build.name
        ))),
        None => Ok(settings),
    }
}

/// The option that an argument of `--set` is about.
fn option(argument: &str) -> &str {
    argument.split('=').next().unwrap_or_default().trim()
}

/// What the configuration says, with all that this program has to do with it.
pub(crate) fn configured() -> Result<Environment, Problem> {
    Ok(Environment::new(hosts::door()?).folder(here()?).telling(say))
}

/// Has a runner run its steps where the configuration says. What can be run in the user's instances is known when this
/// returns. `explain` says more of what cannot be planned. A command has one environment for all its runners: it knows what
/// could not be prepared before.
pub(crate) fn enter(
    runner: Runner,
    (environment, purpose): (&Environment, Purpose),
    cancel: &CancelToken,
    screen: &Screen,
    explain: impl FnOnce(PlanFailure) -> PlanFailure,
) -> Result<Runner, Problem> {
    let wants_a_build =
        runner.configuration().section(EnvironmentSettings::SECTION).get("engine").is_some_and(|name| !name.is_empty());
    let entered = runner.enter(environment, purpose, cancel).map_err(|failure| match failure {
        EnterFailure::Plan(failure) => explain(failure).into(),
        other => other,
    });
    let (runner, notes) = entered.map_err(|failure| match failure {
        // Only capsules can have a build, so there is nothing else to choose.
        EnterFailure::Choice(none @ ChoiceFailure::NoCapsule(_)) if !wants_a_build => {
            Problem::new(format!("{none}, or take the engine that is there with `--env shared`"))
        }
        other => not_entered(other, cancel),
    })?;
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
    let failure = match failure {
        EnterFailure::Choice(failure) => return not_chosen(failure, cancel),
        EnterFailure::Listing(failure) => failure,
        other => return other.into(),
    };
    let without_signal = if let SetupFailure::Instance(_) = &failure { EXIT_ENVIRONMENT } else { EXIT_SETUP };
    let status = signals::status(cancel).unwrap_or(without_signal);
    Problem::from(failure).with_status(status)
}

/// Why there is no place for steps.
pub(crate) fn not_chosen(failure: ChoiceFailure, cancel: &CancelToken) -> Problem {
    let whose = if let ChoiceFailure::Build(BuildFailure::Unknown { .. }) = &failure {
        engines::whose()
    } else {
        String::new()
    };
    let status = signals::status(cancel).unwrap_or(EXIT_SETUP);
    Problem::new(format!("{}{whose}", Problem::from(failure))).with_status(status)
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
