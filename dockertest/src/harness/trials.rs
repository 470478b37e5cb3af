//! The tests of the program: which there are, and which of them are ignored and why.

use std::collections::BTreeMap;
use std::sync::Arc;

use libtest_mimic::{Completion, Trial};

use super::HOST_WORD;
use super::attempt::Attempts;
use super::settings::Settings;
use super::stopping::Stopping;
use crate::config::Control;
use crate::host::protocol::{Hello, SubtestInfo};
use crate::host::{HostProgram, Listing, serve};
use crate::journal::Plan;
use crate::name::{Kind, SubtestName};
use crate::report::first_line;
use crate::run::{Catalog, PlanFailure, Runner, SetupFailure};
use crate::verdict::Verdict;

/// A test for each subtest.
pub(super) fn make(settings: Settings, stopping: &Stopping) -> Result<Vec<Trial>, String> {
    let path = std::env::current_exe().map_err(|error| format!("cannot find out where this program is: {error}"))?;
    let host = HostProgram { path, arguments: vec![HOST_WORD.into()] };
    let catalog = held(host.clone(), &settings)?;
    let of_kind = |kind| catalog.subtests().filter(move |info| info.kind == kind).map(|info| info.name.clone());
    let names: Vec<SubtestName> = of_kind(Kind::Subtest).collect();
    if names.is_empty() {
        return Err(format!(
            "no subtest is linked into this program; name the crate that holds them: `dockertest::harness!({});`",
            settings.target.package.replace('-', "_")
        ));
    }
    let builder = Runner::builder().layers(settings.layers()).catalog(catalog.clone());
    let runner = builder.build().map_err(|failure| in_words(&failure))?;
    let ignored = ignored(&runner, &names)?;
    if !settings.list {
        warn(&runner);
    }
    let (marks, with_ignored) = (settings.marks_ignored, settings.with_ignored);
    let attempts = Arc::new(Attempts::new(settings, catalog, host, stopping.clone()));
    let trial = |name: SubtestName| {
        let reason = ignored.get(&name).cloned();
        let (attempts, shown, is_ignored) = (Arc::clone(&attempts), name.to_string(), reason.is_some());
        let run = move || match reason {
            Some(reason) if !with_ignored => Ok(Completion::ignored_with(reason)),
            reason => attempts.run(&name, reason.is_some()),
        };
        Trial::ignorable_test(shown, run).with_ignored_flag(is_ignored && marks)
    };
    Ok(names.into_iter().map(trial).collect())
}

/// What this program holds. Nothing is started for it: nextest starts this program for each test.
fn held(host: HostProgram, settings: &Settings) -> Result<Catalog, String> {
    let subtests = serve::infos().collect::<Result<Vec<SubtestInfo>, String>>()?;
    let mut names: Vec<&SubtestName> = subtests.iter().map(|info| &info.name).collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("two subtests that are linked into this program have the name `{}`", pair[0]));
    }
    let hello = Hello::new(settings.target.program());
    let listing = Listing { hello, subtests, config: serve::config_files().collect() };
    Catalog::of_this_program(host, settings.target.package, listing).map_err(|failure| failure.to_string())
}

/// Why there is no runner.
pub(super) fn in_words(failure: &SetupFailure) -> String {
    match failure {
        SetupFailure::Configuration(failure) => {
            format!("the configuration cannot be used; nothing has run\n\n{}", failure.render())
        }
        other => other.to_string(),
    }
}

/// The subtests that are not run, as far as that is known before anything is, with the reason.
fn ignored(runner: &Runner, names: &[SubtestName]) -> Result<BTreeMap<SubtestName, String>, String> {
    let plan = match runner.plan() {
        Ok(plan) => plan,
        // Everything is left out, which is as good as each.
        Err(PlanFailure::Nothing) => Plan::default(),
        Err(failure) => return Err(failure.to_string()),
    };
    let control = Control::read(runner.configuration()).map_err(|failure| failure.to_string())?;
    let mut ignored = BTreeMap::new();
    for name in names {
        match plan.steps.iter().find(|step| step.name == *name) {
            None => drop(ignored.insert(name.clone(), left_out(&control))),
            Some(step) => {
                let not_applicable = step.preset.as_ref().filter(|preset| preset.verdict == Verdict::TestNa);
                ignored.extend(not_applicable.map(|preset| (name.clone(), first_line(&preset.reason).to_owned())));
            }
        }
    }
    Ok(ignored)
}

/// Says which lists of the configuration may have left something out.
fn left_out(control: &Control) -> String {
    let lists = [
        ("subthings", !control.subthings.is_empty()),
        ("include", !control.include.is_empty()),
        ("exclude", !control.exclude.is_empty()),
        ("subtests", control.subtests.is_empty()),
    ];
    let set = lists.into_iter().filter(|(_, is_set)| *is_set).filter_map(|(option, _)| {
        let origin = control.origin(option)?;
        Some(format!("`{option}`, {origin}"))
    });
    format!("left out by [Control] ({})", set.collect::<Vec<_>>().join("; "))
}

/// Says what is odd about the configuration but keeps nothing from being run.
fn warn(runner: &Runner) {
    let known: Vec<SubtestName> = runner.catalog().all_names().filter_map(|name| name.parse().ok()).collect();
    for warning in runner.configuration().warnings(&known) {
        super::say("warning", &warning.to_string());
    }
}
