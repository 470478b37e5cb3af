//! P6: loading a configuration, against Python's `configparser`.

use std::io;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use dockertest::config::{Layers, Source};

use crate::configurations::write;
use crate::setting::Setting;
use crate::stats::{Candidate, take_turns};
use crate::table::{Met, Row, ms};

/// Loads the same files with Python and prints seconds, values and characters.
const PYTHON: &str = r#"
import configparser, sys, time
start = time.perf_counter()
config = configparser.ConfigParser(default_section='DEFAULTS')
for path in sys.argv[1:]:
    with open(path) as file:
        config.read_file(file)
config.set('DEFAULTS', 'retries', '7')
values = characters = 0
for section in config.sections():
    for option, value in config.items(section):
        values += 1
        characters += len(value)
print(time.perf_counter() - start, values, characters)
"#;

pub(super) fn measure(setting: &Setting) -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (sections, limit) in [(200, 1e-3), (10_000, 25e-3)] {
        let folder = setting.disk.path().join(format!("config-{sections}"));
        write(&folder, sections)?;
        rows.push(compare(setting, &folder, sections, limit)?);
    }
    Ok(rows)
}

/// How many times faster than Python; nothing if there is no Python.
pub(crate) fn times_python(setting: &Setting) -> io::Result<Option<f64>> {
    let folder = setting.disk.path().join("config-check");
    write(&folder, 2000)?;
    if python(&folder).is_err() {
        return Ok(None);
    }
    let candidates = vec![
        Candidate::new("dockertest", || Ok(load(&folder)?.0)),
        Candidate::new("python", || Ok(python(&folder)?.0)),
    ];
    Ok(Some(take_turns(7, candidates)?.ratio(1, 0)))
}

fn compare(setting: &Setting, folder: &Path, sections: u32, limit: f64) -> io::Result<Row> {
    let row = Row::new("P6", format!("configuration of {sections} sections, all layers and values"));
    let ours = || load(folder);
    let theirs = || python(folder);
    let row_met = |seconds: f64| Met::at_most(seconds, limit);
    let target = format!("≤ {}, ≥ 35 × Python", ms(limit));
    if let Err(problem) = theirs() {
        let series = take_turns(setting.rounds(), vec![Candidate::new("dockertest", || Ok(ours()?.0))])?;
        let seconds = series.median(0);
        return Ok(row.measured(ms(seconds)).ratio(format!("no Python: {problem}")).target(target, row_met(seconds)));
    }
    let (we, they) = (ours()?, theirs()?);
    if (we.1, we.2) != (they.1, they.2) {
        return Err(io::Error::other(format!("we and Python read differently: {we:?}, {they:?}")));
    }
    let candidates = vec![Candidate::new("dockertest", || Ok(ours()?.0)), Candidate::new("python", || Ok(theirs()?.0))];
    let series = take_turns(setting.pick(15, 3), candidates)?;
    let (seconds, times) = (series.median(0), series.ratio(1, 0));
    Ok(row
        .measured(ms(seconds))
        .ratio(format!("{times:.0} × Python ({})", ms(series.median(1))))
        .target(target, row_met(seconds).and(Met::at_most(35.0, times))))
}

/// Seconds, values, characters.
type Load = (Duration, usize, usize);

fn load(folder: &Path) -> io::Result<Load> {
    let start = Instant::now();
    let configuration = Layers::new()
        .defaults(Source::Folder(folder.join("defaults")))
        .custom(Source::Folder(folder.join("custom")))
        .set("retries=7")
        .load()
        .map_err(io::Error::other)?;
    let (mut values, mut characters) = (0, 0);
    configuration.visit(|section, _, value| {
        // Python does not count it as a section.
        if section != "DEFAULTS" {
            values += 1;
            characters += value.len();
        }
    });
    let took = start.elapsed();
    Ok((took, values, characters))
}

fn python(folder: &Path) -> io::Result<Load> {
    let files = ["defaults/all.ini", "custom/all.ini"].map(|file| folder.join(file));
    let output = Command::new("python3").args(["-c", PYTHON]).args(files).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut words = text.split_whitespace();
    let mut next =
        || words.next().ok_or_else(|| io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    let (seconds, values, characters) = (next()?, next()?, next()?);
    let count = |word: &str| word.parse().map_err(io::Error::other);
    let seconds = seconds.parse().map_err(io::Error::other)?;
    Ok((Duration::from_secs_f64(seconds), count(values)?, count(characters)?))
}
