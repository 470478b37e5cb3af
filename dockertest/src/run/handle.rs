//! A run on a thread of its own, and the hand that somebody has on it.

use std::io;
use std::thread::{self, JoinHandle};

use nix::sys::signal::{SigSet, Signal};

use crate::host::CancelToken;

use super::events::{Events, Feed, panic_text};
use super::failure::RunFailure;
use super::outcome::Outcome;
use super::runner::Runner;

/// A run that goes on, on a thread of its own.
///
/// It may be shared by threads; [`cancel`](RunHandle::cancel) and [`events`](RunHandle::events) can be called by any of
/// them. Whoever drops it asks the run to stop, and waits until what was running has cleaned up, so that nothing goes on
/// behind the back of a caller that returned early; [`detach`](RunHandle::detach) is for those who want that.
///
/// In async code, [`wait`](RunHandle::wait) belongs into `tokio::task::spawn_blocking` or the like, because it blocks;
/// everything else here returns at once.
///
/// ```
/// # use dockertest::host::HostProgram;
/// use dockertest::run::{Runner, Stop};
///
/// # let script = r#"hello='{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}'
/// # case $0 in
/// #     list) printf '%s\n' "$hello" '{"subtest":{"name":"example"}}' '{"listed":{"subtests":1}}';;
/// #     run) read request; printf '%s\n' "$hello"; read cancel;
/// #          printf '%s\n' '{"ended":{"verdict":"ABORT","reason":"asked to stop","seconds":0.1}}';;
/// # esac"#;
/// # let host = HostProgram::new("/bin/sh").arguments(["-c", script]);
/// # let folder = tempfile::tempdir()?;
/// # let (results, state) = (folder.path().join("results"), folder.path().join("state"));
/// # let builder = Runner::builder().host(host).results(results).state(state).without_engine();
/// let run = builder.build()?.start();
/// if run.events().any(|record| record.event.kind() == "step-started") {
///     run.cancel("seen enough");
/// }
/// let outcome = run.wait()?;
/// # assert_eq!(outcome.planned, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "whoever drops the handle stops the run"]
pub struct RunHandle {
    cancel: Option<CancelToken>,
    feed: Feed,
    run: Option<Run>,
}

#[derive(Debug)]
enum Run {
    Thread(JoinHandle<Result<Outcome, RunFailure>>),
    Never(RunFailure),
}

impl RunHandle {
    /// Starts a run. If that is not possible, [`wait`](RunHandle::wait) tells.
    pub(super) fn start(runner: Runner, cancel: io::Result<CancelToken>) -> RunHandle {
        let feed = Feed::default();
        match RunHandle::try_start(runner, cancel, &feed) {
            Ok((cancel, thread)) => RunHandle { cancel: Some(cancel), feed, run: Some(Run::Thread(thread)) },
            Err(failure) => {
                feed.close();
                RunHandle { cancel: None, feed, run: Some(Run::Never(failure)) }
            }
        }
    }

    fn try_start(
        runner: Runner,
        cancel: io::Result<CancelToken>,
        feed: &Feed,
    ) -> Result<(CancelToken, JoinHandle<Result<Outcome, RunFailure>>), RunFailure> {
        let cancel = cancel.map_err(|source| RunFailure::Start { what: "a run", source })?;
        let (inside, told) = (cancel.clone(), feed.clone());
        let thread = thread_of_run().spawn(move || {
            outlive_pipes();
            // Also in a panic, so that nobody waits for records that will never come.
            let _closing = Closing(told.clone());
            runner.run_telling(&told, &inside)
        });
        Ok((cancel, thread.map_err(cannot_start)?))
    }

    /// The records of the run from the first one on, as they come. Can be asked for several times.
    #[must_use]
    pub fn events(&self) -> Events {
        self.feed.events()
    }

    /// Asks the run to stop soon: what is running is asked to stop and to clean up. The first reason stands.
    pub fn cancel(&self, reason: impl Into<String>) {
        if let Some(cancel) = &self.cancel {
            cancel.cancel(reason);
        }
    }

    /// Asks the run to stop now: what is running is killed, and its clean-up is left to a resume.
    pub fn cancel_now(&self, reason: impl Into<String>) {
        if let Some(cancel) = &self.cancel {
            cancel.cancel_now(reason);
        }
    }

    /// Whether [`wait`](RunHandle::wait) would return at once.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match &self.run {
            Some(Run::Thread(thread)) => thread.is_finished(),
            Some(Run::Never(_)) | None => true,
        }
    }

    /// Waits until the run is over.
    ///
    /// # Errors
    /// It cannot be planned or started, or something cannot be written.
    pub fn wait(mut self) -> Result<Outcome, RunFailure> {
        self.join()
    }

    /// Lets the run go on without anybody who could stop it or learn what came of it, but for its journal.
    pub fn detach(mut self) {
        self.run = None;
    }

    fn join(&mut self) -> Result<Outcome, RunFailure> {
        match self.run.take() {
            Some(Run::Thread(thread)) => {
                thread.join().unwrap_or_else(|panic| Err(RunFailure::Panicked(panic_text(&*panic))))
            }
            Some(Run::Never(failure)) => Err(failure),
            None => Err(RunFailure::Panicked("somebody has waited for it already".to_owned())),
        }
    }
}

impl Drop for RunHandle {
    fn drop(&mut self) {
        if self.run.is_some() {
            self.cancel("the handle of the run was dropped");
            // Nobody is left who wants to know; the journal does.
            let _ = self.join();
        }
    }
}

/// Does the work of a run on a thread of its own, and waits for it.
///
/// Whoever calls may be a thread of an async runtime, where the API client could not wait; may die of a broken pipe where
/// a host is gone; and may have marks of the kernel that hosts would inherit. None of that is so on this thread.
pub(super) fn on_own_thread<T: Send, E: From<RunFailure> + Send>(
    work: impl FnOnce() -> Result<T, E> + Send,
) -> Result<T, E> {
    thread::scope(|scope| {
        let thread = thread_of_run().spawn_scoped(scope, || {
            outlive_pipes();
            work()
        });
        let thread = thread.map_err(cannot_start)?;
        thread.join().unwrap_or_else(|panic| Err(RunFailure::Panicked(panic_text(&*panic)).into()))
    })
}

fn thread_of_run() -> thread::Builder {
    thread::Builder::new().name("run".to_owned())
}

fn cannot_start(source: io::Error) -> RunFailure {
    RunFailure::Start { what: "a thread for the run", source }
}

/// Has writing to a host that is gone fail, whatever the process thinks of broken pipes.
fn outlive_pipes() {
    if SigSet::from(Signal::SIGPIPE).thread_block().is_err() {
        // It cannot fail, and most programs ignore the signal anyway.
    }
}

/// Ends all iterators when it goes.
struct Closing(Feed);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}
