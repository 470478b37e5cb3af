//! What the engine is, asked once for a run.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::engine::api::{Api, ApiFailure};
use crate::journal::EngineFacts;

/// How long the engine may take to answer.
const LIMIT: Duration = Duration::from_secs(2);

/// The answers of `GET /info` that are kept, by the names that they are kept under.
const KEPT: [(&str, &str); 7] = [
    ("CgroupDriver", "cgroup-driver"),
    ("CgroupVersion", "cgroup-version"),
    ("Driver", "storage-driver"),
    ("KernelVersion", "kernel"),
    ("OperatingSystem", "operating-system"),
    ("DefaultRuntime", "runtime"),
    ("Architecture", "architecture"),
];

/// Asks the engine that commands with these options (`docker_options`) would talk to.
///
/// There is always an answer: an engine that is not there is one with a `problem`.
///
/// ```
/// use dockertest::engine::facts;
///
/// let facts = facts("--host unix:///no/such/docker.sock");
/// assert_eq!((facts.address.as_str(), facts.version.as_str()), ("unix:///no/such/docker.sock", ""));
/// assert!(facts.problem.unwrap().starts_with("no engine answers at `unix:///no/such/docker.sock`"));
/// ```
#[must_use]
pub fn facts(docker_options: &str) -> EngineFacts {
    let address = Api::address_of_options(docker_options);
    ask(&address).unwrap_or_else(|failure| {
        let cause = std::error::Error::source(&failure).map_or(String::new(), |cause| format!(": {cause}"));
        EngineFacts { address, problem: Some(format!("{failure}{cause}")), ..EngineFacts::default() }
    })
}

fn ask(address: &str) -> Result<EngineFacts, ApiFailure> {
    let api = Api::connect(address, LIMIT)?;
    let version = api.version()?;
    let mut info = api.info()?;
    let kept = KEPT.into_iter().filter_map(|(asked, name)| Some((name.to_owned(), info.remove(asked)?)));
    Ok(EngineFacts {
        address: address.to_owned(),
        flavor: version.flavor().to_owned(),
        version: version.version,
        api_version: version.api_version,
        facts: kept.collect::<BTreeMap<_, _>>(),
        problem: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_is_not_there_is_an_answer() {
        let facts = facts("--host unix:///nonexistent/engine.sock");
        assert_eq!(facts.address, "unix:///nonexistent/engine.sock");
        assert!(facts.problem.unwrap().contains("/nonexistent/engine.sock"));
    }
}
