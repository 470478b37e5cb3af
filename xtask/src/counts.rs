//! Counting tests by the lines that Rust's test programs close with, and telling which were skipped, and why.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::AddAssign;

/// How many tests passed, failed and were not run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Counts {
    /// The counts of a closing line, as in `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; ...`; none for
    /// any other line. Test programs without Rust's own harness may say less: `test result: 3 passed; 0 failed`.
    pub(crate) fn of_line(line: &str) -> Option<Counts> {
        let rest = line.strip_prefix("test result: ")?;
        let field = |name: &str| {
            let number = |part: &str| part.trim().strip_suffix(name)?.split_whitespace().last()?.parse().ok();
            rest.split(';').find_map(number)
        };
        Some(Counts { passed: field("passed")?, failed: field("failed")?, skipped: field("ignored").unwrap_or(0) })
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 { write!(f, ", {} skipped", self.skipped) } else { Ok(()) }
    }
}

/// What became of all tests.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) counts: Counts,
    /// The tests that were not run, each with the reason, if one was given.
    pub(crate) skipped: Vec<String>,
}

impl Outcome {
    /// Takes in what tests told that skipped themselves: to the test programs they passed.
    pub(crate) fn told(&mut self, lines: &str) {
        // A test may say so more than once.
        let lines: BTreeSet<&str> = lines.lines().collect();
        let test = |line: &'_ str| line.splitn(3, ": ").take(2).map(str::to_owned).collect::<Vec<_>>();
        let tests: BTreeSet<Vec<String>> = lines.iter().map(|line| test(line)).collect();
        let count = u64::try_from(tests.len()).unwrap_or(u64::MAX).min(self.counts.passed);
        self.counts.passed -= count;
        self.counts.skipped += count;
        self.skipped.extend(lines.into_iter().map(str::to_owned));
    }
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Outcome) {
        self.counts += other.counts;
        self.skipped.extend(other.skipped);
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.skipped.is_empty() {
            writeln!(f, "skipped:")?;
        }
        self.skipped.iter().try_for_each(|test| writeln!(f, "  {test}"))?;
        write!(f, "{}", self.counts)
    }
}

/// Cuts a stream into lines and adds up the counts in it.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    line: Vec<u8>,
    outcome: Outcome,
}

impl Counter {
    /// Takes the next bytes of the stream.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'\n' { self.end_line() } else { self.line.push(*byte) }
        }
    }

    fn end_line(&mut self) {
        if let Ok(line) = std::str::from_utf8(&self.line) {
            if let Some(counts) = Counts::of_line(line) {
                self.outcome.counts += counts;
            }
            self.outcome.skipped.extend(ignored(line));
        }
        self.line.clear();
    }

    /// What was counted, the last line included even if it was not ended.
    pub(crate) fn finish(mut self) -> Outcome {
        self.end_line();
        self.outcome
    }
}

/// The test that a line says is ignored, and why, as in `test a::b ... ignored, it takes long`.
fn ignored(line: &str) -> Option<String> {
    let (test, reason) = line.strip_prefix("test ")?.split_once(" ... ignored")?;
    let reason = reason.trim_start_matches(',').trim();
    Some(if reason.is_empty() { test.to_owned() } else { format!("{test}: {reason}") })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Counter, Counts};

    #[rstest]
    #[case::ok("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.02s", Some((12, 0, 1)))]
    #[case::failed("test result: FAILED. 2 passed; 40 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s", Some((2, 40, 0)))]
    #[case::own_harness("test result: 16 passed; 2 failed", Some((16, 2, 0)))]
    #[case::one_test("test config::tests::reads ... ok", None)]
    #[case::quoted("  test result: ok. 1 passed; 0 failed; 0 ignored", None)]
    #[case::cut_off("test result: ok. 1 passed;", None)]
    #[case::text("test result: ok. many passed; 0 failed; 0 ignored", None)]
    fn reads_closing_lines_only(#[case] line: &str, #[case] expected: Option<(u64, u64, u64)>) {
        let expected = expected.map(|(passed, failed, skipped)| Counts { passed, failed, skipped });
        assert_eq!(Counts::of_line(line), expected);
    }

    #[test]
    fn adds_up_a_stream_cut_anywhere() {
        let stream = "running 1 test\n\u{fc}\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured\n\
                      test result: FAILED. 2 passed; 3 failed; 4 ignored; 0 measured";
        for cut in 0..stream.len() {
            let mut counter = Counter::default();
            counter.feed(&stream.as_bytes()[..cut]);
            counter.feed(&stream.as_bytes()[cut..]);
            assert_eq!(counter.finish().counts, Counts { passed: 3, failed: 3, skipped: 4 }, "cut at {cut}");
        }
    }

    #[test]
    fn every_test_that_was_skipped_is_listed_with_its_reason_and_has_not_passed() {
        let mut counter = Counter::default();
        counter.feed(b"test a::b ... ignored, it takes long\ntest src/a.rs - A (line 1) ... ignored\ntest c ... ok\n");
        counter.feed(b"test result: ok. 4 passed; 0 failed; 2 ignored; 0 measured\n");
        let mut outcome = counter.finish();
        outcome.told("e2e: d::e: no network\ne2e: d::e: no network\ne2e: d::e: it has no end\nlib: f: only root can\n");
        let expected = "skipped:\n  a::b: it takes long\n  src/a.rs - A (line 1)\n  e2e: d::e: it has no end\n  \
                        e2e: d::e: no network\n  lib: f: only root can\n2 passed, 0 failed, 4 skipped";
        assert_eq!(outcome.to_string(), expected);
    }

    #[test]
    fn closing_line_mentions_skipped_tests_only_if_there_are() {
        assert_eq!(Counts { passed: 3, failed: 1, skipped: 0 }.to_string(), "3 passed, 1 failed");
        assert_eq!(Counts { passed: 3, failed: 0, skipped: 2 }.to_string(), "3 passed, 0 failed, 2 skipped");
    }
}
