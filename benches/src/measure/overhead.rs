//! P1, P2, P3, P7: what the runner adds to starting a process for each subtest.

use std::cell::Cell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::per;
use crate::bare::Bare;
use crate::noop_name;
use crate::setting::{Setting, clear, timed};
use crate::stats::{Candidate, Series, take_turns};
use crate::table::{Met, Row, ms};

/// The candidates, in order.
const STATIC: usize = 0;
const BARE_STATIC: usize = 1;
const DYNAMIC: usize = 2;
const BARE_DYNAMIC: usize = 3;
const IN_MEMORY: usize = 4;

pub(super) fn measure(setting: &Setting) -> io::Result<Vec<Row>> {
    let count = setting.pick(1000, 200);
    let names: Vec<String> = (0..count).map(noop_name).collect();
    let series = take(setting, &names)?;
    let each = |candidate: usize| per(series.median(candidate), names.len());
    let (ratio, dynamic) = (series.ratio(STATIC, BARE_STATIC), series.ratio(DYNAMIC, BARE_DYNAMIC));
    let against = |ratio: f64, candidate: usize| format!("{ratio:.2} × bare ({})", ms(each(candidate)));
    let mut rows = vec![
        Row::new("P1", format!("run of {count} no-ops, durable journal, 1 job, against bare"))
            .measured(ms(each(STATIC)))
            .ratio(against(ratio, BARE_STATIC))
            .target("≤ 1.25 × bare", Met::at_most(ratio, 1.25)),
        Row::new("P2", "the same, absolute, a subtest (static host)")
            .measured(ms(each(STATIC)))
            .target("≤ 0.8 ms", Met::at_most(each(STATIC), 0.8e-3)),
        Row::new("P3", "the same with a dynamic host")
            .measured(ms(each(DYNAMIC)))
            .ratio(against(dynamic, BARE_DYNAMIC))
            .target("≤ 1.2 ms", Met::at_most(each(DYNAMIC), 1.2e-3)),
    ];
    rows.push(checkpoint(setting, &series, names.len()));
    Ok(rows)
}

/// The time of a run over that of bare processes.
pub(crate) fn ratio(setting: &Setting) -> io::Result<f64> {
    let names: Vec<String> = (0..200).map(noop_name).collect();
    let host = &setting.programs.host;
    let mut candidates = vec![run("check", setting, host, setting.disk.path(), &names)];
    candidates.push(bare("check-bare", setting, host, &names)?);
    Ok(take_turns(7, candidates)?.ratio(0, 1))
}

/// What the results folder on a disk costs over one in memory, which is more than the journal alone.
fn checkpoint(setting: &Setting, series: &Series, count: usize) -> Row {
    let row = Row::new("P7", "checkpoint: results on disk against in memory, added a subtest");
    if setting.memory.is_none() {
        return row.measured("not measured: no /dev/shm");
    }
    let added = per(series.each(|round| series.seconds[STATIC][round] - series.seconds[IN_MEMORY][round]), count);
    let share = added / per(series.median(BARE_STATIC), count);
    row.measured(ms(added))
        .ratio(format!("{:.0} % of bare", share * 100.0))
        .target("≤ 0.1 ms, ≤ 6 % of bare", Met::at_most(added, 0.1e-3).and(Met::at_most(share, 0.06)))
}

fn take(setting: &Setting, names: &[String]) -> io::Result<Series> {
    let programs = &setting.programs;
    let mut candidates = vec![
        run("run", setting, &programs.host, setting.disk.path(), names),
        bare("bare", setting, &programs.host, names)?,
        run("run-dynamic", setting, &programs.dynamic_host, setting.disk.path(), names),
        bare("bare-dynamic", setting, &programs.dynamic_host, names)?,
    ];
    if let Some(memory) = &setting.memory {
        candidates.push(run("run-in-memory", setting, &programs.host, memory.path(), names));
    }
    take_turns(setting.rounds(), candidates)
}

/// A run into a new folder each time: removing the last one would disturb what is measured next.
fn run<'a>(name: &'a str, setting: &'a Setting, host: &'a Path, base: &Path, names: &'a [String]) -> Candidate<'a> {
    let (base, turn): (PathBuf, _) = (base.to_owned(), Cell::new(0));
    Candidate::new(name, move || {
        let results = base.join(format!("results-of-{name}-{}", turn.replace(turn.get() + 1)));
        clear(&results)?;
        timed(&mut setting.run(host, &results, names))
    })
}

fn bare<'a>(name: &str, setting: &'a Setting, host: &'a Path, names: &'a [String]) -> io::Result<Candidate<'a>> {
    let folder = setting.disk.path().join(name);
    fs::create_dir_all(&folder)?;
    Ok(Candidate::new(name, move || {
        let bare = Bare { host, variables: &[], configuration: &setting.configuration, folder: &folder };
        let start = Instant::now();
        bare.run(names)?;
        Ok(start.elapsed())
    }))
}
