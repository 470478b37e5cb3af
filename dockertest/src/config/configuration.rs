//! The loaded configuration: what applies to each section.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;
use std::sync::Arc;

use crate::name::SubtestName;

use super::interpolate::resolve;
use super::section::{Section, Setting};
use super::tables::{Assigned, DEFAULTS, Tables, View};
use super::text::Layer;
use super::warning::{self, EXAMPLE, Warning};

/// All layers together. Cloning is cheap.
///
/// ```
/// use dockertest::config::{Layers, Source};
///
/// let text = "[DEFAULTS]\ndocker_timeout = 300\n[docker_cli/version]\n[docker_cli/kill]\n".to_owned();
/// let files = Source::Memory(vec![("shipped.ini".to_owned(), text)]);
/// let configuration = Layers::new().defaults(files).load()?;
/// assert_eq!(configuration.sections().collect::<Vec<_>>(), ["docker_cli/kill", "docker_cli/version"]);
/// assert!(configuration.has_section("docker_cli/kill") && !configuration.has_section("docker_cli"));
/// assert_eq!(configuration.defaults().get("docker_timeout"), Some("300"));
/// assert_eq!(configuration.files().collect::<Vec<_>>(), ["shipped.ini"]);
/// # Ok::<(), dockertest::config::LoadFailure>(())
/// ```
#[derive(Debug, Clone)]
pub struct Configuration {
    tables: Arc<Tables>,
    /// What was noticed while loading.
    noticed: Arc<[Warning]>,
}

impl Configuration {
    pub(super) fn new(tables: Tables, mut warnings: Vec<Warning>, ignored: &[PathBuf]) -> Self {
        warnings.extend(ignored.iter().map(|path| warning::ignored_file(path)));
        Configuration { tables: Arc::new(tables), noticed: warnings.into() }
    }

    /// The names of all sections that stand in a file or on the command line, sorted, without `DEFAULTS`.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// let typed = Layers::new().set("example.iterations=3").set("docker_timeout=60").load()?;
    /// assert_eq!(typed.sections().collect::<Vec<_>>(), ["example"]);
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    pub fn sections(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<&str> = self.tables.sections.iter().map(|table| &*table.name).collect();
        names.retain(|name| *name != DEFAULTS && *name != "DEFAULT");
        names.sort_unstable();
        names.into_iter()
    }

    /// Whether a section of exactly this name stands in a file or on the command line.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// let typed = Layers::new().set("docker_cli/kill.enable=no").load()?;
    /// assert!(typed.has_section("docker_cli/kill"));
    /// assert!(!typed.has_section("docker_cli/kill/sigstop")); // although it has options: those of the section above
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    #[must_use]
    pub fn has_section(&self, name: &str) -> bool {
        self.tables.section_id(name).is_some()
    }

    /// What applies to a section: its own options, then those of the sections above it (`docker_cli/kill` is above
    /// `docker_cli/kill/sigstop`), then `DEFAULTS`; of each the one that was typed, then the custom, then the shipped one.
    ///
    /// The section need not exist; one that does not has what is above it. The option `subsubtests` is not inherited
    /// from above, and the lists of `__example__` are united. The sections of `control.ini` have no `DEFAULTS`.
    ///
    /// ```
    /// # use dockertest::config::{Layers, Source};
    /// let text = "[DEFAULTS]
    /// docker_timeout = 300
    /// [docker_cli/kill]
    /// signals = USR1, HUP
    /// [docker_cli/kill/sigstop]
    /// docker_timeout = 20
    /// ";
    /// # let files = Source::Memory(vec![("kill.ini".to_owned(), text.to_owned())]);
    /// # let configuration = Layers::new().defaults(files).load()?;
    /// let sigstop = configuration.section("docker_cli/kill/sigstop");
    /// assert_eq!(sigstop.get("signals"), Some("USR1, HUP"));
    /// assert_eq!(sigstop.get("docker_timeout"), Some("20"));
    /// // Stands nowhere, so all it has comes from above:
    /// assert_eq!(configuration.section("docker_cli/kill/run_tty").get("docker_timeout"), Some("300"));
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    #[must_use]
    pub fn section(&self, name: &str) -> Section {
        let view = self.tables.view(name);
        let mut settings = BTreeMap::new();
        for (id, table) in view.chain() {
            for assigned in table.effective().filter(|assigned| view.takes(id, assigned.option)) {
                let option = self.tables.symbols.name(assigned.option);
                if let Entry::Vacant(free) = settings.entry(option.to_owned()) {
                    free.insert(self.setting(view, assigned));
                }
            }
        }
        if let Some(examples) = settings.get_mut(EXAMPLE) {
            examples.value = warning::examples(view).join(", ");
        }
        Section { name: name.to_owned(), settings }
    }

    /// `DEFAULTS` alone.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// let defaults = Layers::new().set("docker_path=/usr/bin/podman").load()?.defaults();
    /// assert_eq!((defaults.name.as_str(), defaults.get("docker_path")), ("DEFAULTS", Some("/usr/bin/podman")));
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    #[must_use]
    pub fn defaults(&self) -> Section {
        self.section(DEFAULTS)
    }

    /// Visits every value of every section as [`Configuration::section`] has it (but for `__example__`), without
    /// copying those that refer to nothing: section, option, value.
    ///
    /// ```
    /// # use dockertest::config::{Layers, Source};
    /// let text = "[DEFAULTS]\nname = busybox\n[example]\nimage = %(name)s:latest\n".to_owned();
    /// # let files = Source::Memory(vec![("example.ini".to_owned(), text)]);
    /// # let configuration = Layers::new().defaults(files).load()?;
    /// let mut images = Vec::new();
    /// configuration.visit(|section, option, value| {
    ///     if option == "image" {
    ///         images.push(format!("{section}: {value}"));
    ///     }
    /// });
    /// assert_eq!(images, ["example: busybox:latest"]);
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    pub fn visit(&self, mut visitor: impl FnMut(&str, &str, &str)) {
        // For each option the last section that had it.
        let mut seen = vec![usize::MAX; self.tables.symbols.count()];
        for (number, (view, section)) in self.tables.views().zip(&self.tables.sections).enumerate() {
            for (id, table) in view.chain() {
                for assigned in table.effective().filter(|assigned| view.takes(id, assigned.option)) {
                    if std::mem::replace(&mut seen[assigned.option.index()], number) == number {
                        continue;
                    }
                    visitor(&section.name, self.tables.symbols.name(assigned.option), &value(view, assigned));
                }
            }
        }
    }

    /// What is probably not meant as it stands: options and sections that nothing knows (with the nearest name that
    /// something does), options set twice, files that are not read.
    ///
    /// `known_subthings` are the names of all subtests and sub-subtests; without any, sections are not checked.
    ///
    /// ```
    /// # use dockertest::config::{Layers, Source};
    /// # let file = |name: &str, text: &str| Source::Memory(vec![(name.to_owned(), text.to_owned())]);
    /// let shipped = file("kill.ini", "[docker_cli/kill]\nsignals = USR1\n");
    /// let custom = file("mine.ini", "[docker_cli/kill]\nsignal = HUP\n");
    /// let configuration = Layers::new().defaults(shipped).custom(custom).load()?;
    /// assert_eq!(
    ///     configuration.warnings(&[])[0].to_string(),
    ///     "mine.ini:2: nothing reads option `signal` of section `[docker_cli/kill]`; did you mean `signals`?"
    /// );
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    #[must_use]
    pub fn warnings(&self, known_subthings: &[SubtestName]) -> Vec<Warning> {
        let mut warnings = self.noticed.to_vec();
        warnings.extend(warning::unknown(&self.tables, known_subthings));
        warnings
    }

    /// Options of these subtests, and of `DEFAULTS`, whose shipped values are only examples (`__example__`) and still
    /// stand.
    ///
    /// ```
    /// # use dockertest::config::{Layers, Source};
    /// let text = "[docker_cli/login]\nuser = nobody\n__example__ = user\n".to_owned();
    /// # let files = Source::Memory(vec![("login.ini".to_owned(), text)]);
    /// let login = "docker_cli/login".parse()?;
    /// let layers = Layers::new().defaults(files);
    /// let untouched = layers.clone().load()?;
    /// assert_eq!(untouched.example_warnings(std::slice::from_ref(&login)).len(), 1);
    /// assert_eq!(untouched.untouched_examples("docker_cli/login"), ["user"]);
    ///
    /// let adapted = layers.set("docker_cli/login.user=me").load()?;
    /// assert!(adapted.example_warnings(&[login]).is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn example_warnings(&self, subthings: &[SubtestName]) -> Vec<Warning> {
        warning::untouched(&self.tables, subthings)
    }

    /// The options that `__example__` lists for this section and whose values are still the shipped ones.
    ///
    /// ```
    /// # use dockertest::config::{Layers, Source};
    /// let text = "[DEFAULTS]\ndocker_repo_name = busybox\n__example__ = docker_repo_name\n".to_owned();
    /// # let layers = Layers::new().defaults(Source::Memory(vec![("defaults.ini".to_owned(), text)]));
    /// let shipped = layers.clone().load()?;
    /// assert_eq!(shipped.untouched_examples("docker_cli/version"), ["docker_repo_name"]);
    /// let adapted = layers.set("docker_cli/version.docker_repo_name=alpine").load()?;
    /// assert!(adapted.untouched_examples("docker_cli/version").is_empty());
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    #[must_use]
    pub fn untouched_examples(&self, section: &str) -> Vec<String> {
        warning::untouched_in(self.tables.view(section)).into_iter().map(|(option, _)| option).collect()
    }

    /// The files that were read, in the order of reading.
    ///
    /// ```
    /// # use dockertest::config::{Layers, Source};
    /// let texts = ["b.ini", "a.ini"].map(|label| (label.to_owned(), String::new()));
    /// let configuration = Layers::new().defaults(Source::Memory(texts.to_vec())).set("iterations=3").load()?;
    /// assert_eq!(configuration.files().collect::<Vec<_>>(), ["b.ini", "a.ini"]);
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.tables.texts.iter().filter(|text| text.layer != Layer::CommandLine).map(|text| text.path.as_str())
    }

    fn setting(&self, view: View<'_>, assigned: &Assigned) -> Setting {
        let (text, entry) = self.tables.entry(assigned.at);
        Setting { value: value(view, assigned).into_owned(), origin: text.origin(entry) }
    }
}

fn value<'a>(view: View<'a>, assigned: &Assigned) -> Cow<'a, str> {
    resolve(view, assigned.at).unwrap_or_else(|| Cow::Borrowed(view.tables.raw(assigned.at)))
}
