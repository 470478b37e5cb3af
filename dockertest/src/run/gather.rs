//! Asking hosts and plug-ins what they hold, and putting the configuration together with what they bring.

use std::num::NonZeroUsize;

use crate::config::{Configuration, Draft, Layers, LoadFailure, NamedPlugin, Problem, check_host_file};
use crate::environment::Provider;
use crate::host::discovery::{Ask, LIST_LIMIT, ask_all};
use crate::host::protocol::ConfigFile;
use crate::host::{BrokenPlugin, CancelToken, HostProgram, ListFailure, Listing, Plugins};

use super::catalog::{Catalog, CatalogFailure, CatalogProblem, Entry};
use super::failure::SetupFailure;

/// A configuration file that a host brings.
#[derive(Debug, Clone)]
pub(super) struct Brought {
    host: usize,
    /// What takes the place of its path: `disk_quota.so: disk_quota.ini`.
    label: String,
    text: String,
}

impl Catalog {
    /// Asks every host for its list; the hosts work at the same time.
    ///
    /// # Errors
    /// All hosts that do not answer, and all names that two of them hold.
    pub fn ask(hosts: impl Into<Vec<HostProgram>>) -> Result<Catalog, CatalogFailure> {
        let hosts = hosts.into();
        let asks: Vec<Ask<'_>> = hosts.iter().map(|host| Ask::anew(host, LIST_LIMIT)).collect();
        let answers = ask_all(&asks);
        let count = hosts.len();
        Catalog::of(hosts, count, answers)
    }

    /// The same with plug-ins, which come after the hosts. One that does not answer as it should is
    /// [left out](Catalog::broken).
    ///
    /// # Errors
    /// As [`ask`](Catalog::ask), and a plug-in that was named and is none.
    ///
    /// ```
    /// # use dockertest::host::{HostProgram, Plugins};
    /// # use dockertest::run::Catalog;
    /// # let folder = tempfile::tempdir()?;
    /// # let broken = folder.path().join("broken.so");
    /// std::fs::write(&broken, "This is no library.")?;
    /// let plugins = Plugins::new(HostProgram::new("/bin/false")).named(&broken, "--plugin");
    /// let catalog = Catalog::with_plugins(&[], &plugins)?;
    /// assert_eq!(catalog.broken()[0].file, broken);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_plugins(hosts: &[HostProgram], plugins: &Plugins) -> Result<Catalog, CatalogFailure> {
        let found = plugins.find().map_err(|none| CatalogFailure { problems: vec![CatalogProblem::NoPlugin(none)] })?;
        let own = hosts.iter().map(|host| Ask::anew(host, LIST_LIMIT));
        let asks: Vec<Ask<'_>> = own.chain(plugins.asks(&found)).collect();
        let answers = ask_all(&asks);
        Catalog::of(hosts.iter().cloned().chain(found).collect(), hosts.len(), answers)
    }

    /// The same with the plug-ins that the option `plugins` names, and with the configuration, to which every host adds
    /// the defaults of its own subtests: they count more than what is shipped and less than what the user sets. A plug-in
    /// whose defaults cannot be used is left out too.
    ///
    /// # Errors
    /// As [`with_plugins`](Catalog::with_plugins), and [`SetupFailure::Configuration`].
    ///
    /// ```
    /// use dockertest::config::{Layers, Source};
    /// use dockertest::host::{HostProgram, Plugins};
    /// use dockertest::run::Catalog;
    ///
    /// # let script = r#"echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}
    /// # {"subtest":{"name":"disk_quota"}}
    /// # {"config":{"file":"disk_quota.ini","text":"[disk_quota]\\nlimit_mb = 10\\n"}}
    /// # {"listed":{"subtests":1}}'"#;
    /// # let host = HostProgram::new("/bin/sh").arguments(["-c", script]);
    /// let defaults = Source::Memory(vec![("defaults.ini".to_owned(), "[DEFAULTS]\nlimit_mb = 1\n".to_owned())]);
    /// let plugins = Plugins::new(host.clone());
    /// let layers = Layers::new().defaults(defaults);
    /// let (catalog, configuration) = Catalog::with_configuration(&[host], plugins, &layers)?;
    /// let quota = configuration.section("disk_quota");
    /// assert_eq!(quota.setting("limit_mb").unwrap().origin.to_string(), "sh: disk_quota.ini:2");
    /// # assert_eq!(catalog.broken(), []);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_configuration(
        hosts: &[HostProgram],
        plugins: Plugins,
        layers: &Layers,
    ) -> Result<(Catalog, Configuration), SetupFailure> {
        let mut draft = layers.read();
        if draft.is_broken() {
            // Not worth waiting for any host.
            draft.load().map_err(SetupFailure::Configuration)?;
            draft = layers.read();
        }
        let name =
            |plugins: Plugins, NamedPlugin { path, origin }| plugins.named(path, format!("option `plugins`, {origin}"));
        let plugins = draft.plugins().into_iter().fold(plugins, name);
        let mut catalog = Catalog::with_plugins(hosts, &plugins)?;
        loop {
            match catalog.finish(draft) {
                Ok(configuration) => return Ok((catalog, configuration)),
                Err(failure) if catalog.blame(&failure) => draft = layers.read(),
                Err(failure) => return Err(SetupFailure::Configuration(failure)),
            }
        }
    }

    /// What the same hosts and plug-ins say in an instance, if the provider wants them to be asked there; else what they
    /// said here. The provider makes `count` instances for it, which the steps of a run get next.
    ///
    /// # Errors
    /// There is no instance, or a host does not answer there.
    ///
    /// ```
    /// # use std::num::NonZeroUsize;
    /// use dockertest::environment::Shared;
    /// use dockertest::run::Catalog;
    /// # use dockertest::host::CancelToken;
    ///
    /// let catalog = Catalog::default().asked_in(&Shared, NonZeroUsize::MIN, &CancelToken::new()?)?;
    /// assert_eq!(catalog.subtests().count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn asked_in(
        self,
        provider: &dyn Provider,
        count: NonZeroUsize,
        cancel: &CancelToken,
    ) -> Result<Catalog, SetupFailure> {
        let here = std::env::current_dir().unwrap_or_default();
        let mut answers = None;
        provider.list(count, cancel, &mut |instance, limit| {
            // One after the other: that is all that can be asked of an instance.
            let ask = |host: &HostProgram| instance.host(host, &here).list_unless(limit, Some(cancel));
            answers = Some(self.hosts.iter().map(ask).collect());
        })?;
        match answers {
            Some(answers) => Ok(Catalog::of(self.hosts, self.own, answers)?),
            None => Ok(self),
        }
    }

    /// The configuration of these layers with what the hosts bring.
    ///
    /// # Errors
    /// The layers, or what a host brings, cannot be used.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// # use dockertest::run::Catalog;
    /// let layers = Layers::new().set("disk_quota.limit_mb=20");
    /// let configuration = Catalog::default().configure(&layers)?; // of no hosts at all
    /// assert_eq!(configuration.section("disk_quota").get("limit_mb"), Some("20"));
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    pub fn configure(&self, layers: &Layers) -> Result<Configuration, LoadFailure> {
        self.finish(layers.read())
    }

    fn finish(&self, mut draft: Draft) -> Result<Configuration, LoadFailure> {
        for Brought { label, text, .. } in &self.brought {
            draft.add(label.clone(), text.clone());
        }
        draft.load()
    }

    /// `own` says how many of the hosts must not be broken.
    fn of(
        hosts: Vec<HostProgram>,
        own: usize,
        answers: Vec<Result<Listing, ListFailure>>,
    ) -> Result<Catalog, CatalogFailure> {
        let mut catalog = Catalog { hosts, own, ..Catalog::default() };
        let mut problems = Vec::new();
        for (host, answer) in answers.into_iter().enumerate() {
            match answer {
                Err(failure) if host < own => problems.push(CatalogProblem::List(failure)),
                Err(failure) => catalog.leave_out(host, failure.to_string()),
                Ok(listing) => catalog.take(host, listing, &mut problems),
            }
        }
        if problems.is_empty() { Ok(catalog) } else { Err(CatalogFailure { problems }) }
    }

    /// What a program holds that need not be asked, because it is this one; `name` is what people know it by.
    ///
    /// # Errors
    /// Names that stand twice in it, and defaults that cannot be used.
    #[cfg(feature = "harness")]
    pub(crate) fn of_this_program(host: HostProgram, name: &str, listing: Listing) -> Result<Catalog, CatalogFailure> {
        let mut catalog = Catalog { hosts: vec![host], own: 1, ..Catalog::default() };
        let mut problems = Vec::new();
        let brought = brought(0, name, &listing);
        catalog.take_with(0, listing, brought, &mut problems);
        if problems.is_empty() { Ok(catalog) } else { Err(CatalogFailure { problems }) }
    }

    fn take(&mut self, host: usize, listing: Listing, problems: &mut Vec<CatalogProblem>) {
        let brought = brought(host, &self.name_of(host), &listing);
        self.take_with(host, listing, brought, problems);
    }

    fn take_with(&mut self, host: usize, listing: Listing, brought: Vec<Brought>, problems: &mut Vec<CatalogProblem>) {
        let wrong: Vec<Problem> = brought.iter().flat_map(|one| check(one, &listing)).collect();
        if !wrong.is_empty() {
            let failure = LoadFailure { problems: wrong };
            if host >= self.own {
                return self.leave_out(host, self.says_badly(host, &failure));
            }
            problems.push(CatalogProblem::Configuration { host: self.shown(host), failure });
        }
        self.brought.extend(brought);
        for info in listing.subtests {
            let entry = Entry { info, host, api_version: listing.hello.api_version };
            if let Err((name, first)) = self.add(entry) {
                let (first, second) = (self.shown(first), self.shown(host));
                problems.push(CatalogProblem::Duplicate { name, first, second });
            }
        }
    }

    /// The name of a host's file, or its path if another host's file has the same name.
    fn name_of(&self, host: usize) -> String {
        let name = |host: &HostProgram| host.shown().file_name().map(|name| name.to_string_lossy().into_owned());
        let names: Vec<Option<String>> = self.hosts.iter().map(name).collect();
        let is_alone = names.iter().filter(|name| **name == names[host]).count() == 1;
        names[host].clone().filter(|_| is_alone).unwrap_or_else(|| self.shown(host))
    }

    /// Leaves out the plug-ins whose defaults are among the problems. Says whether there was one.
    fn blame(&mut self, failure: &LoadFailure) -> bool {
        let mut blamed = false;
        for host in self.own..self.hosts.len() {
            let of_host =
                |problem: &&Problem| self.brought.iter().any(|one| one.host == host && one.label == problem.path);
            let problems: Vec<Problem> = failure.problems.iter().filter(of_host).cloned().collect();
            if !problems.is_empty() {
                self.leave_out(host, self.says_badly(host, &LoadFailure { problems }));
                blamed = true;
            }
        }
        blamed
    }

    fn says_badly(&self, host: usize, failure: &LoadFailure) -> String {
        format!("`{}` brings defaults that cannot be used:\n{}", self.shown(host), failure.render())
    }

    fn leave_out(&mut self, host: usize, problem: String) {
        let file = self.hosts[host].shown().to_owned();
        self.broken.push(BrokenPlugin { file, problem });
        self.entries.retain(|_, entry| entry.host != host);
        self.brought.retain(|brought| brought.host != host);
    }

    fn shown(&self, host: usize) -> String {
        self.hosts.get(host).map(|host| host.shown().display().to_string()).unwrap_or_default()
    }
}

/// The configuration files of a host that people know by this name.
fn brought(host: usize, name: &str, listing: &Listing) -> Vec<Brought> {
    let brought =
        |ConfigFile { file, text }: &ConfigFile| Brought { host, label: format!("{name}: {file}"), text: text.clone() };
    listing.config.iter().map(brought).collect()
}

/// What is wrong with a file that a host brings.
fn check(brought: &Brought, listing: &Listing) -> Vec<Problem> {
    let owns = |section: &str| listing.subtests.iter().any(|info| info.owns_section(section));
    check_host_file(&brought.label, &brought.text, &owns)
}
