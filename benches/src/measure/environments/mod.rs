//! What a clean engine costs: capsules, beside the least launcher of the same namespaces (in C, compiled here if there is
//! a compiler), beside an engine that is just started in a network namespace, and beside `docker load` where images are
//! laid below.

mod pool;
mod rivals;
pub(super) mod suite;

use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use dockertest::engine::daemon::search_path;
use dockertest::engine::fixtures::test_image;
use dockertest::environment::capsule::{Capsule, CapsuleOptions, CapsuleProvider};
use dockertest::host::{CancelToken, HostProgram};

use rivals::{Rival, WITHOUT_RULES, compile};

use crate::setting::Setting;
use crate::stats::{Candidate, median, take_turns};
use crate::table::{Met, Row, ms};

const NUMBER: &str = "environments";
const IMAGE: &str = "dockertest/bench:latest";
/// How many are started at once.
const AT_ONCE: usize = 16;

pub(super) fn measure(setting: &Setting) -> io::Result<Vec<Row>> {
    let row = |text: &str| Row::new(NUMBER, text);
    let Some(host) = setting.programs.suite_host.clone().map(HostProgram::new) else {
        return Ok(vec![row("capsules").measured("the host of the bundled subtests is not built")]);
    };
    let empty = CapsuleOptions::new();
    if let Some(obstacle) = CapsuleProvider::new(host.clone(), empty.clone()).obstacle() {
        return Ok(vec![row("capsules").measured(obstacle)]);
    }
    let filled = empty.clone().with_test_image(&host, IMAGE, &CancelToken::new()?).map_err(io::Error::other)?;
    let archive = setting.disk.path().join("image.tar");
    fs::write(&archive, test_image::archive(&[IMAGE]).map_err(io::Error::other)?)?;
    let kinds = Kinds { host, empty, filled, archive };
    let mut rows = ready(setting, &kinds)?;
    rows.push(between_steps(setting)?);
    rows.extend(used(setting, &kinds)?);
    rows.push(at_once(&kinds.host, &kinds.empty)?);
    Ok(rows)
}

/// What capsules are made by and of.
struct Kinds {
    host: HostProgram,
    empty: CapsuleOptions,
    /// With an image laid below.
    filled: CapsuleOptions,
    /// The same image, for others to load.
    archive: PathBuf,
}

/// How long it took, and how long it took to end it.
type Ends<'a> = &'a RefCell<Vec<f64>>;

fn capsule(host: &HostProgram, options: &CapsuleOptions, ends: Ends<'_>) -> io::Result<Duration> {
    let (begin, made) = (Instant::now(), start(host, options)?);
    let took = begin.elapsed();
    let begin = Instant::now();
    made.dispose().map_err(io::Error::other)?;
    ends.borrow_mut().push(begin.elapsed().as_secs_f64());
    Ok(took)
}

fn rival(make: impl FnOnce() -> io::Result<Rival>, archive: Option<&Path>, ends: Ends<'_>) -> io::Result<Duration> {
    let (begin, made) = (Instant::now(), make()?);
    archive.map_or(Ok(()), |archive| made.load(archive))?;
    let took = begin.elapsed();
    let begin = Instant::now();
    made.end()?;
    ends.borrow_mut().push(begin.elapsed().as_secs_f64());
    Ok(took)
}

/// From nothing to an engine that answers, and back.
fn ready(setting: &Setting, kinds: &Kinds) -> io::Result<Vec<Row>> {
    let Kinds { host, empty, filled, archive } = kinds;
    let disk = setting.disk.path();
    // It knows cgroups of version 1 only.
    let launcher = compile(disk).and_then(|launcher| Rival::launched(&launcher, disk)?.end().map(|()| launcher));
    let (gone, gone_of_launcher, not_counted) = (RefCell::default(), RefCell::default(), RefCell::default());
    let plain = |options: &'static [&'static str], archive| {
        let not_counted = &not_counted;
        move || rival(|| Rival::plain(options, disk), archive, not_counted)
    };
    let mut candidates = vec![
        Candidate::new("capsule", || capsule(host, empty, &gone)),
        Candidate::new("with images", || capsule(host, filled, &gone)),
        Candidate::new("plain", plain(&[], None)),
        Candidate::new("plain, no rules", plain(&WITHOUT_RULES, None)),
        Candidate::new("plain, no rules, load", plain(&WITHOUT_RULES, Some(archive.as_path()))),
    ];
    if let Ok(launcher) = &launcher {
        let make = || rival(|| Rival::launched(launcher, disk), None, &gone_of_launcher);
        candidates.push(Candidate::new("launcher", make));
    }
    let series = take_turns(setting.pick(15, 5), candidates)?;
    let against =
        |other: usize, name: &str| format!("{:.2} × {name} ({})", series.ratio(0, other), ms(series.median(other)));
    let row = |text: &str, candidate: usize| Row::new(NUMBER, text).measured(ms(series.median(candidate)));
    let mut first = row("capsule: from nothing until its engine answers", 0);
    let mut end = Row::new(NUMBER, "capsule: from dispose until nothing is left");
    match &launcher {
        Ok(_) => {
            let met = Met::at_most(series.ratio(0, 5), 1.2);
            first = first.ratio(against(5, "the launcher in C")).target("≤ 1.2 ×", met);
            end = end.ratio(format!("the launcher: {}", ms(median(gone_of_launcher.take()))));
        }
        Err(why) => first = first.ratio(format!("the launcher in C cannot be had here: {why}")),
    }
    let dispose = median(gone.take());
    let faster = series.ratio(1, 4);
    Ok(vec![
        first,
        row("the same against a plain `dockerd` in a network namespace", 0).ratio(against(2, "plain")),
        row("the same against a plain one without rules", 0).ratio(against(3, "plain")),
        row("capsule: from nothing until its engine answers, with images in it", 1)
            .ratio(format!("{faster:.2} × plain without rules and `docker load` ({})", ms(series.median(4)))),
        end.measured(ms(dispose)).target("≤ 20 ms", Met::at_most(dispose, 20e-3)),
    ])
}

/// What a worker waits for an engine that was made while another step ran.
fn between_steps(setting: &Setting) -> io::Result<Row> {
    let (capsules, shared) = pool::gaps(setting)?;
    Ok(Row::new(NUMBER, "capsule from the pool: from a step's end to the start of the next")
        .measured(ms(capsules))
        .ratio(format!("on one engine: {}", ms(shared))))
}

/// What becomes of one: its first container, a load of the images, its memory and processor time.
fn used(setting: &Setting, kinds: &Kinds) -> io::Result<Vec<Row>> {
    let Kinds { host, empty, filled, archive } = kinds;
    let (mut first, mut load, mut memory, mut processor) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..setting.pick(9, 3) {
        let begin = Instant::now();
        let capsule = start(host, filled)?;
        memory.push(memory_of(&capsule)?);
        processor.push(processor_of(&capsule)?);
        run(&capsule, &["docker", "run", "--rm", IMAGE, "true"])?;
        first.push(begin.elapsed().as_secs_f64());
        capsule.dispose().map_err(io::Error::other)?;
        let capsule = start(host, empty)?;
        let begin = Instant::now();
        run(&capsule, &["docker", "load", "--quiet", "--input", &archive.display().to_string()])?;
        load.push(begin.elapsed().as_secs_f64());
        capsule.dispose().map_err(io::Error::other)?;
    }
    let row = |text: &str, measured: String| Row::new(NUMBER, text).measured(measured);
    Ok(vec![
        row("capsule with images: from nothing until its first container has ended", ms(median(first))),
        row("`docker load` of the test image, which images that are laid below spare", ms(median(load))),
        row("capsule: memory (PSS) of all its processes", format!("{:.0} MiB", median(memory))),
        row("capsule: processor time until its engine answers", ms(median(processor))),
    ])
}

/// Many, started at the same moment.
fn at_once(host: &HostProgram, options: &CapsuleOptions) -> io::Result<Row> {
    let begin = Instant::now();
    let made = all_at_once((0..AT_ONCE).collect(), |_| start(host, options))?;
    let ready = begin.elapsed().as_secs_f64();
    let memory: f64 = made.iter().map(memory_of).sum::<io::Result<f64>>()?;
    let begin = Instant::now();
    all_at_once(made, |capsule| capsule.dispose().map_err(io::Error::other))?;
    let gone = begin.elapsed().as_secs_f64();
    let text = format!("{AT_ONCE} capsules at once: until all answer, until all are gone, memory (PSS) of all");
    Ok(Row::new(NUMBER, text).measured(format!("{}, {}, {memory:.0} MiB", ms(ready), ms(gone))))
}

/// Each on a thread of its own.
fn all_at_once<T: Send, R: Send>(values: Vec<T>, act: impl Fn(T) -> io::Result<R> + Sync) -> io::Result<Vec<R>> {
    let act = &act;
    thread::scope(|scope| {
        let started: Vec<_> = values.into_iter().map(|value| scope.spawn(move || act(value))).collect();
        let panicked = |_| Err(io::Error::other("a thread panicked"));
        // All are waited for, whatever becomes of the first.
        let ended: Vec<_> = started.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)).collect();
        ended.into_iter().collect()
    })
}

fn start(host: &HostProgram, options: &CapsuleOptions) -> io::Result<Capsule> {
    Capsule::start(host, options).map_err(|failure| {
        let log = failure.log().unwrap_or_default().to_owned();
        io::Error::other(format!("{failure}\n{log}"))
    })
}

fn run(capsule: &Capsule, words: &[&str]) -> io::Result<()> {
    let inside = capsule.program(&HostProgram::new(words[0]).arguments(&words[1..]), &[]);
    let output = Command::new(inside.path).args(inside.arguments).env("PATH", search_path()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(io::Error::other(format!("{words:?}: {said}"))) }
}

/// In MiB. The processes are those that the capsule's own `/proc` shows.
fn memory_of(capsule: &Capsule) -> io::Result<f64> {
    let mut sum = 0.0;
    for entry in fs::read_dir(capsule.seen("/proc"))?.flatten() {
        let Ok(text) = fs::read_to_string(entry.path().join("smaps_rollup")) else { continue };
        let size =
            text.lines().find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix(" kB")?.parse::<f64>().ok());
        sum += size.unwrap_or_default() / 1024.0;
    }
    Ok(sum)
}

/// In seconds, by the account of its group, of which each version of cgroups has its own.
fn processor_of(capsule: &Capsule) -> io::Result<f64> {
    let read = |file: &str| fs::read_to_string(capsule.seen(file));
    let (text, unit) = match read("/sys/fs/cgroup/cpuacct/cpuacct.usage") {
        Ok(nanoseconds) => (nanoseconds, 1e9),
        Err(_) => {
            let table = read("/sys/fs/cgroup/cpu.stat")?;
            let used = table.lines().find_map(|line| line.strip_prefix("usage_usec "));
            (used.unwrap_or_default().to_owned(), 1e6)
        }
    };
    Ok(text.trim().parse::<f64>().map_err(io::Error::other)? / unit)
}
