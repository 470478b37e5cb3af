//! Asking many hosts at the same time.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;

use crate::host::{HostProgram, ListFailure, Listing};

/// Asks every host for its list, as many at a time as there are processors. The answers are in the hosts' order.
pub(crate) fn ask_all(hosts: &[(&HostProgram, Duration)]) -> Vec<Result<Listing, ListFailure>> {
    let at_once = thread::available_parallelism().map_or(1, usize::from).min(hosts.len());
    let waiting = Mutex::new(hosts.iter().enumerate());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut done = Vec::new();
        while let Some((index, (host, limit))) = next() {
            done.push((index, host.list(*limit)));
        }
        done
    };
    let mut answers: Vec<(usize, Result<Listing, ListFailure>)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        let done =
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        done.flatten().collect()
    });
    answers.sort_unstable_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}
