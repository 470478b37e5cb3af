//! What `docker top` shows, compared with what there is.

use std::collections::BTreeMap;
use std::fs;

use dockertest::engine::{Container, Place, Row};
use dockertest::outcome::Evidence;
use dockertest::prelude::*;

use super::processes::{Process, Processes, of_namespace};

/// Looks at a container by `docker top`, and checks all that was shown. Gives the numbers of the processes.
pub(super) fn top(ctx: &Context, container: &Container, called: &str, options: &[String]) -> Outcome<Vec<i64>> {
    let place = ctx.place()?;
    let (life, main) = (container.life()?, container.state()?.pid.unwrap_or_default());
    let look = || of_namespace(&place.proc(), main);
    let words = ["top", called].into_iter().map(str::to_owned).chain(options.iter().cloned());
    let before = look()?;
    let seen = ctx.docker(words.collect::<Vec<_>>()).must_pass()?.clean()?;
    container.must_go_on(&life, &seen.command)?;
    let after = look()?;
    let table = seen.table()?;
    let asked = ctx.api()?.top(container.id(), &options.join(" "))?;
    seen.check_eq(table.columns().join(" "), asked.titles.unwrap_or_default().join(" "), "the columns")?;
    seen.check_eq(seen.said().join("\n"), "", "standard error")?;
    let mut shown = BTreeMap::new();
    for row in table.rows() {
        let pid: Option<i64> = row.get("PID").and_then(|pid| pid.parse().ok());
        seen.check(pid.is_some(), format!("each row has a number as PID, seen `{}`", row.get("PID").unwrap_or("nothing")))?;
        let twice = pid.and_then(|pid| shown.insert(pid, row));
        seen.check(twice.is_none(), "each process is shown once")?;
    }
    compare(&seen, &shown, &before, &after)?;
    for (pid, row) in &shown {
        if let Some(process) = same(&before, &after, *pid) {
            compare_row(&seen, &place, *row, *pid, process)?;
        }
    }
    Ok(shown.into_keys().collect())
}

/// A process that ran the same program before and after.
fn same<'p>(before: &'p Processes, after: &Processes, pid: i64) -> Option<&'p Process> {
    before.get(&pid).filter(|process| after.get(&pid) == Some(process))
}

/// All that were there all the time are shown, and nothing that was never there. Only a `sleep` may come and go so fast
/// that it is in neither look, or be done and not yet buried.
fn compare(seen: &Completed, shown: &BTreeMap<i64, Row<'_>>, before: &Processes, after: &Processes) -> Outcome {
    let constant = || before.keys().filter(|pid| same(before, after, **pid).is_some());
    let missing: Vec<i64> = constant().filter(|pid| !shown.contains_key(pid)).copied().collect();
    let is_brief = |row: &Row<'_>| {
        let command = row.get("COMMAND").or(row.get("CMD")).unwrap_or_default();
        before.len() > 1 && (command.starts_with("sleep ") || command.ends_with("<defunct>") || command == "bash")
    };
    let is_foreign = |(pid, row): &(&i64, &Row<'_>)| {
        !before.contains_key(pid) && !after.contains_key(pid) && !is_brief(row)
    };
    let foreign: Vec<i64> = shown.iter().filter(is_foreign).map(|(pid, _)| *pid).collect();
    if missing.is_empty() && foreign.is_empty() {
        return Ok(());
    }
    let list = |processes: &Processes| {
        let one = |(pid, process): (&i64, &Process)| format!("{pid} {}", process.command);
        processes.iter().map(one).collect::<Vec<_>>().join("\n")
    };
    let evidence = Evidence {
        command: Some(seen.command.clone()),
        expected: Some(format!("the processes of the container:\n{}", list(before))),
        seen: Some(seen.stdout_text().into_owned()),
        difference: Some(format!("missing: {missing:?}, of elsewhere: {foreign:?}")),
        ..Evidence::default()
    };
    Err(CheckFailed::new("not the processes of the container are shown", evidence).into())
}

/// What is shown of a process is so, as far as the columns are there.
fn compare_row(seen: &Completed, place: &Place, row: Row<'_>, pid: i64, process: &Process) -> Outcome {
    if let Some(parent) = row.get("PPID") {
        seen.check_eq(parent, process.parent, format!("the parent of process {pid}"))?;
    }
    if let Some(command) = row.get("COMMAND").or(row.get("CMD")) {
        seen.check_eq(command, &process.command, format!("the command of process {pid}"))?;
    }
    match row.get("USER").or(row.get("UID")) {
        Some(user) if user != process.user.to_string() => {
            seen.check_eq(user, user_name(place, process.user), format!("the owner of process {pid}"))
        }
        _ => Ok(()),
    }
}

/// The name of a user where the engine lives; the number if there is none. `ps` cuts what is long.
fn user_name(place: &Place, user: u32) -> String {
    let users = fs::read_to_string(place.path("/etc/passwd")).unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == user.to_string()).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| user.to_string())
}
