//! `%(option)s` and `%%`: values that refer to other values of the section.

use std::borrow::Cow;
use std::collections::HashSet;

use super::problem::{Problem, nearest};
use super::tables::{DEFAULTS, Place, SectionId, Symbol, Tables, View};

/// How many references may follow from each other.
const MAX_DEPTH: usize = 10;
/// The longest value that references may produce, in bytes.
const MAX_VALUE: usize = 1 << 20;
/// How many references one value may need, directly and indirectly.
const MAX_REFERENCES: u32 = 10_000;
/// How many values and references a whole configuration may need to be resolved.
const MAX_WORK: u64 = 20_000_000;
/// How many options are compared with an unknown name.
const MAX_CANDIDATES: usize = 1000;
/// How many problems are reported.
const MAX_PROBLEMS: usize = 100;

/// A reference that cannot be resolved: which entry holds it, and the bytes of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unresolved {
    at: Place,
    from: usize,
    to: usize,
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    LonePercent,
    NotClosed,
    NoName,
    Unknown(String),
    /// The options of the loop, from the first to where it comes back.
    Loop(Vec<Place>),
    TooDeep,
    TooLong,
    TooMany,
}

/// A value with everything it refers to, or nothing when it cannot be resolved (which loading has reported).
pub(super) fn resolve<'a>(view: View<'a>, at: Place) -> Option<Cow<'a, str>> {
    let (text, entry) = view.tables.entry(at);
    if !entry.references {
        return Some(Cow::Borrowed(text.value(entry)));
    }
    let mut out = String::new();
    let mut expansion = Expansion { view, stack: Vec::new(), references: 0 };
    expansion.expand(at, &mut out).ok().map(|()| Cow::Owned(out))
}

/// Resolves all values of all sections and reports those that cannot be.
pub(super) fn check(tables: &Tables) -> Vec<Problem> {
    let mut check = Check { tables, seen: HashSet::new(), problems: Vec::new(), out: String::new(), work: 0 };
    let defaults = tables.section_id(DEFAULTS);
    let defaults_referring: Vec<(Symbol, Place)> = match defaults {
        Some(id) => check.referring(id).collect(),
        None => Vec::new(),
    };
    for view in tables.views() {
        check.section(view, &defaults_referring);
        if check.problems.len() >= MAX_PROBLEMS || check.work > MAX_WORK {
            break;
        }
    }
    if check.work > MAX_WORK {
        let message = format!("the configuration needs more than {MAX_WORK} references to be resolved");
        check.problems.push(Problem::of_file("configuration", message));
    }
    check.problems
}

struct Check<'a> {
    tables: &'a Tables,
    /// Places that have been reported: a value of `DEFAULTS` is resolved again for each section.
    seen: HashSet<(Place, usize)>,
    problems: Vec<Problem>,
    out: String,
    work: u64,
}

impl<'a> Check<'a> {
    /// The settings of a section that refer to something.
    fn referring(&self, id: SectionId) -> impl Iterator<Item = (Symbol, Place)> + use<'a> {
        let tables = self.tables;
        let settings = tables.section(id).assigned.iter().filter(|assigned| tables.entry(assigned.at).1.references);
        let counts = move |option: Symbol, at: Place| {
            option == Symbol::EXAMPLE || tables.section(id).find(option).is_some_and(|best| best.at == at)
        };
        settings
            .filter(move |assigned| counts(assigned.option, assigned.at))
            .map(|assigned| (assigned.option, assigned.at))
    }

    fn section(&mut self, view: View<'a>, defaults: &[(Symbol, Place)]) {
        for (id, _) in view.chain() {
            if Some(id) == view.defaults {
                for (option, at) in defaults {
                    self.value(view, *option, *at);
                }
            } else {
                for (option, at) in self.referring(id) {
                    self.value(view, option, at);
                }
            }
        }
    }

    fn value(&mut self, view: View<'a>, option: Symbol, at: Place) {
        let mut expansion = Expansion { view, stack: Vec::new(), references: 0 };
        self.out.clear();
        let result = expansion.expand(at, &mut self.out);
        self.work += 1 + u64::from(expansion.references);
        let Err(fault) = result else { return };
        let key = match &fault.why {
            Why::Loop(places) => (places.iter().min().copied().unwrap_or(fault.at), usize::MAX),
            Why::TooDeep | Why::TooLong | Why::TooMany => (at, usize::MAX),
            _ => (fault.at, fault.from),
        };
        if self.problems.len() < MAX_PROBLEMS && self.seen.insert(key) {
            // A value that needs too much is wrong as a whole, not where the limit was reached.
            let fault = match fault.why {
                Why::TooDeep | Why::TooLong | Why::TooMany => Unresolved { at, from: 0, to: usize::MAX, ..fault },
                _ => fault,
            };
            self.problems.push(self.problem(view, option, &fault));
        }
    }

    fn problem(&self, view: View<'_>, option: Symbol, fault: &Unresolved) -> Problem {
        let (text, entry) = self.tables.entry(fault.at);
        let symbols = &self.tables.symbols;
        let option = symbols.name(option);
        let section = view.own.map_or(DEFAULTS, |id| &self.tables.section(id).name);
        let (message, help) = match &fault.why {
            Why::LonePercent => {
                ("`%` must be followed by `%` or `(`".to_owned(), Some("write `%%` for a per cent sign".into()))
            }
            Why::NotClosed => ("the reference does not end in `)s`".to_owned(), Some("write `%(option)s`".into())),
            Why::NoName => ("the reference names no option".to_owned(), Some("write `%(option)s`".into())),
            Why::Unknown(name) => self.unknown(view, name),
            Why::Loop(places) => {
                let names = places.iter().chain(places.first()).map(|at| self.option_of(*at)).collect::<Vec<_>>();
                (format!("the references lead back to where they began: {}", names.join(" -> ")), None)
            }
            Why::TooDeep => (
                format!("option `{option}` of `[{section}]` needs more than {MAX_DEPTH} references one after another"),
                None,
            ),
            Why::TooLong => {
                (format!("option `{option}` of `[{section}]` becomes longer than {} MiB", MAX_VALUE >> 20), None)
            }
            Why::TooMany => {
                (format!("option `{option}` of `[{section}]` needs more than {MAX_REFERENCES} references"), None)
            }
        };
        let problem = text.problem(text.locate(entry, fault.from, fault.to), message);
        match help {
            Some(help) => problem.help(help),
            None => problem,
        }
    }

    fn option_of(&self, at: Place) -> String {
        let (text, entry) = self.tables.entry(at);
        entry.name.of(&text.text).to_lowercase()
    }

    fn unknown(&self, view: View<'_>, name: &str) -> (String, Option<String>) {
        let lower = name.to_lowercase();
        let section = view.own.map_or(DEFAULTS, |id| &self.tables.section(id).name);
        let message = if section == DEFAULTS {
            format!("`[{DEFAULTS}]` has no option `{lower}`")
        } else {
            format!("neither `[{section}]` nor `[{DEFAULTS}]` has an option `{lower}`")
        };
        let symbols = &self.tables.symbols;
        let options = view.chain().flat_map(|(_, table)| table.effective()).take(MAX_CANDIDATES);
        let known = options.map(|assigned| symbols.name(assigned.option));
        if let Some(near) = nearest(&lower, known) {
            return (message, Some(format!("did you mean `%({near})s`?")));
        }
        let elsewhere =
            symbols.find(&lower).and_then(|symbol| self.tables.sections.iter().find(|t| t.find(symbol).is_some()));
        let help = elsewhere.map(|other| {
            format!("`[{}]` has one, but values refer to their own section and `[{DEFAULTS}]` only", other.name)
        });
        (message, help)
    }
}

struct Expansion<'a> {
    view: View<'a>,
    /// The entries that are being resolved, each referred to by the one before.
    stack: Vec<Place>,
    references: u32,
}

impl Expansion<'_> {
    fn expand(&mut self, at: Place, out: &mut String) -> Result<(), Unresolved> {
        let text = self.view.tables.raw(at);
        let fault = |from: usize, to: usize, why: Why| Unresolved { at, from, to, why };
        self.stack.push(at);
        let mut rest = 0;
        while let Some(percent) = memchr::memchr(b'%', &text.as_bytes()[rest..]).map(|found| rest + found) {
            out.push_str(&text[rest..percent]);
            match text.as_bytes().get(percent + 1) {
                Some(b'%') => {
                    out.push('%');
                    rest = percent + 2;
                }
                Some(b'(') => {
                    let (name, end) = reference(text, percent).map_err(|(to, why)| fault(percent, to, why))?;
                    self.follow(name, out).map_err(|why| why.place(at, percent, end))?;
                    rest = end;
                }
                _ => return Err(fault(percent, percent + 1, Why::LonePercent)),
            }
        }
        out.push_str(&text[rest..]);
        self.stack.pop();
        if out.len() > MAX_VALUE { Err(fault(0, text.len(), Why::TooLong)) } else { Ok(()) }
    }

    /// Appends the value of the option that is referred to.
    fn follow(&mut self, name: &str, out: &mut String) -> Result<(), Trouble> {
        self.references += 1;
        if self.references > MAX_REFERENCES {
            return Err(Trouble::Here(Why::TooMany));
        }
        let symbols = &self.view.tables.symbols;
        let found = symbols.find(name).and_then(|symbol| self.view.find(symbol));
        let Some(target) = found.map(|assigned| assigned.at) else {
            return Err(Trouble::Here(Why::Unknown(name.to_owned())));
        };
        if let Some(start) = self.stack.iter().position(|place| *place == target) {
            return Err(Trouble::Here(Why::Loop(self.stack[start..].to_vec())));
        }
        if self.stack.len() > MAX_DEPTH {
            return Err(Trouble::Here(Why::TooDeep));
        }
        self.expand(target, out).map_err(Trouble::Deeper)
    }
}

/// What went wrong with a reference: itself, or something in the value that it names.
enum Trouble {
    Here(Why),
    Deeper(Unresolved),
}

impl Trouble {
    fn place(self, at: Place, from: usize, to: usize) -> Unresolved {
        match self {
            Trouble::Here(why) => Unresolved { at, from, to, why },
            Trouble::Deeper(fault) => fault,
        }
    }
}

/// The name in the reference that starts at `percent`, and where the reference ends.
fn reference(text: &str, percent: usize) -> Result<(&str, usize), (usize, Why)> {
    let start = percent + 2;
    let line_end = || text[start..].find('\n').map_or(text.len(), |at| start + at);
    let stop = memchr::memchr2(b')', b'\n', &text.as_bytes()[start..]).map(|at| start + at);
    let Some(close) = stop.filter(|at| text.as_bytes()[*at] == b')') else {
        return Err((line_end(), Why::NotClosed));
    };
    if close == start {
        return Err((close + 1, Why::NoName));
    }
    if text.as_bytes().get(close + 1) == Some(&b's') {
        Ok((&text[start..close], close + 2))
    } else {
        Err((close + 1, Why::NotClosed))
    }
}
