//! The processes of a container as the kernel knows them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use dockertest::prelude::*;

/// A process, by what does not change while it runs a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) parent: i64,
    pub(super) command: String,
    pub(super) user: u32,
    started_ticks: u64,
}

/// Processes by their numbers.
pub(super) type Processes = BTreeMap<i64, Process>;

/// All that live in the same process namespace as this one. `proc` is the `/proc` of where the engine lives.
pub(super) fn of_namespace(proc: &Path, main: i64) -> Outcome<Processes> {
    let namespace = |pid: i64| fs::read_link(proc.join(format!("{pid}/ns/pid")));
    let wanted = namespace(main)?;
    let mut found = Processes::new();
    for entry in fs::read_dir(proc)? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        // One that ends meanwhile is none of them.
        if namespace(pid).is_ok_and(|namespace| namespace == wanted)
            && let Some(process) = look(&proc.join(&name))
        {
            found.insert(pid, process);
        }
    }
    Ok(found)
}

fn look(folder: &Path) -> Option<Process> {
    let stat = fs::read_to_string(folder.join("stat")).ok()?;
    let (parent, started_ticks) = parse_stat(&stat)?;
    let command = fs::read(folder.join("cmdline")).ok()?;
    let words: Vec<_> = command.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
    let status = fs::read_to_string(folder.join("status")).ok()?;
    let user = status.lines().find_map(|line| line.strip_prefix("Uid:"))?.split_whitespace().nth(1)?.parse().ok()?;
    Some(Process { parent, command: words.join(" ").trim_end().to_owned(), user, started_ticks })
}

/// The parent and the start of `PID (NAME) STATE PPID …`; the name may hold anything.
fn parse_stat(stat: &str) -> Option<(i64, u64)> {
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    Some((fields.get(1)?.parse().ok()?, fields.get(19)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let stat = "7 (a) S 1 ) S 3 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1 2 3";
        assert_eq!(parse_stat(stat), Some((3, 987_654)));
        assert_eq!(parse_stat("7"), None);
    }

    #[test]
    fn we_are_in_our_own_namespace() {
        let own = i64::from(std::process::id());
        let found = of_namespace(Path::new("/proc"), own).unwrap();
        let command = std::env::args().collect::<Vec<_>>().join(" ");
        assert_eq!(found[&own].command, command.trim_end());
    }
}
