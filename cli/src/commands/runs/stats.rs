//! `dockertest stats`

use dockertest::report::utc_time;
use dockertest::repository::Stats as Figures;
use dockertest::verdict::Verdict;
use serde_json::{Value, json};

use super::{columns, engine, one_line, pretty};
use crate::args::Stats;
use crate::kept;
use crate::screen::{Problem, Screen, visible};
use crate::status;

/// How many unsteady subtests are shown.
const UNSTEADY: usize = 10;

pub(crate) fn stats(wanted: &Stats, screen: &Screen) -> Result<u8, Problem> {
    let repository = kept::open(&wanted.told.kept, screen)?;
    let stats = repository.stats();
    if wanted.told.json {
        screen.output(pretty(&stats_json(&stats))?)?;
        return Ok(status::SUCCESS);
    }
    let verdicts = Verdict::ALL.into_iter().filter(|verdict| stats.totals.count(*verdict) > 0);
    let verdicts: Vec<String> = verdicts.map(|verdict| format!("{} {verdict}", stats.totals.count(verdict))).collect();
    let mut rows = vec![
        ["runs".to_owned(), format!("{} ({} complete, {} of these passed)", stats.runs, stats.complete, stats.passed)],
        ["steps".to_owned(), format!("{}: {}", stats.totals.total(), verdicts.join(", "))],
        ["time".to_owned(), format!("{:.0} s", stats.seconds)],
        ["journals".to_owned(), format!("{}, {:.1} MB", stats.journals.0, megabytes(stats.journals.1))],
    ];
    if stats.loaded > 0 {
        rows.push(["loaded".to_owned(), format!("{} of the runs", stats.loaded)]);
    }
    if let (Some(first), Some(last)) = (stats.first_us, stats.last_us) {
        rows.push(["from, to".to_owned(), format!("{}, {}", utc_time(first), utc_time(last))]);
    }
    let engines = stats
        .engines
        .iter()
        .map(|(name, count)| ["engine".to_owned(), format!("{}: {}", engine(name), counted(*count, "run"))]);
    rows.extend(engines);
    let unsteady = stats.unsteady.iter().take(UNSTEADY).map(|one| {
        [
            "unsteady".to_owned(),
            format!(
                "{}: changed {} in {}",
                one_line(one.name.as_str()),
                counted(one.changes, "time"),
                counted(one.runs, "run")
            ),
        ]
    });
    rows.extend(unsteady);
    screen.output(visible(&columns(&rows)).as_bytes())?;
    Ok(status::SUCCESS)
}

/// A number of things, in words.
fn counted(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

#[expect(clippy::cast_precision_loss, reason = "one digit of it is shown")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn stats_json(stats: &Figures) -> Value {
    let engines: Vec<Value> =
        stats.engines.iter().map(|(engine, runs)| json!({ "engine": engine, "runs": runs })).collect();
    let unsteady =
        stats.unsteady.iter().map(|one| json!({ "name": one.name.as_str(), "changes": one.changes, "runs": one.runs }));
    json!({
        "runs": stats.runs,
        "complete": stats.complete,
        "passed": stats.passed,
        "loaded": stats.loaded,
        "totals": stats.totals,
        "seconds": stats.seconds,
        "first": stats.first_us.map(utc_time),
        "last": stats.last_us.map(utc_time),
        "journals": { "count": stats.journals.0, "bytes": stats.journals.1 },
        "engines": engines,
        "unsteady": unsteady.collect::<Vec<Value>>(),
    })
}
