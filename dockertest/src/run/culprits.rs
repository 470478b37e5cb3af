//! Which other subtests make one fail: that is found out by running it after some of them, and after fewer and fewer.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use crate::host::CancelToken;
use crate::name::SubtestName;
use crate::outcome::Ending;

use super::failure::RunFailure;
use super::runner::Runner;

/// How often the answer is tried again before it is given.
const CONFIRMATIONS: u32 = 2;

/// What makes a subtest fail.
///
/// ```
/// use dockertest::run::Culprits;
///
/// let culprits = Culprits::Others { names: vec!["a".to_owned(), "b".to_owned()], failed: 3, of: 3 };
/// assert_eq!(culprits.to_string(), "fails after a, b (3 of 3 times), and passes alone");
/// assert_eq!(Culprits::Nobody.to_string(), "passes alone and after all others");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Culprits {
    /// It fails alone.
    Itself {
        /// How often.
        failed: u32,
        /// How often it was run.
        of: u32,
    },
    /// It does not fail, alone or after all others.
    Nobody,
    /// It passes alone and fails after these; after fewer of them it passes.
    Others {
        /// Their names, in the order in which they run.
        names: Vec<String>,
        /// How often it failed after exactly these.
        failed: u32,
        /// How often it was run after exactly these.
        of: u32,
    },
}

impl std::fmt::Display for Culprits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Culprits::Itself { failed, of } => write!(f, "fails alone ({failed} of {of} times)"),
            Culprits::Nobody => f.write_str("passes alone and after all others"),
            Culprits::Others { names, failed, of } => {
                write!(f, "fails after {} ({failed} of {of} times), and passes alone", names.join(", "))
            }
        }
    }
}

/// Finds out what makes a subtest fail. `before` is what runs before it, in this order, and `after` what runs after it
/// otherwise: that is only tried if `before` does no harm. `probe` runs subtests in the order given, the last of them being
/// the one in question, and tells whether that one failed. What is a matter of luck needs more than one of the `rounds`.
///
/// The answer is minimal: without any one of the others, the subtest passes. It may be several, of which none does harm
/// alone.
///
/// ```
/// use std::convert::Infallible;
/// use std::num::NonZeroU32;
///
/// use dockertest::run::{Culprits, find_culprits};
///
/// let names = |list: &str| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
/// let mut probe = |order: &[String]| Ok::<_, Infallible>(order.contains(&"c".to_owned()));
/// let found = find_culprits("f", &names("a b c d e"), &names("g h"), NonZeroU32::MIN, &mut probe)?;
/// let Culprits::Others { names, .. } = found else { panic!("{found}") };
/// assert_eq!(names, ["c"]);
/// # Ok::<(), Infallible>(())
/// ```
///
/// # Errors
/// What the probe cannot do; it ends the search.
pub fn find_culprits<E>(
    suspect: &str,
    before: &[String],
    after: &[String],
    rounds: NonZeroU32,
    probe: &mut dyn FnMut(&[String]) -> Result<bool, E>,
) -> Result<Culprits, E> {
    let mut search = Search { suspect, rounds: rounds.get(), probe, known: BTreeMap::new() };
    let alone = search.times(&[], rounds.get())?;
    if alone > 0 {
        return Ok(Culprits::Itself { failed: alone, of: rounds.get() });
    }
    let mut others = before.to_vec();
    if !search.fails(&others)? {
        others.extend(after.iter().cloned());
        if after.is_empty() || !search.fails(&others)? {
            return Ok(Culprits::Nobody);
        }
    }
    let names = search.least(others)?;
    let of = rounds.get().saturating_mul(CONFIRMATIONS);
    let failed = search.times(&names, of)?;
    // What has been seen to fail counts as well.
    Ok(Culprits::Others { names, failed: failed + 1, of: of + 1 })
}

struct Search<'a, E> {
    suspect: &'a str,
    rounds: u32,
    probe: &'a mut dyn FnMut(&[String]) -> Result<bool, E>,
    /// What has been tried, and whether it failed.
    known: BTreeMap<Vec<String>, bool>,
}

impl<E> Search<'_, E> {
    /// How often it fails after these, of so many times.
    fn times(&mut self, others: &[String], rounds: u32) -> Result<u32, E> {
        let order: Vec<String> = others.iter().cloned().chain([self.suspect.to_owned()]).collect();
        (0..rounds).try_fold(0, |failed, _| Ok(failed + u32::from((self.probe)(&order)?)))
    }

    /// Whether it fails after these, in any round.
    fn fails(&mut self, others: &[String]) -> Result<bool, E> {
        if let Some(known) = self.known.get(others) {
            return Ok(*known);
        }
        let mut fails = false;
        for _ in 0..self.rounds {
            if self.times(others, 1)? > 0 {
                fails = true;
                break;
            }
        }
        self.known.insert(others.to_vec(), fails);
        Ok(fails)
    }

    /// A part of these after which it still fails, and none of which can be left out (delta debugging).
    fn least(&mut self, mut others: Vec<String>) -> Result<Vec<String>, E> {
        let mut parts = 2;
        while others.len() > 1 {
            let size = others.len().div_ceil(parts);
            let found = self.smaller(&others, size)?;
            let only_some = found.as_ref().is_some_and(|found| found.len() <= size);
            parts = match found {
                Some(found) => {
                    others = found;
                    if only_some { 2 } else { (parts - 1).max(2) }
                }
                None if size == 1 => break,
                None => (parts * 2).min(others.len()),
            };
        }
        Ok(others)
    }

    /// One of the parts of that size, or all but one of them, after which it fails.
    fn smaller(&mut self, others: &[String], size: usize) -> Result<Option<Vec<String>>, E> {
        for part in others.chunks(size) {
            if self.fails(part)? {
                return Ok(Some(part.to_vec()));
            }
        }
        // Of two parts, the rest of one is the other.
        let starts = (0..others.len()).step_by(size).filter(|_| others.len() > 2 * size || size == 1);
        for start in starts {
            let end = (start + size).min(others.len());
            let rest = [&others[..start], &others[end..]].concat();
            if !rest.is_empty() && self.fails(&rest)? {
                return Ok(Some(rest));
            }
        }
        Ok(None)
    }
}

impl Runner {
    /// Runs all subtests of the plan one after the other in one instance, whatever else was asked for, and tells how one of
    /// them ended: nothing if it did not come to its end. For [`find_culprits`].
    ///
    /// ```no_run
    /// use dockertest::host::{CancelToken, HostProgram};
    /// use dockertest::run::Runner;
    ///
    /// let host = HostProgram::new("target/debug/dockertest-host");
    /// let runner = Runner::builder().host(host).args(["docker_cli/kill,docker_cli/version"]).build()?;
    /// let ending = runner.probe(&"docker_cli/version".parse()?, &CancelToken::new()?)?;
    /// println!("{:?}", ending.map(|ending| ending.verdict));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Nothing can be planned, or something cannot be written.
    pub fn probe(mut self, suspect: &SubtestName, cancel: &CancelToken) -> Result<Option<Ending>, RunFailure> {
        self.options.in_one_instance = true;
        self.options.jobs = std::num::NonZeroUsize::MIN;
        (self.options.invocation.retries, self.options.shuffle) = (None, None);
        let outcome = self.run(cancel)?;
        let step = outcome.steps.into_iter().rev().find(|step| step.planned.name == *suspect);
        Ok(step.and_then(|step| step.ending))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::convert::Infallible;

    use rstest::rstest;

    use super::*;

    fn names(list: &str) -> Vec<String> {
        list.split_whitespace().map(str::to_owned).collect()
    }

    fn find(before: &str, after: &str, fails: impl Fn(&[String]) -> bool) -> (Culprits, Vec<String>) {
        let tried = RefCell::new(Vec::new());
        let mut probe = |order: &[String]| {
            assert_eq!(order.last().map(String::as_str), Some("f"));
            tried.borrow_mut().push(order.join(" "));
            Ok::<_, Infallible>(fails(order))
        };
        let found = find_culprits("f", &names(before), &names(after), NonZeroU32::MIN, &mut probe).unwrap();
        (found, tried.into_inner())
    }

    #[rstest]
    #[case::one("c")]
    #[case::the_first("a")]
    #[case::the_last("e")]
    #[case::two_together("a e")]
    #[case::neighbours_in_two_halves("c d")]
    #[case::three("a c e")]
    #[case::all("a b c d e")]
    fn the_least_set_is_found_in_its_order(#[case] guilty: &str) {
        let guilty = names(guilty);
        let (found, tried) = find("a b c d e", "g", |order| guilty.iter().all(|name| order.contains(name)));
        assert_eq!(found, Culprits::Others { names: guilty, failed: 3, of: 3 }, "{tried:?}");
        assert_eq!(tried[..2], ["f", "a b c d e f"]);
        let mut distinct = tried.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(tried.len() - distinct.len(), 2, "only the answer is tried again: {tried:?}");
    }

    #[test]
    fn one_of_two_that_do_harm_alone_is_enough() {
        let (found, _) = find("a b c d", "", |order| order.iter().any(|name| ["b", "d"].contains(&name.as_str())));
        let Culprits::Others { names, .. } = found else { panic!("{found}") };
        assert!(names == ["b"] || names == ["d"], "{names:?}");
    }

    #[test]
    fn one_of_many_takes_few_probes() {
        let many: Vec<String> = (0..64).map(|number| format!("s{number:02}")).collect();
        let (found, tried) = find(&many.join(" "), "", |order| order.contains(&"s41".to_owned()));
        assert_eq!(found, Culprits::Others { names: names("s41"), failed: 3, of: 3 });
        assert!(tried.len() <= 2 + 2 * 6 + 2, "{tried:?}");
    }

    #[test]
    fn what_runs_after_it_is_tried_when_nothing_before_it_does_harm() {
        let (found, tried) = find("a b", "g h", |order| order.contains(&"h".to_owned()));
        assert_eq!(found, Culprits::Others { names: names("h"), failed: 3, of: 3 });
        assert_eq!(tried[..3], ["f", "a b f", "a b g h f"]);
    }

    #[test]
    fn what_fails_alone_or_never_is_told() {
        let (found, tried) = find("a b", "g", |_| true);
        assert_eq!((found, tried.len()), (Culprits::Itself { failed: 1, of: 1 }, 1));
        let (found, tried) = find("a b", "g", |_| false);
        assert_eq!((found, tried.len()), (Culprits::Nobody, 3));
        let (found, tried) = find("", "", |_| false);
        assert_eq!((found, tried.len()), (Culprits::Nobody, 2));
    }

    #[test]
    fn luck_is_met_with_more_rounds() {
        let count = Cell::new(0_u32);
        // It fails every third time after `b`.
        let mut probe = |order: &[String]| {
            let hit = order.contains(&"b".to_owned());
            count.set(count.get() + u32::from(hit));
            Ok::<_, Infallible>(hit && count.get().is_multiple_of(3))
        };
        let rounds = NonZeroU32::new(3).unwrap();
        let found = find_culprits("f", &names("a b c"), &[], rounds, &mut probe).unwrap();
        let Culprits::Others { names, failed, of } = found else { panic!("{found}") };
        assert_eq!((names, of), (vec!["b".to_owned()], 7));
        assert!((2..of).contains(&failed), "{failed}");
    }

    #[test]
    fn what_the_probe_cannot_do_ends_the_search() {
        let mut probe = |_: &[String]| Err("no engine");
        assert_eq!(find_culprits("f", &[], &[], NonZeroU32::MIN, &mut probe), Err("no engine"));
    }
}
