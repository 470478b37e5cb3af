//! A table of containers, and what a row of it must say.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use dockertest::engine::{Api, Row, Table};
use dockertest::prelude::*;

use super::human;

/// The columns without `--size`, in order.
const COLUMNS: [&str; 7] = ["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"];

/// What `ps` printed, and when.
pub(super) struct Listed {
    pub(super) seen: Completed,
    table: Table,
    /// Seconds of the clock before and after.
    times: (u64, u64),
}

/// What is known of a container.
pub(super) struct Known {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) image: String,
    pub(super) words: Vec<String>,
    /// Seconds of the clock.
    pub(super) created: u64,
    pub(super) state: State,
    /// Bytes of its own, and with those of its image.
    pub(super) sizes: Option<(u64, u64)>,
}

/// What a container does, and since when (seconds of the clock).
pub(super) enum State {
    Created,
    Up(u64),
    Exited(i64, u64),
}

pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

impl Listed {
    /// Runs `docker ps` with these options. Where all are listed, they are compared with what the API lists before and
    /// after: others may come and go meanwhile.
    pub(super) fn ask(ctx: &Context, options: &[&str]) -> Outcome<Self> {
        let api = ctx.api()?;
        let before = Ids::of(&api)?;
        let from = now();
        let words = ["ps"].iter().chain(options);
        // A stranger's command may read like a crash, so that standard output is not searched for one.
        let seen = ctx.docker(words.copied()).run()?;
        seen.check(seen.status.success(), "the exit status is 0")?;
        let times = (from, now());
        let after = Ids::of(&api)?;
        seen.check_eq(seen.said().join("\n"), "", "standard error")?;
        let table = seen.table()?;
        let listed = Listed { seen, table, times };
        let mut columns = COLUMNS.to_vec();
        if options.contains(&"--size") {
            columns.push("SIZE");
        }
        listed.seen.check_eq(listed.table.columns().join(", "), columns.join(", "), "the columns of the table")?;
        listed.has_all(&before, &after, options)?;
        Ok(listed)
    }

    /// Whether each container is there once that was there all the time, and none that was not.
    fn has_all(&self, before: &Ids, after: &Ids, options: &[&str]) -> Outcome {
        let ids: Vec<&str> = self.table.rows().filter_map(|row| row.get("CONTAINER ID")).collect();
        let length = if options.contains(&"--no-trunc") { 64 } else { 12 };
        let short = |id: &String| id.get(..length).unwrap_or(id).to_owned();
        let set: BTreeSet<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        self.seen.check(set.len() == ids.len(), "no container is listed twice")?;
        let of = |ids: &Ids| {
            let chosen = if options.contains(&"--all") { &ids.all } else { &ids.running };
            chosen.iter().map(short).collect::<BTreeSet<String>>()
        };
        let (before, after) = (of(before), of(after));
        let missing: Vec<String> = before.intersection(&after).filter(|id| !set.contains(*id)).cloned().collect();
        self.seen.check(missing.is_empty(), format!("every container is listed, missing {}", missing.join(", ")))?;
        let strange: Vec<&String> = set.iter().filter(|id| !before.contains(*id) && !after.contains(*id)).collect();
        self.seen.check(strange.is_empty(), format!("only containers are listed that are there, not {strange:?}"))
    }

    pub(super) fn check_absent(&self, known: &Known) -> Outcome {
        let is_listed =
            self.position(&known.id).is_some() || self.table.rows().any(|row| row.get("NAMES") == Some(&known.name));
        self.seen.check(!is_listed, format!("the container {} is not listed", known.name))
    }

    /// Docker lists the newest first, podman last.
    pub(super) fn check_order(&self, newer: &Known, older: &Known, is_podman: bool) -> Outcome {
        let (first, last) = if is_podman { (older, newer) } else { (newer, older) };
        let is_right = self.position(&first.id) < self.position(&last.id);
        let promise = format!("{} is listed before {}, as {} is older", first.name, last.name, older.name);
        self.seen.check(is_right, promise)
    }

    fn position(&self, id: &str) -> Option<usize> {
        self.table
            .rows()
            .position(|row| row.get("CONTAINER ID").is_some_and(|shown| !shown.is_empty() && id.starts_with(shown)))
    }

    /// The container's row says what is known of it.
    pub(super) fn check_row(&self, known: &Known, is_podman: bool) -> Outcome {
        let Some(row) = self.position(&known.id).and_then(|place| self.table.rows().nth(place)) else {
            return self.seen.check(false, format!("the container {} ({}) is listed", known.name, known.id));
        };
        let cell = |column: &str| row.get(column).unwrap_or_default().to_owned();
        let same = |column: &str, expected: &str| {
            self.seen.check_eq(cell(column), expected, format!("`{column}` of {}", known.name))
        };
        let is_whole = row_is_whole(row);
        same("CONTAINER ID", if is_whole { &known.id } else { &known.id[..12] })?;
        same("NAMES", &known.name)?;
        same("PORTS", "")?;
        same("IMAGE", &known.image)?;
        let mut commands = vec![command(&known.words, is_whole, is_podman)];
        if is_podman && known.words.first().is_some_and(|word| word == PODMAN_INIT) {
            // Podman's API tells of its init until the container has been tidied up, and the table of 5.8 never does.
            let own: Vec<String> = known.words.iter().skip(1).skip_while(|word| *word == "--").cloned().collect();
            commands.push(command(&own, is_whole, is_podman));
        }
        self.one_of(&cell("COMMAND"), &commands, "COMMAND", known)?;
        self.one_of(&cell("CREATED"), &self.ages(known.created, "", " ago"), "CREATED", known)?;
        let status = match known.state {
            State::Created => vec!["Created".to_owned()],
            State::Up(since) => {
                let mut ages = self.ages(since, "Up ", "");
                if is_podman {
                    // Until version 5.
                    ages.extend(self.ages(since, "Up ", " ago"));
                }
                ages
            }
            State::Exited(status, since) => self.ages(since, &format!("Exited ({status}) "), " ago"),
        };
        self.one_of(&cell("STATUS"), &status, "STATUS", known)?;
        match (&known.sizes, row.get("SIZE")) {
            (Some((own, all)), Some(shown)) => {
                let expected = format!("{} (virtual {})", human::size(*own), human::size(*all));
                self.seen.check_eq(shown, expected, format!("`SIZE` of {}", known.name))
            }
            _ => Ok(()),
        }
    }

    /// What an age may read at the time of the command: it took a while.
    fn ages(&self, since: u64, before: &str, after: &str) -> Vec<String> {
        // The engine cuts the fraction of a second off one time or of the other.
        let (from, to) = (self.times.0.saturating_sub(since + 1), self.times.1.saturating_sub(since));
        (from..=to).map(|seconds| format!("{before}{}{after}", human::duration(seconds))).collect()
    }

    fn one_of(&self, seen: &str, expected: &[String], column: &str, known: &Known) -> Outcome {
        if expected.iter().any(|expected| expected == seen) {
            return Ok(());
        }
        self.seen.check_eq(seen, expected.join("` or `"), format!("`{column}` of {}", known.name))
    }
}

fn row_is_whole(row: Row<'_>) -> bool {
    row.get("CONTAINER ID").is_some_and(|id| id.len() > 12)
}

/// What podman puts before the command of a container that has an init.
const PODMAN_INIT: &str = "/run/podman-init";

/// Docker writes a word with blanks between quotes, cuts the whole after 20 characters, and puts it between quotes.
fn command(words: &[String], is_whole: bool, is_podman: bool) -> String {
    if is_podman {
        let all = words.join(" ");
        return if is_whole || all.chars().count() <= 20 {
            all
        } else {
            format!("{}...", all.chars().take(17).collect::<String>())
        };
    }
    let quoted = words.iter().map(|word| if word.contains(' ') { format!("'{word}'") } else { word.clone() });
    let all = quoted.collect::<Vec<_>>().join(" ");
    let shown = if is_whole || all.chars().count() <= 20 {
        all
    } else {
        format!("{}…", all.chars().take(19).collect::<String>())
    };
    format!("\"{shown}\"")
}

/// The containers that the API lists.
struct Ids {
    all: BTreeSet<String>,
    running: BTreeSet<String>,
}

impl Ids {
    fn of(api: &Api) -> Outcome<Self> {
        let ids =
            |all| Ok::<_, Failure>(api.containers(all)?.into_iter().filter_map(|container| container.id).collect());
        Ok(Ids { all: ids(true)?, running: ids(false)? })
    }
}
