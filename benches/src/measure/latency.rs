//! P10: how long the runner takes from the end of a subtest's process to the start of the next.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::bare::Bare;
use crate::noop_name;
use crate::setting::{Setting, timed};
use crate::stamps;
use crate::stats::{median, quantile};
use crate::table::{Met, Row, ms};

pub(super) fn measure(setting: &Setting) -> io::Result<Vec<Row>> {
    let names: Vec<String> = (0..setting.pick(1000, 300)).map(noop_name).collect();
    let folder = setting.disk.path().join("latency");
    fs::create_dir(&folder)?;
    let (mut of_run, mut of_bare, mut starts) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..setting.pick(5, 2) {
        let file = folder.join(format!("run-{round}"));
        let results = folder.join(format!("results-{round}"));
        timed(setting.run(&setting.programs.host, &results, &names).env(stamps::VARIABLE, &file))?;
        // The first process only lists.
        of_run.extend(gaps(&file, 1)?);
        let file = folder.join(format!("bare-{round}"));
        let variables = [(stamps::VARIABLE, file.display().to_string())];
        let (configuration, host) = (&setting.configuration, &*setting.programs.host);
        let (spawned, _) = Bare { host, variables: &variables, configuration, folder: &folder }.run(&names)?;
        let begun = stamps::read(&file, stamps::BEGIN)?;
        starts.extend(spawned.iter().zip(&begun).map(|(spawn, begin)| seconds(*spawn, *begin)));
        of_bare.extend(gaps(&file, 0)?);
    }
    // What a process needs from its spawn to its `main` is not the runner's.
    let start = median(starts);
    let p99 = quantile(of_run.clone(), 0.99) - start;
    let p50 = median(of_run) - start;
    let (bare_p50, bare_p99) = (median(of_bare.clone()) - start, quantile(of_bare, 0.99) - start);
    Ok(vec![
        Row::new("P10", "from a subtest's end to the next spawn: 99 % within (half within)")
            .measured(format!("{} ({})", ms(p99), ms(p50)))
            .ratio(format!("bare: {} ({})", ms(bare_p99), ms(bare_p50)))
            .target("≤ 1 ms", Met::at_most(p99, 1e-3)),
    ])
}

/// From the end of each process to the begin of the next, in seconds.
fn gaps(file: &Path, skip: usize) -> io::Result<Vec<f64>> {
    let (begins, ends) = (stamps::read(file, stamps::BEGIN)?, stamps::read(file, stamps::END)?);
    Ok(ends.iter().zip(begins.iter().skip(1)).skip(skip).map(|(end, begin)| seconds(*end, *begin)).collect())
}

fn seconds(from: Duration, to: Duration) -> f64 {
    to.as_secs_f64() - from.as_secs_f64()
}
