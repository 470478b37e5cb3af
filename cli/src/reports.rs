//! Reports that are made while a run goes on, and the tree where none of them takes its place.

use std::path::Path;

use dockertest::host::CancelToken;
use dockertest::report::{Format, live, live_into};
use dockertest::run::Runner;

use crate::args::LiveReport;
use crate::patient::Patient;
use crate::screen::{Problem, Screen};

/// What stands for standard output in the place of a file.
const OUTPUT: &str = "-";

/// All reports that were asked for, `--subunit` among them.
pub(crate) fn wanted(reports: &[LiveReport], subunit: bool) -> Result<Vec<LiveReport>, Problem> {
    let mut wanted = reports.to_vec();
    wanted.extend(subunit.then(|| LiveReport { format: Format::Subunit, file: OUTPUT.into() }));
    let shown: Vec<&str> = wanted.iter().filter(|one| is_shown(one)).map(|one| one.format.as_str()).collect();
    if shown.len() > 1 {
        let list = shown.join(" and ");
        return Err(Problem::new(format!("{list} cannot share standard output: give all but one a file")));
    }
    Ok(wanted)
}

fn is_shown(report: &LiveReport) -> bool {
    report.file == Path::new(OUTPUT)
}

/// Has the run write these reports. Standard output holds one report or the tree, and nothing else.
pub(crate) fn watch(
    runner: Runner,
    reports: &[LiveReport],
    results: &Path,
    screen: &Screen,
    cancel: &CancelToken,
) -> Result<Runner, Problem> {
    let mut runner = runner;
    for wanted in reports {
        runner = runner.sink(if is_shown(wanted) {
            live_into(wanted.format, Box::new(Patient::stdout(cancel)?), results)
        } else {
            live(wanted.format, &wanted.file, results)?
        });
    }
    if !reports.iter().any(is_shown) {
        runner = runner.sink(crate::live::sink(results, screen, cancel)?);
    }
    Ok(runner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_report_at_most_is_shown() {
        let tap = LiveReport { format: Format::Tap, file: OUTPUT.into() };
        assert_eq!(wanted(&[], true).map(|reports| reports.len()).ok(), Some(1));
        assert_eq!(wanted(std::slice::from_ref(&tap), false).map(|reports| reports.len()).ok(), Some(1));
        assert!(wanted(&[tap], true).unwrap_err().to_string().contains("tap and subunit cannot share"));
    }
}
