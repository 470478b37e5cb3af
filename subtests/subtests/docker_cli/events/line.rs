//! One event as a line of `docker events`, as text or as data, and as the API tells it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use dockertest::engine::Event;
use regex::Regex;
use serde_json::Value;

/// An event, however it was told. Podman's names of actions are replaced by docker's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    /// Nanoseconds of the clock.
    pub(super) time: i128,
    pub(super) kind: String,
    pub(super) action: String,
    pub(super) id: String,
    /// As text between parentheses, sorted; what stands there cannot be taken apart, since values may have commas.
    pub(super) attributes: String,
}

/// `TIME KIND ACTION ID (NAME=VALUE, …)`. An action may have blanks and parentheses (`exec_create: sh -c (true)`), so an
/// id of 64 digits is looked for first.
static TEXTS: LazyLock<[Option<Regex>; 2]> = LazyLock::new(|| [r"[0-9a-f]{64}", r"\S+"].map(text_with_id));

fn text_with_id(id: &str) -> Option<Regex> {
    let time = r"\d{4}-\d\d-\d\d(?:T\S+| \S+ [+-]\d{4} \S+)";
    let parts = r"(?<kind>[a-z]+) (?<action>\S.*?) ";
    Regex::new(&format!(r"^(?<time>{time}) {parts}(?<id>{id})(?: \((?<attributes>.*)\))?$")).ok()
}

impl Told {
    /// A line of the text for people.
    pub(super) fn of_text(line: &str) -> Option<Self> {
        let parts = TEXTS.iter().flatten().find_map(|text| text.captures(line))?;
        let part = |name: &str| parts.name(name).map_or("", |part| part.as_str()).to_owned();
        Some(Told {
            time: nanoseconds(&part("time"))?,
            kind: part("kind"),
            action: action(&part("action")),
            id: part("id"),
            attributes: part("attributes"),
        })
    }

    /// A line of `--format '{{json .}}'`: docker's, or podman's, which from version 5 on has docker's names of the time.
    pub(super) fn of_json(line: &str) -> Option<Self> {
        let data: Value = serde_json::from_str(line).ok()?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        if let Some(status) = data.get("Status") {
            let mut attributes = map(&data["Attributes"]);
            attributes.insert("image".to_owned(), text(&data["Image"])?);
            attributes.insert("name".to_owned(), text(&data["Name"])?);
            return Some(Told {
                time: data["Time"].as_str().map_or_else(|| both_times(&data), nanoseconds)?,
                kind: text(&data["Type"])?,
                action: action(status.as_str()?),
                id: text(&data["ID"])?,
                attributes: joined(&attributes),
            });
        }
        Some(Told {
            time: both_times(&data)?,
            kind: text(&data["Type"])?,
            action: action(data["Action"].as_str()?),
            id: text(&data["Actor"]["ID"])?,
            attributes: joined(&map(&data["Actor"]["Attributes"])),
        })
    }

    pub(super) fn of_api(event: &Event) -> Self {
        let attributes = event.attributes.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        Told {
            time: i128::from(event.time),
            kind: event.kind.clone(),
            action: action(&event.action),
            id: event.id.clone(),
            attributes: joined(&attributes),
        }
    }

    /// Whether it is about a container, or about a network that the container joined or left.
    pub(super) fn is_about(&self, id: &str) -> bool {
        self.id == id || self.attributes.split(", ").any(|pair| pair.strip_prefix("container=") == Some(id))
    }

    /// A line for people.
    pub(super) fn shown(&self) -> String {
        format!("{} {} {} {} ({})", self.time, self.kind, self.action, self.id, self.attributes)
    }
}

/// Docker's name of an action.
pub(super) fn action(name: &str) -> String {
    match name {
        "died" => "die",
        "remove" => "destroy",
        other => other,
    }
    .to_owned()
}

/// Nanoseconds, if seconds and nanoseconds are of one moment.
fn both_times(data: &Value) -> Option<i128> {
    let time = data["timeNano"].as_i64()?;
    (data["time"].as_i64()? == time / 1_000_000_000).then_some(i128::from(time))
}

fn map(value: &Value) -> BTreeMap<String, String> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

fn joined(attributes: &BTreeMap<String, String>) -> String {
    attributes.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
}

/// Docker writes RFC 3339, podman `2026-11-21 03:46:29.292193696 +0000 UTC`.
fn nanoseconds(time: &str) -> Option<i128> {
    let parts: Vec<&str> = time.split(' ').collect();
    let standard = match parts[..] {
        [date, clock, offset, _zone] => format!("{date}T{clock}{offset}"),
        _ => time.to_owned(),
    };
    standard.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_nanosecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_of_an_event_are_one_event() {
        let docker =
            Told::of_text("2026-11-21T04:46:23.253215567+01:00 container die 15a8 (a=b, c, exitCode=0, name=x)")
                .unwrap();
        assert_eq!(docker.time, 1_795_232_783_253_215_567);
        assert_eq!((docker.kind.as_str(), docker.action.as_str(), docker.id.as_str()), ("container", "die", "15a8"));
        let json = r#"{"status":"die","id":"15a8","Type":"container","Action":"die","Actor":{"ID":"15a8","Attributes":
            {"name":"x","exitCode":"0","a":"b, c"}},"time":1795232783,"timeNano":1795232783253215567}"#;
        assert_eq!(Told::of_json(json), Some(docker.clone()));
        let podman = r#"{"ID":"15a8","Image":"i","Name":"x","Status":"died","Time":"2026-11-21T03:46:23.253215567Z","Type":"container",
            "Attributes":{"a":"b"}}"#;
        let podman = Told::of_json(podman).unwrap();
        let newer = r#"{"ID":"15a8","Image":"i","Name":"x","Status":"died","time":1795232783,"timeNano":1795232783253215567,
            "Type":"container","Attributes":{"a":"b"}}"#;
        assert_eq!(Told::of_json(newer).as_ref(), Some(&podman));
        let text = Told::of_text("2026-11-21 03:46:23.253215567 +0000 UTC container died 15a8 (a=b, image=i, name=x)");
        assert_eq!(text.as_ref(), Some(&podman));
        assert_eq!(podman.action, "die");
    }

    #[test]
    fn actions_may_have_blanks_and_lines_that_are_none_are_refused() {
        let id = "15a8".repeat(16);
        let exec = format!("2026-11-21T03:46:23.2Z container exec_create: sh -c (true) {id} (name=x)");
        let exec = Told::of_text(&exec).unwrap();
        assert_eq!((exec.action.as_str(), exec.id), ("exec_create: sh -c (true)", id));
        let network =
            Told::of_text("2026-11-21T03:46:23.2Z network connect cf1a (container=15a8, name=bridge)").unwrap();
        assert!(network.is_about("15a8") && network.is_about("cf1a") && !network.is_about("15a"));
        for line in
            ["", "container die 15a8", "2026-11-21T03:46:23.2Z die", "2026-99-21T03:46:23.2Z container die 15a8 ()"]
        {
            assert_eq!(Told::of_text(line), None, "{line}");
        }
    }
}
