//! Reading `JUnit` XML: what pytest, cargo-nextest, surefire, Gradle, `GoogleTest` and many others write. There is no
//! standard but what they do, so all is taken that can be understood, and only what no XML is is refused.

mod case;
pub(super) use ours::reason;
mod ours;
mod suite;
mod xml;

use jiff::tz::TimeZone;

use super::failure::LoadFailure;
use super::test::{Content, MOST_TESTS};
use super::times::{microseconds, seconds, time_us};
use case::Case;
use suite::{Suite, Within};
use xml::{Element, Part, Xml};

/// Of most reports.
static UTC: TimeZone = TimeZone::UTC;

/// Who has written the report, by the name of its root element or of a suite.
const TOOLS: &[(&str, &str)] = &[
    ("pytest tests", "pytest"),
    ("pytest", "pytest"),
    ("nextest-run", "cargo-nextest"),
    ("jest tests", "jest"),
    ("AllTests", "googletest"),
];

/// Those of them whose times are those of the clock on the wall where they name no time zone: pytest before 8.3 (its issue
/// 7662), and `GoogleTest`. All others are taken to mean UTC, as most do.
const LOCAL: &[&str] = &["pytest", "googletest"];

/// Reads a report. What was written by the clock on the wall is taken to be of this machine's.
pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Content, LoadFailure> {
    read_by(Rules { local: TimeZone::system(), most: MOST_TESTS }, file, bytes)
}

fn read_by(rules: Rules, file: &str, bytes: &[u8]) -> Result<Content, LoadFailure> {
    let content = Content { tool: "junit", ..Content::default() };
    let mut reader = Reader { file, rules, xml: Xml::new(file, bytes)?, content, cases: 0 };
    loop {
        match reader.xml.next()? {
            Part::Open(root) => reader.root(&root)?,
            Part::End => return Ok(reader.content),
            // Neither comes outside of the root.
            Part::Close | Part::Text(_) => {}
        }
    }
}

/// What another machine would read otherwise, and a test.
struct Rules {
    /// The time zone of the clock on the wall.
    local: TimeZone,
    /// How many cases there may be.
    most: usize,
}

struct Reader<'a> {
    file: &'a str,
    rules: Rules,
    xml: Xml<'a>,
    content: Content,
    /// How many cases there were.
    cases: usize,
}

impl Reader<'_> {
    fn root(&mut self, root: &Element) -> Result<(), LoadFailure> {
        self.note_tool(root);
        self.content.began_us = root.get("timestamp").and_then(|time| time_us(time, self.zone()));
        self.content.seconds = root.get("time").and_then(seconds).filter(|_| root.name == "testsuites");
        match root.name.as_str() {
            "testsuites" => self.suites(root),
            "testsuite" => self.suite(root, &Within::default()).map(|_| ()),
            other => {
                let problem =
                    format!("the root of a JUnit report is `testsuites` or `testsuite`, but this is `{other}`");
                Err(self.xml.at_element(root, problem))
            }
        }
    }

    /// The suites of the root.
    fn suites(&mut self, root: &Element) -> Result<(), LoadFailure> {
        // A root that counts is a suite without a name.
        let mut all = Suite::new(root, &Within::default(), self.zone());
        loop {
            match self.xml.next()? {
                Part::Open(element) if matches!(element.name.as_str(), "testsuite" | "testsuites") => {
                    let found = self.suite(&element, &Within::default())?;
                    all.counts.add(found);
                }
                Part::Open(element) if element.name == "testcase" => {
                    let case = self.case(&element)?;
                    all.cases.push(case);
                }
                Part::Open(_) => drop(self.xml.text()?),
                Part::Text(_) => {}
                Part::Close | Part::End => break,
            }
        }
        self.close(all);
        Ok(())
    }

    fn suite(&mut self, element: &Element, within: &Within) -> Result<suite::Counts, LoadFailure> {
        self.note_tool(element);
        let mut suite = Suite::new(element, within, self.zone());
        if self.content.hostname.is_empty() {
            self.content.hostname = element.get("hostname").unwrap_or_default().to_owned();
        }
        loop {
            match self.xml.next()? {
                Part::Open(inner) => match inner.name.as_str() {
                    "testsuite" | "testsuites" => {
                        let found = self.suite(&inner, &suite.within())?;
                        suite.counts.add(found);
                    }
                    "testcase" => {
                        let case = self.case(&inner)?;
                        suite.cases.push(case);
                    }
                    "properties" => suite.properties.extend(self.properties()?),
                    "system-out" | "system-err" => {
                        let text = self.xml.text()?;
                        suite.output.push((inner.name, text));
                    }
                    _ => drop(self.xml.text()?),
                },
                Part::Text(_) => {}
                Part::Close | Part::End => return Ok(self.close(suite)),
            }
        }
    }

    fn close(&mut self, suite: Suite) -> suite::Counts {
        let ended_us =
            suite.started_us.zip(suite.seconds).map(|(start, seconds)| start.saturating_add(microseconds(seconds)));
        self.content.began_us = [self.content.began_us, suite.started_us].into_iter().flatten().min();
        self.content.ended_us = [self.content.ended_us, ended_us].into_iter().flatten().max();
        suite.close(&mut self.content)
    }

    fn case(&mut self, element: &Element) -> Result<Case, LoadFailure> {
        // Wherever it is: below the root, or in a suite that waits for the end of one in it.
        self.cases += 1;
        if self.cases > self.rules.most {
            let most = format!("{} tests", self.rules.most);
            return Err(LoadFailure::TooLong { file: self.file.to_owned(), most });
        }
        let mut case = Case::new(element, self.zone());
        loop {
            match self.xml.next()? {
                Part::Open(inner) if inner.name == "properties" => case.properties.extend(self.properties()?),
                Part::Open(inner) => {
                    let text = self.xml.text()?;
                    case.take(&inner, text);
                }
                Part::Text(_) => {}
                Part::Close | Part::End => return Ok(case),
            }
        }
    }

    fn properties(&mut self) -> Result<Vec<(String, String)>, LoadFailure> {
        let mut properties = Vec::new();
        loop {
            match self.xml.next()? {
                Part::Open(property) => {
                    let text = self.xml.text()?;
                    let value = property.get("value").map_or_else(|| text.trim().to_owned(), str::to_owned);
                    properties.extend(property.get("name").map(|name| (name.to_owned(), value)));
                }
                Part::Text(_) => {}
                Part::Close | Part::End => return Ok(properties),
            }
        }
    }

    /// The time zone of times that name none.
    fn zone(&self) -> &TimeZone {
        if LOCAL.contains(&self.content.tool) { &self.rules.local } else { &UTC }
    }

    fn note_tool(&mut self, element: &Element) {
        let name = element.get("name").unwrap_or_default();
        let by_name = TOOLS.iter().find(|(known, _)| *known == name).map(|(_, tool)| *tool);
        let is_surefire = element.get("noNamespaceSchemaLocation").is_some_and(|place| place.contains("surefire"));
        let tool = by_name.or_else(|| is_surefire.then_some("surefire"));
        self.content.tool = tool.unwrap_or(self.content.tool);
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::pytest_before_8_3("<testsuites><testsuite name='pytest' timestamp='2026-11-21T09:00:00.5'>", true)]
    #[case::pytest_since("<testsuites><testsuite name='pytest' timestamp='2026-11-21T08:00:00.5+00:00'>", true)]
    #[case::googletest("<testsuites name='AllTests' timestamp='2026-11-21T09:00:00.5'><testsuite>", true)]
    #[case::surefire(
        "<testsuites noNamespaceSchemaLocation='surefire.xsd'><testsuite timestamp='2026-11-21T09:00:00.5'>",
        false
    )]
    #[case::anybody("<testsuites><testsuite timestamp='2026-11-21T09:00:00.5'>", false)]
    fn who_writes_the_clock_on_the_wall_is_known(#[case] begins: &str, #[case] is_local: bool) {
        let hour_ahead = TimeZone::fixed(jiff::tz::offset(1));
        let xml = format!("{begins}<testcase name='a'/></testsuite></testsuites>");
        let rules = Rules { local: hour_ahead, most: 1 };
        let content = read_by(rules, "x", xml.as_bytes()).unwrap();
        let eight = 1_795_248_000_500_000;
        assert_eq!(content.began_us, Some(if is_local { eight } else { eight + 3_600_000_000 }));
    }

    #[rstest]
    #[case::below_the_root("<testsuites>", "<testcase/></testsuites>")]
    #[case::around_another("<testsuite>", "<testsuite><testcase/></testsuite></testsuite>")]
    fn no_more_cases_are_gathered_than_a_run_may_have(#[case] begin: &str, #[case] end: &str) {
        let read = |cases: usize| {
            let cases = "<testcase/>".repeat(cases);
            let rules = Rules { local: TimeZone::UTC, most: 3 };
            read_by(rules, "x", format!("{begin}{cases}{end}").as_bytes()).map_err(|failure| failure.to_string())
        };
        assert_eq!(read(2).unwrap().tests.len(), 3);
        assert_eq!(read(3).unwrap_err(), "`x` has more than 3 tests: split it");
    }
}
