//! P15: what plug-ins cost before anything is run.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::PLUGIN_PREFIX;
use crate::setting::{Setting, clear, timed};
use crate::stats::{Candidate, take_turns};
use crate::table::{Met, Row, ms};

/// How many there are.
const PLUGINS: u32 = 50;

/// A plug-in in C whose subtest has the name of its file, so that copies of it are different plug-ins.
const SOURCE: &str = include_str!("plugin.c");

pub(super) fn measure(setting: &Setting) -> io::Result<Vec<Row>> {
    let folder = setting.disk.path().join("plugins");
    let script = format!("#!{}\n", setting.programs.host.display());
    let executables = copies(&folder.join("executables"), script.as_bytes(), "")?;
    let mut rows = of_kind(setting, "executables", &executables, |copy| {
        let mut command = Command::new(copy);
        command.arg("list");
        command
    })?;
    rows.extend(match library(&folder) {
        Ok(library) => {
            let libraries = copies(&folder.join("libraries"), &fs::read(library)?, ".so")?;
            of_kind(setting, "libraries", &libraries, |copy| {
                let mut command = Command::new(&setting.programs.dockertest);
                command.args(["host", "plugin"]).arg(copy).arg("list");
                command
            })?
        }
        Err(problem) => vec![Row::new("P15", "libraries").measured(format!("not measured: {problem}"))],
    });
    Ok(rows)
}

/// Compares a list with plug-ins to one without, and to asking each of them by itself.
fn of_kind(setting: &Setting, kind: &str, plugins: &Path, alone: impl Fn(&Path) -> Command) -> io::Result<Vec<Row>> {
    let cache = setting.disk.path().join("plugin-cache");
    let list = || {
        let mut command = setting.dockertest(&setting.programs.host);
        // One subtest of the host's own, so that what is compared is not what it holds.
        command.arg("list").env("XDG_CACHE_HOME", &cache).env("XDG_DATA_HOME", setting.disk.path());
        command.env(crate::COUNT_VARIABLE, "1");
        command
    };
    let with = || {
        let mut command = list();
        command.arg("--plugin").arg(plugins);
        command
    };
    let one = fs::read_dir(plugins)?.next().ok_or(io::ErrorKind::NotFound)??.path();
    let candidates = vec![
        Candidate::new("without", || timed(&mut list())),
        Candidate::new("cold", || {
            clear(&cache)?;
            timed(&mut with())
        }),
        // After the cold one, which has filled the cache, or before it in the next round.
        Candidate::new("warm", || {
            timed(&mut with())?;
            timed(&mut with())
        }),
        Candidate::new("one", || timed(alone(&one).stdin(Stdio::null()).stdout(Stdio::null()))),
    ];
    let series = take_turns(setting.pick(15, 5), candidates)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    #[expect(clippy::cast_precision_loss, reason = "few")]
    let share = f64::from(PLUGINS) / cores as f64;
    let cold = series.each(|round| {
        let seconds = |candidate: usize| series.seconds[candidate][round];
        (seconds(1) - seconds(0)) / (share * seconds(3))
    });
    let warm = series.ratio(2, 0);
    Ok(vec![
        Row::new("P15", format!("`dockertest list` with {PLUGINS} {kind}, for the first time"))
            .measured(ms(series.median(1)))
            .ratio(format!("{cold:.2} × {PLUGINS} × one ({}) / {cores} cores, added", ms(series.median(3))))
            .target("≤ 1 ×", Met::at_most(cold, 1.0)),
        Row::new("P15", format!("`dockertest list` with {PLUGINS} {kind}, again"))
            .measured(ms(series.median(2)))
            .ratio(format!("{warm:.2} × without ({})", ms(series.median(0))))
            .target("≤ 1.25 ×", Met::at_most(warm, 1.25)),
    ])
}

/// Executable files with the names of plug-ins, all the same.
fn copies(folder: &Path, bytes: &[u8], suffix: &str) -> io::Result<PathBuf> {
    clear(folder)?;
    fs::create_dir_all(folder)?;
    for number in 0..PLUGINS {
        let file = folder.join(format!("{PLUGIN_PREFIX}{number:02}{suffix}"));
        fs::write(&file, bytes)?;
        fs::set_permissions(&file, Permissions::from_mode(0o755))?;
    }
    Ok(folder.to_owned())
}

fn library(folder: &Path) -> io::Result<PathBuf> {
    let (source, library) = (folder.join("plugin.c"), folder.join("plugin.so"));
    fs::write(&source, SOURCE)?;
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dockertest/include");
    let mut cc = Command::new("cc");
    cc.args(["-O2", "-shared", "-fPIC", "-I"]).arg(include).arg("-o").arg(&library).arg(&source);
    timed(&mut cc).map(|_| library)
}
