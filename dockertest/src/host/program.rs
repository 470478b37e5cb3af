//! A program that holds subtests: how it is started, and what it holds.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cancel::CancelToken;
use super::channel::Channel;
use super::conversation::{Fault, LastWord, Task};
use super::ending::{seconds, status_text};
use super::logs::StepLogs;
use super::mark::Mark;
use super::protocol::{ConfigFile, Hello, HostMessage, RUN_VARIABLE, STEP_VARIABLE, SubtestInfo};
use super::supervise::{Cause, Daemons, Rules, Supervisor, Watched};
use crate::name::SubtestName;
use crate::outcome::Level;

/// The first of the two words by which a loader is told which plug-in it serves.
const PLUGIN_WORD: &str = "plugin";

/// How to start a host. `list` or `run NAME` is appended to its arguments.
///
/// ```
/// use dockertest::host::HostProgram;
///
/// let host = HostProgram::new("python3").arguments(["my_subtests.py"]);
/// // It is started as `python3 my_subtests.py list` and `python3 my_subtests.py run docker_cli/version`.
/// assert_eq!(host.arguments, ["my_subtests.py"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct HostProgram {
    /// The program.
    pub path: PathBuf,
    /// Its first arguments, usually none.
    pub arguments: Vec<OsString>,
}

/// What a host holds.
///
/// ```
/// use dockertest::host::Listing;
/// use dockertest::host::protocol::Hello;
///
/// # let listing = r#"{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"},"subtests":[],"config":[]}"#;
/// # let listing: Listing = serde_json::from_str(listing)?; // as `HostProgram::list` gives it
/// let Listing { hello: Hello { program, .. }, subtests, .. } = listing;
/// assert_eq!(format!("{program} holds {} subtests", subtests.len()), "my-subtests 1.0 holds 0 subtests");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Listing {
    /// How it introduced itself.
    pub hello: Hello,
    /// Its subtests, in its own order; no name is there twice.
    pub subtests: Vec<SubtestInfo>,
    /// Defaults of its subtests' options.
    pub config: Vec<ConfigFile>,
}

/// Why a host's subtests are not known.
///
/// ```
/// use std::time::Duration;
///
/// use dockertest::host::{HostProgram, ListFailure};
///
/// let failure = HostProgram::new("/no/such/host").list(Duration::from_secs(30)).unwrap_err();
/// assert!(matches!(failure, ListFailure::Start { .. }));
/// let message = "cannot start the host `/no/such/host`: No such file or directory (os error 2)";
/// assert_eq!(failure.to_string(), message);
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListFailure {
    /// The program cannot be started.
    #[error("cannot start the host `{}`: {source}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It takes too long.
    #[error("`{} list` did not end within {}{}", program.display(), seconds(*limit), indented(stderr))]
    TooSlow {
        /// The program.
        program: PathBuf,
        /// How long it had.
        limit: Duration,
        /// The last lines of its standard error.
        stderr: String,
    },
    /// It took too long [earlier](crate::host::Plugins::cache), and is still the same.
    #[error(
        "`{0} list` did not end within {1} when it was asked last; it will be asked again when its file has changed, or after \
         `touch {0}`",
        program.display(), seconds(*limit)
    )]
    KnownToBeTooSlow {
        /// The program.
        program: PathBuf,
        /// How long it had.
        limit: Duration,
    },
    /// It does not keep the protocol.
    #[error("`{} list`: {fault}{}", program.display(), indented(stderr))]
    Protocol {
        /// The program.
        program: PathBuf,
        /// What is wrong.
        fault: Box<Fault>,
        /// The last lines of its standard error.
        stderr: String,
    },
    /// It ended before its list did, or badly.
    #[error("`{} list` {status} {}{}", program.display(), if *complete { "after its list" } else { "before its list was complete" }, indented(stderr))]
    Died {
        /// The program.
        program: PathBuf,
        /// How it ended, in words.
        status: String,
        /// Whether the list was complete.
        complete: bool,
        /// The last lines of its standard error.
        stderr: String,
    },
    /// Somebody wanted to stop before it had ended.
    #[error("`{} list` was stopped ({reason})", program.display())]
    Stopped {
        /// The program.
        program: PathBuf,
        /// Why.
        reason: String,
    },
    /// It says that something is wrong with it.
    #[error("`{} list`: {text}", program.display())]
    Complaint {
        /// The program.
        program: PathBuf,
        /// What it says.
        text: String,
    },
    /// It listed fewer or more subtests than it says.
    #[error("`{} list` named {named} subtests and then said that there are {said}", program.display())]
    Count {
        /// The program.
        program: PathBuf,
        /// How many there were.
        named: usize,
        /// How many there should be.
        said: u32,
    },
    /// It names a sub-subtest that cannot have that name.
    #[error("`{} list`: the subtest `{subtest}` cannot have a sub-subtest `{}`", program.display(), child.escape_debug())]
    Child {
        /// The program.
        program: PathBuf,
        /// The subtest.
        subtest: SubtestName,
        /// What it says its name is.
        child: String,
    },
    /// It holds two subtests of one name.
    #[error("`{} list` names `{name}` twice", program.display())]
    Twice {
        /// The program.
        program: PathBuf,
        /// The subtest.
        name: SubtestName,
    },
}

impl HostProgram {
    /// A program without arguments of its own.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        HostProgram { path: path.into(), arguments: Vec::new() }
    }

    /// The same with more arguments, before `list` or `run NAME`.
    ///
    /// ```
    /// # use dockertest::host::HostProgram;
    /// let host = HostProgram::new("ssh").arguments(["bench-7"]).arguments(["/opt/host"]);
    /// assert_eq!(host.arguments, ["bench-7", "/opt/host"]);
    /// ```
    #[must_use]
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Stands before the program in the arguments of a shell that starts it elsewhere.
    #[cfg(feature = "runner")]
    pub(crate) const CALLOUT_WORD: &str = "instance_execute";

    /// A plug-in library, which is never loaded by the runner but by `loader`: a program that serves as a host
    /// ([`serve::main`](super::serve::main)), as the one of the bundled subtests does.
    ///
    /// ```
    /// use dockertest::host::HostProgram;
    ///
    /// let host = HostProgram::plugin(&HostProgram::new("/usr/bin/dockertest-host"), "/opt/disk_quota.so");
    /// // It is started as `/usr/bin/dockertest-host plugin /opt/disk_quota.so list`.
    /// assert_eq!(host.arguments, ["plugin", "/opt/disk_quota.so"]);
    /// assert_eq!(host.shown(), std::path::Path::new("/opt/disk_quota.so"));
    /// ```
    #[must_use]
    pub fn plugin(loader: &HostProgram, file: impl Into<PathBuf>) -> Self {
        let plugin: [OsString; 2] = [PLUGIN_WORD.into(), file.into().into()];
        HostProgram { path: loader.path.clone(), arguments: loader.arguments.iter().cloned().chain(plugin).collect() }
    }

    /// The file that people know it by: the plug-in's, if its arguments end in `plugin FILE`, else the program's.
    ///
    /// ```
    /// use dockertest::host::HostProgram;
    ///
    /// assert_eq!(HostProgram::new("/opt/host.py").shown(), std::path::Path::new("/opt/host.py"));
    /// ```
    #[must_use]
    pub fn shown(&self) -> &Path {
        self.plugin_file().unwrap_or_else(|| match &self.arguments[..] {
            #[cfg(feature = "runner")]
            [_, _, word, program, ..] if word == HostProgram::CALLOUT_WORD => Path::new(program),
            _ => &self.path,
        })
    }

    /// The plug-in library that it loads, if it does.
    pub(super) fn plugin_file(&self) -> Option<&Path> {
        match &self.arguments[..] {
            [.., word, file] if word == PLUGIN_WORD => Some(Path::new(file)),
            _ => None,
        }
    }

    /// Asks the host for its subtests. It and all that it started is gone afterwards.
    ///
    /// The API version in [`Listing::hello`] is not judged here.
    ///
    /// # Errors
    /// [`ListFailure`] when it cannot be started, takes longer than `limit`, or does not keep the protocol.
    ///
    /// A program that is no host:
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use dockertest::host::HostProgram;
    ///
    /// let failure = HostProgram::new("/bin/echo").list(Duration::from_secs(30)).unwrap_err();
    /// assert!(failure.to_string().contains("not a message of the protocol: `list`"));
    /// ```
    pub fn list(&self, limit: Duration) -> Result<Listing, ListFailure> {
        self.list_unless(limit, None)
    }

    /// The same, unless somebody wants to stop.
    pub(crate) fn list_unless(&self, limit: Duration, cancel: Option<&CancelToken>) -> Result<Listing, ListFailure> {
        self.ask(limit, cancel, None)
    }

    /// The same, one of many: daemons of this one are not looked for, but their mark is added to the others'.
    pub(super) fn list_among(&self, limit: Duration, unsought: &mut Vec<Mark>) -> Result<Listing, ListFailure> {
        self.ask(limit, None, Some(unsought))
    }

    fn ask(
        &self,
        limit: Duration,
        cancel: Option<&CancelToken>,
        unsought: Option<&mut Vec<Mark>>,
    ) -> Result<Listing, ListFailure> {
        let program = || self.shown().to_owned();
        let mut command = self.command(&["list"]);
        // A list belongs to no step; the mark still finds what it may leave behind. Another thread may be listing the
        // same program, and must not lose its processes to the end of this list.
        command.env_remove(RUN_VARIABLE).env_remove(STEP_VARIABLE);
        let place = format!("{:?} {}", std::thread::current().id(), self.shown().display());
        let channel = Channel::spawn(&mut command, Mark::new("list", &place))
            .map_err(|source| ListFailure::Start { program: program(), source })?;
        // A list has nothing to clean up.
        let grace = cancel.map(|_| Duration::ZERO);
        let daemons = if unsought.is_some() { Daemons::LeftToCaller } else { Daemons::Sought };
        let rules = Rules { limit: Some(limit), limit_reason: String::new(), grace, daemons };
        let mut subtests: Vec<SubtestInfo> = Vec::new();
        let mut config: Vec<ConfigFile> = Vec::new();
        let mut complaints: Vec<String> = Vec::new();
        let mut take = |message| match message {
            HostMessage::Subtest(subtest) => subtests.push(subtest),
            HostMessage::Config(file) => config.push(file),
            HostMessage::Log { level: Level::Error, text, .. } => complaints.push(text),
            // A list has no other messages between `hello` and its end that would matter.
            _ => {}
        };
        let mut logs = StepLogs::tail_only();
        let supervisor = Supervisor::new(channel, Task::List, rules, &mut logs, &mut take);
        let supervisor = match cancel {
            Some(cancel) => supervisor.cancelled_by(cancel),
            None => supervisor,
        };
        let mut watched = supervisor.watch(b"");
        if let Some(unsought) = unsought {
            unsought.extend(watched.unsought.take());
        }
        let listing = self.listing(watched, subtests, limit)?;
        if complaints.is_empty() {
            Ok(Listing { config, ..listing })
        } else {
            Err(ListFailure::Complaint { program: program(), text: complaints.join("\n") })
        }
    }

    /// The command that starts it with these arguments.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        // Steps are started in folders of their own, where a relative path would name something else.
        let is_relative = self.path.is_relative() && self.path.components().count() > 1;
        let path = if is_relative { std::path::absolute(&self.path).ok() } else { None };
        let mut command = Command::new(path.as_ref().unwrap_or(&self.path));
        command.args(&self.arguments).args(arguments);
        command
    }

    fn listing(&self, watched: Watched, subtests: Vec<SubtestInfo>, limit: Duration) -> Result<Listing, ListFailure> {
        let program = self.shown().to_owned();
        let stderr = watched.stderr_tail;
        match watched.cause {
            Some(Cause::Fault(fault)) => return Err(ListFailure::Protocol { program, fault: Box::new(fault), stderr }),
            Some(Cause::Cancelled { reason } | Cause::Now { reason }) => {
                return Err(ListFailure::Stopped { program, reason });
            }
            Some(_) => return Err(ListFailure::TooSlow { program, limit, stderr }),
            None => {}
        }
        let last_word = watched.conversation.last_word();
        let (Some(LastWord::Listed { subtests: said }), true, Some(hello)) =
            (last_word, watched.status.is_some_and(|status| status.success()), watched.conversation.hello())
        else {
            let status = status_text(watched.status);
            return Err(ListFailure::Died { program, status, complete: last_word.is_some(), stderr });
        };
        if usize::try_from(*said) != Ok(subtests.len()) {
            return Err(ListFailure::Count { program, named: subtests.len(), said: *said });
        }
        let mut names: Vec<SubtestName> = Vec::with_capacity(subtests.len());
        for SubtestInfo { name, subsubtests, .. } in &subtests {
            names.push(name.clone());
            for child in subsubtests {
                let joined = name.join(child).ok().filter(|_| !child.contains('/'));
                names.push(joined.ok_or_else(|| ListFailure::Child {
                    program: program.clone(),
                    subtest: name.clone(),
                    child: child.clone(),
                })?);
            }
        }
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(ListFailure::Twice { program, name: pair[0].clone() });
        }
        Ok(Listing { hello: hello.clone(), subtests, config: Vec::new() })
    }
}

fn indented(stderr: &str) -> String {
    stderr.lines().map(|line| format!("\n    {line}")).collect()
}
