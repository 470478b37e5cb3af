//! `dockertest last`

use std::fmt::Write as _;

use dockertest::journal::{Event, Record};
use dockertest::report::{Console, Results, Style, Totals};
use dockertest::repository::{Repository, RunIs, RunSummary};
use dockertest::verdict::Verdict;

use super::{begun, results, tested_in, wanted as wanted_run};
use crate::args::Last;
use crate::kept;
use crate::screen::{Problem, Screen, visible};
use crate::status;

pub(crate) fn last(wanted: &Last, screen: &Screen) -> Result<u8, Problem> {
    let repository = kept::open(&wanted.kept, screen)?;
    let run = wanted_run(&repository, wanted.run.as_deref())?;
    if wanted.json {
        screen.output(Results::of(&repository.state(&run.run)?).to_json())?;
        return Ok(status_of(&run));
    }
    screen.output(text(&repository, &run, screen.colored_output())?)?;
    Ok(status_of(&run))
}

/// A run, as people want to see it.
pub(super) fn text(repository: &Repository, run: &RunSummary, is_colored: bool) -> Result<String, Problem> {
    let mut text = visible(&head(run)).into_owned();
    if run.has_journal && run.state != RunIs::Unreadable {
        let style = if is_colored { Style::Coloured } else { Style::Plain };
        text.push_str(&failures(repository, run, style)?);
    } else {
        text.push_str(&visible(&without_journal(repository, run)));
    }
    if let Some(change) = change(repository, run) {
        text.push_str(&change);
    }
    Ok(text)
}

/// 0 only for a run that is complete and passed.
pub(super) fn status_of(run: &RunSummary) -> u8 {
    if run.state == RunIs::Complete && run.verdict.is_passed() { status::SUCCESS } else { status::NOT_PASSED }
}

fn head(run: &RunSummary) -> String {
    let mut text = format!("run {}, begun {}, {}, {}", run.run, begun(run), tested_in(run), run.state);
    if let Some(reason) = &run.reason {
        let _ = write!(text, ": {reason}");
    }
    if !run.args.is_empty() {
        let _ = write!(text, "\n--args={}", run.args.join(" "));
    }
    text.push_str("\n\n");
    text
}

/// The steps that did not pass, as the run showed them, and what it said at its end.
fn failures(repository: &Repository, run: &RunSummary, style: Style) -> Result<String, Problem> {
    let records = repository.records_with_ends(&run.run)?;
    let last = records.last().map(|record| record.seq);
    let place = results(repository, run);
    let mut console = Console::new(Vec::new(), style, place.as_ref());
    let is_shown = |record: &Record| match &record.event {
        Event::StepEnded(ended) => !ended.ending.verdict.is_passed(),
        Event::RunEnded(_) => true,
        Event::RunInterrupted(_) => Some(record.seq) == last,
        _ => false,
    };
    for record in &records {
        if is_shown(record) { console.show(record)? } else { console.skip(record) }
    }
    let mut text = String::from_utf8_lossy(&console.into_inner()).into_owned();
    if run.state == RunIs::CutOff {
        let _ = writeln!(text, "cut off after {} of {} steps; results in {place}", run.totals.total(), run.planned);
    }
    Ok(text)
}

/// What the index knows.
fn without_journal(repository: &Repository, run: &RunSummary) -> String {
    let mut text = String::new();
    for step in repository.steps(&run.run).iter().filter(|step| !step.verdict.is_passed()) {
        let _ = writeln!(text, "{:<8}{}", step.verdict.as_str(), step.name);
    }
    let _ = writeln!(
        text,
        "{} of {} steps in {:.1} s; its journal is not kept any more",
        run.totals.total(),
        run.planned,
        run.seconds
    );
    text
}

/// What is different from the run before, of the same kind.
fn change(repository: &Repository, run: &RunSummary) -> Option<String> {
    let runs = repository.runs();
    let place = runs.iter().position(|other| other.run == run.run)?;
    let before = runs[..place]
        .iter()
        .rev()
        .filter(|other| other.loaded.as_ref().map(|from| &from.tool) == run.loaded.as_ref().map(|from| &from.tool))
        // An engine that is compared with others does other than these.
        .filter(|other| other.matrix == run.matrix)
        .find(|other| matches!(other.state, RunIs::Complete | RunIs::Interrupted | RunIs::CutOff))?;
    let count = |totals: &Totals, verdict| i64::from(totals.count(verdict));
    let changes: Vec<String> = Verdict::ALL
        .into_iter()
        .map(|verdict| (verdict, count(&run.totals, verdict) - count(&before.totals, verdict)))
        .filter(|(_, change)| *change != 0)
        .map(|(verdict, change)| format!("{change:+} {verdict}"))
        .collect();
    let changes = if changes.is_empty() { "the same verdicts".to_owned() } else { changes.join(", ") };
    Some(format!("against the run before ({}): {changes}, {:+.1} s\n", before.run, run.seconds - before.seconds))
}
