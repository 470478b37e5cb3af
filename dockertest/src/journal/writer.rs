//! Appending to a journal: one thread, group commit.
//!
//! Everybody hands events to a bounded queue. One thread takes all that are waiting, writes them with one `write`,
//! makes them durable with one `fdatasync` when somebody waits for that, tells those who wait, and then hands the
//! records to the sinks. So a result is shown only when it is on disk, and waiting for the disk hides behind the work
//! that goes on meanwhile.
//!
//! A failure is final: nothing is written after it, and everybody who waits from then on gets it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Event, Reading, Record, WriteFailure};

/// How many messages may wait. Beyond that, appending waits for the disk: a host that floods its log must not fill
/// the memory of the runner.
const QUEUE_LENGTH: usize = 1024;

/// What is added to the name of a journal for the lines behind a hole.
const CUT_OFF: &str = "cut-off";

/// A batch ends when it has this many bytes, so that nobody waits for an endless one.
const BATCH_BYTES: usize = 1 << 20;

/// Something that is made of the records as they come: a report, the screen, the site.
///
/// It runs on the journal's thread, so it has to be quick. After an error it is not called again; the journal goes on,
/// and [`Writer::report_failure`] tells.
///
/// ```
/// use std::io;
///
/// use dockertest::journal::{Event, Record, Sink};
///
/// /// Shows a dot for each step that has ended.
/// struct Dots<W>(W);
///
/// impl<W: io::Write + Send> Sink for Dots<W> {
///     fn record(&mut self, record: &Record) -> io::Result<()> {
///         if matches!(record.event, Event::StepEnded(_)) { self.0.write_all(b".") } else { Ok(()) }
///     }
///
///     fn idle(&mut self) -> io::Result<()> {
///         self.0.flush()
///     }
/// }
///
/// let sinks: Vec<Box<dyn Sink>> = vec![Box::new(Dots(io::stderr()))];
/// ```
pub trait Sink: Send {
    /// Takes in a record that is in the journal. Records that somebody committed are durable by then.
    ///
    /// # Errors
    /// What kept the sink from writing its report.
    fn record(&mut self, record: &Record) -> io::Result<()>;

    /// Takes in a record from before this process, when a journal is opened again. Nothing is to be shown for it.
    ///
    /// # Errors
    /// What kept the sink from writing its report.
    fn past(&mut self, _record: &Record) -> io::Result<()> {
        Ok(())
    }

    /// Nothing is waiting: a good moment to write out what was collected. Also called once at the end.
    ///
    /// # Errors
    /// What kept the sink from writing its report.
    fn idle(&mut self) -> io::Result<()> {
        Ok(())
    }
}

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

#[derive(Debug)]
enum Message {
    Append { time_us: i64, event: Event },
    Commit { time_us: i64, events: Vec<Event>, answer: SyncSender<Result<(), WriteFailure>> },
}

/// What the thread tells everybody.
#[derive(Debug)]
struct Shared {
    path: PathBuf,
    failure: Mutex<Option<WriteFailure>>,
    /// Called once, when there is a failure. Locked after `failure`.
    alarm: Mutex<Call>,
    report_failure: Mutex<Option<WriteFailure>>,
}

/// What is to be called when the journal fails.
#[derive(Default)]
struct Call(Option<Box<OnFailure>>);

type OnFailure = dyn FnOnce(&WriteFailure) + Send;

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Call" } else { "no call" })
    }
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
        let shared = Arc::new(Shared {
            path: path.to_owned(),
            failure: Mutex::new(None),
            alarm: Mutex::default(),
            report_failure: Mutex::new(None),
        });
        let (queue, messages) = sync_channel(QUEUE_LENGTH);
        let scribe = Scribe {
            shared: Arc::clone(&shared),
            file,
            length,
            next_seq,
            sinks,
            buffer: Vec::new(),
            batch: Vec::new(),
            waiting: Vec::new(),
            unsynced: false,
        };
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || scribe.run(&messages))
            .map_err(|source| WriteFailure::Create { path: path.to_owned(), source: Arc::new(source) })?;
        Ok(Writer { queue: Some(queue), thread: Some(thread), shared })
    }

    /// Appends an event. It is written soon and in order, but nobody waits for the disk. Waits while the queue is
    /// full. After a failure the event is only counted.
    pub fn append(&self, event: Event) {
        self.send(Message::Append { time_us: now_us(), event });
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

impl Shared {
    /// Notes a failure; the first one stays.
    fn fail(&self, failure: WriteFailure) {
        let mut first = lock(&self.failure);
        let first = first.get_or_insert(failure);
        if let Some(call) = lock(&self.alarm).0.take() {
            call(first);
        }
    }

    fn fail_report(&self, source: io::Error) {
        let failure = WriteFailure::Report { path: self.path.clone(), source: Arc::new(source) };
        lock(&self.report_failure).get_or_insert(failure);
    }
}

/// A commit in the batch: its events end at this place in the buffer, or beyond it when they are lost already.
struct Waiting {
    end: usize,
    answer: SyncSender<Result<(), WriteFailure>>,
}

/// The writing end, owned by the thread.
struct Scribe {
    shared: Arc<Shared>,
    file: File,
    /// The length of the file in bytes: always the end of a whole line.
    length: u64,
    next_seq: u64,
    sinks: Vec<Box<dyn Sink>>,
    /// The batch as text.
    buffer: Vec<u8>,
    /// The batch, and where each record ends in the buffer.
    batch: Vec<(Record, usize)>,
    waiting: Vec<Waiting>,
    /// Whether something was written since the last sync.
    unsynced: bool,
}

impl Scribe {
    fn run(mut self, messages: &Receiver<Message>) {
        let _alarm = Alarm(Arc::clone(&self.shared));
        let mut next = messages.recv().ok();
        while let Some(message) = next {
            self.take(message);
            while self.buffer.len() < BATCH_BYTES {
                let Ok(message) = messages.try_recv() else { break };
                self.take(message);
            }
            self.write_batch();
            self.feed_sinks();
            next = messages.try_recv().ok().or_else(|| {
                self.each_sink(|sink| sink.idle());
                messages.recv().ok()
            });
        }
        if self.unsynced
            && let Err(source) = self.file.sync_data()
        {
            self.fail(source, 0);
        }
        self.each_sink(|sink| sink.idle());
    }

    /// Adds a message to the batch.
    fn take(&mut self, message: Message) {
        match message {
            Message::Append { time_us, event } => self.add(time_us, event),
            Message::Commit { time_us, events, answer } => {
                for event in events {
                    self.add(time_us, event);
                }
                let lost = lock(&self.shared.failure).is_some();
                let end = if lost { usize::MAX } else { self.buffer.len() };
                self.waiting.push(Waiting { end, answer });
            }
        }
    }

    fn add(&mut self, time_us: i64, event: Event) {
        if self.count_lost(1) {
            return;
        }
        let start = self.buffer.len();
        let record = Record { seq: self.next_seq, time_us, event };
        if let Err(source) = serde_json::to_writer(&mut self.buffer, &record) {
            // Only a path that is not UTF-8 gets here.
            self.buffer.truncate(start);
            self.fail(io::Error::from(source), 1);
            return;
        }
        self.buffer.push(b'\n');
        self.batch.push((record, self.buffer.len()));
        self.next_seq += 1;
    }

    /// Writes the batch, makes it durable if somebody waits for it, and tells those who wait.
    fn write_batch(&mut self) {
        let written = self.write_buffer();
        let lost = self.batch.iter().filter(|(_, end)| *end > written.bytes).count();
        self.batch.truncate(self.batch.len() - lost);
        self.length += written.bytes as u64;
        self.unsynced |= written.bytes > 0;
        if let Some(source) = written.failure {
            self.fail(source, lost as u64);
        }
        let mut durable = written.bytes;
        if self.unsynced && !self.waiting.is_empty() {
            match self.file.sync_data() {
                Ok(()) => self.unsynced = false,
                Err(source) => {
                    // What the kernel still has of these records, if anything, nobody can tell.
                    self.fail(source, self.batch.len() as u64);
                    self.batch.clear();
                    durable = 0;
                }
            }
        }
        self.answer(durable);
        self.buffer.clear();
    }

    /// Writes the buffer. Of a line that could only be written in part nothing stays in the file.
    fn write_buffer(&mut self) -> Written {
        let mut bytes = 0;
        while bytes < self.buffer.len() {
            match self.file.write(&self.buffer[bytes..]) {
                Ok(0) => return self.cut_back(bytes, io::ErrorKind::WriteZero.into()),
                Ok(count) => bytes += count,
                Err(source) if source.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return self.cut_back(bytes, source),
            }
        }
        Written { bytes, failure: None }
    }

    fn cut_back(&mut self, bytes: usize, failure: io::Error) -> Written {
        let whole = self.batch.iter().map(|(_, end)| *end).take_while(|end| *end <= bytes).last().unwrap_or(0);
        if whole < bytes {
            // Where this is not possible, the reader drops the torn line.
            let _ = self.file.set_len(self.length + whole as u64);
        }
        Written { bytes: whole, failure: Some(failure) }
    }

    fn answer(&mut self, durable: usize) {
        for Waiting { end, answer } in self.waiting.drain(..) {
            let failure = if end <= durable { None } else { lock(&self.shared.failure).clone() };
            // Whoever dropped the ticket does not want to know.
            let _ = answer.send(failure.map_or(Ok(()), Err));
        }
    }

    fn feed_sinks(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        self.each_sink(|sink| batch.iter().try_for_each(|(record, _)| sink.record(record)));
        self.batch = batch;
        self.batch.clear();
    }

    /// Calls every sink; one that fails is not called again.
    fn each_sink(&mut self, mut call: impl FnMut(&mut dyn Sink) -> io::Result<()>) {
        let shared = &self.shared;
        self.sinks.retain_mut(|sink| call(sink.as_mut()).map_err(|source| shared.fail_report(source)).is_ok());
    }

    fn fail(&self, source: io::Error, records_lost: u64) {
        let path = self.shared.path.clone();
        if !self.count_lost(records_lost) {
            self.shared.fail(WriteFailure::Write { path, source: Arc::new(source), records_lost });
        }
    }

    /// After a failure counts records that are not written and says so.
    fn count_lost(&self, count: u64) -> bool {
        match &mut *lock(&self.shared.failure) {
            Some(WriteFailure::Write { records_lost, .. }) => {
                *records_lost += count;
                true
            }
            Some(_) => true,
            None => false,
        }
    }
}

/// How far a batch got into the file.
struct Written {
    /// How many bytes of whole lines.
    bytes: usize,
    failure: Option<io::Error>,
}

/// Tells that the thread has ended by a panic, for example of a sink.
struct Alarm(Arc<Shared>);

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail(WriteFailure::Stopped { path: self.0.path.clone() });
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Makes a new file's name durable.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Opens a journal for writing at its valid end and cuts off what is behind it. Whole lines behind a hole are kept in a
/// file beside it: should it not be a power cut that made the hole, they are the only record of what they tell.
fn open_at(path: &Path, valid_bytes: u64) -> io::Result<File> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    file.seek(SeekFrom::Start(valid_bytes))?;
    let mut behind = Vec::new();
    file.read_to_end(&mut behind)?;
    if !behind.is_empty() {
        if behind.iter().filter(|byte| **byte == b'\n').count() > 1 {
            let aside = path.with_added_extension(CUT_OFF);
            let mut aside = OpenOptions::new().create(true).append(true).open(aside)?;
            aside.write_all(&behind)?;
            aside.sync_all()?;
        }
        file.set_len(valid_bytes)?;
        file.sync_data()?;
    }
    file.seek(SeekFrom::Start(valid_bytes))?;
    Ok(file)
}
