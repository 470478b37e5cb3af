//! `docker version`: what it shows is right, in the table and as data, and agrees with what the engine's API says.
//!
//! The version is asked for as a table, as data (`--format '{{json .}}'`), and in short (`docker --version`). Nothing may
//! be printed on standard error. Then all are compared:
//!
//! * the server's half of the data must be what the engine's API (`GET /version`) answers: every value, with every
//!   component and its details;
//! * the table must show what the data has: version, version of the API, of Go, commit, build time, system, of client and
//!   engine, and the version and commit of each component, none more and none less;
//! * the client's version and commit must be those of `docker --version`, and the version of the API that it uses one
//!   that the server speaks.
//!
//! That client and server are of different versions is mentioned, or is a failure if `require_same_version` says so.
//!
//! # Engines
//! Podman shows no server when it does not talk to one: then the client is the engine, and its version must be that of
//! the API.

mod data;
mod shown;

use std::collections::BTreeSet;

use dockertest::config::types;
use dockertest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use data::{Data, Half, labelled, text};
use shown::{Labelled, Shown};

/// The options of the section `[docker_cli/version]`.
#[derive(Debug, Deserialize)]
struct Options {
    #[serde(with = "types::flag")]
    require_same_version: bool,
}

#[derive(Default)]
struct Version {
    require_same_version: bool,
    seen: Option<Seen>,
}

/// What was printed.
struct Seen {
    table: Completed,
    data: Completed,
    short: Completed,
}

impl Subtest for Version {
    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        self.require_same_version = options.require_same_version;
        Ok(())
    }

    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        let ask = |words: &[&str]| -> Outcome<Completed> {
            let seen = ctx.docker(words.iter().copied()).must_pass()?.clean()?;
            seen.check_eq(seen.said().join("\n"), "", "what is printed on standard error")?;
            Ok(seen)
        };
        let (table, data) = (ask(&["version"])?, ask(&["version", "--format", "{{json .}}"])?);
        self.seen = Some(Seen { table, data, short: ask(&["--version"])? });
        Ok(())
    }

    fn postprocess(&mut self, ctx: &mut Context) -> Outcome {
        let Some(seen) = &self.seen else { return Ok(()) };
        let data = Data::read(&seen.data)?;
        let (client, server) = seen.versions(ctx, &data)?;
        ctx.info(format!("Found docker versions client: {client} server {server}"));
        seen.short_agrees(&data)?;
        seen.api_agrees(ctx, &data)?;
        seen.table_agrees(&data)?;
        ctx.info("Docker cli version matches docker client API version");
        ctx.keyval("client_version", &client);
        ctx.keyval("server_version", &server);
        if client != server {
            let what = "the client's version, which `require_same_version` wants to be the server's";
            if self.require_same_version {
                return seen.data.check_eq(&client, &server, what);
            }
            ctx.info(format!("the client ({client}) and the server ({server}) are of different versions"));
        }
        Ok(())
    }
}

impl Seen {
    /// The versions of client and server, as data.
    fn versions(&self, ctx: &Context, data: &Data) -> Outcome<(String, String)> {
        let is_version = |version: &str| version.starts_with(|c: char| c.is_ascii_digit());
        let client = text(&data.client, "Version");
        self.data.check(is_version(&client), "the client's version is shown, which begins with a digit")?;
        let answer = ctx.api()?.version()?;
        let server = match &data.server {
            None if answer.flavor() == "podman" => client.clone(),
            server => server.as_ref().map(|server| text(server, "Version")).unwrap_or_default(),
        };
        self.data.check(is_version(&server), "the server's version is shown, which begins with a digit")?;
        self.data.check_eq(&server, &answer.version, "the server's version, by the command line and by its API")?;
        if let Some(half) = &data.server {
            let used = text(&data.client, "ApiVersion");
            let (least, most) = (text(half, "MinAPIVersion"), text(half, "ApiVersion"));
            let spoken = (number(&least)..=number(&most)).contains(&number(&used));
            self.data.check(spoken, format!("the client uses a version of the API from {least} to {most}"))?;
        }
        Ok((client, server))
    }

    /// `Docker version 20.10.24, build 297e128`
    fn short_agrees(&self, data: &Data) -> Outcome {
        let shown = self.short.stdout_text().into_owned();
        let words: BTreeSet<&str> = shown.split([' ', ',', '\n']).filter(|word| !word.is_empty()).collect();
        self.short.check(shown.lines().count() == 1, "the version in short is one line")?;
        for name in ["Version", "GitCommit"] {
            let value = text(&data.client, name);
            let agrees = value.is_empty() || words.contains(value.as_str());
            self.short.check(agrees, format!("it has the client's {name}, `{value}`"))?;
        }
        Ok(())
    }

    /// What the command line says of the server is what the server says of itself.
    fn api_agrees(&self, ctx: &Context, data: &Data) -> Outcome {
        let Some(server) = &data.server else { return Ok(()) };
        let answer = ctx.api()?.version_data()?;
        let (mut shown, mut told) = (Value::Object(server.clone()), answer);
        // The client writes the engine's build time in words.
        for side in [&mut shown, &mut told] {
            for component in side["Components"].as_array_mut().into_iter().flatten() {
                component["Details"]["BuildTime"] = Value::Null;
            }
        }
        let pretty = |value: &Value| serde_json::to_string_pretty(&without_nothing(value)).unwrap_or_default();
        self.data.check_eq(pretty(&shown), pretty(&told), "the server, by the command line and by its API")
    }

    /// The table has what the data has.
    fn table_agrees(&self, data: &Data) -> Outcome {
        let table = Shown::from_table(&self.table.stdout_text());
        self.has("the client", &table.client, &labelled(&data.client))?;
        let parts = data.parts();
        let names = |parts: &std::collections::BTreeMap<String, Labelled>| {
            parts.keys().map(String::as_str).collect::<Vec<_>>().join(" ")
        };
        self.table.check_eq(names(&table.server), names(&parts), "the parts of the server in the table")?;
        for (name, expected) in &parts {
            self.has(name, table.server.get(name).unwrap_or(&Labelled::new()), expected)?;
        }
        Ok(())
    }

    fn has(&self, part: &str, shown: &Labelled, expected: &Labelled) -> Outcome {
        for (label, value) in expected {
            let seen = shown.get(label).map_or("nothing", String::as_str);
            // `1.41 (minimum version 1.12)`
            let seen = if label == "apiversion" { seen.split(' ').next().unwrap_or_default() } else { seen };
            self.table.check_eq(seen, value, format!("`{label}` of {part}, in the table and as data"))?;
        }
        Ok(())
    }
}

/// `1.41`
fn number(version: &str) -> (u32, u32) {
    let (major, minor) = version.split_once('.').unwrap_or((version, ""));
    (major.parse().unwrap_or(0), minor.parse().unwrap_or(0))
}

/// Without values that say nothing: null, and empty lists and objects.
fn without_nothing(value: &Value) -> Value {
    let says_something = |value: &Value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(values) => !values.is_empty(),
        _ => true,
    };
    match value {
        Value::Object(values) => {
            let kept = values.iter().map(|(name, value)| (name.clone(), without_nothing(value)));
            Value::Object(kept.filter(|(_, value)| says_something(value)).collect::<Half>())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_nothing).collect()),
        other => other.clone(),
    }
}

dockertest::subtest!(Version, "What `docker version` shows is right and agrees with the engine's API.");
