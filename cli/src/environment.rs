//! Where a run's steps are run, and how many at a time: what the command line and the section `[environment]` say.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use dockertest::environment::capsule::{CapsuleOptions, CapsuleProvider, EngineKind};
use dockertest::environment::{Callout, EnvironmentSettings, Provider, Shared, Wanted, concurrency};
use dockertest::host::CancelToken;
use dockertest::run::Runner;

use crate::args::Place;
use crate::hosts;
use crate::screen::{Problem, Screen};

impl Place {
    /// The same as arguments of `--set`, so that they are kept with the run and a resume does as the run did.
    pub(crate) fn as_settings(&self) -> Vec<String> {
        let environment = self.env.map(|wanted| format!("environment.provider={wanted}"));
        let jobs = self.jobs.as_ref().map(|jobs| format!("environment.jobs={jobs}"));
        environment.into_iter().chain(jobs).collect()
    }
}

/// Has a runner run its steps where the configuration says.
pub(crate) fn enter(runner: Runner, cancel: &CancelToken, screen: &Screen) -> Result<Runner, Problem> {
    let folder = std::env::current_dir()?;
    let settings = EnvironmentSettings::read(runner.configuration(), &folder)?;
    let provider = provider(&runner, &settings, &folder, screen)?;
    let jobs = jobs(&*provider, &settings, &folder, cancel, screen)?;
    let grouping = move |name: &str| settings.group(name).map(str::to_owned);
    Ok(runner.in_environment(provider, jobs).grouped_by(grouping))
}

fn provider(
    runner: &Runner,
    settings: &EnvironmentSettings,
    folder: &Path,
    screen: &Screen,
) -> Result<Arc<dyn Provider>, Problem> {
    Ok(match settings.provider {
        Wanted::Shared => Arc::new(Shared),
        Wanted::Callout => Arc::new(Callout::telling(settings.callouts()?, folder, say)),
        Wanted::Capsule => {
            let provider = capsules(runner)?;
            match provider.obstacle() {
                Some(obstacle) => {
                    let help = "`--env shared` uses the engine that is configured";
                    return Err(Problem::new(format!("there can be no capsule here: {obstacle}; {help}")));
                }
                None => Arc::new(provider),
            }
        }
        Wanted::Auto => {
            let provider = capsules(runner)?;
            let other = names_an_engine(runner)
                .then(|| "`docker_options` name an engine, and a capsule has one of its own".to_owned());
            match other.or_else(|| provider.obstacle()) {
                Some(obstacle) => {
                    screen.note(format!("the engine that is configured is used, not a capsule: {obstacle}"));
                    Arc::new(Shared)
                }
                None => Arc::new(provider),
            }
        }
    })
}

/// What callouts say, beside the tree of the run.
fn say(text: &str) {
    use std::io::Write;
    // Nobody is left to be told when standard error is gone.
    let _ = writeln!(std::io::stderr().lock(), "{}", crate::screen::visible(text.trim_end()));
}

fn capsules(runner: &Runner) -> Result<CapsuleProvider, Problem> {
    let defaults = runner.configuration().defaults();
    let path = defaults.get("docker_path").unwrap_or("docker");
    let options = CapsuleOptions::new().kind(EngineKind::of_command(Path::new(path)));
    Ok(CapsuleProvider::new(hosts::program()?, options))
}

/// Whether the options of the engine's command line name an engine, wherever it is.
fn names_an_engine(runner: &Runner) -> bool {
    let defaults = runner.configuration().defaults();
    let words = shlex::split(defaults.get("docker_options").unwrap_or_default()).unwrap_or_default();
    let names = ["-H", "--host", "-c", "--context", "--url", "--connection", "--remote", "-r"];
    words.iter().any(|word| {
        let option = word.split('=').next().unwrap_or_default();
        names.contains(&option) || (word.starts_with("-H") && !word.starts_with("--"))
    })
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
