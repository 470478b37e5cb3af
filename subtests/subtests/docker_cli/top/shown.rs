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
    // Before the second look, so that what is the same in both was the same for the command and for the API.
    let asked = ctx.api()?.top(container.id(), &options.join(" "))?;
    let after = look()?;
    let table = seen.table()?;
    let titles = asked.titles.unwrap_or_default();
    seen.check_eq(table.columns().join(" "), titles.join(" "), "the columns")?;
    seen.check_eq(seen.said().join("\n"), "", "standard error")?;
    let mut shown = BTreeMap::new();
    for row in table.rows() {
        let pid: Option<i64> = row.get("PID").and_then(|pid| pid.parse().ok());
        seen.check(
            pid.is_some(),
            format!("each row has a number as PID, seen `{}`", row.get("PID").unwrap_or("nothing")),
        )?;
        let twice = pid.and_then(|pid| shown.insert(pid, row));
        seen.check(twice.is_none(), "each process is shown once")?;
    }
    compare(&seen, &shown, &before, &after)?;
    for (pid, row) in &shown {
        if let Some(process) = same(&before, &after, *pid) {
            compare_row(&seen, &place, *row, *pid, process)?;
        }
    }
    let rows: Vec<Row<'_>> = table.rows().collect();
    let is_same = |pid: i64| same(&before, &after, pid).is_some();
    agree(&seen, &rows, &titles, &asked.processes.unwrap_or_default(), &is_same)?;
    Ok(shown.into_keys().collect())
}

/// What does not change while a process lives is as the engine's API tells it, and so is the order. Its flags (`F`) tell
/// also whether it runs a program of its own yet, so they change when it does.
fn agree(
    seen: &Completed,
    rows: &[Row<'_>],
    titles: &[String],
    processes: &[Vec<String>],
    is_same: &dyn Fn(i64) -> bool,
) -> Outcome {
    const CONSTANT: [&str; 6] = ["PID", "USER", "UID", "PRI", "NI", "TTY"];
    const UNTIL_EXEC: [&str; 1] = ["F"];
    let told_of = |column: &str, process: &Vec<String>| {
        let index = titles.iter().position(|title| title == column)?;
        process.get(index).cloned()
    };
    let by_pid = |pid: &str| processes.iter().find(|process| told_of("PID", process).as_deref() == Some(pid));
    let mut order = Vec::new();
    for row in rows {
        let pid = row.get("PID").unwrap_or_default();
        let Some(process) = by_pid(pid) else { continue };
        order.extend(processes.iter().position(|other| other == process));
        let until_exec = if pid.parse().is_ok_and(is_same) { UNTIL_EXEC.as_slice() } else { &[] };
        for column in CONSTANT.iter().chain(until_exec) {
            if let (Some(shown), Some(told)) = (row.get(column), told_of(column, process)) {
                seen.check_eq(shown, told, format!("{column} of process {pid}"))?;
            }
        }
    }
    seen.check(order.is_sorted(), "the processes come in the order in which `ps` shows them")
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
    let is_foreign =
        |(pid, row): &(&i64, &Row<'_>)| !before.contains_key(pid) && !after.contains_key(pid) && !is_brief(row);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares one row with what the API tells; the flags differ.
    fn flags_differ(is_same: bool) -> Outcome {
        let seen = Completed::new("docker top x all", 0, "F   UID   PID\n1   0     7\n", "");
        let table = seen.table()?;
        let rows: Vec<Row<'_>> = table.rows().collect();
        let words = |words: [&str; 3]| words.map(str::to_owned).to_vec();
        agree(&seen, &rows, &words(["F", "UID", "PID"]), &[words(["0", "0", "7"])], &|_| is_same)
    }

    #[test]
    fn flags_are_compared_unless_another_program_may_have_been_begun() {
        assert!(flags_differ(false).is_ok());
        let failure = flags_differ(true).unwrap_err();
        assert_eq!(failure.reason(), "F of process 7: expected `0`, seen `1`");
    }
}
