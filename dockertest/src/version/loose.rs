//! Versions of any shape, compared part by part.

use std::cmp::Ordering;

/// A run of digits or of anything else. A number is less than a word.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    /// Digits without leading zeros: the longer number is the larger one, however long it is.
    Number(usize, &'a str),
    Word(&'a str),
}

/// Compares two versions: numbers as numbers, letters as letters, dots only separate. What goes on longer is later,
/// so `1.10.0-rc1` comes after `1.10.0`.
pub(crate) fn compare(one: &str, other: &str) -> Ordering {
    parts(one).cmp(parts(other))
}

fn parts(version: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = version;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches('.');
        let first = class(rest.chars().next()?);
        let end = rest.find(|c| class(c) != first).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        rest = after;
        Some(if first == Class::Digit {
            let digits = part.trim_start_matches('0');
            Part::Number(digits.len(), digits)
        } else {
            Part::Word(part)
        })
    })
}

#[derive(PartialEq, Eq)]
enum Class {
    Digit,
    Letter,
    Dot,
    Other,
}

fn class(c: char) -> Class {
    match c {
        '0'..='9' => Class::Digit,
        'a'..='z' => Class::Letter,
        '.' => Class::Dot,
        _ => Class::Other,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("0.9", "0.16", Ordering::Less)]
    #[case("1.12", "1.12.6", Ordering::Less)]
    #[case("1.10.0-rc1", "1.10.0", Ordering::Greater)]
    #[case("0.9.0", "0.9.0", Ordering::Equal)]
    #[case("0.09.0", "0.9.0", Ordering::Equal)]
    #[case("0.16.0-master-32-g050cd", "0.15.0", Ordering::Greater)]
    #[case("1", "1a", Ordering::Less)]
    #[case("1.2", "1.a", Ordering::Less)]
    #[case("99999999999999999999999", "100000000000000000000000", Ordering::Less)]
    #[case("", "0", Ordering::Less)]
    fn versions_are_compared_part_by_part(#[case] one: &str, #[case] other: &str, #[case] expected: Ordering) {
        assert_eq!(compare(one, other), expected);
        assert_eq!(compare(other, one), expected.reverse());
    }
}
