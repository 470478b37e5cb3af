//! Asking many hosts at the same time.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::cache::Cache;
use super::identity::Identity;
use crate::host::{HostProgram, ListFailure, Listing};

/// A host that is to be asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) program: &'a HostProgram,
    /// How long it may take.
    pub(crate) limit: Duration,
    /// Where its list may be known.
    pub(super) cache: Option<&'a Cache>,
}

impl<'a> Ask<'a> {
    /// To be asked each time anew.
    pub(crate) fn anew(program: &'a HostProgram, limit: Duration) -> Ask<'a> {
        Ask { program, limit, cache: None }
    }

    fn answer(self) -> Result<Listing, ListFailure> {
        let Some(cache) = self.cache else { return self.program.list(self.limit) };
        let Some(identity) = Identity::of(self.program) else { return self.program.list(self.limit) };
        if let Some(listing) = cache.recall(self.program, &identity) {
            return Ok(listing);
        }
        let is_settled = identity.is_settled();
        let listing = self.program.list(self.limit)?;
        if is_settled && Identity::of(self.program).as_ref() == Some(&identity) {
            cache.keep(self.program, &identity, &listing);
        }
        Ok(listing)
    }
}

/// Asks every host for its list, as many at a time as there are processors. The answers are in the hosts' order.
pub(crate) fn ask_all(hosts: &[Ask<'_>]) -> Vec<Result<Listing, ListFailure>> {
    let at_once = thread::available_parallelism().map_or(1, usize::from).min(hosts.len());
    let waiting = Mutex::new(hosts.iter().enumerate());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut done = Vec::new();
        while let Some((index, ask)) = next() {
            done.push((index, ask.answer()));
        }
        done
    };
    let mut answers: Vec<(usize, Result<Listing, ListFailure>)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        let joined = workers.into_iter().map(thread::ScopedJoinHandle::join);
        joined.flat_map(|done| done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    answers.sort_unstable_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}
