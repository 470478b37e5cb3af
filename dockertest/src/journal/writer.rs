//! Appending to a journal: one thread, group commit.
//!
//! Everybody hands events to a bounded queue. One thread takes all that are waiting, writes them with one `write`,
//! makes them durable with one `fdatasync` when somebody waits for that, tells those who wait, and then hands the
//! records to the sinks. So a result is shown only when it is on disk, and waiting for the disk hides behind the work
//! that goes on meanwhile.
//!
//! A failure is final: nothing is written after it, and everybody who waits from then on gets it.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use super::file::{open_at, sync_folder_of};
use super::scribe::{Call, Message, Scribe, Shared, lock};
use super::{Event, Reading, Sink, WriteFailure};

/// How many messages may wait. Beyond that, appending waits for the disk: a host that floods its log must not fill
/// the memory of the runner.
const QUEUE_LENGTH: usize = 1024;

/// Appends events to a journal. Can be shared by threads.
///
/// Dropping it writes everything that is waiting, as [`Writer::close`] does, but cannot tell about a failure.
///
/// ```
/// use dockertest::journal::{Event, Logged, Writer};
/// use dockertest::outcome::Level;
///
/// # let results = tempfile::tempdir()?;
/// let journal = Writer::create(&results.path().join("journal.jsonl"), Vec::new())?;
/// let say = |text: &str| {
///     Event::Logged(Logged::new(Level::Info, text))
/// };
/// journal.append(say("written soon"));
/// journal.commit(vec![say("on disk when `wait` returns, with all before it")]).wait()?;
/// journal.close()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Writer {
    /// Gone once closed: the thread ends when it has taken everything out.
    queue: Option<SyncSender<Message>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

/// A promise that events will be durable.
///
/// The work of the next step hides the wait for the disk:
///
/// ```
/// use dockertest::journal::{Event, StepStarted, Writer};
/// use dockertest::name::StepId;
///
/// # let results = tempfile::tempdir()?;
/// let journal = Writer::create(&results.path().join("journal.jsonl"), Vec::new())?;
/// let ticket = journal.commit(vec![Event::StepStarted(StepStarted::new(StepId(0), 1))]);
/// // Start the step's host here. It gets its request only after this:
/// ticket.wait()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "events are durable only when `wait` has returned Ok"]
pub struct Ticket {
    answer: Receiver<Result<(), WriteFailure>>,
    shared: Arc<Shared>,
}

impl Writer {
    /// Begins a new journal, which must not exist yet, in a folder that exists.
    ///
    /// # Errors
    /// [`WriteFailure::Exists`] and [`WriteFailure::Create`].
    pub fn create(path: &Path, sinks: Vec<Box<dyn Sink>>) -> Result<Writer, WriteFailure> {
        let file =
            OpenOptions::new().write(true).create_new(true).open(path).map_err(|source| match source.kind() {
                io::ErrorKind::AlreadyExists => WriteFailure::Exists { path: path.to_owned() },
                _ => WriteFailure::Create { path: path.to_owned(), source: Arc::new(source) },
            })?;
        sync_folder_of(path)
            .map_err(|source| WriteFailure::Create { path: path.to_owned(), source: Arc::new(source) })?;
        Writer::start(path, file, 0, 0, sinks)
    }

    /// Goes on with a journal that has been read: cuts off its torn end, lets the sinks take in what there is, and
    /// appends with the next sequence number.
    ///
    /// # Errors
    /// [`WriteFailure::Reopen`]. A sink that cannot take in the past is a [`Writer::report_failure`].
    ///
    /// ```
    /// use dockertest::journal::{Event, RunInterrupted, Writer, read};
    ///
    /// # let results = tempfile::tempdir()?;
    /// # let path = results.path().join("journal.jsonl");
    /// # let first = r#"{"seq":0,"time_us":0,"event":{"run-started":{"format":1,"run":"r","api-version":"0.9.0","#;
    /// # let first = format!("{first}\"invocation\":{{}},\"session\":{{}}}}}}}}\n");
    /// std::fs::write(&path, format!("{first}{}", r#"{"seq":1,"ti"#))?; // The runner was killed here.
    /// let journal = Writer::reopen(&path, &read(&path)?, Vec::new())?;
    /// journal.append(Event::RunInterrupted(RunInterrupted::new("the runner was killed")));
    /// journal.close()?;
    /// assert_eq!(read(&path)?.records[1].seq, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reopen(path: &Path, reading: &Reading, mut sinks: Vec<Box<dyn Sink>>) -> Result<Writer, WriteFailure> {
        let file = open_at(path, reading.valid_bytes)
            .map_err(|source| WriteFailure::Reopen { path: path.to_owned(), source: Arc::new(source) })?;
        let mut report_failure = None;
        sinks.retain_mut(|sink| match reading.records.iter().try_for_each(|record| sink.past(record)) {
            Ok(()) => true,
            Err(source) => {
                report_failure.get_or_insert(source);
                false
            }
        });
        let writer = Writer::start(path, file, reading.valid_bytes, reading.records.len() as u64, sinks)?;
        if let Some(source) = report_failure {
            writer.shared.fail_report(source);
        }
        Ok(writer)
    }

    fn start(
        path: &Path,
        file: File,
        length: u64,
        next_seq: u64,
        sinks: Vec<Box<dyn Sink>>,
    ) -> Result<Writer, WriteFailure> {
        let shared = Arc::new(Shared::new(path.to_owned()));
        let (queue, messages) = sync_channel(QUEUE_LENGTH);
        let scribe = Scribe::new(Arc::clone(&shared), file, length, next_seq, sinks);
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || scribe.run(&messages))
            .map_err(|source| WriteFailure::Create { path: path.to_owned(), source: Arc::new(source) })?;
        Ok(Writer { queue: Some(queue), thread: Some(thread), shared })
    }

    /// Appends an event. It is written soon and in order, but nobody waits for the disk. Waits while the queue is
    /// full. After a failure the event is only counted.
    pub fn append(&self, event: Event) {
        self.send(Message::Append { time_us: now_us(), event: Box::new(event) });
    }

    /// Appends events. They and all before them are durable when the ticket's [`Ticket::wait`] is `Ok`.
    pub fn commit(&self, events: Vec<Event>) -> Ticket {
        let (answer, ticket) = sync_channel(1);
        self.send(Message::Commit { time_us: now_us(), events, answer });
        Ticket { answer: ticket, shared: Arc::clone(&self.shared) }
    }

    /// What keeps the journal from being written, if anything does. It stays.
    #[must_use]
    pub fn failure(&self) -> Option<WriteFailure> {
        lock(&self.shared.failure).clone()
    }

    /// Has something called when the journal fails, on the journal's thread; at once if it has failed already. What a
    /// silent step is doing meanwhile could not be recorded, so somebody should stop it. The call must not use the
    /// writer.
    ///
    /// Somebody who hears of it at once:
    ///
    /// ```
    /// use dockertest::host::CancelToken;
    /// use dockertest::journal::Writer;
    ///
    /// # let results = tempfile::tempdir()?;
    /// let journal = Writer::create(&results.path().join("journal.jsonl"), Vec::new())?;
    /// let cancel = CancelToken::new()?;
    /// let stop_all = cancel.clone();
    /// journal.when_failed(move |failure| stop_all.cancel_now(failure.to_string()));
    /// assert!(!cancel.is_cancelled());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn when_failed(&self, call: impl FnOnce(&WriteFailure) + Send + 'static) {
        let failure = lock(&self.shared.failure);
        match &*failure {
            Some(failure) => call(failure),
            None => *lock(&self.shared.alarm) = Call(Some(Box::new(call))),
        }
    }

    /// What keeps a sink from writing its report, if anything does. The journal is not affected.
    ///
    /// ```
    /// use std::io;
    ///
    /// use dockertest::journal::{Event, Record, RunInterrupted, Sink, Writer};
    ///
    /// struct Full;
    ///
    /// impl Sink for Full {
    ///     fn record(&mut self, _: &Record) -> io::Result<()> {
    ///         Err(io::ErrorKind::StorageFull.into())
    ///     }
    /// }
    ///
    /// # let results = tempfile::tempdir()?;
    /// let journal = Writer::create(&results.path().join("journal.jsonl"), vec![Box::new(Full)])?;
    /// journal.append(Event::RunInterrupted(RunInterrupted::new("SIGINT")));
    /// let failure = journal.close().unwrap_err();
    /// assert!(failure.to_string().contains("the journal is complete"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn report_failure(&self) -> Option<WriteFailure> {
        lock(&self.shared.report_failure).clone()
    }

    /// Writes everything that is waiting, makes it durable, and lets the sinks finish.
    ///
    /// # Errors
    /// The [`Writer::failure`], or else the [`Writer::report_failure`].
    pub fn close(mut self) -> Result<(), WriteFailure> {
        self.finish();
        self.failure().or_else(|| self.report_failure()).map_or(Ok(()), Err)
    }

    fn send(&self, message: Message) {
        if let Some(queue) = &self.queue {
            // An error means that the thread has panicked: then `failure` tells, and a ticket's channel is closed.
            let _ = queue.send(message);
        }
    }

    fn finish(&mut self) {
        self.queue = None;
        let Some(thread) = self.thread.take() else { return };
        if thread.join().is_err() {
            self.shared.fail(WriteFailure::Stopped { path: self.shared.path.clone() });
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Ticket {
    /// Waits until the events are durable.
    ///
    /// # Errors
    /// What kept them from being written.
    pub fn wait(self) -> Result<(), WriteFailure> {
        self.answer.recv().unwrap_or_else(|_| Err(WriteFailure::Stopped { path: self.shared.path.clone() }))
    }
}

pub(crate) fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
