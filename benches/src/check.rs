//! What CI checks: ratios within rounds, with room for noise, never milliseconds.

use std::fmt;
use std::io;

use crate::measure::{config, overhead, slope};
use crate::setting::Setting;

use Bound::{AtLeast, AtMost};

/// A ratio and its bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    what: &'static str,
    ratio: f64,
    bound: Bound,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Finding {
    /// Whether the ratio is within its bound.
    #[must_use]
    pub fn is_good(&self) -> bool {
        match self.bound {
            Bound::AtMost(bound) => self.ratio <= bound,
            Bound::AtLeast(bound) => self.ratio >= bound,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (relation, bound) = match self.bound {
            Bound::AtMost(bound) => ("at most", bound),
            Bound::AtLeast(bound) => ("at least", bound),
        };
        let word = if self.is_good() { "well" } else { "TOO BAD" };
        write!(f, "{}: {:.2}, expected {relation} {bound}: {word}", self.what, self.ratio)
    }
}

/// Measures what CI checks. A ratio that is not good is measured once more: a busy machine is no reason to fail.
///
/// # Errors
/// Something cannot be measured.
pub fn check(setting: &Setting) -> io::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (what, bound, measure) in CHECKS {
        let mut finding = None;
        for _ in 0..ATTEMPTS {
            let Some(ratio) = measure(setting)? else { break };
            let found = Finding { what, ratio, bound: *bound };
            let good = found.is_good();
            finding = Some(found);
            if good {
                break;
            }
        }
        findings.extend(finding);
    }
    Ok(findings)
}

const ATTEMPTS: u32 = 3;

/// Measures a ratio; nothing when what it is compared to is not here.
type Measure = fn(&Setting) -> io::Result<Option<f64>>;

/// Bounds for a release build and for one of the tests, which is slower where the work is ours alone.
const fn bounds(release: Bound, debug: Bound) -> Bound {
    if cfg!(debug_assertions) { debug } else { release }
}

const CHECKS: &[(&str, Bound, Measure)] = &[
    ("P1, a run of no-ops against bare processes", bounds(AtMost(2.0), AtMost(4.0)), |s| overhead::ratio(s).map(Some)),
    ("P4, a subtest of a long run against one of a short run", bounds(AtMost(1.3), AtMost(1.5)), |s| {
        slope::ratio(s).map(Some)
    }),
    ("P6, the configuration, times faster than Python", bounds(AtLeast(15.0), AtLeast(1.0)), config::times_python),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_says_what_is_expected() {
        let finding = Finding { what: "P1", ratio: 2.5, bound: Bound::AtMost(2.0) };
        assert_eq!(finding.to_string(), "P1: 2.50, expected at most 2: TOO BAD");
        assert!(Finding { what: "P6", ratio: 15.0, bound: Bound::AtLeast(15.0) }.is_good());
    }
}
