//! `dockertest matrix`

use std::convert::identity;
use std::fs;
use std::path::{Path, PathBuf};

use dockertest::environment::{EngineBuild, Environment};
use dockertest::host::CancelToken;
use dockertest::journal::{self, Event, Record};
use dockertest::report::{Comparison, RunState};
use dockertest::repository::Repository;
use dockertest::run::{EXIT_FAILED, Outcome, Purpose, RunFailure, Runner, Stop};

use super::engines;
use super::run::tell_what_is_wrong;
use crate::args::Matrix;
use crate::environment;
use crate::kept;
use crate::screen::{Problem, Screen, visible};
use crate::signals;
use crate::sources::{self, Folders, absolute};
use crate::{hosts, status};

/// The files with the comparison, in the folder that has the results of all runs.
const TABLE: &str = "comparison.txt";
const MARKDOWN: &str = "comparison.md";
const PAGE: &str = "comparison.html";
const DATA: &str = "comparison.json";

pub(crate) fn matrix(wanted: &Matrix, screen: &Screen) -> Result<u8, Problem> {
    let chosen = chosen(wanted)?;
    let results = absolute(&wanted.results);
    if wanted.again {
        return again(wanted, &chosen, &results, screen);
    }
    // Before anything is made for an engine, so that it is put away again.
    let cancel = CancelToken::new()?;
    let _forwarding = signals::forward(&cancel)?;
    let runners = set_up(wanted, &chosen, &results, &cancel, screen)?;
    let repository = kept::create(&wanted.kept, runners.first().map(Runner::control), screen)?;
    // What was run here before is another matrix's, so only what this one has run is compared.
    let mut ran = Vec::new();
    let mut code = status::SUCCESS;
    for ((at, build), runner) in chosen.iter().enumerate().zip(runners) {
        screen.note(format!("{} ({} {})", build.name, build.flavor, build.version));
        let outcome = match run(runner, &repository, &results.join(&build.name), &cancel, screen) {
            Ok(outcome) => outcome,
            // What the others do is worth no less.
            Err(failure) => {
                if !failure.is_before_the_run() && journal_of(build, &results).is_file() {
                    ran.push(build);
                }
                screen.warning(format!("{}: {}", build.name, Problem::from(failure)));
                code = code.max(EXIT_FAILED);
                continue;
            }
        };
        ran.push(build);
        screen.note(format!("{}: {}", build.name, told(&outcome)));
        tell_what_is_wrong(&outcome, screen);
        code = code.max(outcome.exit_status());
        if let Stop::Interrupted { .. } = outcome.stop {
            tell_what_is_missing(&chosen, at, &wanted.results, screen);
            break;
        }
    }
    Ok(compare(&ran, &results, wanted.json, screen)?.max(code))
}

/// The engines to compare.
fn chosen(wanted: &Matrix) -> Result<Vec<EngineBuild>, Problem> {
    let names = names(wanted);
    let chosen: Vec<EngineBuild> = if names.is_empty() {
        engines::builds()?.all()?
    } else {
        names.iter().map(|name| engines::build(name)).collect::<Result<_, _>>()?
    };
    if let Some(twice) = (1..names.len()).find(|at| names[..*at].contains(&names[*at])) {
        return Err(Problem::new(format!("the engine `{}` is named twice", names[twice])));
    }
    if chosen.is_empty() {
        let whose = engines::whose();
        return Err(Problem::new(format!("there are no engines to compare: dockertest engines add{whose}")));
    }
    Ok(chosen)
}

/// The names that were typed.
fn names(wanted: &Matrix) -> Vec<&str> {
    wanted.engines.iter().flat_map(|list| list.split(',')).map(str::trim).collect()
}

/// Compares what is there.
fn again(wanted: &Matrix, chosen: &[EngineBuild], results: &Path, screen: &Screen) -> Result<u8, Problem> {
    let (there, missing): (Vec<_>, Vec<_>) = chosen.iter().partition(|build| journal_of(build, results).is_file());
    let list = list(missing.iter().copied());
    if !missing.is_empty() && !names(wanted).is_empty() {
        let advice = format!("dockertest matrix --engines {list} --results {}", wanted.results.display());
        return Err(Problem::new(format!("nothing has been run on {list} in `{}`: {advice}", results.display())));
    }
    if !missing.is_empty() && !there.is_empty() {
        screen.note(format!("not compared, because nothing has been run on it there: {list}"));
    }
    compare(&there, results, wanted.json, screen)
}

/// Sets all of them up before the first one runs: a slip should not cost an hour.
fn set_up(
    wanted: &Matrix,
    chosen: &[EngineBuild],
    results: &Path,
    cancel: &CancelToken,
    screen: &Screen,
) -> Result<Vec<Runner>, Problem> {
    let (folders, environment) = (Folders::find(&wanted.suite.sources), environment::configured()?);
    let mut runners = Vec::new();
    for build in chosen {
        let runner = runner(build, wanted, (&folders, &environment, results), cancel, screen);
        // Whatever that has made of it.
        if let Some(status) = signals::status(cancel) {
            let problem = Problem::new("stopped while engines were set up: nothing has been run");
            return Err(problem.with_status(status));
        }
        runners.push(runner?);
    }
    Ok(runners)
}

/// Runs on one engine; the run is kept.
fn run(
    runner: Runner,
    repository: &Repository,
    results: &Path,
    cancel: &CancelToken,
    screen: &Screen,
) -> Result<Outcome, RunFailure> {
    // The engines before this one have told how long subtests take.
    let now = Repository::open(repository.path());
    now.iter().for_each(|now| kept::tell_notes(now, screen));
    let runner = runner.with_durations(now.as_ref().unwrap_or(repository).durations());
    let (runner, told) = kept::record(runner, repository, results);
    let outcome = runner.run(cancel);
    kept::tell(&told, screen);
    outcome
}

/// Says how an interrupted matrix goes on.
fn tell_what_is_missing(chosen: &[EngineBuild], last: usize, results: &Path, screen: &Screen) {
    let missing = &chosen[last + 1..];
    let (last, results) = (results.join(&chosen[last].name), results.display());
    let last = last.display();
    screen.note(format!(
        "stopped before the end; what has been run is compared. `dockertest resume {last}` ends this one"
    ));
    if !missing.is_empty() {
        let (missing, all) = (list(missing), list(chosen));
        screen.note(format!(
            "not begun: {missing}. The same command with `--engines {missing}` runs them; then \
             `dockertest matrix --again --engines {all} --results {results}` compares all"
        ));
    }
}

fn list<'a>(builds: impl IntoIterator<Item = &'a EngineBuild>) -> String {
    builds.into_iter().map(|build| build.name.as_str()).collect::<Vec<_>>().join(",")
}

fn journal_of(build: &EngineBuild, results: &Path) -> PathBuf {
    results.join(&build.name).join(journal::FILE_NAME)
}

fn runner(
    build: &EngineBuild,
    wanted: &Matrix,
    (folders, environment, results): (&Folders, &Environment, &Path),
    cancel: &CancelToken,
    screen: &Screen,
) -> Result<Runner, Problem> {
    let jobs = wanted.jobs.as_ref().map(|jobs| format!("environment.jobs={jobs}"));
    let set: Vec<String> = environment::settings_of(build, "--engines", &wanted.suite.sources.set)?
        .into_iter()
        .chain(jobs)
        .chain(wanted.suite.sources.set.iter().cloned())
        .collect();
    let builder = Runner::builder()
        .layers(sources::layers(folders, &set))
        .args(&wanted.args)
        .host(hosts::program()?)
        .plugins(hosts::plugins(wanted.suite.plugins())?)
        .results(results.join(&build.name));
    let (name, is_coloured) = (build.name.clone(), screen.colored_output());
    let mut state = RunState::default();
    let shown = move |record: &Record| show(&name, &mut state, record, is_coloured);
    let runner = builder.on_event(shown).build().map_err(sources::not_set_up)?.in_matrix(&build.name);
    hosts::tell_broken(runner.catalog(), screen);
    runner.plan()?;
    environment::enter(runner, (environment, Purpose::Run), cancel, screen, identity)
}

/// A line for each step that has ended.
fn show(engine: &str, state: &mut RunState, record: &Record, is_coloured: bool) {
    use std::io::Write;

    state.record(record);
    let Event::StepEnded(ended) = &record.event else { return };
    let Some(step) = state.step(ended.step) else { return };
    let verdict = ended.ending.verdict;
    let (on, off) = match (is_coloured, verdict.is_passed()) {
        (true, true) => ("\u{1b}[32m", "\u{1b}[0m"),
        (true, false) => ("\u{1b}[31m", "\u{1b}[0m"),
        (false, _) => ("", ""),
    };
    let seconds = ended.ending.seconds;
    let line = format!("{engine}  {on}{:8}{off}  {seconds:6.1} s  {}", verdict.as_str(), step.planned.name);
    // Whoever does not read any more gets the table all the same.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

fn told(outcome: &Outcome) -> String {
    match &outcome.stop {
        Stop::Complete => format!("{}, results in {}", outcome.verdict(), outcome.results.display()),
        Stop::Interrupted { reason, .. } => format!("interrupted: {reason}"),
        Stop::Reboot { step, reason } => format!("{step} waits for a reboot: {reason}"),
        Stop::NoInstance { reason } => format!("no instance could be made: {reason}"),
        _ => "it has stopped".to_owned(),
    }
}

/// Compares what has been run, and keeps the comparison beside it.
fn compare(ran: &[&EngineBuild], results: &Path, json: bool, screen: &Screen) -> Result<u8, Problem> {
    let mut states: Vec<(String, RunState)> = Vec::new();
    let mut is_whole = true;
    for build in ran {
        match journal::read(&journal_of(build, results)) {
            Ok(journal) => states.push((build.name.clone(), RunState::of(&journal.records))),
            // What the others did is worth no less.
            Err(failure) => {
                screen.warning(format!("{} is not compared: {}", build.name, Problem::from(failure)));
                is_whole = false;
            }
        }
    }
    if states.is_empty() {
        return Err(Problem::new(format!("nothing has been run in `{}`", results.display())));
    }
    let compared = Comparison::of(states.iter().map(|(name, state)| (name.as_str(), state)));
    let data = format!("{}\n", serde_json::to_string_pretty(&compared)?);
    let table = compared.table();
    for (name, text) in [(TABLE, &table), (MARKDOWN, &compared.markdown()), (PAGE, &compared.html()), (DATA, &data)] {
        let file = results.join(name);
        fs::write(&file, text).map_err(|error| Problem::new(format!("cannot write `{}`: {error}", file.display())))?;
    }
    screen.output(if json { data } else { visible(&table).into_owned() })?;
    screen.note(format!("the comparison is kept in `{}`", results.join(PAGE).display()));
    Ok(if is_whole && compared.worst().is_passed() { status::SUCCESS } else { EXIT_FAILED })
}
