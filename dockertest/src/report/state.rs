//! What is known of a run after some of its records.

use crate::journal::{EngineFacts, Event, Iteration, PlannedStep, Record, RunStarted, Session};
use crate::name::StepId;
use crate::outcome::{Ending, Phase};
use crate::verdict::Verdict;

/// What the records so far say about a run.
///
/// Records that make no sense, for example of a step that is not in the plan, change nothing: what a report shows is
/// always something that happened.
///
/// ```
/// use dockertest::journal;
/// use dockertest::report::RunState;
/// use dockertest::verdict::Verdict;
///
/// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
/// let records = journal::read(&results.join(journal::FILE_NAME))?.records;
/// let state = RunState::of(&records[..9]); // Up to the end of the first step.
/// assert_eq!(state.worst(), Verdict::Fail);
/// assert_eq!(state.endings().count(), 1);
/// assert!(!state.is_ended());
/// assert!(RunState::of(&records).is_ended());
/// # Ok::<(), journal::ReadFailure>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunState {
    /// How the run began; nothing before the first record.
    pub beginning: Option<RunStarted>,
    /// The process that has the run now, or had it last.
    pub session: Session,
    /// The steps of the plan, in order.
    pub steps: Vec<StepState>,
    /// What the engine said about itself.
    pub engine: Option<EngineFacts>,
    /// What made the instances that steps ran in; nothing if they ran on this machine.
    pub provider: Option<String>,
    /// Whether the run goes on.
    pub standing: Standing,
    /// The time of the first record, in microseconds since 1970-01-01 UTC.
    pub started_us: i64,
    /// The time of the last record, in microseconds since 1970-01-01 UTC.
    pub last_us: i64,
    /// How long earlier sessions took, in microseconds.
    earlier_us: i64,
    session_started_us: i64,
}

/// Whether a run goes on.
///
/// ```
/// # use dockertest::{journal, report::RunState};
/// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
/// # let state = RunState::of(&journal::read(&results.join(journal::FILE_NAME))?.records);
/// use dockertest::report::Standing;
///
/// let how = match &state.standing {
///     Standing::Running => "goes on, or was cut off".to_owned(),
///     Standing::Interrupted { reason } => format!("can be resumed: {reason}"),
///     Standing::Ended { verdict, .. } => format!("complete: {verdict}"),
///     other => format!("{other:?}"),
/// };
/// assert_eq!(how, "complete: FAIL");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Standing {
    /// It goes on, or was cut off without a word.
    #[default]
    Running,
    /// It was stopped before its end and can be resumed.
    Interrupted {
        /// Why, in words.
        reason: String,
    },
    /// It is complete.
    Ended {
        /// The worst verdict of all steps.
        verdict: Verdict,
        /// How long it took, in seconds.
        seconds: f64,
    },
}

/// What is known of a step.
///
/// A step in the middle of its work:
///
/// ```
/// use dockertest::name::StepId;
/// use dockertest::outcome::Phase;
/// # use dockertest::{journal, report::RunState};
///
/// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
/// # let records = journal::read(&results.join(journal::FILE_NAME))?.records;
/// # let state = RunState::of(&records[..8]);
/// let step = state.step(StepId(0)).expect("the plan has it");
/// assert_eq!(step.phase.map(|(phase, _)| phase), Some(Phase::RunOnce));
/// assert_eq!((step.attempts, &step.ending), (1, &None));
/// # Ok::<(), journal::ReadFailure>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StepState {
    /// What was planned.
    pub planned: PlannedStep,
    /// How often it was started.
    pub attempts: u32,
    /// The worker that ran it last; nothing in a run that has but one.
    pub worker: Option<u32>,
    /// The instance that it was run in last; nothing if that is this machine.
    pub instance: Option<String>,
    /// When it was first started, in microseconds since 1970-01-01 UTC.
    pub started_us: Option<i64>,
    /// The phase that it entered last; cleared when the step ends.
    pub phase: Option<(Phase, Option<Iteration>)>,
    /// The sub-subtests that were started, in order; once the step has ended, those that were switched off follow.
    pub subsubtests: Vec<SubsubtestState>,
    /// How it ended.
    pub ending: Option<Ending>,
    /// When it ended, in microseconds since 1970-01-01 UTC.
    pub ended_us: Option<i64>,
}

/// What is known of a sub-subtest.
///
/// ```
/// # use dockertest::{journal, report::RunState};
/// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
/// # let state = RunState::of(&journal::read(&results.join(journal::FILE_NAME))?.records);
/// use dockertest::verdict::Verdict;
///
/// let first = &state.steps[1].subsubtests[0];
/// assert_eq!(first.name, "one");
/// assert_eq!(first.ending.as_ref().map(|ending| ending.verdict), Some(Verdict::Good));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SubsubtestState {
    /// The last component of its name.
    pub name: String,
    /// How it ended: the worst of all iterations.
    pub ending: Option<Ending>,
    /// The attempt of its step that this is about.
    pub attempt: u32,
}

impl RunState {
    /// What all these records say.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> RunState {
        let mut state = RunState::default();
        for record in records {
            state.record(record);
        }
        state
    }

    /// Takes in the next record.
    pub fn record(&mut self, record: &Record) {
        let time_us = record.time_us;
        if self.beginning.is_none() {
            (self.started_us, self.session_started_us, self.last_us) = (time_us, time_us, time_us);
        }
        match &record.event {
            // The first word stands: a run is planned once and ends once.
            Event::Planned(_) if !self.steps.is_empty() => {}
            Event::RunResumed(_) | Event::RunInterrupted(_) | Event::RunEnded(_) if self.is_ended() => {}
            Event::RunStarted(run) => self.begin(run),
            Event::Planned(plan) => self.steps = plan.steps.iter().cloned().map(StepState::new).collect(),
            Event::RunResumed(session) => {
                self.earlier_us = self.elapsed_us();
                self.session_started_us = time_us;
                self.session = session.clone();
                self.standing = Standing::Running;
            }
            Event::Engine(facts) => self.engine = Some(facts.clone()),
            Event::InstanceProvisioned(made) => {
                self.provider.get_or_insert_with(|| made.provider.clone());
            }
            Event::InstanceDisposed(_) => {}
            Event::RunInterrupted(interrupted) => {
                self.standing = Standing::Interrupted { reason: interrupted.reason.clone() };
            }
            Event::RunEnded(ended) => {
                self.standing = Standing::Ended { verdict: ended.verdict, seconds: ended.seconds };
            }
            Event::StepStarted(_)
            | Event::PhaseStarted(_)
            | Event::Logged(_)
            | Event::Keyvals(_)
            | Event::SubsubtestStarted(_)
            | Event::SubsubtestEnded(_)
            | Event::RebootRequested(_)
            | Event::StepEnded(_) => self.record_of_step(time_us, &record.event),
        }
        self.last_us = time_us;
    }

    /// Notes that no process has the run any more. One whose records have no end was cut off then.
    pub(crate) fn note_cut(&mut self) {
        if self.standing == Standing::Running {
            let reason = "cut off: the process that ran it is gone".to_owned();
            self.standing = Standing::Interrupted { reason };
        }
    }

    /// The step, if it is in the plan.
    #[must_use]
    pub fn step(&self, id: StepId) -> Option<&StepState> {
        self.steps.get(id.index())
    }

    /// How the steps that have ended ended, in order of the plan.
    pub fn endings(&self) -> impl Iterator<Item = (&StepState, &Ending)> {
        self.steps.iter().filter_map(|step| step.ending.as_ref().map(|ending| (step, ending)))
    }

    /// Whether the run is complete.
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        matches!(self.standing, Standing::Ended { .. })
    }

    /// The worst verdict so far; `GOOD` when there is none.
    #[must_use]
    pub fn worst(&self) -> Verdict {
        self.endings().map(|(_, ending)| ending.verdict).max().unwrap_or(Verdict::Good)
    }

    /// The run's verdict if it has ended, or else the worst so far.
    ///
    /// Nothing has gone wrong in a run of which nothing is known:
    ///
    /// ```
    /// use dockertest::report::RunState;
    /// use dockertest::verdict::Verdict;
    ///
    /// assert_eq!(RunState::default().verdict(), Verdict::Good);
    /// ```
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match &self.standing {
            Standing::Ended { verdict, .. } => *verdict,
            Standing::Running | Standing::Interrupted { .. } => self.worst(),
        }
    }

    /// How long the run took up to its last record, in seconds, without the time between sessions.
    ///
    /// ```
    /// # use dockertest::{journal, report::RunState};
    /// # let results = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/example"));
    /// # let records = journal::read(&results.join(journal::FILE_NAME))?.records;
    /// let state = RunState::of(&records[..9]); // The first step has just ended.
    /// assert_eq!(state.seconds(), 1.35);
    /// # Ok::<(), journal::ReadFailure>(())
    /// ```
    #[must_use]
    pub fn seconds(&self) -> f64 {
        match &self.standing {
            Standing::Ended { seconds, .. } => *seconds,
            Standing::Running | Standing::Interrupted { .. } => super::time::seconds_of(self.elapsed_us()),
        }
    }

    /// Saturates, because a clock can be set to anything.
    fn elapsed_us(&self) -> i64 {
        self.earlier_us.saturating_add(self.last_us.saturating_sub(self.session_started_us).max(0))
    }

    fn begin(&mut self, run: &RunStarted) {
        self.session = run.session.clone();
        self.beginning.get_or_insert_with(|| run.clone());
    }

    fn record_of_step(&mut self, time_us: i64, event: &Event) {
        let Some(id) = event.step() else { return };
        let Some(step) = self.steps.get_mut(id.index()) else { return };
        if step.ending.is_some() {
            return;
        }
        match event {
            Event::StepStarted(started) => {
                step.attempts = step.attempts.saturating_add(1).max(started.attempt);
                step.started_us.get_or_insert(time_us);
                (step.worker, step.instance) = (started.worker, started.instance.clone());
            }
            Event::PhaseStarted(entered) if entered.subsubtest.is_none() => {
                step.phase = Some((entered.phase, entered.iteration));
            }
            Event::SubsubtestStarted(started) => {
                step.subsubtest(&started.subsubtest);
            }
            Event::SubsubtestEnded(ended) => step.subsubtest(&ended.subsubtest).end(&ended.ending),
            Event::StepEnded(ended) => step.end(time_us, &ended.ending),
            _ => {}
        }
    }
}

impl StepState {
    fn new(planned: PlannedStep) -> StepState {
        StepState {
            planned,
            attempts: 0,
            worker: None,
            instance: None,
            started_us: None,
            phase: None,
            subsubtests: Vec::new(),
            ending: None,
            ended_us: None,
        }
    }

    /// The sub-subtest of this name, made known if it is new. What it did in an earlier attempt is forgotten.
    fn subsubtest(&mut self, name: &str) -> &mut SubsubtestState {
        let attempt = self.attempts;
        let index = self.subsubtests.iter().position(|known| known.name == name).unwrap_or_else(|| {
            self.subsubtests.push(SubsubtestState { name: name.to_owned(), ending: None, attempt });
            self.subsubtests.len() - 1
        });
        let subsubtest = &mut self.subsubtests[index];
        if subsubtest.attempt != attempt {
            *subsubtest = SubsubtestState { name: name.to_owned(), ending: None, attempt };
        }
        subsubtest
    }

    fn end(&mut self, time_us: i64, ending: &Ending) {
        if self.attempts > 0 {
            for (name, reason) in self.planned.disabled.clone() {
                let subsubtest = self.subsubtest(&name);
                subsubtest.ending.get_or_insert_with(|| Ending::new(Verdict::TestNa, reason));
            }
        }
        self.phase = None;
        self.ended_us = Some(time_us);
        self.ending = Some(ending.clone());
    }
}

impl SubsubtestState {
    /// It may end once in each iteration: then the worst counts, and of equals the first.
    fn end(&mut self, ending: &Ending) {
        if self.ending.as_ref().is_none_or(|earlier| earlier.verdict < ending.verdict) {
            self.ending = Some(ending.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::sample::{ended, ending, planned, records, run_started, session, small_run, started, step};
    use crate::journal::{RunInterrupted, SubsubtestEnded, SubsubtestStarted};

    #[test]
    fn a_complete_run_has_all_endings_and_its_verdict() {
        let state = RunState::of(&records(small_run()));
        assert_eq!(state.endings().count(), 2);
        assert_eq!((state.verdict(), state.seconds()), (Verdict::Fail, 12.5));
    }

    #[test]
    fn the_time_between_two_sessions_does_not_count() {
        let mut records = records([
            run_started(),
            planned(vec![step("example", "test_1-of-1")]),
            Event::RunInterrupted(RunInterrupted { reason: "SIGINT".to_owned() }),
            Event::RunResumed(session()),
            started(0, 1),
        ]);
        for record in &mut records[3..] {
            record.time_us += 3_600_000_000;
        }
        assert_eq!(RunState::of(&records).seconds(), 1.5);
    }

    #[test]
    fn a_second_plan_or_end_takes_nothing_back() {
        let mut events = small_run();
        events.extend([planned(Vec::new()), planned(vec![step("other", "test_1-of-1")]), Event::RunResumed(session())]);
        let state = RunState::of(&records(events));
        assert_eq!((state.endings().count(), state.is_ended()), (2, true));
    }

    #[test]
    fn a_failure_in_one_iteration_is_not_covered_by_the_next() {
        let subsubtest = "a".to_owned();
        let began = || Event::SubsubtestStarted(SubsubtestStarted { step: StepId(0), subsubtest: subsubtest.clone() });
        let end = |verdict| {
            let ending = ending(verdict, "");
            Event::SubsubtestEnded(SubsubtestEnded { step: StepId(0), subsubtest: subsubtest.clone(), ending })
        };
        let mut events = vec![run_started(), planned(vec![step("example", "test_1-of-1")]), started(0, 1)];
        events.extend([began(), end(Verdict::Fail), began(), end(Verdict::Good)]);
        let verdict = |events: &[Event]| {
            let state = RunState::of(&records(events.to_vec()));
            state.steps[0].subsubtests[0].ending.as_ref().map(|ending| ending.verdict)
        };
        assert_eq!(verdict(&events), Some(Verdict::Fail));
        events.extend([started(0, 2), began()]);
        assert_eq!(verdict(&events), None, "another attempt begins anew");
        events.push(end(Verdict::Good));
        assert_eq!(verdict(&events), Some(Verdict::Good));
    }

    #[test]
    fn records_that_make_no_sense_change_nothing() {
        let events = [run_started(), started(7, 1), ended(7, ending(Verdict::Good, ""))];
        let state = RunState::of(&records(events));
        assert_eq!((state.steps.len(), state.endings().count()), (0, 0));
    }
}
