//! The machine and the moment: figures mean nothing without them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// What to write above a table, as a list in Markdown. `disk` is where the journals are.
#[must_use]
pub fn describe(disk: &Path) -> String {
    let mut text = String::new();
    let facts = [
        ("date", jiff::Zoned::now().strftime("%Y-%m-%d %H:%M %Z").to_string()),
        ("processor", format!("{} × {}", cores(), processor())),
        ("memory", memory()),
        ("kernel", format!("Linux {}", read("/proc/sys/kernel/osrelease"))),
        ("file system", file_system(disk)),
        ("load", read("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(" ")),
    ];
    for (name, value) in facts {
        let _ = writeln!(text, "* {name}: {value}");
    }
    text
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn processor() -> String {
    field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

fn memory() -> String {
    let kib = field("/proc/meminfo", "MemTotal").and_then(|value| value.split(' ').next()?.parse::<u64>().ok());
    kib.map_or_else(|| "?".to_owned(), |kib| format!("{} GiB", kib.div_ceil(1 << 20)))
}

/// The type and device of the innermost mount that a folder is in.
fn file_system(folder: &Path) -> String {
    let mounts = read("/proc/self/mounts");
    let mut best: Option<(usize, String)> = None;
    for line in mounts.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [device, place, kind, ..] = fields[..] else { continue };
        if folder.starts_with(place) && best.as_ref().is_none_or(|(length, _)| *length <= place.len()) {
            best = Some((place.len(), format!("{kind} on {device}")));
        }
    }
    best.map_or_else(|| "?".to_owned(), |(_, text)| text)
}
