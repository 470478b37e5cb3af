//! P4: whether a subtest costs the same in a long run as in a short one.

use std::cell::Cell;
use std::io;

use super::per;
use crate::setting::{Setting, clear, timed};
use crate::stats::{Candidate, take_turns};
use crate::table::{Met, Row, ms};
use crate::{COUNT_VARIABLE, counted_name};

pub(super) fn measure(setting: &Setting) -> io::Result<Vec<Row>> {
    let slopes = take(setting, setting.pick(5000, 2000), 500)?;
    let Slopes { long, short, steep, flat, ratio } = slopes;
    Ok(vec![
        Row::new("P4", format!("slope of a run of {long} against a run of {short}"))
            .measured(format!("{}, {}", ms(steep), ms(flat)))
            .ratio(format!("{ratio:.2}"))
            .target("≤ 1.05", Met::at_most(ratio, 1.05)),
    ])
}

/// The slope of a long run over that of a short one.
pub(crate) fn ratio(setting: &Setting) -> io::Result<f64> {
    Ok(take(setting, 2000, 300)?.ratio)
}

/// What one more subtest costs in a long and in a short run, in seconds.
struct Slopes {
    long: u32,
    short: usize,
    steep: f64,
    flat: f64,
    ratio: f64,
}

fn take(setting: &Setting, long: u32, short: usize) -> io::Result<Slopes> {
    let names: Vec<String> = (0..long).map(counted_name).collect();
    let turn = Cell::new(0);
    let candidate = |count: usize| {
        let (names, turn) = (&names[..count], &turn);
        Candidate::new(format!("run of {count}"), move || {
            let results = setting.disk.path().join(format!("slope-{}", turn.replace(turn.get() + 1)));
            clear(&results)?;
            // The host lists all of them in any case, so that only the steps differ.
            timed(setting.run(&setting.programs.host, &results, names).env(COUNT_VARIABLE, long.to_string()))
        })
    };
    let candidates = vec![candidate(1), candidate(short), candidate(names.len())];
    let series = take_turns(setting.pick(7, 3), candidates)?;
    let slope =
        |of: usize, count: usize, round: usize| per(series.seconds[of][round] - series.seconds[0][round], count - 1);
    let (steep, flat) = (|round| slope(2, names.len(), round), |round| slope(1, short, round));
    let ratio = series.each(|round| steep(round) / flat(round));
    Ok(Slopes { long, short, steep: series.each(steep), flat: series.each(flat), ratio })
}
