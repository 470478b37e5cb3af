//! What `docker version --format '{{json .}}'` says, and what the table must show for it.

use std::collections::BTreeMap;

use dockertest::prelude::*;
use serde_json::{Map, Value};

use super::shown::{Labelled, plain};

/// One half, as data.
pub(super) type Half = Map<String, Value>;

/// The data: the client, and the server if there is one.
#[derive(Debug, Default)]
pub(super) struct Data {
    pub(super) client: Half,
    pub(super) server: Option<Half>,
}

impl Data {
    /// From the data of a command.
    pub(super) fn read(seen: &Completed) -> Outcome<Self> {
        let half = |value: Option<&Value>| value.and_then(Value::as_object).cloned();
        let data: Value = serde_json::from_slice(&seen.stdout).unwrap_or_default();
        match (half(data.get("Client")), half(data.get("Server"))) {
            (Some(client), server) => Ok(Data { client, server }),
            (None, _) => {
                let seen_text = seen.stdout_text().into_owned();
                seen.check_eq(seen_text, "JSON with `Client` and `Server`", "the version as data")?;
                Ok(Data::default())
            }
        }
    }

    /// The parts of the server, each as the table must show it.
    pub(super) fn parts(&self) -> BTreeMap<String, Labelled> {
        let components = self.server.as_ref().and_then(|server| server.get("Components")).and_then(Value::as_array);
        let components = components.into_iter().flatten().filter_map(Value::as_object);
        let part = |component: &Half| {
            let name = text(component, "Name");
            let mut shown = match component.get("Details").and_then(Value::as_object) {
                Some(details) if name == "Engine" => labelled(details),
                Some(details) => details.iter().map(|(label, value)| (plain(label), plainly(value))).collect(),
                None => Labelled::new(),
            };
            shown.insert("version".to_owned(), text(component, "Version"));
            (name, shown)
        };
        components.map(part).collect()
    }
}

/// A value; empty if it is not there.
pub(super) fn text(half: &Half, name: &str) -> String {
    half.get(name).map(plainly).unwrap_or_default()
}

fn plainly(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What the table must show of a client or an engine. The version of the API is only its beginning there. Podman has
/// names of its own for some.
pub(super) fn labelled(half: &Half) -> Labelled {
    let first = |names: &[&str]| names.iter().find_map(|name| half.get(*name).map(plainly));
    let system = first(&["OsArch"]).or_else(|| Some(format!("{}/{}", first(&["Os"])?, first(&["Arch"])?)));
    let values = [
        ("version", first(&["Version"])),
        ("apiversion", first(&["ApiVersion", "APIVersion"])),
        ("goversion", first(&["GoVersion"])),
        ("gitcommit", first(&["GitCommit"]).filter(|commit| !commit.is_empty())),
        ("built", first(&["BuildTime", "BuiltTime"])),
        ("osarch", system),
        ("context", first(&["Context"])),
    ];
    values.into_iter().filter_map(|(label, value)| Some((label.to_owned(), value?))).collect()
}
