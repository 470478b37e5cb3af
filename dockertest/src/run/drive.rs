//! A run from its beginning to its end: what it takes is gathered, its steps are executed, and it is tidied up.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::config::Configuration;
use crate::engine::objects::{Spared, sweep};
use crate::engine::{Inquiry, daemon};
use crate::environment::Provider;
use crate::host::CancelToken;
use crate::journal::{Event, InstanceDisposed, Logged, Plan, WriteFailure, Writer};
use crate::outcome::Level;

use super::begin::Begin;
use super::builder::Asking;
use super::engine::{Engine, Tidying};
use super::execute::{Course, Execution, Finished};
use super::failure::RunFailure;
use super::folder::ResultsFolder;
use super::options::Options;
use super::outcome::{Outcome, Stop};
use super::plan::{ALONE, GROUP};
use super::progress::StepState;
use super::runner::Runner;
use super::schedule::Demands;
use super::worker::{Worker, remove_tree};
use super::{secrets, sysinfo};

/// The log of a service of podman that is run for the time of a run, below its results folder.
const SERVICE_LOG: &str = "debug/podman-service.log";

impl Runner {
    /// Runs what is left of a plan, and tidies up.
    pub(super) fn drive(
        self,
        begin: Begin,
        folder: ResultsFolder,
        journal: Writer,
        cancel: &CancelToken,
    ) -> Result<Outcome, RunFailure> {
        let stop_all = cancel.clone();
        journal.when_failed(move |failure| stop_all.cancel_now(failure.to_string()));
        let spared = spared(&self.configuration, &begin);
        begin.ticket.wait().map_err(journal_failure)?;
        let tidying: Tidying = Box::new(move |facts| {
            let told =
                |folder: PathBuf| format!("removed what an engine of an earlier run left in {}", folder.display());
            let engines = daemon::sweep().into_iter().map(told);
            sweep(&facts.address, &spared).into_iter().chain(engines).collect()
        });
        // It lives as long as the run: a service of podman ends with it.
        let inquiry = self.catalog.hosts().first().map(|keeper| {
            Inquiry::configured(&self.configuration, keeper.clone()).log(folder.path().join(SERVICE_LOG))
        });
        let here = self.options.provider.is_here();
        let engine = match (self.asking, here) {
            (Asking::Configured, false) => Engine::to_be_asked(),
            (Asking::Configured, true) => Engine::ask(inquiry.as_ref().map(Inquiry::probe), tidying),
            (Asking::Probe(probe), _) => Engine::ask(Some(probe), tidying),
            (Asking::Never, _) => Engine::ask(None, tidying),
        };
        dispose_left(&*self.options.provider, &begin.instances, &journal);
        let execution = Execution {
            worker: Worker {
                configuration: &self.configuration,
                run: &begin.run,
                results: folder.path(),
                state: &begin.state,
            },
            catalog: &self.catalog,
            steps: &begin.plan.steps,
            known: &self.known,
            journal: &journal,
            cancel,
            provider: &*self.options.provider,
            jobs: jobs(&*self.options.provider, self.options.jobs),
            demands: demands(&begin.plan, &self.configuration, &self.options),
            engine,
            engine_words: Inquiry::words(&self.configuration),
            sysinfo: Mutex::new(sysinfo::Collection::begin(folder.path(), begin.sysinfo)),
            limit: self.control.job_timeout,
            worked: begin.worked,
            began: begin.began,
            boot_id: &begin.session.boot_id,
            host_facts: sysinfo::keyvals(),
            retry_interrupted: self.options.retry_interrupted,
            retries: self.options.invocation.retries.map_or(0, NonZeroU32::get),
            why_cut_off: begin.why_cut_off,
            course: Course::new(begin.states, begin.counts),
        };
        let Finished { stop, counts, left } = execution.run()?;
        let report_failure = close(journal)?;
        if stop == Stop::Complete {
            tidy_up(folder.path())?;
        }
        let planned = begin.plan.steps.len();
        Ok(Outcome { planned, counts, stop, left, report_failure, ..Outcome::of(folder.into_path()) })
    }
}

/// How many steps run at a time: no more than there can be instances.
pub(super) fn jobs(provider: &dyn Provider, wanted: NonZeroUsize) -> usize {
    provider.at_most().map_or(wanted, |most| most.min(wanted)).get()
}

/// What the steps of a plan demand of each other.
pub(super) fn demands(plan: &Plan, configuration: &Configuration, options: &Options) -> Demands {
    let mut demands = Demands { durations: options.durations.clone(), ..Demands::default() };
    for (index, step) in plan.steps.iter().enumerate() {
        let section = configuration.section(step.name.as_str());
        // The plan has refused what cannot be read; in a resume, the careful answer will do.
        if section.flag(ALONE).unwrap_or(Some(true)).unwrap_or(false) {
            demands.alone.push(index);
        }
        let named = section.get(GROUP).filter(|group| !group.is_empty()).map(str::to_owned);
        let group = named.or_else(|| options.grouping.as_ref().and_then(|grouping| (grouping.0)(step.name.as_str())));
        let group = if options.in_one_instance { Some(String::new()) } else { group };
        demands.groups.extend(group.map(|group| (index, group)));
    }
    demands
}

/// Disposes of what an earlier process of the run made and did not dispose of, and tells.
fn dispose_left(provider: &dyn Provider, names: &[String], journal: &Writer) {
    if names.is_empty() {
        return;
    }
    let failures = provider.dispose_left(names);
    for name in names {
        let problem = failures.iter().find(|failure| failure.instance() == name).map(ToString::to_string);
        journal.append(Event::InstanceDisposed(InstanceDisposed { instance: name.clone(), problem }));
    }
}

/// What earlier runs made and this one leaves alone: what is to be preserved, and what steps made that it goes on with.
fn spared(configuration: &Configuration, begin: &Begin) -> Spared {
    let goes_on = |state: &StepState| matches!(state, StepState::Running(_) | StepState::Paused(_));
    let steps = begin.plan.steps.iter().zip(&begin.states).filter(|(_, state)| goes_on(state));
    let defaults = configuration.defaults();
    Spared {
        run: begin.run.clone(),
        steps: steps.map(|(step, _)| step.folder()).collect(),
        containers: defaults.list("preserve_cnames"),
        images: defaults.list("preserve_fqins"),
    }
}

pub(super) fn journal_failure(failure: WriteFailure) -> RunFailure {
    RunFailure::Journal { failure, step: None }
}

/// A warning of the runner itself.
pub(super) fn runner_warning(text: String) -> Event {
    Event::Logged(Logged { step: None, subsubtest: None, level: Level::Warning, text })
}

/// Closes the journal; gives back what kept a report from being written.
pub(super) fn close(journal: Writer) -> Result<Option<WriteFailure>, RunFailure> {
    match journal.close() {
        Ok(()) => Ok(None),
        Err(failure @ WriteFailure::Report { .. }) => Ok(Some(failure)),
        Err(failure) => Err(journal_failure(failure)),
    }
}

/// Removes what only a run that is not complete needs.
pub(super) fn tidy_up(results: &Path) -> Result<(), RunFailure> {
    secrets::forget(results).map_err(|source| RunFailure::File { path: results.join(secrets::FILE_NAME), source })?;
    // Something that a step left mounted there has been told in its log.
    let _ = remove_tree(&results.join("tmp"));
    Ok(())
}
