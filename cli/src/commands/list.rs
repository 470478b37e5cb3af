//! `dockertest list`

use std::fmt::Write as _;

use dockertest::host::protocol::SubtestInfo;
use serde_json::{Value, json};

use crate::args::List;
use crate::screen::{Problem, Screen};
use crate::sources::{self, Folders};
use crate::{hosts, status};

pub(crate) fn list(list: &List, screen: &Screen) -> Result<u8, Problem> {
    let folders = Folders::find(&list.sources);
    let configuration = sources::load(&folders, &list.sources.set)?;
    let mut subtests = hosts::listing()?.subtests;
    subtests.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    let enabled = |name: &str| !matches!(configuration.section(name).flag("enable"), Ok(Some(false)));
    let text = if list.json {
        let entries: Vec<Value> =
            subtests.iter().map(|subtest| entry(subtest, enabled(subtest.name.as_str()))).collect();
        format!("{}\n", serde_json::to_string_pretty(&entries)?)
    } else {
        table(&subtests, enabled)
    };
    screen.output(&text)?;
    Ok(status::SUCCESS)
}

fn entry(subtest: &SubtestInfo, enabled: bool) -> Value {
    json!({
        "name": subtest.name,
        "kind": subtest.kind,
        "summary": subtest.summary,
        "subsubtests": subtest.subsubtests,
        "enabled": enabled,
    })
}

/// One line a subtest, its sub-subtests indented below it.
fn table(subtests: &[SubtestInfo], enabled: impl Fn(&str) -> bool) -> String {
    let width = subtests.iter().map(|subtest| subtest.name.as_str().len()).max().unwrap_or(0);
    let mut text = String::new();
    for subtest in subtests {
        let off = if enabled(subtest.name.as_str()) { "" } else { " (disabled)" };
        let line = format!("{:<9}  {:<width$}  {}{off}", subtest.kind, subtest.name, subtest.summary);
        let _ = writeln!(text, "{}", line.trim_end());
        for child in &subtest.subsubtests {
            let _ = writeln!(text, "{:<9}    {}/{child}", "", subtest.name);
        }
    }
    text
}
