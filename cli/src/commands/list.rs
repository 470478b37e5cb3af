//! `dockertest list`

use std::fmt::Write as _;
use std::path::Path;

use dockertest::name::Kind;
use dockertest::report::subunit::{Packet, Status};
use dockertest::run::Entry;
use dockertest::version::API_VERSION;
use serde_json::{Value, json};

use crate::args::List;
use crate::screen::{Problem, Screen, visible};
use crate::sources::{self, Folders};
use crate::{environment, hosts, status};

pub(crate) fn list(list: &List, screen: &Screen) -> Result<u8, Problem> {
    let folders = Folders::find(&list.suite.sources);
    let env = list.env.map(|wanted| format!("environment.provider={wanted}"));
    let set: Vec<String> = list.suite.sources.set.iter().cloned().chain(env).collect();
    let layers = sources::layers(&folders, &set);
    let (catalog, configuration) = hosts::gather(&layers, list.suite.plugins(), screen)?;
    let catalog = environment::look_around(catalog, &configuration, screen)?;
    let mut subtests: Vec<&Entry> = catalog.subtests().filter_map(|info| catalog.get(&info.name)).collect();
    subtests.sort_by(|a, b| (a.info.kind, &a.info.name).cmp(&(b.info.kind, &b.info.name)));
    let enabled = |name: &str| !matches!(configuration.section(name).flag("enable"), Ok(Some(false)));
    let rows = subtests.into_iter().map(|entry| Row {
        entry,
        enabled: enabled(entry.info.name.as_str()),
        plugin: catalog.plugin(entry),
    });
    if list.subunit {
        screen.output(subunit(rows)?)?;
        return Ok(status::SUCCESS);
    }
    let text = if list.json {
        let entries: Vec<Value> = rows.map(|row| row.json()).collect();
        format!("{}\n", serde_json::to_string_pretty(&entries)?)
    } else {
        table(&rows.collect::<Vec<_>>())
    };
    screen.output(&text)?;
    Ok(status::SUCCESS)
}

/// A packet for each subtest that can be chosen, or for each of its sub-subtests if it has any: the smallest things that
/// can be run by themselves.
fn subunit<'a>(rows: impl Iterator<Item = Row<'a>>) -> Result<Vec<u8>, Problem> {
    let mut stream = Vec::new();
    for row in rows.filter(|row| row.fits() && row.entry.info.kind == Kind::Subtest) {
        let subtest = &row.entry.info;
        let mut names: Vec<String> =
            subtest.subsubtests.iter().map(|child| format!("{}/{child}", subtest.name)).collect();
        if names.is_empty() {
            names.push(subtest.name.to_string());
        }
        for name in names {
            stream.extend(Packet { status: Status::Exists, ..Packet::of_test(name) }.encode()?);
        }
    }
    Ok(stream)
}

struct Row<'a> {
    entry: &'a Entry,
    enabled: bool,
    /// The plug-in that holds it; nothing for one that is bundled.
    plugin: Option<&'a Path>,
}

impl Row<'_> {
    fn json(&self) -> Value {
        let info = &self.entry.info;
        json!({
            "name": info.name,
            "kind": info.kind,
            "summary": info.summary,
            "subsubtests": info.subsubtests,
            "enabled": self.enabled,
            "plugin": self.plugin.map(Path::to_string_lossy),
            "api_version": self.entry.api_version,
            "fits": self.fits(),
        })
    }

    /// Whether it was built for an API version that can be run.
    fn fits(&self) -> bool {
        API_VERSION.fits(self.entry.api_version)
    }

    /// What is to be known about it, behind its summary.
    fn remarks(&self) -> String {
        let mut remarks = Vec::new();
        // The whole path would make every line too long; `--json` has it.
        let file = self.plugin.and_then(Path::file_name);
        remarks.extend(file.map(|file| format!("[{}]", file.to_string_lossy())));
        if !self.enabled {
            remarks.push("(disabled)".to_owned());
        }
        if !self.fits() {
            let version = self.entry.api_version;
            remarks.push(format!("(built for API version {version}, not {API_VERSION}: build it again)"));
        }
        remarks.join(" ")
    }
}

/// One line a subtest, its sub-subtests indented below it.
fn table(rows: &[Row<'_>]) -> String {
    let width = rows.iter().map(|row| row.entry.info.name.as_str().len()).max().unwrap_or(0);
    let mut text = String::new();
    for row in rows {
        let subtest = &row.entry.info;
        let told = [&subtest.summary.replace('\n', " "), &row.remarks()].map(String::as_str).join(" ");
        let line = format!("{:<9}  {:<width$}  {}", subtest.kind, subtest.name, told.trim());
        let _ = writeln!(text, "{}", line.trim_end());
        for child in &subtest.subsubtests {
            let _ = writeln!(text, "{:<9}    {}/{child}", "", subtest.name);
        }
    }
    // What comes from outside must not drive a terminal.
    visible(&text).into_owned()
}
