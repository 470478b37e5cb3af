//! What the repository of runs tells, `dockertest last`, `failing`, `slowest`, `history`, `stats`, `runs`; and what is added
//! to it by hand, `load`.

mod failing;
mod history;
mod last;
mod list;
mod load;
mod slowest;
mod stats;

use dockertest::report::{local_time, utc_time};
use dockertest::repository::{Repository, RunIs, RunSummary};
use serde_json::{Value, json};

use crate::screen::Problem;

pub(crate) use failing::failing;
pub(crate) use history::history;
pub(crate) use last::last;
pub(crate) use list::runs;
pub(crate) use load::load;
pub(crate) use slowest::slowest;
pub(crate) use stats::stats;

/// How many lines of a long list are shown when nobody wants all.
const SHOWN: usize = 20;

/// The run of this name, or the last one.
pub(super) fn wanted(repository: &Repository, name: Option<&str>) -> Result<RunSummary, Problem> {
    let place = repository.path().display();
    match name {
        Some(name) => repository.run(name).ok_or_else(|| {
            Problem::new(format!(
                "`{place}` has no run `{name}`, or several whose names begin so: `dockertest runs` shows them"
            ))
        }),
        None => repository.last().ok_or_else(|| empty(repository)),
    }
}

/// What is said where no run has stopped yet.
fn empty(repository: &Repository) -> Problem {
    Problem::new(format!(
        "no run has ended yet in the repository `{}`: `dockertest run` adds one",
        repository.path().display()
    ))
}

/// The engine, in words.
fn engine(engine: &str) -> &str {
    if engine.is_empty() { "no engine" } else { engine }
}

/// What was tested: an engine, or the tests of a program whose reports were loaded.
fn tested<'a>(engine: &'a str, tool: Option<&'a str>) -> &'a str {
    tool.filter(|_| engine.is_empty()).unwrap_or_else(|| self::engine(engine))
}

fn tested_in(run: &RunSummary) -> String {
    let tested = tested(&run.engine, run.loaded.as_ref().map(|loaded| loaded.tool.as_str()));
    match &run.matrix {
        // Two builds may tell the same version.
        Some(name) => format!("{tested} (matrix: {name})"),
        None => tested.to_owned(),
    }
}

fn begun(run: &RunSummary) -> String {
    local_time(run.started_us, run.utc_offset_seconds)
}

/// How a run ended, in a word or two.
fn state(run: &RunSummary) -> String {
    match run.state {
        RunIs::Complete => run.verdict.to_string(),
        state => state.to_string(),
    }
}

/// The results folder as a person can open it, or that it is gone, or that there never was one.
fn results(repository: &Repository, run: &RunSummary) -> String {
    if let Some(loaded) = &run.loaded {
        return loaded.to_string();
    }
    match repository.results(run) {
        Some(folder) => folder.display().to_string(),
        // An index that was made again of the journals does not know it.
        None if run.results.as_os_str().is_empty() => "nobody knows where the results are".to_owned(),
        None => "results are gone".to_owned(),
    }
}

fn run_json(repository: &Repository, run: &RunSummary) -> Value {
    json!({
        "run": run.run,
        "state": run.state.as_str(),
        "interruption": run.reason,
        "verdict": run.verdict,
        "started": utc_time(run.started_us),
        "seconds": run.seconds,
        "engine": run.engine,
        "results": repository.results(run),
        "args": run.args,
        "matrix": run.matrix,
        "planned": run.planned,
        "totals": run.totals,
        "loaded": run.loaded,
        "has_journal": run.has_journal,
    })
}

/// A name in one line: those that other programs give their tests may have several.
fn one_line(name: &str) -> String {
    let mut line = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}

/// JSON as it is printed.
fn pretty(value: &Value) -> Result<String, Problem> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// Rows with their columns one below the other; the last column is as long as it likes.
fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// The last lines of a list, unless all are wanted; says how many there are before.
fn shown<T>(list: Vec<T>, all: bool) -> (Vec<T>, usize) {
    let before = if all { 0 } else { list.len().saturating_sub(SHOWN) };
    (list.into_iter().skip(before).collect(), before)
}
