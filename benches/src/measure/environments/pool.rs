//! How long a run waits for a new engine between two steps, when it was made while the first one ran.

use std::io;
use std::path::Path;

use dockertest::journal::{self, Event};

use crate::PAUSES;
use crate::setting::{Setting, clear, timed};
use crate::stats::median;

/// The median time from the end of a step to the start of the next one, each in a capsule of its own and with one
/// worker; and the same on the engine that is configured.
pub(super) fn gaps(setting: &Setting) -> io::Result<(f64, f64)> {
    Ok((gap(setting, "capsule")?, gap(setting, "shared")?))
}

fn gap(setting: &Setting, provider: &str) -> io::Result<f64> {
    let results = setting.disk.path().join("pool");
    clear(&results)?;
    let mut run = setting.run(&setting.programs.host, &results, &PAUSES.map(str::to_owned));
    timed(run.args(["--jobs", "1", "--env", provider]))?;
    between(&results)
}

/// From the journal.
fn between(results: &Path) -> io::Result<f64> {
    let records = journal::read(&results.join(journal::FILE_NAME)).map_err(io::Error::other)?.records;
    let (mut ended, mut gaps) = (None, Vec::new());
    for record in &records {
        match &record.event {
            Event::StepEnded(_) => ended = Some(record.time_us),
            Event::StepStarted(_) => gaps.extend(ended.take().map(|ended| seconds(record.time_us - ended))),
            _ => {}
        }
    }
    Ok(median(gaps))
}

#[expect(clippy::cast_precision_loss, reason = "a run does not take years")]
fn seconds(us: i64) -> f64 {
    us as f64 / 1e6
}
