//! No engine: a failure that says where it was looked for, and nothing that looks like an answer.

use dockertest::prelude::*;

use super::Info;

const NOWHERE: &str = "unix:///nonexistent/dockertest.sock";

#[derive(Default)]
pub(super) struct Unreachable;

impl SubSubtest<Info> for Unreachable {
    fn run_once(&mut self, _info: &mut Info, ctx: &mut Context) -> Outcome {
        ctx.require(Requirement::Docker)?;
        let seen = ctx.docker_at(NOWHERE, ["info"]).run()?;
        check_refusal(&seen, NOWHERE)
    }
}

/// Clients print it to standard output or to standard error.
pub(super) fn check_refusal(seen: &Completed, address: &str) -> Outcome {
    seen.check(seen.status.code() == Some(1), "without an engine the exit status is 1")?;
    let said = format!("{}{}", seen.stdout_text(), seen.stderr_text());
    let names_it =
        said.contains("Cannot connect to the Docker daemon") || said.contains("failed to connect to the docker API");
    seen.check(names_it && said.contains(address), format!("it says that no engine answers at {address}"))?;
    for line in ["Containers:", "Images:", "Server Version:", "Storage Driver:"] {
        let is_shown = said.lines().any(|shown| shown.trim_start().starts_with(line));
        seen.check(!is_shown, format!("it shows no `{line}` of an engine that is not there"))?;
    }
    Ok(())
}
