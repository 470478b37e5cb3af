//! `dockertest config`

use std::fmt::Write as _;
use std::path::PathBuf;

use dockertest::config::{Configuration, Layers, Section};
use dockertest::name::SubtestName;
use serde_json::{Map, Value, json};

use crate::args::ShowConfig;
use crate::screen::{Problem, Screen, visible};
use crate::sources::{self, Folders};
use crate::{hosts, status};

const DEFAULTS: &str = "DEFAULTS";

pub(crate) fn config(show: &ShowConfig, screen: &Screen) -> Result<u8, Problem> {
    let folders = Folders::find(&show.suite.sources);
    let (configuration, names) =
        load(&sources::layers(&folders, &show.suite.sources.set), show.suite.plugins(), screen)?;
    for warning in configuration.warnings(&names) {
        screen.warning(warning);
    }
    let sections = chosen(&configuration, &names, show.section.as_deref())?;
    let text = if show.json { json_text(&sections, show.origin)? } else { ini_text(&sections, show.origin) };
    screen.output(&text)?;
    Ok(status::SUCCESS)
}

/// The configuration, and the names of all subtests and sub-subtests. Without a host it can still be shown.
fn load(layers: &Layers, plugins: &[PathBuf], screen: &Screen) -> Result<(Configuration, Vec<SubtestName>), Problem> {
    match hosts::gather(layers, plugins, screen) {
        Ok((catalog, configuration)) => {
            let names = catalog.all_names().filter_map(|name| name.parse().ok()).collect();
            Ok((configuration, names))
        }
        Err(problem) => {
            let configuration = layers.clone().load().map_err(|failure| sources::explain(&failure))?;
            screen.warning(problem);
            Ok((configuration, Vec::new()))
        }
    }
}

fn chosen(configuration: &Configuration, names: &[SubtestName], name: Option<&str>) -> Result<Vec<Section>, Problem> {
    let sections = match name {
        None => {
            let own = configuration.sections().map(|name| configuration.section(name));
            std::iter::once(configuration.defaults()).chain(own).collect()
        }
        Some(DEFAULTS) => vec![configuration.defaults()],
        // A subtest without a section of its own still has what is above it.
        Some(name) if configuration.has_section(name) || names.iter().any(|known| known.as_str() == name) => {
            vec![configuration.section(name)]
        }
        Some(name) => return Err(unknown(configuration, names, name)),
    };
    Ok(sections.iter().map(Section::masked).collect())
}

fn unknown(configuration: &Configuration, names: &[SubtestName], name: &str) -> Problem {
    let nearest = configuration
        .sections()
        .chain(names.iter().map(SubtestName::as_str))
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    let hint = nearest.map_or(String::new(), |(_, known)| format!("; the nearest is `{known}`"));
    Problem::new(format!("no configuration file has a section `{name}`, and no subtest has that name{hint}"))
}

/// The sections as an INI file that can be loaded again, but for control characters: those are made visible.
fn ini_text(sections: &[Section], with_origin: bool) -> String {
    let mut text = String::new();
    for (index, section) in sections.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let _ = writeln!(text, "[{}]", section.name);
        let helper = helper(section);
        if let Some(name) = helper.as_ref().filter(|name| section.get(name).is_none()) {
            let _ = writeln!(text, "# A `;` behind a blank would begin a comment.\n{name} = ;");
        }
        for (option, setting) in &section.settings {
            if with_origin {
                let _ = writeln!(text, "# {}", setting.origin.to_string().replace('\n', r"\n"));
            }
            let value = setting.value.replace('%', "%%").replace('\n', "\n    ");
            let value = match (comment_start(&value), &helper) {
                (Some(at), Some(name)) => format!("{}%({name})s{}", &value[..at], &value[at + 1..]),
                _ => value,
            };
            let _ = writeln!(text, "{}", format!("{option} = {value}").trim_end());
        }
    }
    visible(&text).into_owned()
}

/// Where a value, written after `=`, would end because a comment begins: at the first `;`, if a blank is before it.
fn comment_start(value: &str) -> Option<usize> {
    let first = value.lines().next().unwrap_or_default();
    first.find(';').filter(|at| first[..*at].ends_with([' ', '\t']))
}

/// The option that stands for `;` in values that would be cut off otherwise; none if there is no such value.
fn helper(section: &Section) -> Option<String> {
    section.settings.values().find(|setting| comment_start(&setting.value).is_some())?;
    let is_free = |name: &String| section.get(name).is_none_or(|value| value == ";");
    std::iter::successors(Some("semicolon".to_owned()), |name| Some(format!("{name}_"))).find(is_free)
}

fn json_text(sections: &[Section], with_origin: bool) -> Result<String, Problem> {
    let mut all = Map::new();
    for section in sections {
        let options: Map<String, Value> = section
            .settings
            .iter()
            .map(|(option, setting)| {
                let value = match with_origin {
                    true => json!({"value": setting.value, "origin": setting.origin.to_string()}),
                    false => json!(setting.value),
                };
                (option.clone(), value)
            })
            .collect();
        all.insert(section.name.clone(), Value::Object(options));
    }
    Ok(format!("{}\n", serde_json::to_string_pretty(&all)?))
}
