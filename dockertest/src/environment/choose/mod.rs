//! Where steps run, and how many at a time: what the section `[environment]` comes to on this machine.

mod chosen;
mod failure;
#[cfg(test)]
mod tests;

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use super::capsule::{CapsuleOptions, CapsuleProvider, ImagesFailure, Once};
use super::{Builds, Callout, EnvironmentSettings, Provider, SettingsFailure, Shared, Tried, Wanted, concurrency};
use crate::config::Configuration;
use crate::engine::Inquiry;
use crate::host::{CancelToken, HostProgram};

pub use chosen::{Chosen, EnvironmentNote};
pub use failure::ChoiceFailure;

/// Finds out where steps run, and how many at a time: what the section `[environment]` says, and what the caller says,
/// which counts more, as far as this machine allows it. [`Runner::enter`](crate::run::Runner::enter) has a runner go there.
///
/// ```
/// use dockertest::config::Layers;
/// use dockertest::environment::Environment;
/// use dockertest::host::{CancelToken, HostProgram};
///
/// let configuration = Layers::new().set("environment.provider=shared").set("environment.jobs=4").load()?;
/// let environment = Environment::new(HostProgram::new("/usr/local/bin/dockertest-host"));
/// let chosen = environment.choose(&configuration, &CancelToken::new()?)?;
/// assert_eq!((chosen.provider.name(), chosen.jobs.get()), ("shared", 1));
/// assert_eq!(chosen.notes[0].to_string(), "4 steps were to run at a time, but shared has only 1 at a time");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "nothing is chosen before `choose`"]
pub struct Environment {
    door: HostProgram,
    folder: PathBuf,
    provider: Option<Wanted>,
    jobs: Option<NonZeroUsize>,
    builds: Option<Builds>,
    tell: Arc<dyn Fn(&str) + Send + Sync>,
    /// The test images that could not be prepared.
    tried: Arc<Once>,
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Environment { door, folder, provider, jobs, builds, .. } = self;
        let mut shown = f.debug_struct("Environment");
        shown.field("door", door).field("folder", folder).field("provider", provider).field("jobs", jobs);
        shown.field("builds", builds).finish_non_exhaustive()
    }
}

impl Environment {
    /// What the configuration says. `door` makes capsules and leads into them: a program that
    /// [`host::serve::main`](crate::host::serve::main) makes a host.
    pub fn new(door: HostProgram) -> Self {
        let folder = PathBuf::from(".");
        let (provider, jobs, builds) = (None, None, Builds::of_user());
        Environment { door, folder, provider, jobs, builds, tell: Arc::new(|_| {}), tried: Arc::default() }
    }

    /// The same with another folder of the project than the working folder: it has the `.testr.conf`, and callouts run in
    /// it.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = folder.into();
        self
    }

    /// The same with another provider than the option `provider` says.
    pub fn provider(mut self, wanted: Wanted) -> Self {
        self.provider = Some(wanted);
        self
    }

    /// The same with another number of steps at a time than the option `jobs` says.
    pub fn jobs(mut self, jobs: NonZeroUsize) -> Self {
        self.jobs = Some(jobs);
        self
    }

    /// The same with these builds of engines, one of which the option `engine` names, in place of those of the user.
    /// [`EngineBuild::settings`](super::EngineBuild::settings) are the options by which a build is chosen.
    pub fn builds(mut self, builds: Builds) -> Self {
        self.builds = Some(builds);
        self
    }

    /// The same with somebody who is told what callouts say on standard error, line by line; nobody is if it is not said.
    ///
    /// ```
    /// # use std::sync::mpsc;
    /// # use dockertest::config::Layers;
    /// # use dockertest::environment::Environment;
    /// # use dockertest::host::{CancelToken, HostProgram};
    /// # let project = tempfile::tempdir()?;
    /// let layers = Layers::new().set("environment.provider=callout").set("environment.test_run_concurrency=echo two >&2; echo 2");
    /// let layers = layers.set("environment.instance_ids=a,b,c").set("environment.instance_execute=ssh $INSTANCE_ID $COMMAND");
    /// let (tell, told) = mpsc::channel();
    /// let environment = Environment::new(HostProgram::new("dockertest-host")).folder(project.path());
    /// let environment = environment.telling(move |line| tell.send(line.to_owned()).unwrap_or_default());
    /// let chosen = environment.choose(&layers.load()?, &CancelToken::new()?)?;
    /// assert_eq!((chosen.provider.name(), chosen.jobs.get()), ("callout", 2));
    /// assert_eq!(told.recv()?, "test_run_concurrency: two");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn telling(mut self, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.tell = Arc::new(tell);
        self
    }

    /// The section `[environment]`, with what the caller said in its place.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn settings(&self, configuration: &Configuration) -> Result<EnvironmentSettings, SettingsFailure> {
        let mut settings = EnvironmentSettings::read(configuration, &self.folder)?;
        settings.provider = self.provider.unwrap_or(settings.provider);
        settings.jobs = self.jobs.or(settings.jobs);
        // It may be that only the caller wants callouts.
        if settings.provider == Wanted::Callout {
            settings.callouts()?;
        }
        Ok(settings)
    }

    /// Chooses. With [`Wanted::Auto`] a first capsule is made, because only that tells whether there can be any.
    ///
    /// # Errors
    /// What is wanted does not fit together or cannot be had, or the callout that says how many steps run at a time fails.
    pub fn choose(&self, configuration: &Configuration, cancel: &CancelToken) -> Result<Chosen, ChoiceFailure> {
        let mut chosen = self.place(configuration, cancel)?;
        chosen.jobs = self.count(&mut chosen, cancel)?;
        Ok(chosen)
    }

    /// The same without asking how many: one at a time.
    pub(crate) fn place(&self, configuration: &Configuration, cancel: &CancelToken) -> Result<Chosen, ChoiceFailure> {
        let settings = self.settings(configuration)?;
        let mut notes = Vec::new();
        let provider: Arc<dyn Provider> = match settings.provider {
            Wanted::Shared => Arc::new(Shared),
            Wanted::Callout => {
                let tell = Arc::clone(&self.tell);
                Arc::new(Callout::telling(settings.callouts()?, &self.folder, move |text| tell(text)))
            }
            Wanted::Capsule => {
                let provider = self.capsules(configuration, cancel)?;
                match provider.obstacle() {
                    Some(obstacle) => return Err(ChoiceFailure::NoCapsule(obstacle)),
                    None => {
                        notes.extend(EnvironmentNote::of_image(&provider));
                        Arc::new(provider)
                    }
                }
            }
            // Who has named an engine wants that one, unless it is one for capsules; the head of the run says who did.
            Wanted::Auto if settings.engine.is_none() && Inquiry::named_by(configuration).is_some() => Arc::new(Shared),
            Wanted::Auto => match self.try_capsules(configuration, &settings, cancel)? {
                Err(reason) => {
                    notes.push(EnvironmentNote::NoCapsule { reason });
                    Arc::new(Shared)
                }
                Ok((provider, note)) => {
                    notes.extend(note);
                    Arc::new(provider)
                }
            },
        };
        Ok(Chosen { provider, jobs: NonZeroUsize::MIN, settings, notes })
    }

    /// Capsules, of which the first one is there; or why there are none.
    fn try_capsules(
        &self,
        configuration: &Configuration,
        settings: &EnvironmentSettings,
        cancel: &CancelToken,
    ) -> Result<Result<(Tried, Option<EnvironmentNote>), String>, ChoiceFailure> {
        let options = self.capsule_options(configuration, settings)?;
        let client = configuration.defaults().get("docker_path").map(PathBuf::from).unwrap_or_default();
        if !CapsuleProvider::new(self.door.clone(), options.clone()).sees(&client) {
            let client = client.display();
            return Ok(Err(format!(
                "`docker_path` is `{client}`, which is not seen in a capsule: it is below /tmp or /run, or mounted \
                 elsewhere than with /"
            )));
        }
        let provider = match CapsuleProvider::prepared(self.door.clone(), options, configuration, (cancel, &self.tried))
        {
            Ok(provider) => provider,
            Err(interrupted @ ImagesFailure::Interrupted(_)) => return Err(interrupted.into()),
            // Its images are made in a first one.
            Err(failure) => return Ok(Err(crate::with_causes(&failure))),
        };
        let note = EnvironmentNote::of_image(&provider);
        Ok(match provider.obstacle() {
            Some(obstacle) => Err(obstacle),
            // There is more that can be missing than anybody knows: so one is made, which the first step then has.
            None => match Tried::new(Arc::new(provider), cancel) {
                Err(_) if cancel.is_cancelled() => {
                    return Err(ChoiceFailure::Interrupted(cancel.reason().unwrap_or_default()));
                }
                tried => tried.map(|tried| (tried, note)).map_err(|failure| failure.to_string()),
            },
        })
    }

    /// Capsules as the configuration wants them, whatever it says of the provider. Whether there can be any,
    /// [`CapsuleProvider::obstacle`] says.
    ///
    /// # Errors
    /// What is wanted does not fit together, the test image cannot be brought into them, or somebody wants to stop.
    ///
    /// ```no_run
    /// # use dockertest::config::Layers;
    /// # use dockertest::environment::Environment;
    /// # use dockertest::host::{CancelToken, HostProgram};
    /// let configuration = Layers::new().set("docker_path=/usr/bin/podman").load()?;
    /// let environment = Environment::new(HostProgram::new("/usr/local/bin/dockertest-host"));
    /// if let Some(obstacle) = environment.capsules(&configuration, &CancelToken::new()?)?.obstacle() {
    ///     println!("no capsules with podman here: {obstacle}");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn capsules(
        &self,
        configuration: &Configuration,
        cancel: &CancelToken,
    ) -> Result<CapsuleProvider, ChoiceFailure> {
        let options = self.capsule_options(configuration, &self.settings(configuration)?)?;
        Ok(CapsuleProvider::prepared(self.door.clone(), options, configuration, (cancel, &self.tried))?)
    }

    /// What capsules are to be like.
    fn capsule_options(
        &self,
        configuration: &Configuration,
        settings: &EnvironmentSettings,
    ) -> Result<CapsuleOptions, ChoiceFailure> {
        let installed = CapsuleOptions::configured(configuration)?;
        let Some(name) = &settings.engine else { return Ok(installed) };
        let build = self.builds.as_ref().ok_or(super::BuildFailure::NoPlace)?.get(name)?;
        let options = build.capsule().limited(configuration)?;
        if options.kind == installed.kind {
            return Ok(options);
        }
        let path = configuration.defaults().get("docker_path").unwrap_or_default().to_owned();
        Err(ChoiceFailure::OtherClient { engine: name.clone(), flavor: build.flavor, client: build.client(), path })
    }

    /// How many steps run at a time.
    fn count(&self, chosen: &mut Chosen, cancel: &CancelToken) -> Result<NonZeroUsize, ChoiceFailure> {
        let Chosen { provider, settings, notes, .. } = chosen;
        let most = provider.at_most();
        let asked = match (settings.jobs, &settings.test_run_concurrency) {
            (Some(jobs), _) => Some(jobs),
            // Nobody has to be asked where only one is possible.
            (None, Some(callout)) if most != Some(NonZeroUsize::MIN) => {
                concurrency(callout, &self.folder, settings.limits.concurrency, cancel, &*self.tell)?
            }
            (None, _) => None,
        };
        if let (Some(jobs), Some(most)) = (settings.jobs, most)
            && jobs > most
        {
            notes.push(EnvironmentNote::FewerJobs { jobs, most, provider: provider.name() });
        }
        let machine = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let jobs = asked.unwrap_or(machine);
        Ok(most.map_or(jobs, |most| most.min(jobs)))
    }

    /// Whether hosts have to be asked in an instance for what they hold, because it may be another than here.
    pub(crate) fn is_elsewhere(&self, configuration: &Configuration) -> Result<bool, SettingsFailure> {
        Ok(self.settings(configuration)?.provider == Wanted::Callout)
    }
}
