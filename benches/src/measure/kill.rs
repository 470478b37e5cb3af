//! P11: how long it takes to get rid of a step that does not stop.

use std::io;
use std::path::Path;

use dockertest::journal::{self, Event, FILE_NAME};

use crate::setting::Setting;
use crate::stats::{median, quantile};
use crate::table::{Met, Row, ms};

/// The step's limit, and the grace for its clean-up, in seconds.
const LIMIT: f64 = 0.2;
const GRACE: f64 = 0.1;

pub(super) fn measure(setting: &Setting) -> io::Result<Vec<Row>> {
    let mut beyond = Vec::new();
    for round in 0..setting.pick(15, 4) {
        let results = setting.disk.path().join(format!("kill-{round}"));
        let mut command = setting.run(&setting.programs.host, &results, &["hang".to_owned()]);
        command.arg("--set").arg(format!("step_timeout={LIMIT}")).arg("--set").arg(format!("cleanup_timeout={GRACE}"));
        let status = command.status()?;
        if status.code() != Some(1) {
            return Err(io::Error::other(format!("a step that hangs is to end the run with status 1: {status}")));
        }
        beyond.push(seconds_of_step(&results)? - LIMIT - GRACE);
    }
    let (half, most) = (median(beyond.clone()), quantile(beyond, 0.9));
    Ok(vec![
        Row::new("P11", "kill: from the time-out, beyond the grace, to all gone, cleaned up and recorded")
            .measured(format!("{} (90 % within {})", ms(half), ms(most)))
            .target("≤ grace + 20 ms", Met::at_most(half, 20e-3)),
    ])
}

/// From the record of the step's start to that of its end.
fn seconds_of_step(results: &Path) -> io::Result<f64> {
    let records = journal::read(&results.join(FILE_NAME)).map_err(io::Error::other)?.records;
    let time = |wanted: fn(&Event) -> bool| records.iter().find(|record| wanted(&record.event)).map(|r| r.time_us);
    let began = time(|event| matches!(event, Event::StepStarted(_)));
    let ended = time(|event| matches!(event, Event::StepEnded(_)));
    match (began, ended) {
        #[expect(clippy::cast_precision_loss, reason = "less than a second")]
        (Some(began), Some(ended)) => Ok((ended - began) as f64 / 1e6),
        _ => Err(io::Error::other("the journal has no step that ended")),
    }
}
