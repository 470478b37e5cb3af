//! One call of a host, with all that it says and does, whatever that is. Nothing is judged here.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;

use crate::host::HostProgram;
use crate::host::channel::{Channel, Got};
use crate::host::conversation::quote;
use crate::host::lines::LineReader;
use crate::host::logs::StepLogs;
use crate::host::mark::Mark;
use crate::host::protocol::{HostMessage, RUN_VARIABLE, RunnerMessage, STEP_VARIABLE};
use crate::host::supervise::{EXIT_GRACE, line};
use crate::host::tree::{self, ProcessDescription, StepTree};

/// How much a host may say before it is stopped.
const MAX_BYTES: usize = 64 << 20;

/// How long a killed host may take to be gone.
const REAP_GRACE: Duration = Duration::from_secs(10);

const READ_BYTES: usize = 16 << 10;

/// What is done to a host.
#[derive(Debug, Clone)]
pub(super) struct Script<'a> {
    /// `list`, or `run` and a name.
    pub(super) words: Vec<&'a str>,
    pub(super) folder: &'a Path,
    /// What is written at once.
    pub(super) request: Vec<u8>,
    pub(super) act: Option<Act>,
    /// How long it may take, from the start, or from the act when there is one.
    pub(super) limit: Duration,
}

/// What is done while the host is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// It is asked to stop.
    Cancel,
    /// Its standard input ends.
    End,
}

/// When an act takes place: once the host says more than `hello`, and at the latest after this time.
pub(super) const ACT_AFTER: Duration = Duration::from_millis(500);

/// A line of standard output.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) number: u64,
    pub(super) message: Result<HostMessage, Unreadable>,
}

/// Why a line is no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) why: Why,
    /// Its first characters.
    pub(super) quote: String,
    pub(super) problem: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    TooLong,
    NotUtf8,
    NoMessage,
    NoLineEnd,
}

/// What came of a call.
#[derive(Debug)]
pub(super) struct Exchange {
    /// The call as typed: `HOST run quota`.
    pub(super) call: String,
    pub(super) said: Vec<Said>,
    /// Nothing if it had to be killed.
    pub(super) status: Option<ExitStatus>,
    /// When it exited or was killed, from its start.
    pub(super) ended: Duration,
    /// When it said its last message.
    pub(super) last_word: Option<Duration>,
    /// When the act took place; nothing if the host had its last word before.
    pub(super) acted: Option<Duration>,
    /// What it left running when it exited.
    pub(super) left: Vec<ProcessDescription>,
    pub(super) stderr: String,
}

impl Exchange {
    /// The messages, as far as they can be understood.
    pub(super) fn messages(&self) -> impl Iterator<Item = &HostMessage> {
        self.said.iter().filter_map(|said| said.message.as_ref().ok())
    }
}

/// Starts a host and goes through the script.
///
/// # Errors
/// It cannot be started.
pub(super) fn talk(program: &HostProgram, script: &Script<'_>) -> io::Result<Exchange> {
    let mut command = program.command(&script.words);
    let run = format!("host-check-{}", std::process::id());
    let step = script.folder.display().to_string();
    command.current_dir(script.folder).env(RUN_VARIABLE, &run).env(STEP_VARIABLE, &step);
    let mut channel = Channel::spawn(&mut command, Mark::new(&run, &step))?;
    channel.send(&script.request);
    channel.write();
    let talk = Talk {
        script,
        channel,
        began: Instant::now(),
        reader: LineReader::new(),
        bytes: 0,
        said: Vec::new(),
        logs: StepLogs::tail_only(),
        last_word: None,
        acted: None,
    };
    let exchange = talk.through();
    let call = format!("{} {}", program.shown().display(), script.words.join(" "));
    Ok(Exchange { call, ..exchange })
}

struct Talk<'a> {
    script: &'a Script<'a>,
    channel: Channel,
    began: Instant,
    reader: LineReader,
    bytes: usize,
    said: Vec<Said>,
    logs: StepLogs,
    last_word: Option<Duration>,
    acted: Option<Duration>,
}

impl Talk<'_> {
    fn through(mut self) -> Exchange {
        let mut exited = false;
        while !exited && self.began.elapsed() < self.deadline() && self.bytes <= MAX_BYTES {
            self.act_in_time();
            exited = self.wait();
        }
        let ended = self.began.elapsed();
        let mut status = None;
        if exited {
            status = self.channel.try_reap();
            self.channel.group_stays();
        }
        let tree = StepTree { group: self.channel.group, mark: &self.channel.mark };
        let host = self.channel.group;
        let killed = tree::kill(&tree);
        let left = killed.into_iter().filter(|(process, _)| process.pid != host).map(|(_, description)| description);
        let left = if exited { left.collect() } else { Vec::new() };
        while matches!(self.read(), Got::Bytes(_)) && self.bytes <= MAX_BYTES {}
        if !exited {
            self.reap();
        }
        if let Some(rest) = self.reader.rest() {
            let problem = "its line end is missing".to_owned();
            let message = Err(Unreadable { why: Why::NoLineEnd, quote: quote(rest.bytes), problem });
            self.said.push(Said { number: rest.number, message });
        }
        let Talk { said, last_word, acted, logs, .. } = self;
        Exchange { call: String::new(), said, status, ended, last_word, acted, left, stderr: logs.tail() }
    }

    /// Reaps a host that was killed. What it died of is our doing.
    fn reap(&mut self) {
        let until = Instant::now() + REAP_GRACE;
        let mut fds = [PollFd::new(self.channel.pidfd.as_fd(), PollFlags::POLLIN)];
        let left = until.saturating_duration_since(Instant::now());
        // Whatever ends the wait, the host is reaped if it can be.
        let _ = ppoll(&mut fds, Some(TimeSpec::from_duration(left)), None);
        self.channel.try_reap();
    }

    /// When it has to have exited, from the start.
    fn deadline(&self) -> Duration {
        let limit = self.acted.unwrap_or_default() + self.script.limit;
        self.last_word.map_or(limit, |said| limit.min(said + EXIT_GRACE))
    }

    fn act_in_time(&mut self) {
        let Some(act) = self.script.act.filter(|_| self.acted.is_none() && self.last_word.is_none()) else { return };
        let works = self.said.len() > 1;
        if !works && self.began.elapsed() < ACT_AFTER {
            return;
        }
        self.acted = Some(self.began.elapsed());
        match act {
            Act::End => self.channel.stdin = None,
            Act::Cancel => {
                let grace_ms = u64::try_from(self.script.limit.as_millis()).unwrap_or(u64::MAX);
                let reason = "host-check asks it to stop".to_owned();
                if let Ok(message) = line(&RunnerMessage::Cancel { reason, grace_ms }) {
                    self.channel.send(&message);
                    self.channel.write();
                }
            }
        }
    }

    /// Waits for something and takes it; true once the host has exited.
    fn wait(&mut self) -> bool {
        let mut fds = Vec::with_capacity(4);
        fds.push(PollFd::new(self.channel.pidfd.as_fd(), PollFlags::POLLIN));
        if let Some(stdin) = self.channel.stdin.as_ref().filter(|_| self.channel.wants_to_write()) {
            fds.push(PollFd::new(stdin.as_fd(), PollFlags::POLLOUT));
        }
        fds.extend(self.channel.stdout.as_ref().map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)));
        fds.extend(self.channel.stderr.as_ref().map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)));
        let waits_to_act = self.script.act.is_some() && self.acted.is_none() && self.last_word.is_none();
        let until = if waits_to_act { self.deadline().min(ACT_AFTER) } else { self.deadline() };
        let left = until.saturating_sub(self.began.elapsed());
        if ppoll(&mut fds, Some(TimeSpec::from_duration(left)), None).is_err() {
            // Interrupted by a signal: the next round asks again.
            return false;
        }
        let exited = fds[0].any().unwrap_or(true);
        self.channel.write();
        self.read();
        exited
    }

    /// Reads once from each pipe.
    fn read(&mut self) -> Got {
        let mut buffer = [0; READ_BYTES];
        if let Got::Bytes(bytes) = self.channel.read_stderr(&mut buffer) {
            self.logs.stderr(&buffer[..bytes]);
        }
        let got = self.channel.read_stdout(&mut buffer);
        if let Got::Bytes(bytes) = got {
            self.bytes += bytes;
            let now = self.began.elapsed();
            let mut reader = std::mem::take(&mut self.reader);
            reader.push(&buffer[..bytes], &mut |line| {
                let message = understand(line);
                if message.as_ref().is_ok_and(is_last) {
                    self.last_word.get_or_insert(now);
                }
                self.said.push(Said { number: line.number, message });
            });
            self.reader = reader;
        }
        got
    }
}

fn understand(line: crate::host::Line<'_>) -> Result<HostMessage, Unreadable> {
    let wrong = |why, problem: String| Err(Unreadable { why, quote: quote(line.bytes), problem });
    if line.too_long {
        return wrong(Why::TooLong, "it is longer than 1 MiB".to_owned());
    }
    let Ok(text) = std::str::from_utf8(line.bytes) else {
        return wrong(Why::NotUtf8, "it is not UTF-8".to_owned());
    };
    match serde_json::from_str(text) {
        Ok(message) => Ok(message),
        Err(_) if text.is_empty() => wrong(Why::NoMessage, "it is empty".to_owned()),
        Err(error) => wrong(Why::NoMessage, error.to_string().replace(" at line 1 column", ", column")),
    }
}

pub(super) fn is_last(message: &HostMessage) -> bool {
    matches!(message, HostMessage::Listed { .. } | HostMessage::Ended(_) | HostMessage::Reboot { .. })
}
