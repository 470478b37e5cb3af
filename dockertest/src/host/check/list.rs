//! The rules about `list`.

use std::collections::BTreeSet;

use super::exchange::{Exchange, is_last};
use super::report::Findings;
use super::run::{exit, nothing_after};
use crate::config::{Problem, check_host_file};
use crate::host::conversation::name;
use crate::host::protocol::{ConfigFile, HostMessage, PROTOCOL, SubtestInfo};
use crate::outcome::Level;
use crate::version::API_VERSION;

/// What a list has told.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) program: Option<String>,
    pub(super) subtests: Vec<SubtestInfo>,
    pub(super) config: Vec<ConfigFile>,
}

pub(super) fn check(exchange: &Exchange, findings: &mut Findings) -> Known {
    let mut known = Known::default();
    let mut complaints = Vec::new();
    let mut strangers = Vec::new();
    for message in exchange.messages() {
        match message {
            HostMessage::Subtest(info) => known.subtests.push(info.clone()),
            HostMessage::Config(file) => known.config.push(file.clone()),
            HostMessage::Log { level: Level::Error, text, .. } => complaints.push(text.clone()),
            HostMessage::Log { .. } | HostMessage::Hello(_) | HostMessage::Listed { .. } => {}
            other => strangers.push(format!("`{}`", name(other))),
        }
    }
    known.program = hello("list-hello", exchange, findings);
    findings.unless("list-messages", (!strangers.is_empty()).then(|| format!("it says {}", strangers.join(", "))));
    findings.unless("no-complaint", (!complaints.is_empty()).then(|| complaints.join("\n")));
    complete(exchange, &known, findings);
    names(&known, findings);
    findings.unless("config", config(&known));
    exit("list-exit", exchange, findings);
    known
}

/// The rules about who speaks. Gives back its name.
pub(super) fn hello(rule: &'static str, exchange: &Exchange, findings: &mut Findings) -> Option<String> {
    let mut messages = exchange.messages();
    let hello = match messages.next() {
        Some(HostMessage::Hello(hello)) => hello,
        Some(other) => {
            findings.broken(rule, format!("`{}`: its first message is `{}`", exchange.call, name(other)));
            return None;
        }
        None => {
            let stderr = if exchange.stderr.is_empty() { String::new() } else { format!("\n{}", exchange.stderr) };
            findings.broken(rule, format!("`{}` says nothing that can be understood{stderr}", exchange.call));
            return None;
        }
    };
    let again = messages.any(|message| matches!(message, HostMessage::Hello(_)));
    findings.unless(rule, again.then(|| format!("`{}` says `hello` twice", exchange.call)));
    let number =
        (hello.protocol != PROTOCOL).then(|| format!("it is {}, and this program speaks {PROTOCOL}", hello.protocol));
    findings.unless("protocol-number", number);
    let version = hello.api_version;
    let fits = API_VERSION.fits(version);
    findings.unless("api-version", (!fits).then(|| format!("it is {version}, which does not fit {API_VERSION}")));
    Some(hello.program.clone())
}

fn complete(exchange: &Exchange, known: &Known, findings: &mut Findings) {
    let listed = exchange.messages().find_map(|message| match message {
        HostMessage::Listed { subtests } => Some(*subtests),
        _ => None,
    });
    let Some(listed) = listed else {
        findings.broken("list-complete", "there is no `listed`");
        return findings.not_tried("list-count", "there is no `listed`");
    };
    findings.unless("list-complete", nothing_after(exchange, is_last));
    let named = known.subtests.len();
    let wrong = usize::try_from(listed) != Ok(named);
    findings.unless("list-count", wrong.then(|| format!("there are {named}, and it says {listed}")));
}

fn names(known: &Known, findings: &mut Findings) {
    if known.subtests.is_empty() {
        let why = "no subtest is listed";
        findings.not_tried("names", why);
        return findings.not_tried("no-duplicates", why);
    }
    let mut seen = BTreeSet::new();
    let mut twice = Vec::new();
    let mut bad = Vec::new();
    for info in &known.subtests {
        let children = info.subsubtests.iter().map(|child| (child.as_str(), format!("{}/{child}", info.name)));
        for (child, name) in std::iter::once(("", info.name.to_string())).chain(children) {
            if child.contains('/') || info.name.join(child).is_err() && !child.is_empty() {
                bad.push(format!("`{}`", name.escape_debug()));
            }
            if !seen.insert(name.clone()) {
                twice.push(format!("`{}`", name.escape_debug()));
            }
        }
    }
    findings.unless("names", (!bad.is_empty()).then(|| bad.join(", ")));
    findings.unless("no-duplicates", (!twice.is_empty()).then(|| twice.join(", ")));
}

fn config(known: &Known) -> Option<String> {
    let owns = |section: &str| known.subtests.iter().any(|info| info.owns_section(section));
    let check = |file: &ConfigFile| check_host_file(&file.file, &file.text, &owns);
    let problems: Vec<Problem> = known.config.iter().flat_map(check).collect();
    (!problems.is_empty()).then(|| problems.iter().map(Problem::render).collect::<Vec<_>>().join("\n"))
}
