//! What has changed, and what that asks for.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::snapshot::Snapshot;

/// The difference between the interface that is kept and the one that is there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Comparison {
    removed: Vec<String>,
    added: Vec<String>,
    /// Those of the added lines that break code of users nonetheless, and why.
    breaking: BTreeMap<String, &'static str>,
}

impl Comparison {
    /// A line that now needs more features is gone for who does without them.
    pub(crate) fn of(kept: &Snapshot, now: &Snapshot) -> Comparison {
        let (old, new): (BTreeMap<_, _>, BTreeMap<_, _>) = (kept.lines().collect(), now.lines().collect());
        let beyond = |one: &BTreeMap<&str, usize>, other: &BTreeMap<&str, usize>| -> Vec<String> {
            let misses = |line: &&str, level: usize| other.get(line).is_none_or(|found| *found > level);
            one.iter().filter(|(line, level)| misses(line, **level)).map(|(line, _)| (*line).to_owned()).collect()
        };
        let (removed, added) = (beyond(&old, &new), beyond(&new, &old));
        let reason = |line: &String| Some((line.clone(), breaks(line, &old)?));
        let breaking = added.iter().filter_map(reason).collect();
        Comparison { removed, added, breaking }
    }

    /// Whether nothing has changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty()
    }

    /// For people: the lines by item, then what to do.
    pub(crate) fn report(&self, blessed: bool, version: &str, released: bool) -> String {
        let mut by_item: BTreeMap<&str, (Vec<&str>, Vec<&str>)> = BTreeMap::new();
        self.removed.iter().for_each(|line| by_item.entry(path(line)).or_default().0.push(line));
        self.added.iter().for_each(|line| by_item.entry(path(line)).or_default().1.push(line));
        let mut text =
            "What users of the library can name has changed (-: dockertest/api.txt, +: the code):\n".to_owned();
        for (removed, added) in by_item.values() {
            removed.iter().for_each(|line| text += &format!("- {line}\n"));
            for line in added {
                let why = self.breaking.get(*line).map(|why| format!("   <- {why}")).unwrap_or_default();
                text += &format!("+ {line}{why}\n");
            }
        }
        let _ = writeln!(text, "{} gone or changed, {} new.", self.removed.len(), self.added.len());
        if !blessed {
            text += "If it is public by accident, make it `pub(crate)`. If it is meant:\n  cargo xtask api --bless\n";
        }
        text += "Add a line to `Unreleased` in CHANGELOG.md, below `Added`, `Changed` or `Removed`.\n";
        text + &self.advice(version, released) + "\n"
    }

    fn advice(&self, version: &str, released: bool) -> String {
        if !released {
            return format!("{version} has not been released: its number stays.");
        }
        let numbers: Vec<u64> = version.split('.').filter_map(|number| number.parse().ok()).collect();
        let &[major, minor, revision] = numbers.as_slice() else { return format!("{version} has to grow.") };
        let breaks = !self.removed.is_empty() || !self.breaking.is_empty();
        let (part, next) = match (breaks, major) {
            (true, 0) => ("second", format!("0.{}.0", minor + 1)),
            (true, _) => ("first", format!("{}.0.0", major + 1)),
            (false, 0) => ("third", format!("0.{minor}.{}", revision + 1)),
            (false, _) => ("second", format!("{major}.{}.0", minor + 1)),
        };
        let why = if breaks { "code of users may not compile any more" } else { "there is only more" };
        format!(
            "{version} is released, and {why}: the {part} number has to grow, to {next} (see \"Releases\" in CONTRIBUTING.md)."
        )
    }
}

/// Whether the changelog has the version with the day of its release.
pub(crate) fn is_released(version: &str, changelog: &str) -> bool {
    let heading = format!("## [{version}] - ");
    let is_day = |day: &str| day.len() == 10 && day.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    changelog.lines().filter_map(|line| line.strip_prefix(&heading)).any(is_day)
}

/// Why a new line breaks code of users, if it does.
fn breaks(line: &str, old: &BTreeMap<&str, usize>) -> Option<&'static str> {
    let (parent, _) = path(line).rsplit_once("::")?;
    let declared = |kind: &str| {
        let is_it = |known: &&str| known.contains(&format!("pub {kind} ")) && path(known) == parent;
        old.keys().copied().find(is_it)
    };
    if line.ends_with(" (required)") {
        return declared("trait").map(|_| "who implements the trait lacks it");
    }
    if line.starts_with("impl") {
        return line.contains(" !core::marker::").then_some("it could be handed to another thread");
    }
    let is_member = line.strip_prefix("pub ").is_some_and(|rest| rest.starts_with(path(line)));
    let is_open = |declaration: &str| declaration.contains("#[non_exhaustive]") || declaration.ends_with(" { .. }");
    if !is_member {
        return None;
    }
    // They are told to end what they build with `..Default::default()`.
    let has_default = || old.contains_key(&*format!("impl core::default::Default for {parent}"));
    match (declared("enum"), declared("struct")) {
        (Some(known), _) if !is_open(known) => Some("who matches the enum lacks it; is it to be #[non_exhaustive]?"),
        (_, Some(known)) if !is_open(known) && !has_default() => {
            Some("who builds the struct lacks it; is it to be #[non_exhaustive]?")
        }
        _ => None,
    }
}

/// The item that a line is about, as `dockertest::engine::Command::run`.
fn path(line: &str) -> &str {
    let rest = line.rsplit_once(" for ").filter(|_| line.starts_with("impl")).map_or(line, |(_, rest)| rest);
    let start = rest.find("dockertest::").unwrap_or(0);
    let rest = &rest[start..];
    let end = rest.char_indices().find(|(at, c)| match c {
        ':' => !rest[*at..].starts_with("::") && !rest[..*at].ends_with(':'),
        c => !(c.is_alphanumeric() || *c == '_'),
    });
    &rest[..end.map_or(rest.len(), |(at, _)| at)]
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Comparison, is_released, path};
    use crate::snapshot::Snapshot;

    const KEPT: &str = "\
[]
pub enum dockertest::Closed
pub dockertest::Closed::A
#[non_exhaustive] pub enum dockertest::Open
pub dockertest::Open::A
pub struct dockertest::Plain
pub dockertest::Plain::a: u8
pub struct dockertest::Private { .. }
pub struct dockertest::Usual
impl core::default::Default for dockertest::Usual
pub dockertest::Usual::a: u8
pub trait dockertest::Trait
pub fn dockertest::free(u8) -> u8
[api]
pub fn dockertest::with_api()
";

    fn after(change: impl Fn(&str) -> String) -> Comparison {
        Comparison::of(&Snapshot::parse(KEPT), &Snapshot::parse(&change(KEPT)))
    }

    #[test]
    fn nothing_changed_is_nothing_to_tell() {
        assert!(after(str::to_owned).is_empty());
    }

    #[rstest]
    #[case::gone("pub fn dockertest::free(u8) -> u8\n", "", true)]
    #[case::changed("free(u8)", "free(u16)", true)]
    #[case::needs_more(
        "pub fn dockertest::free(u8) -> u8\n[api]\n",
        "[api]\npub fn dockertest::free(u8) -> u8\n",
        true
    )]
    #[case::needs_less("[api]\npub fn dockertest::with_api()", "pub fn dockertest::with_api()\n[api]", false)]
    #[case::new("[api]", "pub fn dockertest::more()\n[api]", false)]
    #[case::variant("[api]", "pub dockertest::Closed::B\n[api]", true)]
    #[case::variant_of_an_open_one("[api]", "pub dockertest::Open::B(u8)\n[api]", false)]
    #[case::field("[api]", "pub dockertest::Plain::b: u8\n[api]", true)]
    #[case::field_beside_private_ones("[api]", "pub dockertest::Private::b: u8\n[api]", false)]
    #[case::field_of_one_with_a_default("[api]", "pub dockertest::Usual::b: u8\n[api]", false)]
    #[case::function_of_a_struct("[api]", "pub fn dockertest::Plain::b()\n[api]", false)]
    #[case::required("[api]", "pub fn dockertest::Trait::b() (required)\n[api]", true)]
    #[case::provided("[api]", "pub fn dockertest::Trait::b()\n[api]", false)]
    #[case::trait_with_its_function(
        "[api]",
        "pub trait dockertest::New\npub fn dockertest::New::b() (required)\n[api]",
        false
    )]
    #[case::thread("[api]", "impl !core::marker::Send for dockertest::Plain\n[api]", true)]
    fn tells_what_breaks_code_of_users(#[case] from: &str, #[case] to: &str, #[case] breaks: bool) {
        let comparison = after(|kept| kept.replacen(from, to, 1));
        assert!(!comparison.is_empty());
        assert_eq!(!comparison.removed.is_empty() || !comparison.breaking.is_empty(), breaks, "{comparison:?}");
        let next = if breaks { "to 0.10.0" } else { "to 0.9.4" };
        assert!(comparison.report(false, "0.9.3", true).contains(next));
        let next = if breaks { "to 2.0.0" } else { "to 1.3.0" };
        assert!(comparison.report(false, "1.2.3", true).contains(next));
    }

    #[test]
    fn the_report_shows_the_change_and_says_what_to_do() {
        let report = after(|kept| kept.replace("free(u8)", "free(u16)")).report(false, "0.9.0", false);
        assert_eq!(
            report,
            "What users of the library can name has changed (-: dockertest/api.txt, +: the code):\n\
             - pub fn dockertest::free(u8) -> u8\n\
             + pub fn dockertest::free(u16) -> u8\n\
             1 gone or changed, 1 new.\n\
             If it is public by accident, make it `pub(crate)`. If it is meant:\n  cargo xtask api --bless\n\
             Add a line to `Unreleased` in CHANGELOG.md, below `Added`, `Changed` or `Removed`.\n\
             0.9.0 has not been released: its number stays.\n"
        );
    }

    #[rstest]
    #[case("pub fn dockertest::a::B::c<T>(&self, dockertest::D) -> u8", "dockertest::a::B::c")]
    #[case("pub dockertest::a::B::field: dockertest::D", "dockertest::a::B::field")]
    #[case("#[non_exhaustive] pub enum dockertest::a::B<'a>", "dockertest::a::B")]
    #[case("impl<T> core::convert::From<dockertest::x::Y> for dockertest::a::B<T>", "dockertest::a::B")]
    #[case("pub macro dockertest::check!", "dockertest::check")]
    fn finds_the_item_of_a_line(#[case] line: &str, #[case] item: &str) {
        assert_eq!(path(line), item);
    }

    #[rstest]
    #[case::with_day("# Changelog\n\n## [0.9.0] - 2026-11-21\n", true)]
    #[case::not_yet("## [0.9.0]\n\nNot released yet.\n", false)]
    #[case::another("## [0.9.1] - 2026-11-21\n", false)]
    #[case::in_a_text("See ## [0.9.0] - 2026-11-21\n", false)]
    fn knows_what_is_released(#[case] changelog: &str, #[case] released: bool) {
        assert_eq!(is_released("0.9.0", changelog), released);
    }
}
