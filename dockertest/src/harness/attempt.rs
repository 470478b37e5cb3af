//! One test: a run of one subtest, and what is told of it.

use std::collections::BTreeSet;
use std::io::{self, LineWriter};
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use libtest_mimic::{Completion, Failed};

use super::place::Place;
use super::say;
use super::settings::Settings;
use super::stopping::{Running, Stopping};
use super::trials::in_words;
use crate::environment::{Environment, EnvironmentNote};
use crate::host::HostProgram;
use crate::journal;
use crate::name::{Kind, StepId, SubtestName};
use crate::report::{Console, Style, first_line};
use crate::run::{Catalog, EXIT_PASSED, Outcome, Purpose, Runner, RunnerBuilder, Stop, forget};
use crate::verdict::Verdict;
use crate::with_causes;

/// What all tests have in common.
#[derive(Debug)]
pub(super) struct Attempts {
    settings: Settings,
    catalog: Catalog,
    environment: Environment,
    stopping: Stopping,
    /// What need not be said again.
    said: Mutex<BTreeSet<String>>,
}

impl Attempts {
    /// `host` is this program as a host.
    pub(super) fn new(settings: Settings, catalog: Catalog, host: HostProgram, stopping: Stopping) -> Attempts {
        // How many run at a time is up to who runs the tests, and of a run's few steps only one is a test.
        let environment = Environment::new(host).jobs(NonZeroUsize::MIN).telling(|line| say("note", line));
        Attempts { settings, catalog, environment, stopping, said: Mutex::default() }
    }

    /// Runs a subtest, with the pretests, intratests and posttests that this program holds. One that is ignored is run
    /// although it is switched off.
    pub(super) fn run(&self, name: &SubtestName, is_ignored: bool) -> Result<Completion, Failed> {
        let Some(running) = self.stopping.begin().map_err(|error| format!("cannot begin a run: {error}"))? else {
            return Err("not run: the tests were interrupted".into());
        };
        let place = Place::take(&self.settings.root, name)?;
        let outcome = self.run_at(place, name, is_ignored, &running)?;
        self.judge(&outcome, name)
    }

    fn run_at(&self, place: Place, name: &SubtestName, is_ignored: bool, running: &Running) -> Result<Outcome, Failed> {
        let runner = self.builder(&place, name, is_ignored).build().map_err(|failure| in_words(&failure))?;
        let entered = runner.enter(&self.environment, Purpose::Run, &running.cancel);
        let (mut runner, notes) = entered.map_err(|failure| with_causes(&failure))?;
        self.tell(&notes);
        let plan = runner.plan()?;
        if self.settings.live {
            let results = place.results.path();
            let console = Console::new(LineWriter::new(io::stdout()), Style::Plain, results);
            runner = runner.sink(Box::new(console.run_again_by(self.settings.again(name))));
        }
        let folder = place.results.path().to_owned();
        let outcome = runner.execute(plan, place.results, &running.cancel);
        // Nobody goes on with a run that was interrupted; its secrets are of no use.
        forget(&folder).map_err(|error| format!("cannot remove the secrets in {}: {error}", folder.display()))?;
        Ok(outcome?)
    }

    fn tell(&self, notes: &[EnvironmentNote]) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        for note in notes.iter().map(ToString::to_string) {
            if said.insert(note.clone()) {
                say("note", &note);
            }
        }
    }

    fn builder(&self, place: &Place, name: &SubtestName, is_ignored: bool) -> RunnerBuilder {
        let mut layers = self.settings.layers();
        if is_ignored {
            layers = layers.set(&format!("{name}.enable=yes"));
        }
        let builder = Runner::builder().layers(layers).catalog(self.catalog.clone()).args([name.as_str()]);
        let builder = builder.results(place.results.path()).state(&place.state);
        let mut in_run = self.catalog.subtests().filter(|info| info.kind != Kind::Subtest || info.name == *name);
        if in_run.any(|info| info.needs_engine) { builder } else { builder.without_engine() }
    }

    /// What the test says of the run.
    fn judge(&self, outcome: &Outcome, name: &SubtestName) -> Result<Completion, Failed> {
        match &outcome.stop {
            Stop::Complete if outcome.exit_status() == EXIT_PASSED => {}
            Stop::Complete | Stop::Interrupted { .. } | Stop::NoInstance { .. } => {
                return Err(self.story(outcome, name).into());
            }
            Stop::Reboot { .. } => {
                let story = self.story(outcome, name);
                return Err(format!("{story}\na test cannot wait for a reboot: this needs `dockertest run`").into());
            }
        }
        let own = outcome.steps.iter().find(|step| step.planned.name == *name).and_then(|step| step.ending.as_ref());
        let not_applicable = own.filter(|ending| ending.verdict == Verdict::TestNa);
        Ok(not_applicable.map_or(Completion::Completed, |ending| Completion::ignored_with(first_line(&ending.reason))))
    }

    /// The tree of the run, as the console shows it, if it has not been shown yet.
    fn story(&self, outcome: &Outcome, name: &SubtestName) -> String {
        let mut text = if self.settings.live {
            format!("see above, or {}", outcome.results.display())
        } else {
            self.tree(outcome, name).unwrap_or_else(|problem| format!("the journal cannot be shown: {problem}"))
        };
        if let Some(failure) = &outcome.report_failure {
            text += &format!("\na report is not complete (the journal is): {failure}");
        }
        text
    }

    fn tree(&self, outcome: &Outcome, name: &SubtestName) -> Result<String, Box<dyn std::error::Error>> {
        let console = Console::new(Vec::new(), Style::Plain, &outcome.results);
        let mut console = console.run_again_by(self.settings.again(name));
        // Of the other steps only what is not well.
        let is_shown = |id| {
            let step = outcome.steps.get(StepId::index(id));
            step.is_none_or(|step| {
                let passed = step.ending.as_ref().is_some_and(|ending| ending.verdict.is_passed());
                step.planned.name == *name || !passed
            })
        };
        for record in &journal::read(&outcome.journal())?.records {
            if record.event.step().is_none_or(is_shown) { console.show(record)? } else { console.skip(record) }
        }
        Ok(String::from_utf8_lossy(&console.into_inner()).trim_end().to_owned())
    }
}
