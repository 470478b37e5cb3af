//! What is allowed but probably not meant.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::path::Path;

use crate::name::SubtestName;

use super::interpolate::resolve;
use super::problem::nearest;
use super::section::{Origin, split_list};
use super::tables::{Assigned, DEFAULTS, OWN_SECTIONS, Symbol, Table, Tables, View};
use super::text::Layer;

/// The option that lists options whose shipped values are only examples.
pub(super) const EXAMPLE: &str = "__example__";

/// Options that the framework itself reads from any section.
pub const FRAMEWORK_OPTIONS: [&str; 20] = [
    "__example__",
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
        Warning { origin, message: message.into(), help: None }
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
    let Some(option) = view.tables.symbols.find(EXAMPLE) else { return names };
    for assigned in view.chain().flat_map(|(_, table)| table.all(option)) {
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
        let shipped = view.chain().flat_map(|(_, table)| table.all(option)).find(|set| set.layer == Layer::Shipped);
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

/// Sections and options outside the shipped layer that nothing shipped knows.
pub(super) fn unknown(tables: &Tables, known: &[SubtestName]) -> Vec<Warning> {
    let names: BTreeSet<&str> = known.iter().map(SubtestName::as_str).collect();
    let mut by_place = BTreeMap::new();
    for table in &tables.sections {
        let custom = table.headers[1..].iter().flatten().min();
        let Some((text, line)) = custom.copied() else { continue };
        if is_known_section(tables, table, &names) {
            for (assigned, warning) in unknown_options(tables, table, &names) {
                by_place.insert((assigned.at.text, tables.entry(assigned.at).1.line, assigned.at.entry), warning);
            }
        } else if !names.is_empty() {
            let shipped = tables.sections.iter().filter(|other| other.headers[0].is_some()).map(|other| &*other.name);
            let near = nearest(&table.name, names.iter().copied().chain(shipped));
            let text_of = &tables.texts[text as usize];
            let origin = match text_of.layer {
                Layer::CommandLine => Origin::CommandLine { argument: text_of.path.clone() },
                Layer::Shipped | Layer::Custom => Origin::File { path: text_of.path.clone(), line },
            };
            let warning = Warning::new(origin, format!("section `[{}]` belongs to no subtest", table.name)).meant(near);
            by_place.insert((text, line, 0), warning);
        }
    }
    by_place.into_values().collect()
}

fn is_known_section(tables: &Tables, table: &Table, names: &BTreeSet<&str>) -> bool {
    let name = &*table.name;
    if name == DEFAULTS || name == "DEFAULT" || OWN_SECTIONS.contains(&name) || table.headers[0].is_some() {
        return true;
    }
    let has_children = || {
        let below = format!("{name}/");
        names.range(below.as_str()..).next().is_some_and(|next| next.starts_with(&below))
    };
    names.contains(name) || has_children() || is_listed_child(tables, name)
}

/// Whether the section above lists this one among its `subsubtests`.
fn is_listed_child(tables: &Tables, name: &str) -> bool {
    let Some((parent, child)) = name.rsplit_once('/') else { return false };
    let Some(option) = tables.symbols.find("subsubtests") else { return false };
    let view = tables.view(parent);
    let listed = view.setting(option).and_then(|setting| resolve(view, setting.at));
    listed.is_some_and(|list| split_list(&list).any(|item| item == child))
}

/// Options that are set outside the shipped layer and known nowhere in it.
fn unknown_options<'a>(tables: &'a Tables, table: &'a Table, names: &BTreeSet<&str>) -> Vec<(&'a Assigned, Warning)> {
    let set_by_user = table.effective().filter(|assigned| assigned.layer != Layer::Shipped);
    let shipped =
        |table: &'a Table| table.assigned.iter().filter(|set| set.layer == Layer::Shipped).map(|set| set.option);
    let view = tables.view(&table.name);
    let mut known: HashSet<Symbol> = view.chain().flat_map(|(_, table)| shipped(table)).collect();
    let name = &*table.name;
    if name == DEFAULTS {
        known.extend(tables.sections.iter().flat_map(shipped));
    } else if known.is_empty() || (!names.contains(name) && table.headers[0].is_none()) {
        // Nothing is shipped for it: a subtest of the user's own, whose options only it knows.
        return Vec::new();
    }
    let own_shipped = view.own.is_some()
        && (table.headers[0].is_some()
            || view
                .chain()
                .any(|(id, above)| Some(id) != view.own && Some(id) != view.defaults && above.headers[0].is_some()));
    if !own_shipped && name != DEFAULTS {
        return Vec::new();
    }
    let mut found = Vec::new();
    for assigned in set_by_user {
        let option = tables.symbols.name(assigned.option);
        if known.contains(&assigned.option)
            || FRAMEWORK_OPTIONS.contains(&option)
            || is_referred_to(tables, table, option)
        {
            continue;
        }
        let near = nearest(option, known.iter().map(|symbol| tables.symbols.name(*symbol)).chain(FRAMEWORK_OPTIONS));
        let (text, entry) = tables.entry(assigned.at);
        let message = format!("nothing reads option `{option}` of section `[{name}]`");
        found.push((assigned, Warning::new(text.origin(entry), message).meant(near)));
    }
    found
}

/// Whether another value of the section refers to the option: then it is a helper of the user's own.
fn is_referred_to(tables: &Tables, table: &Table, option: &str) -> bool {
    let reference = format!("%({option})s");
    let mut referring = table.effective().filter(|assigned| tables.entry(assigned.at).1.references);
    referring.any(|assigned| tables.raw(assigned.at).to_lowercase().contains(&reference))
}
