//! `dockertest runs`

use serde_json::Value;

use super::{begun, columns, pretty, results, run_json, shown, state, tested_in};
use crate::args::Runs;
use crate::kept;
use crate::screen::{Problem, Screen, visible};
use crate::status;

pub(crate) fn runs(wanted: &Runs, screen: &Screen) -> Result<u8, Problem> {
    let repository = kept::open(&wanted.told.kept, screen)?;
    let (runs, before) = shown(repository.runs(), wanted.all);
    if wanted.told.json {
        let runs: Vec<Value> = runs.iter().map(|run| run_json(&repository, run)).collect();
        screen.output(pretty(&runs.into())?)?;
        return Ok(status::SUCCESS);
    }
    let rows: Vec<_> = runs
        .iter()
        .map(|run| {
            [
                run.run.clone(),
                begun(run),
                state(run),
                format!("{}/{} steps", run.totals.total(), run.planned),
                format!("{:.1} s", run.seconds),
                tested_in(run),
                results(&repository, run),
            ]
        })
        .collect();
    screen.output(visible(&columns(&rows)).as_bytes())?;
    if before > 0 {
        screen.note(format!("{before} earlier runs; `--all` shows them"));
    }
    if runs.is_empty() {
        screen.note(format!("the repository `{}` has no runs yet", repository.path().display()));
    }
    Ok(status::SUCCESS)
}
