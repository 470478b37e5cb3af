//! Runs one step: its folders, its request, its host process. It knows nothing of the order of steps.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::{Configuration, MASK, Section, is_secret};
use crate::host::protocol::{Folders, History, HostMessage, Mode, PROTOCOL, RunRequest};
use crate::host::{CancelToken, HostProgram, Step, StepEnd, StepProcess};
use crate::journal::{
    EngineFacts, Event, Keyvals, Logged, PhaseStarted, PlannedStep, SubsubtestEnded, SubsubtestStarted,
};
use crate::name::StepId;
use crate::outcome::{Ending, Level};
use crate::verdict::Verdict;

/// What the steps of a run have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Worker<'r> {
    pub(super) configuration: &'r Configuration,
    /// The run's name.
    pub(super) run: &'r str,
    pub(super) results: &'r Path,
    pub(super) state: &'r Path,
}

/// A step, and how to run it.
#[derive(Debug)]
pub(super) struct Job<'r> {
    pub(super) id: StepId,
    pub(super) step: &'r PlannedStep,
    pub(super) program: HostProgram,
    /// Its sub-subtests, as its host lists them.
    pub(super) children: &'r [String],
    /// Its effective configuration.
    pub(super) section: Section,
    pub(super) mode: Mode,
    /// Of the whole step; zero: none.
    pub(super) limit: Duration,
    pub(super) cleanup_limit: Duration,
    pub(super) engine: Option<EngineFacts>,
    pub(super) known_failures: BTreeMap<String, String>,
    /// For an intratest: the folder of the step that it runs after.
    pub(super) previous: Option<String>,
    /// The instance that it is run in; nothing if that is this machine.
    pub(super) instance: Option<String>,
}

/// A step whose folders are made, so that its host can be started.
#[derive(Debug)]
pub(super) struct Ready<'r> {
    id: StepId,
    step: &'r PlannedStep,
    program: HostProgram,
    limit: Duration,
    cleanup_limit: Duration,
    request: RunRequest,
    tmp: PathBuf,
}

/// A step whose host process is starting.
#[derive(Debug)]
pub(super) struct Prepared {
    id: StepId,
    process: StepProcess,
    request: RunRequest,
    tmp: PathBuf,
}

impl Worker<'_> {
    /// Makes the step's folders.
    ///
    /// Gives back how the step ends if that is not possible.
    pub(super) fn ready<'r>(&self, job: Job<'r>) -> Result<Ready<'r>, Ending> {
        let Job { id, step, limit, cleanup_limit, .. } = job;
        let output = self.results.join(step.folder());
        let tmp = self.results.join("tmp").join(id.to_string());
        for path in [&output, &tmp] {
            fs::create_dir_all(path).map_err(|error| {
                Ending::new(Verdict::Error, format!("cannot make the step's folder `{}`: {error}", path.display()))
            })?;
        }
        let folders = Folders { output, tmp: tmp.clone(), state: self.state.to_owned() };
        let program = job.program.clone();
        let request = self.request(job, folders);
        Ok(Ready { id, step, program, limit, cleanup_limit, request, tmp })
    }

    fn request(&self, job: Job<'_>, folders: Folders) -> RunRequest {
        let name = &job.step.name;
        let children = match &job.step.subsubtests {
            Some(children) => children.clone(),
            // A host from outside need not have the option.
            None if job.section.get("subsubtests").is_none() => job.children.to_vec(),
            None => job.section.list("subsubtests"),
        };
        let subsection = |child: String| {
            let section = self.configuration.section(&format!("{name}/{child}"));
            (child, section)
        };
        RunRequest {
            protocol: PROTOCOL,
            run: self.run.to_owned(),
            step: job.step.folder(),
            mode: job.mode,
            section: job.section,
            subsections: children.into_iter().map(subsection).collect(),
            subsubtests: job.step.subsubtests.clone(),
            folders,
            engine: job.engine,
            known_failures: job.known_failures,
            history: History { results: self.results.to_owned(), previous: job.previous, instance: job.instance },
        }
    }
}

impl Ready<'_> {
    /// Starts the step's host, which waits for its request.
    ///
    /// Gives back how the step ends if that is not possible.
    pub(super) fn start(self) -> Result<Prepared, Ending> {
        let Ready { id, step, program, limit, cleanup_limit, request, tmp } = self;
        let process =
            StepProcess::spawn(&Step { program: &program, name: &step.name, request: &request, limit, cleanup_limit })
                .map_err(|failure| Ending::new(Verdict::Error, failure.to_string()))?;
        Ok(Prepared { id, process, request, tmp })
    }
}

impl Prepared {
    /// The step's effective configuration, for its keyval file, secrets masked.
    pub(super) fn keyvals(&self) -> BTreeMap<String, String> {
        let settings = self.request.section.masked().settings;
        settings.into_iter().map(|(option, setting)| (option, setting.value)).collect()
    }

    /// Sends the request and sees the step through. `record` gets what the host tells.
    ///
    /// It also gets a warning if the step's temporary folder cannot be removed. The folder stays if the step goes on in
    /// another process: after a reboot, or for a clean-up that is left to a resume.
    pub(super) fn run(self, cancel: &CancelToken, record: &mut dyn FnMut(Event)) -> StepEnd {
        let Prepared { id, process, request, tmp } = self;
        let end = process.run(&request, cancel, &mut |message| record_message(id, message, record));
        if !is_left_to_resume(&end, cancel)
            && let Err(problem) = remove_tree(&tmp)
        {
            record(warning(id, format!("the step's temporary folder `{}` is left: {problem}", tmp.display())));
        }
        end
    }
}

/// Whether more of the step is still to be run, if only its clean-up.
fn is_left_to_resume(end: &StepEnd, cancel: &CancelToken) -> bool {
    matches!(end, StepEnd::Reboot { .. }) || is_cut_off(end, cancel)
}

/// Whether the step was killed at once, so that its clean-up has to be left to a resume.
pub(super) fn is_cut_off(end: &StepEnd, cancel: &CancelToken) -> bool {
    cancel.is_now() && matches!(end, StepEnd::Ended(ending) if ending.verdict == Verdict::Abort)
}

/// A warning in a step's log.
pub(super) fn warning(step: StepId, text: String) -> Event {
    Event::Logged(Logged { step: Some(step), subsubtest: None, level: Level::Warning, text })
}

fn record_message(step: StepId, message: HostMessage, record: &mut dyn FnMut(Event)) {
    match message {
        HostMessage::Phase { subsubtest, phase, iteration } => {
            record(Event::PhaseStarted(PhaseStarted { step, subsubtest, phase, iteration }));
        }
        HostMessage::Log { subsubtest, level, text } => {
            record(Event::Logged(Logged { step: Some(step), subsubtest, level, text }));
        }
        HostMessage::Keyvals { iteration, values } => {
            let mask = |(name, value): (String, String)| {
                let value = masked(&name, &value);
                (name, value)
            };
            let values = values.into_iter().map(mask).collect();
            record(Event::Keyvals(Keyvals { step, iteration, values }));
        }
        HostMessage::SubsubtestStarted { subsubtest } => {
            record(Event::SubsubtestStarted(SubsubtestStarted { step, subsubtest }));
        }
        HostMessage::SubsubtestEnded { subsubtest, ending } => {
            record(Event::SubsubtestEnded(SubsubtestEnded { step, subsubtest, ending }));
        }
        // Not for a step, or told by its StepEnd.
        HostMessage::Hello(_)
        | HostMessage::Subtest(_)
        | HostMessage::Config(_)
        | HostMessage::Listed { .. }
        | HostMessage::Reboot { .. }
        | HostMessage::Ended(_) => {}
    }
}

fn masked(name: &str, value: &str) -> String {
    if is_secret(name) { MASK.to_owned() } else { value.to_owned() }
}

/// Removes a folder with all that is in it, but nothing that is mounted there.
///
/// A subtest that failed to unmount something must not cost anybody the files behind it.
pub(crate) fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::remove_dir(path) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(_) => {}
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    if let Some(place) = mounted_below(&mounts, path) {
        return Err(io::Error::other(format!("something is mounted at `{place}`")));
    }
    fs::remove_dir_all(path)
}

/// Something that is mounted in or at a folder, if anything is, by the text of `mountinfo`.
fn mounted_below(mounts: &str, folder: &Path) -> Option<String> {
    // The fifth field is where it is mounted, with blanks and the like as octal escapes.
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(4)).map(unescape);
    places.into_iter().find(|place| Path::new(place).starts_with(folder))
}

fn unescape(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_removed_and_may_be_gone_already() {
        let folder = tempfile::tempdir().unwrap();
        let tree = folder.path().join("tmp");
        fs::create_dir_all(tree.join("deep")).unwrap();
        fs::write(tree.join("deep/file"), "x").unwrap();
        remove_tree(&tree).unwrap();
        assert!(!tree.exists());
        remove_tree(&tree).unwrap();
    }

    #[test]
    fn what_is_mounted_in_a_tree_is_seen() {
        let mounts =
            "22 1 254:0 / / rw - ext4 /dev/vda rw\n30 22 0:26 / /results/my\\040run/tmp/3/m rw - tmpfs none rw\n";
        assert_eq!(
            mounted_below(mounts, Path::new("/results/my run/tmp/3")).as_deref(),
            Some("/results/my run/tmp/3/m")
        );
        assert_eq!(mounted_below(mounts, Path::new("/results/my run/tmp/30")), None);
    }
}
