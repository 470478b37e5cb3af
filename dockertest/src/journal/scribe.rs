//! The thread that writes the journal: a batch at a time, durable when somebody waits for that.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Event, Record, Sink, WriteFailure};

/// A batch ends when it has this many bytes, so that nobody waits for an endless one.
const BATCH_BYTES: usize = 1 << 20;

#[derive(Debug)]
pub(super) enum Message {
    Append { time_us: i64, event: Box<Event> },
    Commit { time_us: i64, events: Vec<Event>, answer: SyncSender<Result<(), WriteFailure>> },
}

/// What the thread tells everybody.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) path: PathBuf,
    pub(super) failure: Mutex<Option<WriteFailure>>,
    /// Called once, when there is a failure. Locked after `failure`.
    pub(super) alarm: Mutex<Call>,
    pub(super) report_failure: Mutex<Option<WriteFailure>>,
}

/// What is to be called when the journal fails.
#[derive(Default)]
pub(super) struct Call(pub(super) Option<Box<OnFailure>>);

pub(super) type OnFailure = dyn FnOnce(&WriteFailure) + Send;

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Call" } else { "no call" })
    }
}

impl Shared {
    pub(super) fn new(path: PathBuf) -> Shared {
        Shared { path, failure: Mutex::new(None), alarm: Mutex::default(), report_failure: Mutex::new(None) }
    }

    /// Notes a failure; the first one stays.
    pub(super) fn fail(&self, failure: WriteFailure) {
        let mut first = lock(&self.failure);
        let first = first.get_or_insert(failure);
        if let Some(call) = lock(&self.alarm).0.take() {
            call(first);
        }
    }

    pub(super) fn fail_report(&self, source: io::Error) {
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
pub(super) struct Scribe {
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
    /// One that goes on at the end of a file, which is this long.
    pub(super) fn new(
        shared: Arc<Shared>,
        file: File,
        length: u64,
        next_seq: u64,
        sinks: Vec<Box<dyn Sink>>,
    ) -> Scribe {
        Scribe {
            shared,
            file,
            length,
            next_seq,
            sinks,
            buffer: Vec::new(),
            batch: Vec::new(),
            waiting: Vec::new(),
            unsynced: false,
        }
    }

    pub(super) fn run(mut self, messages: &Receiver<Message>) {
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
            Message::Append { time_us, event } => self.add(time_us, *event),
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

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
