//! What is to be seen first: how the run ended, on which engine, what did not pass. And, last, the engine's facts.

use maud::{Markup, html};

use super::evidence::{shown, verdict};
use super::gather::Run;
use super::steps::{is_flaky, word_of, words};
use crate::journal::Loaded;
use crate::report::StepState;
use crate::report::state::Standing;
use crate::report::text::first_line;
use crate::report::time::{for_people, local_time, utc_time};
use crate::report::under_test::UnderTest;
use crate::verdict::Verdict;

/// The engine under test as people name it.
pub(super) fn title(run: &Run) -> String {
    match &run.state.engine {
        Some(facts) if facts.problem.is_none() => format!("{} {}", facts.flavor, facts.version),
        Some(_) => "the engine did not answer".to_owned(),
        None => match loaded(run) {
            Some(loaded) => format!("tests of {}", loaded.tool),
            None => "no engine was asked".to_owned(),
        },
    }
}

/// Where the run is from, if it was loaded.
fn loaded(run: &Run) -> Option<&Loaded> {
    run.state.beginning.as_ref().and_then(|run| run.loaded.as_deref())
}

pub(in crate::report) fn fact(name: &str, value: &str) -> Markup {
    html! { @if !value.is_empty() { div { dt { (shown(name)) } dd { (shown(value)) } } } }
}

pub(super) fn head(run: &Run) -> Markup {
    let state = &run.state;
    let beginning = state.beginning.as_ref();
    let invocation = beginning.map(|beginning| &beginning.invocation);
    let joined = |list: Option<&Vec<String>>| list.map(|list| list.join(" ")).unwrap_or_default();
    let offset = state.session.utc_offset_seconds;
    let resumed = match run.clock.resumed() {
        0 => String::new(),
        1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    html! {
        p.soft { "dockertest run " (shown(beginning.map_or("", |beginning| beginning.run.as_str()))) }
        h1 { (verdict(state.verdict().as_str())) " " (shown(&title(run))) }
        @if let Some(engine) = UnderTest::of(state) { p { span.soft { "engine under test " } (shown(&engine.told())) } }
        (incomplete(run))
        (counts(run))
        dl.facts {
            (fact("began", &local_time(state.started_us, offset)))
            (fact("in UTC", &utc_time(state.started_us)))
            (fact("took", &for_people(state.seconds())))
            (fact("from", &loaded(run).map(ToString::to_string).unwrap_or_default()))
            (fact("resumed", &resumed))
            (fact("workers", &run.workers().to_string()))
            (fact("host", &state.session.hostname))
            (fact("--args", &joined(invocation.map(|invocation| &invocation.args))))
            (fact("--set", &joined(invocation.map(|invocation| &invocation.set))))
        }
    }
}

/// That, and why, there is more to come.
fn incomplete(run: &Run) -> Markup {
    let open = run.state.steps.iter().filter(|step| step.ending.is_none()).count();
    let why = match &run.state.standing {
        Standing::Ended { .. } => return html! {},
        Standing::Running => "the run goes on, or was cut off".to_owned(),
        Standing::Interrupted { reason } => format!("interrupted: {reason}"),
    };
    html! {
        p.notice { strong { "Not complete" } ": " (shown(&why)) ". Of " (run.state.steps.len()) " steps " (open) " have not ended." }
    }
}

/// How many steps ended how, as words and as a bar.
fn counts(run: &Run) -> Markup {
    let count = |word: &str| run.state.steps.iter().filter(|step| word_of(step) == word).count();
    let mut counts: Vec<(&str, usize)> = words().map(|word| (word, count(word))).collect();
    counts.retain(|(_, count)| *count > 0);
    let flaky = run.state.steps.iter().filter(|step| is_flaky(step)).count();
    let known = run.state.endings().filter(|(_, ending)| ending.known_failure.is_some()).count();
    let before = |number: usize| counts.iter().take(number).map(|(_, count)| count).sum::<usize>();
    let share = |count: usize| format!("{:.3}%", ratio(count, run.state.steps.len()) * 100.0);
    html! {
        svg.share aria-hidden="true" width="100%" height="8" {
            @for (number, (word, count)) in counts.iter().enumerate() {
                rect class={ "bar bar-" (word) } x=(share(before(number))) y="0" height="100%" width=(share(*count)) {}
            }
        }
        ul.counts aria-label="Steps by verdict" {
            li { strong { (run.state.steps.len()) } " steps" }
            @for (word, count) in &counts { li { strong { (count) } " " (verdict(named(word))) } }
            @if flaky > 0 { li { strong { (flaky) } " flaky" } }
            @if known > 0 { li { strong { (known) } " known failures" } }
        }
    }
}

/// A word for people.
pub(super) fn named(word: &str) -> &str {
    if word == "OPEN" { "not ended" } else { word }
}

fn ratio(part: usize, whole: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    number(part) / number(whole.max(1))
}

/// What did not pass, and what passed but should be looked at.
pub(super) fn failures(run: &Run) -> Markup {
    let steps = || run.state.steps.iter().enumerate();
    let failed: Vec<_> = steps().filter(|(_, step)| has(step, |verdict| !verdict.is_passed())).collect();
    let looked_at: Vec<_> = steps().filter(|(_, step)| is_flaky(step) || has(step, |it| it == Verdict::Warn)).collect();
    html! {
        @if failed.is_empty() { p { "Every step that has ended passed." } }
        (links(&failed))
        @if !looked_at.is_empty() {
            h3 { "Passed, but worth a look" }
            (links(&looked_at))
        }
    }
}

fn has(step: &StepState, is_it: impl Fn(Verdict) -> bool) -> bool {
    step.ending.as_ref().is_some_and(|ending| is_it(ending.verdict))
}

fn links(steps: &[(usize, &StepState)]) -> Markup {
    html! {
        @if !steps.is_empty() {
            ul.links {
                @for (index, step) in steps {
                    @if let Some(ending) = &step.ending {
                        li {
                            (verdict(ending.verdict.as_str())) " "
                            a href={ "#step-" (index) } { (shown(step.planned.title())) }
                            " " span.soft { (shown(first_line(&ending.reason))) }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn place(run: &Run) -> Markup {
    let state = &run.state;
    html! {
        dl.facts {
            (fact("engine", &title(run)))
            @if let Some(engine) = &state.engine {
                (fact("address", &engine.address))
                (fact("whose", &UnderTest::of(state).map(|engine| engine.whose()).unwrap_or_default()))
                (fact("API version", &engine.api_version))
                (fact("problem", engine.problem.as_deref().unwrap_or_default()))
                @for (name, value) in &engine.facts { (fact(name, value)) }
            }
            (fact("host", &state.session.hostname))
            (fact("boot", &state.session.boot_id))
            @if let Some(beginning) = &state.beginning {
                (fact("dockertest", &beginning.api_version.to_string()))
                @for (name, folder) in [
                    ("--config-defaults", &beginning.invocation.config_defaults),
                    ("--config-custom", &beginning.invocation.config_custom),
                ] {
                    (fact(name, &folder.as_ref().map(|folder| folder.display().to_string()).unwrap_or_default()))
                }
                @for plugin in &beginning.invocation.plugins { (fact("--plugin", &plugin.display().to_string())) }
            }
        }
    }
}
