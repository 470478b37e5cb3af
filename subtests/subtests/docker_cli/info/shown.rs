//! What `docker info` shows, as text and as data, compared with what the engine says through its API.

use std::collections::BTreeSet;

use dockertest::prelude::*;
use serde_json::Value;

use super::tree::Tree;

/// Members of the data that change from one moment to the next, or that only the client knows.
const CHANGING: [&str; 12] = [
    "NFd",
    "NGoroutines",
    "SystemTime",
    "NEventsListener",
    "Containers",
    "ContainersRunning",
    "ContainersPaused",
    "ContainersStopped",
    "Images",
    "ClientInfo",
    "ServerErrors",
    "Warnings",
];

/// Members without which the data would say nothing.
const NEEDED: [&str; 20] = [
    "ID",
    "Containers",
    "ContainersRunning",
    "ContainersPaused",
    "ContainersStopped",
    "Images",
    "Driver",
    "DriverStatus",
    "Plugins",
    "LoggingDriver",
    "CgroupDriver",
    "KernelVersion",
    "OperatingSystem",
    "OSType",
    "Architecture",
    "NCPU",
    "MemTotal",
    "DockerRootDir",
    "Name",
    "ServerVersion",
];

/// Both outputs of one moment, and the commands that gave them.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) text: Completed,
    pub(super) tree: Tree,
    pub(super) json: Completed,
    pub(super) data: Value,
}

impl Shown {
    /// Runs both commands; `docker` makes them.
    pub(super) fn ask(docker: &dyn Fn(&[&str]) -> Command) -> Outcome<Self> {
        let text = docker(&["info"]).must_pass()?;
        let json = docker(&["info", "--format", "{{json .}}"]).must_pass()?;
        Shown::of(text, json)
    }

    pub(super) fn of(text: Completed, json: Completed) -> Outcome<Self> {
        let tree = Tree::parse(&text.stdout_text());
        let data = match serde_json::from_slice(&json.stdout) {
            Ok(data) => data,
            Err(error) => {
                json.check(
                    false,
                    format!("what is printed with `--format '{{{{json .}}}}'` is one JSON value ({error})"),
                )?;
                Value::Null
            }
        };
        Ok(Shown { text, tree, json, data })
    }

    /// A line of the server's part of the text, which must be there once.
    pub(super) fn line(&self, path: &str) -> Outcome<&str> {
        let values = self.tree.values(&format!("Server/{path}"));
        self.text.check(values.len() == 1, format!("the text shows `{path}` of the server exactly once"))?;
        Ok(values.first().copied().unwrap_or_default())
    }

    fn check_line(&self, path: &str, expected: &str) -> Outcome {
        self.text.check_eq(self.line(path)?, expected, format!("`{path}` in the text"))
    }

    /// The names below a line of the server's part, whatever their order.
    fn check_below(&self, path: &str, expected: &BTreeSet<String>) -> Outcome {
        let names = self.tree.below(&format!("Server/{path}"));
        let seen: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let list = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
        self.text.check(names.len() == seen.len(), format!("nothing is shown twice below `{path}`"))?;
        self.text.check_eq(list(&seen), list(expected), format!("what the text shows below `{path}`"))
    }

    /// A count, in both outputs.
    pub(super) fn check_count(&self, path: &str, member: &str, expected: usize) -> Outcome {
        self.check_line(path, &expected.to_string())?;
        let seen = &self.data[member];
        self.json.check_eq(seen, expected, format!("`{member}` in the data"))
    }

    /// Whether both outputs say what the engine says, but for the counts.
    pub(super) fn agrees_with(&self, engine: &Value) -> Outcome {
        for line in self.text.said() {
            let is_warning = line.starts_with("WARNING: ") || line.trim().is_empty();
            self.text.check(is_warning, format!("standard error has only warnings, seen `{line}`"))?;
        }
        self.client_agrees()?;
        self.data_agrees_with(engine)?;
        self.lines_agree_with(engine)?;
        self.lists_agree_with(engine)?;
        let twice = self.tree.twice().filter(|path| !path.contains("WARNING"));
        self.text.check(twice.is_none(), format!("no line is shown twice, seen `{}`", twice.unwrap_or_default()))
    }

    /// What both outputs say of the client itself.
    fn client_agrees(&self) -> Outcome {
        for (path, member) in [("Context", "Context"), ("Debug Mode", "Debug")] {
            let shown = self.tree.values(&format!("Client/{path}")).join(", ");
            let what = format!("`{path}` of the client, in the text and in the data");
            self.text.check_eq(shown, text_of(&self.data["ClientInfo"][member]), what)?;
        }
        Ok(())
    }

    /// What the client does not know it cannot show, so that it may leave out members; but not change them.
    fn data_agrees_with(&self, engine: &Value) -> Outcome {
        let Some(members) = self.data.as_object() else {
            return self.json.check(false, "the data is an object");
        };
        for needed in NEEDED {
            self.json.check(members.contains_key(needed), format!("the data has a member `{needed}`"))?;
        }
        for (name, seen) in members.iter().filter(|(name, _)| !CHANGING.contains(&name.as_str())) {
            // The engine keeps labels in an order of its own.
            let is_same = |expected: &Value| match name.as_str() {
                "Labels" => sorted(seen) == sorted(expected),
                _ => is_part_of(seen, expected),
            };
            if let Some(expected) = engine.get(name)
                && !is_same(expected)
            {
                self.json.check_eq(seen, expected, format!("`{name}` in the data, compared with the engine's API"))?;
            }
        }
        Ok(())
    }

    fn lines_agree_with(&self, engine: &Value) -> Outcome {
        for (path, member) in LINES {
            self.check_line(path, &text_of(&engine[member]))?;
        }
        self.check_line("Total Memory", &binary_size(engine["MemTotal"].as_u64().unwrap_or_default()))?;
        for pair in engine["DriverStatus"].as_array().into_iter().flatten() {
            self.check_line(&format!("Storage Driver/{}", text_of(&pair[0])), &text_of(&pair[1]))?;
        }
        for (kind, plugins) in [("Volume", "Volume"), ("Network", "Network"), ("Log", "Log")] {
            let names: Vec<String> = engine["Plugins"][plugins].as_array().into_iter().flatten().map(text_of).collect();
            self.check_line(&format!("Plugins/{kind}"), &names.join(" "))?;
        }
        self.check_line("Swarm", &text_of(&engine["Swarm"]["LocalNodeState"]))?;
        for (path, member) in [("containerd version", "ContainerdCommit"), ("runc version", "RuncCommit")] {
            let shown = self.line(path)?;
            let first = shown.split(" (expected").next().unwrap_or_default();
            self.text.check_eq(first, text_of(&engine[member]["ID"]), format!("`{path}` in the text"))?;
        }
        Ok(())
    }

    fn lists_agree_with(&self, engine: &Value) -> Outcome {
        let runtimes: BTreeSet<&str> = self.line("Runtimes")?.split(' ').collect();
        let known: BTreeSet<&str> =
            engine["Runtimes"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        let list = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(" ");
        self.text.check_eq(list(runtimes), list(known), "`Runtimes` in the text")?;
        self.check_below("Labels", &texts(&engine["Labels"]))?;
        self.check_below("Registry Mirrors", &texts(&engine["RegistryConfig"]["Mirrors"]))?;
        let mut insecure = texts(&engine["RegistryConfig"]["InsecureRegistryCIDRs"]);
        let indexes = engine["RegistryConfig"]["IndexConfigs"].as_object().into_iter().flatten();
        insecure.extend(indexes.filter(|(_, index)| index["Secure"] == false).map(|(name, _)| name.clone()));
        self.check_below("Insecure Registries", &insecure)?;
        let security = texts(&engine["SecurityOptions"]);
        let names = security.iter().filter_map(|option| option.split(',').next()?.strip_prefix("name="));
        self.check_below("Security Options", &names.map(str::to_owned).collect())
    }
}

/// Lines that are one member of the engine's answer each.
const LINES: [(&str, &str); 15] = [
    ("Server Version", "ServerVersion"),
    ("Storage Driver", "Driver"),
    ("Logging Driver", "LoggingDriver"),
    ("Cgroup Driver", "CgroupDriver"),
    ("Default Runtime", "DefaultRuntime"),
    ("Init Binary", "InitBinary"),
    ("Kernel Version", "KernelVersion"),
    ("Operating System", "OperatingSystem"),
    ("OSType", "OSType"),
    ("Architecture", "Architecture"),
    ("CPUs", "NCPU"),
    ("Name", "Name"),
    ("ID", "ID"),
    ("Docker Root Dir", "DockerRootDir"),
    ("Live Restore Enabled", "LiveRestoreEnabled"),
];

/// Whether all that `part` says `whole` says, too. Nothing is the same as an empty list or text.
fn is_part_of(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(name, part)| whole.get(name).is_none_or(|whole| is_part_of(part, whole)))
        }
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len() && part.iter().zip(whole).all(|(part, whole)| is_part_of(part, whole))
        }
        (part, whole) => part == whole || (is_empty(part) && is_empty(whole)),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn sorted(value: &Value) -> Vec<String> {
    let mut texts: Vec<String> = value.as_array().into_iter().flatten().map(text_of).collect();
    texts.sort();
    texts
}

fn texts(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().map(text_of).collect()
}

/// A number of bytes as the client writes it: four digits and a unit of 1024.
pub(super) fn binary_size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let (mut size, mut unit) = (u128::from(bytes) * 10_000, 0);
    while size >= 10_240_000 && unit + 1 < UNITS.len() {
        // Rounded only at the end, so the remainder is kept in the digits below the last that is shown.
        size /= 1024;
        unit += 1;
    }
    let whole = size / 10_000;
    let decimals = 4_usize.saturating_sub(whole.to_string().len());
    let scale = 10_u128.pow(u32::try_from(4 - decimals).unwrap_or(4));
    let rounded = (size + scale / 2) / scale;
    let factor = 10_u128.pow(u32::try_from(decimals).unwrap_or(0));
    let text = format!("{}.{:0decimals$}", rounded / factor, rounded % factor);
    let text = if decimals == 0 { (rounded / factor).to_string() } else { text };
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_size_has_four_digits() {
        let cases = [
            (0, "0B"),
            (1000, "1000B"),
            (1024, "1KiB"),
            (25_276_502_016, "23.54GiB"),
            (17_179_869_184, "16GiB"),
            (1_000_000, "976.6KiB"),
            (1_073_741_823, "1024MiB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(binary_size(bytes), text);
        }
    }

    #[test]
    fn a_client_may_leave_out_what_it_does_not_know() {
        let whole = json!({"a": [1, {"b": 2, "c": 3}], "d": [], "e": null});
        assert!(is_part_of(&json!({"a": [1, {"b": 2}], "d": null, "new": 5}), &whole));
        assert!(!is_part_of(&json!({"a": [1]}), &whole));
        assert!(!is_part_of(&json!({"a": [1, {"b": 4}]}), &whole));
    }
}
