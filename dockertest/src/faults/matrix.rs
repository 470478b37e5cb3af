//! All trials: which there are, and running them through the ordinary runner.

use std::collections::BTreeSet;
use std::path::Path;

use crate::config::{Configuration, Origin};
use crate::environment::{EnvironmentSettings, SettingsFailure, Wanted};
use crate::host::CancelToken;
use crate::host::protocol::SubtestInfo;
use crate::name::{Kind, SubtestName};
use crate::run::nearest::{did_you_mean, nearest};
use crate::run::{Catalog, EXIT_INTERRUPTED, EXIT_TERMINATED, Outcome, ResultsFolder, Resumption, Runner, Stop};
use crate::verdict::Verdict;

use super::fault::Fault;
use super::report::FaultReport;
use super::trial::{Trial, TrialResult};

/// What there is to try, in order: each subtest without a fault first, then under each of its faults.
///
/// ```
/// use dockertest::faults::Matrix;
/// # use dockertest::host::HostProgram;
/// # use dockertest::run::Catalog;
/// # let script = r#"echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}
/// # {"subtest":{"name":"docker_cli/kill","faults":[{"name":"lies","script":"\u0023 Lies."}]}}
/// # {"listed":{"subtests":1}}'"#;
/// # let host = HostProgram::new("/bin/sh").arguments(["-c", script]);
///
/// let catalog = Catalog::ask(&[host])?; // one subtest with one fault
/// let matrix = Matrix::plan(&catalog, &[], &[], "results/faults".as_ref())?;
/// assert_eq!(matrix.trials.len(), 2);
/// assert_eq!(matrix.faults(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Matrix {
    /// The trials.
    pub trials: Vec<Trial>,
}

/// Why nothing can be tried.
///
/// ```
/// use dockertest::faults::{Matrix, MatrixFailure};
/// use dockertest::run::Catalog;
///
/// let failure = Matrix::plan(&Catalog::default(), &[], &[], "results/faults".as_ref()).unwrap_err();
/// assert!(matches!(failure, MatrixFailure::Nothing));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MatrixFailure {
    /// No subtest has that name.
    #[error("there is no subtest and no sub-subtest `{name}`{}{why}", meant(nearest))]
    UnknownName {
        /// The name.
        name: String,
        /// The names that are most like it, best first; at most three.
        nearest: Vec<String>,
        /// Plug-ins that may hold it, in words; empty if no plug-in is broken.
        why: String,
    },
    /// None of the subtests has a fault of that name.
    #[error("none of the subtests has a fault `{name}`{}", meant(nearest))]
    UnknownFault {
        /// The name.
        name: String,
        /// The faults that are most like it, best first; at most three.
        nearest: Vec<String>,
    },
    /// A fault is to be noticed by a sub-subtest that its subtest does not have.
    #[error(
        "the fault `{fault}` of {subtest} is for the sub-subtest `{name}`, and there is none; {subtest} has {known}"
    )]
    UnknownSubSubtest {
        /// The subtest.
        subtest: SubtestName,
        /// Its fault.
        fault: String,
        /// The sub-subtest that is not there.
        name: String,
        /// Those that are, in words.
        known: String,
    },
    /// Steps are wanted elsewhere than on this machine.
    #[error(
        "{wanted}{}: faults are tried on this machine, with the engine that is configured, because what stands for its \
         command line is here; say `--set environment.provider=shared`",
        by(origin.as_ref())
    )]
    Elsewhere {
        /// The option that wants it, and its value.
        wanted: String,
        /// Where it was set.
        origin: Option<Origin>,
    },
    /// The section `[environment]` cannot be read.
    #[error(transparent)]
    Environment(#[from] SettingsFailure),
    /// None of the subtests has a fault.
    #[error("none of the subtests has a fault: write one beside the subtest, as faults/NAME.sh")]
    Nothing,
}

/// Why the trials were not all run: somebody has interrupted them, or a run could not go on.
///
/// ```
/// use dockertest::faults::Stopped;
///
/// // What `Matrix::run` gives back beside its report.
/// fn exit_status(stopped: Option<Stopped>, is_right: bool) -> u8 {
///     stopped.map_or(u8::from(!is_right), |stopped| stopped.status)
/// }
/// assert_eq!(exit_status(None, false), 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stopped {
    /// The exit status of a program whose trials these were.
    pub status: u8,
}

/// What the trials need from whoever wants them.
///
/// ```
/// use std::path::{Path, PathBuf};
///
/// use dockertest::config::Layers;
/// use dockertest::faults::{Matrix, Stage, TrialResult};
/// use dockertest::host::CancelToken;
/// # use dockertest::host::HostProgram;
/// use dockertest::run::{Catalog, Runner, SetupFailure};
///
/// struct Trials {
///     catalog: Catalog,
///     state: PathBuf,
/// }
///
/// impl Stage for Trials {
///     type Error = SetupFailure;
///
///     fn runner(&mut self, args: Vec<String>, set: Vec<String>) -> Result<Runner, SetupFailure> {
///         let layers = set.iter().fold(Layers::new(), |layers, argument| layers.set(argument));
///         let runner = Runner::builder().layers(layers).catalog(self.catalog.clone()).args(args);
///         runner.state(&self.state).without_engine().build()
///     }
///
///     fn ended(&mut self, result: &TrialResult) {
///         println!("{}: {}", result.fault.as_deref().unwrap_or("no fault"), result.verdict);
///     }
/// }
///
/// # // A host whose one subtest notices that another program is under test.
/// # let script = r#"hello='{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}'
/// # case $0 in
/// #     list) printf '%s\n' "$hello" '{"subtest":{"name":"unknown","faults":[{"name":"lies","script":"\u0023 Lies."}]}}' \
/// #              '{"listed":{"subtests":1}}';;
/// #     run) read -r request
/// #         case $request in *lies/docker*) verdict=FAIL;; *) verdict=GOOD;; esac
/// #         printf '%s\n' "$hello" '{"ended":{"verdict":"'$verdict'","reason":"","seconds":0.1}}';;
/// # esac"#;
/// # let host = HostProgram::new("/bin/sh").arguments(["-c", script]);
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// let catalog = Catalog::ask(&[host])?;
/// let matrix = Matrix::plan(&catalog, &[], &[], &folder.join("faults"))?;
/// let mut trials = Trials { catalog, state: folder.join("state") };
/// let (report, stopped) = matrix.run(&Layers::new().load()?, false, &mut trials, &CancelToken::new()?)?;
/// assert_eq!(stopped, None);
/// assert_eq!(report.caught_share(), "1 of 1 faults caught (100 %)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Stage {
    /// Why there is no runner.
    type Error;

    /// Makes the runner of a trial, from names for `--args` and arguments for `--set`.
    ///
    /// # Errors
    /// Any; no further trial is run.
    fn runner(&mut self, args: Vec<String>, set: Vec<String>) -> Result<Runner, Self::Error>;

    /// A trial has ended.
    fn ended(&mut self, result: &TrialResult);
}

impl Matrix {
    /// The trials of these subtests and sub-subtests (all that have faults, if none is named) with these faults (all, if
    /// none is named). Their folders are below `home`, which is absolute. [`Matrix`] has an example.
    ///
    /// # Errors
    /// An unknown name, also one in a fault, or nothing to try.
    pub fn plan(catalog: &Catalog, names: &[String], faults: &[String], home: &Path) -> Result<Matrix, MatrixFailure> {
        let chosen = choose(catalog, names)?;
        let mut matrix = Matrix::default();
        for (info, children) in &chosen {
            let tried: Vec<&Fault> = info
                .faults
                .iter()
                .filter(|fault| faults.is_empty() || faults.contains(&fault.name))
                .filter(|fault| is_noticed_by(fault, children))
                .collect();
            if tried.is_empty() {
                continue;
            }
            for fault in &tried {
                must_know(info, fault)?;
            }
            for fault in std::iter::once(None).chain(tried.into_iter().map(Some)) {
                matrix.trials.push(trial(info, children, fault, home));
            }
        }
        if let Some(unknown) = faults.iter().find(|name| !matrix.has_fault(name)) {
            let known: BTreeSet<&str> =
                chosen.iter().flat_map(|(info, _)| &info.faults).map(|fault| fault.name.as_str()).collect();
            let nearest = nearest(unknown, known);
            return Err(MatrixFailure::UnknownFault { name: unknown.clone(), nearest });
        }
        if matrix.trials.is_empty() { Err(MatrixFailure::Nothing) } else { Ok(matrix) }
    }

    /// Whether trials are run where the configuration wants steps to run: on this machine, with the engine that is
    /// configured. `auto` does not mind.
    ///
    /// # Errors
    /// It wants them in capsules or in instances of the user's; or the section `[environment]` cannot be read.
    ///
    /// ```
    /// use dockertest::config::Layers;
    /// use dockertest::faults::Matrix;
    ///
    /// assert!(Matrix::check_place(&Layers::new().load()?).is_ok());
    /// let failure = Matrix::check_place(&Layers::new().set("environment.provider=capsule").load()?).unwrap_err();
    /// assert!(failure.to_string().starts_with("`provider = capsule` (--set environment.provider=capsule): faults are "));
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    pub fn check_place(configuration: &Configuration) -> Result<(), MatrixFailure> {
        let settings = EnvironmentSettings::read(configuration, Path::new("."))?;
        let (option, value) = match (settings.provider, &settings.engine) {
            (Wanted::Shared, _) | (Wanted::Auto, None) => return Ok(()),
            (Wanted::Auto, Some(engine)) => ("engine", engine.clone()),
            (wanted @ (Wanted::Capsule | Wanted::Callout), _) => ("provider", wanted.to_string()),
        };
        let origin = settings.origin(option).cloned();
        Err(MatrixFailure::Elsewhere { wanted: format!("`{option} = {value}`"), origin })
    }

    fn has_fault(&self, name: &str) -> bool {
        self.trials.iter().any(|trial| trial.fault.as_ref().is_some_and(|fault| fault.name == name))
    }

    /// How many faults there are.
    #[must_use]
    pub fn faults(&self) -> usize {
        self.trials.iter().filter(|trial| trial.fault.is_some()).count()
    }

    /// The widths of the columns of a table: of the subtests' and the faults' names, at least as wide as their headings.
    ///
    /// ```
    /// # use dockertest::faults::Matrix;
    /// assert_eq!(Matrix::default().widths(), (7, 7));
    /// ```
    #[must_use]
    pub fn widths(&self) -> (usize, usize) {
        let longest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0).max("subtest".len());
        let names = longest(&mut self.trials.iter().map(|trial| trial.subtest.as_str().len()));
        let faults = self.trials.iter().filter_map(|trial| trial.fault.as_ref());
        (names, longest(&mut faults.map(|fault| fault.name.len())))
    }

    /// Runs all trials, one after the other, each through a runner of its own. Faults of a subtest that is not `GOOD`
    /// without one are not tried.
    ///
    /// With `resume`, a trial that is complete already is taken as it is if its fault is still the same. A trial that
    /// was cut off is cleaned up after and run again in any case. [`Stage`] has an example.
    ///
    /// # Errors
    /// What the stage says. What keeps a single trial from being run is the result of that trial.
    pub fn run<S: Stage>(
        &self,
        configuration: &Configuration,
        resume: bool,
        stage: &mut S,
        cancel: &CancelToken,
    ) -> Result<(FaultReport, Option<Stopped>), S::Error> {
        let mut report = FaultReport { faults: self.faults(), ..FaultReport::default() };
        let mut not_good: BTreeSet<&SubtestName> = BTreeSet::new();
        for trial in &self.trials {
            if cancel.reason().is_some() {
                return Ok((report, Some(Stopped { status: interrupted(cancel) })));
            }
            if not_good.contains(&trial.subtest) {
                continue;
            }
            let result = match trial.earlier(configuration).filter(|_| resume) {
                Some(earlier) => earlier,
                None => match run(trial, configuration, stage, cancel)? {
                    Ok(result) => result,
                    Err(stopped) => return Ok((report, Some(stopped))),
                },
            };
            if trial.fault.is_none() && !result.is_right() {
                not_good.insert(&trial.subtest);
            }
            stage.ended(&result);
            report.add(result);
        }
        Ok((report, None))
    }
}

/// Runs a trial; gives back its result, or why no further one is to be run.
fn run<S: Stage>(
    trial: &Trial,
    configuration: &Configuration,
    stage: &mut S,
    cancel: &CancelToken,
) -> Result<Result<TrialResult, Stopped>, S::Error> {
    let set = match trial.prepare(configuration) {
        Ok(set) => set,
        Err(problem) => return Ok(Ok(trial.not_run(problem.to_string()))),
    };
    let runner = stage.runner(trial.arguments(), set)?;
    let outcome = match execute(trial, runner, cancel) {
        Ok(outcome) => outcome,
        Err(problem) => return Ok(Ok(trial.not_run(problem))),
    };
    if outcome.stop != Stop::Complete {
        return Ok(Err(Stopped { status: outcome.exit_status() }));
    }
    let result = trial.result().unwrap_or_else(|| trial.not_run("the journal does not tell how it ended".to_owned()));
    if result.verdict == Verdict::Abort && cancel.reason().is_some() {
        return Ok(Err(Stopped { status: interrupted(cancel) }));
    }
    Ok(Ok(result))
}

/// The exit status of a program that somebody has interrupted.
fn interrupted(cancel: &CancelToken) -> u8 {
    let is_sigterm = cancel.signal() == Some(nix::sys::signal::Signal::SIGTERM as i32);
    if is_sigterm { EXIT_TERMINATED } else { EXIT_INTERRUPTED }
}

/// Runs a trial's subtest and nothing else. A run of it that was cut off is gone on with.
fn execute(trial: &Trial, runner: Runner, cancel: &CancelToken) -> Result<Outcome, String> {
    let results = trial.results();
    match Resumption::open(&results) {
        Ok(resumption) if resumption.outcome().is_none() => {
            return runner.resume(resumption, cancel).map_err(|failure| failure.to_string());
        }
        // There is none, or it is complete: then it is kept aside.
        _ => {}
    }
    let mut plan = runner.plan().map_err(|failure| failure.to_string())?;
    plan.steps.retain(|step| step.kind == Kind::Subtest);
    let (folder, _kept_aside) = ResultsFolder::create(&results).map_err(|failure| failure.to_string())?;
    runner.execute(plan, folder, cancel).map_err(|failure| failure.to_string())
}

/// The subtests with these names, each with the sub-subtests that are meant; none stands for all.
fn choose<'c>(catalog: &'c Catalog, names: &[String]) -> Result<Vec<(&'c SubtestInfo, Vec<String>)>, MatrixFailure> {
    let subtests = || catalog.subtests().filter(|info| info.kind == Kind::Subtest);
    if names.is_empty() {
        return Ok(subtests().map(|info| (info, Vec::new())).collect());
    }
    let mut chosen: Vec<(&SubtestInfo, Vec<String>)> = Vec::new();
    for name in names {
        let found = subtests().find_map(|info| {
            if info.name.as_str() == name {
                return Some((info, Vec::new()));
            }
            let child = name.strip_prefix(info.name.as_str())?.strip_prefix('/')?;
            info.subsubtests.iter().any(|known| known == child).then(|| (info, vec![child.to_owned()]))
        });
        let (info, children) = found.ok_or_else(|| {
            let nearest = nearest(name, subtests().flat_map(SubtestInfo::names));
            MatrixFailure::UnknownName { name: name.clone(), nearest, why: catalog.why_incomplete() }
        })?;
        match chosen.iter_mut().find(|(other, _)| other.name == info.name) {
            None => chosen.push((info, children)),
            // All of them were asked for already, or are now.
            Some((_, meant)) if meant.is_empty() || children.is_empty() => meant.clear(),
            Some((_, meant)) => meant.extend(children),
        }
    }
    Ok(chosen)
}

/// Where an option was set, behind its value.
fn by(origin: Option<&Origin>) -> String {
    origin.map_or_else(String::new, |origin| format!(" ({origin})"))
}

/// What may have been meant, or how to see all there is.
fn meant(nearest: &[String]) -> String {
    did_you_mean(nearest)
        .map_or("; `dockertest faults --list` shows all".to_owned(), |question| format!("; {question}"))
}

/// Whoever is to notice the fault must be there.
fn must_know(info: &SubtestInfo, fault: &Fault) -> Result<(), MatrixFailure> {
    let Some(name) = fault.subsubtests().into_iter().find(|name| !info.subsubtests.contains(name)) else {
        return Ok(());
    };
    let known = if info.subsubtests.is_empty() { "none".to_owned() } else { info.subsubtests.join(", ") };
    Err(MatrixFailure::UnknownSubSubtest { subtest: info.name.clone(), fault: fault.name.clone(), name, known })
}

/// Whether one of the sub-subtests that are meant is one that is to notice the fault.
fn is_noticed_by(fault: &Fault, meant: &[String]) -> bool {
    let own = fault.subsubtests();
    own.is_empty() || meant.is_empty() || own.iter().any(|child| meant.contains(child))
}

fn trial(info: &SubtestInfo, meant: &[String], fault: Option<&Fault>, home: &Path) -> Trial {
    let mut subsubtests = fault.map(Fault::subsubtests).unwrap_or_default();
    if subsubtests.is_empty() {
        subsubtests = meant.to_vec();
    } else if !meant.is_empty() {
        subsubtests.retain(|child| meant.contains(child));
    }
    let folder = home.join(info.name.as_str()).join(Trial::folder_name(fault));
    Trial { subtest: info.name.clone(), fault: fault.cloned(), subsubtests, folder }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Layers;
    use crate::host::HostProgram;

    /// A host with one subtest that has the sub-subtests `bad` and `good`, and one fault with this script.
    fn catalog(script: &str) -> Catalog {
        let fault = serde_json::json!({ "name": "lies", "script": script });
        let subtest = serde_json::json!({
            "subtest": { "name": "docker_cli/kill", "subsubtests": ["bad", "good"], "faults": [fault] }
        });
        let hello = r#"{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}"#;
        let lines = format!("{hello}\n{subtest}\n{{\"listed\":{{\"subtests\":1}}}}\n");
        let program = format!("cat <<'END'\n{lines}END\n");
        Catalog::ask(&[HostProgram { path: "/bin/sh".into(), arguments: vec!["-c".into(), program.into()] }]).unwrap()
    }

    #[test]
    fn whoever_wants_another_place_is_told_how_faults_are_tried_all_the_same() {
        let check = |set: &[&str]| {
            let layers = set.iter().fold(Layers::new(), |layers, argument| layers.set(argument));
            Matrix::check_place(&layers.load().unwrap()).map_err(|failure| failure.to_string())
        };
        assert_eq!(check(&["environment.provider=auto"]), Ok(()));
        assert_eq!(check(&["environment.provider=shared", "environment.engine=docker-mine"]), Ok(()));
        let failure = check(&["environment.engine=docker-mine"]).unwrap_err();
        assert!(failure.starts_with("`engine = docker-mine` (--set environment.engine=docker-mine): "), "{failure}");
        // What it advises helps.
        assert!(failure.ends_with("; say `--set environment.provider=shared`"), "{failure}");
        assert_eq!(check(&["environment.provider=capsule", "environment.provider=shared"]), Ok(()));
    }

    #[test]
    fn a_fault_for_a_sub_subtest_that_is_not_there_is_refused_before_anything_is_tried() {
        let catalog = catalog("# Lies.\n# subsubtests: good, bda\n");
        let failure = Matrix::plan(&catalog, &[], &[], "/r".as_ref()).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "the fault `lies` of docker_cli/kill is for the sub-subtest `bda`, and there is none; \
             docker_cli/kill has bad, good"
        );
    }

    #[test]
    fn names_that_are_not_there_are_told_with_the_nearest() {
        let told = |names: &[&str], faults: &[&str]| {
            let owned = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
            let catalog = catalog("# Lies.\n");
            Matrix::plan(&catalog, &owned(names), &owned(faults), "/r".as_ref()).unwrap_err().to_string()
        };
        let unknown = "there is no subtest and no sub-subtest";
        assert_eq!(told(&["kil"], &[]), format!("{unknown} `kil`; did you mean `docker_cli/kill`?"));
        assert_eq!(told(&["quux"], &[]), format!("{unknown} `quux`; `dockertest faults --list` shows all"));
        assert_eq!(told(&[], &["leis"]), "none of the subtests has a fault `leis`; did you mean `lies`?");
    }

    #[test]
    fn a_fault_is_tried_with_the_sub_subtests_that_it_names_and_that_are_meant() {
        let catalog = catalog("# Lies.\n# subsubtests: good\n");
        let matrix = Matrix::plan(&catalog, &[], &[], "/r".as_ref()).unwrap();
        assert_eq!(matrix.trials[1].subsubtests, ["good"]);
        let other = Matrix::plan(&catalog, &["docker_cli/kill/bad".to_owned()], &[], "/r".as_ref());
        assert!(matches!(other, Err(MatrixFailure::Nothing)), "{other:?}");
    }
}
