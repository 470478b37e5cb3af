//! The journal of a run that was loaded.

use std::collections::HashSet;

use jiff::Zoned;

use super::LoadedRun;
use super::test::{Child, Content, Line, Test, Who};
use super::times::microseconds;
use crate::journal::{
    Event, Invocation, Keyvals, Loaded, Logged, Plan, PlannedStep, Record, RunEnded, RunInterrupted, RunStarted,
    Session, StepEnded, StepStarted, SubsubtestEnded, SubsubtestStarted,
};
use crate::name::{Kind, StepId};
use crate::outcome::{Ending, Level};
use crate::report::{local_time, seconds_of};
use crate::verdict::Verdict;

/// The run that these reports tell of.
pub(super) fn run(mut contents: Vec<Content>, loaded: Loaded, now_us: i64) -> LoadedRun {
    let mut notes: Vec<String> = contents.iter_mut().flat_map(|content| std::mem::take(&mut content.notes)).collect();
    contents.iter_mut().for_each(|content| content.give_times(now_us));
    let mut span = Span::of(&contents, now_us);
    if span.end_us > now_us {
        let late = span.end_us.saturating_sub(now_us);
        notes.push(format!(
            "the reports tell of a time that has not come; all their times are taken to be {:.0} s earlier",
            seconds_of(late)
        ));
        contents.iter_mut().for_each(|content| content.move_back(late));
        (span.begin_us, span.end_us) = (span.begin_us.saturating_sub(late), now_us);
    }
    let digest = &loaded.digest[..loaded.digest.len().min(8)];
    let name = format!("{}-{digest}", local_time(span.begin_us, 0).replace(['-', ':'], "").replace(' ', "t"));
    let records = Writing { records: Vec::new() }.run(&name, contents, loaded, &span);
    LoadedRun { name, records, notes }
}

/// When a run was.
struct Span {
    begin_us: i64,
    end_us: i64,
    seconds: f64,
}

impl Span {
    fn of(contents: &[Content], now_us: i64) -> Span {
        let tests = || contents.iter().flat_map(|content| &content.tests);
        let starts = tests().filter_map(|test| test.started_us).chain(contents.iter().filter_map(|one| one.began_us));
        let begin_us = starts.min().unwrap_or(now_us);
        let ends = tests().filter_map(|test| test.ended_us).chain(contents.iter().filter_map(|one| one.ended_us));
        let told = match contents {
            [content] => content.seconds,
            _ => None,
        };
        let told_us = told.map(|seconds| begin_us.saturating_add(microseconds(seconds)));
        let end_us = ends.chain(told_us).max().unwrap_or(begin_us).max(begin_us);
        let seconds = told.unwrap_or_else(|| seconds_of(end_us.saturating_sub(begin_us)));
        Span { begin_us, end_us, seconds }
    }
}

impl Content {
    /// Tests of which no time is told come one after the other; the last of them ended when the report was written.
    fn give_times(&mut self, now_us: i64) {
        let takes = |test: &Test| microseconds(test.seconds());
        let total = self.tests.iter().map(takes).fold(0, i64::saturating_add);
        let written_us = self.written_us.unwrap_or(now_us).min(now_us);
        let mut clock = self.began_us.unwrap_or_else(|| written_us.saturating_sub(total));
        for test in &mut self.tests {
            let start = *test.started_us.get_or_insert(clock);
            let seconds = microseconds(test.seconds());
            clock = *test.ended_us.get_or_insert_with(|| start.saturating_add(seconds));
        }
    }

    fn move_back(&mut self, by_us: i64) {
        for time in self.tests.iter_mut().flat_map(|test| [&mut test.started_us, &mut test.ended_us]) {
            *time = time.map(|time| time.saturating_sub(by_us));
        }
    }
}

struct Writing {
    records: Vec<Record>,
}

impl Writing {
    fn run(mut self, name: &str, contents: Vec<Content>, loaded: Loaded, span: &Span) -> Vec<Record> {
        let hostname = contents.iter().map(|content| content.hostname.as_str()).find(|name| !name.is_empty());
        let session = Session {
            hostname: hostname.unwrap_or_default().to_owned(),
            utc_offset_seconds: Zoned::now().offset().seconds(),
            ..Session::default()
        };
        let begin_us = span.begin_us;
        let started =
            RunStarted { loaded: Some(Box::new(loaded)), ..RunStarted::new(name, Invocation::default(), session) };
        self.push(begin_us, Event::RunStarted(started));
        let incomplete = contents.iter().find_map(|content| content.incomplete.clone());
        let engine = contents.iter().find_map(|content| content.engine.clone());
        let output: Vec<String> = contents.iter().flat_map(|content| content.output.clone()).collect();
        let mut tests: Vec<Test> = contents.into_iter().flat_map(|content| content.tests).collect();
        // What is no test comes first, so that it is not told of a test before it.
        tests.sort_by_key(|test| !matches!(test.who, Who::NoTest(_)));
        self.push(begin_us, Event::Planned(Plan::new(plan(&tests))));
        if let Some(facts) = engine {
            self.push(begin_us, Event::Engine(facts));
        }
        for text in output {
            self.push(begin_us, Event::Logged(Logged::new(Level::Info, text)));
        }
        let verdict = tests.iter().filter_map(|test| test.ending.as_ref()).map(|ending| ending.verdict).max();
        for (step, test) in (0..).map(StepId).zip(tests) {
            self.test(step, test, begin_us);
        }
        let end = match incomplete {
            Some(reason) => Event::RunInterrupted(RunInterrupted::new(reason)),
            None => Event::RunEnded(RunEnded::new(verdict.unwrap_or(Verdict::Good), span.seconds)),
        };
        self.push(span.end_us, end);
        self.records
    }

    fn test(&mut self, step: StepId, test: Test, begin_us: i64) {
        let start_us = test.started_us.unwrap_or(begin_us);
        let end_us = test.ended_us.unwrap_or(start_us);
        if test.was_run {
            let started = StepStarted { worker: test.worker, instance: test.instance, ..StepStarted::new(step, 1) };
            self.push(start_us, Event::StepStarted(started));
        }
        if !test.facts.is_empty() {
            self.push(start_us, Event::Keyvals(Keyvals::new(step, test.facts)));
        }
        for child in test.children {
            self.child(step, child, (start_us, end_us));
        }
        self.lines(step, None, test.output, end_us);
        if let Some(ending) = test.ending {
            self.push(end_us, Event::StepEnded(StepEnded::new(step, with_reason(ending))));
        }
    }

    fn child(&mut self, step: StepId, child: Child, (start_us, end_us): (i64, i64)) {
        self.push(start_us, Event::SubsubtestStarted(SubsubtestStarted::new(step, &child.name)));
        self.lines(step, Some(&child.name), child.output, end_us);
        if let Some(ending) = child.ending {
            self.push(end_us, Event::SubsubtestEnded(SubsubtestEnded::new(step, child.name, with_reason(ending))));
        }
    }

    fn lines(&mut self, step: StepId, child: Option<&str>, lines: Vec<Line>, time_us: i64) {
        for Line { level, text } in lines {
            let (step, subsubtest) = (Some(step), child.map(str::to_owned));
            self.push(time_us, Event::Logged(Logged { step, subsubtest, ..Logged::new(level, text) }));
        }
    }

    fn push(&mut self, time_us: i64, event: Event) {
        self.records.push(Record::new(self.records.len() as u64, time_us, event));
    }
}

/// The steps with the folders that they had. Two reports may have given one twice: then all have others.
fn plan(tests: &[Test]) -> Vec<PlannedStep> {
    let steps = |keeps_tags| {
        let steps = tests.iter().enumerate();
        steps.map(|(index, test)| planned(&test.who, index + 1, tests.len(), keeps_tags)).collect::<Vec<_>>()
    };
    let (mut folders, told) = (HashSet::new(), steps(true));
    if told.iter().all(|step| folders.insert(step.folder())) { told } else { steps(false) }
}

fn planned(who: &Who, number: usize, count: usize, keeps_tags: bool) -> PlannedStep {
    let tag = format!("test_{number}-of-{count}");
    match who {
        Who::Foreign(name) => PlannedStep::of_another(name, tag),
        // So it is nobody's failure, but no pass either.
        Who::NoTest(name) => PlannedStep { kind: Kind::Intratest, ..PlannedStep::of_another(name, tag) },
        Who::Ours(kind, name, told) => {
            PlannedStep::new(*kind, name.clone(), told.clone().filter(|_| keeps_tags).unwrap_or(tag))
        }
    }
}

fn with_reason(mut ending: Ending) -> Ending {
    if ending.reason.trim().is_empty() && !ending.verdict.is_passed() {
        ending.reason = "no reason is told".to_owned();
    }
    ending
}
