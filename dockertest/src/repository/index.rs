//! The index: a line for each run that has stopped, appended under a lock.
//!
//! It holds nothing that the journals do not tell; so whatever happens to it, it is made again.
//! Only of runs whose journals are gone it is the last word. The lines of those whose journals were removed on purpose are in
//! a file of their own, the archive.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::failure::RepositoryFailure;
use super::line::{Row, encode};
use super::store;
use super::summary::{Gathering, RunIs, RunSummary, Summary};
use crate::journal;
use crate::report::Totals;
use crate::verdict::Verdict;

/// The number is that of the format: a program leaves an index of another format alone and makes its own.
const INDEX: &str = "index-1";
const ARCHIVE: &str = "archive-1";
const LOCK: &str = "lock";

/// All runs, oldest first.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) text: String,
    pub(super) rows: Vec<Row>,
}

/// An index as it is found.
struct Found {
    index: Index,
    /// The first line that is damaged, counted from 1.
    damaged: Option<usize>,
}

/// Reads the index. What it lacks is taken from the journals, and it is made again if it is damaged; `notes` tells.
pub(super) fn load(repository: &Path, notes: &mut Vec<String>) -> Result<Index, RepositoryFailure> {
    let found = read(repository)?;
    let keys = keys(repository)?;
    if found.damaged.is_none() && missing(repository, &found.index, &keys).is_empty() {
        return Ok(found.index.without_forgotten(repository, keys));
    }
    let lock = match lock(repository) {
        Ok(lock) => Some(lock),
        // Somebody else's repository that can only be looked at.
        Err(RepositoryFailure::Io { source, .. }) if is_closed(&source) => None,
        Err(failure) => return Err(failure),
    };
    // Another process may have done it meanwhile.
    let (found, keys) = (read(repository)?, self::keys(repository)?);
    let places = found.index.places();
    let mut index = found.index;
    if let Some(line) = found.damaged {
        index.rows.retain(|row| row.archived);
        notes.push(format!(
            "the index of `{}` was damaged in line {line}: it was made again from {} journals",
            repository.display(),
            keys.len()
        ));
    }
    let missing = missing(repository, &index, &keys);
    let lines = take_in(repository, &index, &missing, &places, notes);
    if lock.is_some() {
        if found.damaged.is_some() { replace(repository, &lines) } else { append(repository, INDEX, &lines) }?;
    }
    index.add(&lines);
    Ok(index.without_forgotten(repository, keys))
}

/// Writes the line of a run that has stopped.
pub(super) fn record(repository: &Path, summary: &Summary, bytes: u64) -> Result<(), RepositoryFailure> {
    let lock = lock(repository)?;
    write_line(repository, summary, bytes, &lock)
}

/// The same for whoever has the lock.
pub(super) fn write_line(
    repository: &Path,
    summary: &Summary,
    bytes: u64,
    _lock: &File,
) -> Result<(), RepositoryFailure> {
    append(repository, INDEX, &encode(summary, bytes))
}

/// What the index has at this moment.
pub(super) fn present(repository: &Path) -> Result<Index, RepositoryFailure> {
    Ok(read(repository)?.index.without_forgotten(repository, keys(repository)?))
}

/// Removes the journals of all complete runs but the last `count`, once their lines are safe in the archive.
pub(super) fn archive(repository: &Path, count: usize) -> Result<usize, RepositoryFailure> {
    let _lock = lock(repository)?;
    let Found { index, .. } = read(repository)?;
    let kept: HashSet<String> = keys(repository)?.into_iter().collect();
    let with_journal: Vec<&Row> = index.rows.iter().filter(|row| kept.contains(row.run(&index.text))).collect();
    let old = &with_journal[..with_journal.len().saturating_sub(count)];
    let old: Vec<&&Row> = old.iter().filter(|row| row.state == RunIs::Complete).collect();
    if old.is_empty() {
        return Ok(0);
    }
    let lines: String = old.iter().flat_map(|row| [row.line(&index.text), "\n"]).collect();
    append(repository, ARCHIVE, &lines)?;
    let path = repository.join(ARCHIVE);
    File::open(&path).and_then(|file| file.sync_all()).map_err(RepositoryFailure::io("write", &path))?;
    for row in &old {
        let journal = store::journal(repository, row.run(&index.text));
        fs::remove_file(&journal).map_err(RepositoryFailure::io("remove", &journal))?;
    }
    Ok(old.len())
}

impl Index {
    /// Takes in lines that are known to be whole.
    fn add(&mut self, lines: &str) {
        let start = self.text.len();
        self.text.push_str(lines);
        self.parse(start, false);
        self.sort();
    }

    /// Parses the text from `start` on; gives back the number of the first damaged line.
    fn parse(&mut self, start: usize, archived: bool) -> Option<usize> {
        let (mut begin, mut damaged) = (start, None);
        // What is behind the last line end is being written by somebody, or was torn.
        for (number, end) in memchr::memchr_iter(b'\n', &self.text.as_bytes()[start..]).enumerate() {
            let end = start + end;
            match Row::parse(&self.text[begin..end], begin, archived) {
                Some(row) => self.rows.push(row),
                None => damaged = damaged.or(Some(number + 1)),
            }
            begin = end + 1;
        }
        damaged
    }

    /// Of several lines of one run the last one counts. Runs are put in order of their beginning.
    fn sort(&mut self) {
        let Index { text, rows } = self;
        let mut kept: Vec<Row> = Vec::with_capacity(rows.len());
        let mut places: HashMap<&str, usize> = HashMap::with_capacity(rows.len());
        for row in rows.drain(..) {
            match places.entry(row.run(text)) {
                Entry::Vacant(free) => {
                    free.insert(kept.len());
                    kept.push(row);
                }
                Entry::Occupied(place) => {
                    let archived = kept[*place.get()].archived || row.archived;
                    kept[*place.get()] = row.with_archived(archived);
                }
            }
        }
        kept.sort_by(|a, b| (a.started_us, a.run(text)).cmp(&(b.started_us, b.run(text))));
        *rows = kept;
    }

    /// Where the results of each run were written.
    fn places(&self) -> HashMap<String, PathBuf> {
        let summaries = self.rows.iter().filter_map(|row| row.summary(&self.text));
        summaries.map(|run| (run.run, run.results)).collect()
    }

    /// Whoever removes a journal wants the run to be forgotten, unless its line was put into the archive before.
    fn without_forgotten(mut self, repository: &Path, keys: Vec<String>) -> Index {
        let keys: HashSet<String> = keys.into_iter().collect();
        let Index { text, rows } = &mut self;
        rows.retain_mut(|row| {
            let run = row.run(text);
            let is_known = keys.contains(run);
            let stays = is_known || row.archived;
            row.archived =
                !is_known || (row.state == RunIs::CutOff && store::is_gone(&store::journal(repository, run)));
            stays
        });
        self
    }

    /// The run that was loaded from reports with this digest. Of several, as when the former one is in the archive, one of
    /// whole suites.
    pub(super) fn loaded_from(&self, digest: &str) -> Option<RunSummary> {
        // Few lines have it, so few heads are parsed.
        let rows = self.rows.iter().filter(|row| row.line(&self.text).contains(digest));
        let runs = rows.filter_map(|row| row.summary(&self.text));
        let loaded = |run: &RunSummary| run.loaded.clone().filter(|it| it.digest == digest);
        runs.filter_map(|run| Some((loaded(&run)?.complete, run))).max_by_key(|(complete, _)| *complete).map(|it| it.1)
    }

    /// The row of a run.
    pub(super) fn row(&self, run: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.run(&self.text) == run)
    }
}

/// Reads the archive and the index.
fn read(repository: &Path) -> Result<Found, RepositoryFailure> {
    let mut index = Index::default();
    let mut damaged = None;
    for (name, archived) in [(ARCHIVE, true), (INDEX, false)] {
        let path = repository.join(name);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            result => result.map_err(RepositoryFailure::io("read", &path))?,
        };
        let start = index.text.len();
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        if start == 0 {
            index.text = text; // it is large, as a rule, and not copied
        } else {
            index.text.push_str(&text);
        }
        // Of the archive, whose lines nothing can give back, all that can be read is taken.
        let bad = index.parse(start, archived);
        damaged = damaged.or(bad.filter(|_| !archived));
        if archived && !index.text.is_empty() && !index.text.ends_with('\n') {
            index.text.push('\n');
        }
    }
    index.sort();
    Ok(Found { index, damaged })
}

/// The runs whose journals say more than the index does, and that nobody is writing; and those that are said to go on and
/// whose journals are gone.
fn missing(repository: &Path, index: &Index, keys: &[String]) -> Vec<String> {
    let known: HashMap<&str, &Row> = index.rows.iter().map(|row| (row.run(&index.text), row)).collect();
    let says_more = |key: &str| {
        let row = known.get(key);
        // A complete run never changes, so only others are looked at.
        if row.is_some_and(|row| row.state == RunIs::Complete) {
            return false;
        }
        let journal = store::journal(repository, key);
        let is_said_to_go_on = |row: &&Row| row.state == RunIs::Running;
        let news = |row: &&Row| is_said_to_go_on(row) || store::length(&journal) != Some(row.bytes);
        match store::length(&journal) {
            Some(_) => row.is_none_or(news) && !store::is_held(&journal),
            None => row.is_some_and(is_said_to_go_on) && store::is_gone(&journal),
        }
    };
    let mut missing: Vec<String> = keys.iter().filter(|key| says_more(key)).cloned().collect();
    missing.sort();
    missing
}

/// Makes the lines of runs that the index lacks. `places` tells where results were written, as far as that is known: a
/// journal tells only where its run began, and one that was loaded has no such place.
fn take_in(
    repository: &Path,
    index: &Index,
    missing: &[String],
    places: &HashMap<String, PathBuf>,
    notes: &mut Vec<String>,
) -> String {
    let mut lines = String::new();
    for key in missing {
        let path = store::journal(repository, key);
        let Some(bytes) = store::length(&path) else {
            if let Some((row, said)) = index.row(key).and_then(|row| Some((row, row.whole(&index.text)?))) {
                notes.push(format!("the process of run {key} is gone, and its journal with its results"));
                lines.push_str(&encode(&said.cut_off(), row.bytes));
            }
            continue;
        };
        let link = fs::read_link(&path).ok().and_then(|journal| journal.parent().map(Path::to_owned));
        let place = link.or_else(|| places.get(key).cloned());
        let summary = match journal::read(&path) {
            Ok(reading) => {
                let gathering = Gathering::of(&reading.records);
                let place = place.as_deref().or(gathering.results()).unwrap_or(Path::new(""));
                match gathering.summary(place) {
                    Some(summary) => summary,
                    // Cut off before its first record was whole: nothing was run.
                    None => continue,
                }
            }
            Err(failure) => {
                notes.push(format!("a run cannot be read: {failure}"));
                unreadable(key, &failure.to_string())
            }
        };
        if summary.run.state == RunIs::CutOff {
            notes.push(format!("the process of run {key} is gone; what its journal tells was taken in"));
        }
        // Where that is not possible, the link stays for another time.
        let _ = store::keep(repository, key);
        lines.push_str(&encode(&summary, bytes));
    }
    lines
}

fn unreadable(key: &str, why: &str) -> Summary {
    let run = RunSummary {
        run: key.to_owned(),
        state: RunIs::Unreadable,
        reason: Some(why.to_owned()),
        verdict: Verdict::Error,
        started_us: 0,
        seconds: 0.0,
        utc_offset_seconds: 0,
        engine: String::new(),
        results: PathBuf::new(),
        args: Vec::new(),
        matrix: None,
        planned: 0,
        totals: Totals::default(),
        loaded: None,
        has_journal: true,
    };
    Summary { run, steps: Vec::new(), only_intratests: false }
}

pub(super) fn lock(repository: &Path) -> Result<File, RepositoryFailure> {
    let path = repository.join(LOCK);
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    file.and_then(|file| file.lock().map(|()| file)).map_err(RepositoryFailure::io("lock", &path))
}

/// Whether the system will not have it, and waiting or freeing space changes nothing.
fn is_closed(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// Appends whole lines; whoever calls has the lock. A torn end, left by a process that was killed, is cut off.
fn append(repository: &Path, name: &str, lines: &str) -> Result<(), RepositoryFailure> {
    let path = repository.join(name);
    let write = || {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        let end = whole_end(&mut file)?;
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
        file.write_all(lines.as_bytes())
    };
    if lines.is_empty() { Ok(()) } else { write().map_err(RepositoryFailure::io("write", &path)) }
}

/// Where the last whole line of a file ends.
fn whole_end(file: &mut File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    if length == 0 {
        return Ok(0);
    }
    file.seek(SeekFrom::Start(length - 1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    if last == *b"\n" {
        return Ok(length);
    }
    let mut text = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut text)?;
    Ok(memchr::memrchr(b'\n', &text).map_or(0, |end| end as u64 + 1))
}

/// Puts another index in the place of one that is damaged; whoever calls has the lock.
fn replace(repository: &Path, lines: &str) -> Result<(), RepositoryFailure> {
    let (path, temporary) = (repository.join(INDEX), repository.join(format!(".{INDEX}")));
    let written = fs::write(&temporary, lines).and_then(|()| fs::rename(&temporary, &path));
    written.map_err(RepositoryFailure::io("write", &path))
}

fn keys(repository: &Path) -> Result<Vec<String>, RepositoryFailure> {
    store::keys(repository).map_err(RepositoryFailure::io("list the runs of", repository))
}
