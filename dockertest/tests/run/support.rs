//! What the tests have in common: a place, a configuration, a runner, and what a journal tells.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dockertest::config::{Configuration, Layers, Source};
use dockertest::host::protocol::RUN_VARIABLE;
use dockertest::host::{CancelToken, HostProgram};
use dockertest::journal::{self, Event, Invocation, Record, Sink};
use dockertest::outcome::Ending;
use dockertest::report;
use dockertest::run::{Options, Outcome, ResultsFolder, ResumeFailure, Resumption, Runner};

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
        Runner::new(configuration(ini), vec![host], self.options(args)).unwrap()
    }

    /// A runner with options of its own.
    pub(crate) fn runner_with(&self, args: &str, ini: &str, change: impl FnOnce(&mut Options)) -> Runner {
        let mut options = self.options(args);
        change(&mut options);
        Runner::new(configuration(ini), vec![host(&[])], options).unwrap()
    }

    fn options(&self, args: &str) -> Options {
        let invocation = Invocation { args: vec![args.to_owned()], ..Invocation::default() };
        Options { state: self.state(), ..Options::new(invocation) }
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
        let sinks = self.sinks(watch);
        runner.execute(plan, folder, sinks, cancel).unwrap()
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
        runner.resume(resumption, self.sinks(watch), cancel)
    }

    fn sinks(&self, watch: impl FnMut(&Event) + Send + 'static) -> Vec<Box<dyn Sink>> {
        vec![report::files(&self.results()), Box::new(Watch(watch))]
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

pub(crate) fn configuration(ini: &str) -> Configuration {
    Layers::new().defaults(Source::Memory(vec![("test.ini".to_owned(), ini.to_owned())])).load().unwrap()
}

pub(crate) fn events(results: &Path) -> Vec<Event> {
    let reading = journal::read(&results.join(journal::FILE_NAME)).unwrap();
    reading.records.into_iter().map(|record| record.event).collect()
}

/// The journal without what differs from run to run or is of no interest here: one line an event.
pub(crate) fn story(events: &[Event]) -> String {
    events.iter().filter_map(line).collect::<Vec<_>>().join("\n")
}

fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::Keyvals(_) | Event::RunStarted(_) => return None,
        Event::Planned(plan) => format!("planned {}", plan.steps.len()),
        Event::RunResumed(_) => "resumed".to_owned(),
        Event::Engine(facts) => format!("engine {}", facts.version),
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
