//! Watches one host process from its start to its end: a state machine over `poll`, without ticks.
//!
//! ```text
//! starting ──request written──> running ──last message──────> leaving ──exit──> draining ──> ended
//!     │                            │  └─limit or cancel─> cancelling ─┘              ^
//!     └────────────────────────────┴────────fault, or a limit again──> killed ───exit┘
//! ```
//!
//! It says what happened ([`Watched`]) and judges nothing: verdicts and their texts are made from it elsewhere.

use std::os::fd::AsFd;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;

use super::cancel::{CancelLevel, CancelToken};
use super::channel::{Channel, Got};
use super::conversation::{Conversation, Fault, Task};
use super::lines::LineReader;
use super::logs::StepLogs;
use super::mark::Mark;
use super::protocol::{HostMessage, RunnerMessage};
use super::told::Told;
use super::tree::{self, ProcessDescription, StepTree};
use crate::journal::Iteration;
use crate::outcome::Phase;

/// How long a host may take to exit after its last message or after it closed its standard output.
pub(super) const EXIT_GRACE: Duration = Duration::from_secs(2);

/// How long a killed host may take to be reaped, before it is given up (its kernel call does not return).
const REAP_GRACE: Duration = Duration::from_secs(10);

/// What is longer is no limit: a hundred years, which every clock can count.
const NO_LIMIT: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// How much is read of each pipe after the host's exit: no pipe holds more than this of what the host itself wrote
/// (`/proc/sys/fs/pipe-max-size` as it is shipped), so anything beyond comes from a process that it left behind.
const DRAIN_BYTES: usize = 1 << 20;

const READ_BYTES: usize = 16 << 10;

/// What the watch may and must do.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    /// How long it may take.
    pub(super) limit: Option<Duration>,
    /// What the host is told when that is over.
    pub(super) limit_reason: String,
    /// How long it may take to clean up when asked to stop. Nothing: it is killed and not asked, and only an urgent
    /// wish to cancel is heeded.
    pub(super) grace: Option<Duration>,
    /// Who looks for a daemon that a host may have left of which nothing else tells.
    pub(super) daemons: Daemons,
}

/// To look for daemons all processes of the machine are looked at, which takes longer than most lists do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Daemons {
    /// The watch does, when the host has ended.
    Sought,
    /// Who started several hosts does, once for all of them: see [`Watched::unsought`].
    LeftToCaller,
}

/// Why the watch put an end to it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cause {
    TimeLimit,
    Cancelled {
        reason: String,
    },
    /// Cancelled at once, perhaps in addition to something before.
    Now {
        reason: String,
    },
    Fault(Fault),
    /// It closed its standard output and went on.
    Closed,
    /// It went on after its last message.
    Lingered,
}

/// Where a step was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) phase: Phase,
    pub(super) iteration: Option<Iteration>,
    pub(super) subsubtest: Option<String>,
}

/// What became of a host.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) cause: Option<Cause>,
    /// Nothing if it could not be reaped.
    pub(super) status: Option<ExitStatus>,
    /// Whether we killed it.
    pub(super) killed: bool,
    /// Whether its standard input was open to the end.
    pub(super) could_hear: bool,
    pub(super) conversation: Conversation,
    pub(super) place: Option<Place>,
    /// Processes that it left behind, which have been killed.
    pub(super) left_over: Vec<ProcessDescription>,
    /// The mark of daemons that nobody has looked for yet.
    pub(super) unsought: Option<Mark>,
    pub(super) stderr_tail: String,
    pub(super) elapsed: Duration,
    /// What it said and was not handed on, in words.
    pub(super) missing: Vec<String>,
}

/// The states; each but the last waits for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The request is not wholly written.
    Starting,
    Running,
    /// Asked to stop.
    Cancelling {
        until: Instant,
    },
    /// It has nothing more to say, and is to exit.
    Leaving {
        until: Instant,
    },
    Killed {
        until: Instant,
    },
    Ended,
}

/// What `poll` can tell of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Stdin,
    Stdout,
    Stderr,
    Exit,
    Cancel,
}

/// The watch over one host.
pub(super) struct Supervisor<'a> {
    pub(super) channel: Channel,
    pub(super) rules: Rules,
    pub(super) logs: &'a mut StepLogs,
    cancel: Option<&'a CancelToken>,
    heeded: CancelLevel,
    on_message: &'a mut dyn FnMut(HostMessage),
    state: State,
    began: Instant,
    reader: LineReader,
    conversation: Conversation,
    cause: Option<Cause>,
    killed: bool,
    status: Option<ExitStatus>,
    place: Option<Place>,
    left_over: Vec<ProcessDescription>,
    is_unsought: bool,
    told: Told,
}

impl<'a> Supervisor<'a> {
    pub(super) fn new(
        channel: Channel,
        task: Task,
        rules: Rules,
        logs: &'a mut StepLogs,
        on_message: &'a mut dyn FnMut(HostMessage),
    ) -> Self {
        let limit = rules.limit.filter(|limit| *limit < NO_LIMIT);
        let grace = rules.grace.map(|grace| grace.min(NO_LIMIT));
        Supervisor {
            channel,
            rules: Rules { limit, grace, ..rules },
            logs,
            cancel: None,
            heeded: CancelLevel::None,
            on_message,
            state: State::Starting,
            began: Instant::now(),
            reader: LineReader::new(),
            conversation: Conversation::new(task),
            cause: None,
            killed: false,
            status: None,
            place: None,
            left_over: Vec::new(),
            is_unsought: false,
            told: Told::new(task),
        }
    }

    /// Heeds this token too.
    pub(super) fn cancelled_by(mut self, cancel: &'a CancelToken) -> Self {
        self.cancel = Some(cancel);
        // Without a grace there is nothing to be done about a graceful wish.
        self.heeded = if self.rules.grace.is_some() { CancelLevel::None } else { CancelLevel::Graceful };
        self
    }

    /// Watches until the host has ended and nothing of it is left.
    pub(super) fn watch(mut self, request: &[u8]) -> Watched {
        let mut buffer = [0; READ_BYTES];
        self.channel.send(request);
        self.channel.write();
        while self.state != State::Ended {
            if self.state == State::Starting && !self.channel.wants_to_write() {
                self.state = State::Running;
            }
            self.logs.flush();
            let ready = self.wait();
            if ready.contains(&Source::Cancel) {
                self.heed_cancel();
            }
            if ready.contains(&Source::Stdin) {
                self.write();
            }
            if ready.contains(&Source::Stderr) {
                self.read_stderr(&mut buffer);
            }
            if ready.contains(&Source::Stdout) {
                self.read_stdout(&mut buffer);
            }
            if ready.contains(&Source::Exit) {
                self.host_exited(&mut buffer);
            } else if self.deadline().is_some_and(|deadline| deadline <= Instant::now()) {
                self.deadline_passed();
            }
        }
        self.into_watched()
    }

    fn into_watched(self) -> Watched {
        Watched {
            cause: self.cause,
            status: self.status,
            killed: self.killed,
            could_hear: self.channel.stdin.is_some(),
            conversation: self.conversation,
            place: self.place,
            left_over: self.left_over,
            unsought: self.is_unsought.then_some(self.channel.mark),
            stderr_tail: self.logs.tail(),
            elapsed: self.began.elapsed(),
            missing: self.told.missing(),
        }
    }

    fn wait(&self) -> Vec<Source> {
        let mut sources = Vec::with_capacity(5);
        let mut fds = Vec::with_capacity(5);
        let mut add = |source, fd, flags| {
            sources.push(source);
            fds.push(PollFd::new(fd, flags));
        };
        if let Some(stdin) = self.channel.stdin.as_ref().filter(|_| self.channel.wants_to_write()) {
            add(Source::Stdin, stdin.as_fd(), PollFlags::POLLOUT);
        }
        if let Some(stdout) = &self.channel.stdout {
            add(Source::Stdout, stdout.as_fd(), PollFlags::POLLIN);
        }
        if let Some(stderr) = &self.channel.stderr {
            add(Source::Stderr, stderr.as_fd(), PollFlags::POLLIN);
        }
        if let Some(cancel) = self.cancel.and_then(|cancel| cancel.above(self.heeded)) {
            add(Source::Cancel, cancel, PollFlags::POLLIN);
        }
        add(Source::Exit, self.channel.pidfd.as_fd(), PollFlags::POLLIN);
        let left = self.deadline().map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if ppoll(&mut fds, left.map(TimeSpec::from_duration), None).is_err() {
            // Interrupted by a signal: nothing is known to be ready, and the next round asks again.
            return Vec::new();
        }
        let is_ready = |fd: &PollFd<'_>| fd.any().unwrap_or(true);
        sources.into_iter().zip(&fds).filter(|(_, fd)| is_ready(fd)).map(|(source, _)| source).collect()
    }

    fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Starting | State::Running => self.rules.limit.map(|limit| self.began + limit),
            State::Cancelling { until } | State::Leaving { until } | State::Killed { until } => Some(until),
            State::Ended => None,
        }
    }

    fn deadline_passed(&mut self) {
        match self.state {
            State::Starting | State::Running => {
                let reason = self.rules.limit_reason.clone();
                self.ask_to_stop(Cause::TimeLimit, reason);
            }
            State::Cancelling { .. } => self.kill(),
            State::Leaving { .. } => {
                let said = self.conversation.last_word().is_some();
                self.cause.get_or_insert(if said { Cause::Lingered } else { Cause::Closed });
                self.kill();
            }
            State::Killed { .. } => self.state = State::Ended,
            State::Ended => {}
        }
    }

    fn heed_cancel(&mut self) {
        let Some(cancel) = self.cancel else { return };
        let reason = cancel.reason().unwrap_or_default();
        self.heeded = cancel.level();
        match (self.heeded, self.state) {
            (_, State::Killed { .. } | State::Ended) => {}
            (CancelLevel::Now, _) => {
                // A verdict that was given before anybody wanted to stop stands.
                if self.cause.is_some() || self.conversation.last_word().is_none() {
                    self.cause = Some(Cause::Now { reason });
                }
                self.kill();
            }
            (CancelLevel::Graceful, State::Starting | State::Running) => {
                self.ask_to_stop(Cause::Cancelled { reason: reason.clone() }, reason);
            }
            // It has been asked already, or is about to exit.
            (CancelLevel::None | CancelLevel::Graceful, _) => {}
        }
    }

    fn ask_to_stop(&mut self, cause: Cause, reason: String) {
        self.cause.get_or_insert(cause);
        let Some(grace) = self.rules.grace else { return self.kill() };
        let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        if let Ok(message) = line(&RunnerMessage::Cancel { reason, grace_ms }) {
            self.channel.send(&message);
        }
        self.state = State::Cancelling { until: Instant::now() + grace };
        self.write();
    }

    fn write(&mut self) {
        self.channel.write();
        if self.channel.stdin.is_none() && matches!(self.state, State::Cancelling { .. }) {
            // It cannot hear that it is to stop.
            self.kill();
        }
    }

    fn read_stderr(&mut self, buffer: &mut [u8]) -> Got {
        let got = self.channel.read_stderr(buffer);
        if let Got::Bytes(bytes) = got {
            self.logs.stderr(&buffer[..bytes]);
        }
        got
    }

    fn read_stdout(&mut self, buffer: &mut [u8]) -> Got {
        let got = self.channel.read_stdout(buffer);
        match got {
            Got::Bytes(bytes) => self.hear(&buffer[..bytes]),
            Got::End if matches!(self.state, State::Starting | State::Running) => self.leave(),
            Got::End | Got::Nothing => {}
        }
        got
    }

    fn hear(&mut self, bytes: &[u8]) {
        let mut reader = std::mem::take(&mut self.reader);
        let mut fault = None;
        reader.push(bytes, &mut |line| {
            if fault.is_some() || self.is_deaf() {
                return;
            }
            let heard = self.conversation.hear(line);
            let told = heard.and_then(|message| message.map_or(Ok(()), |message| self.tell(message, line.bytes.len())));
            fault = told.err();
        });
        self.reader = reader;
        if let Some(fault) = fault {
            // A cause that was there before stands: what a host says when asked to stop does not change it.
            self.cause.get_or_insert(Cause::Fault(fault));
            self.kill();
        } else if self.conversation.last_word().is_some() {
            self.leave();
        }
    }

    /// Whether what the host says does not count any more.
    fn is_deaf(&self) -> bool {
        matches!(self.cause, Some(Cause::Fault(_) | Cause::Now { .. }))
    }

    fn tell(&mut self, message: HostMessage, bytes: usize) -> Result<(), Fault> {
        match &message {
            // Once it is asked to stop it goes to its clean-up, which is not where it was interrupted.
            HostMessage::Phase { subsubtest, phase, iteration }
                if matches!(self.state, State::Starting | State::Running) =>
            {
                self.place = Some(Place { phase: *phase, iteration: *iteration, subsubtest: subsubtest.clone() });
            }
            HostMessage::Log { subsubtest, level, text } => {
                self.logs.log(*level, subsubtest.as_deref(), text);
            }
            _ => {}
        }
        if self.told.take(&message, bytes)? {
            (self.on_message)(message);
        }
        Ok(())
    }

    /// It has nothing more to say: it is to exit soon.
    fn leave(&mut self) {
        let soon = Instant::now() + EXIT_GRACE;
        match self.state {
            State::Starting | State::Running => self.state = State::Leaving { until: soon },
            State::Cancelling { until } => self.state = State::Leaving { until: until.min(soon) },
            State::Leaving { .. } | State::Killed { .. } | State::Ended => {}
        }
    }

    fn kill(&mut self) {
        if !matches!(self.state, State::Killed { .. } | State::Ended) {
            self.kill_tree();
            self.killed = true;
            self.state = State::Killed { until: Instant::now() + REAP_GRACE };
        }
    }

    fn kill_tree(&mut self) -> Vec<ProcessDescription> {
        let tree = StepTree { group: self.channel.group, mark: &self.channel.mark };
        let host = self.channel.group;
        let killed = tree::kill(&tree);
        killed.into_iter().filter(|(process, _)| process.pid != host).map(|(_, description)| description).collect()
    }

    fn host_exited(&mut self, buffer: &mut [u8]) {
        drain(|| self.read_stderr(buffer));
        drain(|| self.read_stdout(buffer));
        self.status = self.channel.try_reap();
        self.state = State::Ended;
        self.hear_rest();
        if self.killed {
            return;
        }
        // Whoever adopts its orphans has ended them. Of others, a daemon may be left that nothing else tells of.
        let adopts = self.conversation.hello().is_some_and(|hello| hello.adopts_orphans);
        // An open pipe is a certain sign of a process that was left behind, and costs nothing to see.
        let is_held = self.channel.stdout.is_some() || self.channel.stderr.is_some();
        let is_usual = self.conversation.last_word().is_some() && self.status.is_some_and(|status| status.success());
        let stays = is_usual && self.channel.group_stays();
        if !is_usual || is_held || stays || (!adopts && self.rules.daemons == Daemons::Sought) {
            self.left_over = self.kill_tree();
        } else {
            self.is_unsought = !adopts;
        }
    }

    /// Half a line of a host that crashed is no news; of one that ended well it is why there is no verdict.
    fn hear_rest(&mut self) {
        let ended_well = self.status.is_some_and(|status| status.success());
        if let Some(line) = self.reader.rest().filter(|_| ended_well && self.cause.is_none())
            && let Err(fault) = self.conversation.hear_rest(line)
        {
            self.cause = Some(Cause::Fault(fault));
        }
    }
}

fn drain(mut read: impl FnMut() -> Got) {
    let mut bytes = 0;
    while let Got::Bytes(more) = read() {
        bytes += more;
        if bytes >= DRAIN_BYTES {
            break;
        }
    }
}

/// A message as it goes over the pipe.
pub(super) fn line(message: &impl serde::Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec(message)?;
    bytes.push(b'\n');
    Ok(bytes)
}
