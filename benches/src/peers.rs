//! Other runners, with as many tests that do nothing, in the same rounds as ours.
//!
//! Only those are compared that give each test a process of its own, as we do. One that is not installed is left out,
//! and the table says so.

use std::cell::Cell;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::noop_name;
use crate::setting::{Setting, timed};
use crate::stats::{Candidate, Series, take_turns};
use crate::table::{Row, ms};

/// Writes what a runner needs to run that many tests into a folder, and says how to run them.
type Prepare = fn(folder: &Path, count: usize) -> io::Result<Command>;

const PEERS: [(&str, Prepare); 3] =
    [("cargo-nextest, metadata prepared", nextest), ("bats", bats), ("pytest --forked", pytest)];

/// Start-up and cost of a test, of ours and of each peer.
///
/// # Errors
/// Ours cannot be measured.
pub fn measure(setting: &Setting) -> io::Result<Vec<Row>> {
    let count = setting.pick(200, 40);
    let mut missing = Vec::new();
    let mut commands = Vec::new();
    for (name, prepare) in PEERS {
        let folder = setting.disk.path().join("peers").join(name.replace(' ', "-"));
        match both(&folder, count, prepare) {
            Ok(pair) => commands.push((name, pair)),
            Err(problem) => missing.push(Row::new("peers", name).measured(format!("left out: {problem}"))),
        }
    }
    let names: Vec<String> = (0..).take(count).map(noop_name).collect();
    let turn = Cell::new(0);
    let ours = |names| {
        let turn = &turn;
        Candidate::new("dockertest", move || {
            let results = setting.disk.path().join(format!("peer-{}", turn.replace(turn.get() + 1)));
            timed(&mut setting.run(&setting.programs.host, &results, names))
        })
    };
    let mut candidates = vec![ours(&names[..1]), ours(&names)];
    for (name, [one, many]) in &mut commands {
        candidates.push(Candidate::new(*name, || timed(one)));
        candidates.push(Candidate::new(*name, || timed(many)));
    }
    let series = take_turns(setting.pick(7, 3), candidates)?;
    let mut rows = vec![row(&series, 0, count)];
    rows.extend((0..commands.len()).map(|index| row(&series, 2 * (index + 1), count)));
    rows.extend(missing);
    Ok(rows)
}

/// The line of the candidate with one test; the one with all tests follows it.
fn row(series: &Series, candidate: usize, count: usize) -> Row {
    let slope = |candidate: usize, round: usize| {
        let (one, many) = (series.seconds[candidate][round], series.seconds[candidate + 1][round]);
        super::measure::per(many - one, count - 1)
    };
    let row = Row::new("peers", format!("{}: start-up with 1, each more of {count}", series.names[candidate]));
    let each = series.each(|round| slope(candidate, round));
    let row = row.measured(format!("{}, {}", ms(series.median(candidate)), ms(each)));
    if candidate == 0 {
        return row;
    }
    let start = series.ratio(candidate, 0);
    let slopes = series.each(|round| slope(candidate, round) / slope(0, round));
    row.ratio(format!("start-up {start:.1} × ours, each {slopes:.1} × ours"))
}

fn both(folder: &Path, count: usize, prepare: Prepare) -> io::Result<[Command; 2]> {
    let quiet = |count: usize| -> io::Result<Command> {
        let folder = folder.join(count.to_string());
        fs::create_dir_all(&folder)?;
        let mut command = prepare(&folder, count)?;
        command.current_dir(&folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        timed(&mut command)?;
        Ok(command)
    };
    Ok([quiet(1)?, quiet(count)?])
}

/// Runs a program that prepares something, and gives back what it printed.
fn output(command: &mut Command) -> io::Result<Vec<u8>> {
    let program = command.get_program().display().to_string();
    let output = command.stdin(Stdio::null()).output().map_err(|error| {
        io::Error::new(
            error.kind(),
            if error.kind() == io::ErrorKind::NotFound {
                format!("{program} is not installed")
            } else {
                format!("{program}: {error}")
            },
        )
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let text = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("{program}: {}", text.lines().last().unwrap_or_default())))
}

fn nextest(folder: &Path, count: usize) -> io::Result<Command> {
    output(Command::new("cargo-nextest").args(["nextest", "--version"]))?;
    let manifest = "[package]\nname = \"noop\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n";
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::create_dir_all(folder.join("src"))?;
    let mut tests = String::new();
    for number in 0..count {
        let _ = writeln!(tests, "#[test]\nfn t{number:03}() {{}}");
    }
    fs::write(folder.join("src/lib.rs"), tests)?;
    let keep = |name: &str, bytes: Vec<u8>| -> io::Result<PathBuf> {
        let path = folder.join(name);
        fs::write(&path, bytes)?;
        Ok(path)
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let metadata = ["metadata", "--format-version", "1", "--offline"];
    let metadata = keep("metadata.json", output(Command::new(cargo).args(metadata).current_dir(folder))?)?;
    let list = ["nextest", "list", "--list-type", "binaries-only", "--message-format", "json", "--offline"];
    let target = folder.join("target");
    let list = output(Command::new("cargo-nextest").args(list).env("CARGO_TARGET_DIR", &target).current_dir(folder))?;
    let binaries = keep("binaries.json", list)?;
    let mut command = Command::new("cargo-nextest");
    command.args(["nextest", "run", "-j1", "--binaries-metadata"]).arg(binaries).arg("--cargo-metadata").arg(metadata);
    command.env("CARGO_TARGET_DIR", target);
    Ok(command)
}

fn bats(folder: &Path, count: usize) -> io::Result<Command> {
    output(Command::new("bats").arg("--version"))?;
    let mut tests = String::new();
    for number in 0..count {
        let _ = writeln!(tests, "@test \"t{number:03}\" {{\n  :\n}}");
    }
    fs::write(folder.join("noop.bats"), tests)?;
    let mut command = Command::new("bats");
    command.arg("noop.bats");
    Ok(command)
}

fn pytest(folder: &Path, count: usize) -> io::Result<Command> {
    output(Command::new("pytest").args(["--forked", "--version"]))?;
    let mut tests = String::new();
    for number in 0..count {
        let _ = writeln!(tests, "def test_{number:03}():\n    pass\n");
    }
    fs::write(folder.join("test_noop.py"), tests)?;
    let mut command = Command::new("pytest");
    command.args(["--forked", "-q", "-p", "no:cacheprovider", "test_noop.py"]);
    Ok(command)
}
