//! `docker version`: what it shows is right, in the table and as data, and agrees with what the engine's API says.

mod shown;

use dockertest::config::types;
use dockertest::engine::ServerVersion;
use dockertest::outcome::Evidence;
use dockertest::prelude::*;
use serde::Deserialize;

use shown::Shown;

/// The options of the section `[docker_cli/version]`.
#[derive(Debug, Deserialize)]
struct Options {
    #[serde(with = "types::flag")]
    require_same_version: bool,
}

#[derive(Default)]
struct Version {
    table: Shown,
    data: Shown,
    table_command: String,
    data_command: String,
    require_same_version: bool,
}

impl Subtest for Version {
    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        self.require_same_version = options.require_same_version;
        Ok(())
    }

    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        let table = ctx.docker(["version"]).must_pass()?;
        self.table = Shown::from_table(&table.stdout_text());
        self.table_command = table.command;
        let data = ctx.docker(["version", "--format", "{{json .}}"]).must_pass()?;
        self.data = Shown::from_json(&data)?;
        self.data_command = data.command;
        Ok(())
    }

    fn postprocess(&mut self, ctx: &mut Context) -> Outcome {
        let client = required(self.data.client.as_ref(), "the client's version", &self.data_command)?;
        let answer = ctx.api()?.version()?;
        // Podman without a service of its own shows no server: then the client is the engine.
        let server = match &self.data.server {
            None if answer.flavor() == "podman" => client,
            server => required(server.as_ref(), "the server's version", &self.data_command)?,
        };
        ctx.info(format!("Found docker versions client: {client} server {server}"));
        same("the version in the table and as data (client)", self.table.client.as_ref(), client, &self.table_command)?;
        if self.data.server.is_some() {
            same(
                "the version in the table and as data (server)",
                self.table.server.as_ref(),
                server,
                &self.table_command,
            )?;
        }
        self.agrees_with_api(server, &answer)?;
        ctx.info("Docker cli version matches docker client API version");
        ctx.keyval("client_version", client);
        ctx.keyval("server_version", server);
        self.compare_sides(ctx, client, server)
    }
}

impl Version {
    /// What the command line says of the server is what the server says of itself.
    fn agrees_with_api(&self, server: &str, answer: &ServerVersion) -> Outcome {
        same(
            "the server's version, by the command line and by its API",
            Some(&server.to_owned()),
            &answer.version,
            &self.data_command,
        )?;
        match &self.data.server_api {
            None => Ok(()),
            Some(shown) => {
                let what = "the server's API version, by the command line and by its API";
                same(what, Some(shown), &answer.api_version, &self.data_command)
            }
        }
    }

    /// A client of another version than the server is mentioned, or, if the configuration wants it, a failure.
    fn compare_sides(&self, ctx: &Context, client: &str, server: &str) -> Outcome {
        if client == server {
            return Ok(());
        }
        if self.require_same_version {
            let what = "the client's version, which `require_same_version` wants to be the server's";
            return same(what, Some(&client.to_owned()), server, &self.data_command);
        }
        ctx.info(format!("the client ({client}) and the server ({server}) are of different versions"));
        Ok(())
    }
}

fn required<'a>(seen: Option<&'a String>, what: &str, command: &str) -> Outcome<&'a str> {
    match seen {
        Some(version) if version.starts_with(|c: char| c.is_ascii_digit()) => Ok(version),
        seen => {
            let seen = seen.map_or("nothing".to_owned(), |seen| format!("`{seen}`"));
            Err(broken(format!("{what} is not shown"), command, "a version, which begins with a digit", &seen))
        }
    }
}

fn same(what: &str, seen: Option<&String>, expected: &str, command: &str) -> Outcome {
    if seen.is_some_and(|seen| seen == expected) {
        return Ok(());
    }
    let seen = seen.map_or("nothing", String::as_str);
    Err(broken(format!("{what}: expected `{expected}`, seen `{seen}`"), command, expected, seen))
}

fn broken(reason: String, command: &str, expected: &str, seen: &str) -> Failure {
    let evidence = Evidence {
        command: Some(command.to_owned()),
        expected: Some(expected.to_owned()),
        seen: Some(seen.to_owned()),
        ..Evidence::default()
    };
    CheckFailed::new(reason, evidence).into()
}

dockertest::subtest!(Version, "What `docker version` shows is right and agrees with the engine's API.");
