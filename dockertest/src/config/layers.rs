//! Layers: what is shipped, what the user wrote, what was typed.

use std::path::Path;

use super::configuration::Configuration;
use super::draft::Draft;
use super::parse::{Entry, Header, Parsed, Span, Valueless, parse};
use super::problem::{LoadFailure, Problem};
use super::source::{Gathered, Source};
use super::tables::DEFAULTS;
use super::text::{Layer, Text};

/// Collects what configuration is made of, and loads it.
///
/// A value that was typed (`--set`) counts more than a custom one, and that more than a shipped one, option by option.
///
/// ```
/// use dockertest::config::{Layers, Source};
///
/// let shipped = Source::Memory(vec![(
///     "example.ini".to_owned(),
///     "[DEFAULTS]\ndocker_timeout = 300\n[example]\niterations = 3\ntext = %(iterations)s times\n".to_owned(),
/// )]);
/// let custom = Source::Memory(vec![("my.ini".to_owned(), "[example]\niterations = 5\n".to_owned())]);
/// let configuration = Layers::new().defaults(shipped).custom(custom).set("docker_timeout=60").load()?;
/// let example = configuration.section("example");
/// assert_eq!(example.get("text"), Some("5 times"));
/// assert_eq!(example.get("docker_timeout"), Some("60"));
/// assert_eq!(example.setting("iterations").unwrap().origin.to_string(), "my.ini:2");
/// # Ok::<(), dockertest::config::LoadFailure>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Layers {
    shipped: Vec<Source>,
    custom: Vec<Source>,
    arguments: Vec<String>,
}

impl Layers {
    /// Nothing yet.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// assert_eq!(Layers::new().load()?.sections().count(), 0);
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Layers::default()
    }

    /// Adds to what is shipped.
    ///
    /// ```
    /// # use dockertest::config::{Layers, Source};
    /// let framework = Source::Memory(vec![("defaults.ini".to_owned(), "[DEFAULTS]\niterations = 1\n".to_owned())]);
    /// let plug_in = Source::Memory(vec![("disk_quota.ini".to_owned(), "[disk_quota]\nlimit = 10\n".to_owned())]);
    /// let quota = Layers::new().defaults(framework).defaults(plug_in).load()?.section("disk_quota");
    /// assert_eq!((quota.get("iterations"), quota.get("limit")), (Some("1"), Some("10")));
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    #[must_use]
    pub fn defaults(mut self, source: Source) -> Self {
        self.shipped.push(source);
        self
    }

    /// Adds to what the user wrote.
    ///
    /// ```
    /// # use dockertest::config::{Layers, Source};
    /// let shipped = Source::Memory(vec![("example.ini".to_owned(), "[example]\niterations = 1\n".to_owned())]);
    /// let mine = Source::Memory(vec![("mine.ini".to_owned(), "[DEFAULTS]\niterations = 5\n".to_owned())]);
    /// let configuration = Layers::new().defaults(shipped).custom(mine).load()?;
    /// assert_eq!(configuration.section("example").get("iterations"), Some("1")); // its own section is nearer
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    #[must_use]
    pub fn custom(mut self, source: Source) -> Self {
        self.custom.push(source);
        self
    }

    /// Adds what was typed after `--set`: `[SECTION.]OPTION=VALUE`, without a section for `DEFAULTS`. The last dot
    /// before the `=` ends the section's name. Of several arguments for one option the last counts.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// let typed = Layers::new().set("docker_timeout=60").set("docker_cli/version.docker_timeout=5").load()?;
    /// assert_eq!(typed.section("docker_cli/version").get("docker_timeout"), Some("5"));
    /// assert_eq!(typed.section("example").get("docker_timeout"), Some("60"));
    /// assert!(Layers::new().set("docker_timeout").load().is_err()); // no `=`
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    #[must_use]
    pub fn set(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// What was typed, in order.
    pub(crate) fn typed(&self) -> &[String] {
        &self.arguments
    }

    /// The first folder of what is shipped.
    pub(crate) fn shipped_folder(&self) -> Option<&Path> {
        first_folder(&self.shipped)
    }

    /// The first folder of what the user wrote.
    pub(crate) fn custom_folder(&self) -> Option<&Path> {
        first_folder(&self.custom)
    }

    /// Reads everything and resolves every value.
    ///
    /// # Errors
    /// [`LoadFailure`] with everything that is wrong: files that cannot be read, lines that are not understood,
    /// sections that stand twice in a file, options that are set in two files of a layer, references that cannot be
    /// resolved.
    ///
    /// ```
    /// # use dockertest::config::{Layers, Source};
    /// let text = "[example]\niterations 3\nimage = %(nmae)s\n".to_owned();
    /// let files = Source::Memory(vec![("example.ini".to_owned(), text)]);
    /// let failure = Layers::new().custom(files).load().unwrap_err();
    /// let lines: Vec<u32> = failure.problems.iter().map(|problem| problem.line).collect();
    /// assert_eq!(lines, [2, 3]); // both are told
    /// ```
    pub fn load(self) -> Result<Configuration, LoadFailure> {
        self.read().load()
    }

    /// Reads everything, so that what the run consists of can be asked before hosts add what they bring.
    pub(crate) fn read(&self) -> Draft {
        let mut gathered = Gathered::default();
        for source in &self.shipped {
            let before = (gathered.texts.len(), gathered.problems.len());
            gathered.read(source, Layer::Shipped);
            if let Source::Folder(folder) = source
                && before == (gathered.texts.len(), gathered.problems.len())
            {
                // Without it, a run would silently do without every default.
                let problem = Problem::of_file(folder.display().to_string(), "has no file that ends in .ini");
                gathered.problems.push(problem.help("name the folder of the shipped configuration"));
            }
        }
        for source in &self.custom {
            gathered.read(source, Layer::Custom);
        }
        Draft::new(gathered, &self.arguments)
    }
}

fn first_folder(sources: &[Source]) -> Option<&Path> {
    sources.iter().find_map(|source| if let Source::Folder(folder) = source { Some(folder.as_path()) } else { None })
}

/// An argument of `--set` becomes a text with one section and one option.
pub(super) fn parse_argument(argument: &str) -> Result<Text, Box<Problem>> {
    let whole = Span::new(0, argument.len());
    let example = "write `--set OPTION=VALUE` or `--set SECTION.OPTION=VALUE`";
    let wrong = |span, message: &str| Err(Box::new(Problem::in_argument(argument, span, message).help(example)));
    let Some(equals) = argument.find('=') else {
        return wrong(whole, "`=` and a value are missing");
    };
    let (name_start, section) = match argument[..equals].rfind('.') {
        Some(dot) => (dot + 1, Some(Span::new(0, dot))),
        None => (0, None),
    };
    let name_end = super::lines::trim_end(argument, name_start, equals);
    if name_start == name_end {
        return wrong(Span::new(equals, equals + 1), "the option's name is missing");
    }
    if section.is_some_and(|span| span.start == span.end) {
        return wrong(Span::new(0, 1), "the section's name is missing");
    }
    let mut text = argument.to_owned();
    let name = section.unwrap_or_else(|| {
        // The section's name must stand somewhere; behind the argument nobody sees it.
        text.push_str(DEFAULTS);
        Span::new(argument.len(), text.len())
    });
    let entry = Entry {
        name: Span::new(name_start, name_end),
        value: Span::new(equals + 1, argument.len()),
        joined: false,
        references: argument[equals + 1..].contains('%'),
        line: 0,
    };
    let header = Header { name, line: 0, first: 0 };
    let parsed = Parsed { headers: vec![header], entries: vec![entry], ..parse("", Valueless::Refused) };
    Ok(Text { path: argument.to_owned(), text, layer: Layer::CommandLine, parsed })
}
