//! A runner goes where the configuration says that steps run.

use std::num::NonZeroUsize;

use crate::config::Configuration;
use crate::environment::{ChoiceFailure, Environment, EnvironmentNote};
use crate::host::{BrokenPlugin, CancelToken};

use super::catalog::Catalog;
use super::failure::SetupFailure;
use super::plan::PlanFailure;
use super::runner::Runner;

/// What a runner is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Only to say what would be run.
    DryRun,
    /// To run what is planned.
    Run,
    /// To go on with what an earlier process has begun.
    Resume,
}

/// Why a runner cannot go where the configuration says. Nothing has run.
///
/// ```
/// use dockertest::environment::{Environment, Wanted};
/// use dockertest::host::{CancelToken, HostProgram};
/// use dockertest::run::{EnterFailure, Purpose, Runner};
///
/// let environment = Environment::new(HostProgram::new("dockertest-host")).provider(Wanted::Shared);
/// let failure = Runner::builder().build()?.enter(&environment, Purpose::Run, &CancelToken::new()?).unwrap_err();
/// assert!(matches!(failure, EnterFailure::Plan(_)), "there is no host, so there is nothing to run");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnterFailure {
    /// What was asked for cannot be planned. Nothing has been made for it.
    #[error(transparent)]
    Plan(#[from] PlanFailure),
    /// What is wanted does not fit together or cannot be had.
    #[error(transparent)]
    Choice(#[from] ChoiceFailure),
    /// Nobody knows what can be run in the instances.
    #[error(transparent)]
    Listing(#[from] SetupFailure),
}

impl Runner {
    /// Has steps run where the configuration says, and as many at a time: what [`Environment::choose`] gives, with the
    /// groups of `group_regex`. Where instances may hold other subtests than this machine, hosts are asked in one. What a
    /// person should know of it is given back, too.
    ///
    /// What is planned is looked at first, so that nothing is made for what cannot be run, and in a dry run nothing is made
    /// unless hosts are asked there.
    ///
    /// # Errors
    /// Nothing can be planned; what is wanted cannot be had; or hosts cannot be asked in an instance.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// use dockertest::environment::Environment;
    /// use dockertest::host::{CancelToken, HostProgram};
    /// use dockertest::run::{Purpose, Runner};
    ///
    /// # let script = r#"echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}
    /// # {"subtest":{"name":"subexample"}}
    /// # {"listed":{"subtests":1}}'"#;
    /// # let host = HostProgram::new("/bin/sh").arguments(["-c", script]);
    /// # let layers = Layers::new().set("environment.provider=shared");
    /// let runner = Runner::builder().layers(layers).host(host.clone()).build()?;
    /// let (runner, notes) = runner.enter(&Environment::new(host), Purpose::Run, &CancelToken::new()?)?;
    /// for note in notes {
    ///     eprintln!("{note}");
    /// }
    /// # assert_eq!(runner.plan()?.steps.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn enter(
        self,
        environment: &Environment,
        purpose: Purpose,
        cancel: &CancelToken,
    ) -> Result<(Runner, Vec<EnvironmentNote>), EnterFailure> {
        let is_elsewhere = environment.is_elsewhere(&self.configuration).map_err(ChoiceFailure::from)?;
        if purpose == Purpose::DryRun && !is_elsewhere {
            return Ok((self, Vec::new()));
        }
        if purpose != Purpose::Resume
            && let Err(failure) = self.plan()
            && !(is_elsewhere && may_be_told_inside(&failure))
        {
            // What is wrong is told before anything is done for it.
            return Err(failure.into());
        }
        let chosen = match purpose {
            Purpose::DryRun => environment.place(&self.configuration, cancel)?,
            Purpose::Run | Purpose::Resume => environment.choose(&self.configuration, cancel)?,
        };
        let (settings, mut notes) = (chosen.settings, chosen.notes);
        let grouping = move |name: &str| settings.group(name).map(str::to_owned);
        let runner = self.in_environment(chosen.provider, chosen.jobs).grouped_by(grouping);
        if !is_elsewhere {
            return Ok((runner, notes));
        }
        // In a resume it may be that only one step is left.
        let count = if purpose == Purpose::Run { runner.width() } else { NonZeroUsize::MIN };
        let known = runner.catalog.broken.clone();
        let runner = runner.listed_inside(count, cancel)?;
        notes.extend(left_out(&runner.catalog, &known));
        Ok((runner, notes))
    }
}

impl Catalog {
    /// What can be run where the configuration says, for what only wants to know that. An instance that is made for it is
    /// gone when this returns.
    ///
    /// # Errors
    /// As [`Runner::enter`].
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// use dockertest::environment::Environment;
    /// use dockertest::host::{CancelToken, HostProgram};
    /// use dockertest::run::Catalog;
    ///
    /// let configuration = Layers::new().set("environment.provider=shared").load()?;
    /// let environment = Environment::new(HostProgram::new("/usr/local/bin/dockertest-host"));
    /// let catalog = Catalog::default(); // of no hosts at all
    /// let (catalog, notes) = catalog.looked_at_in(&environment, &configuration, &CancelToken::new()?)?;
    /// assert!(notes.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn looked_at_in(
        self,
        environment: &Environment,
        configuration: &Configuration,
        cancel: &CancelToken,
    ) -> Result<(Catalog, Vec<EnvironmentNote>), EnterFailure> {
        if !environment.is_elsewhere(configuration).map_err(ChoiceFailure::from)? {
            return Ok((self, Vec::new()));
        }
        let chosen = environment.place(configuration, cancel)?;
        let known = self.broken.clone();
        let catalog = self.asked_in(&*chosen.provider, NonZeroUsize::MIN, cancel)?;
        let notes = chosen.notes.into_iter().chain(left_out(&catalog, &known)).collect();
        Ok((catalog, notes))
    }
}

/// Whether a plan that cannot be made here may be made with what the hosts hold in the user's instances.
fn may_be_told_inside(failure: &PlanFailure) -> bool {
    matches!(failure, PlanFailure::Unknown { .. } | PlanFailure::Nothing)
}

/// What is left out that was not before.
fn left_out<'c>(catalog: &'c Catalog, known: &'c [BrokenPlugin]) -> impl Iterator<Item = EnvironmentNote> + use<'c> {
    catalog.broken.iter().filter(|broken| !known.contains(broken)).cloned().map(EnvironmentNote::LeftOut)
}
