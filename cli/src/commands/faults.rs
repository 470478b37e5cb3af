//! `dockertest faults`

use std::fmt::Write as _;

use dockertest::engine::Inquiry;
use dockertest::faults::{self, Matrix, Stage, TrialResult};
use dockertest::host::CancelToken;
use dockertest::journal::EngineFacts;
use dockertest::run::{Catalog, EXIT_FAILED, Runner};

use crate::args::Faults;
use crate::screen::{Problem, Screen};
use crate::signals;
use crate::sources::{self, Folders, absolute};
use crate::{hosts, status};

/// The log of a service of podman that is run for the time of the trials, below their folder.
const SERVICE_LOG: &str = "debug/podman-service.log";

pub(crate) fn faults(wanted: &Faults, screen: &Screen) -> Result<u8, Problem> {
    let folders = Folders::find(&wanted.suite.sources);
    let layers = sources::layers(&folders, &wanted.suite.sources.set);
    let (catalog, configuration) = hosts::gather(&layers, wanted.suite.plugins(), screen)?;
    let (names, chosen) = (words("--args", &wanted.args)?, words("--fault", &wanted.fault)?);
    let matrix = Matrix::plan(&catalog, &names, &chosen, &absolute(&wanted.results))?;
    if wanted.list {
        return list(&matrix, wanted.json, screen);
    }
    Matrix::check_place(&configuration)?;
    let cancel = CancelToken::new()?;
    let _forwarding = signals::forward(&cancel)?;
    // One answer for all trials; a service of podman lives as long as this.
    let inquiry = Inquiry::configured(&configuration, hosts::program()?).log(wanted.results.join(SERVICE_LOG));
    let engine = inquiry.facts();
    let mut shown = Shown { folders, catalog: &catalog, wanted, screen, engine, widths: matrix.widths() };
    if !wanted.json {
        screen.output(faults::heading(shown.widths))?;
    }
    let (report, stopped) = matrix.run(&configuration, wanted.resume, &mut shown, &cancel)?;
    if wanted.json {
        screen.output(format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else {
        screen.output(format!("{}\n", report.caught_share()))?;
    }
    Ok(match stopped {
        Some(stopped) => {
            screen.note("stopped before the end; `--resume` takes up what has been tried");
            stopped.status
        }
        None if report.is_right() => status::SUCCESS,
        None => EXIT_FAILED,
    })
}

/// Makes the runners as the command line says, and shows what comes of them.
struct Shown<'a> {
    folders: Folders,
    catalog: &'a Catalog,
    wanted: &'a Faults,
    screen: &'a Screen,
    engine: EngineFacts,
    widths: (usize, usize),
}

impl Stage for Shown<'_> {
    type Error = Problem;

    fn runner(&mut self, args: Vec<String>, set: Vec<String>) -> Result<Runner, Problem> {
        let set: Vec<String> = self.wanted.suite.sources.set.iter().cloned().chain(set).collect();
        let engine = self.engine.clone();
        let builder = Runner::builder().layers(sources::layers(&self.folders, &set)).args(args);
        let builder = builder.plugins(hosts::plugins(self.wanted.suite.plugins())?).catalog(self.catalog.clone());
        let builder = builder.retry_interrupted(true).engine_probe(Box::new(move || engine));
        builder.build().map_err(sources::not_set_up)
    }

    fn ended(&mut self, result: &TrialResult) {
        if !self.wanted.json {
            // The results are kept although nobody may read this any more.
            let _ = self.screen.output(faults::line(result, self.widths));
        }
    }
}

/// Names that are separated by commas or blanks; none if the option is not given.
fn words(option: &str, lists: &[String]) -> Result<Vec<String>, Problem> {
    let words = lists.iter().flat_map(|list| list.split([',', ' ']));
    let words: Vec<String> = words.filter(|word| !word.is_empty()).map(str::to_owned).collect();
    if words.is_empty() && !lists.is_empty() {
        return Err(Problem::new(format!("`{option}` is given and names nothing; leave it out to try all")));
    }
    Ok(words)
}

/// What there is to try.
fn list(matrix: &Matrix, json: bool, screen: &Screen) -> Result<u8, Problem> {
    let faults = || matrix.trials.iter().filter_map(|trial| Some((trial, trial.fault.as_ref()?)));
    if json {
        let entries: Vec<_> = faults()
            .map(|(trial, fault)| {
                serde_json::json!({
                    "subtest": trial.subtest,
                    "fault": fault.name,
                    "promise": fault.promise(),
                    "subsubtests": trial.subsubtests,
                })
            })
            .collect();
        screen.output(format!("{}\n", serde_json::to_string_pretty(&entries)?))?;
        return Ok(status::SUCCESS);
    }
    let (subtest, fault) = matrix.widths();
    let mut text = String::new();
    for (trial, found) in faults() {
        let _ = writeln!(text, "{:subtest$}  {:fault$}  {}", trial.subtest.as_str(), found.name, found.promise());
    }
    screen.output(text)?;
    Ok(status::SUCCESS)
}
