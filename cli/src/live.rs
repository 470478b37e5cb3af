//! What a run shows while it goes on: the tree on standard output, and below it, on a terminal, a line of progress.

use std::io::{self, IsTerminal, LineWriter};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dockertest::host::CancelToken;
use dockertest::journal::{Event, Record, Sink};
use dockertest::report::{Console, Progress, Style};
use indicatif::{ProgressBar, ProgressStyle};

use crate::patient::Patient;
use crate::screen::Screen;

/// How often the line of progress moves while nothing happens.
const TICK: Duration = Duration::from_millis(250);

/// What the spinner takes of the width of a line.
const BESIDE: u16 = 3;

/// How often its seconds count on.
const SECOND: Duration = Duration::from_secs(1);

/// The tree, with the line of progress where there is a terminal for it. `results` is shown as it was typed.
pub(crate) fn sink(results: &Path, screen: &Screen, cancel: &CancelToken) -> io::Result<Box<dyn Sink>> {
    let style = if screen.colored_output() { Style::Coloured } else { Style::Plain };
    let console = Console::new(LineWriter::new(Patient::stdout(cancel)?), style, results);
    Ok(if io::stdout().is_terminal() && io::stderr().is_terminal() {
        Box::new(Live::new(console))
    } else {
        Box::new(Piped(Some(console)))
    })
}

/// The tree alone. When nobody reads it any more, the run goes on silently.
struct Piped(Option<Console<LineWriter<Patient>>>);

impl Piped {
    fn unless_gone(&mut self, act: impl FnOnce(&mut Console<LineWriter<Patient>>) -> io::Result<()>) -> io::Result<()> {
        let Some(console) = &mut self.0 else { return Ok(()) };
        match act(console) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.0 = None;
                Ok(())
            }
            other => other,
        }
    }
}

impl Sink for Piped {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.unless_gone(|console| console.record(record))
    }

    fn past(&mut self, record: &Record) -> io::Result<()> {
        self.unless_gone(|console| console.past(record))
    }

    fn idle(&mut self) -> io::Result<()> {
        self.unless_gone(Sink::idle)
    }
}

/// The tree above a line of progress.
struct Live {
    console: Console<LineWriter<Patient>>,
    progress: Arc<Mutex<Progress>>,
    bar: ProgressBar,
    /// When it is gone, the thread that counts seconds ends.
    _running: Sender<()>,
}

impl Live {
    fn new(console: Console<LineWriter<Patient>>) -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(TICK);
        let progress = Arc::new(Mutex::new(Progress::default()));
        let (running, ended) = mpsc::channel::<()>();
        let (seen, shown) = (Arc::clone(&progress), bar.clone());
        thread::spawn(move || {
            while ended.recv_timeout(SECOND) == Err(RecvTimeoutError::Timeout) {
                shown.set_message(text(&locked(&seen)));
            }
        });
        Live { console, progress, bar, _running: running }
    }
}

impl Sink for Live {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        locked(&self.progress).record(record);
        let console = &mut self.console;
        self.bar.suspend(|| console.record(record))?;
        if matches!(record.event, Event::RunEnded(_) | Event::RunInterrupted(_)) {
            self.bar.finish_and_clear();
        }
        self.bar.set_message(text(&locked(&self.progress)));
        Ok(())
    }

    fn past(&mut self, record: &Record) -> io::Result<()> {
        locked(&self.progress).record(record);
        self.console.past(record)
    }

    fn idle(&mut self) -> io::Result<()> {
        self.console.idle()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A line for each worker, the first one beside the spinner.
fn text(progress: &Progress) -> String {
    let width = usize::from(console_width().saturating_sub(BESIDE));
    let lines = progress.lines(now_us()).into_iter();
    lines.map(|line| line.chars().take(width).collect()).collect::<Vec<String>>().join("\n")
}

/// How many columns the terminal has.
fn console_width() -> u16 {
    rustix::termios::tcgetwinsize(io::stderr()).map_or(u16::MAX, |size| size.ws_col)
}

fn locked(progress: &Mutex<Progress>) -> MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
