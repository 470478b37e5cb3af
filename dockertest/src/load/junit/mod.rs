//! Reading `JUnit` XML: what pytest, cargo-nextest, surefire, Gradle, `GoogleTest` and many others write. There is no
//! standard but what they do, so all is taken that can be understood, and only what no XML is is refused.

mod case;
pub(super) use ours::reason;
mod ours;
mod suite;
mod xml;

use super::failure::LoadFailure;
use super::test::{Content, MOST_TESTS};
use super::times::{microseconds, seconds, time_us};
use case::Case;
use suite::{Suite, Within};
use xml::{Element, Part, Xml};

/// Who has written the report, by the name of its root element or of a suite.
const TOOLS: &[(&str, &str)] = &[
    ("pytest tests", "pytest"),
    ("pytest", "pytest"),
    ("nextest-run", "cargo-nextest"),
    ("jest tests", "jest"),
    ("AllTests", "googletest"),
];

/// Reads a report.
pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Content, LoadFailure> {
    let mut reader =
        Reader { file, xml: Xml::new(file, bytes)?, content: Content { tool: "junit", ..Content::default() } };
    loop {
        match reader.xml.next()? {
            Part::Open(root) => reader.root(&root)?,
            Part::End => return Ok(reader.content),
            // Neither comes outside of the root.
            Part::Close | Part::Text(_) => {}
        }
    }
}

struct Reader<'a> {
    file: &'a str,
    xml: Xml<'a>,
    content: Content,
}

impl Reader<'_> {
    fn root(&mut self, root: &Element) -> Result<(), LoadFailure> {
        self.content.began_us = root.get("timestamp").and_then(time_us);
        self.content.seconds = root.get("time").and_then(seconds).filter(|_| root.name == "testsuites");
        match root.name.as_str() {
            "testsuites" => {
                self.note_tool(root);
                self.suites(root)
            }
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
        let mut all = Suite::new(root, &Within::default());
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
        let mut suite = Suite::new(element, within);
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
            if self.content.tests.len() + suite.cases.len() > MOST_TESTS {
                return Err(LoadFailure::TooLong { file: self.file.to_owned(), most: format!("{MOST_TESTS} tests") });
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
        let mut case = Case::new(element);
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

    fn note_tool(&mut self, element: &Element) {
        let name = element.get("name").unwrap_or_default();
        let by_name = TOOLS.iter().find(|(known, _)| *known == name).map(|(_, tool)| *tool);
        let is_surefire = element.get("noNamespaceSchemaLocation").is_some_and(|place| place.contains("surefire"));
        let tool = by_name.or_else(|| is_surefire.then_some("surefire"));
        self.content.tool = tool.unwrap_or(self.content.tool);
    }
}
