//! What the page shows besides the state of the run: who ran each step and where, and what was said.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::journal::{Event, PhaseStarted, Record};
use crate::name::Kind;
use crate::outcome::Level;
use crate::report::RunState;
use crate::report::time::seconds_of;

/// A log has so many bytes on the page at most: a browser has to stay usable. The step's files have all.
const LONGEST_LOG: usize = 200_000;

/// A run as the page shows it.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub(super) state: RunState,
    pub(super) clock: Clock,
    /// For each step of the plan.
    pub(super) steps: Vec<Extra>,
    pub(super) instances: Vec<Instance>,
    /// What the runner itself said.
    pub(super) log: Log,
}

/// What is known of a step besides its state.
#[derive(Debug, Default)]
pub(super) struct Extra {
    pub(super) attempts: Vec<Attempt>,
    pub(super) log: Log,
    /// What was said of its sub-subtests.
    pub(super) logs: BTreeMap<String, Log>,
    /// The time of the last that was heard of it.
    last_us: i64,
}

/// One time that a step was run.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) worker: u32,
    pub(super) instance: Option<String>,
    pub(super) started_us: i64,
    /// Nothing as long as it is not known.
    pub(super) ended_us: Option<i64>,
}

/// What was said, up to a limit.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) lines: Vec<Line>,
    pub(super) left_out: usize,
    bytes: usize,
}

#[derive(Debug)]
pub(super) struct Line {
    pub(super) time_us: i64,
    pub(super) level: Level,
    pub(super) text: String,
}

/// A place that was made for the run.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) name: String,
    pub(super) provider: String,
    pub(super) made_us: i64,
    pub(super) gone_us: Option<i64>,
    pub(super) problem: Option<String>,
    /// How many times a step was started in it.
    pub(super) steps: u32,
}

/// The time of a run, without that between its sessions.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// When each session began, and how long those before it took.
    sessions: Vec<(i64, i64)>,
    last_us: i64,
}

impl Run {
    pub(super) fn record(&mut self, record: &Record) {
        let time_us = record.time_us;
        self.clock.tick(record);
        match &record.event {
            Event::Planned(plan) if self.steps.is_empty() => self.steps.resize_with(plan.steps.len(), Extra::default),
            Event::InstanceProvisioned(made) => self.instances.push(Instance {
                name: made.instance.clone(),
                provider: made.provider.clone(),
                made_us: time_us,
                gone_us: None,
                problem: None,
                steps: 0,
            }),
            Event::InstanceDisposed(gone) => {
                if let Some(instance) = self.instance(&gone.instance) {
                    instance.gone_us = Some(time_us);
                    instance.problem.clone_from(&gone.problem);
                }
            }
            Event::Logged(logged) if logged.step.is_none() => self.log.say(time_us, logged.level, &logged.text),
            event => self.record_of_step(time_us, event),
        }
        self.state.record(record);
    }

    /// The youngest of that name.
    fn instance(&mut self, name: &str) -> Option<&mut Instance> {
        self.instances.iter_mut().rev().find(|instance| instance.name == name)
    }

    fn record_of_step(&mut self, time_us: i64, event: &Event) {
        let Some(id) = event.step() else { return };
        // As with the state: what is heard of a step after its end does not count.
        let Some(known) = self.state.step(id).filter(|known| known.ending.is_none()) else { return };
        let is_between = known.planned.kind == Kind::Intratest;
        let Some(step) = self.steps.get_mut(id.index()) else { return };
        match event {
            Event::StepStarted(started) => {
                step.close();
                let (worker, instance) = (started.worker.unwrap_or(0), started.instance.clone());
                step.attempts.push(Attempt { worker, instance, started_us: time_us, ended_us: None });
                if step.attempts.len() > 1 {
                    step.log.say(time_us, Level::Info, &format!("attempt {} begins", step.attempts.len()));
                }
            }
            Event::StepEnded(_) | Event::RebootRequested(_) => {
                step.last_us = time_us;
                step.close();
            }
            // The phases of what runs after every subtest would drown what it says.
            Event::PhaseStarted(entered) if !is_between => {
                step.log_of(entered.subsubtest.as_deref()).say(time_us, Level::Debug, &phase(entered));
            }
            Event::Logged(logged) => {
                step.log_of(logged.subsubtest.as_deref()).say(time_us, logged.level, &logged.text);
            }
            _ => {}
        }
        step.last_us = time_us;
        if let Event::StepStarted(started) = event
            && let Some(instance) = started.instance.as_deref().and_then(|name| self.instance(name))
        {
            instance.steps = instance.steps.saturating_add(1);
        }
    }

    /// How many workers there were.
    pub(super) fn workers(&self) -> u32 {
        let workers = self.steps.iter().flat_map(|step| &step.attempts).map(|attempt| attempt.worker);
        workers.max().map_or(0, |highest| highest.saturating_add(1))
    }
}

fn phase(entered: &PhaseStarted) -> String {
    let mut text = format!("{}()", entered.phase);
    if let Some(iteration) = entered.iteration.filter(|iteration| iteration.of > 1) {
        // Writing to a string cannot fail.
        let _ = write!(text, ", iteration {} of {}", iteration.number, iteration.of);
    }
    text
}

impl Extra {
    /// Ends the attempt that goes on: with the last that was heard of it.
    fn close(&mut self) {
        let last_us = self.last_us;
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.ended_us.get_or_insert(last_us);
        }
    }

    fn log_of(&mut self, subsubtest: Option<&str>) -> &mut Log {
        match subsubtest {
            None => &mut self.log,
            Some(name) => self.logs.entry(name.to_owned()).or_default(),
        }
    }
}

impl Log {
    fn say(&mut self, time_us: i64, level: Level, text: &str) {
        if self.bytes.saturating_add(text.len()) > LONGEST_LOG {
            self.left_out = self.left_out.saturating_add(text.len());
            return;
        }
        self.bytes += text.len();
        self.lines.push(Line { time_us, level, text: text.to_owned() });
    }
}

impl Clock {
    fn tick(&mut self, record: &Record) {
        if self.sessions.is_empty() {
            self.sessions.push((record.time_us, 0));
        } else if matches!(record.event, Event::RunResumed(_)) {
            self.sessions.push((record.time_us, self.elapsed_us(self.last_us)));
        }
        self.last_us = record.time_us;
    }

    fn elapsed_us(&self, time_us: i64) -> i64 {
        let next = self.sessions.partition_point(|(begin_us, _)| *begin_us <= time_us);
        let session = self.sessions.get(next.saturating_sub(1)).copied();
        session.map_or(0, |(begin_us, before_us)| before_us.saturating_add(time_us.saturating_sub(begin_us).max(0)))
    }

    /// Seconds from the beginning of the run.
    pub(super) fn seconds(&self, time_us: i64) -> f64 {
        seconds_of(self.elapsed_us(time_us))
    }

    /// Seconds from the beginning of the run to the last that was heard of it.
    pub(super) fn whole(&self) -> f64 {
        self.seconds(self.last_us)
    }

    pub(super) const fn last_us(&self) -> i64 {
        self.last_us
    }

    /// How often the run was resumed.
    pub(super) fn resumed(&self) -> usize {
        self.sessions.len().saturating_sub(1)
    }
}
