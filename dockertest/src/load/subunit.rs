//! Reading a stream of subunit version 2, as testr, stestr, python-subunit and this program write it.
//!
//! A test is known by its name and route. It is open from the first that is said of it to its final status; what begins
//! and never ends did not come to its end. Later, the same name is another test.

use std::collections::{BTreeSet, HashMap};

use super::failure::LoadFailure;
use super::test::{Child, Content, Line, MOST_TESTS, Test, Who, shortened};
use crate::journal::EngineFacts;
use crate::name::{Kind, SubtestName};
use crate::outcome::{Ending, Level};
use crate::report::subunit::{Attachment, Decoder, Item, Packet, Status};
use crate::report::{ENGINE, ENGINE_DATA, EngineResult, MARK, SUBSUBTEST, WHOSE, seconds_of};
use crate::verdict::Verdict;

/// How much is given to the decoder at once, in bytes.
const PIECE: usize = 1 << 20;

/// How much of an attachment is gathered, in bytes; a part of it is kept.
const MOST_ATTACHED: usize = 8 << 20;

/// What is told like a test by programs that pass streams on, but is none: a process that ended badly, and a packet that
/// could not be read. Nobody can run it again.
const NO_TESTS: [&str; 2] = ["process-returncode", "subunit.parser"];

/// Reads a stream; nothing if there is no packet in it.
pub(super) fn read(file: &str, bytes: &[u8], partial: bool) -> Result<Option<Content>, LoadFailure> {
    let mut stream = Stream::default();
    let mut decoder = Decoder::default();
    for piece in bytes.chunks(PIECE) {
        decoder.push(piece);
        for item in decoder.by_ref() {
            stream.take(file, item, partial)?;
        }
    }
    for item in decoder.finish() {
        // The first byte of a packet alone is no text, either.
        let item = match item {
            Item::Text(text) if text == [0xb3] => {
                let at = bytes.len() as u64 - 1;
                Item::Damaged { at, problem: "the stream ends within it".to_owned(), bytes: text }
            }
            item => item,
        };
        stream.take(file, item, partial)?;
    }
    Ok(stream.has_packets.then(|| stream.content()))
}

#[derive(Debug, Default)]
struct Stream {
    /// All tests, in the order in which they began.
    tests: Vec<Told>,
    /// Where each test is that was told of last, by name and route.
    places: HashMap<(String, Option<String>), usize>,
    /// How many tests there are of which it is only said that they can be run.
    listed: BTreeSet<String>,
    output: Vec<(String, Vec<u8>)>,
    has_packets: bool,
    damage: Option<String>,
}

/// What was told of a test.
#[derive(Debug)]
struct Told {
    name: String,
    route: Option<String>,
    first_us: Option<i64>,
    last_us: Option<i64>,
    status: Status,
    tags: BTreeSet<String>,
    attached: Vec<Attached>,
}

#[derive(Debug)]
struct Attached {
    name: String,
    mime: Option<String>,
    bytes: Vec<u8>,
}

impl Stream {
    fn take(&mut self, file: &str, item: Item, partial: bool) -> Result<(), LoadFailure> {
        match item {
            Item::Packet(packet) => {
                self.has_packets = true;
                self.packet(packet);
                if self.tests.len() > MOST_TESTS {
                    return Err(LoadFailure::TooLong { file: file.to_owned(), most: format!("{MOST_TESTS} tests") });
                }
            }
            Item::Text(text) => self.print("between packets", &text),
            Item::Damaged { at, problem, .. } if partial => {
                self.has_packets = true;
                self.damage.get_or_insert_with(|| format!("byte {at} of {file}: {problem}"));
            }
            Item::Damaged { at, problem, .. } => {
                return Err(LoadFailure::Damaged { file: file.to_owned(), at, problem });
            }
        }
        Ok(())
    }

    fn packet(&mut self, packet: Packet) {
        let Packet { test, status, time, tags, attachment, mime, route, .. } = packet;
        let Some(name) = test else {
            attachment.into_iter().for_each(|Attachment { name, bytes }| self.print(&name, &bytes));
            return;
        };
        if status == Status::Exists {
            self.listed.insert(name);
            return;
        }
        let place = self.place(name, route, status);
        let told = &mut self.tests[place];
        if let Some(time_us) = time.map(crate::report::subunit::Timestamp::micros) {
            told.first_us.get_or_insert(time_us);
            told.last_us = Some(time_us);
        }
        if !tags.is_empty() {
            told.tags = tags;
        }
        if status != Status::None {
            told.status = status;
        }
        if let Some(Attachment { name, bytes }) = attachment {
            told.attach(name, mime, &bytes);
        }
    }

    /// The test that a packet is about. One that has ended can only be written to: another status is that of another test.
    fn place(&mut self, name: String, route: Option<String>, status: Status) -> usize {
        let key = (name, route);
        if let Some(place) = self.places.get(&key)
            && (status == Status::None || !self.tests[*place].status.is_final())
        {
            return *place;
        }
        let (name, route) = key.clone();
        let (attached, tags) = (Vec::new(), BTreeSet::new());
        self.tests.push(Told { name, route, first_us: None, last_us: None, status: Status::None, tags, attached });
        self.places.insert(key, self.tests.len() - 1);
        self.tests.len() - 1
    }

    /// Keeps what belongs to no test.
    fn print(&mut self, name: &str, bytes: &[u8]) {
        match self.output.iter_mut().find(|(known, _)| known == name) {
            Some((_, before)) => push(before, bytes),
            None => self.output.push((name.to_owned(), bytes.to_vec())),
        }
    }

    fn content(self) -> Content {
        let mut content = Content { tool: "subunit", incomplete: self.damage, ..Content::default() };
        let told: BTreeSet<&str> = self.tests.iter().map(|told| told.name.as_str()).collect();
        let silent = self.listed.iter().filter(|name| !told.contains(name.as_str())).count();
        if silent > 0 {
            content.notes.push(format!("it lists {silent} tests of which it does not tell that they were run"));
        }
        let mut steps: HashMap<(String, Option<String>), usize> = HashMap::new();
        for told in &self.tests {
            match told.ours() {
                Some(Mark::Step(kind, name)) => {
                    steps.insert((told.name.clone(), told.route.clone()), content.tests.len());
                    content.tests.push(told.step(kind, name));
                }
                Some(Mark::Child(parent)) => {
                    let place = steps.get(&(parent, told.route.clone()));
                    match place.and_then(|place| content.tests.get_mut(*place)) {
                        Some(step) => step.children.push(told.child()),
                        // Its step was cut off this stream.
                        None => content.tests.push(told.foreign()),
                    }
                }
                None => content.tests.push(told.foreign()),
            }
        }
        conclude(&mut content);
        let is_ours = content.tests.iter().any(|test| matches!(test.who, Who::Ours(..)));
        let data = self.output.iter().find(|(name, _)| is_ours && name == ENGINE_DATA);
        content.engine = data.and_then(|(_, data)| engine(data));
        let is_known = |name: &str| content.engine.is_some() && [ENGINE, ENGINE_DATA].contains(&name);
        let others = self.output.iter().filter(|(name, _)| !is_known(name));
        let lines = others.filter_map(|(name, bytes)| Line::output(name, &String::from_utf8_lossy(bytes)));
        content.output = lines.map(|line| line.text).collect();
        content
    }
}

/// What is known once everything was read.
fn conclude(content: &mut Content) {
    let ours = |test: &&Test| matches!(test.who, Who::Ours(..));
    if content.tests.iter().any(|test| ours(&test)) {
        content.tool = "dockertest";
        // What is run after a subtest, and tells on it, is run by the same worker.
        content.tests.sort_by_key(|test| test.worker);
    }
    let open = content.tests.iter().filter(ours).filter(|test| test.ending.is_none()).count();
    if open > 0 {
        content.incomplete.get_or_insert_with(|| "the stream tells of a run that was not complete".to_owned());
    }
    for test in &mut content.tests {
        let Some(ending) = test.ending.as_mut().filter(|ending| !ending.verdict.is_passed()) else { continue };
        if ending.reason.is_empty() {
            ending.reason = super::junit::reason(&test.children);
        }
    }
}

/// The engine that the head of a stream of ours tells of. In streams that were put together the first one counts.
fn engine(data: &[u8]) -> Option<EngineFacts> {
    let mut told = serde_json::Deserializer::from_slice(data).into_iter::<EngineResult>();
    let EngineResult { address, flavor, version, api_version, mut facts, problem, whose, .. } = told.next()?.ok()?;
    facts.insert(WHOSE.to_owned(), whose);
    Some(EngineFacts { address, flavor, version, api_version, facts, problem })
}

/// What a test is in this suite.
enum Mark {
    Step(Kind, SubtestName),
    /// A sub-subtest, with the name of its step.
    Child(String),
}

impl Told {
    fn attach(&mut self, name: String, mime: Option<String>, bytes: &[u8]) {
        match self.attached.iter_mut().find(|attached| attached.name == name) {
            Some(attached) => push(&mut attached.bytes, bytes),
            None => self.attached.push(Attached { name, mime, bytes: bytes.to_vec() }),
        }
    }

    fn ours(&self) -> Option<Mark> {
        let word = self.tags.iter().find_map(|tag| tag.strip_prefix(MARK))?;
        if word == SUBSUBTEST {
            return self.name.rsplit_once('/').map(|(parent, _)| Mark::Child(parent.to_owned()));
        }
        let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == word)?;
        Some(Mark::Step(kind, self.name.parse().ok()?))
    }

    fn step(&self, kind: Kind, name: SubtestName) -> Test {
        let mut test = Test::new(Who::Ours(kind, name, None));
        test.ending = self.status.is_final().then(|| self.ending());
        // One that was switched off is told to begin and to end at once.
        let took_no_time = self.first_us == self.last_us;
        test.was_run = !(took_no_time && self.status == Status::Skip);
        test.output = self.log();
        self.place(&mut test);
        test
    }

    fn child(&self) -> Child {
        let name = self.name.rsplit_once('/').map_or(self.name.as_str(), |(_, name)| name).to_owned();
        Child { name, ending: self.status.is_final().then(|| self.ending()), output: self.log() }
    }

    fn foreign(&self) -> Test {
        let is_no_test = NO_TESTS.contains(&self.name.as_str());
        let mut test = Test::new(if is_no_test { Who::NoTest } else { Who::Foreign }(self.name.clone()));
        let ending = self.ending();
        test.was_run = ending.verdict != Verdict::TestNa;
        test.ending = Some(ending);
        let told = self.explanation();
        let others = self.attached.iter().filter(|attached| told.is_none_or(|told| told.name != attached.name));
        test.output = others.filter_map(Attached::line).collect();
        let is_known = |tag: &&str| worker(tag).is_some() || instance(tag).is_some() || self.verdict(tag).is_some();
        let words: Vec<&str> = self.tags.iter().map(String::as_str).filter(|tag| !is_known(tag)).collect();
        test.facts.extend((!words.is_empty()).then(|| ("tags".to_owned(), words.join(" "))));
        self.place(&mut test);
        test
    }

    fn place(&self, test: &mut Test) {
        (test.started_us, test.ended_us) = (self.first_us, self.last_us);
        test.worker = self.tags.iter().find_map(|tag| worker(tag));
        test.instance = self.tags.iter().find_map(|tag| instance(tag)).map(str::to_owned);
    }

    fn ending(&self) -> Ending {
        let said = self.explanation().map(Attached::text).unwrap_or_default();
        let verdict_tag = self.tags.iter().find_map(|tag| self.verdict(tag));
        let mut ending = match self.status {
            Status::Success => Ending::new(Verdict::Good, ""),
            Status::Skip => Ending::new(Verdict::TestNa, if said.is_empty() { "skipped" } else { &said }),
            Status::Fail => Ending::new(Verdict::Fail, with_headline(&said)),
            Status::ExpectedFailure => Ending::new(Verdict::Warn, "failed, as was expected"),
            Status::UnexpectedSuccess => Ending::new(Verdict::Warn, "passed, although a failure was expected"),
            Status::None | Status::Exists | Status::InProgress => {
                Ending::new(Verdict::Abort, "did not come to its end")
            }
        };
        if self.status == Status::ExpectedFailure {
            let known = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("expected");
            ending.known_failure = Some(known.trim().to_owned());
        }
        // Such tags are ours, also on tests of others in a run that was loaded before.
        ending.verdict = verdict_tag.unwrap_or(ending.verdict);
        if verdict_tag == Some(Verdict::Warn) && ending.known_failure.is_none() {
            ending.reason = said;
        }
        let took = self.first_us.zip(self.last_us).map_or(0, |(first, last)| last.saturating_sub(first));
        ending.seconds = seconds_of(took.max(0));
        ending
    }

    /// What a tag of ours says where the status has no word for it. Others may have tags that look like one.
    fn verdict(&self, tag: &str) -> Option<Verdict> {
        let verdict = tag.strip_prefix("verdict-")?.parse().ok()?;
        let fits = match verdict {
            Verdict::Warn => matches!(self.status, Status::Success | Status::ExpectedFailure),
            Verdict::Error | Verdict::Abort => self.status == Status::Fail,
            Verdict::Good | Verdict::TestNa | Verdict::Fail => false,
        };
        fits.then_some(verdict)
    }

    /// The attachment that says why it ended as it did.
    fn explanation(&self) -> Option<&Attached> {
        let named = |name: &str| self.attached.iter().find(|attached| attached.name == name);
        let names: &[&str] = match self.status {
            Status::Skip => &["reason"],
            Status::Fail | Status::ExpectedFailure => &["traceback", "reason"],
            _ => &["reason", "traceback"],
        };
        names.iter().find_map(|name| named(name))
    }

    fn log(&self) -> Vec<Line> {
        let log = self.attached.iter().find(|attached| attached.name == "log");
        log.map(|log| Line::of_log(&log.text())).unwrap_or_default()
    }
}

impl Attached {
    fn text(&self) -> String {
        shortened(String::from_utf8_lossy(&self.bytes).trim())
    }

    /// As part of a log, if it is text; else only that it is there.
    fn line(&self) -> Option<Line> {
        let mime = self.mime.as_deref().unwrap_or("application/octet-stream");
        let is_text = mime.starts_with("text/") || mime.starts_with("application/json") || self.mime.is_none();
        if is_text && std::str::from_utf8(&self.bytes).is_ok() {
            return Line::output(&self.name, &self.text());
        }
        let text = format!("{}: {} bytes of {mime}, which are not kept", self.name, self.bytes.len());
        (!self.bytes.is_empty()).then_some(Line { level: Level::Info, text })
    }
}

/// What Python tells of an error has in its last line what it is, but the first line is the one that is shown alone.
fn with_headline(text: &str) -> String {
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    match last.filter(|_| text.starts_with("Traceback (most recent call last):")) {
        Some(last) => format!("{}\n{text}", last.trim()),
        None => text.to_owned(),
    }
}

/// What comes after far too much is dropped; enough was gathered to say so.
fn push(before: &mut Vec<u8>, bytes: &[u8]) {
    let room = MOST_ATTACHED.saturating_sub(before.len());
    before.extend(&bytes[..bytes.len().min(room)]);
}

fn worker(tag: &str) -> Option<u32> {
    tag.strip_prefix("worker-")?.parse().ok()
}

fn instance(tag: &str) -> Option<&str> {
    tag.strip_prefix("instance-")
}
