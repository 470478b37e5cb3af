//! Whether a host keeps the protocol: each rule by itself.

mod exchange;
mod list;
mod report;
mod run;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use crate::config::{Layers, Section};
use crate::host::HostProgram;
use crate::host::protocol::{Folders, History, Mode, PROTOCOL, RunRequest, RunnerMessage, SubtestInfo};
use crate::host::supervise::line;
use crate::name::{Kind, SubtestName};

pub use report::{Finding, HostReport, Outcome};

use exchange::{Act, Exchange, Script, talk};
use report::Findings;

/// How long a list or a whole subtest may take.
const LIMIT: Duration = Duration::from_secs(60);

/// How long a host may take to stop when it is asked to.
const CANCEL_GRACE: Duration = Duration::from_secs(5);

/// How long a host may live on when its standard input has ended.
const END_GRACE: Duration = Duration::from_secs(2);

/// A subtest that no host holds.
const NO_SUBTEST: &str = "no_such_subtest";

/// Tries whether a host keeps the rules of the [protocol](crate::host::protocol).
///
/// ```
/// use dockertest::host::{HostCheck, HostProgram};
///
/// let report = HostCheck::new(HostProgram::new("/bin/echo")).run()?;
/// assert!(!report.holds());
/// let broken: Vec<_> = report.broken().map(|finding| finding.rule).collect();
/// assert!(broken.contains(&"only-messages"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct HostCheck {
    program: HostProgram,
    subtest: Option<SubtestName>,
    layers: Layers,
    limit: Duration,
    grace: Duration,
}

impl HostCheck {
    /// A check of this host. Its first subtest is run, with no more than the host's own defaults, and may take a minute.
    #[must_use]
    pub fn new(program: HostProgram) -> HostCheck {
        HostCheck { program, subtest: None, layers: Layers::new(), limit: LIMIT, grace: CANCEL_GRACE }
    }

    /// Runs this subtest, which the host has to list. For the rules about stopping it should take some time.
    #[must_use]
    pub fn subtest(self, name: SubtestName) -> HostCheck {
        HostCheck { subtest: Some(name), ..self }
    }

    /// What the subtest is configured by, besides the host's own defaults.
    #[must_use]
    pub fn layers(self, layers: Layers) -> HostCheck {
        HostCheck { layers, ..self }
    }

    /// How long the subtest, and the list, may take.
    #[must_use]
    pub fn limit(self, limit: Duration) -> HostCheck {
        HostCheck { limit, ..self }
    }

    /// How long it may take to stop when it is asked to, 5 seconds if nothing else is said.
    #[must_use]
    pub fn grace(self, grace: Duration) -> HostCheck {
        HostCheck { grace, ..self }
    }

    /// Calls the host several times.
    ///
    /// # Errors
    /// There is no folder to run it in, or the host lists subtests and the one that was asked for is not among them. A
    /// host that cannot be started breaks the first rule.
    pub fn run(&self) -> io::Result<HostReport> {
        let folder = tempfile::Builder::new().prefix("dockertest-host-check-").tempdir().map_err(|error| {
            io::Error::new(error.kind(), format!("cannot make a folder to run the host in: {error}"))
        })?;
        let mut findings = Findings::default();
        let mut exchanges = Vec::new();
        let program = self.calls(folder.path(), &mut findings, &mut exchanges)?;
        run::lines(&exchanges, &mut findings);
        run::last_words(&exchanges, &mut findings);
        Ok(HostReport { host: self.program.shown().to_owned(), program, findings: findings.into_list() })
    }

    /// Goes through all calls; gives back what the host calls itself.
    fn calls(&self, folder: &Path, findings: &mut Findings, done: &mut Vec<Exchange>) -> io::Result<Option<String>> {
        let script = Script { words: vec!["list"], folder, request: Vec::new(), act: None, limit: self.limit };
        let listed = match talk(&self.program, &script) {
            Ok(exchange) => exchange,
            Err(problem) => {
                findings.broken("starts", problem.to_string());
                return Ok(None);
            }
        };
        findings.holds("starts");
        let known = list::check(&listed, findings);
        let program = known.program.clone();
        done.push(listed);
        match self.chosen(&known.subtests)? {
            None => findings.not_tried_from("unknown-name", "its list has no subtest"),
            Some(info) => {
                let caller = Caller { check: self, folder, info, known: &known };
                caller.all(findings, done)?;
            }
        }
        Ok(program)
    }

    /// The subtest that is run; nothing if there is none at all.
    fn chosen<'k>(&self, known: &'k [SubtestInfo]) -> io::Result<Option<&'k SubtestInfo>> {
        let Some(wanted) = self.subtest.as_ref().filter(|_| !known.is_empty()) else {
            return Ok(known.iter().find(|info| info.kind == Kind::Subtest).or(known.first()));
        };
        let found = known.iter().find(|info| info.name == *wanted);
        found.map(Some).ok_or_else(|| {
            let names: Vec<String> = known.iter().map(|info| format!("`{}`", info.name)).collect();
            io::Error::new(ErrorKind::NotFound, format!("its list has no subtest `{wanted}`, but {}", names.join(", ")))
        })
    }
}

/// Calls a host to run something.
struct Caller<'a> {
    check: &'a HostCheck,
    folder: &'a Path,
    info: &'a SubtestInfo,
    known: &'a list::Known,
}

impl Caller<'_> {
    fn all(&self, findings: &mut Findings, done: &mut Vec<Exchange>) -> io::Result<()> {
        let name = self.info.name.as_str();
        let request = self.request(Mode::Full);

        let unknown = RunRequest { step: step(Kind::Subtest, NO_SUBTEST), ..request.clone() };
        let exchange = self.call(NO_SUBTEST, bytes(unknown)?, None)?;
        run::refuses("unknown-name", &exchange, findings);
        done.push(exchange);

        let exchange = self.call(name, b"this is no request\n".to_vec(), None)?;
        run::refuses("bad-request", &exchange, findings);
        done.push(exchange);

        let other = RunRequest { protocol: PROTOCOL + 98, ..request.clone() };
        let exchange = self.call(name, bytes(other)?, None)?;
        run::refuses("other-protocol", &exchange, findings);
        done.push(exchange);

        let exchange = self.call(name, Vec::new(), Some((Act::End, END_GRACE)))?;
        run::waits(&exchange, findings);
        done.push(exchange);

        let exchange = self.call(name, bytes(request.clone())?, None)?;
        let usual = run::full(&exchange, self.info, findings);
        done.push(exchange);

        let cleanup = Mode::Cleanup { reason: "host-check: an earlier process was killed".to_owned() };
        let exchange = self.call(name, bytes(self.request(cleanup))?, None)?;
        run::cleanup(&exchange, findings);
        done.push(exchange);

        let exchange = self.call(name, bytes(request.clone())?, Some((Act::Cancel, self.check.grace)))?;
        run::cancel(&exchange, usual, self.check.grace, findings);
        done.push(exchange);

        let exchange = self.call(name, bytes(request)?, Some((Act::End, END_GRACE)))?;
        run::end(&exchange, usual, END_GRACE, findings);
        done.push(exchange);
        Ok(())
    }

    /// Calls it in the step's folder, which is made anew; `act` says what is done to it meanwhile, and how long it may take from there.
    fn call(&self, name: &str, request: Vec<u8>, act: Option<(Act, Duration)>) -> io::Result<Exchange> {
        let Folders { output, tmp, state } = self.folders();
        fs::remove_dir_all(self.folder)?;
        for folder in [&output, &tmp, &state] {
            fs::create_dir_all(folder)?;
        }
        let limit = act.map_or(self.check.limit, |(_, limit)| limit);
        let act = act.map(|(act, _)| act);
        talk(&self.check.program, &Script { words: vec!["run", name], folder: &output, request, act, limit })
    }

    fn folders(&self) -> Folders {
        let place = |name: &str| self.folder.join(name);
        Folders { output: place("output"), tmp: place("tmp"), state: place("state") }
    }

    fn request(&self, mode: Mode) -> RunRequest {
        let (section, subsections) = self.sections();
        RunRequest {
            protocol: PROTOCOL,
            run: format!("host-check-{}", std::process::id()),
            step: step(self.info.kind, self.info.name.as_str()),
            mode,
            section,
            subsections,
            subsubtests: None,
            folders: self.folders(),
            engine: None,
            known_failures: BTreeMap::new(),
            history: History { results: self.folder.to_owned(), ..History::default() },
        }
    }

    /// What the subtest and its sub-subtests are configured by. Defaults that cannot be used break a rule of their own.
    fn sections(&self) -> (Section, BTreeMap<String, Section>) {
        let mut draft = self.check.layers.read();
        for file in &self.known.config {
            draft.add(file.file.clone(), file.text.clone());
        }
        let name = self.info.name.as_str();
        let Ok(configuration) = draft.load() else { return Default::default() };
        let of = |child: &String| (child.clone(), configuration.section(&format!("{name}/{child}")));
        (configuration.section(name), self.info.subsubtests.iter().map(of).collect())
    }
}

fn step(kind: Kind, name: &str) -> String {
    format!("docker/{}/{name}.test_1-of-1", kind.folder())
}

fn bytes(request: RunRequest) -> io::Result<Vec<u8>> {
    Ok(line(&RunnerMessage::Run(Box::new(request)))?)
}
