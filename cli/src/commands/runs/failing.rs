//! `dockertest failing`

use std::collections::HashMap;

use dockertest::report::{RunState, utc_time};
use dockertest::repository::{FailingStep, Repository};
use serde_json::{Value, json};

use super::{columns, empty, engine, one_line, pretty};
use crate::args::Failing;
use crate::kept;
use crate::screen::{Problem, Screen, visible};
use crate::status;

pub(crate) fn failing(wanted: &Failing, screen: &Screen) -> Result<u8, Problem> {
    let repository = kept::open(&wanted.told.kept, screen)?;
    repository.last().ok_or_else(|| empty(&repository))?;
    let (steps, others): (Vec<_>, Vec<_>) =
        repository.failing_steps().into_iter().partition(|step| wanted.all || step.is_current);
    let text = if wanted.list {
        let mut names: Vec<String> = steps.iter().map(|step| one_line(step.name.as_str())).collect();
        names.dedup();
        names.iter().map(|name| format!("{name}\n")).collect()
    } else if wanted.told.json {
        let reasons = reasons(&repository, &steps);
        let steps: Vec<Value> = steps.iter().zip(reasons).map(|(step, reason)| step_json(step, &reason)).collect();
        pretty(&steps.into())?
    } else {
        table(&repository, &steps)
    };
    screen.output(if wanted.list || wanted.told.json { text.clone() } else { visible(&text).into_owned() })?;
    if steps.is_empty() && !wanted.told.json && !wanted.list {
        let place = repository.current_engine().map(|engine| format!(" on {engine}")).unwrap_or_default();
        screen.note(format!("nothing is known to fail{place}"));
    }
    if !others.is_empty() && !wanted.told.json {
        screen.note(format!("{} more on other engines; `--all` shows them", others.len()));
    }
    Ok(if steps.is_empty() { status::SUCCESS } else { status::NOT_PASSED })
}

fn table(repository: &Repository, steps: &[FailingStep]) -> String {
    let row = |(step, reason): (&FailingStep, String)| {
        let reason = reason.lines().next().unwrap_or_default().to_owned();
        [step.verdict.to_string(), one_line(step.name.as_str()), place(step).to_owned(), step.run.clone(), reason]
    };
    let rows: Vec<_> = steps.iter().zip(reasons(repository, steps)).map(row).collect();
    columns(&rows)
}

/// Where it fails: on an engine, or in another program's tests, which have none.
fn place(step: &FailingStep) -> &str {
    if step.name.subtest().is_none() { "loaded" } else { engine(&step.engine) }
}

/// Why each fails, from the journals; empty where they are gone.
fn reasons(repository: &Repository, steps: &[FailingStep]) -> Vec<String> {
    let mut states: HashMap<&str, Option<RunState>> = HashMap::new();
    let reason = |step: &FailingStep, state: &RunState| {
        let ended = state.endings().filter(|(ended, _)| ended.planned.id() == step.name);
        ended.max_by_key(|(_, ending)| ending.verdict).map(|(_, ending)| ending.reason.clone())
    };
    let told = steps.iter().map(|step| {
        let state = states.entry(&step.run).or_insert_with(|| repository.state(&step.run).ok());
        let own = state.as_ref().and_then(|state| reason(step, state)).filter(|_| !step.verdict.is_passed());
        let told: Vec<String> =
            step.told_on.iter().map(|(name, verdict)| format!("{name} after it: {verdict}")).collect();
        let cut_off = (own.is_none() && told.is_empty()).then(|| "did not come to its end".to_owned());
        own.into_iter().chain(told).chain(cut_off).collect::<Vec<_>>().join("; ")
    });
    told.collect()
}

fn step_json(step: &FailingStep, reason: &str) -> Value {
    let told_on: Vec<Value> =
        step.told_on.iter().map(|(name, verdict)| json!({ "name": name, "verdict": verdict })).collect();
    json!({
        "name": step.name.as_str(),
        "foreign": step.name.subtest().is_none(),
        "verdict": step.verdict,
        "reason": reason,
        "engine": step.engine,
        "current_engine": step.is_current,
        "run": step.run,
        "ended": utc_time(step.ended_us),
        "found_after_it": told_on,
    })
}
