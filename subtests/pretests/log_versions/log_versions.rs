//! Records the versions of what the run is about, for whoever reads the results later.
//!
//! `docker version` must pass; its versions of client and server are appended to `sysinfo/docker_version`, its whole text
//! and that of `docker info` to `sysinfo/docker_info`, and the installed ones of `key_packages`, as rpm, dpkg or pacman
//! know them, to `sysinfo/key_packages`. The facts that the engine's API told at the start are in `sysinfo/engine`.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command as Program;

use dockertest::config::types;
use dockertest::outcome::Evidence;
use dockertest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::life::is_podman;
use crate::protected;

/// The options of the section `[log_versions]`.
#[derive(Debug, Deserialize)]
struct Options {
    #[serde(with = "types::list", alias = "key_rpms")]
    key_packages: Vec<String>,
}

/// Programs that know what is installed: the program, its words before a package's name, and what an answer about an
/// installed package looks like.
const MANAGERS: [(&str, &[&str]); 3] = [
    ("dpkg-query", &["--show", "--showformat=${db:Status-Abbrev} ${Package}-${Version}\\n"]),
    ("rpm", &["--query"]),
    ("pacman", &["--query"]),
];

#[derive(Default)]
struct LogVersions;

impl Subtest for LogVersions {
    fn needs_engine(&self) -> bool {
        true
    }

    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        protected::needs_an_engine(ctx)
    }

    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let sysinfo = ctx.history().results.join("sysinfo");
        std::fs::create_dir_all(&sysinfo)?;
        let data = ctx.docker(["version", "--format", "{{json .}}"]).must_pass()?;
        let (client, server) = versions(ctx, &data)?;
        let line = format!("docker version client: {client} server {server}");
        ctx.info(&line);
        append(&sysinfo.join("docker_version"), &format!("{line}\n"))?;
        for subcommand in ["version", "info"] {
            let shown = ctx.docker([subcommand]).must_pass()?;
            append(&sysinfo.join("docker_info"), &format!("$ {}\n{}\n", shown.command, shown.stdout_text()))?;
        }
        let packages: String = options.key_packages.iter().filter_map(|name| installed(name)).collect();
        append(&sysinfo.join("key_packages"), &packages)?;
        Ok(())
    }
}

/// The versions of client and server; podman without a service has no server beside the client.
fn versions(ctx: &Context, seen: &Completed) -> Outcome<(String, String)> {
    let data: Value = serde_json::from_slice(&seen.stdout).unwrap_or_default();
    let version = |side: &str| data[side]["Version"].as_str().map(str::to_owned);
    let shown = |side: &str| {
        version(side).ok_or_else(|| {
            let evidence = Evidence {
                command: Some(seen.command.clone()),
                expected: Some(format!("JSON with a version of the {}", side.to_lowercase())),
                seen: Some(seen.stdout_text().into_owned()),
                ..Evidence::default()
            };
            CheckFailed::new(format!("no version of the {} is shown", side.to_lowercase()), evidence)
        })
    };
    let client = shown("Client")?;
    let server = if is_podman(ctx) { version("Server").unwrap_or_else(|| client.clone()) } else { shown("Server")? };
    Ok((client, server))
}

/// The package's name and version as a line, if it is installed.
fn installed(package: &str) -> Option<String> {
    MANAGERS.iter().find_map(|(program, words)| {
        let output = Program::new(program).args(*words).arg(package).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        // dpkg also knows packages that were removed; `ii` is one that is installed.
        let line = if *program == "dpkg-query" { text.strip_prefix("ii")?.trim() } else { text.as_str() };
        (output.status.success() && !line.is_empty()).then(|| format!("{line}\n"))
    })
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())
}

dockertest::subtest!(LogVersions, "Records the versions of the engine and of the packages around it.");
