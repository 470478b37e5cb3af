//! P9: how much memory the runner needs.

use std::fs;
use std::io;
use std::process::Child;
use std::thread;
use std::time::Duration;

use crate::setting::Setting;
use crate::table::{Met, Row};
use crate::{COUNT_VARIABLE, counted_name};

/// How often it is looked at.
const PERIOD: Duration = Duration::from_millis(10);

pub(super) fn measure(setting: &Setting) -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (count, limit) in setting.pick(&[(1000, 10.0), (10_000, 20.0)][..], &[(1000, 10.0)][..]) {
        let peak = peak_mb(setting, *count)?;
        rows.push(
            Row::new("P9", format!("memory of the runner, {count} subtests (largest proportional set size)"))
                .measured(format!("{peak:.1} MB"))
                .target(format!("≤ {limit} MB"), Met::at_most(peak, *limit)),
        );
    }
    Ok(rows)
}

fn peak_mb(setting: &Setting, count: u32) -> io::Result<f64> {
    let names: Vec<String> = (0..count).map(counted_name).collect();
    let results = setting.disk.path().join(format!("memory-{count}"));
    let mut command = setting.run(&setting.programs.host, &results, &names);
    let mut child = command.env(COUNT_VARIABLE, count.to_string()).spawn()?;
    let mut peak = 0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        peak = peak.max(pss_kib(&child).unwrap_or(0));
        // Not a wait: what is used is looked at again and again.
        thread::sleep(PERIOD);
    };
    if !status.success() {
        return Err(io::Error::other(format!("the run of {count}: {status}")));
    }
    #[expect(clippy::cast_precision_loss, reason = "memory of a process, in KiB")]
    Ok(peak as f64 * 1024.0 / 1e6)
}

fn pss_kib(child: &Child) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", child.id())).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
