//! The steps of a run: what was chosen, in the order in which it runs, with all that can be told beforehand.
//!
//! Pretests run first, then each subtest followed by all intratests, then posttests.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use crate::config::{Configuration, Control, ReadFailure, Section};
use crate::journal::{Plan, PlannedStep};
use crate::name::{Kind, SubtestName};
use crate::outcome::Ending;
use crate::verdict::Verdict;
use crate::version::{API_VERSION, check_section};

use super::catalog::{Catalog, Entry};
use super::selection::{Chosen, Selection, UnknownName, choose};

/// Whether what a step makes is removed: the option's names.
const REMOVAL_FLAGS: [&str; 2] = ["remove_after_test", "try_remove_after_test"];

/// The option of a subtest beside which nothing else may run.
pub(super) const ALONE: &str = "alone";

/// The option of a subtest that names its group: its members run one after the other in one instance.
pub(super) const GROUP: &str = "group";

/// The limit of a whole step where the option `step_timeout` says nothing.
pub const DEFAULT_STEP_TIMEOUT: Duration = Duration::from_secs(3600);

/// The limit of a clean-up after a time-out where the option `cleanup_timeout` says nothing.
pub const DEFAULT_CLEANUP_TIMEOUT: Duration = Duration::from_secs(30);

/// Why there is no plan. Nothing has run.
///
/// ```
/// # use dockertest::host::HostProgram;
/// use dockertest::run::{PlanFailure, Runner};
///
/// # let script = r#"echo '{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}
/// # {"subtest":{"name":"subexample","subsubtests":["one","two"]}}
/// # {"listed":{"subtests":1}}'"#;
/// # let host = HostProgram::new("/bin/sh").arguments(["-c", script]);
/// let runner = Runner::builder().host(host).args(["subexampel"]).build()?;
/// let failure = runner.plan().unwrap_err();
/// assert!(matches!(failure, PlanFailure::Unknown { .. }));
/// assert_eq!(failure.to_string(), "unknown name `subexampel` in --args; did you mean `subexample`?");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum PlanFailure {
    /// Names that no host holds, all of them.
    Unknown {
        /// The names.
        names: Vec<UnknownName>,
        /// Plug-ins that may hold them, in words; empty if no plug-in is broken.
        why: String,
    },
    /// A list was given and names nothing: `--args` or `i=`.
    Empty(&'static str),
    /// Nothing is left to run.
    Nothing,
    /// Options that cannot be read, all of them.
    Options(Vec<ReadFailure>),
}

impl fmt::Display for PlanFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn lines<T: ToString>(items: &[T]) -> String {
            items.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        }
        match self {
            PlanFailure::Unknown { names, why } => write!(f, "{}{why}", lines(names)),
            PlanFailure::Options(options) => f.write_str(&lines(options)),
            PlanFailure::Empty(list) => {
                let within = if *list == "--args" { "" } else { " in `--args`" };
                write!(f, "`{list}`{within} is given and names nothing; leave it out to run every subtest")
            }
            PlanFailure::Nothing => {
                f.write_str("nothing to run: no subtest is left after `--args` and the lists of [Control]")
            }
        }
    }
}

impl std::error::Error for PlanFailure {}

/// Makes the plan of a run.
///
/// # Errors
/// A list that is given and empty, all unknown names, or else all options that cannot be read, or that nothing is chosen.
pub(super) fn make(
    catalog: &Catalog,
    configuration: &Configuration,
    args: &Selection,
    control: &Control,
    seed: Option<u64>,
) -> Result<Plan, PlanFailure> {
    if let Some(list) = args.empty {
        return Err(PlanFailure::Empty(list));
    }
    let chosen = choose(args, control, catalog)
        .map_err(|names| PlanFailure::Unknown { names, why: catalog.why_incomplete() })?;
    if !chosen.iter().any(|chosen| chosen.named || chosen.info.kind == Kind::Subtest) {
        return Err(PlanFailure::Nothing);
    }
    let mut problems = Vec::new();
    let mut drafts: HashMap<Kind, Vec<PlannedStep>> = HashMap::new();
    for chosen in &chosen {
        if let Some(entry) = catalog.get(&chosen.info.name) {
            drafts.entry(chosen.info.kind).or_default().push(draft(chosen, entry, configuration, &mut problems));
        }
    }
    if !problems.is_empty() {
        return Err(PlanFailure::Options(problems));
    }
    if let (Some(seed), Some(subtests)) = (seed, drafts.get_mut(&Kind::Subtest)) {
        shuffle(subtests, seed);
    }
    Ok(Plan { steps: arrange(&drafts) })
}

/// Puts items in an order that the number alone decides (Fisher and Yates, with numbers of xorshift).
fn shuffle<T>(items: &mut [T], seed: u64) {
    // It must not be zero, and neighbours are to differ in all bits.
    let mut state = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    for last in (1..items.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let chosen = usize::try_from(state % (last as u64 + 1)).unwrap_or_default();
        items.swap(last, chosen);
    }
}

/// Puts steps in order and numbers them within their kind; an intratest has the number of the subtest that it follows.
fn arrange(drafts: &HashMap<Kind, Vec<PlannedStep>>) -> Vec<PlannedStep> {
    let of = |kind: Kind| drafts.get(&kind).map_or(&[][..], Vec::as_slice);
    let numbered = |draft: &PlannedStep, index: usize, count: usize| PlannedStep {
        tag: format!("test_{}-of-{count}", index + 1),
        ..draft.clone()
    };
    let mut steps = Vec::new();
    for kind in Kind::ALL {
        let count = of(kind).len();
        match kind {
            Kind::Pretest | Kind::Posttest => {
                steps.extend(of(kind).iter().enumerate().map(|(index, draft)| numbered(draft, index, count)));
            }
            Kind::Subtest => {
                for (index, draft) in of(kind).iter().enumerate() {
                    steps.push(numbered(draft, index, count));
                    steps.extend(of(Kind::Intratest).iter().map(|intratest| numbered(intratest, index, count)));
                }
            }
            Kind::Intratest if of(Kind::Subtest).is_empty() => {
                // Named without any subtest to follow: each runs once.
                steps.extend(of(kind).iter().enumerate().map(|(index, draft)| numbered(draft, index, count)));
            }
            Kind::Intratest => {}
        }
    }
    steps
}

/// A step without its tag.
fn draft(
    chosen: &Chosen<'_>,
    entry: &Entry,
    configuration: &Configuration,
    problems: &mut Vec<ReadFailure>,
) -> PlannedStep {
    let name = &chosen.info.name;
    let section = configuration.section(name.as_str());
    let timeout = noted(section.seconds("step_timeout"), problems).unwrap_or(DEFAULT_STEP_TIMEOUT);
    noted(cleanup_timeout(&section).map(Some), problems);
    note_flags(&section, problems);
    noted(section.flag(ALONE), problems);
    let switched_off = noted(switched_off(&section), problems);
    let (subsubtests, disabled) = children(chosen, configuration, &section, problems);
    let preset = match switched_off {
        Some(reason) => Some(Ending::new(Verdict::TestNa, reason)),
        None => mismatch(name, entry, &section).map(|reason| Ending::new(Verdict::Fail, reason)),
    };
    let preset = preset.or_else(|| all_disabled(subsubtests.as_deref(), &disabled));
    PlannedStep {
        kind: chosen.info.kind,
        name: name.clone(),
        foreign: None,
        tag: String::new(),
        subsubtests,
        disabled,
        preset,
        timeout_seconds: timeout.as_secs_f64(),
    }
}

/// The value, or nothing and one problem more.
fn noted<T>(result: Result<Option<T>, ReadFailure>, problems: &mut Vec<ReadFailure>) -> Option<T> {
    result.unwrap_or_else(|problem| {
        problems.push(problem);
        None
    })
}

/// Notes what is wrong with the flags that a step asks for when it is too late to refuse them. A value that several
/// sections share is told once.
fn note_flags(section: &Section, problems: &mut Vec<ReadFailure>) {
    for option in REMOVAL_FLAGS {
        if let Err(problem) = section.flag(option)
            && !problems.iter().any(|known| known.option() == option && known.origin() == problem.origin())
        {
            problems.push(problem);
        }
    }
}

fn all_disabled(subsubtests: Option<&[String]>, disabled: &BTreeMap<String, String>) -> Option<Ending> {
    let nothing_left = subsubtests.is_some_and(<[String]>::is_empty) && !disabled.is_empty();
    nothing_left.then(|| Ending::new(Verdict::TestNa, "all of its sub-subtests are disabled in configuration"))
}

/// What is wrong with the versions of a subtest's host and configuration, if anything is.
fn mismatch(name: &SubtestName, entry: &Entry, section: &Section) -> Option<String> {
    if !API_VERSION.fits(entry.api_version) {
        return Some(format!(
            "the host of `{name}` was built for API version {}, but this is {API_VERSION}: build it again with this \
             version of the library",
            entry.api_version
        ));
    }
    check_section(section).err().map(|mismatch| mismatch.to_string())
}

/// The sub-subtests to run (nothing: all), and those that are switched off with the reason.
fn children(
    chosen: &Chosen<'_>,
    configuration: &Configuration,
    section: &Section,
    problems: &mut Vec<ReadFailure>,
) -> (Option<Vec<String>>, BTreeMap<String, String>) {
    let mut disabled = BTreeMap::new();
    if chosen.info.subsubtests.is_empty() {
        return (None, disabled);
    }
    let all = || match section.get("subsubtests") {
        Some(_) => section.list("subsubtests"),
        None => chosen.info.subsubtests.clone(),
    };
    let mut children = chosen.only.clone().unwrap_or_else(all);
    children.retain(|child| !chosen.without.contains(child));
    for child in &children {
        let section = configuration.section(&format!("{}/{child}", chosen.info.name));
        note_flags(&section, problems);
        if let Some(reason) = noted(switched_off(&section), problems) {
            disabled.insert(child.clone(), reason);
        }
    }
    let untouched = chosen.only.is_none() && chosen.without.is_empty() && disabled.is_empty();
    children.retain(|child| !disabled.contains_key(child));
    ((!untouched).then_some(children), disabled)
}

/// Why a section is switched off, if its option `enable` says so.
fn switched_off(section: &Section) -> Result<Option<String>, ReadFailure> {
    let origin = section.disabled()?;
    Ok(origin.map(|origin| format!("disabled in configuration ({origin})")))
}

/// How long a clean-up may take that is not part of the step's own life.
///
/// # Errors
/// The option is not a number of seconds.
pub(super) fn cleanup_timeout(section: &Section) -> Result<Duration, ReadFailure> {
    Ok(section.seconds("cleanup_timeout")?.unwrap_or(DEFAULT_CLEANUP_TIMEOUT))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
