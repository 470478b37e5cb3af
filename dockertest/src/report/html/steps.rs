//! Every step with its sub-subtests, what a check saw, and the log.

use maud::{Markup, html};

use super::evidence::{log, parts, shown, verdict};
use super::gather::{Extra, Run};
use super::overview::{fact, named};
use crate::name::Kind;
use crate::outcome::Ending;
use crate::report::console::again;
use crate::report::state::{Standing, StepState, SubsubtestState};
use crate::report::text::first_line;
use crate::report::time::for_people;
use crate::verdict::Verdict;

/// So many failures are open from the beginning: more would hide the tree.
const OPEN_FAILURES: usize = 10;

/// The word for a step that has not ended.
const OPEN: &str = "OPEN";

/// The verdict of a step, or that it has none.
pub(super) fn word_of(step: &StepState) -> &'static str {
    step.ending.as_ref().map_or(OPEN, |ending| ending.verdict.as_str())
}

/// All words for steps.
pub(super) fn words() -> impl Iterator<Item = &'static str> {
    Verdict::ALL.map(Verdict::as_str).into_iter().chain([OPEN])
}

/// Whether a step passed only when it was run again.
pub(super) fn is_flaky(step: &StepState) -> bool {
    let ended = |ending: &Ending| ending.verdict.is_passed() && ending.reason.starts_with("flaky: ");
    step.attempts > 1 && step.ending.as_ref().is_some_and(ended)
}

/// Whether it would only hide the others: what passes after every subtest.
fn is_quiet(step: &StepState) -> bool {
    step.planned.kind == Kind::Intratest && word_of(step) == Verdict::Good.as_str() && !is_flaky(step)
}

pub(super) fn filter(run: &Run) -> Markup {
    let has = |word: &str| run.state.steps.iter().filter(|step| word_of(step) == word).count();
    let quiet = run.state.steps.iter().filter(|step| is_quiet(step)).count();
    html! {
        form id="filter" role="search" aria-label="Filter steps" hidden {
            div.line {
                label { span { "Search" } input id="search" type="search" autocomplete="off" placeholder="all words have to be found"; }
                label { input id="in-logs" type="checkbox"; " in all that is said" }
                label { span { "Order" } select id="order" {
                    option value="plan" { "of the plan" }
                    option value="worst" { "worst first" }
                    option value="slowest" { "slowest first" }
                } }
            }
            fieldset {
                legend { "Show" }
                @for word in words() {
                    @let count = has(word);
                    @if count > 0 {
                        label { input type="checkbox" name="verdict" value=(word) checked; (verdict(named(word))) " " (count) }
                    }
                }
                @if quiet > 0 {
                    label { input id="quiet" type="checkbox"; " passed checks between subtests " (quiet) }
                }
            }
            div.line {
                button type="reset" { "Show all" }
                button type="button" id="unfold" { "Open shown" }
                button type="button" id="fold" { "Close all" }
                span id="count" role="status" {}
            }
        }
    }
}

pub(super) fn tree(run: &Run) -> Markup {
    let failures = run.state.endings().filter(|(_, ending)| !ending.verdict.is_passed()).count();
    let is_open = |step: &StepState| {
        failures <= OPEN_FAILURES && step.ending.as_ref().is_some_and(|ending| !ending.verdict.is_passed())
    };
    html! {
        ol.tree {
            @for (index, (step, extra)) in run.state.steps.iter().zip(&run.steps).enumerate() {
                li id={ "step-" (index) } data-verdict=(word_of(step)) data-quiet[is_quiet(step)]
                    data-seconds=(format!("{:.3}", step.ending.as_ref().map_or(0.0, |ending| ending.seconds))) {
                    details open[is_open(step)] {
                        summary { (row(run, step)) }
                        div.body { (details(run, step, extra)) }
                    }
                }
            }
        }
    }
}

fn row(run: &Run, step: &StepState) -> Markup {
    html! {
        span.row {
            span.how { (verdict(label(run, step))) }
            h3 { (shown(step.planned.title())) }
            @if step.planned.kind != Kind::Subtest { span.tag { (step.planned.kind) } }
            @if is_flaky(step) { span.tag { "flaky" } }
            @if let Some(ending) = &step.ending {
                @if ending.known_failure.is_some() { span.tag { "known failure" } }
                span.time { (for_people(ending.seconds)) }
                (why(ending))
            }
        }
    }
}

/// In a word how a step ended, or why it has not.
fn label(run: &Run, step: &StepState) -> &'static str {
    match (&step.ending, step.attempts, &run.state.standing) {
        (Some(ending), _, _) => ending.verdict.as_str(),
        (None, 0, _) => "not run",
        (None, _, Standing::Running) => "running",
        (None, _, _) => "cut off",
    }
}

fn why(ending: &Ending) -> Markup {
    let reason = first_line(&ending.reason);
    html! { @if ending.verdict != Verdict::Good && !reason.is_empty() || reason.starts_with("flaky: ") {
        span.why { (shown(reason)) }
    } }
}

fn details(run: &Run, step: &StepState, extra: &Extra) -> Markup {
    let command = || again(step, run.state.beginning.as_ref());
    html! {
        dl.facts {
            @if step.planned.foreign.is_none() { (fact("folder", &step.planned.folder())) }
            @for attempt in &extra.attempts {
                @let from = for_people(run.clock.seconds(attempt.started_us));
                @let to = attempt.ended_us.map_or_else(String::new, |ended| format!(" to {}", for_people(run.clock.seconds(ended))));
                @let place = attempt.instance.as_ref().map_or_else(String::new, |name| format!(" in {name}"));
                (fact("run", &format!("from {from}{to} by worker {}{place}", attempt.worker)))
            }
            @if extra.attempts.is_empty() && step.ending.is_some() { (fact("run", "it ended without being run")) }
        }
        @if let Some(ending) = &step.ending {
            @let is_bad = !ending.verdict.is_passed();
            @if is_bad || ending.evidence.is_some() || ending.known_failure.is_some() || is_flaky(step) {
                (parts(ending, is_bad.then(command).flatten().as_deref()))
            }
        }
        @if !step.subsubtests.is_empty() {
            ol.children aria-label="Sub-subtests" { @for child in &step.subsubtests { li { (subsubtest(run, child, extra)) } } }
        }
        @if !extra.log.lines.is_empty() { (log(run, &extra.log)) }
    }
}

fn subsubtest(run: &Run, child: &SubsubtestState, extra: &Extra) -> Markup {
    let said = extra.logs.get(&child.name);
    let word = child.ending.as_ref().map_or("not ended", |ending| ending.verdict.as_str());
    let row = html! {
        span.row {
            span.how { (verdict(word)) }
            h4 { (shown(&child.name)) }
            @if let Some(ending) = &child.ending {
                @if ending.known_failure.is_some() { span.tag { "known failure" } }
                span.time { (for_people(ending.seconds)) }
                (why(ending))
            }
        }
    };
    let told = child.ending.as_ref().filter(|ending| ending.verdict != Verdict::Good);
    html! {
        @if told.is_none() && said.is_none() { div.leaf { (row) } } @else {
            details open[told.is_some_and(|ending| !ending.verdict.is_passed())] {
                summary { (row) }
                div.body {
                    @if let Some(ending) = told { (parts(ending, None)) }
                    @if let Some(said) = said { (log(run, said)) }
                }
            }
        }
    }
}
