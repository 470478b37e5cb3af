//! Where a run's steps are run, and how many at a time: what the command line and the section `[environment]` say.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dockertest::config::Configuration;
use dockertest::engine::Inquiry;
use dockertest::environment::capsule::{CapsuleOptions, CapsuleProvider};
use dockertest::environment::{Callout, EnvironmentSettings, Provider, Shared, Tried, Wanted, concurrency};
use dockertest::host::CancelToken;
use dockertest::run::{
    Catalog, EXIT_ENVIRONMENT, EXIT_INTERRUPTED, EXIT_SETUP, EXIT_TERMINATED, PlanFailure, Runner, SetupFailure,
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
    /// The same for which engine is in capsules. Nothing else than capsules can have it.
    pub(crate) fn as_settings(&self) -> Result<Vec<String>, Problem> {
        let Some(name) = &self.engine else { return Ok(Vec::new()) };
        let build = builds()?.get(name)?;
        let own = [format!("environment.engine={name}"), "environment.provider=capsule".to_owned()];
        Ok(own.into_iter().chain(build.settings()).collect())
    }
}

/// What a runner is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Only to say what would be run.
    DryRun,
    /// To run what is planned.
    Run,
    /// To go on with what an earlier process has begun.
    Resume,
}

/// Has a runner run its steps where the configuration says. What can be run in the user's instances is known when this
/// returns.
pub(crate) fn enter(
    runner: Runner,
    purpose: Purpose,
    cancel: &CancelToken,
    screen: &Screen,
) -> Result<Runner, Problem> {
    let folder = std::env::current_dir()?;
    let settings = EnvironmentSettings::read(runner.configuration(), &folder)?;
    let is_callout = settings.provider == Wanted::Callout;
    if purpose == Purpose::DryRun && !is_callout {
        return Ok(runner);
    }
    if purpose != Purpose::Resume
        && let Err(failure) = runner.plan()
        && !(is_callout && may_be_told_inside(&failure))
    {
        // What is wrong is told before anything is done for it.
        return Err(failure.into());
    }
    let provider = provider(&runner, &settings, &folder, cancel, screen)?;
    let jobs = match purpose {
        Purpose::DryRun => NonZeroUsize::MIN,
        Purpose::Run | Purpose::Resume => jobs(&*provider, &settings, &folder, cancel, screen)?,
    };
    let grouping = move |name: &str| settings.group(name).map(str::to_owned);
    let runner = runner.in_environment(provider, jobs).grouped_by(grouping);
    if !is_callout {
        return Ok(runner);
    }
    // In a resume it may be that only one step is left.
    let count = if purpose == Purpose::Run { runner.width() } else { NonZeroUsize::MIN };
    let known = broken(runner.catalog());
    let runner = runner.listed_inside(count, cancel).map_err(|failure| not_listed(failure, cancel))?;
    tell_others(runner.catalog(), &known, screen);
    Ok(runner)
}

/// What can be run where the configuration says, for what only wants to know that. An instance of the user's that is made
/// for it is gone when this returns.
pub(crate) fn look_around(
    catalog: Catalog,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Catalog, Problem> {
    let folder = std::env::current_dir()?;
    let settings = EnvironmentSettings::read(configuration, &folder)?;
    if settings.provider != Wanted::Callout {
        return Ok(catalog);
    }
    let cancel = CancelToken::new()?;
    let _forwarding = signals::forward(&cancel)?;
    let provider = Callout::telling(settings.callouts()?, folder, say);
    let known = broken(&catalog);
    let listed = catalog.asked_in(&provider, NonZeroUsize::MIN, &cancel);
    let catalog = listed.map_err(|failure| not_listed(failure, &cancel))?;
    tell_others(&catalog, &known, screen);
    Ok(catalog)
}

/// Whether a plan that cannot be made here may be made with what the hosts hold in the user's instances.
fn may_be_told_inside(failure: &PlanFailure) -> bool {
    matches!(failure, PlanFailure::Unknown { .. } | PlanFailure::Nothing)
}

/// Why nobody knows what can be run in the instances.
fn not_listed(failure: SetupFailure, cancel: &CancelToken) -> Problem {
    let status = match (cancel.signal(), &failure) {
        (Some(SIGTERM), _) => EXIT_TERMINATED,
        (Some(_), _) => EXIT_INTERRUPTED,
        (None, SetupFailure::Instance(_)) => EXIT_ENVIRONMENT,
        (None, _) => EXIT_SETUP,
    };
    Problem::from(failure).with_status(status)
}

/// What is left out, in words.
fn broken(catalog: &Catalog) -> BTreeSet<String> {
    catalog.broken().iter().map(ToString::to_string).collect()
}

/// Says what is left out that was not before.
fn tell_others(catalog: &Catalog, known: &BTreeSet<String>, screen: &Screen) {
    let others = broken(catalog);
    others.difference(known).for_each(|broken| screen.problem(&Problem::new(broken.as_str())));
}

fn provider(
    runner: &Runner,
    settings: &EnvironmentSettings,
    folder: &Path,
    cancel: &CancelToken,
    screen: &Screen,
) -> Result<Arc<dyn Provider>, Problem> {
    Ok(match settings.provider {
        Wanted::Shared => Arc::new(Shared),
        Wanted::Callout => Arc::new(Callout::telling(settings.callouts()?, folder, say)),
        Wanted::Capsule => {
            let provider = capsules(runner.configuration(), settings)?;
            match provider.obstacle() {
                Some(obstacle) => return Err(Problem::new(format!("there can be no capsule here: {obstacle}"))),
                None => Arc::new(provider),
            }
        }
        // Who has named an engine wants that one, unless it is one for capsules; the head of the run says who did.
        Wanted::Auto if settings.engine.is_none() && Inquiry::named_by(runner.configuration()).is_some() => {
            Arc::new(Shared)
        }
        Wanted::Auto => match try_capsules(runner, settings, cancel)? {
            Err(obstacle) => {
                screen.note_once(format!("the engine that is configured is used, not a capsule: {obstacle}"));
                Arc::new(Shared)
            }
            Ok(provider) => Arc::new(provider),
        },
        other => return Err(Problem::new(format!("this program has no environment `{other}`"))),
    })
}

/// Capsules, of which the first one is there; or why there are none.
fn try_capsules(
    runner: &Runner,
    settings: &EnvironmentSettings,
    cancel: &CancelToken,
) -> Result<Result<Tried, String>, Problem> {
    let configuration = runner.configuration();
    let options = capsule_options(configuration, settings)?;
    let client = configuration.defaults().get("docker_path").map(PathBuf::from).unwrap_or_default();
    if !CapsuleProvider::new(hosts::door()?, options.clone()).sees(&client) {
        let client = client.display();
        return Ok(Err(format!(
            "`docker_path` is `{client}`, which is not seen in a capsule: it is below /tmp or /run, or on another file \
             system than /"
        )));
    }
    let provider = match CapsuleProvider::prepared(hosts::door()?, options, configuration) {
        Ok(provider) => provider,
        // Its images are made in a first one.
        Err(failure) => return Ok(Err(dockertest::with_causes(&failure))),
    };
    Ok(match provider.obstacle() {
        Some(obstacle) => Err(obstacle),
        // There is more that can be missing than anybody knows: so one is made, which the first step then has.
        None => Tried::new(Arc::new(provider), cancel).map_err(|failure| failure.to_string()),
    })
}

/// What callouts say, beside the tree of the run.
fn say(text: &str) {
    use std::io::Write;
    // Nobody is left to be told when standard error is gone.
    let _ = writeln!(std::io::stderr().lock(), "{}", crate::screen::visible(text.trim_end()));
}

/// Capsules as the configuration wants them.
pub(crate) fn capsules(
    configuration: &Configuration,
    settings: &EnvironmentSettings,
) -> Result<CapsuleProvider, Problem> {
    let options = capsule_options(configuration, settings)?;
    CapsuleProvider::prepared(hosts::door()?, options, configuration)
        .map_err(|failure| Problem::new(dockertest::with_causes(&failure)))
}

/// What capsules are to be like.
fn capsule_options(configuration: &Configuration, settings: &EnvironmentSettings) -> Result<CapsuleOptions, Problem> {
    let installed = CapsuleOptions::configured(configuration)?;
    let Some(name) = &settings.engine else { return Ok(installed) };
    let build = builds()?.get(name)?;
    let options = build.capsule().limited(configuration)?;
    if options.kind == installed.kind {
        return Ok(options);
    }
    let defaults = configuration.defaults();
    let path = defaults.get("docker_path").unwrap_or_default();
    let client = build.client();
    Err(Problem::new(format!(
        "the engine {name} is {}, but `docker_path` names `{path}`: set `docker_path = {}`, or choose it by `--engine {name}`",
        build.flavor,
        client.display()
    )))
}

/// How many steps run at a time.
fn jobs(
    provider: &dyn Provider,
    settings: &EnvironmentSettings,
    folder: &Path,
    cancel: &CancelToken,
    screen: &Screen,
) -> Result<NonZeroUsize, Problem> {
    let most = provider.at_most();
    let asked = match (settings.jobs, &settings.test_run_concurrency) {
        (Some(jobs), _) => Some(jobs),
        // Nobody has to be asked where only one is possible.
        (None, Some(callout)) if most != Some(NonZeroUsize::MIN) => {
            concurrency(callout, folder, settings.limits.concurrency, cancel, &say)?
        }
        (None, _) => None,
    };
    if let (Some(jobs), Some(most)) = (settings.jobs, most)
        && jobs > most
    {
        screen
            .warning(format!("{jobs} steps were to run at a time, but {} has only {most} at a time", provider.name()));
    }
    let machine = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let jobs = asked.unwrap_or(machine);
    Ok(most.map_or(jobs, |most| most.min(jobs)))
}
