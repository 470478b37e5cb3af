//! `JUnit` XML, as Jenkins, GitLab and others read it.
//!
//! Valid by the schema of Jenkins' xUnit plug-in, which is what most readers go by. A suite for each step. Its cases are
//! the sub-subtests, and the step itself where it has none, ended worse than all of them, or is called as the last of them.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::projection::Projection;
use super::state::{RunState, StepState, SubsubtestState};
use super::text::{first_line, for_xml};
use super::under_test::UnderTest;
use super::{RunnerIs, Standing, explain, time};
use crate::journal::{Event, Record};
use crate::name::StepId;
use crate::outcome::Ending;
use crate::verdict::Verdict;

/// The property of a suite that has the verdict of its step; without it, a report is an old one.
pub(crate) const VERDICT: &str = "verdict";

/// What it is of a step that has not ended.
const NO_VERDICT: &str = "none";

#[derive(Default)]
pub(super) struct Junit {
    state: RunState,
    /// What steps and their sub-subtests said.
    logs: BTreeMap<(StepId, Option<String>), String>,
}

impl Projection for Junit {
    fn record(&mut self, record: &Record, _out: &mut dyn Write) -> io::Result<()> {
        self.state.record(record);
        if let Event::Logged(logged) = &record.event
            && let Some(step) = logged.step
        {
            let log = self.logs.entry((step, logged.subsubtest.clone())).or_default();
            log.push_str(&format!("{}: {}\n", logged.level, logged.text.trim_end()));
        }
        Ok(())
    }

    fn finish(&mut self, runner: RunnerIs, out: &mut dyn Write) -> io::Result<()> {
        if runner == RunnerIs::Gone {
            self.state.note_cut();
        }
        let report = self.report();
        let text = report.to_string().map_err(io::Error::other)?;
        // The library counts them at the root, too, which the schema does not know. No text can look like it: in texts,
        // quotation marks are escaped.
        out.write_all(text.replacen(&format!(" skipped=\"{}\"", report.skipped), "", 1).as_bytes())
    }
}

impl Junit {
    fn report(&self) -> Report {
        let name = self.state.beginning.as_ref().map_or("dockertest", |run| &run.run);
        let mut report = Report::new(for_xml(name));
        report.set_time(seconds(self.state.seconds()));
        let mut same: HashMap<&str, usize> = HashMap::new();
        for step in &self.state.steps {
            *same.entry(step.planned.title()).or_default() += 1;
        }
        for (id, step) in (0..).map(StepId).zip(&self.state.steps) {
            let is_alone = same.get(step.planned.title()) == Some(&1);
            report.add_test_suite(self.suite(id, step, is_alone));
        }
        report
    }

    fn suite(&self, id: StepId, step: &StepState, is_alone: bool) -> TestSuite {
        let name = step.planned.title();
        let suffix = if is_alone { String::new() } else { format!(".{}", step.planned.tag) };
        let mut suite = TestSuite::new(format!("{}{suffix}", for_xml(name)));
        let ending = step.ending.clone().unwrap_or_else(|| self.no_ending(step));
        suite.set_time(seconds(ending.seconds));
        suite.timestamp = step.started_us.and_then(timestamp);
        if step.planned.foreign.is_none() {
            suite.add_property(Property::new("folder", step.planned.folder()));
        }
        // What the cases cannot say: so the report can be loaded, and tells the same.
        let verdict = step.ending.as_ref().map_or(NO_VERDICT, |ending| ending.verdict.as_str());
        suite.add_property(Property::new(VERDICT, verdict));
        let warned = step.subsubtests.iter().filter(|child| is_warn(child));
        suite.properties.extend(warned.map(|child| Property::new("warned", for_xml(&child.name))));
        if let Some(engine) = UnderTest::of(&self.state) {
            suite.add_property(Property::new("engine", for_xml(&engine.told())));
            let parts = engine.parts().into_iter();
            suite
                .properties
                .extend(parts.map(|(name, value)| Property::new(format!("engine-{name}"), for_xml(&value))));
        }
        let worker = step.worker.map(|worker| worker.to_string());
        for (name, value) in [("worker", &worker), ("instance", &step.instance)] {
            suite.properties.extend(value.as_ref().map(|value| Property::new(name, for_xml(value))));
        }
        let mut worst = Verdict::Good;
        for child in &step.subsubtests {
            let ending = child.ending.clone().unwrap_or_else(|| self.no_ending(step));
            worst = worst.max(ending.verdict);
            suite.add_test_case(self.case(id, step, Some(&child.name), &ending));
        }
        // One that is called as a step of the topmost level would be taken for the step.
        let is_like_it = step.subsubtests.last().is_some_and(|child| child.name == name);
        if step.subsubtests.is_empty() || ending.verdict > worst || is_like_it {
            suite.add_test_case(self.case(id, step, None, &ending));
        }
        suite
    }

    /// For something that has not ended.
    fn no_ending(&self, step: &StepState) -> Ending {
        let was_begun = step.attempts > 0;
        match &self.state.standing {
            Standing::Interrupted { reason } if was_begun => Ending::new(Verdict::Abort, format!("cut off: {reason}")),
            Standing::Interrupted { reason } => Ending::new(Verdict::TestNa, format!("not run: {reason}")),
            _ if was_begun => Ending::new(Verdict::Abort, "did not come to its end"),
            Standing::Running => Ending::new(Verdict::TestNa, "not run so far"),
            // It was planned, and nothing was ever heard of it.
            Standing::Ended { .. } => Ending::new(Verdict::Error, "planned, and never run"),
        }
    }

    fn case(&self, id: StepId, step: &StepState, child: Option<&str>, ending: &Ending) -> TestCase {
        let title = step.planned.title();
        let (class, name) = match (&step.planned.foreign, child) {
            (Some(_), _) => {
                title.rsplit_once("::").map_or((title.to_owned(), title), |(class, name)| (class.to_owned(), name))
            }
            (None, Some(child)) => (title.replace('/', "."), child),
            (None, None) => {
                let (class, name) = title.rsplit_once('/').unwrap_or((title, title));
                (class.replace('/', "."), name)
            }
        };
        let mut case = TestCase::new(for_xml(name), status(ending));
        case.set_classname(for_xml(&class)).set_time(seconds(ending.seconds));
        let mut said = self.logs.get(&(id, child.map(str::to_owned))).cloned().unwrap_or_default();
        if ending.verdict == Verdict::Warn {
            said.push_str(&explain::text(ending));
        }
        if !said.is_empty() {
            case.set_system_out(for_xml(&said));
        }
        case
    }
}

fn is_warn(child: &SubsubtestState) -> bool {
    child.ending.as_ref().is_some_and(|ending| ending.verdict == Verdict::Warn)
}

fn status(ending: &Ending) -> TestCaseStatus {
    let mut status = match ending.verdict {
        Verdict::Good | Verdict::Warn => return TestCaseStatus::success(),
        Verdict::TestNa => TestCaseStatus::skipped(),
        Verdict::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Error | Verdict::Abort => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    status.set_message(for_xml(first_line(&ending.reason))).set_type(ending.verdict.as_str());
    if ending.verdict != Verdict::TestNa {
        status.set_description(for_xml(&explain::text(ending)));
    }
    status
}

/// No time is less than none, and the schema has no word for one that is no number.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

fn timestamp(time_us: i64) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(&time::rfc3339(time_us)).ok()
}
