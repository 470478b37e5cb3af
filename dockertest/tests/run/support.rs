//! What the tests have in common: a place, a configuration, a runner, and what a journal tells.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dockertest::config::{Layers, Source};
use dockertest::host::protocol::RUN_VARIABLE;
use dockertest::host::{CancelToken, HostProgram};
use dockertest::journal::{self, Event, Record, Sink};
use dockertest::outcome::Ending;
use dockertest::run::{Outcome, ResultsFolder, ResumeFailure, Resumption, Runner, RunnerBuilder};

/// A place for the files of one test.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn results(&self) -> PathBuf {
        self.folder.path().join("results/default")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// What the hosts wrote down.
    pub(crate) fn witness(&self) -> String {
        fs::read_to_string(self.state().join("witness")).unwrap_or_default()
    }

    pub(crate) fn runner(&self, args: &str, ini: &str) -> Runner {
        self.runner_of(host(&[]), args, ini)
    }

    pub(crate) fn runner_of(&self, host: HostProgram, args: &str, ini: &str) -> Runner {
        self.builder(args, ini).host(host).build().unwrap()
    }

    /// A runner with options of its own.
    pub(crate) fn runner_with(
        &self,
        args: &str,
        ini: &str,
        change: impl FnOnce(RunnerBuilder) -> RunnerBuilder,
    ) -> Runner {
        change(self.builder(args, ini).host(host(&[]))).build().unwrap()
    }

    /// Everything but a host; no engine is asked.
    pub(crate) fn builder(&self, args: &str, ini: &str) -> RunnerBuilder {
        let builder = Runner::builder().layers(layers(ini)).args([args]);
        builder.results(self.results()).state(self.state()).without_engine()
    }

    /// A runner that is not only used for its outcome.
    pub(crate) fn ready(&self, args: &str) -> RunnerBuilder {
        self.builder(args, "[Control]\nexclude = pre\n").host(host(&[]))
    }

    /// Runs to the end of the run or of patience.
    pub(crate) fn run(
        &self,
        runner: Runner,
        watch: impl FnMut(&Event) + Send + 'static,
        cancel: &CancelToken,
    ) -> Outcome {
        let plan = runner.plan().unwrap();
        let (folder, _) = ResultsFolder::create(&self.results()).unwrap();
        runner.sink(Box::new(Watch(watch))).execute(plan, folder, cancel).unwrap()
    }

    pub(crate) fn resume(&self, runner: Runner) -> Result<Outcome, ResumeFailure> {
        self.resume_watched(runner, |_| {}, &CancelToken::new().unwrap())
    }

    pub(crate) fn resume_watched(
        &self,
        runner: Runner,
        watch: impl FnMut(&Event) + Send + 'static,
        cancel: &CancelToken,
    ) -> Result<Outcome, ResumeFailure> {
        let resumption = Resumption::open(&self.results())?;
        runner.sink(Box::new(Watch(watch))).resume(resumption, cancel)
    }

    pub(crate) fn journal(&self) -> Vec<Event> {
        events(&self.results())
    }
}

struct Watch<F>(F);

impl<F: FnMut(&Event) + Send> Sink for Watch<F> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        (self.0)(&record.event);
        Ok(())
    }
}

/// This program as a host.
pub(crate) fn host(arguments: &[&str]) -> HostProgram {
    let mut program = HostProgram::new(std::env::current_exe().unwrap());
    program.arguments = std::iter::once("host").chain(arguments.iter().copied()).map(OsString::from).collect();
    program
}

pub(crate) fn layers(ini: &str) -> Layers {
    Layers::new().defaults(Source::Memory(vec![("test.ini".to_owned(), ini.to_owned())]))
}

pub(crate) fn records(results: &Path) -> Vec<Record> {
    journal::read(&results.join(journal::FILE_NAME)).unwrap().records
}

pub(crate) fn events(results: &Path) -> Vec<Event> {
    records(results).into_iter().map(|record| record.event).collect()
}

/// The journal without what differs from run to run or is of no interest here: one line an event.
pub(crate) fn story(events: &[Event]) -> String {
    events.iter().filter_map(line).collect::<Vec<_>>().join("\n")
}

pub(crate) fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::Keyvals(_) | Event::RunStarted(_) => return None,
        Event::Planned(plan) => format!("planned {}", plan.steps.len()),
        Event::RunResumed(_) => "resumed".to_owned(),
        Event::Engine(facts) => format!("engine {}", facts.version),
        Event::InstanceProvisioned(made) => format!("provisioned {}", made.instance),
        Event::InstanceDisposed(gone) => format!("disposed {}", gone.instance),
        Event::StepStarted(started) => format!("start {} attempt {}", started.step, started.attempt),
        Event::PhaseStarted(phase) => format!("  {}", phase.phase),
        Event::Logged(logged) => format!("  {}: {}", logged.level, logged.text),
        Event::SubsubtestStarted(started) => format!("  start {}", started.subsubtest),
        Event::SubsubtestEnded(ended) => {
            format!("  end {} {}", ended.subsubtest, told(&ended.ending))
        }
        Event::RebootRequested(request) => format!("  reboot, then {}: {}", request.resume_at, request.reason),
        Event::StepEnded(ended) => format!("end {} {}", ended.step, told(&ended.ending)),
        Event::RunInterrupted(interrupted) => format!("interrupted: {}", interrupted.reason),
        Event::RunEnded(ended) => format!("ended {}", ended.verdict),
        other => panic!("{other:?}: how is it told?"),
    })
}

fn told(ending: &Ending) -> String {
    format!("{}: {}", ending.verdict, ending.reason).trim_end_matches(": ").to_owned()
}

/// Processes that carry a run's name.
pub(crate) fn processes_of(run: &str) -> Vec<String> {
    let wanted = format!("{RUN_VARIABLE}={run}");
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().map_while(Result::ok) {
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        if environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes()) {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found
}
