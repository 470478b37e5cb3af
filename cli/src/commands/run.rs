//! `dockertest run` and `dockertest resume`

use std::io;
use std::path::Path;

use dockertest::host::CancelToken;
use dockertest::journal::{Invocation, Plan, Sink};
use dockertest::name::SubtestName;
use dockertest::report;
use dockertest::run::{Options, Outcome, ResultsFolder, ResumeFailure, Resumption, RunFailure, Runner, Stop};

use crate::args::{Resume, Run};
use crate::live;
use crate::screen::{Problem, Screen};
use crate::signals;
use crate::sources::{self, Folders, absolute};
use crate::{hosts, status};

pub(crate) fn run(run: &Run, screen: &Screen) -> Result<u8, Problem> {
    if !run.names.is_empty() {
        let list = run.names.join(",");
        return Err(Problem::new(format!("names of subtests belong to `--args`: dockertest run --args={list}")));
    }
    let folders = Folders::find(&run.sources);
    let invocation = Invocation {
        args: run.args.clone(),
        set: run.sources.set.clone(),
        config_defaults: folders.defaults.as_deref().map(absolute),
        config_custom: folders.custom.as_deref().map(absolute),
        plugins: run.sources.plugin.iter().map(|path| absolute(path)).collect(),
    };
    let runner = runner(&folders, invocation, false, screen)?;
    let plan = runner.plan()?;
    let planned: Vec<SubtestName> = plan.steps.iter().map(|step| step.name.clone()).collect();
    for warning in runner.configuration().example_warnings(&planned) {
        screen.warning(warning);
    }
    if run.dry_run || runner.is_dry_run() {
        return dry_run(&plan, screen);
    }
    let (folder, kept_aside) = ResultsFolder::create(&run.results)?;
    let inquiry = hosts::inquiry(runner.configuration(), folder.path())?;
    if let Some(aside) = kept_aside {
        screen.note(format!("the former run in `{}` is kept as `{}`", run.results.display(), aside.display()));
    }
    let cancel = CancelToken::new()?;
    let _forwarding = signals::forward(&cancel)?;
    let sinks = sinks(folder.path(), &run.results, screen, &cancel)?;
    let runner = runner.with_engine_probe(inquiry.probe());
    ended(runner.execute(plan, folder, sinks, &cancel), screen)
}

pub(crate) fn resume(resume: &Resume, screen: &Screen) -> Result<u8, Problem> {
    let folder = resume.results.folder();
    let resumption = Resumption::open(folder)?;
    if resumption.outcome().is_some() {
        screen.note(format!("the run in `{}` is complete", folder.display()));
        // Its last process may have been killed before its reports were.
        let sinks = vec![report::files(resumption.results())];
        return resumption.conclude(sinks)?.map_or(Ok(status::SUCCESS), |outcome| ended(Ok(outcome), screen));
    }
    let invocation = resumption.invocation().clone();
    let folders = Folders { defaults: invocation.config_defaults.clone(), custom: invocation.config_custom.clone() };
    let runner = runner(&folders, invocation, resume.retry_interrupted, screen)?;
    let inquiry = hosts::inquiry(runner.configuration(), resumption.results())?;
    let runner = runner.with_engine_probe(inquiry.probe());
    let cancel = CancelToken::new()?;
    let _forwarding = signals::forward(&cancel)?;
    let sinks = sinks(resumption.results(), folder, screen, &cancel)?;
    match runner.resume(resumption, sinks, &cancel) {
        Err(ResumeFailure::Run(failure)) => ended(Err(failure), screen),
        Err(failure) => Err(failure.into()),
        Ok(outcome) => ended(Ok(outcome), screen),
    }
}

fn runner(folders: &Folders, invocation: Invocation, retry: bool, screen: &Screen) -> Result<Runner, Problem> {
    let layers = sources::layers(folders, &invocation.set);
    let (catalog, configuration) = hosts::gather(&layers, &invocation.plugins, screen)?;
    let mut options = Options::new(invocation);
    options.retry_interrupted = retry;
    options.documentation = sources::documentation_version(screen);
    let runner = Runner::with_catalog(configuration, catalog, options)?;
    warn_of_configuration(&runner, screen);
    Ok(runner)
}

/// Says what is odd about the configuration but does not stop the run.
fn warn_of_configuration(runner: &Runner, screen: &Screen) {
    let known: Vec<SubtestName> = runner.catalog().all_names().filter_map(|name| name.parse().ok()).collect();
    for warning in runner.configuration().warnings(&known) {
        screen.warning(warning);
    }
}

fn sinks(folder: &Path, shown: &Path, screen: &Screen, cancel: &CancelToken) -> io::Result<Vec<Box<dyn Sink>>> {
    Ok(vec![report::files(folder), live::sink(shown, screen, cancel)?])
}

fn dry_run(plan: &Plan, screen: &Screen) -> Result<u8, Problem> {
    let mut text = String::new();
    for step in &plan.steps {
        text.push_str(&step.folder());
        if let Some(children) = &step.subsubtests {
            text.push_str(&format!(" ({})", children.join(", ")));
        }
        if let Some(preset) = &step.preset {
            let reason = preset.reason.lines().next().unwrap_or_default();
            text.push_str(&format!(": {} without being run: {reason}", preset.verdict));
        }
        text.push('\n');
    }
    screen.output(&text)?;
    screen.note("nothing has been run");
    Ok(status::SUCCESS)
}

/// What is said at the end, and the exit status.
fn ended(outcome: Result<Outcome, RunFailure>, screen: &Screen) -> Result<u8, Problem> {
    let outcome = match outcome {
        Ok(outcome) => outcome,
        // Nothing has run, so it is a set-up problem like any other.
        Err(failure @ (RunFailure::Folder(_) | RunFailure::State { .. } | RunFailure::File { .. })) => {
            return Err(failure.into());
        }
        Err(failure @ RunFailure::Journal { .. }) => {
            screen.problem(&failure.into());
            return Ok(status::LOST);
        }
    };
    let go_on = format!("`dockertest resume {}` goes on", outcome.results.display());
    match &outcome.stop {
        Stop::Complete => {}
        Stop::Interrupted { .. } => screen.note(go_on),
        Stop::Reboot { step, reason } => {
            screen.note(format!("{step} wants this machine to be rebooted: {reason}\nafter the reboot, {go_on}"));
        }
    }
    if let Some(failure) = &outcome.report_failure {
        screen.warning(format!("a report is not complete (the journal is): {failure}"));
    }
    Ok(outcome.exit_status())
}
