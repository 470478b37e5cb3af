//! `dockertest report`

use dockertest::report::{self, Format, RunnerIs};
use dockertest::repository::RunIs;
use dockertest::run::is_in_use;

use crate::args::{Report, ReportFormat};
use crate::commands::runs;
use crate::kept;
use crate::screen::{Problem, Screen};
use crate::status;

pub(crate) fn report(wanted: &Report, screen: &Screen) -> Result<u8, Problem> {
    let mut bytes = Vec::new();
    if let Some(name) = &wanted.run {
        let repository = kept::open(&wanted.kept, screen)?;
        let run = runs::wanted(&repository, Some(name))?;
        let runner = if run.state == RunIs::Running { RunnerIs::Unknown } else { RunnerIs::Gone };
        let records = repository.records(&run.run)?;
        report::write_of(&records, runner, &run.results, wanted.format.into(), &mut bytes)?;
    } else {
        let folder = wanted.results.folder();
        let runner = if is_in_use(folder) { RunnerIs::Unknown } else { RunnerIs::Gone };
        report::write_knowing(runner, folder, wanted.format.into(), &mut bytes)?;
    }
    screen.output(&bytes)?;
    Ok(status::SUCCESS)
}

impl From<ReportFormat> for Format {
    fn from(wanted: ReportFormat) -> Self {
        match wanted {
            ReportFormat::Console => Format::Console,
            ReportFormat::Status => Format::Status,
            ReportFormat::Json => Format::Json,
            ReportFormat::Junit => Format::Junit,
            ReportFormat::Tap => Format::Tap,
            ReportFormat::Subunit => Format::Subunit,
            ReportFormat::Jsonl => Format::JsonLines,
            ReportFormat::Html => Format::Html,
        }
    }
}
