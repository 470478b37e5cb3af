//! What keeps an engine of our own, seen from outside: the process that makes its namespaces, the socket for orders, the
//! folder, the log.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::cut_off::CutOff;
use super::failure::DaemonFailure;
use super::folder::Folder;
use super::order::{DONE, Order};
use super::outside::{FIRST_PROCESS, NO_PLAN};
use super::ping::ping;
use super::plan::{Entrance, Plan, Spoken};
use super::search_path;
use crate::host::{CancelToken, HostProgram};

/// Measured 0.2 s; a loaded machine gets time.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Measured 0.02 s; cgroups may take five seconds.
const END_LIMIT: Duration = Duration::from_secs(20);
/// Measured 1 s; a container that does not want to end has 15 s of the engine's.
pub(super) const ORDER_LIMIT: Duration = Duration::from_secs(60);
/// How long a program may take to say its version.
const LIST_LIMIT: Duration = Duration::from_secs(10);
/// How long what looks after an engine that has died may take to say why, before that is told without it.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How many lines of the log are shown for a failure.
const SHOWN_LINES: usize = 20;

/// How namespaces are made, as far as it is nothing to them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Manner<'a> {
    /// Where the log is to be; nothing: in their folder.
    pub(crate) log: Option<&'a Path>,
    /// The wish to stop by which all is taken down at once, also later.
    pub(crate) cancel: Option<&'a CancelToken>,
}

/// Namespaces with an engine in them. All goes when this is dropped, and also when this program dies in whatever way.
#[derive(Debug)]
pub(crate) struct Launched {
    launcher: Child,
    /// Both processes inside see when this is closed. Nothing here once it has been.
    orders: Option<UnixStream>,
    /// Ends it when somebody wants to stop; nothing if it is nothing to whoever waits for it, or any more.
    cut_off: Option<CutOff>,
    pub(crate) folder: Folder,
    /// Where the namespaces are.
    pub(crate) entrance: Entrance,
    /// Their first process; nothing if it was gone at once.
    first: Option<OwnedFd>,
    log: File,
    /// Tell a later run that the folder is in use, and where its data is.
    _locks: Vec<File>,
}

impl Launched {
    /// Makes the namespaces as planned and has the engine started in them.
    pub(crate) fn launch(
        folder: Folder,
        locks: Vec<File>,
        first_process: &HostProgram,
        plan: &Plan,
        manner: Manner<'_>,
    ) -> Result<Launched, DaemonFailure> {
        match spawn(&folder, first_process, manner.log) {
            Ok((launcher, orders, log)) => {
                let cut_off = manner.cancel.map(|cancel| CutOff::new(&orders, cancel)).transpose();
                let (orders, entrance) = (Some(orders), Entrance::default());
                let mut launched =
                    Launched { launcher, orders, cut_off: None, folder, entrance, first: None, log, _locks: locks };
                launched.cut_off = cut_off.map_err(DaemonFailure::Folder)?;
                launched.entrance = launched.begin(plan, first_process)?;
                launched.first = launched.entrance.open().ok();
                Ok(launched)
            }
            Err(failure) => {
                drop(folder.remove());
                Err(failure)
            }
        }
    }

    fn begin(&mut self, plan: &Plan, program: &HostProgram) -> Result<Entrance, DaemonFailure> {
        let unclear = |error: serde_json::Error| DaemonFailure::Folder(error.into());
        let plan = serde_json::to_string(plan).map_err(unclear)?;
        match self.orders.as_mut().map_or_else(|| Ok(String::new()), |orders| ask(orders, &plan)) {
            Ok(line) if !line.is_empty() => match Spoken::other(&line) {
                Some(other) => Err(other_build(program, &other)),
                None => serde_json::from_str(&line).map_err(unclear),
            },
            Ok(_) => match self.ended_after(END_LIMIT) {
                DaemonFailure::Ended { log, .. } if log.contains(NO_PLAN) => Err(other_build(program, "")),
                failure => Err(failure),
            },
            Err(error) => {
                let reason = error.to_string();
                Err(DaemonFailure::Silent { limit: ORDER_LIMIT, reason, log: self.log_end() })
            }
        }
    }

    /// Waits until the engine behind the socket answers.
    pub(crate) fn wait_until_it_answers(&mut self, socket: &Path) -> Result<(), DaemonFailure> {
        let deadline = Instant::now() + START_LIMIT;
        let mut pause = Duration::from_millis(1);
        loop {
            let Err(reason) = ping(socket) else { return Ok(()) };
            if let Ok(Some(status)) = self.launcher.try_wait() {
                return Err(self.ended(status));
            }
            if Instant::now() >= deadline {
                return Err(DaemonFailure::Silent { limit: START_LIMIT, reason, log: self.log_end() });
            }
            // A socket that is not there yet can only be tried again.
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(4));
        }
    }

    /// Tells the first process something and waits until it is done.
    pub(crate) fn order(&mut self, order: Order) -> Result<(), DaemonFailure> {
        let answer = self.orders.as_mut().map_or_else(|| Ok(String::new()), |orders| ask(orders, order.word()));
        let answer = match answer {
            Ok(line) if line == DONE => return Ok(()),
            Ok(line) if line.is_empty() => match wait(&mut self.launcher, END_LIMIT) {
                Some(status) => return Err(self.ended(status)),
                None => "it is not there any more".to_owned(),
            },
            Ok(line) => line,
            Err(error) => error.to_string(),
        };
        Err(DaemonFailure::Refused { order: order.word(), answer, log: self.log_end() })
    }

    fn ended(&mut self, status: ExitStatus) -> DaemonFailure {
        DaemonFailure::Ended { how: status.to_string(), log: self.log_end() }
    }

    fn ended_after(&mut self, limit: Duration) -> DaemonFailure {
        match wait(&mut self.launcher, limit) {
            Some(status) => self.ended(status),
            None => DaemonFailure::Silent { limit, reason: "it closed its ears".to_owned(), log: self.log_end() },
        }
    }

    /// Whether the first process has ended, and all others with it, or does so within that time. What it leaves may take
    /// longer to be removed.
    pub(crate) fn ends_within(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let Some(first) = &self.first else { return true };
        if !matches!(self.launcher.try_wait(), Ok(None)) {
            // It goes with the one that looks after it.
            return true;
        }
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            match poll(&mut [PollFd::new(first.as_fd(), PollFlags::POLLIN)], timeout) {
                Err(Errno::EINTR) if !left.is_zero() => {}
                news => return news.is_ok_and(|ended| ended > 0),
            }
        }
    }

    /// The last lines of what the engine said before its end, and of what looks after it, if that has anything to say.
    pub(crate) fn last_words(&mut self) -> String {
        let _ = wait(&mut self.launcher, LAST_WORDS);
        self.log_end()
    }

    /// From now on a wish to stop is nothing to it.
    pub(crate) fn is_not_cut_off(&mut self) {
        self.cut_off = None;
    }

    /// Leaves all as it is, when it was planned to stay.
    pub(crate) fn leave(mut self) {
        self.cut_off = None;
        self.orders = None;
    }

    /// Ends all, and says what is left.
    pub(crate) fn take_down(&mut self) -> Vec<String> {
        // It holds the socket, too.
        self.cut_off = None;
        let Some(orders) = self.orders.take() else { return Vec::new() };
        drop(orders);
        if self.entrance.stays {
            self.entrance.kill();
        }
        if wait(&mut self.launcher, END_LIMIT).is_none() {
            // Its child dies with it, and with that child the namespaces.
            drop(self.launcher.kill());
            drop(self.launcher.wait());
        }
        self.folder.remove()
    }

    /// How much the engine has said until now.
    pub(crate) fn said(&self) -> u64 {
        self.log.metadata().map_or(0, |log| log.len())
    }

    /// What the engine said after a place in its log. The file can be read through its descriptor when it is removed
    /// already.
    pub(crate) fn said_since(&self, mut place: u64) -> String {
        let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
        // Not from where the descriptor is: whoever writes has the same place in the file.
        while let Ok(size @ 1..) = self.log.read_at(&mut part, place) {
            bytes.extend_from_slice(&part[..size]);
            place += size as u64;
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The last lines of what the engine said.
    pub(crate) fn log_end(&self) -> String {
        let text = self.said_since(0);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(SHOWN_LINES)..].iter().map(|line| format!("  {line}\n")).collect()
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        // Whoever wants to know takes it down before.
        drop(self.take_down());
    }
}

/// Starts the process that makes the namespaces.
fn spawn(
    folder: &Folder,
    first_process: &HostProgram,
    log: Option<&Path>,
) -> Result<(Child, UnixStream, File), DaemonFailure> {
    let path = log.map_or_else(|| folder.log(), Path::to_owned);
    let unwritable = |source| DaemonFailure::Log { path: path.clone(), source };
    let log = File::options().read(true).append(true).create(true).open(&path).map_err(unwritable)?;
    let (orders, theirs) = UnixStream::pair().map_err(DaemonFailure::Folder)?;
    orders.set_read_timeout(Some(ORDER_LIMIT)).map_err(DaemonFailure::Folder)?;
    let launcher = Command::new(&first_process.path)
        .args(&first_process.arguments)
        .arg(FIRST_PROCESS)
        .arg(folder.path())
        .env("PATH", search_path())
        .current_dir("/")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(log.try_clone().map_err(unwritable)?)
        .stderr(log.try_clone().map_err(unwritable)?)
        // Ctrl-C is not for the engine: it has to outlive what is cleaning up.
        .process_group(0)
        .spawn()
        .map_err(DaemonFailure::Start)?;
    Ok((launcher, orders, log))
}

/// The failure of two programs that do not fit together. The other one speaks this dialect, if it says.
fn other_build(program: &HostProgram, dialect: &str) -> DaemonFailure {
    let version = match dialect.split_once('/') {
        Some((version, _)) => version.to_owned(),
        // Every host says so to who asks for its list.
        None => program
            .list(LIST_LIMIT)
            .map_or_else(|_| "unknown".to_owned(), |listing| listing.hello.api_version.to_string()),
    };
    let this = std::env::current_exe().unwrap_or_default();
    DaemonFailure::OtherBuild { program: program.path.clone(), version, this }
}

/// Sends a line and reads the line that comes for it; nothing when the other end is gone.
fn ask(orders: &mut UnixStream, line: &str) -> io::Result<String> {
    if writeln!(orders, "{line}").is_err() {
        return Ok(String::new());
    }
    let mut answer = String::new();
    // There is one answer for each line, so nothing is lost in the buffer.
    match BufReader::new(orders).read_line(&mut answer) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(String::new()),
        other => other?,
    };
    Ok(answer.trim_end().to_owned())
}

/// Waits for the end of a process; none when it takes longer.
fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + limit;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw)?;
    let ended = pidfd_open(pid, PidfdFlags::empty());
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => {}
            Ok(None) | Err(_) => return None,
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        // Whatever comes of it, it is looked at again.
        match &ended {
            Ok(ended) => drop(poll(&mut [PollFd::new(ended.as_fd(), PollFlags::POLLIN)], left)),
            // Nothing can be waited for without a descriptor of the process.
            Err(_) => thread::sleep(Duration::from_millis(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::folder::ENGINE;
    use super::*;

    /// A program that answers this to a plan, and says its version to who asks for its list.
    fn told_of(answer: &str) -> String {
        let script = format!(
            r#"case $0 in list)
                echo '{{"hello":{{"protocol":1,"api-version":"0.1.2","program":"stale 0.1.2"}}}}'
                echo '{{"listed":{{"subtests":0}}}}';;
            *) read -r plan; {answer};;
            esac"#
        );
        let program = HostProgram::new("/bin/sh").arguments(["-c", &script]);
        let (folder, lock) = Folder::create(ENGINE).unwrap();
        let plan = Plan { dialect: Spoken::here(), ..Plan::default() };
        let failure = Launched::launch(folder.clone(), vec![lock], &program, &plan, Manner::default()).unwrap_err();
        assert!(!folder.path().exists());
        failure.to_string()
    }

    #[test]
    fn a_program_of_another_build_is_named_with_its_version() {
        let entrance = r#"{"pid":1,"namespace":"pid:[1]","engine":null,"variables":{}}"#;
        let this = std::env::current_exe().unwrap().display().to_string();
        for (answer, version) in [
            (format!("echo '{entrance}' >&0"), "0.1.2"),
            ("echo '{\"dialect\":\"0.3.4/9\"}' >&0".to_owned(), "0.3.4"),
            ("echo 'what was told is no plan: missing field' >&2; exit 1".to_owned(), "0.1.2"),
        ] {
            let told = told_of(&answer);
            let both =
                [format!("`/bin/sh` (version {version})"), format!("`{this}` (version {})", env!("CARGO_PKG_VERSION"))];
            assert!(both.iter().all(|one| told.contains(one)) && told.contains("install both together"), "{told}");
        }
    }

    #[test]
    fn a_plan_of_another_build_is_known_by_its_dialect() {
        let plan = serde_json::to_string(&Plan { dialect: Spoken::here(), ..Plan::default() }).unwrap();
        assert_eq!(Spoken::other(&plan), None);
        assert_eq!(Spoken::other("{\"dialect\":\"0.3.4/9\",\"room\":7}").as_deref(), Some("0.3.4/9"));
        assert_eq!(Spoken::other("no plan at all").as_deref(), Some(""));
    }
}
