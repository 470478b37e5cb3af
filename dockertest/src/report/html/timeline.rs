//! Who ran what, and when: a lane for each worker, and lanes for the lives of instances.

use maud::{Markup, html};

use super::evidence::shown;
use super::gather::{Instance, Run};
use super::steps::word_of;
use crate::report::time::for_people;

/// Lanes beyond this many are left out: the steps tell all.
const MOST_LANES: usize = 64;

/// Instances beyond this many are listed only if there was a problem.
const MOST_INSTANCES: usize = 100;

/// The least that can be seen, in per cent of the lane.
const LEAST: f64 = 0.08;

/// Something with a beginning and an end, in per cent of the lane.
struct Bar {
    from: f64,
    to: f64,
    class: &'static str,
    title: String,
    /// The step that it leads to.
    step: Option<usize>,
    /// How many it stands for: what is too short to be seen by itself stands together.
    count: usize,
}

pub(super) fn timeline(run: &Run) -> Markup {
    let workers: Vec<(String, Vec<Bar>)> = (0..run.workers()).map(|worker| lane(run, worker)).collect();
    let instances = packed(run);
    html! {
        p.soft {
            "From the first record to the last, " (for_people(run.clock.whole()))
            ", without the time between sessions. A tall bar did not pass; one in the colour of links is an attempt that was run \
             again, or has not ended. The steps below have the same times."
        }
        div.lanes {
            (axis(run.clock.whole()))
            @for (name, bars) in workers.iter().take(MOST_LANES) { (drawn(name, bars, "worker")) }
            @for (number, bars) in instances.iter().take(MOST_LANES).enumerate() {
                (drawn(if number == 0 { "instances" } else { "" }, bars, "instance"))
            }
        }
        @for (lanes, what) in [(workers.len(), "workers"), (instances.len(), "lanes of instances")] {
            @if lanes > MOST_LANES { p { (lanes - MOST_LANES) " more " (what) " are not drawn." } }
        }
        @if !run.instances.is_empty() { (table(run)) }
    }
}

/// The lane of a worker, and its name.
fn lane(run: &Run, worker: u32) -> (String, Vec<Bar>) {
    let (mut bars, mut steps) = (Vec::new(), 0_usize);
    for (index, (step, extra)) in run.state.steps.iter().zip(&run.steps).enumerate() {
        let last = extra.attempts.len();
        steps += usize::from(extra.attempts.iter().any(|attempt| attempt.worker == worker));
        for (number, attempt) in (1..).zip(&extra.attempts).filter(|(_, attempt)| attempt.worker == worker) {
            // Of an earlier attempt it is only known that it was not the last word.
            let word = if number == last { word_of(step) } else { "EARLIER" };
            let mut title = format!("{}: {word}", step.planned.title());
            if last > 1 {
                title = format!("{title}, attempt {number} of {last}");
            }
            bars.push(bar(run, (attempt.started_us, attempt.ended_us), class(word), title, Some(index)));
        }
    }
    bars.sort_by(|one, other| one.from.total_cmp(&other.from));
    let again = match bars.len().saturating_sub(steps) {
        0 => String::new(),
        more => format!(", {more} more attempts"),
    };
    (format!("worker {worker}: {steps} {}{again}", if steps == 1 { "step" } else { "steps" }), joined(bars))
}

fn class(word: &str) -> &'static str {
    match word {
        "GOOD" => "bar-GOOD",
        "TEST_NA" => "bar-TEST_NA",
        "WARN" => "bar-WARN",
        "FAIL" => "bar-FAIL",
        "ERROR" => "bar-ERROR",
        "ABORT" => "bar-ABORT",
        _ => "bar-OPEN",
    }
}

fn bar(run: &Run, span: (i64, Option<i64>), class: &'static str, title: String, step: Option<usize>) -> Bar {
    let whole = run.clock.whole().max(f64::MIN_POSITIVE);
    let place = |time_us: i64| (run.clock.seconds(time_us) / whole * 100.0).clamp(0.0, 100.0);
    let (from_us, to_us) = span;
    let from = place(from_us).min(100.0 - LEAST);
    let to = place(to_us.unwrap_or(run.clock.last_us())).max(from + LEAST);
    Bar { from, to, class, title, step, count: 1 }
}

/// The instances in as few lanes as it takes.
fn packed(run: &Run) -> Vec<Vec<Bar>> {
    let mut lanes: Vec<(i64, Vec<Bar>)> = Vec::new();
    let mut instances: Vec<&Instance> = run.instances.iter().collect();
    instances.sort_by_key(|instance| instance.made_us);
    for instance in instances {
        let class = if instance.problem.is_some() { "bar-ERROR" } else { "bar-instance" };
        let title = format!("{} ({}), {} steps", instance.name, instance.provider, instance.steps);
        let bar = bar(run, (instance.made_us, instance.gone_us), class, title, None);
        let free = lanes.iter_mut().find(|(until, _)| *until <= instance.made_us);
        let until = instance.gone_us.unwrap_or(i64::MAX);
        match free {
            Some((busy, bars)) => {
                *busy = until;
                bars.push(bar);
            }
            None => lanes.push((until, vec![bar])),
        }
    }
    lanes.into_iter().map(|(_, bars)| joined(bars)).collect()
}

/// Neighbours of a kind that are too short to be seen become one.
fn joined(bars: Vec<Bar>) -> Vec<Bar> {
    let mut joined: Vec<Bar> = Vec::with_capacity(bars.len().min(2000));
    for bar in bars {
        let is_short = |bar: &Bar| bar.to - bar.from <= LEAST * 1.001;
        match joined.last_mut() {
            Some(last)
                if last.class == bar.class
                    && is_short(&bar)
                    && (last.count > 1 || is_short(last))
                    && bar.from - last.to < LEAST =>
            {
                last.to = last.to.max(bar.to);
                last.count += 1;
                last.title = format!("{} of a kind", last.count);
            }
            _ => joined.push(bar),
        }
    }
    joined
}

fn drawn(name: &str, bars: &[Bar], kind: &str) -> Markup {
    html! {
        div.lane.{ "lane-" (kind) } {
            span.soft { (name) }
            // For those who see; everybody else has the same, and more, in the steps.
            svg aria-hidden="true" width="100%" {
                @for bar in bars {
                    @let is_tall = !matches!(bar.class, "bar-GOOD" | "bar-TEST_NA" | "bar-WARN" | "bar-OPEN");
                    @let (y, height) = if is_tall { ("0", "100%") } else { ("35%", "65%") };
                    @let rect = html! {
                        rect class={ "bar " (bar.class) } x=(format!("{:.3}%", bar.from)) y=(y) height=(height)
                            width=(format!("{:.3}%", bar.to - bar.from)) { title { (shown(&bar.title)) } }
                    };
                    @match bar.step {
                        Some(step) => a href={ "#step-" (step) } tabindex="-1" { (rect) },
                        None => (rect),
                    }
                }
            }
        }
    }
}

/// About five round numbers of seconds.
fn axis(whole: f64) -> Markup {
    let steps =
        [1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 36_000.0, 86_400.0];
    let tick = steps.into_iter().find(|step| whole / step <= 6.0).unwrap_or(whole / 5.0);
    let ticks = (0u32..=6).map(|number| f64::from(number) * tick).take_while(|at| *at <= whole * 0.97);
    html! {
        div.lane.axis aria-hidden="true" {
            span {}
            svg width="100%" {
                @for at in ticks {
                    @let place = format!("{:.3}%", at / whole.max(f64::MIN_POSITIVE) * 100.0);
                    line x1=(place) x2=(place) y1="60%" y2="100%" {}
                    text x=(place) y="11" { (tick_text(at)) }
                }
            }
        }
    }
}

fn tick_text(at: f64) -> String {
    if at >= 60.0 && at.rem_euclid(60.0) < 0.5 { format!("{:.0} min", at / 60.0) } else { format!("{at:.0} s") }
}

fn table(run: &Run) -> Markup {
    let is_many = run.instances.len() > MOST_INSTANCES;
    let listed = || run.instances.iter().filter(|instance| !is_many || instance.problem.is_some());
    html! {
        details {
            summary { (run.instances.len()) " instances" }
            @if is_many { p { "Only those with a problem are listed: " (listed().count()) ". Each step says where it was run." } }
            @if listed().next().is_some() {
                div.wide tabindex="0" role="region" aria-label="Instances" {
                    table {
                        thead { tr {
                            @for head in ["instance", "made by", "ready at", "gone at", "steps", "problem"] { th scope="col" { (head) } }
                        } }
                        tbody { @for instance in listed() { (line(run, instance)) } }
                    }
                }
            }
        }
    }
}

fn line(run: &Run, instance: &Instance) -> Markup {
    let time = |time_us: i64| for_people(run.clock.seconds(time_us));
    html! {
        tr {
            th scope="row" { (shown(&instance.name)) }
            td { (shown(&instance.provider)) }
            td { (time(instance.made_us)) }
            td { (instance.gone_us.map_or_else(|| "not told".to_owned(), time)) }
            td { (instance.steps) }
            td { (shown(instance.problem.as_deref().unwrap_or_default())) }
        }
    }
}
