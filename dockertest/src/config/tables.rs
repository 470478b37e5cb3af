//! All sections of all texts, merged: which options a section has, which of several values counts, and what is above it.

use std::collections::HashMap;
use std::sync::Arc;

use super::problem::Problem;
use super::text::{Layer, Text};
use super::warning::{EXAMPLE, Warning};

/// The section whose options stand in for what a section does not set.
pub(super) const DEFAULTS: &str = "DEFAULTS";
/// The parser's own default section: its options stand in for the sections of the same file.
const FILE_DEFAULTS: &str = "DEFAULT";
/// Sections that are about the run, not about a subtest: `DEFAULTS` says nothing to them.
pub(super) const OWN_SECTIONS: [&str; 4] = ["Control", "environment", "Bugzilla", "Query"];
/// How many options that are set twice are told.
const MAX_DUPLICATES: usize = 100;
/// How many options `[DEFAULT]` sections may add to the sections of their files, over all files.
const MAX_PADDED: usize = 1_000_000;

/// An option's lower-case name, as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Symbol(u32);

impl Symbol {
    /// The symbol as an index into a list with an item for each symbol.
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }

    /// The option that belongs to the section that sets it and not to its children.
    const SUBSUBTESTS: Symbol = Symbol(0);
    /// The option that lists options whose shipped values are only examples.
    pub(super) const EXAMPLE: Symbol = Symbol(1);
}

/// Names of options, each kept once.
#[derive(Debug)]
pub(super) struct Symbols {
    by_name: HashMap<Arc<str>, Symbol>,
    names: Vec<Arc<str>>,
}

impl Default for Symbols {
    fn default() -> Self {
        let mut symbols = Symbols { by_name: HashMap::new(), names: Vec::new() };
        for name in ["subsubtests", EXAMPLE] {
            symbols.intern(name);
        }
        symbols
    }
}

impl Symbols {
    pub(super) fn find(&self, name: &str) -> Option<Symbol> {
        if let Some(symbol) = self.by_name.get(name) {
            return Some(*symbol);
        }
        self.by_name.get(name.to_lowercase().as_str()).copied()
    }

    /// How many names there are.
    pub(super) fn count(&self) -> usize {
        self.names.len()
    }

    pub(super) fn name(&self, symbol: Symbol) -> &str {
        &self.names[symbol.index()]
    }

    fn intern(&mut self, name: &str) -> Symbol {
        if let Some(symbol) = self.by_name.get(name) {
            return *symbol;
        }
        // Names with capitals are not kept as they are: each spelling would be a new entry.
        let lower: Arc<str> = name.to_lowercase().into();
        let next = Symbol(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        *self.by_name.entry(lower).or_insert_with_key(|lower| {
            self.names.push(Arc::clone(lower));
            next
        })
    }
}

/// Where an option is set: an entry of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) text: u32,
    pub(super) entry: u32,
}

/// One setting of an option in a section.
#[derive(Debug, Clone, Copy)]
pub(super) struct Assigned {
    pub(super) option: Symbol,
    pub(super) layer: Layer,
    /// Whether it comes from the `[DEFAULT]` section of the file and not from the section itself.
    padded: bool,
    pub(super) at: Place,
}

impl Assigned {
    /// Sorts the one that counts before the others of the same option.
    fn rank(&self) -> impl Ord + use<> {
        let Place { text, entry } = self.at;
        (self.option, std::cmp::Reverse(self.layer), self.padded, std::cmp::Reverse((text, entry)))
    }
}

/// A section's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SectionId(u32);

/// A section as all texts together set it.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: Box<str>,
    /// All settings, sorted by [`Assigned::rank`].
    pub(super) assigned: Vec<Assigned>,
    /// The nearest section above it by name.
    pub(super) parent: Option<SectionId>,
    /// The layers that have the section, and where it first stands in each.
    pub(super) headers: [Option<(u32, u32)>; Layer::COUNT],
    /// The text and line of its last header, while texts are added.
    last_header: (u32, u32),
}

impl Table {
    /// The settings of an option, the one that counts first.
    pub(super) fn all(&self, option: Symbol) -> &[Assigned] {
        let start = self.assigned.partition_point(|assigned| assigned.option < option);
        let count = self.assigned[start..].iter().take_while(|assigned| assigned.option == option).count();
        &self.assigned[start..start + count]
    }

    /// The setting that counts.
    pub(super) fn find(&self, option: Symbol) -> Option<&Assigned> {
        let start = self.assigned.partition_point(|assigned| assigned.option < option);
        self.assigned.get(start).filter(|assigned| assigned.option == option)
    }

    /// The settings that count, one an option.
    pub(super) fn effective(&self) -> impl Iterator<Item = &Assigned> {
        self.assigned.chunk_by(|a, b| a.option == b.option).filter_map(|settings| settings.first())
    }
}

/// All sections.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) texts: Vec<Text>,
    pub(super) symbols: Symbols,
    pub(super) sections: Vec<Table>,
    by_name: HashMap<Box<str>, SectionId>,
    defaults: Option<SectionId>,
}

/// What merging has brought besides the tables.
#[derive(Debug, Default)]
pub(super) struct Merged {
    pub(super) tables: Tables,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Warning>,
}

impl Merged {
    /// Merges texts, which come in the order of their layers.
    pub(super) fn new(texts: Vec<Text>) -> Merged {
        let mut merged = Merged { tables: Tables { texts, ..Tables::default() }, ..Merged::default() };
        let mut padded = 0;
        for index in 0..merged.tables.texts.len() {
            merged.add_text(index, &mut padded);
        }
        for table in &mut merged.tables.sections {
            table.assigned.sort_unstable_by_key(Assigned::rank);
        }
        merged.tables.defaults = merged.tables.section_id(DEFAULTS);
        merged.tables.find_parents();
        merged.find_duplicates();
        merged
    }

    fn add_text(&mut self, index: usize, padded: &mut usize) {
        let tables = &mut self.tables;
        let text = &tables.texts[index];
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let mut file_defaults = None;
        let mut sections = Vec::with_capacity(text.parsed.headers.len());
        for (position, header) in text.parsed.headers.iter().enumerate() {
            let name = header.name.of(&text.text);
            let id = match tables.by_name.get(name) {
                Some(id) => *id,
                None => add_section(&mut tables.sections, &mut tables.by_name, name),
            };
            let table = &mut tables.sections[id.0 as usize];
            if table.last_header.0 == number {
                let message = format!("section `[{name}]` stands in this file a second time");
                let problem = text.problem(header.name, message).help("put all its options under one header");
                self.problems.push(problem.related(&text.path, table.last_header.1, "it starts here"));
                continue;
            }
            table.last_header = (number, header.line);
            table.headers[text.layer as usize].get_or_insert((number, header.line));
            let entries = text.parsed.entries_of(position);
            table.assigned.reserve(entries.len());
            for entry in entries {
                let option = tables.symbols.intern(text.parsed.entries[entry].name.of(&text.text));
                let at = Place { text: number, entry: u32::try_from(entry).unwrap_or(u32::MAX) };
                table.assigned.push(Assigned { option, layer: text.layer, padded: false, at });
            }
            if name == FILE_DEFAULTS {
                file_defaults = Some(id);
            } else if name != DEFAULTS {
                sections.push(id);
            }
        }
        if let Some(id) = file_defaults {
            self.pad(index, id, &sections, padded);
        }
    }

    /// Gives the options of a file's `[DEFAULT]` to all sections of the file, and forgets them.
    fn pad(&mut self, index: usize, defaults: SectionId, sections: &[SectionId], padded: &mut usize) {
        let options = std::mem::take(&mut self.tables.sections[defaults.0 as usize].assigned);
        *padded = padded.saturating_add(options.len().saturating_mul(sections.len()));
        if *padded > MAX_PADDED {
            let message = format!("`[DEFAULT]` would add more than {MAX_PADDED} options to the sections of this file");
            let problem = Problem::of_file(&self.tables.texts[index].path, message);
            self.problems.push(problem.help("use `[DEFAULTS]`, which costs nothing for each section"));
            return;
        }
        for id in sections {
            let table = &mut self.tables.sections[id.0 as usize];
            table.assigned.extend(options.iter().map(|option| Assigned { padded: true, ..*option }));
        }
    }

    /// Options that are set twice: in one section a warning, in two files of a layer a problem.
    fn find_duplicates(&mut self) {
        let Merged { tables, problems, warnings } = self;
        for table in &tables.sections {
            for (used, unused) in duplicates(table) {
                let in_one_file = used.at.text == unused.at.text;
                if in_one_file && warnings.len() < MAX_DUPLICATES {
                    warnings.push(tables.set_twice(table, used, unused));
                } else if !in_one_file && problems.len() < MAX_DUPLICATES {
                    problems.push(tables.set_in_two_files(table, used, unused));
                }
            }
        }
    }
}

/// Settings of one option that the same layer has twice: the one that counts and the one before it.
fn duplicates(table: &Table) -> impl Iterator<Item = (&Assigned, &Assigned)> {
    let is_duplicate = |used: &Assigned, unused: &Assigned| {
        let written = !used.padded && !unused.padded && used.layer != Layer::CommandLine;
        written && used.option == unused.option && used.layer == unused.layer
    };
    let pairs = table.assigned.iter().zip(table.assigned.iter().skip(1));
    pairs.filter(move |(used, unused)| is_duplicate(used, unused))
}

fn add_section(sections: &mut Vec<Table>, by_name: &mut HashMap<Box<str>, SectionId>, name: &str) -> SectionId {
    let id = SectionId(u32::try_from(sections.len()).unwrap_or(u32::MAX));
    by_name.insert(name.into(), id);
    sections.push(Table {
        name: name.into(),
        assigned: Vec::new(),
        parent: None,
        headers: [None; Layer::COUNT],
        last_header: (u32::MAX, 0),
    });
    id
}

impl Tables {
    fn set_twice(&self, table: &Table, used: &Assigned, unused: &Assigned) -> Warning {
        let (text, entry) = self.entry(used.at);
        let (_, first) = self.entry(unused.at);
        let option = self.symbols.name(used.option);
        let message = format!("option `{option}` of section `[{}]` is set twice; the last value counts", table.name);
        Warning::new(text.origin(entry), message).help(format!("it was set before at {}:{}", text.path, first.line))
    }

    fn set_in_two_files(&self, table: &Table, used: &Assigned, unused: &Assigned) -> Problem {
        let (text, entry) = self.entry(used.at);
        let (other, first) = self.entry(unused.at);
        let option = self.symbols.name(used.option);
        let message = format!("option `{option}` of section `[{}]` is set in two files", table.name);
        let problem = text.problem(entry.name, message).help("remove one: the order of files means nothing");
        problem.related(&other.path, first.line, "it is also set here")
    }

    pub(super) fn section(&self, id: SectionId) -> &Table {
        &self.sections[id.0 as usize]
    }

    pub(super) fn section_id(&self, name: &str) -> Option<SectionId> {
        self.by_name.get(name).copied()
    }

    pub(super) fn entry(&self, at: Place) -> (&Text, &super::parse::Entry) {
        let text = &self.texts[at.text as usize];
        (text, text.entry(at.entry))
    }

    /// The value as written.
    pub(super) fn raw(&self, at: Place) -> &str {
        let (text, entry) = self.entry(at);
        text.value(entry)
    }

    /// The nearest section above `name`.
    fn above(&self, name: &str) -> Option<SectionId> {
        let mut rest = name;
        while let Some((parent, _)) = rest.rsplit_once('/') {
            if let Some(id) = self.section_id(parent) {
                return Some(id);
            }
            rest = parent;
        }
        None
    }

    fn find_parents(&mut self) {
        for index in 0..self.sections.len() {
            let parent = self.above(&self.sections[index].name);
            self.sections[index].parent = parent.filter(|id| &*self.section(*id).name != DEFAULTS);
        }
    }

    /// What applies to a section, whether it stands in a file or not.
    pub(super) fn view(&self, name: &str) -> View<'_> {
        match self.section_id(name) {
            Some(id) => self.view_of(id),
            None => {
                let defaults = self.defaults.filter(|_| !OWN_SECTIONS.contains(&name));
                View { tables: self, own: None, above: self.above(name), defaults }
            }
        }
    }

    /// What applies to a section that stands in a file.
    pub(super) fn view_of(&self, id: SectionId) -> View<'_> {
        let table = self.section(id);
        let defaults = self.defaults.filter(|defaults| *defaults != id && !OWN_SECTIONS.contains(&&*table.name));
        View { tables: self, own: Some(id), above: table.parent, defaults }
    }

    /// All sections, in the order in which they were first seen.
    pub(super) fn views(&self) -> impl Iterator<Item = View<'_>> {
        (0..).map(SectionId).take(self.sections.len()).map(|id| self.view_of(id))
    }
}

/// A section with what is above it and `DEFAULTS`.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) tables: &'a Tables,
    pub(super) own: Option<SectionId>,
    above: Option<SectionId>,
    pub(super) defaults: Option<SectionId>,
}

impl<'a> View<'a> {
    /// The sections that apply, the nearest first.
    pub(super) fn chain(self) -> impl Iterator<Item = (SectionId, &'a Table)> {
        let tables = self.tables;
        let above = std::iter::successors(self.above, move |id| tables.section(*id).parent);
        self.own.into_iter().chain(above).chain(self.defaults).map(move |id| (id, tables.section(id)))
    }

    /// Whether the options of a section in the chain that are not inherited apply here.
    pub(super) fn takes(self, id: SectionId, option: Symbol) -> bool {
        option != Symbol::SUBSUBTESTS || Some(id) == self.own || Some(id) == self.defaults
    }

    /// The nearest setting, for a reference: `subsubtests` of a parent can be referred to.
    pub(super) fn find(self, option: Symbol) -> Option<&'a Assigned> {
        self.chain().find_map(|(_, table)| table.find(option))
    }

    /// The nearest setting that applies here.
    pub(super) fn setting(self, option: Symbol) -> Option<&'a Assigned> {
        self.chain().find_map(|(id, table)| table.find(option).filter(|_| self.takes(id, option)))
    }
}
