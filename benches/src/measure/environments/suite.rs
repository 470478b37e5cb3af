//! What a new engine for every subtest costs, and what several workers spare: the bundled subtests on one engine, in
//! capsules, and in capsules side by side. It takes minutes, so it is measured only when it is asked for.

use std::io;
use std::time::{Duration, Instant};

use super::super::Figures;
use super::super::suite::run_with;
use crate::setting::{Setting, clear};
use crate::stats::{Candidate, take_turns};
use crate::table::{Met, Row};

/// What is asked for.
pub(in super::super) const NUMBER: &str = "environments-suite";

/// Measures.
pub(in super::super) fn measure(setting: &Setting) -> io::Result<Figures> {
    let candidate =
        |name: &'static str, words: &'static [&'static str]| Candidate::new(name, move || run(setting, words));
    let candidates = vec![
        candidate("shared", &["--env", "shared", "--jobs", "1"]),
        candidate("capsules", &["--env", "capsule", "--jobs", "1"]),
        candidate("two workers", &["--env", "capsule", "--jobs", "2"]),
    ];
    let series = take_turns(setting.pick(3, 1), candidates)?;
    let row = |text: &str, candidate: usize, against: usize, limit: f64, target: &str| {
        let ratio = series.ratio(candidate, against);
        Row::new(NUMBER, text)
            .measured(seconds(series.median(candidate)))
            .ratio(format!("{ratio:.2} × {} ({})", series.names[against], seconds(series.median(against))))
            .target(target, Met::at_most(ratio, limit))
    };
    Ok(Figures::from(vec![
        row("the bundled subtests, a new capsule for each, one worker", 1, 0, 1.05, "≤ 1.05 ×"),
        row("the same with two workers", 2, 1, 0.6, "≤ 0.6 ×"),
    ]))
}

fn run(setting: &Setting, words: &[&str]) -> io::Result<Duration> {
    let results = setting.disk.path().join("suite-environments");
    clear(&results)?;
    let begin = Instant::now();
    run_with(setting, &results, &[], words)?;
    Ok(begin.elapsed())
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.1} s")
}
