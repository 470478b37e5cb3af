//! `dockertest history`

use dockertest::report::{local_time, utc_time};
use dockertest::repository::Moment;
use serde_json::{Value, json};

use super::{columns, pretty, shown, tested};
use crate::args::History;
use crate::kept;
use crate::screen::{Problem, Screen, visible};
use crate::status;

pub(crate) fn history(wanted: &History, screen: &Screen) -> Result<u8, Problem> {
    let repository = kept::open(&wanted.told.kept, screen)?;
    let moments = repository.history(&wanted.name);
    if moments.is_empty() {
        let place = repository.path().display();
        let text =
            format!("no run in the repository `{place}` tells of `{}`: `dockertest list` shows all names", wanted.name);
        return Err(Problem::new(text));
    }
    let (moments, before) = shown(moments, wanted.all);
    if wanted.told.json {
        let moments: Vec<Value> = moments.iter().map(moment_json).collect();
        screen.output(pretty(&json!({ "name": wanted.name, "history": moments }))?)?;
        return Ok(status::SUCCESS);
    }
    let rows: Vec<_> = moments.iter().map(row).collect();
    screen.output(visible(&columns(&rows)).as_bytes())?;
    if before > 0 {
        screen.note(format!("{before} earlier runs; `--all` shows them"));
    }
    Ok(status::SUCCESS)
}

fn row(moment: &Moment) -> [String; 6] {
    let found: Vec<String> =
        moment.told_on.iter().map(|(name, verdict)| format!("{name} after it: {verdict}")).collect();
    let remark = if moment.started == 0 { "not run".to_owned() } else { found.join(", ") };
    [
        local_time(moment.ended_us, moment.utc_offset_seconds),
        moment.verdict.to_string(),
        format!("{:>9}", format!("{:.3} s", moment.seconds)),
        tested(&moment.engine, moment.tool.as_deref()).to_owned(),
        moment.run.clone(),
        remark,
    ]
}

fn moment_json(moment: &Moment) -> Value {
    let found: Vec<Value> =
        moment.told_on.iter().map(|(name, verdict)| json!({ "name": name, "verdict": verdict })).collect();
    json!({
        "run": moment.run,
        "ended": utc_time(moment.ended_us),
        "verdict": moment.verdict,
        "seconds": moment.seconds,
        "engine": moment.engine,
        "tool": moment.tool,
        "started": moment.started,
        "found_after_it": found,
    })
}
