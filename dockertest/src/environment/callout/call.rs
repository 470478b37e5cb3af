//! One call of a callout: started in a process group of its own, watched by `poll`, and never waited for longer than
//! itself: what it leaves running may go on.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::signal::{Signal, killpg};
use nix::sys::time::TimeSpec;
use nix::unistd::Pid;
use rustix::process::{PidfdFlags, pidfd_open};

use crate::host::{CancelLevel, CancelToken, kill_group};

/// How long a callout that is asked to stop (SIGTERM) may take to tidy up.
const GRACE: Duration = Duration::from_secs(5);

/// How long a child that another thread starts may take until it runs its own program, on a busy machine, too.
const FORKED: Duration = Duration::from_millis(500);

/// How much is kept of the end of its standard error, to be shown.
const TAIL_LINES: usize = 10;
const MAX_LINE_BYTES: usize = 4096;

/// How much is read of each pipe after its end: more than any pipe holds.
const DRAIN_BYTES: usize = 1 << 20;

/// How much is taken of a callout's standard output, if it is read here.
const MAX_OUTPUT_BYTES: usize = 64 << 10;

/// Copies lines until the callout itself has ended, whatever it leaves running holds the pipe. It goes on when the runner
/// is killed, so that no id is lost, and when the callout is asked to stop, so that its last lines are not. The first
/// argument is the callout, the second a line that nobody else writes.
const COPYING: &str = r#"trap : TERM
{ trap : TERM; /bin/sh -c "$1" instance_provision; s=$?; echo; echo "$2 $s"; } | {
    trap '' TERM
    while IFS= read -r line; do
        case $line in "$2 "*) exit "${line##* }";; esac
        printf '%s\n' "$line"
    done
    exit 125
}"#;

/// Who gets to see what callouts say, line by line.
pub(super) type Tell<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// A callout with its values put in.
pub(super) struct Call<'a> {
    /// The option's name.
    pub(super) name: &'static str,
    pub(super) text: String,
    pub(super) folder: &'a Path,
    pub(super) variables: Vec<(&'static str, String)>,
    /// Zero: none.
    pub(super) limit: Duration,
    pub(super) cancel: Option<&'a CancelToken>,
    pub(super) tell: Tell<'a>,
}

/// Why a callout did not do what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallFailure {
    text: String,
}

impl fmt::Display for CallFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Where its standard output goes.
enum Sink {
    /// To this file, line by line.
    File(File),
    /// It is given back.
    Kept,
    /// To where its standard error goes.
    Told,
}

/// Why it was stopped.
enum Stop {
    TimeLimit,
    Cancelled(String),
}

impl Call<'_> {
    /// Calls it; its standard output goes to a file, line by line, also when this process is killed meanwhile.
    pub(super) fn printing_to(&self, file: File) -> Result<(), CallFailure> {
        let mut command = Command::new("/bin/sh");
        let end = format!("end-of-{}-{:016x}", self.name, random());
        command.args(["-c", COPYING, self.name, &self.text, &end]);
        self.see_through(command, Sink::File(file)).map(drop)
    }

    /// Calls it and gives back what it printed.
    pub(super) fn printed(&self) -> Result<Vec<u8>, CallFailure> {
        self.see_through(self.command(), Sink::Kept)
    }

    /// Calls it; what it prints is told like its standard error.
    pub(super) fn told(&self) -> Result<(), CallFailure> {
        self.see_through(self.command(), Sink::Told).map(drop)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &self.text, self.name]);
        command
    }

    fn see_through(&self, mut command: Command, sink: Sink) -> Result<Vec<u8>, CallFailure> {
        if let Some(reason) = self.cancel.and_then(CancelToken::reason) {
            return Err(self.failure(&format!("was not called: interrupted ({reason})"), &VecDeque::new()));
        }
        command.current_dir(self.folder).process_group(0).stdin(Stdio::null()).stderr(Stdio::piped());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let keeps = matches!(sink, Sink::Kept);
        command.stdout(match sink {
            Sink::File(file) => Stdio::from(file),
            Sink::Kept | Sink::Told => Stdio::piped(),
        });
        let broken = |error: io::Error| self.failure(&format!("cannot be started: {error}"), &VecDeque::new());
        let child = command.spawn().map_err(broken)?;
        let group = child.id();
        let mut watch = Watch::of(child).map_err(|error| {
            kill_group(i32::try_from(group).unwrap_or(0));
            broken(error)
        })?;
        let (stop, status) = watch.until_end(self, keeps);
        let tail = &watch.tail.lines;
        let limit = self.limit.as_secs_f64();
        match (stop, status) {
            (Some(Stop::TimeLimit), _) => {
                let option = format!("{}_timeout", self.name);
                Err(self.failure(&format!("did not end within {limit} s (`{option}`); it was stopped"), tail))
            }
            (Some(Stop::Cancelled(reason)), _) => Err(self.failure(&format!("was interrupted ({reason})"), tail)),
            (None, Ok(status)) if status.success() => Ok(watch.output),
            (None, Ok(status)) => Err(self.failure(&ended(status), tail)),
            (None, Err(error)) => Err(self.failure(&format!("was lost: {error}"), tail)),
        }
    }

    fn failure(&self, what: &str, stderr: &VecDeque<String>) -> CallFailure {
        let lines: String = stderr.iter().map(|line| format!("\n    {line}")).collect();
        CallFailure { text: format!("`{}` {what}{lines}", self.name) }
    }
}

fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with status {code}"),
        (None, Some(signal)) => {
            let name = Signal::try_from(signal).map_or_else(|_| format!("signal {signal}"), |name| name.to_string());
            format!("was killed by {name}")
        }
        (None, None) => "ended in an unknown way".to_owned(),
    }
}

/// A number that nobody can guess.
pub(super) fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};

    RandomState::new().hash_one(std::process::id())
}

/// A callout that runs.
struct Watch {
    child: Child,
    pidfd: OwnedFd,
    stdout: Option<File>,
    stderr: Option<File>,
    output: Vec<u8>,
    tail: Tail,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pipe {
    Stdout,
    Stderr,
}

impl Watch {
    fn of(mut child: Child) -> io::Result<Watch> {
        let pidfd = pidfd_open(rustix::process::Pid::from_child(&child), PidfdFlags::empty())?;
        let stdout = child.stdout.take().map(|pipe| File::from(OwnedFd::from(pipe)));
        let stderr = child.stderr.take().map(|pipe| File::from(OwnedFd::from(pipe)));
        for pipe in [&stdout, &stderr].into_iter().flatten() {
            fcntl(pipe.as_fd(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        Ok(Watch { child, pidfd, stdout, stderr, output: Vec::new(), tail: Tail::default() })
    }

    fn until_end(&mut self, call: &Call<'_>, keeps: bool) -> (Option<Stop>, io::Result<ExitStatus>) {
        let mut deadline =
            Some(call.limit).filter(|limit| !limit.is_zero()).and_then(|limit| Instant::now().checked_add(limit));
        let mut stop = None;
        loop {
            let (has_ended, is_cancelled) = self.wait(deadline, call.cancel.filter(|_| stop.is_none()));
            self.read(Pipe::Stderr, call, false);
            self.read(Pipe::Stdout, call, keeps);
            if has_ended {
                break;
            }
            let is_late = deadline.is_some_and(|deadline| deadline <= Instant::now());
            match (&stop, is_late) {
                (Some(_), true) => {
                    kill_group(self.group());
                    break;
                }
                (None, _) if is_cancelled || is_late => {
                    let reason = call.cancel.filter(|_| is_cancelled).and_then(CancelToken::reason);
                    stop = Some(reason.map_or(Stop::TimeLimit, Stop::Cancelled));
                    // It may have something to tidy up.
                    let _gone = killpg(Pid::from_raw(self.group()), Signal::SIGTERM);
                    deadline = Some(Instant::now() + GRACE);
                }
                (Some(_), false) | (None, _) => {}
            }
        }
        if stop.is_some() {
            // What it started ends with it. It is not reaped yet, so the number of its group is nobody else's.
            kill_group(self.group());
        }
        self.read(Pipe::Stderr, call, false);
        self.read(Pipe::Stdout, call, keeps);
        let is_held = stop.is_none() && self.stays_held();
        self.tail.end(call);
        if is_held {
            (call.tell)(&format!("{}: left processes that hold its output; they are not waited for", call.name));
        }
        (stop, self.child.wait())
    }

    fn group(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap_or(0)
    }

    /// Whether a process that it left behind could still write. For a moment that may also be a child which another thread
    /// has just forked: it has all our pipes until it runs its own program.
    fn stays_held(&mut self) -> bool {
        let until = Instant::now() + FORKED;
        while self.stdout.is_some() || self.stderr.is_some() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            let pipes = [&self.stdout, &self.stderr].into_iter().flatten();
            let mut fds: Vec<PollFd<'_>> = pipes.map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)).collect();
            // Whatever comes of it, it is looked at again.
            let _ = ppoll(&mut fds, Some(TimeSpec::from_duration(left)), None);
            // What is said from here on is not the callout's own: that has been read.
            drop_some(&mut self.stderr);
            drop_some(&mut self.stdout);
        }
        false
    }

    /// Waits for something to happen; says whether the callout has ended, and whether somebody wants to stop.
    fn wait(&self, deadline: Option<Instant>, cancel: Option<&CancelToken>) -> (bool, bool) {
        let wish = cancel.and_then(|cancel| cancel.above(CancelLevel::None));
        let mut fds = vec![PollFd::new(self.pidfd.as_fd(), PollFlags::POLLIN)];
        fds.extend(wish.map(|wish| PollFd::new(wish, PollFlags::POLLIN)));
        let pipes = [&self.stdout, &self.stderr].into_iter().flatten();
        fds.extend(pipes.map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)));
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if ppoll(&mut fds, left.map(TimeSpec::from_duration), None).is_err() {
            // Interrupted by a signal: the next round asks again.
            return (false, false);
        }
        let is_ready = |index: usize| fds.get(index).is_some_and(|fd| fd.any().unwrap_or(true));
        (is_ready(0), wish.is_some() && is_ready(1))
    }

    fn read(&mut self, pipe: Pipe, call: &Call<'_>, keeps: bool) {
        let source = match pipe {
            Pipe::Stdout => &mut self.stdout,
            Pipe::Stderr => &mut self.stderr,
        };
        let mut buffer = [0; 4096];
        let mut total = 0;
        while let Some(file) = source.as_mut().filter(|_| total < DRAIN_BYTES) {
            match file.read(&mut buffer) {
                Ok(0) => *source = None,
                Ok(bytes) if keeps => {
                    total += bytes;
                    let room = MAX_OUTPUT_BYTES.saturating_sub(self.output.len());
                    self.output.extend_from_slice(&buffer[..bytes.min(room)]);
                }
                Ok(bytes) => {
                    total += bytes;
                    self.tail.push(&buffer[..bytes], call);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => *source = None,
            }
        }
    }
}

/// Reads from a pipe what is to be forgotten: not all that there is, since a fast writer would never come to an end.
fn drop_some(pipe: &mut Option<File>) {
    let Some(file) = pipe else { return };
    match file.read(&mut [0; 4096]) {
        Ok(0) => *pipe = None,
        Ok(_) => {}
        Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
        Err(_) => *pipe = None,
    }
}

/// The last lines of what a callout said; each is told as it comes.
#[derive(Debug, Default)]
struct Tail {
    lines: VecDeque<String>,
    part: Vec<u8>,
}

impl Tail {
    fn push(&mut self, bytes: &[u8], call: &Call<'_>) {
        for byte in bytes {
            if *byte == b'\n' {
                self.end(call);
            } else if self.part.len() < MAX_LINE_BYTES {
                self.part.push(*byte);
            }
        }
    }

    /// The line is complete, or will not be any more.
    fn end(&mut self, call: &Call<'_>) {
        let part = std::mem::take(&mut self.part);
        let text = String::from_utf8_lossy(&part);
        let text: String =
            text.chars().map(|c| if c.is_control() && c != '\t' { char::REPLACEMENT_CHARACTER } else { c }).collect();
        let text = text.trim_end_matches(char::REPLACEMENT_CHARACTER).trim_end();
        if text.is_empty() {
            return;
        }
        (call.tell)(&format!("{}: {text}", call.name));
        self.lines.push_back(text.to_owned());
        if self.lines.len() > TAIL_LINES {
            self.lines.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Mutex;

    use super::*;

    fn call<'a>(text: &str, tell: Tell<'a>, limit: Duration) -> Call<'a> {
        let folder = Path::new("/");
        let variables = vec![("INSTANCE_COUNT", "3".to_owned())];
        Call { name: "instance_provision", text: text.to_owned(), folder, variables, limit, cancel: None, tell }
    }

    fn quiet(_: &str) {}

    #[test]
    fn lines_go_to_a_file_and_the_status_is_that_of_the_callout() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let call = call("printf 'a\\nb $INSTANCE_COUNT'; printf '\\tx\\\\'; exit 7", &quiet, Duration::from_secs(60));
        let failure = call.printing_to(file.reopen().unwrap()).unwrap_err();
        assert_eq!(failure.to_string(), "`instance_provision` ended with status 7");
        assert_eq!(fs::read_to_string(file.path()).unwrap(), "a\nb $INSTANCE_COUNT\tx\\\n");
    }

    #[test]
    fn what_it_says_is_told_line_by_line_and_its_end_is_in_the_failure() {
        let told = Mutex::new(Vec::new());
        let tell = |line: &str| told.lock().unwrap().push(line.to_owned());
        let failure = call("echo one >&2; printf two >&2; kill -9 $$", &tell, Duration::ZERO).told().unwrap_err();
        assert_eq!(failure.to_string(), "`instance_provision` was killed by SIGKILL\n    one\n    two");
        assert_eq!(*told.lock().unwrap(), ["instance_provision: one", "instance_provision: two"]);
    }

    /// What a callout leaves running does not hold anybody up, and may go on.
    #[test]
    fn a_process_that_holds_its_output_is_not_waited_for() {
        let told = Mutex::new(Vec::new());
        let tell = |line: &str| told.lock().unwrap().push(line.to_owned());
        let began = Instant::now();
        let printed = call("sleep 600 & echo $!", &tell, Duration::from_secs(300)).printed().unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        call("sleep 600 & echo $!", &tell, Duration::from_secs(300)).printing_to(file.reopen().unwrap()).unwrap();
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
        let last = fs::read(file.path()).unwrap();
        for pid in [printed, last].map(|pid| String::from_utf8(pid).unwrap().trim().parse().unwrap()) {
            nix::sys::signal::kill(Pid::from_raw(pid), Signal::SIGKILL).expect("it was left alone");
        }
        assert_eq!(told.lock().unwrap().len(), 2, "{told:?}");
    }

    /// There is a limit, and who went beyond it is named.
    #[test]
    fn it_is_stopped_at_its_limit_and_may_tidy_up() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "trap 'echo late; exit 0' TERM; echo early; sleep 600 & wait";
        let failure = call(text, &quiet, Duration::from_millis(500)).printing_to(file.reopen().unwrap()).unwrap_err();
        let expected = "`instance_provision` did not end within 0.5 s (`instance_provision_timeout`); it was stopped";
        assert_eq!(failure.to_string(), expected);
        let text = fs::read_to_string(file.path()).unwrap();
        assert_eq!(text.split_whitespace().collect::<Vec<_>>(), ["early", "late"]);
    }

    #[test]
    fn a_wish_to_stop_is_heeded() {
        let cancel = CancelToken::new().unwrap();
        let tell = |line: &str| {
            assert_eq!(line, "instance_provision: here");
            cancel.cancel("SIGINT");
        };
        let call = Call { cancel: Some(&cancel), ..call("echo here >&2; sleep 600", &tell, Duration::ZERO) };
        let failure = call.printed().unwrap_err();
        assert_eq!(failure.to_string(), "`instance_provision` was interrupted (SIGINT)\n    here");
    }

    #[test]
    fn a_folder_that_is_gone_is_told() {
        let call = Call { folder: Path::new("/no/such/folder"), ..call("true", &quiet, Duration::ZERO) };
        assert!(call.told().unwrap_err().to_string().contains("cannot be started: No such file"));
    }
}
