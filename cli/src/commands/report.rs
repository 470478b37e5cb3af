//! `dockertest report`

use dockertest::report::{self, Format};

use crate::args::{Report, ReportFormat};
use crate::screen::{Problem, Screen};
use crate::status;

pub(crate) fn report(wanted: &Report, screen: &Screen) -> Result<u8, Problem> {
    let mut bytes = Vec::new();
    report::write(&wanted.results, wanted.format.into(), &mut bytes)?;
    screen.output(&bytes)?;
    Ok(status::SUCCESS)
}

impl From<ReportFormat> for Format {
    fn from(wanted: ReportFormat) -> Self {
        match wanted {
            ReportFormat::Console => Format::Console,
            ReportFormat::Status => Format::Status,
            ReportFormat::Json => Format::Json,
        }
    }
}
