//! Reports that are made while a run goes on, and the tree where none of them takes its place.

use std::io::{self, Write};
use std::path::Path;

use dockertest::host::CancelToken;
use dockertest::journal::{self, Sink};
use dockertest::report::{Format, RunnerIs, create, live, live_into, write_of};
use dockertest::run::Runner;

use crate::args::LiveReport;
use crate::patient::Patient;
use crate::screen::{Problem, Screen};
use crate::sources::absolute;

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
    for (number, one) in wanted.iter().enumerate().filter(|(_, one)| !is_shown(one)) {
        if let Some(other) = wanted[..number].iter().find(|other| absolute(&other.file) == absolute(&one.file)) {
            let file = one.file.display();
            return Err(Problem::new(format!("{} and {} cannot share the file `{file}`", other.format, one.format)));
        }
    }
    Ok(wanted)
}

/// Refuses a file for which there is no folder, before a former run is kept aside for the one that is to write it.
pub(crate) fn check(reports: &[LiveReport], results: &Path) -> Result<(), Problem> {
    for wanted in reports.iter().filter(|wanted| !is_shown(wanted)) {
        let folder = wanted.file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // The results folder is made by the run, and nothing in it is there before.
        let problem = if absolute(folder) != absolute(results) && !folder.is_dir() {
            "there is no such folder"
        } else if wanted.file.is_dir() {
            "it is a folder"
        } else {
            continue;
        };
        return Err(Problem::new(format!("cannot write the report `{}`: {problem}", wanted.file.display())));
    }
    Ok(())
}

/// Writes these reports of a run that is complete.
pub(crate) fn write(reports: &[LiveReport], results: &Path, cancel: &CancelToken) -> Result<(), Problem> {
    if reports.is_empty() {
        return Ok(());
    }
    let records = journal::read(&results.join(journal::FILE_NAME))?.records;
    for wanted in reports {
        let mut bytes = Vec::new();
        write_of(&records, RunnerIs::Gone, results, wanted.format, &mut bytes)?;
        if is_shown(wanted) {
            match Patient::stdout(cancel)?.write_all(&bytes) {
                // A reader that went away is no fault of the run.
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
                Ok(()) | Err(_) => {}
            }
        } else {
            let file = create(&wanted.file, results)?.write_all(&bytes);
            file.map_err(|error| Problem::new(format!("cannot write `{}`: {error}", wanted.file.display())))?;
        }
    }
    Ok(())
}

fn sink(wanted: &LiveReport, results: &Path, cancel: &CancelToken) -> Result<Box<dyn Sink>, Problem> {
    Ok(if is_shown(wanted) {
        live_into(wanted.format, Box::new(Patient::stdout(cancel)?), results)
    } else {
        live(wanted.format, &wanted.file, results)?
    })
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
        runner = runner.sink(sink(wanted, results, cancel)?);
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

    #[test]
    fn a_file_is_for_one_report() {
        let of = |format| LiveReport { format, file: "x".into() };
        let failure = wanted(&[of(Format::Html), of(Format::Tap)], false).unwrap_err().to_string();
        assert_eq!(failure, "html and tap cannot share the file `x`");
    }
}
