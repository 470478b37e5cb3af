//! P13: where the time of the bundled subtests goes: into the engine, into waiting for what a test is about, or into us.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use dockertest::journal::{self, Event};
use dockertest::name::Kind;
use dockertest::report::{RESULTS_NAME, Results};

use super::Figures;
use crate::setting::{Setting, clear};
use crate::stats::median;
use crate::table::{Met, Row, ms};

/// The intratest that looks after each subtest for what it left over.
const LEAK_CHECK: &str = "garbage_check";

/// What one step has spent.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Spent {
    /// From its first start to its end, process and all.
    pub(super) whole: f64,
    engine: f64,
    waiting: f64,
    own: f64,
    commands: f64,
    requests: f64,
}

/// Every time that a step of this name was run.
pub(super) type Spending = BTreeMap<(Kind, String), Vec<Spent>>;

pub(super) fn measure(setting: &Setting) -> io::Result<Figures> {
    let mut spending = Spending::new();
    for round in 0..=setting.pick(3, 1) {
        let results = setting.disk.path().join("suite");
        clear(&results)?;
        run(setting, &results, &[])?;
        // The first one makes the image.
        if round > 0 {
            read(&results, &mut spending)?;
        }
    }
    let subtests: Vec<(&str, Spent)> = spending
        .iter()
        .filter(|((kind, _), _)| *kind == Kind::Subtest)
        .map(|((_, name), all)| (name.as_str(), middle(all)))
        .collect();
    let leaks = spending.iter().find(|((_, name), _)| name == LEAK_CHECK).map(|(_, all)| middle(all));
    Ok(Figures { rows: rows(&subtests, leaks), details: Some(table(&subtests, leaks)) })
}

/// Runs these subtests of the suite, or all, and says how long that took.
pub(super) fn run(setting: &Setting, results: &Path, names: &[String]) -> io::Result<Duration> {
    run_with(setting, results, names, &[])
}

/// The same with these options of `dockertest run`; without names, all bundled subtests.
pub(super) fn run_with(setting: &Setting, results: &Path, names: &[String], options: &[&str]) -> io::Result<Duration> {
    let missing = |what: &str| io::Error::other(format!("{what}: use `cargo xtask bench`"));
    let host = setting.programs.suite_host.as_ref().ok_or_else(|| missing("dockertest-host is not there"))?;
    let engine = std::env::var_os("DOCKER_HOST").ok_or_else(|| missing("DOCKER_HOST is not set"))?;
    let mut command: Command = setting.dockertest(host);
    command.env("DOCKER_HOST", engine).arg("run").arg("--results").arg(results).args(options);
    if !names.is_empty() {
        command.arg(format!("--args={}", names.join(",")));
    }
    let start = Instant::now();
    let status = command.status()?;
    let took = start.elapsed();
    if status.success() {
        return Ok(took);
    }
    let no_results =
        |error: &dyn std::fmt::Display| io::Error::other(format!("{command:?}: {status}, no results: {error}"));
    let text = fs::read_to_string(results.join(RESULTS_NAME)).map_err(|error| no_results(&error))?;
    let results: Results = serde_json::from_str(&text).map_err(|error| no_results(&error))?;
    let failed = results.steps.iter().filter(|step| !step.verdict.is_passed());
    let names: Vec<String> = failed.map(|step| format!("{}: {}", step.name, step.verdict)).collect();
    Err(io::Error::other(format!("the suite is not good ({status}): {}", names.join(", "))))
}

/// Adds what the steps of a run have spent.
pub(super) fn read(results: &Path, spending: &mut Spending) -> io::Result<()> {
    let records = journal::read(&results.join(journal::FILE_NAME)).map_err(io::Error::other)?.records;
    let mut steps = Vec::new();
    for record in &records {
        match &record.event {
            Event::Planned(plan) => {
                steps = plan.steps.iter().map(|step| (step, Spent::default(), record.time_us)).collect();
            }
            Event::StepStarted(started) => steps[started.step.index()].2 = record.time_us,
            Event::Keyvals(keyvals) => {
                let spent = &mut steps[keyvals.step.index()].1;
                let figure = |name: &str| keyvals.values.get(name).and_then(|value| value.parse::<f64>().ok());
                let figures = [
                    (&mut spent.engine, "time_engine"),
                    (&mut spent.waiting, "time_waiting"),
                    (&mut spent.own, "time_own"),
                    (&mut spent.commands, "engine_commands"),
                    (&mut spent.requests, "engine_requests"),
                ];
                for (place, name) in figures {
                    *place = figure(name).unwrap_or(*place);
                }
            }
            Event::StepEnded(ended) => {
                let (step, mut spent, started_us) = steps[ended.step.index()];
                spent.whole = seconds(record.time_us - started_us);
                spending.entry((step.kind, step.name.to_string())).or_default().push(spent);
            }
            _ => {}
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a run does not take years")]
fn seconds(us: i64) -> f64 {
    us as f64 / 1e6
}

/// The median of each figure.
pub(super) fn middle(all: &[Spent]) -> Spent {
    let of = |figure: fn(&Spent) -> f64| median(all.iter().map(figure).collect());
    Spent {
        whole: of(|spent| spent.whole),
        engine: of(|spent| spent.engine),
        waiting: of(|spent| spent.waiting),
        own: of(|spent| spent.own),
        commands: of(|spent| spent.commands),
        requests: of(|spent| spent.requests),
    }
}

fn rows(subtests: &[(&str, Spent)], leaks: Option<Spent>) -> Vec<Row> {
    let own: Vec<f64> = subtests.iter().map(|(_, spent)| spent.own).collect();
    let largest = subtests.iter().max_by(|(_, a), (_, b)| a.own.total_cmp(&b.own));
    let middle = median(own);
    let mut rows = vec![
        Row::new("P13", format!("our own time in a subtest, half of {} within (the largest)", subtests.len()))
            .measured(largest.map_or(ms(middle), |(name, spent)| format!("{} ({}, {name})", ms(middle), ms(spent.own))))
            .target("≤ 10 ms", Met::at_most(middle, 10e-3)),
    ];
    let sum = |figure: fn(&Spent) -> f64| subtests.iter().map(|(_, spent)| figure(spent)).sum::<f64>();
    let share = sum(|spent| spent.own) / sum(|spent| spent.whole);
    rows.push(
        Row::new("P13", "our own time in all subtests together")
            .measured(ms(sum(|spent| spent.own)))
            .ratio(format!("{:.1} % of the whole ({})", share * 100.0, ms(sum(|spent| spent.whole))))
            .target("≤ 5 % of the whole", Met::at_most(share, 0.05)),
    );
    if let Some(leaks) = leaks {
        rows.push(
            Row::new("P13", "the check for left-overs after each subtest")
                .measured(format!("{}, {} requests, {} commands", ms(leaks.whole), leaks.requests, leaks.commands))
                .target("≤ 10 ms, ≤ 5 requests, 0 commands", {
                    let requests = Met::at_most(leaks.requests, 5.0).and(Met::at_most(leaks.commands, 0.0));
                    Met::at_most(leaks.whole, 10e-3).and(requests)
                }),
        );
    }
    rows
}

/// A line for each subtest.
fn table(subtests: &[(&str, Spent)], leaks: Option<Spent>) -> String {
    let mut text = "| subtest | whole | engine | waiting | ours | share | commands | requests |\n\
                    | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    let sum = subtests.iter().fold(Spent::default(), |sum, (_, spent)| Spent {
        whole: sum.whole + spent.whole,
        engine: sum.engine + spent.engine,
        waiting: sum.waiting + spent.waiting,
        own: sum.own + spent.own,
        commands: sum.commands + spent.commands,
        requests: sum.requests + spent.requests,
    });
    let after_each = leaks.map(|leaks| ("(after each: left-overs)", leaks));
    for (name, spent) in subtests.iter().copied().chain(after_each).chain([("**all subtests**", sum)]) {
        let Spent { whole, engine, waiting, own, commands, requests } = spent;
        let share = own / whole * 100.0;
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {} | {share:.1} % | {commands} | {requests} |",
            ms(whole),
            ms(engine),
            ms(waiting),
            ms(own),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_ours_is_that_of_the_whole() {
        let spent = |whole, own| Spent { whole, own, engine: whole - own, ..Spent::default() };
        let subtests = [("a", spent(1.0, 0.004)), ("b", spent(3.0, 0.02)), ("c", spent(0.5, 0.001))];
        let leaks = Spent { whole: 0.004, requests: 5.0, ..Spent::default() };
        let rows = rows(&subtests, Some(leaks));
        assert_eq!(rows.iter().map(|row| row.met).collect::<Vec<_>>(), [Some(true); 3]);
        assert_eq!(rows[0].measured, "4.00 ms (20.0 ms, b)");
        assert_eq!(rows[1].ratio, "0.6 % of the whole (4500 ms)");
        let table = table(&subtests, None);
        assert!(table.contains("\n| a | 1000 ms | 996 ms | 0.000 ms | 4.00 ms | 0.4 % | 0 | 0 |\n"), "{table}");
    }
}
