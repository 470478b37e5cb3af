//! P8, P12: reading a journal back, to go on with a run and to make its reports.

use std::io;
use std::path::PathBuf;
use std::time::Instant;

use dockertest::report::{self, Format};
use dockertest::run::Resumption;

use crate::journals;
use crate::setting::Setting;
use crate::stats::{Candidate, take_turns};
use crate::table::{Met, Row, ms};

const RECORDS: u32 = 100_000;

pub(super) fn measure(setting: &Setting) -> io::Result<Vec<Row>> {
    let ended = RECORDS / journals::EVENTS_OF_STEP;
    let long = folder(setting, "long", ended + 1000, ended)?;
    let finished = folder(setting, "finished", 1000, 1000)?;
    let resume = || {
        let start = Instant::now();
        let resumption = Resumption::open(&long).map_err(io::Error::other)?;
        let took = start.elapsed();
        drop(resumption);
        Ok(took)
    };
    let reports = || {
        let start = Instant::now();
        for format in [Format::Status, Format::Json] {
            report::write(&finished, format, &mut io::sink()).map_err(io::Error::other)?;
        }
        Ok(start.elapsed())
    };
    let candidates = vec![Candidate::new("resume", resume), Candidate::new("reports", reports)];
    let series = take_turns(setting.pick(15, 5), candidates)?;
    let row = |number, what: &str, candidate: usize, limit: f64| {
        let seconds = series.median(candidate);
        Row::new(number, what).measured(ms(seconds)).target(format!("≤ {}", ms(limit)), Met::at_most(seconds, limit))
    };
    Ok(vec![
        row("P8", "resume: a journal of 100 000 records is read, what is left is planned", 0, 100e-3),
        row("P12", "reports of 1000 from a journal: status and results.json", 1, 20e-3),
    ])
}

fn folder(setting: &Setting, name: &str, planned: u32, ended: u32) -> io::Result<PathBuf> {
    let folder = setting.disk.path().join(format!("journal-{name}"));
    journals::write(&folder, journals::events(planned, ended)?)?;
    Ok(folder)
}
