//! What `docker version` and `podman version` show.

use dockertest::prelude::*;
use serde::Deserialize;

/// The versions that were shown; nothing where none was.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) client: Option<String>,
    pub(super) server: Option<String>,
    /// The version of the API that the server speaks.
    pub(super) server_api: Option<String>,
}

/// The data of `--format '{{json .}}'`. Docker writes `ApiVersion`, podman `APIVersion`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Data {
    client: Option<Side>,
    server: Option<Side>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Side {
    version: Option<String>,
    #[serde(alias = "APIVersion")]
    api_version: Option<String>,
}

impl Shown {
    /// From the data of a command.
    pub(super) fn from_json(seen: &Completed) -> Outcome<Self> {
        let data: Data = serde_json::from_slice(&seen.stdout).map_err(|error| {
            let evidence = dockertest::outcome::Evidence {
                command: Some(seen.command.clone()),
                expected: Some("JSON with `Client` and `Server`".to_owned()),
                seen: Some(seen.stdout_text().into_owned()),
                ..Default::default()
            };
            CheckFailed::new(format!("the version as data cannot be read: {error}"), evidence)
        })?;
        let (client, server) = (data.client, data.server);
        let server_api = server.as_ref().and_then(|side| side.api_version.clone());
        let version = |side: Option<Side>| side.and_then(|side| side.version);
        Ok(Shown { client: version(client), server: version(server), server_api })
    }

    /// From the table for people. In each half the first line `Version:` counts: further ones belong to components,
    /// such as containerd.
    pub(super) fn from_table(text: &str) -> Self {
        let mut shown = Shown::default();
        let mut in_server = None;
        for line in text.lines() {
            if line.starts_with("Client:") || line.starts_with("Server:") {
                in_server = Some(line.starts_with("Server:"));
                continue;
            }
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim(), value.trim());
            let side = match in_server {
                Some(true) => &mut shown.server,
                Some(false) => &mut shown.client,
                None => continue,
            };
            if key == "Version" && side.is_none() {
                *side = Some(value.to_owned());
            } else if key.eq_ignore_ascii_case("api version") && in_server == Some(true) && shown.server_api.is_none() {
                shown.server_api = value.split_whitespace().next().map(str::to_owned);
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(client: &str, server: Option<&str>, api: Option<&str>) -> Shown {
        Shown { client: Some(client.into()), server: server.map(Into::into), server_api: api.map(Into::into) }
    }

    #[test]
    fn the_first_version_of_each_half_counts_and_not_that_of_a_component() {
        let table = "Client: Docker Engine - Community\n Version:           28.2.2\n API version:       1.41 (downgraded from 1.50)\n\n\
                     Server: Docker Engine\n Engine:\n  Version:          20.10.24+dfsg1\n  API version:      1.41 (minimum version 1.12)\n \
                     containerd:\n  Version:          1.6.20\n docker-init:\n  Version:          0.19.0\n";
        assert_eq!(Shown::from_table(table), shown("28.2.2", Some("20.10.24+dfsg1"), Some("1.41")));
    }

    #[test]
    fn podman_shows_no_server() {
        let table = "Client:       Podman Engine\nVersion:      4.3.1\nAPI Version:  4.3.1\nGo Version:   go1.19.8\n";
        assert_eq!(Shown::from_table(table), shown("4.3.1", None, None));
    }

    #[test]
    fn text_that_is_no_table_shows_nothing() {
        assert_eq!(Shown::from_table("Version: 1\npanic: no\n"), Shown::default());
    }
}
