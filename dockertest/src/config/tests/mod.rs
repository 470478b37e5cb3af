//! What the parts of configuration promise together: files in, sections or problems out.

mod dialect;
mod files;
mod layering;
mod model;
mod references;
mod screens;
mod shipped;
mod typed;
mod warnings;

use super::{Configuration, Layers, LoadFailure, Source};

/// One file in memory.
fn file(label: &str, text: &str) -> Source {
    Source::Memory(vec![(label.to_owned(), text.to_owned())])
}

fn load(text: &str) -> Result<Configuration, LoadFailure> {
    Layers::new().defaults(file("x.ini", text)).load()
}

/// The options of a section, each `name=value`.
#[track_caller]
fn options(configuration: &Configuration, section: &str) -> Vec<String> {
    let section = configuration.section(section);
    section.settings.iter().map(|(name, setting)| format!("{name}={}", setting.value)).collect()
}
