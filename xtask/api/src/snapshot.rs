//! The interface as it is kept: a text, one item a line, with what each feature adds in a section of its own.

use std::collections::BTreeMap;
use std::fmt;

const HEAD: &str = "\
# What users of the library `dockertest` can name, one item a line, made by `cargo xtask api --bless`.
# A line that goes or changes is a change that may break their code: see \"Releases\" in CONTRIBUTING.md.
# ` { .. }`: there are private fields, too. ` (required)`: who implements the trait has to write this function.
";

/// The features have to be right for comparing at all.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SnapshotFailure {
    #[error(
        "with the features `{features}` something is missing or other than without them, but features may only add:\n  {}",
        lines.join("\n  ")
    )]
    Takes { features: String, lines: Vec<String> },
}

/// Lines, and for each the place of the smallest choice of features that has it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// The choices of features, from small to big.
    features: Vec<String>,
    /// In the order of the items.
    lines: Vec<(String, usize)>,
}

impl Snapshot {
    /// From the lines with each choice of features, each of which adds to the one before it.
    pub(crate) fn of_sets(sets: Vec<(&str, Vec<String>)>) -> Result<Snapshot, SnapshotFailure> {
        let mut levels: BTreeMap<String, usize> = BTreeMap::new();
        let mut snapshot = Snapshot::default();
        for (level, (features, lines)) in sets.into_iter().enumerate() {
            let missing: Vec<String> = levels.keys().filter(|line| !lines.contains(line)).cloned().collect();
            if !missing.is_empty() {
                return Err(SnapshotFailure::Takes { features: features.to_owned(), lines: missing });
            }
            snapshot.features.push(features.to_owned());
            for line in lines {
                if levels.insert(line.clone(), level).is_none() {
                    snapshot.lines.push((line, level));
                } else if let Some((_, known)) = snapshot.lines.iter().find(|(known, _)| *known == line) {
                    levels.insert(line, *known);
                }
            }
        }
        Ok(snapshot)
    }

    /// Reads what [`fmt::Display`] wrote; also what a merge left in between, which then is told as a difference.
    pub(crate) fn parse(text: &str) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
            if let Some(features) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                snapshot.features.push(features.to_owned());
            } else {
                snapshot.lines.push((line.to_owned(), snapshot.features.len().saturating_sub(1)));
            }
        }
        snapshot
    }

    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// All lines with their levels.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&str, usize)> {
        self.lines.iter().map(|(line, level)| (line.as_str(), *level))
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        for (level, features) in self.features.iter().enumerate() {
            writeln!(f, "\n[{features}]")?;
            for (line, _) in self.lines.iter().filter(|(_, of)| *of == level) {
                writeln!(f, "{line}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Snapshot, SnapshotFailure};

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_kept_is_read_back() {
        let sets = vec![
            ("", lines(&["pub mod d", "pub fn d::a()"])),
            ("api", lines(&["pub mod d", "pub fn d::a()", "#[repr(C)] pub struct d::B", "pub fn d::c()"])),
        ];
        let snapshot = Snapshot::of_sets(sets).unwrap();
        let text = snapshot.to_string();
        assert!(text.ends_with("\n[]\npub mod d\npub fn d::a()\n\n[api]\n#[repr(C)] pub struct d::B\npub fn d::c()\n"));
        assert_eq!(Snapshot::parse(&text), snapshot);
        assert_eq!(snapshot.len(), 4);
    }

    #[test]
    fn a_feature_that_takes_something_away_is_refused() {
        let sets = vec![("", lines(&["pub fn d::a()"])), ("api", lines(&["pub fn d::a(u8)"]))];
        let failure = Snapshot::of_sets(sets).unwrap_err();
        assert_eq!(failure, SnapshotFailure::Takes { features: "api".to_owned(), lines: lines(&["pub fn d::a()"]) });
        assert!(failure.to_string().contains("features may only add"), "{failure}");
    }
}
