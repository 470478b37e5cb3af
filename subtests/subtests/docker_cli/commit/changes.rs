//! What the option `--run` of `docker commit` took in 2014, as instructions for `--change`.

use dockertest::prelude::*;
use dockertest::verdict::Verdict;
use serde::Deserialize;

/// The settings that can be given. All may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
pub(super) struct Changes {
    pub(super) cmd: Vec<String>,
    entrypoint: Vec<String>,
    env: Vec<String>,
    port_specs: Vec<String>,
    user: String,
    working_dir: String,
}

impl Changes {
    /// From the text of the option `commit_run_params`.
    pub(super) fn read(text: &str) -> Outcome<Changes> {
        if text.trim().is_empty() {
            return Ok(Changes::default());
        }
        serde_json::from_str(text).map_err(|error| {
            let problem = format!("the option `commit_run_params` cannot be understood: {error}");
            Failure::new(Verdict::Error, problem)
        })
    }

    /// The ports as the engine calls them.
    pub(super) fn ports(&self) -> Vec<String> {
        let port = |spec: &String| if spec.contains('/') { spec.clone() } else { format!("{spec}/tcp") };
        self.port_specs.iter().map(port).collect()
    }

    /// The instructions, as they stand in a Dockerfile.
    pub(super) fn instructions(&self) -> Outcome<Vec<String>> {
        let mut all = Vec::new();
        for (name, words) in [("ENTRYPOINT", &self.entrypoint), ("CMD", &self.cmd)] {
            if !words.is_empty() {
                all.push(format!("{name} {}", serde_json::to_string(words)?));
            }
        }
        all.extend(self.env.iter().map(|variable| format!("ENV {variable}")));
        all.extend(self.ports().into_iter().map(|port| format!("EXPOSE {port}")));
        for (name, value) in [("USER", &self.user), ("WORKDIR", &self.working_dir)] {
            if !value.is_empty() {
                all.push(format!("{name} {value}"));
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_become_instructions() {
        let text = r#"{"Cmd": ["ls", "/e tc"], "PortSpecs": ["22", "53/udp"], "Env": ["A=b"], "User": "1", "WorkingDir": "/w"}"#;
        let changes = Changes::read(text).unwrap();
        assert_eq!(
            changes.instructions().unwrap(),
            [r#"CMD ["ls","/e tc"]"#, "ENV A=b", "EXPOSE 22/tcp", "EXPOSE 53/udp", "USER 1", "WORKDIR /w"]
        );
        assert!(Changes::read(" ").unwrap().instructions().unwrap().is_empty());
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let failure = Changes::read(r#"{"Cmds": []}"#).unwrap_err();
        assert_eq!(failure.verdict(), Verdict::Error);
        assert!(failure.reason().contains("commit_run_params"), "{failure}");
    }
}
