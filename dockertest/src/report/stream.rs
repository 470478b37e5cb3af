//! The run as a stream of subunit version 2.
//!
//! A test is told of when it begins and when its step has ended; packets of several workers come as things happen. A
//! test of a run that was cut off begins and does not end: readers take that for a failure. Which engine is under test
//! comes first, as a file that belongs to no test.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::cases::{Case, Cases, EndedStep};
use super::projection::Projection;
use super::subunit::{Attachment, Packet, Status, Timestamp};
use super::{EngineResult, RunState, explain};
use crate::journal::{Event, Record, StepStarted};
use crate::name::{Kind, StepId, SubtestName};
use crate::verdict::Verdict;

/// The greatest piece of an attachment, in bytes: readers need not hold more, and damage costs no more.
const PIECE: usize = 1 << 16;

/// The type of everything that is attached.
const TEXT: &str = "text/plain;charset=utf8";

/// The files that say which engine is under test: in a line, and as `results.json` has it.
pub(crate) const ENGINE: &str = "engine";
pub(crate) const ENGINE_DATA: &str = "engine.json";

/// Begins the tag of what a test is in this suite; the rest is a kind, or [`SUBSUBTEST`].
pub(crate) const MARK: &str = "dockertest-";

/// What follows the mark of a sub-subtest.
pub(crate) const SUBSUBTEST: &str = "subsubtest";

/// The report.
#[derive(Debug, Default)]
pub(super) struct Stream {
    cases: Cases,
    open: BTreeMap<StepId, Open>,
}

/// What has been told of a step.
#[derive(Debug, Default)]
struct Open {
    /// The name and kind of a subtest; nothing for a test of another program.
    subtest: Option<(SubtestName, Kind)>,
    /// A test is known by its name and its route: that of the first worker stays.
    route: Option<String>,
    worker: Option<u32>,
    instance: Option<String>,
    /// The names of those that were told to have begun.
    begun: Vec<String>,
}

impl Projection for Stream {
    fn record(&mut self, record: &Record, out: &mut dyn Write) -> io::Result<()> {
        let mut packets = Vec::new();
        let stream = &mut packets;
        let of_step = record.event.step().and_then(|id| Some((id, self.cases.state.step(id)?)));
        let known = of_step.filter(|(_, step)| step.ending.is_none());
        if let Some((id, step)) = known {
            let (planned, name) = (&step.planned, step.planned.title());
            let subtest = || planned.foreign.is_none().then(|| (planned.name.clone(), planned.kind));
            let open = self.open.entry(id).or_insert_with(|| Open { subtest: subtest(), ..Open::default() });
            match &record.event {
                Event::StepStarted(started) => {
                    open.start(started);
                    open.begin(name, record.time_us, stream);
                }
                Event::SubsubtestStarted(started) => {
                    open.begin(&format!("{name}/{}", started.subsubtest), record.time_us, stream);
                }
                _ => {}
            }
        }
        let is_first = self.cases.state.engine.is_none();
        let ended = self.cases.record(record);
        if is_first && matches!(record.event, Event::Engine(_)) {
            head(&self.cases.state, record.time_us, stream);
        }
        if let Some(step) = ended {
            self.open.remove(&step.id).unwrap_or_default().end(&step, stream);
        }
        out.write_all(&packets)
    }
}

impl Open {
    fn start(&mut self, started: &StepStarted) {
        if self.begun.is_empty() {
            self.route = started.worker.map(|worker| worker.to_string());
        }
        (self.worker, self.instance) = (started.worker, started.instance.clone());
    }

    fn packet(&self, name: &str, time_us: i64, status: Status) -> Packet {
        let worker = self.worker.map(|worker| format!("worker-{worker}"));
        let instance = self.instance.as_ref().map(|instance| format!("instance-{instance}"));
        let mark = self.subtest.as_ref().map(|(step, kind)| mark(name == step.as_str(), *kind));
        Packet {
            status,
            time: Timestamp::from_micros(time_us),
            tags: worker.into_iter().chain(instance).chain(mark).collect(),
            route: self.route.clone(),
            ..Packet::of_test(name)
        }
    }

    fn begin(&mut self, name: &str, time_us: i64, out: &mut Vec<u8>) {
        if !self.begun.iter().any(|begun| begun == name) {
            push(&self.packet(name, time_us, Status::InProgress), out);
            self.begun.push(name.to_owned());
        }
    }

    fn end(&mut self, step: &EndedStep, out: &mut Vec<u8>) {
        for case in step.children.iter().chain([&step.own]) {
            // Some readers want every test to begin.
            self.begin(&case.name, case.started_us.unwrap_or(case.ended_us), out);
            self.attach(case, "log", &case.output, out);
            let (status, attached) = outcome(case);
            if case.ending.verdict != Verdict::Good {
                self.attach(case, attached, &explain::text(&case.ending), out);
            }
            let mut last = self.packet(&case.name, case.ended_us, status);
            last.tags.extend(verdict_tag(case.ending.verdict));
            push(&last, out);
        }
    }

    fn attach(&self, case: &Case, name: &str, text: &str, out: &mut Vec<u8>) {
        let count = text.len().div_ceil(PIECE);
        for (number, piece) in (1..).zip(text.as_bytes().chunks(PIECE)) {
            let mut packet = self.packet(&case.name, case.ended_us, Status::None);
            packet.attachment = Some(Attachment { name: name.to_owned(), bytes: piece.to_vec() });
            packet.mime = Some(TEXT.to_owned());
            packet.eof = number == count;
            push(&packet, out);
        }
    }
}

/// Which engine is under test, for people and as data: attached to the run, not to a test, so that no reader counts it
/// as one.
fn head(state: &RunState, time_us: i64, out: &mut Vec<u8>) {
    let line = state.engine_under_test().map(|line| format!("{line}\n"));
    let data = EngineResult::of_run(state).and_then(|engine| serde_json::to_string(&engine).ok());
    for (name, mime, text) in [(ENGINE, TEXT, line), (ENGINE_DATA, "application/json", data)] {
        let packet = Packet {
            time: Timestamp::from_micros(time_us),
            attachment: text.map(|text| Attachment { name: name.to_owned(), bytes: text.into_bytes() }),
            mime: Some(mime.to_owned()),
            eof: true,
            ..Packet::default()
        };
        push(&packet, out);
    }
}

/// The status of a case, and the name under which readers look for what explains it.
fn outcome(case: &Case) -> (Status, &'static str) {
    match case.ending.verdict {
        Verdict::Warn if case.ending.known_failure.is_some() => (Status::ExpectedFailure, "traceback"),
        Verdict::Good | Verdict::Warn => (Status::Success, "reason"),
        Verdict::TestNa => (Status::Skip, "reason"),
        Verdict::Fail | Verdict::Error | Verdict::Abort => (Status::Fail, "traceback"),
    }
}

/// What the status cannot say.
fn verdict_tag(verdict: Verdict) -> Option<String> {
    match verdict {
        Verdict::Good | Verdict::TestNa | Verdict::Fail => None,
        Verdict::Warn | Verdict::Error | Verdict::Abort => Some(format!("verdict-{verdict}")),
    }
}

/// The tag that tells a step from its sub-subtests, and a test of this suite from any other: so the stream can be loaded.
fn mark(is_step: bool, kind: Kind) -> String {
    if is_step { format!("{MARK}{kind}") } else { format!("{MARK}{SUBSUBTEST}") }
}

/// What cannot be told in a packet is left out: names have no NUL character, and pieces are short.
fn push(packet: &Packet, out: &mut Vec<u8>) {
    out.extend(packet.encode().unwrap_or_default());
}
