//! The records of a step, brought together when it has ended: a test for the step itself and one for each of its
//! sub-subtests, with what each has logged and when it was.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::state::{RunState, StepState};
use super::text;
use crate::journal::{Event, Logged, Record};
use crate::name::StepId;
use crate::outcome::Ending;
use crate::verdict::Verdict;

/// Brings the records of each step together.
#[derive(Debug, Clone, Default)]
pub(super) struct Cases {
    /// What is known of the run.
    pub(super) state: RunState,
    open: BTreeMap<StepId, Open>,
}

/// What is known of a step before it has ended, beside its state.
#[derive(Debug, Clone, Default)]
struct Open {
    /// What it has logged itself.
    output: String,
    children: BTreeMap<String, OpenChild>,
}

#[derive(Debug, Clone, Default)]
struct OpenChild {
    started_us: Option<i64>,
    ended_us: Option<i64>,
    output: String,
}

/// A test that has ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Case {
    /// Its name, for example `docker_cli/kill/sigstop`.
    pub(super) name: String,
    /// How it ended.
    pub(super) ending: Ending,
    /// What it has logged, a line or more for each message.
    pub(super) output: String,
    /// When it was first started; nothing when it never was.
    pub(super) started_us: Option<i64>,
    /// When it ended.
    pub(super) ended_us: i64,
}

/// A step that has ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EndedStep {
    /// The step.
    pub(super) id: StepId,
    /// The step itself.
    pub(super) own: Case,
    /// Its sub-subtests, in the order in which they began.
    pub(super) children: Vec<Case>,
}

impl Cases {
    /// Takes in the next record; gives back the step that it ends.
    pub(super) fn record(&mut self, record: &Record) -> Option<EndedStep> {
        let id = record.event.step();
        let is_news = id.and_then(|id| self.state.step(id)).is_some_and(|step| step.ending.is_none());
        self.state.record(record);
        let id = id.filter(|_| is_news)?;
        let open = self.open.entry(id).or_default();
        match &record.event {
            Event::SubsubtestStarted(started) => {
                open.child(&started.subsubtest).started_us.get_or_insert(record.time_us);
            }
            Event::SubsubtestEnded(ended) => open.child(&ended.subsubtest).ended_us = Some(record.time_us),
            Event::Logged(logged) => open.logged(logged),
            Event::StepEnded(_) => {
                let open = self.open.remove(&id)?;
                return Some(open.end(id, self.state.step(id)?, record.time_us));
            }
            _ => {}
        }
        None
    }
}

impl Open {
    fn child(&mut self, name: &str) -> &mut OpenChild {
        self.children.entry(name.to_owned()).or_default()
    }

    fn logged(&mut self, logged: &Logged) {
        let output = match &logged.subsubtest {
            Some(name) => &mut self.child(name).output,
            None => &mut self.output,
        };
        // Writing to a string cannot fail.
        let _ = write!(output, "{}: ", logged.level);
        push_lines(output, &logged.text);
    }

    fn end(mut self, id: StepId, step: &StepState, ended_us: i64) -> EndedStep {
        let name = step.planned.title();
        let children = step.subsubtests.iter().map(|child| {
            let open = self.children.remove(&child.name).unwrap_or_default();
            Case {
                name: format!("{name}/{}", child.name),
                ending: child.ending.clone().unwrap_or_else(cut_off),
                output: open.output,
                started_us: open.started_us,
                ended_us: open.ended_us.unwrap_or(ended_us),
            }
        });
        let children = children.collect();
        let own = Case {
            name: name.to_owned(),
            // It is asked for when the step has just ended.
            ending: step.ending.clone().unwrap_or_else(cut_off),
            output: self.output,
            started_us: step.started_us,
            ended_us,
        };
        EndedStep { id, own, children }
    }
}

/// Appends text, each line safe to show and ended; a text without any line is an empty one.
fn push_lines(out: &mut String, content: &str) {
    let mut lines = text::lines(content).peekable();
    if lines.peek().is_none() && !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    for line in lines {
        text::push_line(out, line, "        ");
        out.push('\n');
    }
}

/// How a test ended that did not come to its end.
fn cut_off() -> Ending {
    Ending::new(Verdict::Abort, "did not come to its end")
}
