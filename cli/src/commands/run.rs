//! `dockertest run` and `dockertest resume`

use std::convert::identity;
use std::num::NonZeroU32;
use std::ops::ControlFlow;

use dockertest::environment::Environment;
use dockertest::host::CancelToken;
use dockertest::journal::{Invocation, Plan};
use dockertest::name::SubtestName;
use dockertest::run::{
    EXIT_PASSED, Outcome, Purpose, ResultsFolder, ResumeFailure, Resumption, RunFailure, Runner, RunnerBuilder, Stop,
};

use crate::args::{Resume, Run};
use crate::commands::culprits;
use crate::commands::wanted::{self, Wanted};
use crate::environment;
use crate::kept;
use crate::reports;
use crate::screen::{Problem, Screen};
use crate::signals::{self, Forwarding};
use crate::sources::{self, Folders};
use crate::{hosts, status};

pub(crate) fn run(run: &Run, screen: &Screen) -> Result<u8, Problem> {
    if !run.names.is_empty() {
        let list = run.names.join(",");
        return Err(Problem::new(format!("names of subtests belong to `--args`: dockertest run --args={list}")));
    }
    if let Some(rounds) = run.analyze_isolation {
        return culprits::analyze(run, rounds.unwrap_or(NonZeroU32::MIN), screen);
    }
    let Some(wanted) = wanted::wanted(run, screen)? else {
        screen.note("nothing of this fails, so nothing is run");
        return Ok(status::SUCCESS);
    };
    let most = run.until_failure.map(|most| most.unwrap_or(u32::MAX));
    let environment = environment::configured()?;
    let mut heard = None;
    for round in 1.. {
        let status = match once(run, &wanted, &environment, &mut heard, screen)? {
            ControlFlow::Continue(status) => status,
            ControlFlow::Break(status) => return Ok(status),
        };
        let Some(most) = most else { return Ok(status) };
        // A round that is stopped in its last step is complete, but nobody wants another one.
        if let Some(stopped) = heard.as_ref().and_then(|(cancel, _)| signals::status(cancel)) {
            screen.note(format!("stopped in round {round}"));
            return Ok(stopped);
        }
        if status != EXIT_PASSED || round >= most {
            return Ok(status);
        }
        screen.note(format!("round {round} has passed; the next one begins"));
    }
    Ok(status::SUCCESS)
}

/// A whole run, and its exit status. After one that was only shown, or whose results were lost, no other one follows,
/// whatever was asked for. Once it hears signals, they are heard between it and the next one, too.
fn once(
    run: &Run,
    wanted: &Wanted,
    environment: &Environment,
    heard: &mut Option<(CancelToken, Forwarding)>,
    screen: &Screen,
) -> Result<ControlFlow<u8, u8>, Problem> {
    let live_reports = reports::wanted(&run.report, run.subunit)?;
    reports::check(&live_reports, &run.results)?;
    let folders = Folders::find(&run.suite.sources);
    let set = run.suite.sources.set.iter().cloned().chain(run.place.as_settings(&run.suite.sources.set)?).collect();
    let invocation =
        Invocation { args: wanted.args.clone(), set, plugins: run.suite.plugins().to_vec(), ..Invocation::default() };
    let mut runner = wanted.limit(runner(&folders, &invocation, false, screen)?.retries(run.retries));
    if let Some(seed) = run.shuffle {
        runner = runner.shuffled(seed);
    }
    let is_dry = run.dry_run || runner.is_dry_run();
    let (cancel, _) = match heard {
        Some(heard) => heard,
        None => {
            let cancel = CancelToken::new()?;
            let forwarding = signals::forward(&cancel)?;
            heard.insert((cancel, forwarding))
        }
    };
    let cancel = &*cancel;
    let purpose = if is_dry { Purpose::DryRun } else { Purpose::Run };
    let mut runner =
        environment::enter(runner, (environment, purpose), cancel, screen, |failure| wanted.explain(failure))?;
    let plan = runner.plan().map_err(|failure| wanted.explain(failure))?;
    wanted.tell_passed_over(&runner, screen);
    let planned: Vec<SubtestName> = plan.steps.iter().map(|step| step.name.clone()).collect();
    for warning in runner.configuration().example_warnings(&planned) {
        screen.warning(warning);
    }
    if is_dry {
        show(&plan, screen)?;
        return Ok(ControlFlow::Break(status::SUCCESS));
    }
    if let Some(status) = signals::status(cancel) {
        return Err(Problem::new("stopped before anything was run").with_status(status));
    }
    let repository = kept::create(&run.kept, Some(runner.control()), screen)?;
    if run.isolated {
        runner = runner.isolated();
    }
    if run.shuffle.is_none() {
        runner = runner.with_durations(repository.durations());
    }
    let (folder, kept_aside) = ResultsFolder::create(&run.results)?;
    if let Some(aside) = kept_aside {
        screen.note(format!("the former run in `{}` is kept as `{}`", run.results.display(), aside.display()));
    }
    let (runner, told) = kept::record(runner, &repository, folder.path());
    let runner = reports::watch(runner, &live_reports, &run.results, screen, cancel)?;
    let outcome = runner.execute(plan, folder, cancel);
    kept::tell(&told, screen);
    let is_whole = outcome.is_ok();
    let status = ended(outcome, screen)?;
    Ok(if is_whole { ControlFlow::Continue(status) } else { ControlFlow::Break(status) })
}

pub(crate) fn resume(resume: &Resume, screen: &Screen) -> Result<u8, Problem> {
    let folder = resume.results.folder();
    let live_reports = reports::wanted(&resume.report, false)?;
    reports::check(&live_reports, folder)?;
    let resumption = Resumption::open(folder)?;
    if resumption.outcome().is_some() {
        screen.note(format!("the run in `{}` is complete", folder.display()));
        // Its last process may have been killed before its reports were.
        let outcome = resumption.conclude()?;
        reports::write(&live_reports, folder, &CancelToken::new()?)?;
        return outcome.map_or(Ok(status::SUCCESS), |outcome| ended(Ok(outcome), screen));
    }
    let mut invocation = resumption.invocation().clone();
    // What `auto` was then need not be what it would be now, also where somebody typed `auto` then. What is typed now
    // counts more.
    invocation.set.extend(resumption.provider().map(|provider| format!("environment.provider={provider}")));
    invocation.set.extend(resume.place.as_settings(&[])?);
    let folders = Folders { defaults: invocation.config_defaults.clone(), custom: invocation.config_custom.clone() };
    let runner = runner(&folders, &invocation, resume.retry_interrupted, screen)?;
    let cancel = CancelToken::new()?;
    let _forwarding = signals::forward(&cancel)?;
    let runner = environment::enter(runner, (&environment::configured()?, Purpose::Resume), &cancel, screen, identity)?;
    let repository = kept::create(&resume.kept, Some(runner.control()), screen)?;
    let (runner, told) = kept::record(runner, &repository, resumption.results());
    let runner = reports::watch(runner, &live_reports, folder, screen, &cancel)?;
    let outcome = runner.resume(resumption, &cancel);
    kept::tell(&told, screen);
    match outcome {
        Err(ResumeFailure::Run(failure)) => ended(Err(failure), screen),
        Err(failure) => Err(failure.into()),
        Ok(outcome) => ended(Ok(outcome), screen),
    }
}

/// Sets up a runner; says nothing.
pub(super) fn builder(folders: &Folders, wanted: &Invocation) -> Result<RunnerBuilder, Problem> {
    let plugins = hosts::plugins(&wanted.plugins)?;
    let builder = Runner::builder().layers(sources::layers(folders, &wanted.set)).args(&wanted.args);
    Ok(builder.host(hosts::program()?).plugins(plugins))
}

pub(super) fn runner(folders: &Folders, wanted: &Invocation, retry: bool, screen: &Screen) -> Result<Runner, Problem> {
    let mut builder = builder(folders, wanted)?.retry_interrupted(retry);
    if let Some(version) = sources::documentation_version(screen) {
        builder = builder.documentation(version);
    }
    let runner = builder.build().map_err(sources::not_set_up)?;
    hosts::tell_broken(runner.catalog(), screen);
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

fn show(plan: &Plan, screen: &Screen) -> Result<(), Problem> {
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
    Ok(())
}

/// What is said at the end, and the exit status.
fn ended(outcome: Result<Outcome, RunFailure>, screen: &Screen) -> Result<u8, Problem> {
    let outcome = match outcome {
        Ok(outcome) => outcome,
        // Nothing has run, so it is a set-up problem like any other.
        Err(failure) if failure.is_before_the_run() => return Err(failure.into()),
        Err(failure) => {
            screen.problem(&failure.into());
            return Ok(status::LOST);
        }
    };
    // How to go on is the last line of the tree.
    if let Stop::Reboot { step, reason } = &outcome.stop {
        screen.note(format!("{step} wants this machine to be rebooted: {reason}"));
    }
    tell_what_is_wrong(&outcome, screen);
    Ok(outcome.exit_status())
}

/// Says what is wrong beside verdicts.
pub(super) fn tell_what_is_wrong(outcome: &Outcome, screen: &Screen) {
    if !outcome.left.is_empty() {
        screen.warning(format!("instances are left over: {}", outcome.left.join(", ")));
    }
    if let Some(failure) = &outcome.report_failure {
        screen.warning(format!("a report is not complete (the journal is): {failure}"));
    }
}
