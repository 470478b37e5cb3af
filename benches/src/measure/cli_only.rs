//! P14: subtests against the same checks as shell scripts that have nothing but the command line. Both on one engine,
//! and the subtests in capsules with two workers, too.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use dockertest::name::Kind;

use super::{Figures, suite};
use crate::setting::{Setting, clear, timed};
use crate::stats::{Candidate, median, take_turns};
use crate::table::{Met, Row, ms};

/// The subtests that are written both ways, without the folder that all are in.
const NAMES: [&str; 3] = ["rmi", "run_twice", "tag"];

const OURS: usize = 0;
const SCRIPTS: usize = 1;
const TWO: usize = 2;
/// What is to be gained.
const LIMIT: f64 = 1.0 / 3.0;

/// The image that both use, which our first run makes.
const IMAGE: &str = "dockertest/test:latest";

pub(super) fn measure(setting: &Setting) -> io::Result<Figures> {
    let names = NAMES.map(|name| format!("docker_cli/{name}"));
    let spending = RefCell::new(suite::Spending::new());
    let of_scripts = RefCell::new(vec![Vec::new(); NAMES.len()]);
    let results = setting.disk.path().join("both-ways");
    let ours = Candidate::new("subtests", || {
        clear(&results)?;
        let took = suite::run(setting, &results, &names)?;
        suite::read(&results, &mut spending.borrow_mut())?;
        Ok(took)
    });
    let scripts = Candidate::new("scripts", || {
        let mut all = std::time::Duration::ZERO;
        for (name, times) in NAMES.iter().zip(of_scripts.borrow_mut().iter_mut()) {
            let took = timed(&mut script(name)?)?;
            times.push(took.as_secs_f64());
            all += took;
        }
        Ok(all)
    });
    let two = Candidate::new("two engines", || {
        clear(&results)?;
        suite::run_with(setting, &results, &names, &["--env", "capsule", "--jobs", "2"])
    });
    // Makes the image.
    clear(&results)?;
    suite::run(setting, &results, &names)?;
    let series = take_turns(setting.pick(7, 2), vec![ours, scripts, two])?;
    let row = |how: &str, candidate: usize| {
        let text = format!("{} subtests, {how}, against scripts", NAMES.len());
        let ratio = series.ratio(candidate, SCRIPTS);
        let row = Row::new("P14", text).measured(ms(series.median(candidate)));
        (row.ratio(format!("{ratio:.2} × scripts ({})", ms(series.median(SCRIPTS)))), ratio)
    };
    let (one_engine, _) = row("one engine, one after the other", OURS);
    let (two_engines, ratio) = row("a new capsule for each, two at a time", TWO);
    let two_engines = two_engines.target("≤ 0.33 × scripts", Met::at_most(ratio, LIMIT));
    let mut table = "| subtest | subtest | script | ratio |\n| --- | ---: | ---: | ---: |\n".to_owned();
    for (name, times) in names.iter().zip(of_scripts.into_inner()) {
        let all = spending.borrow().get(&(Kind::Subtest, name.clone())).cloned().unwrap_or_default();
        let (ours, scripts) = (suite::middle(&all).whole, median(times));
        let _ = writeln!(table, "| {name} | {} | {} | {:.2} |", ms(ours), ms(scripts), ours / scripts);
    }
    Ok(Figures { rows: vec![one_engine, two_engines], details: Some(table) })
}

/// The script of a subtest. It has to succeed.
fn script(name: &str) -> io::Result<Command> {
    let path = folder().join(name).with_extension("sh");
    if !path.is_file() {
        return Err(io::Error::other(format!("{} is not there", path.display())));
    }
    let mut command = Command::new("/bin/bash");
    command.arg(path).env("DOCKER", "/usr/bin/docker").env("IMAGE", IMAGE);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    Ok(command)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cli_only")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subtest_that_is_compared_has_its_script() {
        for name in NAMES {
            assert!(script(name).is_ok(), "{name}");
            let read = Command::new("bash").arg("-n").arg(folder().join(name).with_extension("sh")).status().unwrap();
            assert!(read.success(), "{name}");
        }
    }
}
