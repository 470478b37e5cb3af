//! How a run is to be carried out.

use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::environment::Provider;
use crate::journal::Invocation;
use crate::version::ApiVersion;

/// How a run is to be carried out.
#[derive(Debug)]
pub(super) struct Options {
    /// What was asked for, as typed, with the true values of secrets; the journal gets them masked.
    pub(super) invocation: Invocation,
    pub(super) results: PathBuf,
    /// The folder that keeps each subtest's source folder between runs.
    pub(super) state: PathBuf,
    pub(super) documentation: Option<ApiVersion>,
    /// In a resume: whether a step that was cut off is run again.
    pub(super) retry_interrupted: bool,
    pub(super) provider: Arc<dyn Provider>,
    /// How many steps may run at a time.
    pub(super) jobs: NonZeroUsize,
    /// How long subtests took before, by name.
    pub(super) durations: BTreeMap<String, Duration>,
    pub(super) grouping: Option<Grouping>,
    /// By which number the subtests are put in another order.
    pub(super) shuffle: Option<u64>,
    /// Names of the invocation's arguments that need not be there.
    pub(super) passed_over: HashSet<String>,
    /// Whether all subtests are one group, whatever they say.
    pub(super) in_one_instance: bool,
}

/// Tells the group of a subtest by its name, if it is in one.
pub(super) struct Grouping(pub(super) Box<GroupOf>);

type GroupOf = dyn Fn(&str) -> Option<String> + Send + Sync;

impl std::fmt::Debug for Grouping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Grouping")
    }
}
