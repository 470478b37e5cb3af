//! P5: how long it takes until something happens.

use std::cell::Cell;
use std::io;
use std::process::{Command, Stdio};

use crate::noop_name;
use crate::setting::{Setting, timed};
use crate::stats::{Candidate, take_turns};
use crate::table::{Met, Row, ms};

pub(super) fn measure(setting: &Setting) -> io::Result<Vec<Row>> {
    let turn = Cell::new(0);
    let names = [noop_name(0)];
    let host = &setting.programs.host;
    let command = |name: &str, argument: &'static str| {
        Candidate::new(name, move || timed(setting.dockertest(host).arg(argument)))
    };
    let candidates = vec![
        Candidate::new("run", || {
            let results = setting.disk.path().join(format!("one-{}", turn.replace(turn.get() + 1)));
            timed(&mut setting.run(host, &results, &names))
        }),
        command("list", "list"),
        command("help", "--help"),
        Candidate::new("true", || timed(Command::new("/bin/true").stdin(Stdio::null()))),
    ];
    let series = take_turns(setting.pick(41, 11), candidates)?;
    let row = |candidate: usize, what: &str, limit: f64| {
        let seconds = series.median(candidate);
        Row::new("P5", format!("start-up: {what}"))
            .measured(ms(seconds))
            .ratio(format!("{:.1} × /bin/true ({})", series.ratio(candidate, 3), ms(series.median(3))))
            .target(format!("≤ {}", ms(limit)), Met::at_most(seconds, limit))
    };
    Ok(vec![
        row(0, "`dockertest run` of one no-op", 10e-3),
        row(1, "`dockertest list` of 1000", 8e-3),
        row(2, "`dockertest --help`", 3e-3),
    ])
}
