//! The forms in which the list is asked for, and how each is read and compared.

use std::collections::BTreeMap;

use dockertest::prelude::*;
use serde::Deserialize;

use super::age::{age, tells_age, tells_size};
use super::listing::{Entry, Snapshot};

/// The columns of the table.
const COLUMNS: [&str; 5] = ["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"];

/// What the last column was called once.
const OLD_SIZE: &str = "VIRTUAL SIZE";

/// What parts the values in a template.
const SEPARATOR: &str = "|";

/// Tells whether a line is among those that are asked for.
type Choice = Box<dyn Fn(&Entry) -> bool>;

/// A command, and what it must list.
pub(super) struct Query {
    pub(super) words: Vec<String>,
    /// Which of the lines it must list.
    lists: Choice,
    /// Which it may list instead, all of them.
    or_lists: Option<Choice>,
    form: Form,
}

/// How the lines are written.
#[derive(Clone, Copy)]
enum Form {
    Table,
    Template,
    Json,
    /// With so many digits.
    Ids(usize),
}

/// A line as it was printed.
struct Line {
    /// All by which it is told from others.
    key: String,
    id: String,
    /// Age and size, in the table and in JSON.
    more: Option<(String, String)>,
}

/// A line of the JSON form.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Data {
    repository: String,
    tag: String,
    #[serde(rename = "ID")]
    id: String,
    created_since: String,
    size: String,
}

impl Query {
    /// The table, with more words.
    pub(super) fn table(more: &[&str], lists: impl Fn(&Entry) -> bool + 'static) -> Query {
        Query::new(&["--no-trunc"], more, lists, Form::Table)
    }

    pub(super) fn template(lists: impl Fn(&Entry) -> bool + 'static) -> Query {
        let template = ["{{.Repository}}", "{{.Tag}}", "{{.ID}}"].join(SEPARATOR);
        Query::new(&["--no-trunc", "--format"], &[&template], lists, Form::Template)
    }

    pub(super) fn json() -> Query {
        Query::new(&["--no-trunc", "--format"], &["{{json .}}"], |_| true, Form::Json)
    }

    /// Ids only, with so many digits.
    pub(super) fn ids(more: &[&str], digits: usize) -> Query {
        Query::new(&["--quiet"], more, |_| true, Form::Ids(digits))
    }

    fn new(first: &[&str], more: &[&str], lists: impl Fn(&Entry) -> bool + 'static, form: Form) -> Query {
        let words = ["images"].iter().chain(first).chain(more).map(|word| (*word).to_owned()).collect();
        Query { words, lists: Box::new(lists), or_lists: None, form }
    }

    /// The same, which may also list these instead.
    pub(super) fn or(mut self, lists: impl Fn(&Entry) -> bool + 'static) -> Query {
        self.or_lists = Some(Box::new(lists));
        self
    }

    /// Compares what was printed with what the API listed before and after. `once`: lines that are the same are shown
    /// once only.
    pub(super) fn compare(
        &self,
        seen: &Completed,
        (before, after): (&Snapshot, &Snapshot),
        ours: &[String],
        once: bool,
    ) -> Outcome {
        let lines = self.read(seen)?;
        let first = self.compare_lines((seen, &lines), (before, after), &self.lists, once);
        match (&first, &self.or_lists) {
            (Err(_), Some(others)) if self.compare_lines((seen, &lines), (before, after), others, once).is_ok() => {}
            _ => first?,
        }
        if matches!(self.form, Form::Table | Form::Json) {
            tells_more(seen, &lines, (before, after), ours)?;
            in_order(seen, &lines, (before, after))?;
        }
        Ok(())
    }

    /// Compares which lines there are.
    fn compare_lines(
        &self,
        (seen, lines): (&Completed, &[Line]),
        (before, after): (&Snapshot, &Snapshot),
        lists: &dyn Fn(&Entry) -> bool,
        once: bool,
    ) -> Outcome {
        let counts = |snapshot: &Snapshot| {
            let listed = snapshot.entries.iter().filter(|entry| lists(entry));
            count(listed.map(|entry| self.key(entry)), once)
        };
        let (before_counts, after_counts) = (counts(before), counts(after));
        let seen_counts = count(lines.iter().map(|line| line.key.clone()), false);
        let of = |counts: &BTreeMap<String, usize>, key: &str| counts.get(key).copied().unwrap_or(0);
        for key in before_counts.keys().chain(seen_counts.keys()) {
            let (first, last) = (of(&before_counts, key), of(&after_counts, key));
            let shown = of(&seen_counts, key);
            let expected = if first == last { first.to_string() } else { format!("{first} or {last}") };
            let what = format!("`{key}` is listed as often as the engine has it: expected {expected}, seen {shown}");
            seen.check((first.min(last)..=first.max(last)).contains(&shown), what)?;
        }
        Ok(())
    }

    /// All by which this form tells a line from others.
    fn key(&self, entry: &Entry) -> String {
        match self.form {
            Form::Ids(digits) => short(&entry.id, digits),
            Form::Table | Form::Template | Form::Json => key(&entry.repository, &entry.tag, &entry.id),
        }
    }

    fn read(&self, seen: &Completed) -> Outcome<Vec<Line>> {
        let text = seen.stdout_text();
        match self.form {
            Form::Table => table(seen),
            Form::Template => text.lines().map(|line| template(seen, line)).collect(),
            Form::Json => text.lines().map(|line| json(seen, line)).collect(),
            Form::Ids(_) => Ok(text.lines().map(|line| Line::new(line.to_owned(), line)).collect()),
        }
    }
}

impl Line {
    fn new(key: String, id: &str) -> Line {
        Line { key, id: id.to_owned(), more: None }
    }
}

fn key(repository: &str, tag: &str, id: &str) -> String {
    format!("{repository} {tag} {id}")
}

/// The first digits of an id; the whole id, if they are all.
fn short(id: &str, digits: usize) -> String {
    let plain = id.split_once(':').map_or(id, |(_, plain)| plain);
    plain.get(..digits).unwrap_or(id).to_owned()
}

fn count(keys: impl Iterator<Item = String>, once: bool) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for key in keys {
        let count = counts.entry(key).or_insert(0);
        *count = if once { 1 } else { *count + 1 };
    }
    counts
}

fn table(seen: &Completed) -> Outcome<Vec<Line>> {
    let table = seen.table()?;
    let columns: Vec<&str> =
        table.columns().iter().map(|name| if name == OLD_SIZE { COLUMNS[4] } else { name }).collect();
    seen.check_eq(columns.join(", "), COLUMNS.join(", "), "the columns of the table")?;
    let size = table.columns().last().map_or(COLUMNS[4], String::as_str);
    let line = |row: dockertest::engine::Row<'_>| {
        let cell = |name: &str| row.get(name).unwrap_or_default().to_owned();
        let [repository, tag, id, created] = [0, 1, 2, 3].map(|place: usize| cell(COLUMNS[place]));
        Line { key: key(&repository, &tag, &id), id, more: Some((created, cell(size))) }
    };
    Ok(table.rows().map(line).collect())
}

fn template(seen: &Completed, line: &str) -> Outcome<Line> {
    let values: Vec<&str> = line.split(SEPARATOR).collect();
    let [repository, tag, id] = values[..] else {
        seen.check(false, format!("`{line}` has three values, with `{SEPARATOR}` between them"))?;
        return Ok(Line::new(String::new(), ""));
    };
    Ok(Line::new(key(repository, tag, id), id))
}

fn json(seen: &Completed, line: &str) -> Outcome<Line> {
    let data = serde_json::from_str::<Data>(line);
    let problem = data.as_ref().err().map_or(String::new(), ToString::to_string);
    seen.check(
        data.is_ok(),
        format!("`{line}` is a JSON object with `Repository`, `Tag`, `ID`, `CreatedSince` and `Size`: {problem}"),
    )?;
    let data = data?;
    let more = Some((data.created_since, data.size));
    Ok(Line { key: key(&data.repository, &data.tag, &data.id), id: data.id, more })
}

/// Checks the age and size of our images, and that others have some.
fn tells_more(seen: &Completed, lines: &[Line], (before, after): (&Snapshot, &Snapshot), ours: &[String]) -> Outcome {
    for line in lines {
        let Some((created, size)) = &line.more else { continue };
        let name = &line.key;
        seen.check(!created.is_empty() && !size.is_empty(), format!("`{name}` has an age and a size"))?;
        let entry = before.entries.iter().find(|entry| entry.id == line.id);
        let Some(entry) = entry.filter(|entry| ours.contains(&entry.id)) else { continue };
        let (youngest, oldest) = (before.time - entry.created, after.time - entry.created);
        let expected = format!("the age of `{name}` is `{} ago`, seen `{created}`", age(oldest));
        seen.check(tells_age(created, youngest, oldest), expected)?;
        let expected = format!("the size of `{name}` is that of {} bytes, seen `{size}`", entry.size);
        seen.check(tells_size(size, entry.size), expected)?;
    }
    Ok(())
}

/// Checks that the youngest come first.
fn in_order(seen: &Completed, lines: &[Line], (before, after): (&Snapshot, &Snapshot)) -> Outcome {
    let created = |line: &Line| {
        let all = before.entries.iter().chain(&after.entries);
        all.into_iter().find(|entry| entry.id == line.id).map(|entry| entry.created)
    };
    let times: Vec<(i64, &Line)> = lines.iter().filter_map(|line| Some((created(line)?, line))).collect();
    for pair in times.windows(2) {
        let [(first, one), (second, other)] = pair else { continue };
        seen.check(first >= second, format!("`{}`, which is older, does not come before `{}`", one.key, other.key))?;
    }
    Ok(())
}
