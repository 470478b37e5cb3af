//! Layers that have been read and not yet put together: hosts may still add what they bring.

use std::path::{Path, PathBuf};

use super::configuration::Configuration;
use super::control::Control;
use super::interpolate;
use super::layers::parse_argument;
use super::problem::{LoadFailure, Problem};
use super::section::{Origin, Setting, split_list};
use super::source::{Gathered, MAX_FILE_BYTES, too_large};
use super::tables::Merged;
use super::text::{Layer, Text};

/// How many problems are reported; more would not be read.
const MAX_PROBLEMS: usize = 100;

/// The option with plug-ins.
const PLUGINS: &str = "plugins";

/// What stands before the path of a file that is compiled in.
const BUILT_IN: &str = "<built in>";

/// A plug-in that the configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedPlugin {
    pub(crate) path: PathBuf,
    pub(crate) origin: Origin,
}

/// All that has been read.
#[derive(Debug)]
pub(crate) struct Draft {
    gathered: Gathered,
    everything_was_read: bool,
}

impl Draft {
    pub(super) fn new(gathered: Gathered, arguments: &[String]) -> Draft {
        let everything_was_read = gathered.problems.is_empty();
        let mut draft = Draft { gathered, everything_was_read };
        for argument in arguments {
            match parse_argument(argument) {
                Ok(text) => draft.gathered.texts.push(text),
                Err(problem) => draft.gathered.problems.push(*problem),
            }
        }
        draft
    }

    /// The files and folders of the option `plugins`. A relative one is one from the folder of the file that names it.
    /// If the option cannot be read, there are none: loading tells why.
    pub(crate) fn plugins(&self) -> Vec<NamedPlugin> {
        let texts = self.gathered.texts.iter().filter(|text| text.has_section(Control::SECTION));
        let merged = Merged::new(texts.filter_map(again).collect());
        let control = Configuration::new(merged.tables, Vec::new(), &[]).section(Control::SECTION);
        let Some(Setting { value, origin }) = control.setting(PLUGINS) else { return Vec::new() };
        let folder = folder_of(origin);
        split_list(value).map(|path| NamedPlugin { path: folder.join(path), origin: origin.clone() }).collect()
    }

    /// Whether it is known already that it cannot be used.
    pub(crate) fn is_broken(&self) -> bool {
        !self.gathered.problems.is_empty() || self.gathered.texts.iter().any(|text| !text.parsed.faults.is_empty())
    }

    /// Adds a file that a host brings; `label` takes the place of its path.
    pub(crate) fn add(&mut self, label: String, text: String) {
        self.gathered.texts.push(Text::of_file(label, text, Layer::Host));
    }

    pub(crate) fn load(self) -> Result<Configuration, LoadFailure> {
        let Gathered { mut texts, mut problems, ignored, .. } = self.gathered;
        // In the order of layers, and within each as they came.
        texts.sort_by_key(|text| text.layer);
        for text in &texts {
            problems.extend(parse_problems(text));
        }
        let merged = Merged::new(texts);
        problems.extend(merged.problems);
        if self.everything_was_read {
            // A missing file would make every reference to its options a problem of its own.
            problems.extend(interpolate::check(&merged.tables));
        }
        if problems.is_empty() {
            Ok(Configuration::new(merged.tables, merged.warnings, &ignored))
        } else {
            Err(LoadFailure { problems: in_order(problems, &merged.tables.texts) })
        }
    }
}

/// What is wrong with a file that a host brings, by itself: lines that are not understood, and sections that are not of
/// its own subtests.
pub(crate) fn check_host_file(label: &str, text: &str, owns: &dyn Fn(&str) -> bool) -> Vec<Problem> {
    if text.len() as u64 > MAX_FILE_BYTES {
        return vec![too_large(label, text.len() as u64)];
    }
    let text = Text::of_file(label.to_owned(), text.to_owned(), Layer::Host);
    let mut problems = parse_problems(&text);
    for header in &text.parsed.headers {
        let name = header.name.of(&text.text);
        if !owns(name) {
            let message = format!("section `[{name}]` is none of the host's own subtests and sub-subtests");
            let help = "a host only brings defaults for what it holds; other sections belong below config_custom";
            problems.push(text.problem(header.name, message).help(help));
        }
    }
    problems
}

/// A text that can be taken apart a second time.
fn again(text: &Text) -> Option<Text> {
    match text.layer {
        Layer::CommandLine => parse_argument(&text.path).ok(),
        layer => Some(Text::of_file(text.path.clone(), text.text.clone(), layer)),
    }
}

fn folder_of(origin: &Origin) -> PathBuf {
    match origin {
        Origin::File { path, .. } if !path.starts_with(BUILT_IN) => {
            Path::new(path).parent().map(Path::to_path_buf).unwrap_or_default()
        }
        _ => PathBuf::new(),
    }
}

/// Sorted by file (in the order of reading) and place, and not more than a person reads.
fn in_order(mut problems: Vec<Problem>, texts: &[Text]) -> Vec<Problem> {
    let rank = |problem: &Problem| texts.iter().position(|text| text.path == problem.path);
    problems.sort_by_cached_key(|problem| (rank(problem), problem.line, problem.column));
    if problems.len() > MAX_PROBLEMS {
        let more = problems.len() - MAX_PROBLEMS;
        problems.truncate(MAX_PROBLEMS);
        problems.push(Problem::of_file("configuration", format!("{more} more problems are not shown")));
    }
    problems
}

fn parse_problems(text: &Text) -> Vec<Problem> {
    let parsed = &text.parsed;
    let mut problems: Vec<Problem> = Vec::with_capacity(parsed.faults.len());
    for fault in &parsed.faults {
        let problem = text.problem(fault.span, fault.message.clone());
        problems.push(match &fault.help {
            Some(help) => problem.help(help.clone()),
            None => problem,
        });
    }
    if parsed.more_faults > 0 {
        let message = format!("{} more lines of this file are not understood", parsed.more_faults);
        problems.push(Problem::of_file(&text.path, message));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::layers::Layers;
    use super::super::source::Source;
    use super::*;

    fn control(path: &str, plugins: &str) -> Source {
        Source::Memory(vec![(path.to_owned(), format!("[Control]\nplugins = {plugins}\n"))])
    }

    fn plugins(layers: &Layers) -> Vec<(String, String)> {
        let named = layers.read().plugins();
        named.into_iter().map(|named| (named.path.display().to_string(), named.origin.to_string())).collect()
    }

    #[test]
    fn plugins_are_named_from_the_folder_of_their_file() {
        assert_eq!(plugins(&Layers::new()), []);
        let layers = Layers::new().defaults(control("config_defaults/control.ini", ""));
        assert_eq!(plugins(&layers), []);
        let layers = layers.custom(control("config_custom/control.ini", "a.so, /opt/b.so"));
        let origin = "config_custom/control.ini:2".to_owned();
        let expected = [("config_custom/a.so".to_owned(), origin.clone()), ("/opt/b.so".to_owned(), origin)];
        assert_eq!(plugins(&layers), expected);
        let typed = ("c.so".to_owned(), "--set Control.plugins=c.so".to_owned());
        assert_eq!(plugins(&layers.set("Control.plugins=c.so")), [typed]);
    }

    #[test]
    fn what_a_host_brings_is_between_what_is_shipped_and_what_the_user_sets() {
        let source = |label: &str, text: &str| Source::Memory(vec![(label.to_owned(), text.to_owned())]);
        let layers = Layers::new()
            .defaults(source("defaults.ini", "[DEFAULTS]\nlimit = 1\n[quota]\nlimit = 2\nimage = a\n"))
            .custom(source("mine.ini", "[quota]\nsize = 9\n"));
        let mut draft = layers.read();
        draft.add("quota.so: quota.ini".to_owned(), "[quota]\n# MiB\nsize = 5\nlimit = 3\n".to_owned());
        let configuration = draft.load().unwrap();
        let quota = configuration.section("quota");
        let shown = |option| quota.setting(option).map(|set| format!("{} {}", set.value, set.origin)).unwrap();
        assert_eq!(shown("limit"), "3 quota.so: quota.ini:4");
        assert_eq!(shown("size"), "9 mine.ini:2");
        assert_eq!(shown("image"), "a defaults.ini:5");
        assert_eq!(configuration.warnings(&["quota".parse().unwrap()]), []);
    }

    #[test]
    fn a_host_speaks_for_its_own_subtests_only() {
        let owns = |name: &str| ["quota", "quota/small"].contains(&name);
        assert_eq!(check_host_file("q.ini", "[quota]\na = 1\n[quota/small]\na = 2\n", &owns), []);
        let text = "[quota]\na = 1\n[DEFAULTS]\ndocker_path = /tmp/docker\n[quota/big]\n[Control]\n";
        let problems: Vec<_> = check_host_file("q.ini", text, &owns).iter().map(ToString::to_string).collect();
        let expected = ["DEFAULTS", "quota/big", "Control"].iter().zip([3, 5, 6]).map(|(name, line)| {
            format!("q.ini:{line}:2: section `[{name}]` is none of the host's own subtests and sub-subtests")
        });
        assert_eq!(problems, expected.collect::<Vec<_>>());
    }
}
