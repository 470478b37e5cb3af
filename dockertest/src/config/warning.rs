//! What is allowed but probably not meant.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::path::Path;

use crate::name::SubtestName;

use super::control::Control;
use super::interpolate::resolve;
use super::problem::{nearest, visible};
use super::section::{Origin, split_list};
use super::tables::{Assigned, DEFAULTS, OWN_SECTIONS, Symbol, Table, Tables, View};
use super::text::Layer;

/// The option that lists options whose shipped values are only examples.
pub(super) const EXAMPLE: &str = "__example__";

/// Options that the framework itself reads from any section.
///
/// ```
/// use dockertest::config::FRAMEWORK_OPTIONS;
///
/// assert!(FRAMEWORK_OPTIONS.contains(&"docker_timeout"));
/// ```
pub const FRAMEWORK_OPTIONS: &[&str] = &[
    "__example__",
    "alone",
    "autotest_version",
    "cleanup_timeout",
    "config_version",
    "docker_options",
    "docker_path",
    "docker_registry_host",
    "docker_registry_user",
    "docker_repo_name",
    "docker_repo_tag",
    "docker_timeout",
    "enable",
    "group",
    "iterations",
    "preserve_cnames",
    "preserve_fqins",
    "remove_after_test",
    "step_timeout",
    "subsubtests",
    "verify_enforcing",
    "wait_ready",
];

/// Something that is probably not meant as it stands. Nothing stops because of it.
///
/// ```
/// use dockertest::config::{Layers, Source};
///
/// # let shipped = vec![("a.ini".to_owned(), "[docker_cli/kill]\nsignals = USR1\n".to_owned())];
/// let typed = Layers::new().defaults(Source::Memory(shipped)).set("docker_cli/kill.sginals=HUP").load()?;
/// let warning = typed.warnings(&[]).remove(0);
/// assert_eq!(warning.origin.to_string(), "--set docker_cli/kill.sginals=HUP");
/// assert_eq!(warning.help.as_deref(), Some("did you mean `signals`?"));
/// # Ok::<(), dockertest::config::LoadFailure>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// Where it stands.
    pub origin: Origin,
    /// What is odd.
    pub message: String,
    /// What to do, when that is known.
    pub help: Option<String>,
}

impl Warning {
    pub(super) fn new(origin: Origin, message: impl Into<String>) -> Self {
        Warning { origin, message: visible(&message.into()), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn meant(self, near: Option<&str>) -> Self {
        match near {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None => self,
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            // A file as a whole has no line.
            Origin::File { path, line: 0 } => write!(f, "{path}: {}", self.message)?,
            origin => write!(f, "{origin}: {}", self.message)?,
        }
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

pub(super) fn ignored_file(path: &Path) -> Warning {
    let origin = Origin::File { path: path.to_string_lossy().into_owned(), line: 0 };
    Warning::new(origin, "is not read: its name does not end in `.ini`")
}

/// The lists of `__example__` of a section and all that is above it, united, in the order in which they are found.
pub(super) fn examples(view: View<'_>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for assigned in view.chain().flat_map(|(_, table)| table.all(Symbol::EXAMPLE)) {
        for name in split_list(&resolve(view, assigned.at).unwrap_or_default()) {
            let name = name.to_lowercase();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// The examples of a section whose value is the shipped one.
pub(super) fn untouched_in(view: View<'_>) -> Vec<(String, &Assigned)> {
    let tables = view.tables;
    let mut untouched = Vec::new();
    for name in examples(view) {
        let Some(option) = tables.symbols.find(&name) else { continue };
        let Some(setting) = view.setting(option) else { continue };
        let shipped = view.chain().flat_map(|(_, table)| table.all(option)).find(|set| set.layer.is_given());
        if shipped.is_some_and(|shipped| tables.raw(shipped.at) == tables.raw(setting.at)) {
            untouched.push((name, setting));
        }
    }
    untouched
}

/// A warning for each example that is still the shipped one: those of `DEFAULTS` once, not for every subtest.
pub(super) fn untouched(tables: &Tables, known: &[SubtestName]) -> Vec<Warning> {
    let mut seen = HashSet::new();
    let mut warnings = Vec::new();
    for section in std::iter::once(DEFAULTS).chain(known.iter().map(SubtestName::as_str)) {
        for (option, setting) in untouched_in(tables.view(section)) {
            if seen.insert(setting.at) {
                let (text, entry) = tables.entry(setting.at);
                let message =
                    format!("option `{option}` of `[{section}]` still has its shipped value, which is only an example");
                let help = format!("set it in a file below config_custom, in section `[{section}]`");
                warnings.push(Warning::new(text.origin(entry), message).help(help));
            }
        }
    }
    warnings
}

/// How many warnings about unknown names come with the nearest known one: comparing takes time.
const MAX_NEAREST: usize = 50;

/// Sections and options outside the shipped layer that nothing shipped knows.
pub(super) fn unknown(tables: &Tables, known: &[SubtestName]) -> Vec<Warning> {
    let mut search = Search {
        tables,
        names: known.iter().map(SubtestName::as_str).collect(),
        shipped: tables.sections.iter().filter(|table| is_shipped(table)).map(|table| (&*table.name, table)).collect(),
        found: BTreeMap::new(),
    };
    for table in &tables.sections {
        let Some(header) = table.headers[Layer::Custom as usize..].iter().flatten().min() else { continue };
        if search.is_known_section(&table.name) {
            search.options(table);
        } else if !search.names.is_empty() {
            search.section(table, *header);
        }
    }
    search.left_out();
    search.found.into_values().collect()
}

fn is_shipped(table: &Table) -> bool {
    [Layer::Shipped, Layer::Host].iter().any(|layer| table.headers[*layer as usize].is_some())
}

struct Search<'a> {
    tables: &'a Tables,
    /// All subtests and sub-subtests.
    names: BTreeSet<&'a str>,
    /// All sections of the shipped layer.
    shipped: BTreeMap<&'a str, &'a Table>,
    /// By text, line and entry.
    found: BTreeMap<(u32, u32, u32), Warning>,
}

impl<'a> Search<'a> {
    fn is_known_section(&self, name: &str) -> bool {
        let own = name == DEFAULTS || name == "DEFAULT" || OWN_SECTIONS.contains(&name);
        let below = format!("{name}/");
        let has_children = || self.names.range(below.as_str()..).next().is_some_and(|next| next.starts_with(&below));
        own || self.shipped.contains_key(name) || self.names.contains(name) || has_children() || self.is_listed(name)
    }

    /// Whether the section above lists this one among its `subsubtests`.
    fn is_listed(&self, name: &str) -> bool {
        let Some((parent, child)) = name.rsplit_once('/') else { return false };
        let Some(option) = self.tables.symbols.find("subsubtests") else { return false };
        let view = self.tables.view(parent);
        let listed = view.setting(option).and_then(|setting| resolve(view, setting.at));
        listed.is_some_and(|list| split_list(&list).any(|item| item == child))
    }

    fn section(&mut self, table: &Table, (text, line): (u32, u32)) {
        let candidates = self.names.iter().copied().chain(self.shipped.keys().copied()).chain([DEFAULTS]);
        let near = if self.found.len() < MAX_NEAREST { nearest(&table.name, candidates) } else { None };
        let from = &self.tables.texts[text as usize];
        let origin = match from.layer {
            Layer::CommandLine => Origin::CommandLine { argument: from.path.clone() },
            Layer::Shipped | Layer::Host | Layer::Custom => Origin::File { path: from.path.clone(), line },
        };
        let warning = Warning::new(origin, format!("section `[{}]` belongs to no subtest", table.name)).meant(near);
        self.found.insert((text, line, 0), warning);
    }

    /// Names that the user's `exclude` leaves out and that nothing has. In the other lists of `[Control]` such a name
    /// keeps a run from starting, so there it is told anyway.
    fn left_out(&mut self) {
        let view = self.tables.view(Control::SECTION);
        let Some(option) = self.tables.symbols.find("exclude") else { return };
        let Some(setting) = view.setting(option).filter(|setting| !setting.layer.is_given()) else { return };
        if self.names.is_empty() {
            return;
        }
        let (text, entry) = self.tables.entry(setting.at);
        let list = resolve(view, setting.at).unwrap_or_default();
        let unknown = split_list(&list).filter(|name| !self.names.contains(name));
        let shipped = self.shipped_excludes(option);
        for (number, name) in (0..).zip(unknown.filter(|name| !shipped.contains(&(*name).to_owned()))) {
            let near = nearest(name, self.names.iter().copied());
            let message = format!("option `exclude` of `[Control]` leaves out `{name}`, which belongs to no subtest");
            let warning = Warning::new(text.origin(entry), message).meant(near);
            self.found.insert((setting.at.text, entry.line, setting.at.entry + number), warning);
        }
    }

    /// What the shipped list leaves out: a list of the user's own often begins as a copy of it.
    fn shipped_excludes(&self, option: Symbol) -> Vec<String> {
        let view = self.tables.view(Control::SECTION);
        let all = view.chain().flat_map(|(_, table)| table.all(option));
        let shipped = all.filter(|assigned| assigned.layer.is_given());
        let lists = shipped.filter_map(|assigned| resolve(view, assigned.at));
        lists.flat_map(|list| split_list(&list).map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    /// Options of a section that the user set and that nothing shipped has.
    fn options(&mut self, table: &'a Table) {
        let tables = self.tables;
        let name = &*table.name;
        let set_by_user = table.effective().filter(|assigned| !assigned.layer.is_given());
        let known = self.known_options(table);
        let view = tables.view(name);
        // Of a subtest without a shipped section nobody here knows the options: only likely slips are told.
        let is_described = view.chain().any(|(id, table)| Some(id) != view.defaults && is_shipped(table));
        for assigned in set_by_user {
            let option = tables.symbols.name(assigned.option);
            let is_framework = FRAMEWORK_OPTIONS.contains(&option);
            if known.contains(&assigned.option) || is_framework || is_referred_to(tables, table, option) {
                continue;
            }
            let known = known.iter().map(|symbol| tables.symbols.name(*symbol));
            let candidates = known.chain(FRAMEWORK_OPTIONS.iter().copied());
            let near = if self.found.len() < MAX_NEAREST { nearest(option, candidates) } else { None };
            if is_described || near.is_some() {
                let (text, entry) = tables.entry(assigned.at);
                let message = format!("nothing reads option `{option}` of section `[{name}]`");
                let elsewhere = self.in_own_section(assigned.option).map(|section| format!("{section}.{option}"));
                let warning = Warning::new(text.origin(entry), message).meant(elsewhere.as_deref().or(near));
                self.found.insert((assigned.at.text, entry.line, assigned.at.entry), warning);
            }
        }
    }

    /// The section of the framework's own that has the option in the shipped layer.
    fn in_own_section(&self, option: Symbol) -> Option<&'static str> {
        let has = |table: &&Table| table.all(option).iter().any(|assigned| assigned.layer.is_given());
        OWN_SECTIONS.into_iter().find(|section| self.shipped.get(section).is_some_and(has))
    }

    /// Options that the shipped layer sets in a section, above it, or below it (what is set above is inherited, but for the
    /// framework's own sections).
    fn known_options(&self, table: &'a Table) -> HashSet<Symbol> {
        let shipped = |table: &'a Table| {
            table.assigned.iter().filter(|assigned| assigned.layer.is_given()).map(|assigned| assigned.option)
        };
        if &*table.name == DEFAULTS {
            let inherits = |table: &&Table| !OWN_SECTIONS.contains(&&*table.name);
            return self.tables.sections.iter().filter(inherits).flat_map(shipped).collect();
        }
        let below = format!("{}/", table.name);
        let children = self.shipped.range(below.as_str()..).take_while(|(name, _)| name.starts_with(&below));
        let above = self.tables.view(&table.name).chain().map(|(_, table)| table);
        above.chain(children.map(|(_, table)| *table)).flat_map(shipped).collect()
    }
}

/// Whether another value of the section refers to the option: then it is a helper of the user's own.
fn is_referred_to(tables: &Tables, table: &Table, option: &str) -> bool {
    let reference = format!("%({option})s");
    let mut referring = table.effective().filter(|assigned| tables.entry(assigned.at).1.references);
    referring.any(|assigned| tables.raw(assigned.at).to_lowercase().contains(&reference))
}
