//! `dockertest-bench`: measures the programs in a folder and prints a table. `cargo xtask bench` builds and calls it.

// This is a program for a terminal; what it prints is its output.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use benches::check;
use benches::machine;
use benches::measure::{ALL, Figures, Measurement};
use benches::setting::{Effort, Programs, Setting};
use benches::table::{Row, render};

const USAGE: &str = "\
Usage: dockertest-bench [--quick | --check] --programs DIR --work DIR [NUMBER...]

  --quick         Fewer rounds, fewer subtests
  --check         Only what CI checks: ratios, with room for noise; status 1 if one is too bad
  --programs DIR  Holds dockertest, noop-host, perhaps noop-host-static, and dockertest-host for what
                  needs an engine
  --work DIR      On a real disk, for results; what is made there is removed
  NUMBER          What to measure (P1 to P16, environments, peers, or environments-suite, which takes a
                  quarter of an hour); default: everything but that
";

/// What the command line asks for.
#[derive(Default)]
struct Wish {
    quick: bool,
    check: bool,
    programs: PathBuf,
    work: PathBuf,
    numbers: Vec<String>,
}

fn main() -> ExitCode {
    let Some(wish) = parse(std::env::args().skip(1)) else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    match act(&wish) {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("dockertest-bench: {problem}");
            ExitCode::from(2)
        }
    }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Wish> {
    let mut wish = Wish::default();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => wish.quick = true,
            "--check" => wish.check = true,
            "--programs" => wish.programs = arguments.next()?.into(),
            "--work" => wish.work = arguments.next()?.into(),
            number if ALL.iter().any(|measurement| measurement.numbers.contains(&number)) => {
                wish.numbers.push(argument);
            }
            _ => return None,
        }
    }
    let complete = !wish.programs.as_os_str().is_empty() && !wish.work.as_os_str().is_empty();
    complete.then_some(wish)
}

fn act(wish: &Wish) -> io::Result<ExitCode> {
    let effort = if wish.quick || wish.check { Effort::Quick } else { Effort::Full };
    let setting = Setting::new(Programs::in_folder(&wish.programs)?, effort, &wish.work)?;
    if wish.check {
        let findings = check::check(&setting)?;
        findings.iter().for_each(|finding| println!("{finding}"));
        let good = findings.iter().all(check::Finding::is_good);
        return Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    println!("{}", machine::describe(setting.disk.path()));
    let (mut rows, mut details) = (Vec::new(), Vec::new());
    for measurement in ALL.iter().filter(|measurement| is_wanted(wish, measurement)) {
        eprintln!("dockertest-bench: measuring {}", measurement.numbers.join(", "));
        let not_measured = |problem: io::Error| {
            let row = |number: &&'static str| Row::new(number, "").measured(format!("not measured: {problem}"));
            Figures::from(measurement.numbers.iter().map(row).collect::<Vec<_>>())
        };
        let figures = (measurement.measure)(&setting).unwrap_or_else(not_measured);
        rows.extend(figures.rows);
        details.extend(figures.details);
    }
    print!("{}", render(&rows));
    details.iter().for_each(|table| print!("\n{table}"));
    Ok(ExitCode::SUCCESS)
}

fn is_wanted(wish: &Wish, measurement: &Measurement) -> bool {
    (wish.numbers.is_empty() && !measurement.is_long())
        || measurement.numbers.iter().any(|number| wish.numbers.iter().any(|wish| wish == number))
}
