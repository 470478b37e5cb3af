//! What everybody may see of an engine's settings: a report goes to many people, and settings have secrets in them.

use serde_json::Value;

use crate::config::{MASK, is_secret};

/// Options for the drivers of logs, each of which knows others, and many of which have secrets.
const LOG_OPTIONS: [&str; 2] = ["log-opt", "log-opts"];

/// Those of them that are no secrets.
const HARMLESS: [&str; 11] = [
    "cache-disabled",
    "compress",
    "env",
    "env-regex",
    "labels",
    "labels-regex",
    "max-buffer-size",
    "max-file",
    "max-size",
    "mode",
    "tag",
];

/// Ends of names that are secrets besides those of [`is_secret`].
const ENDS: [&str; 2] = ["key", "passphrase"];

/// Whether nobody should see what has this name.
pub(super) fn is_private(name: &str) -> bool {
    let name = name.to_lowercase().replace('-', "_");
    is_secret(&name) || ENDS.iter().any(|end| name.ends_with(end))
}

/// The value of an option without secrets: it may be one, have further `name=value` in it, or have a login in an address.
pub(super) fn shown(name: &str, value: &str) -> String {
    let name = name.trim_start_matches('-');
    let is_login = || name.ends_with("proxy") && value.contains('@') && !value.contains("://");
    if value.is_empty() {
        return String::new();
    }
    if is_private(name) || is_login() {
        return MASK.to_owned();
    }
    let value = without_logins(value);
    match value.split_once('=') {
        Some((inner, _)) if is_for_logs(name) && !is_harmless(inner) => format!("{inner}={MASK}"),
        Some((inner, rest)) => format!("{inner}={}", shown(inner, rest)),
        None if is_for_logs(name) => MASK.to_owned(),
        None => value,
    }
}

/// The same for a value of a `daemon.json`.
pub(super) fn shown_value(name: &str, value: Value) -> Value {
    if is_private(name) {
        return MASK.into();
    }
    match value {
        Value::String(text) => shown(name, &text).into(),
        Value::Array(items) => {
            let mut before = name.to_owned();
            let said = items.into_iter().map(|item| {
                let next = item.as_str().and_then(option_in_list).unwrap_or(name).to_owned();
                shown_value(&std::mem::replace(&mut before, next), item)
            });
            said.collect()
        }
        Value::Object(settings) => {
            let is_seen = |inner: &str| !is_for_logs(name) || is_harmless(inner);
            let said = settings.into_iter().map(|(inner, value)| {
                let value = if is_seen(&inner) { shown_value(&inner, value) } else { MASK.into() };
                (inner, value)
            });
            Value::Object(said.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// The option whose value is the next in a list of words, if it is a secret.
pub(super) fn option_in_list(word: &str) -> Option<&str> {
    (word.starts_with('-') && !word.contains('=') && is_private(word)).then_some(word)
}

fn is_for_logs(name: &str) -> bool {
    LOG_OPTIONS.contains(&name)
}

fn is_harmless(name: &str) -> bool {
    HARMLESS.contains(&name)
}

/// Without names and passwords in addresses. A password may have all but a slash and blanks in it.
fn without_logins(value: &str) -> String {
    let mut said = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("://") {
        said.push_str(before);
        said.push_str("://");
        let host = after.find(|c: char| c == '/' || c.is_whitespace()).unwrap_or(after.len());
        let at = after.get(..host).and_then(|host| host.rfind('@'));
        rest = at.and_then(|at| after.get(at..)).unwrap_or(after);
        said.push_str(if at.is_some() { MASK } else { "" });
    }
    said + rest
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::a_secret("--splunk-token", "x", MASK)]
    #[case::an_empty_one("--splunk-token", "", "")]
    #[case::of_a_log("--log-opt", "splunk-token=x", "splunk-token=********")]
    #[case::of_a_log_with_any_name("--log-opt", "logentries=x=y", "logentries=********")]
    #[case::of_a_log_without_a_name("--log-opt", "x", MASK)]
    #[case::of_a_log_harmless("--log-opt", "max-size=10m", "max-size=10m")]
    #[case::of_a_log_with_one_within("--log-opt", "tag=token=x", "tag=token=********")]
    #[case::a_label("--label", "api-key=x", "api-key=********")]
    #[case::a_label_that_is_none("--label", "a=b=c", "a=b=c")]
    #[case::deep("--default-network-opt", "bridge=db.Password=x,a=b", "bridge=db.Password=********")]
    #[case::in_an_address("--registry-mirror", "https://m/x?token=y", "https://m/x?token=********")]
    #[case::a_login("--http-proxy", "http://me:it's=a$b@proxy:3128/a@b", "http://********@proxy:3128/a@b")]
    #[case::two_logins("--x", "http://a:b@c,http://d:e@f", "http://********@c,http://********@f")]
    #[case::a_login_without_a_scheme("--http-proxy", "me:x@proxy:3128", MASK)]
    #[case::no_login("--http-proxy", "proxy:3128", "proxy:3128")]
    fn a_value_is_shown_without_secrets(#[case] name: &str, #[case] value: &str, #[case] expected: &str) {
        assert_eq!(shown(name, value), expected);
    }

    #[test]
    fn settings_are_shown_without_secrets_however_deep() {
        let settings = json!({
            "log-driver": "splunk",
            "log-opts": {"splunk-token": "x", "max-size": "10m", "odd": {"a": "x"}},
            "labels": ["a=b", "token=x"],
            "proxies": {"http-proxy": "http://me:x@p", "https-proxy": "me:x@p", "no-proxy": "a,b"},
            "runtimes": {"r": {"runtimeArgs": ["--token", "x", "--debug", "y"], "apiKey": [1]}},
            "debug": true,
        });
        let expected = json!({
            "log-driver": "splunk",
            "log-opts": {"splunk-token": MASK, "max-size": "10m", "odd": MASK},
            "labels": ["a=b", format!("token={MASK}")],
            "proxies": {"http-proxy": format!("http://{MASK}@p"), "https-proxy": MASK, "no-proxy": "a,b"},
            "runtimes": {"r": {"runtimeArgs": ["--token", MASK, "--debug", "y"], "apiKey": MASK}},
            "debug": true,
        });
        assert_eq!(shown_value("", settings), expected);
    }
}
