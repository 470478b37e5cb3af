//! Instances that the user's commands make, use and remove: the callouts of `[environment]`.
//!
//! | callout | is called | has |
//! | --- | --- | --- |
//! | `instance_provision` | whenever instances are missing | `$INSTANCE_COUNT` |
//! | `instance_execute` | for every list and every step | `$INSTANCE_ID`, `$FILES`, `$COMMAND`, `$QUOTED_COMMAND` |
//! | `instance_dispose` | when instances are not needed any more | `$INSTANCE_IDS` |
//!
//! Each runs as `/bin/sh -c` in the folder of the project, in a process group of its own, so that a Ctrl-C does not reach
//! it, and has its values as environment variables, too.

mod call;
mod concurrency;
mod dispose;
mod execute;
mod ids;
mod quote;
mod records;
mod template;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fs, io};

use super::{Callouts, DisposeFailure, Instance, Provider, ProvisionFailure};
use crate::host::CancelToken;

use call::Call;
pub use concurrency::{ConcurrencyFailure, concurrency};
pub use dispose::{Pruned, dispose_of_kept, kept, prune};
use execute::InCallout;
use records::{Head, Record};
use template::Variable;

/// Where records are kept, below the folder of the project.
const RECORDS: &str = ".dockertest/callouts";

/// How often `instance_provision` is called for one wish, if it makes fewer instances than it is asked for.
const MAX_CALLS: u32 = 10;

/// What marks the processes of a callout that runs in an instance.
const INSTANCE_VARIABLE: &str = "DOCKERTEST_INSTANCE";

/// What marks the processes of a callout that makes instances.
const PROVISION_VARIABLE: &str = "DOCKERTEST_PROVISION";

/// The instances of the user's callouts.
///
/// Every id that a callout prints is on disk before anything else happens, and disposed of whatever happens: also when
/// provisioning fails half-way, and by [`prune`] when this process was killed.
///
/// ```
/// use std::num::NonZeroUsize;
///
/// use dockertest::environment::{Callout, Callouts, Provider};
/// use dockertest::host::CancelToken;
///
/// # let project = tempfile::tempdir()?;
/// # let project = project.path();
/// let callouts = Callouts::new(
///     "for i in $(seq $INSTANCE_COUNT); do mkdir vm-$i && echo vm-$i; done",
///     "cd $INSTANCE_ID && $COMMAND",
///     "rmdir $INSTANCE_IDS",
/// );
/// let provider = Callout::new(callouts, project);
/// let instances = provider.provision(NonZeroUsize::MIN, &CancelToken::new()?)?;
/// assert_eq!(instances[0].id(), "vm-1");
/// assert!(project.join("vm-1").exists());
/// assert_eq!(provider.dispose(instances), []);
/// assert!(!project.join("vm-1").exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Callout {
    shared: Arc<Shared>,
    /// Made to list subtests, and not used since.
    spare: Mutex<Vec<Box<dyn Instance>>>,
}

/// What a provider and its instances have in common.
struct Shared {
    callouts: Callouts,
    folder: PathBuf,
    records: PathBuf,
    tell: Box<dyn Fn(&str) + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    record: Option<Record>,
    /// Instances that have not been disposed of, with a number for each.
    live: BTreeMap<String, u32>,
    made: u32,
    pruned: bool,
    /// What could not be disposed of then.
    left: Vec<DisposeFailure>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { callouts, folder, records, state, .. } = self;
        let mut shown = f.debug_struct("Shared");
        shown.field("callouts", callouts).field("folder", folder).field("records", records).field("state", state);
        shown.finish_non_exhaustive()
    }
}

impl fmt::Debug for Callout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Callout").field(&self.shared).finish()
    }
}

impl Callout {
    /// Instances for a project: callouts run in its `folder`, and records are kept in `.dockertest/callouts` there.
    #[must_use]
    pub fn new(callouts: Callouts, folder: impl Into<PathBuf>) -> Callout {
        Callout::telling(callouts, folder, |_| {})
    }

    /// The same; what callouts say on standard error, and what is odd about them, is told line by line.
    ///
    /// ```
    /// # use std::num::NonZeroUsize;
    /// # use std::sync::mpsc;
    /// # use dockertest::environment::{Callout, Callouts, Provider};
    /// # use dockertest::host::CancelToken;
    /// # let project = tempfile::tempdir()?;
    /// let callouts = Callouts::new("echo booting >&2; echo vm-1", "$COMMAND", "true");
    /// let (tell, told) = mpsc::channel();
    /// let provider = Callout::telling(callouts, project.path(), move |line| tell.send(line.to_owned()).unwrap_or_default());
    /// let instances = provider.provision(NonZeroUsize::MIN, &CancelToken::new()?)?;
    /// assert_eq!(told.recv()?, "instance_provision: booting");
    /// # assert_eq!(provider.dispose(instances), []);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn telling(
        callouts: Callouts,
        folder: impl Into<PathBuf>,
        tell: impl Fn(&str) + Send + Sync + 'static,
    ) -> Callout {
        let folder = folder.into();
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        let records = folder.join(RECORDS);
        let shared = Shared { callouts, folder, records, tell: Box::new(tell), state: Mutex::default() };
        Callout { shared: Arc::new(shared), spare: Mutex::default() }
    }

    /// Leaves its instances alone when this process ends, also when it is killed: somebody else will dispose of them.
    ///
    /// # Errors
    /// That cannot be written down.
    pub fn keep(&self, instances: Vec<Box<dyn Instance>>) -> io::Result<()> {
        let mut state = self.shared.state();
        if let Some(record) = &state.record {
            record.keep()?;
        }
        for instance in &instances {
            state.live.remove(instance.id());
        }
        drop(state);
        drop(instances);
        Ok(())
    }

    fn make(&self, count: NonZeroUsize, cancel: &CancelToken) -> Result<Vec<Box<dyn Instance>>, ProvisionFailure> {
        let ids = match &self.shared.callouts.provision {
            Some(callout) => self.shared.provision(callout, count.get(), cancel)?,
            None => self.shared.take_fixed(count.get())?,
        };
        let instance = |id| Box::new(InCallout::new(id, Arc::clone(&self.shared))) as Box<dyn Instance>;
        Ok(ids.into_iter().map(instance).collect())
    }
}

impl Provider for Callout {
    fn name(&self) -> &'static str {
        "callout"
    }

    fn at_most(&self) -> Option<NonZeroUsize> {
        NonZeroUsize::new(self.shared.callouts.ids.len())
    }

    fn provision(&self, count: NonZeroUsize, cancel: &CancelToken) -> Result<Vec<Box<dyn Instance>>, ProvisionFailure> {
        let mut instances = std::mem::take(&mut *self.spare.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(missing) = NonZeroUsize::new(count.get().saturating_sub(instances.len())) {
            match self.make(missing, cancel) {
                Ok(made) => instances.extend(made),
                Err(failure) if instances.is_empty() => return Err(failure),
                Err(failure) => self.shared.tell(&format!("{failure}\ngoing on with {}", instances.len())),
            }
        }
        Ok(instances)
    }

    fn list(
        &self,
        count: NonZeroUsize,
        cancel: &CancelToken,
        ask: &mut dyn FnMut(&dyn Instance, Duration),
    ) -> Result<(), ProvisionFailure> {
        let limit = self.shared.callouts.limits.execute;
        let limit = if limit.is_zero() { Duration::MAX } else { limit };
        let instances = self.provision(count, cancel)?;
        if let Some(instance) = instances.first() {
            ask(&**instance, limit);
        }
        // One that failed is not used again.
        let fine = instances.into_iter().filter(|instance| instance.problem().is_none());
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).extend(fine);
        Ok(())
    }

    fn dispose_left(&self, names: &[String]) -> Vec<DisposeFailure> {
        // What is not in the records is gone.
        self.shared.prune_once();
        let state = self.shared.state();
        state.left.iter().filter(|failure| names.iter().any(|name| name == failure.instance())).cloned().collect()
    }

    fn dispose(&self, instances: Vec<Box<dyn Instance>>) -> Vec<DisposeFailure> {
        self.shared.dispose(instances.iter().map(|instance| instance.id().to_owned()).collect())
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, line: &str) {
        (self.tell)(line);
    }

    /// Instances of the fixed set that nobody uses.
    fn take_fixed(&self, count: usize) -> Result<Vec<String>, ProvisionFailure> {
        let mut state = self.state();
        let free = self.callouts.ids.iter().filter(|id| !state.live.contains_key(*id));
        let taken: Vec<String> = free.take(count).cloned().collect();
        if taken.is_empty() {
            return Err(ProvisionFailure::new("all instances of `instance_ids` are in use", Vec::new()));
        }
        // How commands end in them is written down there.
        state.record(self).map_err(|error| ProvisionFailure::new(self.unrecorded(&error), Vec::new()))?;
        state.add(&taken);
        Ok(taken)
    }

    /// Calls until there are enough, as long as that makes progress.
    fn provision(&self, callout: &str, wanted: usize, cancel: &CancelToken) -> Result<Vec<String>, ProvisionFailure> {
        self.prune_once();
        let mut ids: Vec<String> = Vec::new();
        for _ in 0..MAX_CALLS {
            let missing = wanted.saturating_sub(ids.len());
            if missing == 0 {
                break;
            }
            let (new, problem) = self.call_provision(callout, missing, cancel);
            let problem = problem.or_else(|| {
                let silent = || format!("`instance_provision` was asked for {missing} and printed no id");
                new.is_empty().then(silent)
            });
            self.state().add(&new);
            let Some(problem) = problem else {
                ids.extend(new);
                continue;
            };
            let problem = with_ids(&problem, &new);
            // Nobody knows in what state they are.
            let mut left = self.dispose(new);
            if ids.is_empty() || cancel.is_cancelled() {
                left.extend(self.dispose(ids));
                let left = left.iter().map(|failure| failure.instance().to_owned()).collect();
                return Err(ProvisionFailure::new(problem, left));
            }
            self.tell(&format!("{problem}\ngoing on with {}", ids.join(", ")));
            break;
        }
        if ids.len() > wanted {
            self.tell(&format!("`instance_provision` was asked for {wanted} and made {}", ids.len()));
        }
        Ok(ids)
    }

    /// Disposes of what killed processes left, before the first instance of our own is made: it may be in the way.
    fn prune_once(&self) {
        if std::mem::replace(&mut self.state().pruned, true) {
            return;
        }
        let pruned = prune(&self.folder, &self.tell).unwrap_or_else(|error| {
            self.tell(&format!("cannot read the records in `{}`: {error}", self.records.display()));
            Vec::new()
        });
        pruned.iter().for_each(|pruned| self.tell(&pruned.to_string()));
        let failure = |pruned: Pruned| Some(DisposeFailure::new(pruned.instance, pruned.problem?));
        self.state().left = pruned.into_iter().filter_map(failure).collect();
    }

    /// One call: the ids that it printed, and what is wrong, if something is.
    fn call_provision(&self, callout: &str, count: usize, cancel: &CancelToken) -> (Vec<String>, Option<String>) {
        let known: BTreeSet<String> = self.state().live.keys().cloned().collect();
        let unwritten = |error: io::Error| (Vec::new(), Some(self.unrecorded(&error)));
        let (file, path, mark) = match self.state().output(self) {
            Ok(output) => output,
            Err(error) => return unwritten(error),
        };
        let count = count.to_string();
        let call = Call {
            name: "instance_provision",
            text: template::expand(callout, &[(Variable::InstanceCount, count.clone())]),
            folder: &self.folder,
            variables: vec![(Variable::InstanceCount.name(), count), (PROVISION_VARIABLE, mark)],
            limit: self.callouts.limits.provision,
            cancel: Some(cancel),
            tell: &self.tell,
        };
        let done = call.printing_to(file);
        let printed = match fs::read(&path) {
            Ok(output) => ids::read(&output, &known),
            Err(error) => return unwritten(error),
        };
        let garbage = printed.problem.map(|problem| format!("`instance_provision`: {problem}"));
        (printed.ids, done.err().map(|failure| failure.to_string()).or(garbage))
    }

    fn unrecorded(&self, error: &io::Error) -> String {
        format!("cannot record instances in `{}`, so there is none: {error}", self.records.display())
    }

    fn head(&self) -> Head {
        Head {
            dispose: self.callouts.dispose.clone(),
            folder: self.folder.clone(),
            dispose_seconds: self.callouts.limits.dispose.as_secs_f64(),
            provision_seconds: self.callouts.limits.provision.as_secs_f64(),
        }
    }
}

impl State {
    fn add(&mut self, ids: &[String]) {
        for id in ids {
            self.made += 1;
            self.live.insert(id.clone(), self.made);
        }
    }

    fn record(&mut self, shared: &Shared) -> io::Result<&mut Record> {
        let record = match self.record.take() {
            Some(record) => record,
            None => Record::create(&shared.records, &shared.head())?,
        };
        Ok(self.record.insert(record))
    }

    /// Where the next call of `instance_provision` prints to, and what marks its processes.
    fn output(&mut self, shared: &Shared) -> io::Result<(fs::File, PathBuf, String)> {
        let record = self.record(shared)?;
        let (file, path) = record.next_output()?;
        Ok((file, path, record.mark()))
    }

    /// What marks the processes of an instance.
    fn mark(&self, id: &str) -> String {
        let mark = self.record.as_ref().map(Record::mark).unwrap_or_else(|| std::process::id().to_string());
        format!("{mark}/{id}")
    }
}

/// What went wrong, with the ids that had been printed in its first line.
fn with_ids(problem: &str, ids: &[String]) -> String {
    let (first, further) = problem.split_once('\n').unwrap_or((problem, ""));
    let printed = if ids.is_empty() { String::new() } else { format!("; it had printed {}", ids.join(", ")) };
    let further = if further.is_empty() { String::new() } else { format!("\n{further}") };
    format!("{first}{printed}{further}")
}

/// Where the records of a project are.
fn records(folder: &Path) -> PathBuf {
    folder.join(RECORDS)
}
