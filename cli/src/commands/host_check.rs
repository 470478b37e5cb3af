//! `dockertest host-check`

use std::time::Duration;

use dockertest::host::HostCheck;
use dockertest::run::EXIT_FAILED;

use crate::args::CheckHost;
use crate::screen::{Problem, Screen, visible};
use crate::sources::{self, Folders};
use crate::{hosts, status};

pub(crate) fn host_check(wanted: &CheckHost, screen: &Screen) -> Result<u8, Problem> {
    let program = hosts::single(&wanted.program)?;
    let layers = sources::layers(&Folders::find(&wanted.sources), &wanted.sources.set);
    layers.clone().load().map_err(|failure| sources::explain(&failure))?;
    let mut check = HostCheck::new(program).layers(layers).limit(Duration::from_secs(wanted.limit.into()));
    if let Some(name) = &wanted.subtest {
        check = check.subtest(name.parse()?);
    }
    let shown = wanted.program.display();
    let report = check.run().map_err(|error| Problem::new(format!("the host `{shown}` cannot be checked: {error}")))?;
    if wanted.json {
        screen.output(format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else {
        screen.output(visible(&format!("{report}\n")).as_bytes())?;
    }
    Ok(if report.holds() { status::SUCCESS } else { EXIT_FAILED })
}
