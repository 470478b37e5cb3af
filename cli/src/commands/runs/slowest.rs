//! `dockertest slowest`

use dockertest::name::TestId;
use serde_json::{Value, json};

use super::{columns, one_line, pretty, wanted as wanted_run};
use crate::args::Slowest;
use crate::kept;
use crate::screen::{Problem, Screen, visible};
use crate::status;

/// How many are shown when nobody wants all.
const SHOWN: usize = 10;

pub(crate) fn slowest(wanted: &Slowest, screen: &Screen) -> Result<u8, Problem> {
    let repository = kept::open(&wanted.told.kept, screen)?;
    let run = wanted_run(&repository, wanted.run.as_deref())?;
    let usual = repository.usual_durations();
    let mut steps = repository.steps(&run.run);
    steps.retain(|step| step.started > 0);
    steps.sort_by(|a, b| b.seconds.total_cmp(&a.seconds).then_with(|| a.name.cmp(&b.name)));
    steps.truncate(if wanted.all { usize::MAX } else { SHOWN });
    let usual = |name: &TestId| usual.get(name).map(std::time::Duration::as_secs_f64);
    if wanted.told.json {
        let row = |name: &TestId, seconds: f64| json!({ "name": name.as_str(), "seconds": seconds, "usual_seconds": usual(name) });
        let rows: Vec<Value> = steps.iter().map(|step| row(&step.name, step.seconds)).collect();
        screen.output(pretty(&json!({ "run": run.run, "slowest": rows }))?)?;
        return Ok(status::SUCCESS);
    }
    let head = ["seconds", "usually", "subtest"].map(str::to_owned);
    let rows = steps.iter().map(|step| {
        let usual = usual(&step.name).map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.3}"));
        [format!("{:>7.3}", step.seconds), format!("{usual:>7}"), one_line(step.name.as_str())]
    });
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    screen.output(visible(&columns(&rows)).as_bytes())?;
    Ok(status::SUCCESS)
}
