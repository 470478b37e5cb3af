//! One request to the engine: within a limit, counted, and given up when the step is asked to stop.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bollard::errors::Error;
use futures_util::future::{Either, select};

use crate::engine::api::{Api, ApiFailure};
use crate::host::CancelToken;
use crate::subtest::Spent;

/// How often a wait looks whether the step is asked to stop.
const LOOK_FOR_STOP: Duration = Duration::from_millis(50);

/// How long a change that the engine has begun may take when the step is asked to stop meanwhile.
const FINISH_WITHIN: Duration = Duration::from_secs(10);

/// The step that asks.
#[derive(Debug)]
pub(super) struct Watch {
    /// The wish that somebody may have to stop it.
    cancel: CancelToken,
    /// Whether that is not looked at: in a clean-up.
    is_off: Rc<Cell<bool>>,
    spent: Rc<Spent>,
    finish_within: Duration,
}

impl Watch {
    pub(super) fn new(cancel: CancelToken, is_off: Rc<Cell<bool>>, spent: Rc<Spent>) -> Watch {
        Watch { cancel, is_off, spent, finish_within: FINISH_WITHIN }
    }

    /// Ends when somebody wants the step to stop, with the reason.
    async fn stop(&self) -> String {
        loop {
            if let Some(reason) = self.cancel.reason() {
                return reason;
            }
            // The runtime cannot wait for a foreign descriptor without unsafe code.
            tokio::time::sleep(LOOK_FOR_STOP).await;
        }
    }
}

/// What a request is to the step that makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// The engine tells something.
    Question,
    /// The engine changes something, and goes on with that when nobody waits: it would make what was to be removed after
    /// the removal.
    Change,
    /// Something that takes as long as the test wants; this is not the time of the engine.
    Wait,
    /// A program that the engine runs: its time is the engine's, but it ends with its container.
    Program,
}

impl Sort {
    fn of(request: &str) -> Sort {
        if request.starts_with("GET ") { Sort::Question } else { Sort::Change }
    }
}

impl Api {
    /// A request with the words that name it in a failure, such as `GET /version`.
    pub(in crate::engine) fn ask<T>(
        &self,
        request: impl AsRef<str>,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, ApiFailure> {
        self.ask_within(request.as_ref(), self.limit, call)
    }

    /// The same for something that takes long.
    pub(in crate::engine) fn ask_within<T>(
        &self,
        request: &str,
        limit: Duration,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, ApiFailure> {
        self.ask_as(Sort::of(request), request, limit, call)
    }

    /// The same for something that the test waits for, which is not the time of the engine.
    pub(super) fn wait_within<T>(
        &self,
        request: &str,
        limit: Duration,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, ApiFailure> {
        self.ask_as(Sort::Wait, request, limit, call)
    }

    /// The same for a program that the engine runs.
    pub(super) fn run_within<T>(
        &self,
        request: &str,
        limit: Duration,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, ApiFailure> {
        self.ask_as(Sort::Program, request, limit, call)
    }

    fn ask_as<T>(
        &self,
        sort: Sort,
        request: &str,
        limit: Duration,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, ApiFailure> {
        let start = Instant::now();
        let answer = self.runtime.block_on(self.limited(sort, limit, call));
        if let Some(Watch { spent, .. }) = &self.watch {
            let count = if sort == Sort::Wait { Spent::wait } else { Spent::request };
            count(spent, start.elapsed());
        }
        match answer {
            Waited::Done(Ok(answer)) => Ok(answer),
            Waited::Done(Err(source)) => Err(ApiFailure::of(&self.address, request, limit, source)),
            Waited::Late => Err(ApiFailure::Slow { address: self.address.clone(), request: request.to_owned(), limit }),
            Waited::Stopped(reason) => Err(ApiFailure::Cancelled { request: request.to_owned(), reason }),
        }
    }

    /// Waits for something, but not beyond a limit and not when the step is asked to stop.
    async fn limited<T>(&self, sort: Sort, limit: Duration, wait: impl Future<Output = T>) -> Waited<T> {
        let mut wait = pin!(tokio::time::timeout(limit, wait));
        let done = match self.watch.as_ref().filter(|watch| !watch.is_off.get()) {
            None => wait.await,
            Some(watch) => {
                if let Some(reason) = watch.cancel.reason() {
                    return Waited::Stopped(reason);
                }
                match select(pin!(watch.stop()), wait.as_mut()).await {
                    Either::Left((reason, _)) if sort != Sort::Change => return Waited::Stopped(reason),
                    Either::Left((reason, _)) => match tokio::time::timeout(watch.finish_within, wait).await {
                        Ok(done) => done,
                        Err(_) => return Waited::Stopped(unfinished(&reason, watch.finish_within)),
                    },
                    Either::Right((done, _)) => done,
                }
            }
        };
        done.map_or(Waited::Late, Waited::Done)
    }
}

fn unfinished(reason: &str, within: Duration) -> String {
    format!("{reason}; the engine has not finished within {} s and may still do so", within.as_secs_f64())
}

/// How a wait ended.
enum Waited<T> {
    Done(T),
    Late,
    Stopped(String),
}

#[cfg(test)]
#[path = "ask_tests.rs"]
mod tests;
