//! One step in a host process: started early, given its request late, seen through to its end.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::cancel::CancelToken;
use super::channel::Channel;
use super::conversation::Task;
use super::ending::{Shown, THE_HOST, cleanup_text, judge, needs_cleanup, seconds, warnings};
use super::logs::StepLogs;
use super::mark::Mark;
use super::program::HostProgram;
use super::protocol::{HostMessage, MAX_LINE_BYTES, Mode, RUN_VARIABLE, RunRequest, STEP_VARIABLE};
use super::supervise::{Daemons, Rules, Supervisor, Watched, line};
use crate::name::SubtestName;
use crate::outcome::{Ending, Level};
use crate::verdict::Verdict;

/// A step, and how to run it.
///
/// [`StepProcess`] shows one being run.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Step<'a> {
    /// The host that holds its subtest.
    pub program: &'a HostProgram,
    /// The subtest.
    pub name: &'a SubtestName,
    /// What the host will be given. Its folders exist.
    pub request: &'a RunRequest,
    /// How long the step may take, from its request on; zero: as long as it likes.
    pub limit: Duration,
    /// How long its clean-up may take after the limit or a cancellation, and once more in a new process if this one
    /// has to be killed.
    pub cleanup_limit: Duration,
}

impl<'a> Step<'a> {
    /// A step of that subtest, with what the host will be given and how long it and its clean-up may take.
    #[must_use]
    pub const fn new(
        program: &'a HostProgram,
        name: &'a SubtestName,
        request: &'a RunRequest,
        limit: Duration,
        cleanup_limit: Duration,
    ) -> Step<'a> {
        Step { program, name, request, limit, cleanup_limit }
    }
}

/// A host process that waits for its request.
///
/// Starting it costs most of what a step costs, so start it while something else is being waited for. One that is
/// dropped without having been run is killed.
///
/// A host that is a line of shell, and keeps the [protocol](super::protocol):
///
/// ```
/// use std::time::Duration;
///
/// use dockertest::config::Section;
/// use dockertest::host::protocol::{Folders, RunRequest};
/// use dockertest::host::{CancelToken, HostProgram, Step, StepEnd, StepProcess};
/// use dockertest::verdict::Verdict;
///
/// let script = r#"read request
///     echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}'
///     echo '{"ended":{"verdict":"GOOD","reason":"","seconds":0.25}}'"#;
/// let program = HostProgram::new("/bin/sh").arguments(["-c", script]);
/// # let folder = tempfile::tempdir()?;
/// # let place = |name: &str| { let path = folder.path().join(name); std::fs::create_dir(&path).map(|()| path) };
/// # let folders = Folders { output: place("output")?, tmp: place("tmp")?, state: place("state")? };
/// # let run = format!("example-{}", std::process::id());
/// let request = RunRequest::new(run, "docker/subtests/example.test_1-of-1", Section::default(), folders);
/// let (limit, cleanup_limit) = (Duration::from_secs(3600), Duration::from_secs(30));
/// let name = "example".parse()?;
/// let step = Step::new(&program, &name, &request, limit, cleanup_limit);
/// let process = StepProcess::spawn(&step)?;
/// // It waits. What has to be in the journal before the step begins can be written now.
/// let end = process.run(&request, &CancelToken::new()?, &mut |message| println!("{message:?}"));
/// assert!(matches!(end, StepEnd::Ended(ending) if ending.verdict == Verdict::Good));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct StepProcess {
    /// Nothing once it runs.
    channel: Option<Channel>,
    program: HostProgram,
    name: SubtestName,
    limit: Duration,
    cleanup_limit: Duration,
}

/// A host that cannot be started.
///
/// ```
/// use std::io;
///
/// use dockertest::host::SpawnFailure;
/// use dockertest::verdict::Verdict;
///
/// let failure = SpawnFailure::new("/no/such/host", io::ErrorKind::NotFound.into());
/// assert_eq!(failure.ending().verdict, Verdict::Error);
/// assert_eq!(failure.to_string(), "cannot start the host `/no/such/host`: entity not found");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("cannot start the host `{}`: {source}", program.display())]
#[non_exhaustive]
pub struct SpawnFailure {
    /// The program.
    pub program: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

impl SpawnFailure {
    /// Of that program, and what the system says.
    pub fn new(program: impl Into<PathBuf>, source: io::Error) -> SpawnFailure {
        SpawnFailure { program: program.into(), source }
    }

    /// How the step ended by that: `ERROR`.
    #[must_use]
    pub fn ending(&self) -> Ending {
        Ending::new(Verdict::Error, self.to_string())
    }
}

/// How a step ended, or why it did not.
///
/// ```
/// use dockertest::host::StepEnd;
/// use dockertest::outcome::Ending;
/// use dockertest::verdict::Verdict;
///
/// let end = StepEnd::Ended(Ending::new(Verdict::Abort, "did not end within 3600 s"));
/// let text = match &end {
///     StepEnd::Ended(ending) => format!("{}: {}", ending.verdict, ending.reason),
///     StepEnd::Reboot { resume_at, .. } => format!("after a reboot, it goes on at `{resume_at}`"),
///     other => format!("{other:?}"),
/// };
/// assert_eq!(text, "ABORT: did not end within 3600 s");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum StepEnd {
    /// It ended: by its own verdict, or in one of the many ways of not giving one.
    Ended(Ending),
    /// It wants the machine to be rebooted and to be entered again.
    Reboot {
        /// Where it wants to be entered: for [`Mode::Resume`].
        resume_at: String,
        /// Why, in words.
        reason: String,
    },
}

/// Who takes part in a step besides its host.
struct Around<'a> {
    cancel: &'a CancelToken,
    logs: &'a mut StepLogs,
    on_message: &'a mut dyn FnMut(HostMessage),
}

impl StepProcess {
    /// Starts the step's host, in its own process group, with the step's results as its working folder.
    ///
    /// # Errors
    /// [`SpawnFailure`] when the program cannot be started.
    pub fn spawn(step: &Step<'_>) -> Result<StepProcess, SpawnFailure> {
        let fail = |source| SpawnFailure { program: step.program.shown().to_owned(), source };
        let mut command = step.program.command(&["run", step.name.as_str()]);
        command
            .current_dir(&step.request.folders.output)
            .env(RUN_VARIABLE, &step.request.run)
            .env(STEP_VARIABLE, &step.request.step);
        let mark = Mark::new(&step.request.run, &step.request.step);
        let channel = Channel::spawn(&mut command, mark).map_err(|source| fail(explain(source, step)))?;
        Ok(StepProcess {
            channel: Some(channel),
            program: step.program.clone(),
            name: step.name.clone(),
            limit: step.limit,
            cleanup_limit: step.cleanup_limit,
        })
    }

    /// Sends the request and sees the step through to its end. When this returns, nothing that the step started is
    /// left.
    ///
    /// `on_message` gets phases, log lines of level info and above, keyvals, and the begins and ends of sub-subtests,
    /// and warnings of our own about the end. All log lines go to files in the step's `debug` folder.
    ///
    /// A step that goes beyond its limit, or that `cancel` stops, is asked to clean up; if it does not, it is killed
    /// and a new process is started to do only that ([`Mode::Cleanup`]). So it is after a crash. An urgent
    /// cancellation kills at once and leaves the clean-up to `dockertest resume`.
    #[must_use]
    pub fn run(
        mut self,
        request: &RunRequest,
        cancel: &CancelToken,
        on_message: &mut dyn FnMut(HostMessage),
    ) -> StepEnd {
        let mut logs = StepLogs::new(&request.folders.output, self.name.last());
        let end = self.run_logged(request, &mut Around { cancel, logs: &mut logs, on_message });
        for warning in logs.finish() {
            on_message(HostMessage::Log { subsubtest: None, level: Level::Warning, text: warning });
        }
        end
    }

    fn run_logged(&mut self, request: &RunRequest, around: &mut Around<'_>) -> StepEnd {
        if let Some(ending) = self.refuse(request, around.cancel) {
            return StepEnd::Ended(ending);
        }
        let watched = match self.watch(request, around) {
            Ok(watched) => watched,
            Err(ending) => return StepEnd::Ended(ending),
        };
        let shown = self.shown(request);
        let mut end = judge(&watched, &shown);
        for text in warnings(&watched, &shown) {
            around.logs.log(Level::Warning, None, &text);
            (around.on_message)(HostMessage::Log { subsubtest: None, level: Level::Warning, text });
        }
        if let StepEnd::Ended(ending) = &mut end
            && request.mode_has_more_than_cleanup()
            && needs_cleanup(&watched)
        {
            let cleanup = self.clean_up(request, &ending.reason, around);
            ending.reason = format!("{}\n{}", ending.reason, cleanup_text(&cleanup));
        }
        end
    }

    /// Whether the request is not to be sent at all.
    fn refuse(&mut self, request: &RunRequest, cancel: &CancelToken) -> Option<Ending> {
        // Even an interrupted run cleans up, unless there is no time for anything.
        let cancelled = if request.mode_has_more_than_cleanup() { cancel.is_cancelled() } else { cancel.is_now() };
        let reason = cancel.reason().filter(|_| cancelled)?;
        self.discard();
        Some(Ending::new(Verdict::Abort, format!("interrupted ({reason}) before it began")))
    }

    fn watch(&mut self, request: &RunRequest, around: &mut Around<'_>) -> Result<Watched, Ending> {
        let error = |text: String| Ending::new(Verdict::Error, text);
        let bytes = line(&Request::Run(request)).map_err(|problem| error(format!("the request: {problem}")))?;
        if bytes.len() > MAX_LINE_BYTES {
            let text = format!("the step's request has {} bytes, more than the {MAX_LINE_BYTES}", bytes.len());
            return Err(error(format!("{text} that a host accepts; its sections are too large")));
        }
        let channel = self.channel.take().ok_or_else(|| error("the host has been discarded".to_owned()))?;
        let supervisor = Supervisor::new(channel, Task::Run, self.rules(request), around.logs, around.on_message);
        Ok(supervisor.cancelled_by(around.cancel).watch(&bytes))
    }

    fn rules(&self, request: &RunRequest) -> Rules {
        let limit_reason = format!("did not end within {}", self.shown(request).step);
        let daemons = Daemons::Sought;
        if request.mode_has_more_than_cleanup() {
            let limit = Some(self.limit).filter(|limit| !limit.is_zero());
            Rules { limit, limit_reason, grace: Some(self.cleanup_limit), daemons }
        } else {
            Rules { limit: Some(self.cleanup_limit), limit_reason, grace: None, daemons }
        }
    }

    fn shown(&self, request: &RunRequest) -> Shown {
        let plugin = self.program.plugin_file().map(|file| format!("the plug-in `{}`", file.display()));
        let host = plugin.unwrap_or_else(|| THE_HOST.to_owned());
        let grace = limit_text(request, "cleanup_timeout", self.cleanup_limit);
        if request.mode_has_more_than_cleanup() {
            Shown { host, step: limit_text(request, "step_timeout", self.limit), grace }
        } else {
            Shown { host, step: grace.clone(), grace }
        }
    }

    /// Starts a new process for nothing but the clean-up, and sees it through.
    fn clean_up(&self, request: &RunRequest, reason: &str, around: &mut Around<'_>) -> StepEnd {
        let request = RunRequest { mode: Mode::Cleanup { reason: reason.to_owned() }, ..request.clone() };
        let step = Step {
            program: &self.program,
            name: &self.name,
            request: &request,
            limit: self.cleanup_limit,
            cleanup_limit: self.cleanup_limit,
        };
        match StepProcess::spawn(&step) {
            Ok(mut process) => process.run_logged(&request, around),
            Err(failure) => StepEnd::Ended(failure.ending()),
        }
    }

    fn discard(&mut self) {
        if let Some(mut channel) = self.channel.take() {
            channel.kill_and_reap();
        }
    }
}

impl Drop for StepProcess {
    /// Kills a process that has not been given its request. It has done nothing yet, so there is nothing to clean up
    /// and it takes microseconds.
    fn drop(&mut self) {
        self.discard();
    }
}

/// [`super::protocol::RunnerMessage::Run`], without the need to own the request.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum Request<'a> {
    Run(&'a RunRequest),
}

impl RunRequest {
    fn mode_has_more_than_cleanup(&self) -> bool {
        !matches!(self.mode, Mode::Cleanup { .. })
    }
}

/// A limit with the place where it was set, if it is the option's value that counts.
fn limit_text(request: &RunRequest, option: &str, limit: Duration) -> String {
    let setting = request.section.setting(option);
    let is_set = |value: &str| value.trim().parse() == Ok(limit.as_secs_f64());
    match setting.filter(|setting| is_set(&setting.value)) {
        Some(setting) => format!("{} ({option} of {})", seconds(limit), setting.origin),
        None => seconds(limit),
    }
}

/// `posix_spawn` does not tell a missing program from a missing working folder.
fn explain(source: io::Error, step: &Step<'_>) -> io::Error {
    let folder = &step.request.folders.output;
    match fs::metadata(folder) {
        Err(problem) => io::Error::new(source.kind(), format!("its working folder `{}`: {problem}", folder.display())),
        Ok(_) => source,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::protocol::{Folders, History, PROTOCOL};
    use super::*;
    use crate::config::Section;

    /// Runs a shell script in place of a host.
    fn run_script(script: &str, cancel: &CancelToken) -> (StepEnd, Vec<HostMessage>) {
        let limits = (Duration::from_secs(30), Duration::from_secs(5));
        let mut messages = Vec::new();
        let end = run_script_within(limits, script, cancel, &mut |message| messages.push(message));
        (end, messages)
    }

    /// The same with these limits, of the step and of its clean-up.
    fn run_script_within(
        (limit, cleanup_limit): (Duration, Duration),
        script: &str,
        cancel: &CancelToken,
        on_message: &mut dyn FnMut(HostMessage),
    ) -> StepEnd {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let request = RunRequest {
            protocol: PROTOCOL,
            run: format!("test-{}", std::process::id()),
            step: path.display().to_string(),
            mode: Mode::Full,
            section: Section::default(),
            subsections: BTreeMap::new(),
            subsubtests: None,
            folders: Folders { output: path.clone(), tmp: path.clone(), state: path },
            engine: None,
            known_failures: BTreeMap::new(),
            history: History::default(),
        };
        let arguments = vec!["-c".into(), script.into()];
        let program = HostProgram { path: "/bin/sh".into(), arguments };
        let name = "example".parse().unwrap();
        let step = Step { program: &program, name: &name, request: &request, limit, cleanup_limit };
        StepProcess::spawn(&step).unwrap().run(&request, cancel, on_message)
    }

    const HELLO: &str = r#"read request; echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"sh"}}';"#;

    #[test]
    fn a_verdict_is_handed_on_as_it_was_given() {
        let script = r#"echo '{"log":{"level":"info","text":"hi"}}'; echo '{"ended":{"verdict":"GOOD","reason":"","seconds":1.5}}'"#;
        let (end, messages) = run_script(&format!("{HELLO} {script}"), &CancelToken::new().unwrap());
        assert_eq!(end, StepEnd::Ended(Ending { seconds: 1.5, ..Ending::new(Verdict::Good, "") }));
        let text = "hi".to_owned();
        assert_eq!(messages, [HostMessage::Log { subsubtest: None, level: Level::Info, text }]);
    }

    #[test]
    fn a_limit_may_be_longer_than_any_clock_counts() {
        let limits = (Duration::from_secs_f64(1e19), Duration::MAX);
        let script = r#"echo '{"log":{"level":"info","text":"hi"}}'; read cancel; echo '{"ended":{"verdict":"GOOD","reason":"","seconds":1}}'"#;
        let cancel = CancelToken::new().unwrap();
        let end = run_script_within(limits, &format!("{HELLO} {script}"), &cancel, &mut |_| cancel.cancel("enough"));
        assert!(matches!(&end, StepEnd::Ended(ending) if ending.verdict == Verdict::Good), "{end:?}");
    }

    #[test]
    fn without_time_for_a_clean_up_a_step_is_killed_at_once() {
        let limits = (Duration::from_millis(200), Duration::ZERO);
        let begin = std::time::Instant::now();
        let cancel = CancelToken::new().unwrap();
        let end = run_script_within(limits, &format!("{HELLO} exec sleep 1000"), &cancel, &mut |_| ());
        assert!(matches!(&end, StepEnd::Ended(ending) if ending.verdict == Verdict::Abort), "{end:?}");
        assert!(begin.elapsed() < Duration::from_secs(100), "0 is no limit here: {:?}", begin.elapsed());
    }

    #[test]
    fn a_step_that_is_cancelled_before_it_began_is_not_begun() {
        let cancel = CancelToken::new().unwrap();
        cancel.signalled(2);
        let (StepEnd::Ended(ending), _) = run_script(HELLO, &cancel) else { panic!() };
        assert_eq!((ending.verdict, ending.reason.as_str()), (Verdict::Abort, "interrupted (SIGINT) before it began"));
    }

    #[test]
    fn a_reboot_is_handed_on() {
        let script = r#"echo '{"reboot":{"resume-at":"two","reason":"new kernel"}}'"#;
        let (end, _) = run_script(&format!("{HELLO} {script}"), &CancelToken::new().unwrap());
        assert_eq!(end, StepEnd::Reboot { resume_at: "two".into(), reason: "new kernel".into() });
    }

    #[test]
    fn a_program_that_is_missing_is_named() {
        let program = HostProgram::new("/no/such/host");
        let failure = program.list(Duration::from_secs(1)).unwrap_err();
        let text = "cannot start the host `/no/such/host`: No such file or directory (os error 2)";
        assert_eq!(failure.to_string(), text);
    }
}
