//! `dockertest config`

use std::fmt::Write as _;

use dockertest::config::{Configuration, Section};
use serde_json::{Map, Value, json};

use crate::args::ShowConfig;
use crate::screen::{Problem, Screen};
use crate::sources::{self, Folders};
use crate::status;

const DEFAULTS: &str = "DEFAULTS";

pub(crate) fn config(show: &ShowConfig, screen: &Screen) -> Result<u8, Problem> {
    let folders = Folders::find(&show.sources);
    let configuration = sources::load(&folders, &show.sources.set)?;
    let sections = chosen(&configuration, show.section.as_deref())?;
    let text = if show.json { json_text(&sections, show.origin)? } else { ini_text(&sections, show.origin) };
    screen.output(&text)?;
    Ok(status::SUCCESS)
}

fn chosen(configuration: &Configuration, name: Option<&str>) -> Result<Vec<Section>, Problem> {
    let sections = match name {
        None => {
            let own = configuration.sections().map(|name| configuration.section(name));
            std::iter::once(configuration.defaults()).chain(own).collect()
        }
        Some(DEFAULTS) => vec![configuration.defaults()],
        Some(name) if configuration.has_section(name) => vec![configuration.section(name)],
        Some(name) => return Err(unknown(configuration, name)),
    };
    Ok(sections.iter().map(Section::masked).collect())
}

fn unknown(configuration: &Configuration, name: &str) -> Problem {
    let nearest = configuration
        .sections()
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    let hint = nearest.map_or(String::new(), |(_, known)| format!("; the nearest is `{known}`"));
    Problem::new(format!("no configuration file has a section `{name}`{hint}"))
}

/// The sections as an INI file that can be loaded again.
fn ini_text(sections: &[Section], with_origin: bool) -> String {
    let mut text = String::new();
    for (index, section) in sections.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let _ = writeln!(text, "[{}]", section.name);
        for (option, setting) in &section.settings {
            if with_origin {
                let _ = writeln!(text, "# {}", setting.origin);
            }
            let value = setting.value.replace('%', "%%").replace('\n', "\n    ");
            let _ = writeln!(text, "{}", format!("{option} = {value}").trim_end());
        }
    }
    text
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
