//! Disposing of instances: those that this process made, and those of processes that were killed.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::call::{Call, Tell};
use super::quote;
use super::records::{Head, Record};
use super::template::{self, Variable};
use super::{INSTANCE_VARIABLE, PROVISION_VARIABLE, Shared, records};
use crate::environment::DisposeFailure;
use crate::host::kill_with_variable;

/// How many bytes of ids go into one call: far below what the system accepts.
const MAX_BYTES: usize = 64 << 10;

/// How often an id is tried by itself.
const TRIES: u32 = 2;

/// How to call `instance_dispose`.
struct Disposal<'a> {
    /// Nothing: instances are kept.
    callout: Option<&'a str>,
    folder: &'a Path,
    limit: Duration,
    tell: Tell<'a>,
}

/// What came of it.
#[derive(Default)]
struct Disposed {
    /// Nothing is left of them.
    gone: Vec<String>,
    left: Vec<DisposeFailure>,
}

impl Disposal<'_> {
    /// Disposes of all: together, and if that fails one by one.
    fn all(&self, mut ids: Vec<String>) -> Disposed {
        ids.sort();
        let mut done = Disposed::default();
        let Some(callout) = self.callout else { return Disposed { gone: ids, ..done } };
        for chunk in chunks(ids) {
            // One that is alone is tried like each of many.
            if chunk.len() > 1 {
                match self.call(callout, &chunk) {
                    Ok(()) => {
                        done.gone.extend(chunk);
                        continue;
                    }
                    Err(text) => (self.tell)(&format!("{text}\nnow one by one")),
                }
            }
            for id in chunk {
                match self.one(callout, &id) {
                    Ok(()) => done.gone.push(id),
                    Err(text) => done.left.push(DisposeFailure::new(id, text)),
                }
            }
        }
        done
    }

    fn one(&self, callout: &str, id: &String) -> Result<(), String> {
        let mut done = Ok(());
        for _ in 0..TRIES {
            done = self.call(callout, std::slice::from_ref(id));
            if done.is_ok() {
                break;
            }
        }
        done
    }

    fn call(&self, callout: &str, ids: &[String]) -> Result<(), String> {
        let words = quote::words(ids.iter().map(String::as_str));
        let call = Call {
            name: "instance_dispose",
            text: template::expand(callout, &[(Variable::InstanceIds, words)]),
            folder: self.folder,
            variables: vec![(Variable::InstanceIds.name(), ids.join(" "))],
            limit: self.limit,
            cancel: None,
            tell: self.tell,
        };
        call.told().map_err(|failure| failure.to_string())
    }
}

/// At most so many that they fit into one call.
fn chunks(ids: Vec<String>) -> Vec<Vec<String>> {
    let mut chunks: Vec<Vec<String>> = Vec::new();
    let mut bytes = 0;
    for id in ids {
        bytes += quote::word(&id).len() + 1;
        match chunks.last_mut() {
            Some(chunk) if bytes <= MAX_BYTES => chunk.push(id),
            _ => {
                bytes = quote::word(&id).len() + 1;
                chunks.push(vec![id]);
            }
        }
    }
    chunks
}

impl Shared {
    /// Disposes of those that have not been disposed of. It is never asked for none, and never while a command of ours
    /// is still going on in one.
    pub(super) fn dispose(&self, ids: Vec<String>) -> Vec<DisposeFailure> {
        let mut wanted = Vec::new();
        {
            let state = self.state();
            wanted.extend(ids.into_iter().filter(|id| state.live.contains_key(id)).map(|id| (state.mark(&id), id)));
        }
        if wanted.is_empty() {
            return Vec::new();
        }
        for (mark, id) in &wanted {
            for process in kill_with_variable(INSTANCE_VARIABLE, mark) {
                self.tell(&format!("killed before its instance `{id}` is disposed of: {process}"));
            }
        }
        let is_fixed = self.callouts.provision.is_none();
        let disposal = Disposal {
            callout: self.callouts.dispose.as_deref(),
            folder: &self.folder,
            limit: self.callouts.limits.dispose,
            tell: &self.tell,
        };
        let Disposed { gone, left } = disposal.all(wanted.into_iter().map(|(_, id)| id).collect());
        let mut state = self.state();
        // What could not be disposed of is left to a later start, by its record.
        for id in gone.iter().map(String::as_str).chain(left.iter().map(DisposeFailure::instance)) {
            state.live.remove(id);
        }
        if let Some(record) = state.record.as_ref().filter(|_| !is_fixed)
            && let Err(error) = record.disposed(&gone)
        {
            self.tell(&format!("cannot record in `{}` what is disposed of: {error}", record.path().display()));
        }
        left
    }
}

impl Drop for Shared {
    /// Nobody has an instance of it any more.
    fn drop(&mut self) {
        if let Some(record) = self.state().record.take()
            && let Err(error) = record.remove_if_empty()
        {
            (self.tell)(&format!("cannot remove `{}`: {error}", record.path().display()));
        }
    }
}

/// What was done about instances of a process that was killed.
///
/// ```
/// use dockertest::environment::prune_callouts;
///
/// # let project = tempfile::tempdir()?;
/// assert_eq!(prune_callouts(project.path(), &|_| {})?, []);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pruned {
    /// The instance.
    pub instance: String,
    /// Why it is left, if it is.
    pub problem: Option<String>,
}

impl fmt::Display for Pruned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            None => write!(f, "disposed of the instance `{}`, which an earlier run left", self.instance),
            Some(problem) => {
                write!(f, "the instance `{}`, which an earlier run left, is still there: {problem}", self.instance)
            }
        }
    }
}

/// Disposes of instances of callouts that processes left which were killed, as their records in the folder of the project
/// say. What a living process uses is left alone, and what is [kept](super::Callout::keep), too. What callouts say is told.
///
/// # Errors
/// The records cannot be read.
pub fn prune(folder: &Path, tell: Tell<'_>) -> io::Result<Vec<Pruned>> {
    let mut done = Vec::new();
    for (record, head) in Record::orphans(&records(folder), tell)? {
        done.extend(prune_one(&record, &head, tell)?);
        record.remove_if_empty()?;
    }
    Ok(done)
}

/// The ids of instances that were [kept](super::Callout::keep) in the folder of a project.
///
/// # Errors
/// The records cannot be read.
///
/// ```
/// use dockertest::environment::kept_callouts;
///
/// # let project = tempfile::tempdir()?;
/// assert!(kept_callouts(project.path())?.is_empty());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn kept(folder: &Path) -> io::Result<Vec<String>> {
    let mut ids = Vec::new();
    for (record, _) in Record::kept(&records(folder), &|_| {})? {
        ids.extend(record.ids()?);
    }
    ids.sort();
    Ok(ids)
}

/// Disposes of instances that were [kept](super::Callout::keep), by their ids. Those that are not there are passed over.
///
/// # Errors
/// The records cannot be read.
///
/// ```
/// use dockertest::environment::dispose_of_kept_callouts;
///
/// # let project = tempfile::tempdir()?;
/// assert_eq!(dispose_of_kept_callouts(project.path(), &["vm-1".to_owned()], &|_| {})?, []);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn dispose_of_kept(folder: &Path, ids: &[String], tell: Tell<'_>) -> io::Result<Vec<Pruned>> {
    let mut done = Vec::new();
    for (record, head) in Record::kept(&records(folder), tell)? {
        let wanted = record.ids()?.into_iter().filter(|id| ids.contains(id)).collect();
        done.extend(dispose_of(wanted, &record, &head, tell)?);
        record.remove_if_empty()?;
    }
    Ok(done)
}

fn limit(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

fn prune_one(record: &Record, head: &Head, tell: Tell<'_>) -> io::Result<Vec<Pruned>> {
    // It may be making an instance just now, of which nobody would know if it were killed.
    if !record.await_outputs(limit(head.provision_seconds))? {
        for process in kill_with_variable(PROVISION_VARIABLE, &record.mark()) {
            tell(&format!("killed what an earlier run left of `instance_provision`: {process}"));
        }
    }
    dispose_of(record.ids()?, record, head, tell)
}

fn dispose_of(ids: Vec<String>, record: &Record, head: &Head, tell: Tell<'_>) -> io::Result<Vec<Pruned>> {
    for id in &ids {
        for process in kill_with_variable(INSTANCE_VARIABLE, &format!("{}/{id}", record.mark())) {
            tell(&format!("killed what an earlier run left in the instance `{id}`: {process}"));
        }
    }
    let limit = limit(head.dispose_seconds);
    let disposal = Disposal { callout: head.dispose.as_deref(), folder: &head.folder, limit, tell };
    let Disposed { gone, left } = disposal.all(ids);
    record.disposed(&gone)?;
    let gone = gone.into_iter().map(|instance| Pruned { instance, problem: None });
    let left = left
        .into_iter()
        .map(|failure| Pruned { instance: failure.instance().to_owned(), problem: Some(failure.reason().to_owned()) });
    Ok(gone.chain(left).collect())
}
